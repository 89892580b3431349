/**
 * The reactive kernel: cells in, values out. Free names are inputs, declarations at the top are outputs, and cells run in
 * the order of need.
 *
 * A cell is *dirty* when it has to run. Each pass goes over the cells in topological order and runs every dirty cell whose
 * inputs are at rest; a cell that gives a value equal to the one before makes nobody dirty, so an edit costs what it
 * changes. The cause travels along: after an *edit* a cell waits until everything above it has finished, so that it never
 * sees a mixture of old and new, and a run that hangs is replaced at once. A *live* change (a generator's next value, an
 * input that was moved) lets an asynchronous run finish first and then runs it once with the newest value: values in
 * between are skipped, and nothing starves behind a fast source.
 *
 * There is no clock, timer or code generation in here: `now`, `defer`, `tick` and `evaluate` are the host's.
 */
import { analyzeCell } from "./analyze.ts";
import type { CellAnalysis } from "./analyze.ts";
import { attributeOf } from "./document.ts";
import type { CellSource } from "./document.ts";
import { Evaluation, noError } from "./evaluation.ts";
import { cellBuiltins, platformGlobals } from "./globals.ts";
import { describeNode, makesOthersWait, newNode, statusOf } from "./node.ts";
import type { CellNode } from "./node.ts";
import type { CellError, CellState, KernelHost, NotebookSymbol } from "./state.ts";
import { arrange } from "./topology.ts";
import type { Edge, Meaning, Topology } from "./topology.ts";

export type { CellError, CellState, CellStatus, KernelHost, NotebookSymbol } from "./state.ts";

/** Makes a kernel without cells. `mode` `"auto"` runs what has to run; `"lazy"` only what is asked for, and all that needs. */
export function createKernel(host: KernelHost, mode: "auto" | "lazy" = "auto"): Kernel {
  return new Kernel(host, mode);
}

const noMeanings: ReadonlyMap<string, Meaning> = new Map();

/** A running notebook. All methods return at once; work happens when the host calls back. */
export class Kernel {
  readonly #host: KernelHost;
  readonly #library: ReadonlySet<string>;
  readonly #globals: ReadonlySet<string>;
  readonly #evaluation: Evaluation;
  readonly #nodes = new Map<number, CellNode>();
  readonly #parameters = new Map<string, unknown>();
  readonly #waiting: (() => void)[] = [];
  #mode: "auto" | "lazy";
  #topology: Topology = { order: [], edges: [], meanings: new Map(), errors: new Map(), definers: new Map() };
  #readers = new Map<string, CellNode[]>();
  /** The first cell for which the last pass had no time. */
  #cutAt: number | null = null;
  #rearrange = false;
  #scheduled = false;
  #disposed = false;

