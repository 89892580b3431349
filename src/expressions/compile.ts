/**
 * Compiles expressions to kernels over columns. This is the one file that makes code from text; where that is forbidden
 * (a content security policy) or unwanted, the interpreter does the same work, slower.
 *
 * A kernel is written for the types of its columns and parameters and for whether the batch at hand holds nulls, so a
 * changed parameter value needs no new code and a column without nulls pays for none. Parameters are read from the
 * expression's record at every call. Parts that depend on one text column are computed once per distinct text.
 */
import { type Batch, columnIndex } from "../columns/batch.ts";
import { columnBuilder } from "../columns/builder.ts";
import {
  type Column,
  type ColumnType,
  gatherColumn,
  type Schema,
  type StringColumn,
  type Value,
} from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { toTime } from "./dateparts.ts";
import { FUNCTIONS, functionNamed } from "./functions.ts";
import { generateColumn, generatePredicate } from "./generate.ts";
import type { ColumnSlot, Generated, RowsRead, TableSlot } from "./kernel-text.ts";
import { arrayFor, type Table, TableKeeper } from "./tables.ts";
import { applyFunction, evaluator, type FunctionCompiler, NO_FUNCTIONS } from "./interpret.ts";
import { type ColumnExpr, columnsOf, contains, parametersOf, type RowExpression, type Side } from "./tree.ts";
import { parameterValue, typeOf, typeOfValue, type ValueType } from "./types.ts";
import { BINARY, looselyEqual, member, toNumber, toText, truthy } from "./values.ts";

export interface CompileOptions {
  /** False runs the interpreter instead of generated code (default true). */
  readonly codegen?: boolean;
  /** Where new text gets its codes; a kernel keeps one of its own otherwise, for its whole life. */
  readonly dictionary?: Dictionary;
}

/** Pairs of rows of two batches, for joins. */
export interface Pairs {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly count: number;
}

/** Computes a column. */
export interface ColumnKernel {
  /**
   * Gives one value per row of the batch. With a second batch, rows are taken together by position, or by `pairs`; then
   * the result has one value per pair.
   */
  (batch: Batch, second?: Batch, pairs?: Pairs): Column;
  /**
   * Gives a column as long as the batch, computed for the rows `rows[0 … count)` only. The others are null in it, or
   * unspecified where the column is not nullable: read it through the same selection.
   */
  readonly selected: (batch: Batch, rows: Int32Array, count: number) => Column;
  readonly type: ValueType;
}

/** Selects rows. */
export interface PredicateKernel {
  /**
   * Writes the numbers of the rows in `[from, to)` (default all) for which the condition holds to `out`, in order, and
   * returns how many. `out` needs room for all rows looked at.
   */
  (batch: Batch, out: Int32Array, from?: number, to?: number): number;
  /** Does the same for the rows `rows[0 … count)`. `out` may be `rows` itself. */
  readonly refine: (batch: Batch, rows: Int32Array, count: number, out: Int32Array) => number;
}

/** Writes the positions of the pairs for which the condition holds to `out`, in order, and returns how many. */
export type PairPredicateKernel = (left: Batch, right: Batch, pairs: Pairs, out: Int32Array) => number;

/** Compiles an expression to a kernel that computes a column. Throws when a column is missing. */
export function compileColumn(
  expression: RowExpression,
  schemas: readonly Schema[],
  options: CompileOptions = {},
): ColumnKernel {
  const type = typeOf(expression, schemas);
  if (expression.expr.kind === "column") return plainColumn(expression.expr, schemas, type);
  const dictionary = options.dictionary ?? new Dictionary();
  const interpreted = lazy(() => interpretColumn(expression, type, schemas, options, dictionary));
  const runner = runnerFor(expression, schemas, options, generateColumn);
  const compute = (rows: RowsRead, batch: Batch, second: Batch | undefined, chosen: Chosen): Column => {
    const bound = runner?.bind(batch, second, rows);
    if (bound === undefined) return interpreted()(rows, batch, second, chosen);
    const run = bound.kernel as ColumnFunction;
    const length = rows === "pairs" ? chosen.count : batch.length;
    const out = arrayFor(bound.type, length);
    if (rows === "selected" && out instanceof Int32Array) out.fill(-1);
    const valid = new Uint8Array(bound.writesValidity ? length : 0).fill(1);
    const { columns, parameters, tables } = bound;
    const { left, right, count } = chosen;
    const done = runApart(run, [columns, parameters, tables, dictionary, left, right, 0, count, out, valid]);
    return columnFrom(bound.type, out, done.nulls === 0 ? null : valid, done.dictionary);
  };
  return Object.assign(
    (batch: Batch, second?: Batch, pairs?: Pairs): Column =>
      pairs === undefined
        ? compute("all", batch, second, { count: batch.length })
        : compute("pairs", batch, second, pairs),
    {
      type,
      selected: (batch: Batch, rows: Int32Array, count: number): Column =>
        compute("selected", batch, undefined, { left: rows, count }),
    },
  );
}

