/**
 * Turns an analysed cell into the body of a function. Lines stay where they are; where columns move, the way back is kept,
 * so that `locateError` finds the author's own line and column from an error's stack.
 *
 * The body ends with a `sourceURL` comment, by which engines name the code in stacks: `cell-7@3.js` is the third version of
 * cell 7. A function that is made from parameters and a body has two lines of header in V8 (and by the text of the
 * standard), which `locateError` takes off.
 */
import { transform } from "sucrase";
import type { CellAnalysis, Insertion, Position } from "./analyze.ts";
import { capturedName, cellBuiltins, queryName, textName } from "./globals.ts";
import { originalPosition } from "./positions.ts";

/** A cell as a function body, ready to be compiled. */
export interface EmittedCell {
  readonly id: number;
  readonly version: number;
  /** How stacks name this code. */
  readonly file: string;
  /** Names of the function's parameters: cells' values, the runtime library's, and those the kernel gives. */
  readonly parameters: readonly string[];
  readonly body: string;
  /** Compile as an asynchronous function. */
  readonly async: boolean;
  /** The function returns the cell's value, or an object with its names. */
  readonly returns: "value" | "names";
  readonly source: string;
  readonly insertions: readonly Insertion[];
  /** A source map's mappings from `body` to the source with the insertions. */
  readonly mappings: string;
}

/** The function of a compiled cell: takes the values of `parameters` in order. */
export type CellFunction = (...values: readonly unknown[]) => unknown;

/** Compiles a cell with the constructor of functions, or of async ones, from its parameters and its body, wherever that is allowed. */
export type EvaluateCell = (cell: EmittedCell) => CellFunction;

/** What emission has to know of a cell's surroundings. */
export interface EmitOptions {
  readonly id: number;
  /** Goes into the file name, so that frames of an earlier version are not taken for this one; 1 by default. */
  readonly version?: number;
  /** Names of the runtime library: passed as parameters, never captured. */
  readonly ambient: ReadonlySet<string>;
  /** Names that are simply there where the code runs: neither passed nor captured. */
  readonly globals: ReadonlySet<string>;
}

/** Lines that the constructor of functions puts before the body. */
export const functionHeaderLines = 2;

/**
 * Emits an analysed cell. Function literals that may become expressions over rows and use values from outside become
 * `__captured(() => ({get k() {return k}}), d => d.x * k)`: nothing is read before somebody asks, and then only what is
 * asked for, so that a value which is not initialised yet throws for itself alone. Throws a `SyntaxError` when TypeScript's
 * syntax cannot be taken out.
 */
export function emitCell(cell: CellAnalysis, { id, version = 1, ambient, globals }: EmitOptions): EmittedCell {
  const insertions = [...cell.insertions, ...captures(cell, ambient, globals)].sort((a, b) => a.at - b.at);
  const tables = cell.tables.filter(name => !globals.has(name));
  const prefix =
    cell.kind === "program"
      ? '"use strict";'
      : cell.kind === "template"
        ? '"use strict";return `'
        : cell.kind === "query"
          ? `"use strict";return ${queryName}({${tables.join(", ")}})\``
          : '"use strict";return (';
  insertions.unshift({ at: 0, text: prefix });
  const names = cell.outputs.map(({ name }) => name);
  const suffix =
    cell.kind === "program"
      ? `\nreturn {${[...new Set(names)].join(", ")}};`
      : cell.kind === "template" || cell.kind === "query"
        ? "`"
        : "\n)";
  const file = `cell-${id}@${version}.js`;
  const { code, sourceMap } = transform(insert(cell.source, insertions) + suffix, {
    transforms: ["typescript"],
    disableESTransforms: true,
    keepUnusedImports: true,
    filePath: file,
    sourceMapOptions: { compiledFilename: file },
  });
  const parameters = cell.inputs.map(({ name }) => name).filter(name => !globals.has(name));
  for (const helper of [capturedName, textName, queryName]) {
    if (insertions.some(({ text }) => text.includes(`${helper}(`)) && !parameters.includes(helper))
      parameters.push(helper);
  }
  return {
    id,
    version,
    file,
    parameters,
    body: `${code}\n//# sourceURL=${file}`,
    async: cell.async,
    returns: cell.kind === "program" ? "names" : "value",
    source: cell.source,
    insertions,
    mappings: sourceMap?.mappings ?? "",
  };
}

/**
 * Finds where in a cell an error arose: the innermost frame of its stack that lies in this cell's code. `null` when none does,
 * which is so for values that are not errors and for errors made elsewhere.
 */
export function locateError(
  error: unknown,
  cell: EmittedCell,
  headerLines: number = functionHeaderLines,
): Position | null {
  const stack = error instanceof Error ? error.stack : undefined;
  if (typeof stack !== "string") return null;
  const frame = new RegExp(`\\b${cell.file.replaceAll(".", "\\.")}:(\\d+):(\\d+)`).exec(stack);
  if (frame === null) return null;
  const line = Number(frame[1]) - headerLines;
  return line < 1 ? { line: 1, column: 1 } : originalPosition(cell, { line, column: Number(frame[2]) });
}

function captures(cell: CellAnalysis, ambient: ReadonlySet<string>, globals: ReadonlySet<string>): Insertion[] {
  const outside = new Set(
    cell.inputs
      .map(({ name }) => name)
      .filter(name => !ambient.has(name) && !globals.has(name) && !cellBuiltins.has(name)),
  );
  return cell.functions.flatMap(({ start, end, captures: all }) => {
    const names = all
      .filter(({ name, free }) => (free ? outside.has(name) : name !== "arguments"))
      .map(({ name }) => name);
    if (names.length === 0) return [];
    const getters = names.map(name => `get ${name}() {return ${name}}`).join(", ");
    return [
      { at: start, text: `${capturedName}(() => ({${getters}}), ` },
      { at: end, text: ")" },
    ];
  });
}

function insert(source: string, insertions: readonly Insertion[]): string {
  let text = "";
  let from = 0;
  for (const each of insertions) {
    text += source.slice(from, each.at) + each.text;
    from = each.at;
  }
  return text + source.slice(from);
}
