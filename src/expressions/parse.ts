/**
 * Reads row expressions: arrow functions, text, and column names, in Arquero's expression language.
 *
 * Arquero's own parser (`parse(fns, {ast: true})`) was tried and is not reused. It resolves columns against a table at
 * hand, rejects block bodies, knows nothing of captured values and aggregates as separate nodes, and its tree is
 * ESTree with regular expressions inside, which cannot be hashed or sent to a Worker. Acorn, which it builds on, is used
 * directly; the names (`op.*`) and their meaning are Arquero's.
 */
import { type Expression, type Function as FunctionNode, type Node, parse as parseScript } from "acorn";
import type { Value } from "../columns/column.ts";
import type { FunctionText } from "../model/windows.ts";
import { aggregateNamed, type SplitAggregate, splitAggregates } from "./aggregates.ts";
import { capturedBy } from "./captured.ts";
import {
  type Binding,
  type Context,
  convert,
  convertFunction,
  plainValue,
  Unsupported,
  unknownName,
} from "./convert.ts";
import { childNodes, freeNames } from "./free-names.ts";
import type { Expr, OpaqueExpr, RowExpression } from "./tree.ts";
import { FORBIDDEN, LANGUAGE_GLOBALS } from "./vocabulary.ts";
import { withoutWrappers } from "./wrappers.ts";

export { type Captured, captured } from "./captured.ts";

/**
 * A function of a row, or of two rows for joins. Columns are known at run time only, so a row is as loose in
 * TypeScript as it is in a cell; everywhere else `any` is forbidden.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type RowFunction = (...rows: any[]) => unknown;

/** What a person may write for a row expression. */
export type ExpressionInput = RowFunction | RowExpression | string | number | boolean | { toString(): string };

export interface ParseOptions {
  /** Values of free names, beside those the function carries itself. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Column names, where they are known: text may then name columns without a row, and names with spaces are recognised. */
  readonly columns?: readonly string[];
}

/**
 * Reads a row expression. Text that is a plain name is a column; other text is an expression in which `d` is the row.
 * A function that cannot be parsed becomes opaque, with the reason. Throws on syntax errors, on free names that nobody
 * captured, and on what could not be replayed (random numbers, the clock).
 */
export function parseExpression(input: ExpressionInput, options: ParseOptions = {}): RowExpression {
  if (typeof input === "number" || typeof input === "boolean")
    return { expr: { kind: "literal", value: input }, parameters: {}, source: String(input) };
  if (isRowExpression(input)) return input;
  if (typeof input === "string" && isColumnName(input, options))
    return { expr: { kind: "column", name: input, side: 0 }, parameters: {}, source: input };
  const source = withoutWrappers(String(input).trim());
  const captured = together(typeof input === "string" ? {} : capturedBy(input), options.parameters ?? {});
  const context: Context = {
    source,
    captured,
    parameters: new Map(),
    origins: new Map(),
    parseFunction: readFunction,
    columns: new Set(options.columns ?? []),
    depth: 0,
  };
  const node = parseSource(source);
  if (!isFunction(node)) return finish(convertText(node, context), context);
  try {
    return finish(convertFunction(node, rowBindings(node), context), context);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return opaque(node, source, captured, error.message);
  }
}

/**
 * Reads an expression with aggregates and takes them out: each becomes a call of its own that `output` refers to by the
 * column `name`. An expression without aggregates reads the group's keys.
 */
export function parseAggregates(
  input: ExpressionInput,
  name: string,
  options: ParseOptions = {},
): { readonly aggregates: readonly SplitAggregate[]; readonly output: RowExpression } {
  const expression = parseExpression(input, options);
  if (expression.expr.kind === "opaque")
    throw new Error(
      `"${name}" cannot be aggregated by "${expression.source}", because ${expression.expr.reason}. Derive a column with it first, then aggregate that.`,
    );
  return splitAggregates(expression, name);
}

/**
 * Reads a function that is to run as it is, whatever it contains: its text, and the values of the names it captured. Throws on
 * what could not be replayed (random numbers, the clock) and on names that nobody captured.
 */
export function parseFunction(fn: (...args: never[]) => unknown): FunctionText {
  const source = withoutWrappers(String(fn).trim());
  const node = parseSource(source);
  if (!isFunction(node)) throw new Error(`"${source}" is not a function.`);
  const { expr, parameters } = opaque(node, source, capturedBy(fn), "it is called as it is");
  return { source: (expr as OpaqueExpr).source, parameters };
}

/** Joins captured values without reading any: a cell's getters are asked for what the expression uses, and no more. */
function together(...captured: readonly Readonly<Record<string, unknown>>[]): Readonly<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  for (const values of captured) Object.defineProperties(out, Object.getOwnPropertyDescriptors(values));
  return out;
}

function isRowExpression(input: ExpressionInput): input is RowExpression {
  return typeof input === "object" && "expr" in input && "parameters" in input && "source" in input;
}