/** Hands a column on as it is. */
function plainColumn(expr: ColumnExpr, schemas: readonly Schema[], type: ValueType): ColumnKernel {
  const index = columnIndex(schemas[expr.side], expr.name);
  return Object.assign(
    (batch: Batch, second?: Batch, pairs?: Pairs): Column => {
      const column = (expr.side === 0 ? batch : (second as Batch)).columns[index];
      if (pairs === undefined) return column;
      return gatherColumn(column, expr.side === 0 ? pairs.left : pairs.right, pairs.count);
    },
    { type, selected: (batch: Batch): Column => batch.columns[index] },
  );
}

/** Compiles a condition to a kernel that selects rows. Throws when a column is missing. */
export function compilePredicate(
  expression: RowExpression,
  schemas: readonly Schema[],
  options: CompileOptions = {},
): PredicateKernel {
  typeOf(expression, schemas);
  const select = selector(expression, schemas, options);
  return Object.assign(
    (batch: Batch, out: Int32Array, from = 0, to = batch.length): number => select("all", [batch], {}, from, to, out),
    {
      refine: (batch: Batch, rows: Int32Array, count: number, out: Int32Array): number =>
        select("selected", [batch], { left: rows }, 0, count, out),
    },
  );
}

/** Compiles a condition on pairs of rows, for joins. Throws when a column is missing. */
export function compilePairPredicate(
  expression: RowExpression,
  schemas: readonly [Schema, Schema],
  options: CompileOptions = {},
): PairPredicateKernel {
  typeOf(expression, schemas);
  const select = selector(expression, schemas, options);
  return (left, right, pairs, out) => select("pairs", [left, right], pairs, 0, pairs.count, out);
}

/** Rows named by arrays. */
interface Chosen {
  readonly left?: Int32Array;
  readonly right?: Int32Array;
  readonly count: number;
}

type Selector = (
  rows: RowsRead,
  batches: readonly Batch[],
  chosen: Omit<Chosen, "count">,
  from: number,
  to: number,
  out: Int32Array,
) => number;

function selector(expression: RowExpression, schemas: readonly Schema[], options: CompileOptions): Selector {
  const runner = runnerFor(expression, schemas, options, generatePredicate);
  const interpreted = lazy(() => evaluator(expression, schemas, functionCompiler(options)));
  return (rows, batches, { left, right }, from, to, out) => {
    const bound = runner?.bind(batches[0], batches[1], rows);
    if (bound !== undefined) {
      const { columns, parameters, tables } = bound;
      return runApart(bound.kernel as PredicateFunction, [columns, parameters, tables, left, right, from, to, out]);
    }
    const evaluate = interpreted();
    const at = { batches, rows: [0, 0] };
    let count = 0;
    for (let i = from; i < to; i++) {
      at.rows[0] = left === undefined ? i : left[i];
      at.rows[1] = right === undefined ? at.rows[0] : right[i];
      if (truthy(evaluate(at))) out[count++] = rows === "selected" ? at.rows[0] : i;
    }
    return count;
  };
}

/**
 * Makes a callable of a function's source text, with the parameters as its free names and `op` as in expressions.
 * Throws where code generation is forbidden, and when the text is not an expression.
 */
export function compileFunction(
  source: string,
  parameters: Readonly<Record<string, Value>> = {},
): (...args: unknown[]) => unknown {
  const names = Object.keys(parameters).filter(name => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) && name !== "op");
  const make = mayFail(source, () => functionFrom(["op", ...names], `return (${source}\n);`));
  return make(OPERATIONS, ...names.map(name => parameters[name])) as (...args: unknown[]) => unknown;
}

/**
 * Makes the function of a notebook cell from its parameters' names and its body. Throws where code generation is
 * forbidden, and a `SyntaxError` when the body is no code.
 */
export function compileCell(
  parameters: readonly string[],
  body: string,
  asynchronous: boolean,
): (...values: readonly unknown[]) => unknown {
  const make = asynchronous ? AsyncFunction : Function;
  return make(...parameters, body) as (...values: readonly unknown[]) => unknown;
}

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as FunctionConstructor;

function mayFail(source: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    const why = error instanceof SyntaxError ? "it cannot be read" : "code generation is forbidden here";
    throw new Error(`The function "${source}" cannot run, because ${why} (${(error as Error).message}).`, {
      cause: error,
    });
  }
}

