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
import type { CellAnalysis, Definition } from "./analyze.ts";
import { attributeOf } from "./document.ts";
import type { CellSource } from "./document.ts";
import { emitCell, locateError } from "./emit.ts";
import type { CellFunction, EmittedCell, EvaluateCell } from "./emit.ts";
import { capturedName, cellBuiltins, platformGlobals, textName } from "./globals.ts";
import { CellRun, isThenable } from "./run.ts";
import type { Cause, CellOutput, ViewInput } from "./run.ts";
import { arrange } from "./topology.ts";
import type { Edge, Meaning, Topology } from "./topology.ts";

/** What the kernel needs of the place where it runs. */
export interface KernelHost {
  /** Compiles a cell. */
  readonly evaluate: EvaluateCell;
  /** Calls back soon, in the order of the calls; `queueMicrotask`, or a message channel so that a window can paint. */
  readonly defer: (run: () => void) => void;
  /** Calls back when a generator's next value is due, at most once a frame in a window; `defer` by default. */
  readonly tick?: (run: () => void) => void;
  /** Milliseconds from any start; measures how long cells run and how long a pass may take. */
  readonly now: () => number;
  /** Names of the runtime library and their values. `__captured` here receives captured values, see `emitCell`. */
  readonly ambient?: Readonly<Record<string, unknown>>;
  /** Names that are simply there where cells run; `platformGlobals` by default. */
  readonly globals?: ReadonlySet<string>;
  /** Tells whether a new value is the same as the old one; `Object.is` by default. */
  readonly equals?: (a: unknown, b: unknown) => boolean;
  /** Turns a value between `${` and `}` into text; by default nothing for null and undefined, lists without separators. */
  readonly text?: (value: unknown) => string;
  /** Milliseconds after which a pass lets the host breathe between two cells; 12 by default. */
  readonly slice?: number;
  /** Hears of every change of a cell's state, at the end of each pass. */
  readonly onCell?: (id: number, state: CellState) => void;
}

/**
 * Where a cell is: `idle` never ran, `stale` has to run or stands below a cell that has to, `queued` will run by itself,
 * `blocked` waits for a cell that failed or is disabled.
 */
export type CellStatus = "idle" | "stale" | "queued" | "running" | "ok" | "error" | "blocked" | "disabled";

/** What went wrong in a cell; line and column count from 1 and are `null` where they are not known. */
export interface CellError {
  readonly kind: "syntax" | "duplicate" | "cycle" | "unknown" | "runtime" | "interrupted";
  /** The error's class, for example `"TypeError"`. */
  readonly name: string;
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly stack: string | null;
  /** Other cells concerned: those that define the same name, or are in the same circle. */
  readonly cells: readonly number[];
  /** The value that was thrown. */
  readonly cause?: unknown;
}

/** All there is to know about a cell. A new object for each change. */
export interface CellState {
  readonly id: number;
  readonly status: CellStatus;
  readonly outputs: readonly CellOutput[];
  /** The value of an expression or a template; `undefined` for a program. */
  readonly value: unknown;
  /** The values of the names that the cell defines, as far as they are there. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly error: CellError | null;
  /** For `blocked`: the cell that failed or is disabled. */
  readonly culprit: number | null;
  /** How many times the cell was run. */
  readonly runs: number;
  /** Milliseconds that the last finished run took, by the host's clock. */
  readonly duration: number | null;
}

/** A name that can be written in a cell. */
export interface NotebookSymbol {
  readonly name: string;
  readonly kind: Definition["kind"] | "library" | "kernel";
  /** The cell that defines it; `null` for the library's and the kernel's. */
  readonly cell: number | null;
  readonly line: number | null;
  readonly column: number | null;
}

interface Variable {
  state: "none" | "value" | "error";
  value: unknown;
  /** What the cell gave, where a parameter stands in its place. */
  own: unknown;
}

