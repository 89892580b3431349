/** Reads the arguments of aggregates: columns of any type as numbers, as truth values, or as values. */
import { type Column, type Value, valueAt } from "../../columns/column.ts";
import { toNumber, truthy } from "../../expressions/values.ts";
import { canonical } from "../../pipeline/identity.ts";

/** A column as numbers. `valid` is null when every row has one. */
export interface Numbers {
  values: Float64Array;
  valid: Uint8Array | null;
}

export const NO_NUMBERS: Numbers = { values: new Float64Array(0), valid: null };

/** Views a column as numbers; one that holds something else is converted, once per batch. */
export function numbersOf(column: Column): Numbers {
  if (column.type === "number" || column.type === "timestamp") return column;
  const length = column.type === "string" ? column.codes.length : column.values.length;
  const values = new Float64Array(length);
  const valid = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const number = toNumber(valueAt(column, i));
    values[i] = number ?? NaN;
    valid[i] = number === null ? 0 : 1;
  }
  return { values, valid };
}

/** Reads one row as a truth value: 1, 0, or −1 for null. */
export function truthAt(column: Column, row: number): number {
  const value = valueAt(column, row);
  return value === null ? -1 : truthy(value) ? 1 : 0;
}

/** Tells whether a row has a value that is not null. */
export function hasValue(column: Column, row: number): boolean {
  switch (column.type) {
    case "number":
    case "timestamp":
    case "boolean":
      return column.valid === null || column.valid[row] === 1;
    case "string":
      return column.codes[row] >= 0;
    case "json":
      return (column.values[row] ?? null) !== null;
  }
}

/** What two equal values have in common and two different ones have not; nested values are compared by their JSON with keys in order. */
export function identityOf(value: Value): number | string | boolean | null {
  if (value === null || typeof value !== "object") return value;
  return `\u0000${canonical(value)}`;
}

/** Orders values: numbers, then text, then the rest by their JSON; NaN comes after all numbers. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") {
    if (a < b) return -1;
    if (a > b) return 1;
    return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  }
  const rankA = rank(a);
  const rankB = rank(b);
  if (rankA !== rankB) return rankA - rankB;
  const x = rankA === 3 ? canonical(a) : (a as string | boolean);
  const y = rankB === 3 ? canonical(b) : (b as string | boolean);
  return x < y ? -1 : x > y ? 1 : 0;
}

function rank(value: Value): number {
  return typeof value === "boolean" ? 0 : typeof value === "number" ? 1 : typeof value === "string" ? 2 : 3;
}