/** Tells whether text may be made code here. */
export function canGenerateCode(): boolean {
  try {
    functionFrom([], "return 0;")();
    return true;
  } catch {
    return false;
  }
}

/** The scalar functions as callables, for functions that run as they are. */
const OPERATIONS: Readonly<Record<string, (...args: Value[]) => Value>> = Object.fromEntries(
  [...FUNCTIONS.values()].map(fn => [fn.name, (...args: Value[]) => applyFunction(fn, args)]),
);

type Made = (...args: unknown[]) => unknown;

/** Functions made so far by their text: a pipeline that is built again costs no compilation. Bounded. */
const made = new Map<string, Made>();

function functionFrom(names: readonly string[], body: string): Made {
  const key = `${names.join()}|${body}`;
  let fn = made.get(key);
  if (fn === undefined) {
    fn = new Function(...names, `"use strict";\n${body}`) as Made;
    if (made.size >= 1_000) made.clear();
    made.set(key, fn);
  }
  return fn;
}

const RUNTIME = { member, toNumber, toText, toTime, looselyEqual, binary: BINARY };

type ColumnFunction = (
  columns: readonly Column[],
  parameters: readonly Value[],
  tables: readonly Table[],
  dictionary: Dictionary,
  rows0: Int32Array | undefined,
  rows1: Int32Array | undefined,
  from: number,
  to: number,
  out: Float64Array | Uint8Array | Int32Array | Value[],
  valid: Uint8Array,
) => { readonly nulls: number; readonly dictionary: Dictionary };

type PredicateFunction = (
  columns: readonly Column[],
  parameters: readonly Value[],
  tables: readonly Table[],
  rows0: Int32Array | undefined,
  rows1: Int32Array | undefined,
  from: number,
  to: number,
  out: Int32Array,
) => number;

/** A kernel with what it reads, ready to run on one batch. */
interface Bound {
  readonly kernel: unknown;
  readonly type: ColumnType;
  readonly writesValidity: boolean;
  readonly columns: readonly Column[];
  readonly parameters: readonly Value[];
  readonly tables: readonly Table[];
}

interface Runner {
  /** Chooses or makes the kernel for a batch; undefined when code generation turns out to be forbidden. */
  bind(batch: Batch, second: Batch | undefined, rows: RowsRead): Bound | undefined;
}

interface Variant {
  readonly generated: Generated;
  readonly kernel: unknown;
}

/** What a kernel's code depends on besides the expression. */
interface VariantKey {
  readonly nulls: boolean;
  readonly fill: boolean;
  readonly rows: RowsRead;
  /** Types of the parameters. */
  readonly types: string;
}

/** Keeps the variants of one expression's kernel, and the tables they share. */
function runnerFor(
  expression: RowExpression,
  schemas: readonly Schema[],
  options: CompileOptions,
  generate: typeof generateColumn,
): Runner | undefined {
  if (options.codegen === false || contains(expression.expr, "opaque")) return undefined;
  const { expr, parameters } = expression;
  const variants = new Map<string, Variant | undefined>();
  const keepers = new Map<string, TableKeeper>();
  const names = parametersOf(expr);
  const used = schemas.map((schema, side) => columnsOf(expr, side as Side).map(name => columnIndex(schema, name)));
  const variant = ({ nulls, fill, rows, types }: VariantKey): Variant | undefined => {
    const key = `${nulls}|${fill}|${rows}|${types}`;
    if (!variants.has(key)) variants.set(key, makeVariant(generate(expr, { schemas, parameters, nulls, fill, rows })));
    return variants.get(key);
  };
  const keeper = (slot: TableSlot, column: ColumnSlot): TableKeeper => {
    const key = `${column.side}|${JSON.stringify(slot.expr)}`;
    let found = keepers.get(key);
    if (found === undefined) {
      found = new TableKeeper(slot, expression, schemas, column);
      keepers.set(key, found);
    }
    return found;
  };
  return {
    bind(batch, second, rows) {
      const batches = [batch, second ?? batch];
      const nulls = used.some((columns, side) => columns.some(index => hasNulls(batches[side].columns[index])));
      const types = names.map(name => typeOfValue(parameterValue(parameters, name)).type).join();
      const chosen = variant({ nulls, fill: false, rows, types });
      if (chosen === undefined) return undefined;
      const { generated } = chosen;
      const columns = generated.columns.map(slot => columnFor(slot, batches[slot.side], schemas, nulls));
      const tables = generated.tables.map(slot =>
        keeper(slot, generated.columns[slot.column]).table(columns[slot.column] as StringColumn),
      );
      // Once a table knows every text, the loop need not ask whether it does.
      const { kernel } = tables.every(t => t.complete)
        ? chosen
        : (variant({ nulls, fill: true, rows, types }) as Variant);
      return {
        kernel,
        type: generated.type,
        writesValidity: generated.writesValidity,
        columns,
        parameters: generated.parameters.map(name => parameters[name]),
        tables,
      };
    },
  };
}