  constructor(host: KernelHost, mode: "auto" | "lazy") {
    this.#host = host;
    this.#mode = mode;
    this.#library = new Set([...Object.keys(host.ambient ?? {}), ...Object.keys(host.lazy ?? {})]);
    this.#globals = host.globals ?? platformGlobals;
    this.#evaluation = new Evaluation({
      host,
      parameters: this.#parameters,
      node: id => this.#nodes.get(id),
      meanings: id => this.#topology.meanings.get(id) ?? noMeanings,
      readers: name => this.#readers.get(name) ?? [],
      schedule: () => this.#schedule(),
    });
  }

  /** Takes the cells of a document, in the order of the page: new ones are added, missing ones deleted, changed ones edited. */
  setCells(cells: readonly CellSource[]): void {
    const kept = new Set(cells.map(cell => cell.id));
    for (const id of this.#nodes.keys()) if (!kept.has(id)) this.deleteCell(id);
    const nodes = cells.map(cell => this.#update(cell));
    const order = [...this.#nodes.keys()];
    if (nodes.some((node, index) => order[index] !== node.id)) {
      this.#nodes.clear();
      for (const node of nodes) this.#nodes.set(node.id, node);
      this.#invalidateArrangement();
    }
  }

  /** Adds a cell at the end or edits the one with its id. The same text again is no edit. */
  setCell(cell: CellSource): void {
    this.#update(cell);
  }

  /** Deletes a cell: its run is over, and the names it defined are no longer there. */
  deleteCell(id: number): void {
    const node = this.#node(id);
    node.run?.dispose();
    this.#nodes.delete(id);
    this.#invalidateArrangement();
  }

  /** Runs cells again, and before them whatever they need that is stale. A run that hangs is replaced. */
  run(ids: Iterable<number> = this.#nodes.keys()): void {
    for (const id of ids) {
      const node = this.#node(id);
      node.dirty = "edit";
      node.wanted = true;
      node.changed = true;
    }
    this.#schedule();
  }

  /** Runs every cell that is stale or never ran. Makes a difference in lazy mode only. */
  runStale(): void {
    if (this.#rearrange) this.#arrange();
    for (const id of this.#topology.order) {
      const node = this.#node(id);
      node.wanted = node.dirty !== null || this.#inputNodes(node).some(need => need.wanted);
    }
    this.#schedule();
  }

  /** Gives up a run that takes too long; the cell is in error until it is edited or run again. */
  interrupt(id: number): void {
    const node = this.#node(id);
    if (node.run?.active !== true) return;
    node.run.dispose();
    node.dirty = null;
    this.#evaluation.fail(
      node,
      {
        ...noError,
        kind: "interrupted",
        name: "Interrupted",
        message: "the run was interrupted; run the cell again, or edit it",
      },
      "edit",
    );
    this.#schedule();
  }

  /** Changes between running by itself and running on demand. */
  setMode(mode: "auto" | "lazy"): void {
    this.#mode = mode;
    for (const node of this.#nodes.values()) node.changed = true;
    this.#schedule();
  }

  /** Takes a cell out of the notebook without deleting it: it never runs, and what needs it is blocked. */
  setDisabled(id: number, disabled: boolean): void {
    const node = this.#node(id);
    if (node.disabled === disabled) return;
    node.disabled = disabled;
    node.changed = true;
    if (disabled) {
      node.run?.dispose();
      this.#evaluation.clear(node, "edit");
    } else node.dirty = "edit";
    this.#schedule();
  }

  /** Sets the value of the input that a cell showed with its `index`-th `view`, and runs what depends on it. */
  setInput(id: number, index: number, value: unknown): void {
    const view = this.#node(id).run?.views.at(index);
    if (view === undefined || index < 0)
      throw new RangeError(`kernel: cell ${id} shows no input ${index}; it may have been run again`);
    view.input.value = value;
    view.notify();
  }

  /** Puts a value in the place of whatever the notebook defines under a name, until `clearParameter`. */
  setParameter(name: string, value: unknown): void {
    this.#parameters.set(name, value);
    this.#reapply(name);
  }

  /** Gives a name back to the cell that defines it. */
  clearParameter(name: string): void {
    this.#parameters.delete(name);
    this.#reapply(name);
  }

  #reapply(name: string): void {
    const cell = this.#topology.definers.get(name);
    const node = cell === undefined ? undefined : this.#nodes.get(cell);
    if (node !== undefined) this.#evaluation.reapply(node, name);
  }

  /** Tells the state of a cell as of the last pass. */
  state(id: number): CellState {
    const node = this.#node(id);
    return node.state ?? describeNode(node, statusOf(node, this.#mode));
  }

  /** Finds the value of a name; `undefined` when no cell defines it or it has no value. */
  lookup(name: string): { readonly cell: number; readonly value: unknown } | undefined {
    const cell = this.#topology.definers.get(name);
    const variable = cell === undefined ? undefined : this.#nodes.get(cell)?.variables.get(name);
    return cell === undefined || variable?.state !== "value" ? undefined : { cell, value: variable.value };
  }

  /** Lists every name that can be written in a cell: the cells' own, the library's, the kernel's. Edits are seen at once. */
  symbols(): NotebookSymbol[] {
    if (this.#rearrange) this.#arrange();
    const symbols = new Map<string, NotebookSymbol>();
    for (const name of cellBuiltins) symbols.set(name, { name, kind: "kernel", cell: null, line: null, column: null });
    for (const name of this.#library) {
      if (!name.startsWith("__")) symbols.set(name, { name, kind: "library", cell: null, line: null, column: null });
    }
    for (const [name, cell] of this.#topology.definers) {
      const found = this.#nodes.get(cell)?.analysis.outputs.find(output => output.name === name);
      if (found !== undefined)
        symbols.set(name, { name, kind: found.kind, cell, line: found.line, column: found.column });
    }
    return [...symbols.values()];
  }

  /** Tells which cell uses which name of which, and an order in which cells can run. */
  graph(): { readonly order: readonly number[]; readonly edges: readonly Edge[] } {
    if (this.#rearrange) this.#arrange();
    return { order: this.#topology.order, edges: this.#topology.edges };
  }

  /** What a cell defines and needs, and what its text means. */
  analysis(id: number): CellAnalysis {
    if (this.#rearrange) this.#arrange();
    return this.#node(id).analysis;
  }

  /** Resolves when nothing is queued or running; generators that wait for their next value do not count. */
  settled(): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  /** Ends every run. */
  dispose(): void {
    this.#disposed = true;
    for (const node of this.#nodes.values()) node.run?.dispose();
    this.#nodes.clear();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #node(id: number): CellNode {
    const node = this.#nodes.get(id);
    if (node === undefined)
      throw new RangeError(
        `kernel: there is no cell ${id}; the cells are ${[...this.#nodes.keys()].join(", ") || "none"}`,
      );
    return node;
  }

  #update(cell: CellSource): CellNode {
    const node = this.#nodes.get(cell.id);
    if (node === undefined) {
      const made = newNode(cell);
      this.#nodes.set(cell.id, made);
      this.#invalidateArrangement();
      return made;
    }
    const old = node.source;
    node.source = cell;
    const same = (name: string) => attributeOf(old.attributes, name) === attributeOf(cell.attributes, name);
    if (old.source !== cell.source || old.type !== cell.type || !same("output") || !same("hidden")) {
      node.edited = true;
      this.#invalidateArrangement();
    }
    return node;
  }

  #invalidateArrangement(): void {
    this.#rearrange = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#disposed) return;
    this.#scheduled = true;
    this.#host.defer(() => {
      this.#scheduled = false;
      if (!this.#disposed) this.#pass();
    });
  }

  /** Works out anew what names mean, and marks the cells for which that makes a difference. */
  #arrange(): void {
    this.#rearrange = false;
    for (const node of this.#nodes.values()) {
      if (!node.edited) continue;
      node.analysis = analyzeCell(node.source);
      const names = new Set(node.analysis.outputs.map(({ name }) => name));
      for (const name of node.variables.keys()) if (!names.has(name)) node.variables.delete(name);
      for (const name of names)
        if (!node.variables.has(name)) node.variables.set(name, { state: "none", value: undefined, own: undefined });
    }
    const analyses = new Map(Array.from(this.#nodes, ([id, { analysis }]) => [id, analysis]));
    this.#topology = arrange(analyses, this.#library, this.#globals);
    this.#readers = new Map();
    for (const { to, name } of this.#topology.edges) {
      const reader = this.#nodes.get(to);
      const readers = this.#readers.get(name);
      if (reader === undefined) continue;
      if (readers === undefined) this.#readers.set(name, [reader]);
      else readers.push(reader);
    }
    for (const node of this.#nodes.values()) this.#review(node);
  }

  #review(node: CellNode): void {
    const meanings = this.#topology.meanings.get(node.id);
    const key = Array.from(
      meanings ?? [],
      ([name, meaning]) => `${name}:${meaning.from === "cell" ? meaning.cell : meaning.from}`,
    ).join(" ");
    const fault = this.#findFault(node);
    const moved = node.edited || key !== node.meaningKey;
    if (moved) {
      node.emitted = null;
      node.compiled = null;
    }
    if (moved || (fault === null && node.fault !== null)) node.dirty = "edit";
    const same =
      fault?.message === node.fault?.message &&
      fault?.line === node.fault?.line &&
      fault?.column === node.fault?.column;
    if (fault !== null && (moved || !same)) {
      node.run?.dispose();
      this.#evaluation.fail(node, fault, "edit");
    }
    if (!same || moved) node.changed = true;
    if (fault !== null) node.dirty = null;
    node.fault = fault;
    node.meaningKey = key;
    node.edited = false;
  }

  #findFault(node: CellNode): CellError | null {
    const own = node.analysis.error;
    if (own !== null) return { ...noError, ...own, kind: "syntax", name: "SyntaxError" };
    const among = this.#topology.errors.get(node.id);
    if (among === undefined) return null;
    return { ...noError, ...among, name: among.kind === "unknown" ? "ReferenceError" : "DefinitionError" };
  }

  /** Goes over the cells once, runs what can run, and reports what changed. */
  #pass(): void {
    if (this.#rearrange) this.#arrange();
    const nodes = this.#topology.order.map(id => this.#node(id));
    if (this.#mode === "lazy") this.#spreadWants(nodes);
    const began = this.#host.now();
    // Where the last pass ran out of time, this one goes on: live changes above would otherwise take up this pass as well.
    let skipping = this.#cutAt !== null && this.#nodes.has(this.#cutAt);
    let cutAt: number | null = null;
    let ran = false;
    for (const node of nodes) {
      skipping &&= node.id !== this.#cutAt;
      const above = this.#inputsWait(node);
      const postponed = skipping && node.dirty === "live";
      if (postponed) this.#schedule();
      else if (node.dirty !== null && !above && this.#mayRun(node)) {
        if (ran && this.#host.now() - began > (this.#host.slice ?? 12)) {
          cutAt ??= node.id;
          this.#schedule();
        } else ran = this.#evaluation.start(node) || ran;
      }
      const fixed = node.disabled || node.fault !== null;
      node.waits = !fixed && (above || (!postponed && makesOthersWait(node)));
    }
    this.#cutAt = cutAt;
    for (const node of nodes) this.#report(node);
    // A callback may have edited a cell; then there is another pass, and it is not over yet.
    const busy =
      this.#rearrange || nodes.some(node => node.run?.active === true || (node.dirty !== null && this.#mayRun(node)));
    if (!busy) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** In lazy mode, whoever is wanted wants all it needs, until nothing above it has to run any more. */
  #spreadWants(nodes: readonly CellNode[]): void {
    for (const node of nodes.toReversed()) {
      if (node.wanted) for (const need of this.#inputNodes(node)) need.wanted = true;
    }
    for (const node of nodes) {
      const restless = (need: CellNode) => need.run?.active === true || need.wanted;
      if (node.disabled || node.fault !== null) node.wanted = false;
      else if (node.dirty === null) node.wanted &&= this.#inputNodes(node).some(restless);
    }
  }

  #inputNodes(node: CellNode): CellNode[] {
    const found: CellNode[] = [];
    for (const meaning of this.#topology.meanings.get(node.id)?.values() ?? []) {
      const need = meaning.from === "cell" ? this.#nodes.get(meaning.cell) : undefined;
      if (need !== undefined) found.push(need);
    }
    return found;
  }

  #mayRun(node: CellNode): boolean {
    if (node.disabled || node.fault !== null || (this.#mode === "lazy" && !node.wanted)) return false;
    // A live change lets the run that is under way finish first; an edit replaces it.
    return !(node.dirty === "live" && node.run?.active === true);
  }

  #inputsWait(node: CellNode): boolean {
    for (const [name, meaning] of this.#topology.meanings.get(node.id) ?? []) {
      if (meaning.from !== "cell") continue;
      const need = this.#nodes.get(meaning.cell);
      if (need === undefined) continue;
      if (need.waits || (need.run?.cause === "edit" && need.run.awaited.has(name))) return true;
    }
    return false;
  }

  #report(node: CellNode): void {
    const status = statusOf(node, this.#mode);
    const { run } = node;
    if (run !== null && !run.over && (run.shown.length > 0 || !run.active)) node.outputs = [...run.shown];
    if (!node.changed && node.state?.status === status) return;
    node.changed = false;
    node.state = describeNode(node, status);
    this.#host.onCell?.(node.id, node.state);
  }
}