/** Words that are values, not columns. */
const WORDS = new Set(["true", "false", "null", "undefined", "NaN", "Infinity"]);

function isColumnName(text: string, options: ParseOptions): boolean {
  return options.columns?.includes(text) === true || (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(text) && !WORDS.has(text));
}

/** A second parameter is the other row of a join; `$` holds the parameters, as in Arquero. */
function rowBindings(node: FunctionNode): Binding[] {
  return node.params.map((pattern, i) => {
    if (i > 0 && pattern.type === "Identifier" && pattern.name === "$") return { kind: "parameters" };
    if (i > 1) throw new Unsupported("it takes more than two rows");
    return { kind: "row", side: i === 0 ? 0 : 1 };
  });
}

function convertText(node: Expression, context: Context): Expr {
  try {
    return convert(node, new Map<string, Binding>([["d", { kind: "row", side: 0 }]]), context);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    throw new Error(
      `The row expression "${context.source}" cannot be used, because ${error.message}. Write a function: d => ….`,
    );
  }
}

function finish(expr: Expr, context: Context): RowExpression {
  return { expr, parameters: Object.fromEntries(context.parameters), source: context.source };
}

/** Parses a function's text or an expression's. Method shorthand (`total(d) {…}`) parses as a member of an object. */
function parseSource(source: string): Expression | FunctionNode {
  const options = { ecmaVersion: "latest", sourceType: "module", allowAwaitOutsideFunction: false } as const;
  let failure: Error;
  try {
    const [statement] = parseScript(`(${source})`, options).body;
    if (statement?.type === "ExpressionStatement") return statement.expression;
    failure = new Error("it is not one expression");
  } catch (error) {
    failure = error as Error;
  }
  try {
    const [statement] = parseScript(`({${source}})`, options).body;
    if (statement?.type === "ExpressionStatement" && statement.expression.type === "ObjectExpression") {
      const [property] = statement.expression.properties;
      if (property?.type === "Property" && property.method) return property.value;
    }
  } catch {
    // The first attempt's message is the one that points at the text as it was written.
  }
  throw new Error(`The row expression "${source}" cannot be read: ${failure.message.replace(/ \(\d+:\d+\)$/, "")}.`);
}

function isFunction(node: Node): node is FunctionNode {
  return node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression";
}

function readFunction(fn: (...args: never[]) => unknown): ReturnType<Context["parseFunction"]> {
  const source = withoutWrappers(String(fn));
  if (/\{\s*\[native code\]\s*\}$/.test(source))
    throw new Unsupported(`it calls ${fn.name || "a function"}, whose source cannot be read`);
  const node = parseSource(source);
  if (!isFunction(node)) throw new Unsupported(`it calls ${fn.name || "something"}, which is not a plain function`);
  return { node, captured: capturedBy(fn), source };
}

/** Keeps a function as it is, if every name it uses is known where it will run. */
function opaque(
  node: FunctionNode,
  source: string,
  captured: Readonly<Record<string, unknown>>,
  reason: string,
): RowExpression {
  rejectUnrepeatable(node, source);
  const names: string[] = [];
  const parameters: Record<string, Value> = {};
  for (const name of freeNames(node).sort()) {
    if (Object.hasOwn(captured, name) && name !== "op") {
      names.push(name);
      parameters[name] = plainValue(captured[name], name);
    } else if (!LANGUAGE_GLOBALS.has(name))
      throw new Error(`${unknownName(name, source)} (It runs as it is, because ${reason}.)`);
  }
  const expr: OpaqueExpr = { kind: "opaque", source: asExpression(source, node), reason, captured: names };
  return { expr, parameters, source };
}

/** A method's shorthand is not an expression; a function is. */
function asExpression(source: string, node: FunctionNode): string {
  if (node.type === "ArrowFunctionExpression" || /^(async\s+)?function\b/.test(source)) return source;
  return `function ${source}`;
}

/** Rejects what would differ between replays, and aggregates, which need the tree. */
function rejectUnrepeatable(node: Node, source: string): void {
  const fields = node as unknown as {
    callee?: Node & { name?: string };
    object?: { name?: string };
    property?: { name?: string };
    arguments?: Node[];
  };
  if (node.type === "NewExpression" && fields.callee?.name === "Date" && fields.arguments?.length === 0)
    throw new Error(`The row expression "${source}" calls new Date(). ${FORBIDDEN["new Date"]}`);
  if (node.type === "MemberExpression") {
    const name = `${fields.object?.name}.${fields.property?.name}`;
    if (Object.hasOwn(FORBIDDEN, name))
      throw new Error(`The row expression "${source}" calls ${name}. ${FORBIDDEN[name]}`);
    if (fields.object?.name === "op" && aggregateNamed(fields.property?.name ?? "") !== undefined)
      throw new Error(
        `The row expression "${source}" aggregates with ${name} in a function that cannot be parsed. Write the aggregate as an expression of its own.`,
      );
  }
  for (const child of childNodes(node)) rejectUnrepeatable(child, source);
}
