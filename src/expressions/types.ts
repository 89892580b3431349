/**
 * Infers what type an expression gives and whether it can be null, from the schema it reads. Sound, not clever: a value
 * the interpreter gives always fits the inferred type, and where two types meet the result is `json`, which holds all.
 */
import type { ColumnType, Schema, Value } from "../columns/column.ts";
import { aggregateType } from "./aggregates.ts";
import { checkArity, functionNamed, mayGiveNull, parameterAt } from "./functions.ts";
import type { BinaryExpr, CallExpr, ColumnExpr, Expr, RowExpression } from "./tree.ts";

/** A column's type without its name. */
export interface ValueType {
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** As `ValueType`, with a type for the literal null, which fits everywhere. */
export interface InferredType {
  readonly type: ColumnType | "null";
  readonly nullable: boolean;
}

const ALWAYS_NULL: InferredType = { type: "null", nullable: true };

/** Returns the type of what a row expression gives. Throws when it names a column the schema lacks. */
export function typeOf(expression: RowExpression, schemas: readonly Schema[]): ValueType {
  return asValueType(inferType(expression.expr, schemas, expression.parameters));
}

/** Chooses a column type for what is always null: json, which holds nothing else either. */
export function asValueType({ type, nullable }: InferredType): ValueType {
  return { type: type === "null" ? "json" : type, nullable };
}

/** Infers the type of a part of an expression. */
export function inferType(
  expr: Expr,
  schemas: readonly Schema[],
  parameters: Readonly<Record<string, Value>>,
): InferredType {
  const infer = (e: Expr): InferredType => inferType(e, schemas, parameters);
  switch (expr.kind) {
    case "literal":
      return typeOfValue(expr.value);
    case "parameter":
      return typeOfValue(parameterValue(parameters, expr.name));
    case "column":
      return columnType(expr, schemas);
    case "unary": {
      const { nullable } = infer(expr.argument);
      if (expr.operator === "!") return { type: "boolean", nullable: false };
      if (expr.operator === "typeof") return { type: "string", nullable: false };
      return { type: "number", nullable };
    }
    case "binary":
      return binaryType(expr, infer(expr.left), infer(expr.right));
    case "logical": {
      const left = infer(expr.left);
      const right = infer(expr.right);
      // `||` and `??` never hand out a null from the left; `&&` may.
      const { operator } = expr;
      const nullable =
        operator === "||"
          ? right.nullable
          : operator === "??"
            ? left.nullable && right.nullable
            : left.nullable || right.nullable;
      return { ...commonType(left, right), nullable };
    }
    case "conditional":
      infer(expr.test);
      return commonType(infer(expr.consequent), infer(expr.alternate));
    case "call":
      return callType(expr, expr.arguments.map(infer));
    case "aggregate":
      return aggregateType(
        expr.name,
        expr.arguments.map(a => asValueType(infer(a))),
      );
    case "member": {
      const object = infer(expr.object);
      infer(expr.property);
      return { type: object.type === "string" ? "string" : "json", nullable: true };
    }
    case "opaque":
      return { type: "json", nullable: true };
  }
}

/** Returns the type of a value that is at hand. */
export function typeOfValue(value: Value): InferredType {
  if (value === null) return ALWAYS_NULL;
  const type = typeof value;
  return { type: type === "number" || type === "string" || type === "boolean" ? type : "json", nullable: false };
}

/** Looks a parameter's value up. Throws when it is missing. */
export function parameterValue(parameters: Readonly<Record<string, Value>>, name: string): Value {
  const value: Value | undefined = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (value === undefined) throw new Error(`The parameter "${name}" has no value. Give it one: {${name}: …}.`);
  return value;
}

/** The smallest type that holds the values of both. */
export function commonType(a: InferredType, b: InferredType): InferredType {
  const nullable = a.nullable || b.nullable;
  if (a.type === b.type || b.type === "null") return { type: a.type, nullable };
  if (a.type === "null") return { type: b.type, nullable };
  const numbers = (t: InferredType): boolean => t.type === "number" || t.type === "timestamp";
  return { type: numbers(a) && numbers(b) ? "number" : "json", nullable };
}

function binaryType(expr: BinaryExpr, left: InferredType, right: InferredType): InferredType {
  const nullable = left.nullable || right.nullable;
  switch (expr.operator) {
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "==":
    case "!=":
    case "===":
    case "!==":
      return { type: "boolean", nullable: false };
    case "+":
      if (left.type === "null" || right.type === "null") return ALWAYS_NULL;
      if (left.type === "string" || right.type === "string") return { type: "string", nullable };
      if (left.type === "json" || right.type === "json") return { type: "json", nullable };
      return { type: (left.type === "timestamp") !== (right.type === "timestamp") ? "timestamp" : "number", nullable };
    case "-":
      return { type: left.type === "timestamp" && right.type !== "timestamp" ? "timestamp" : "number", nullable };
    default:
      return { type: "number", nullable };
  }
}

function callType(expr: CallExpr, args: readonly InferredType[]): InferredType {
  const fn = functionNamed(expr.name);
  checkArity(fn, args.length);
  const common = args.length === 0 ? ALWAYS_NULL : args.reduce(commonType);
  // Text that is no time reads as null.
  const someNull = args.some(
    (a, i) => a.nullable || (parameterAt(fn, i) === "time" && a.type !== "number" && a.type !== "timestamp"),
  );
  if (expr.name === "coalesce") return { ...common, nullable: args.every(a => a.nullable) };
  const nullable = mayGiveNull(fn, args[0]?.type === "string") || (fn.nulls === "null" && someNull);
  if (fn.result === "common") return { ...common, nullable };
  if (fn.result === "same")
    return { type: args[0].type === "timestamp" && common.type === "timestamp" ? "timestamp" : "number", nullable };
  if (typeof fn.result === "object") return { type: args[0].type === "string" ? fn.result.ofText : "json", nullable };
  return { type: fn.result, nullable };
}

function columnType(expr: ColumnExpr, schemas: readonly Schema[]): InferredType {
  const schema = schemas[expr.side];
  if (schema === undefined)
    throw new Error(`"${expr.name}" is read from a second row, but there is only one. Use the first parameter.`);
  const field = schema.find(f => f.name === expr.name);
  if (field === undefined) throw new Error(unknownColumn(expr.name, schema));
  return field;
}

/** Says that a column is missing, which was probably meant, and which there are. */
export function unknownColumn(name: string, schema: Schema): string {
  const names = schema.map(f => f.name);
  const near = nearest(name, names);
  const guess = near === undefined ? "" : ` Did you mean "${near}"?`;
  return `There is no column "${name}".${guess} There are: ${names.join(", ") || "none"}.`;
}

/** Finds the name that takes the fewest changed letters, if a third of them or fewer change. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.floor(Math.max(name.length, 3) / 3) + 0.5;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Counts the insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last: number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}
