/** Reads tables as they come over the wire. A column that is missing reads as empty, so that a young table draws nothing. */
import type { WireTable } from "../protocol/table.ts";
import type { Tables } from "./chart.ts";

const EMPTY: WireTable = { length: 0, columns: [] };

/** A table by its name, or an empty one. */
export function table(tables: Tables, name: string): WireTable {
  return tables[name] ?? EMPTY;
}

/** Reads a column as numbers (timestamps in ms); null and what is no number reads as NaN. */
export function numbers(of: WireTable, name: string): Float64Array {
  const column = of.columns.find(c => c.name === name);
  if (column === undefined) return new Float64Array(of.length).fill(NaN);
  if (column.values instanceof Float64Array) return column.values;
  return Float64Array.from(column.values, v => (typeof v === "number" ? v : typeof v === "boolean" ? Number(v) : NaN));
}

/** Reads a column as text; null reads as null. */
export function texts(of: WireTable, name: string): readonly (string | null)[] {
  const column = of.columns.find(c => c.name === name);
  if (column === undefined) return Array.from({ length: of.length }, () => null);
  return Array.from(column.values as ArrayLike<unknown>, v => (v === null || v === undefined ? null : String(v)));
}

/** Says whether a table has a column. */
export function has(of: WireTable, name: string): boolean {
  return of.columns.some(c => c.name === name);
}

/** Writes the keys of a row as one text, such as `alice · London`; empty without keys. */
export function keyTexts(of: WireTable, keys: readonly string[]): readonly string[] {
  const columns = keys.map(k => texts(of, k));
  return Array.from({ length: of.length }, (_, i) => columns.map(c => c[i] ?? "none").join(" · "));
}

/** Reads the key columns of one row as they are, by name. */
export function keyValues(of: WireTable, keys: readonly string[], row: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(keys.map(k => [k, of.columns.find(c => c.name === k)?.values[row] ?? null]));
}

/** Sums a column. */
export function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) if (!Number.isNaN(value)) total += value;
  return total;
}

/** Finds the least and greatest finite value; null when there is none. */
export function extent(...columns: readonly Float64Array[]): readonly [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const column of columns)
    for (const value of column)
      if (Number.isFinite(value)) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
  return low <= high ? [low, high] : null;
}
