/**
 * How one cell is run and what its values do to others: the cell's function is called with what its inputs mean, what it
 * gives is followed, and a value that differs from the one before makes its readers dirty.
 */
import type { CellAnalysis } from "./analyze.ts";
import { attributeOf } from "./document.ts";
import { emitCell, locateError } from "./emit.ts";
import type { EmittedCell } from "./emit.ts";
import { capturedName, queryName, textName } from "./globals.ts";
import type { CellNode, Variable } from "./node.ts";
import { CellRun, isThenable } from "./run.ts";
import type { Cause, ViewInput } from "./run.ts";
import type { CellError, KernelHost } from "./state.ts";
import type { Meaning } from "./topology.ts";

/** What a cell that runs has to know of the notebook around it. */
export interface Surroundings {
  readonly host: KernelHost;
  /** Values that stand in the place of what cells define. */
  readonly parameters: ReadonlyMap<string, unknown>;
  node(id: number): CellNode | undefined;
  meanings(id: number): ReadonlyMap<string, Meaning>;
  /** The cells that use a name. */
  readers(name: string): readonly CellNode[];
  /** Asks for another pass. */
  schedule(): void;
}

/** An error of which nothing is known yet but its message. */
export const noError = { line: null, column: null, stack: null, cells: [] } as const;

/** Runs cells. Keeps nothing itself: all that is remembered stands in the nodes. */
export class Evaluation {
  readonly #around: Surroundings;
  /** What was loaded of the library's lazy names. */
  readonly #loaded = new Map<string, unknown>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Runs a dirty cell, or blocks it. Returns whether its function was called. */
  start(node: CellNode): boolean {
    const cause = node.dirty ?? "edit";
    node.dirty = null;
    node.wanted = false;
    node.changed = true;
    node.run?.dispose();
    const culprit = this.#findCulprit(node);
    node.culprit = culprit;
    if (culprit !== null) {
      node.run = null;
      this.clear(node, cause);
      node.culprit = culprit;
      return false;
    }
    if (node.analysis.kind === "none") {
      node.run = null;
      this.clear(node, cause);
      return false;
    }
    node.error = null;
    node.runs += 1;
    node.startedAt = this.#around.host.now();
    const run: CellRun = new CellRun(cause, {
      onValue: (names, value, why) => this.#publish(node, run, names, value, why),
      onFailure: (names, error) => this.#lose(node, run, names, error),
      onChange: () => this.#touch(node),
      tick: pull => (this.#around.host.tick ?? this.#around.host.defer)(pull),
    });
    node.run = run;
    try {
      const loading = this.#load(node);
      const result =
        loading === null ? this.#call(node, run) : loading.then(() => (run.over ? null : this.#call(node, run)));
      if ((loading !== null || node.emitted?.async === true) && isThenable(result)) {
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

  /** Loads what the cell needs of the library and is not there yet; null when all of it is. */
  #load(node: CellNode): Promise<unknown> | null {
    node.emitted ??= this.#emit(node);
    const { lazy } = this.#around.host;
    const meanings = this.#around.meanings(node.id);
    const missing = node.emitted.parameters.flatMap(name => {
      const load = meanings.get(name)?.from === "library" && !this.#loaded.has(name) ? lazy?.[name] : undefined;
      return load === undefined ? [] : [load().then(value => this.#loaded.set(name, value))];
    });
    return missing.length === 0 ? null : Promise.all(missing);
  }

  #call(node: CellNode, run: CellRun): unknown {
    node.emitted ??= this.#emit(node);
    node.compiled ??= this.#around.host.evaluate(node.emitted);
    const meanings = this.#around.meanings(node.id);
    const values = node.emitted.parameters.map(name => this.#argument(name, meanings.get(name), run));
    return node.compiled(...values);
  }

  #emit(node: CellNode): EmittedCell {
    const meanings = [...this.#around.meanings(node.id)];
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
    if (meaning?.from === "cell") return this.#around.node(meaning.cell)?.variables.get(name)?.value;
    if (meaning?.from === "kernel") {
      if (name === "display") return (value: unknown) => run.display(value);
      if (name === "view") return (input: ViewInput) => run.view(input);
      return run.invalidation;
    }
    if (meaning?.from === "nothing") return undefined;
    const given = this.#around.host.ambient?.[name];
    if (given !== undefined) return given;
    if (this.#loaded.has(name)) return this.#loaded.get(name);
    if (name === queryName) return () => cannotQuery;
    if (name === capturedName) return (_values: () => object, literal: unknown) => literal;
    return name === textName ? (this.#around.host.text ?? formatText) : undefined;
  }

  #findCulprit(node: CellNode): number | null {
    for (const [name, meaning] of this.#around.meanings(node.id)) {
      if (meaning.from !== "cell") continue;
      const need = this.#around.node(meaning.cell);
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
    const value = this.#around.parameters.has(name) ? this.#around.parameters.get(name) : own;
    const same = variable.state === "value" && (this.#around.host.equals ?? Object.is)(variable.value, value);
    variable.own = own;
    if (same) return;
    variable.state = "value";
    variable.value = value;
    this.#disturb(name, cause);
  }

  /** Looks again at what a name's value is, after a parameter was set or cleared. */
  reapply(node: CellNode, name: string): void {
    const variable = node.variables.get(name);
    if (variable?.state !== "value") return;
    this.#assign(name, variable, variable.own, "live");
    this.#touch(node);
  }

  #disturb(name: string, cause: Cause): void {
    for (const reader of this.#around.readers(name)) {
      if (reader.fault === null && reader.dirty !== "edit") reader.dirty = cause;
    }
  }

  #crash(node: CellNode, run: CellRun, error: unknown): void {
    if (run.over) return;
    run.returned = true;
    const shown = run.shown;
    run.dispose();
    this.fail(node, describeError(error, node.emitted), run.cause);
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

  /** Puts a cell in error; it gives nothing any more. */
  fail(node: CellNode, error: CellError, cause: Cause): void {
    this.clear(node, cause);
    node.error = error;
  }

  /** Takes away what a cell gave; whoever needs it will be blocked. */
  clear(node: CellNode, cause: Cause): void {
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
      node.duration = this.#around.host.now() - node.startedAt;
      node.startedAt = -1;
    }
    this.#around.schedule();
  }
}

function cannotQuery(): never {
  throw new Error("SQL cells cannot be run here");
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