/**
 * Kernels made so far by their text and what they call. They keep nothing between calls, so equal ones may be one: a pipeline
 * whose threshold has changed goes on with a loop that the host has optimised already. Bounded.
 */
const kernels = new Map<string, unknown>();

/**
 * Calls a kernel. Called as functions are, the host (V8) would compile its loop into the caller, of which every edit makes a new
 * one, and start again with slow code each time; so the kernel stays a function of its own, optimised once for all.
 */
function runApart<A extends readonly unknown[], R>(kernel: (...args: A) => R, args: A): R {
  return Reflect.apply(kernel, undefined, args);
}

/** Makes the function; undefined where the host forbids it. */
function makeVariant(generated: Generated): Variant | undefined {
  const key = `${generated.functions.join()}|${generated.text}`;
  const known = kernels.get(key);
  if (known !== undefined) return { generated, kernel: known };
  const functions = generated.functions.map(name => functionNamed(name).apply);
  try {
    const make = functionFrom(["rt", ...functions.map((_, i) => `f${i}`)], generated.text);
    const kernel = make(RUNTIME, ...functions);
    if (kernels.size >= 1_000) kernels.clear();
    kernels.set(key, kernel);
    return { generated, kernel };
  } catch (error) {
    // Only the host's refusal is expected here; a syntax error in generated text is a defect and must be seen.
    if (error instanceof SyntaxError) throw error;
    return undefined;
  }
}

/** Picks a column by position, checks that it is what the schema promised, and gives it a validity array if asked to. */
function columnFor(slot: ColumnSlot, batch: Batch, schemas: readonly Schema[], nulls: boolean): Column {
  const column = batch.columns[slot.index];
  if (column?.type !== slot.type)
    throw new Error(
      `The column "${schemas[slot.side][slot.index].name}" should be ${slot.type} but the batch has ${column?.type ?? "none"}.`,
    );
  if (!nulls || column.type === "string" || column.type === "json" || column.valid !== null) return column;
  return { ...column, valid: allValid(column.values.length) } as Column;
}

function hasNulls(column: Column | undefined): boolean {
  return column !== undefined && "valid" in column && column.valid !== null;
}

let ones = new Uint8Array(0);

/** An array of ones, shared by all columns without nulls: nobody writes to validity. */
function allValid(length: number): Uint8Array {
  if (ones.length < length) ones = new Uint8Array(Math.max(length, 2 * ones.length)).fill(1);
  return ones;
}

function columnFrom(
  type: ColumnType,
  values: Float64Array | Uint8Array | Int32Array | Value[],
  valid: Uint8Array | null,
  dictionary: Dictionary,
): Column {
  switch (type) {
    case "number":
    case "timestamp":
      return { type, values: values as Float64Array, valid };
    case "boolean":
      return { type, values: values as Uint8Array, valid };
    case "string":
      return { type, codes: values as Int32Array, dictionary };
    case "json":
      return { type, values: values as Value[] };
  }
}

/** Computes a column row by row with the interpreter. */
function interpretColumn(
  expression: RowExpression,
  type: ValueType,
  schemas: readonly Schema[],
  options: CompileOptions,
  dictionary: Dictionary,
): (rows: RowsRead, batch: Batch, second: Batch | undefined, chosen: Chosen) => Column {
  const evaluate = evaluator(expression, schemas, functionCompiler(options));
  const builder = columnBuilder({ name: "", ...type }, dictionary);
  return (rows, batch, second, { left, right, count }) => {
    const at = { batches: second === undefined ? [batch] : [batch, second], rows: [0, 0] };
    let length = 0;
    for (let i = 0; i < count; i++) {
      at.rows[0] = left === undefined ? i : left[i];
      at.rows[1] = right === undefined ? at.rows[0] : right[i];
      // Rows between selected ones are null, so that each value is in its own row's place.
      if (rows === "selected") for (; length < at.rows[0]; length++) builder.append(null);
      builder.append(evaluate(at));
      length++;
    }
    if (rows === "selected") for (; length < batch.length; length++) builder.append(null);
    return builder.take(length);
  };
}

function functionCompiler(options: CompileOptions): FunctionCompiler {
  if (options.codegen === false) return NO_FUNCTIONS;
  return (expr, parameters) =>
    compileFunction(expr.source, Object.fromEntries(expr.captured.map(n => [n, parameters[n]])));
}

function lazy<T>(make: () => T): () => T {
  let value: { readonly made: T } | undefined;
  return () => (value ??= { made: make() }).made;
}
