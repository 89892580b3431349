/**
 * What operators mean on values: JavaScript's semantics, with one answer for null, kept in one place so that the
 * interpreter, the compiled kernels and the printers cannot drift apart.
 *
 * - There is one null: `undefined`, a missing column value and a missing json field are null.
 * - Arithmetic, bitwise operators and `+` on text give null when either side is null. So does a template literal.
 * - `<`, `<=`, `>` and `>=` are false when either side is null. `===` and `==` are true for two nulls and false for one.
 * - `&&`, `||`, `!` and `?:` follow JavaScript's truthiness: null, false, 0, NaN and "" are false. `??` catches null only.
 * - A scalar function of null is null, unless its record says otherwise; tests (`startswith`, `includes`, …) are false.
 * - `==` between different types compares as numbers, as in JavaScript. NaN is a number, not null, and equals nothing.
 * - Where JavaScript would write `[object Object]`, a nested value is NaN as a number and its JSON as text.
 */
import type { Value } from "../columns/column.ts";
import type { BinaryOperator, UnaryOperator } from "./tree.ts";

/** Tells whether a value counts as true in a condition. */
export function truthy(value: Value): boolean {
  return !!value;
}

/** Reads a value as a number: text as `Number` does, booleans as 0 and 1, nested values as NaN; null stays null. */
export function toNumber(value: Value): number | null {
  if (typeof value === "number" || value === null) return value;
  return typeof value === "object" ? NaN : Number(value);
}

/** Reads a value as text: nested values as JSON; null stays null. */
export function toText(value: Value): string | null {
  if (typeof value === "string" || value === null) return value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Adds two values: text is joined when either side is text, anything else is added as numbers. */
export function add(a: Value, b: Value): Value {
  if (a === null || b === null) return null;
  if (typeof a === "string" || typeof b === "string") return `${toText(a)}${toText(b)}`;
  return (toNumber(a) as number) + (toNumber(b) as number);
}

/** Compares as `==` does, with null equal to null alone. */
export function looselyEqual(a: Value, b: Value): boolean {
  if (a === null || b === null || typeof a === typeof b) return a === b;
  if (typeof a === "object" || typeof b === "object") return false;
  return Number(a) === Number(b);
}

function less(a: Value, b: Value): boolean {
  if (a === null || b === null) return false;
  return typeof a === "string" && typeof b === "string" ? a < b : (toNumber(a) as number) < (toNumber(b) as number);
}

function atMost(a: Value, b: Value): boolean {
  if (a === null || b === null) return false;
  return typeof a === "string" && typeof b === "string" ? a <= b : (toNumber(a) as number) <= (toNumber(b) as number);
}

function numeric(apply: (a: number, b: number) => number): (a: Value, b: Value) => Value {
  return (a, b) => (a === null || b === null ? null : apply(toNumber(a) as number, toNumber(b) as number));
}

/** Every binary operator on values. */
export const BINARY: Readonly<Record<BinaryOperator, (a: Value, b: Value) => Value>> = {
  "+": add,
  "-": numeric((a, b) => a - b),
  "*": numeric((a, b) => a * b),
  "/": numeric((a, b) => a / b),
  "%": numeric((a, b) => a % b),
  "**": numeric((a, b) => a ** b),
  "&": numeric((a, b) => a & b),
  "|": numeric((a, b) => a | b),
  "^": numeric((a, b) => a ^ b),
  "<<": numeric((a, b) => a << b),
  ">>": numeric((a, b) => a >> b),
  ">>>": numeric((a, b) => a >>> b),
  "<": less,
  "<=": atMost,
  ">": (a, b) => less(b, a),
  ">=": (a, b) => atMost(b, a),
  "==": looselyEqual,
  "!=": (a, b) => !looselyEqual(a, b),
  "===": (a, b) => a === b,
  "!==": (a, b) => a !== b,
};

/** Every unary operator on values. */
export const UNARY: Readonly<Record<UnaryOperator, (a: Value) => Value>> = {
  "-": a => (a === null ? null : -(toNumber(a) as number)),
  "+": toNumber,
  "~": a => (a === null ? null : ~(toNumber(a) as number)),
  "!": a => !truthy(a),
  typeof: a => typeof a,
};

/**
 * Reads a field of an object, an element of an array or a character of a text. What is not there is null; inherited
 * properties (`constructor`, `toString`) are never there, so a field's name cannot reach into the language.
 */
export function member(object: Value, property: Value): Value {
  if (object === null || property === null || typeof property === "object") return null;
  if (typeof object === "string") return typeof property === "number" ? (object[property] ?? null) : null;
  if (typeof object !== "object" || !Object.hasOwn(object, String(property))) return null;
  return (object as Readonly<Record<string, Value>>)[String(property)] ?? null;
}

/** Makes what a person's own function returned a value: dates become timestamps, `undefined` becomes null. */
export function asValue(returned: unknown): Value {
  if (returned === undefined || returned === null) return null;
  if (returned instanceof Date) return Number.isNaN(returned.getTime()) ? null : returned.getTime();
  if (typeof returned === "bigint") return Number(returned);
  if (typeof returned === "function" || typeof returned === "symbol")
    throw new Error(
      `A row function returned a ${typeof returned}; it must return a number, text, boolean, null or JSON.`,
    );
  return returned as Value;
}
