/**
 * Evaluates an expression for one row at a time. It is the readable twin that compiled kernels are tested against, and
 * what runs where code generation is forbidden. The tree is turned into closures once, so that a row costs no dispatch
 * on kinds and no look-up of names.
 */
import { type Batch, columnIndex, rowAt } from "../columns/batch.ts";
import { type Schema, type Value, valueAt } from "../columns/column.ts";
import { toTime } from "./dateparts.ts";
import { functionNamed, type ParameterType, parameterAt, type ScalarFunction } from "./functions.ts";
import type { CallExpr, Expr, OpaqueExpr, RowExpression } from "./tree.ts";
import { parameterValue, unknownColumn } from "./types.ts";
import { asValue, BINARY, member, toNumber, toText, truthy, UNARY } from "./values.ts";

/** The rows an expression is evaluated for: one row, or a pair of a join. */
export interface Rows {
  readonly batches: readonly Batch[];
  /** Row number in each of the batches. */
  readonly rows: number[] | Int32Array;
}

export type Evaluator = (at: Rows) => Value;

/** Makes a function of a row object from an opaque function's source; `compile.ts` has the one that does. */
export type FunctionCompiler = (
  expr: OpaqueExpr,
  parameters: Readonly<Record<string, Value>>,
) => (...rows: unknown[]) => unknown;

/** Refuses opaque functions: without code generation, source text cannot run. */
export const NO_FUNCTIONS: FunctionCompiler = expr => {
  throw new Error(
    `The function "${expr.source}" has to run as it is, because ${expr.reason}, and code generation is forbidden here. Write it in the expression language.`,
  );
};

/** Prepares an expression for evaluation. Parameters are read anew for every row, so they may change in between. */
export function evaluator(
  expression: RowExpression,
  schemas: readonly Schema[],
  compileFunction: FunctionCompiler = NO_FUNCTIONS,
): Evaluator {
  const { parameters } = expression;
  const prepare = (expr: Expr): Evaluator => {
    switch (expr.kind) {
      case "literal": {
        const { value } = expr;
        return () => value;
      }
      case "parameter": {
        const { name } = expr;
        return () => parameterValue(parameters, name);
      }
      case "column": {
        const { side } = expr;
        const index = columnIndex(schemas[side] ?? [], expr.name);
        if (index < 0) throw new Error(unknownColumn(expr.name, schemas[side] ?? []));
        return at => valueAt(at.batches[side].columns[index], at.rows[side]);
      }
      case "unary": {
        const apply = UNARY[expr.operator];
        const argument = prepare(expr.argument);
        return at => apply(argument(at));
      }
      case "binary": {
        const apply = BINARY[expr.operator];
        const left = prepare(expr.left);
        const right = prepare(expr.right);
        return at => apply(left(at), right(at));
      }
      case "logical": {
        const left = prepare(expr.left);
        const right = prepare(expr.right);
        if (expr.operator === "??") return at => left(at) ?? right(at);
        if (expr.operator === "||") return at => left(at) || right(at);
        return at => left(at) && right(at);
      }
      case "conditional": {
        const test = prepare(expr.test);
        const consequent = prepare(expr.consequent);
        const alternate = prepare(expr.alternate);
        return at => (truthy(test(at)) ? consequent(at) : alternate(at));
      }
      case "call":
        return prepareCall(expr, prepare);
      case "member": {
        const object = prepare(expr.object);
        const property = prepare(expr.property);
        return at => member(object(at), property(at));
      }
      case "aggregate":
        throw new Error(aggregateOutOfPlace(expr.name));
      case "opaque": {
        const run = compileFunction(expr, parameters);
        return at => asValue(run(...at.batches.map((batch, side) => rowAt(batch, at.rows[side]))));
      }
    }
  };
  return prepare(expression.expr);
}

/** Says that an aggregate stands where a row's value is wanted. */
export function aggregateOutOfPlace(name: string): string {
  return `op.${name} aggregates many rows, but a value of one row is wanted here. Aggregates belong in rollup.`;
}

function prepareCall(expr: CallExpr, prepare: (expr: Expr) => Evaluator): Evaluator {
  const fn = functionNamed(expr.name);
  const args = expr.arguments.map(prepare);
  return at =>
    applyFunction(
      fn,
      args.map(argument => argument(at)),
    );
}

/** Applies a function to values of any type: converts them to what it takes, and answers for null by its rule. */
export function applyFunction(fn: ScalarFunction, args: readonly Value[]): Value {
  const converted = args.map((value, i) => convertArgument(parameterAt(fn, i), value));
  if (fn.nulls !== "seen" && converted.includes(null)) return fn.nulls === "false" ? false : null;
  return fn.apply(...converted);
}

/** Reads a value as what a parameter takes; null when it cannot be. */
export function convertArgument(type: ParameterType, value: Value): Value {
  switch (type) {
    case "number":
      return toNumber(value);
    case "string":
      return toText(value);
    case "boolean":
      return value === null ? null : truthy(value);
    case "time":
      return toTime(value);
    case "any":
      return value;
  }
}

/** Evaluates an expression for one row of a batch. For borders and tests; loops prepare an `evaluator` once. */
export function interpret(expression: RowExpression, batch: Batch, row: number): Value {
  return evaluator(expression, [batch.schema])({ batches: [batch], rows: [row] });
}