/** A cell with all that is remembered about it. */
interface CellNode {
  readonly id: number;
  source: CellSource;
  analysis: CellAnalysis;
  /** Source or type were edited since the last arrangement. */
  edited: boolean;
  /** What its inputs meant when it was last emitted. */
  meaningKey: string;
  /** An error that forbids running. */
  fault: CellError | null;
  disabled: boolean;
  dirty: Cause | null;
  /** Asked for, in lazy mode. */
  wanted: boolean;
  /** Has to wait, or makes others wait, in this pass. */
  waits: boolean;
  version: number;
  emitted: EmittedCell | null;
  compiled: CellFunction | null;
  run: CellRun | null;
  readonly variables: Map<string, Variable>;
  value: unknown;
  error: CellError | null;
  culprit: number | null;
  outputs: readonly CellOutput[];
  runs: number;
  startedAt: number;
  duration: number | null;
  changed: boolean;
  state: CellState | null;
}

/** Makes a kernel without cells. `mode` `"auto"` runs what has to run; `"lazy"` only what is asked for, and all that needs. */
export function createKernel(host: KernelHost, mode: "auto" | "lazy" = "auto"): Kernel {
  return new Kernel(host, mode);
}

/** A running notebook. All methods return at once; work happens when the host calls back. */
export class Kernel {
  readonly #host: KernelHost;
  readonly #library: ReadonlySet<string>;
  readonly #globals: ReadonlySet<string>;
  readonly #equals: (a: unknown, b: unknown) => boolean;
  readonly #nodes = new Map<number, CellNode>();
  readonly #parameters = new Map<string, unknown>();
  readonly #waiting: (() => void)[] = [];
  #mode: "auto" | "lazy";
  #topology: Topology = { order: [], edges: [], meanings: new Map(), errors: new Map(), definers: new Map() };
  #readers = new Map<string, CellNode[]>();
  #rearrange = false;
  #scheduled = false;
  #disposed = false;

  constructor(host: KernelHost, mode: "auto" | "lazy") {
    this.#host = host;
    this.#mode = mode;
    this.#library = new Set(Object.keys(host.ambient ?? {}));
    this.#globals = host.globals ?? platformGlobals;
    this.#equals = host.equals ?? Object.is;
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
    this.#fail(
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
      this.#clear(node, "edit");
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

  /** Tells the state of a cell as of the last pass. */
  state(id: number): CellState {
    const node = this.#node(id);
    return node.state ?? this.#describe(node);
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
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#schedule();
    return promise;
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
      this.#fail(node, fault, "edit");
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
    let ran = false;
    for (const node of nodes) {
      const above = this.#inputsWait(node);
      if (node.dirty !== null && !above && this.#mayRun(node)) {
        if (ran && this.#host.now() - began > (this.#host.slice ?? 12)) this.#schedule();
        else {
          ran = this.#start(node) || ran;
        }
      }
      node.waits = !node.disabled && node.fault === null && (above || makesOthersWait(node));
    }
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

  /** Runs a dirty cell, or blocks it. Returns whether its function was called. */
  #start(node: CellNode): boolean {
    const cause = node.dirty ?? "edit";
    node.dirty = null;
    node.wanted = false;
    node.changed = true;
    node.run?.dispose();
    const culprit = this.#findCulprit(node);
    node.culprit = culprit;
    if (culprit !== null) {
      node.run = null;
      this.#clear(node, cause);
      node.culprit = culprit;
      return false;
    }
    if (node.analysis.kind === "none") {
      node.run = null;
      this.#clear(node, cause);
      return false;
    }
    node.error = null;
    node.runs += 1;
    node.startedAt = this.#host.now();
    const run: CellRun = new CellRun(cause, {
      onValue: (names, value, why) => this.#publish(node, run, names, value, why),
      onFailure: (names, error) => this.#lose(node, run, names, error),
      onChange: () => this.#touch(node),
      tick: pull => (this.#host.tick ?? this.#host.defer)(pull),
    });
    node.run = run;
    try {
      const result = this.#call(node, run);
      if (node.emitted?.async === true && isThenable(result)) {
        result.then(
          value => this.#finish(node, run, value),
          error => this.#crash(node, run, error),
        );
      } else this.#finish(node, run, result);
    } catch (error) {
      this.#crash(node, run, error);
    }
    return true;
  }

  #call(node: CellNode, run: CellRun): unknown {
    node.emitted ??= this.#emit(node);
    node.compiled ??= this.#host.evaluate(node.emitted);
    const meanings = this.#topology.meanings.get(node.id);
    const values = node.emitted.parameters.map(name => this.#argument(name, meanings?.get(name), run));
    return node.compiled(...values);
  }

  #emit(node: CellNode): EmittedCell {
    const meanings = [...(this.#topology.meanings.get(node.id) ?? [])];
    const named = (from: Meaning["from"]) =>
      new Set(meanings.flatMap(([name, meaning]) => (meaning.from === from ? [name] : [])));
    node.version += 1;
    return emitCell(node.analysis, {
      id: node.id,
      version: node.version,
      ambient: named("library"),
      globals: named("place"),
    });
  }

  #argument(name: string, meaning: Meaning | undefined, run: CellRun): unknown {
    if (meaning?.from === "cell") return this.#nodes.get(meaning.cell)?.variables.get(name)?.value;
    if (meaning?.from === "kernel") {
      if (name === "display") return (value: unknown) => run.display(value);
      if (name === "view") return (input: ViewInput) => run.view(input);
      return run.invalidation;
    }
    if (meaning?.from === "nothing") return undefined;
    const given = this.#host.ambient?.[name];
    if (given !== undefined) return given;
    if (name === capturedName) return (_values: () => object, literal: unknown) => literal;
    return name === textName ? (this.#host.text ?? formatText) : undefined;
  }

  #findCulprit(node: CellNode): number | null {
    for (const [name, meaning] of this.#topology.meanings.get(node.id) ?? []) {
      if (meaning.from !== "cell") continue;
      const need = this.#nodes.get(meaning.cell);
      if (need?.variables.get(name)?.state !== "value") return need?.culprit ?? meaning.cell;
    }
    return null;
  }

  #finish(node: CellNode, run: CellRun, result: unknown): void {
    if (run.over) return;
    run.returned = true;
    const names = [...node.variables.keys()];
    if (node.emitted?.returns === "names") {
      node.value = undefined;
      const values = result as Readonly<Record<string, unknown>>;
      for (const name of names) run.follow([name], values[name]);
    } else run.follow(names, result);
    if (!run.over) this.#touch(node);
  }

  #publish(node: CellNode, run: CellRun, names: readonly string[], value: unknown, cause: Cause): void {
    if (run.over) return;
    if (node.emitted?.returns === "value") {
      node.value = value;
      const shows = attributeOf(node.source.attributes, "hidden") === undefined && !usesDisplay(node.analysis);
      if (shows) run.displayImplicitly(value);
    }
    for (const name of names) {
      const variable = node.variables.get(name);
      if (variable !== undefined) this.#assign(name, variable, value, cause);
    }
    this.#touch(node);
  }

  #assign(name: string, variable: Variable, own: unknown, cause: Cause): void {
    const value = this.#parameters.has(name) ? this.#parameters.get(name) : own;
    const same = variable.state === "value" && this.#equals(variable.value, value);
    variable.own = own;
    if (same) return;
    variable.state = "value";
    variable.value = value;
    this.#disturb(name, cause);
  }

  #reapply(name: string): void {
    const cell = this.#topology.definers.get(name);
    const node = cell === undefined ? undefined : this.#nodes.get(cell);
    const variable = node?.variables.get(name);
    if (node === undefined || variable?.state !== "value") return;
    this.#assign(name, variable, variable.own, "live");
    this.#touch(node);
  }

  #disturb(name: string, cause: Cause): void {
    for (const reader of this.#readers.get(name) ?? []) {
      if (reader.fault === null && reader.dirty !== "edit") reader.dirty = cause;
    }
  }

  #crash(node: CellNode, run: CellRun, error: unknown): void {
    if (run.over) return;
    run.returned = true;
    const shown = run.shown;
    run.dispose();
    this.#fail(node, describeError(error, node.emitted), run.cause);
    node.outputs = shown;
    this.#touch(node);
  }

  /** One of the names of a cell failed, later than its run; the others stay. */
  #lose(node: CellNode, run: CellRun, names: readonly string[], error: unknown): void {
    if (node.emitted?.returns === "value") {
      this.#crash(node, run, error);
      return;
    }
    node.error ??= describeError(error, node.emitted);
    for (const name of names) this.#forget(node, name, run.cause);
    this.#touch(node);
  }

  #forget(node: CellNode, name: string, cause: Cause): void {
    const variable = node.variables.get(name);
    if (variable === undefined) return;
    variable.state = "error";
    variable.value = undefined;
    variable.own = undefined;
    this.#disturb(name, cause);
  }

  #fail(node: CellNode, error: CellError, cause: Cause): void {
    this.#clear(node, cause);
    node.error = error;
  }

  /** Takes away what a cell gave; whoever needs it will be blocked. */
  #clear(node: CellNode, cause: Cause): void {
    node.value = undefined;
    node.error = null;
    node.culprit = null;
    node.outputs = [];
    node.changed = true;
    for (const name of node.variables.keys()) this.#forget(node, name, cause);
  }

  #touch(node: CellNode): void {
    node.changed = true;
    if (node.startedAt >= 0 && node.run?.active !== true) {
      node.duration = this.#host.now() - node.startedAt;
      node.startedAt = -1;
    }
    this.#schedule();
  }

  #report(node: CellNode): void {
    const status = this.#statusOf(node);
    const { run } = node;
    if (run !== null && !run.over && (run.shown.length > 0 || !run.active)) node.outputs = [...run.shown];
    if (!node.changed && node.state?.status === status) return;
    node.changed = false;
    node.state = this.#describe(node, status);
    this.#host.onCell?.(node.id, node.state);
  }

  #describe(node: CellNode, status: CellStatus = this.#statusOf(node)): CellState {
    const values = new Map<string, unknown>();
    for (const [name, variable] of node.variables) if (variable.state === "value") values.set(name, variable.value);
    const { id, outputs, value, error, culprit, runs, duration } = node;
    return { id, status, outputs, value, values, error, culprit, runs, duration };
  }

  #statusOf(node: CellNode): CellStatus {
    if (node.disabled) return "disabled";
    if (node.fault !== null) return "error";
    if (node.run?.active === true) return "running";
    if (node.dirty !== null || node.edited) {
      if (this.#mode === "auto" || node.wanted) return "queued";
      return node.runs === 0 ? "idle" : "stale";
    }
    if (node.waits) return "stale";
    if (node.culprit !== null) return "blocked";
    if (node.error !== null) return "error";
    return node.runs > 0 && node.run !== null ? "ok" : "idle";
  }
}

const noError = { line: null, column: null, stack: null, cells: [] } as const;

function newNode(source: CellSource): CellNode {
  return {
    id: source.id,
    source,
    analysis: analyzeCell({ ...source, source: "" }),
    edited: true,
    meaningKey: "",
    fault: null,
    disabled: false,
    dirty: null,
    wanted: false,
    waits: false,
    version: 0,
    emitted: null,
    compiled: null,
    run: null,
    variables: new Map(),
    value: undefined,
    error: null,
    culprit: null,
    outputs: [],
    runs: 0,
    startedAt: -1,
    duration: null,
    changed: true,
    state: null,
  };
}

/**
 * A cell makes others wait when it is about to run, or runs after an edit. While it runs again for a live change, what it
 * gave before stays in use: otherwise nothing below a slow cell would ever run behind a fast source.
 */
function makesOthersWait(node: CellNode): boolean {
  if (node.run?.active === true && node.run.cause === "edit" && !node.run.returned) return true;
  return node.dirty === "edit" || (node.dirty === "live" && node.run?.active !== true);
}

function usesDisplay(analysis: CellAnalysis): boolean {
  return analysis.kind === "expression" && analysis.inputs.some(({ name }) => name === "display" || name === "view");
}

function describeError(error: unknown, emitted: EmittedCell | null): CellError {
  if (!(error instanceof Error))
    return { ...noError, kind: "runtime", name: "Error", message: String(error), cause: error };
  const place = emitted === null ? null : locateError(error, emitted);
  const { name, message, stack } = error;
  return {
    kind: "runtime",
    name,
    message,
    line: place?.line ?? null,
    column: place?.column ?? null,
    stack: stack ?? null,
    cells: [],
    cause: error,
  };
}

function formatText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.map(formatText).join("") : String(value);
}
