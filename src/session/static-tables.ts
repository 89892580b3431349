/**
 * Tables that cells compute, as they are shown: the rows of a query, an Arquero table. Their pages are cut here, so that
 * they look and behave like those of streams without the engine knowing of them.
 */
import type { Sort } from "../protocol/session.ts";
import type { WireColumn, WireTable, WireType } from "../protocol/table.ts";

/** A table that does not change, with what is known of how it came about. */
export interface StaticTable {
  readonly table: WireTable;
  /** Nothing will be added to what it was computed from. */
  readonly complete: boolean;
}

const known = new WeakMap<object, StaticTable>();

/** Says that a value, such as an array of rows, is to be shown as a table. Returns the value. */
export function shownAs<T extends object>(value: T, table: StaticTable): T {
  known.set(value, table);
  return value;
}

/** Finds the table that a value is shown as; null for what is no table. */
export function staticTable(value: unknown): StaticTable | null {
  if (typeof value !== "object" || value === null) return null;
  const found = known.get(value);
  if (found !== undefined) return found;
  if (!isArquero(value)) return null;
  const names = value.columnNames();
  const columns = names.map(name => columnOf(name, value.array(name)));
  const made = { table: { length: value.numRows(), columns }, complete: true };
  known.set(value, made);
  return made;
}

/** The part of an Arquero table that shows what is in it; `array` heeds filters and orders. */
interface ArqueroTable {
  numRows(): number;
  columnNames(): string[];
  array(name: string): ArrayLike<unknown>;
}

function isArquero(value: object): value is ArqueroTable {
  const { numRows, columnNames, array } = value as Partial<ArqueroTable>;
  return typeof numRows === "function" && typeof columnNames === "function" && typeof array === "function";
}

/** Makes a column of whatever values: numbers, dates, booleans and texts if all are, else anything. */
export function columnOf(name: string, values: ArrayLike<unknown>, type: WireType = typeOf(values)): WireColumn {
  const list = Array.from(values);
  if (type !== "number" && type !== "timestamp") return { name, type, values: list.map(v => v ?? null) };
  const numbers = list.map(v =>
    v instanceof Date ? v.getTime() : v === null || v === undefined ? NaN : Number(v as number | bigint),
  );
  return { name, type, values: Float64Array.from(numbers) };
}

function typeOf(values: ArrayLike<unknown>): WireType {
  let type: WireType | null = null;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) continue;
    const own =
      typeof value === "number" || typeof value === "bigint"
        ? "number"
        : typeof value === "string" || typeof value === "boolean"
          ? (typeof value as "string" | "boolean")
          : value instanceof Date
            ? "timestamp"
            : "json";
    if (type !== null && own !== type) return "json";
    type = own;
  }
  return type ?? "string";
}

/** Cuts rows `[from, from + count)` out of a table in an order; nulls come last in either direction. */
export function staticPage(
  table: WireTable,
  { from, count, sort }: { readonly from: number; readonly count: number; readonly sort: Sort },
): { from: number; page: WireTable } {
  const start = Math.max(0, Math.min(from, table.length));
  const end = Math.min(table.length, start + count);
  const by = sort === null ? undefined : table.columns.find(c => c.name === sort.column);
  const places = Array.from({ length: table.length }, (_, i) => i);
  if (by !== undefined && sort !== null) {
    const sign = sort.descending ? -1 : 1;
    places.sort((a, b) => compare(by.values[a], by.values[b], sign) || a - b);
  }
  const shown = places.slice(start, end);
  const columns = table.columns.map(({ name, type, values }) => ({
    name,
    type,
    values: values instanceof Float64Array ? Float64Array.from(shown, i => values[i]) : shown.map(i => values[i]),
  }));
  return { from: start, page: { length: shown.length, columns } };
}

function compare(a: unknown, b: unknown, sign: number): number {
  const x = ordinal(a);
  const y = ordinal(b);
  if (x === null || y === null) return x === null ? (y === null ? 0 : 1) : -1;
  return x < y ? -sign : x > y ? sign : 0;
}

function ordinal(value: unknown): number | string | null {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  if (typeof value === "number" || typeof value === "string") return value;
  return typeof value === "boolean" ? Number(value) : JSON.stringify(value);
}

/** Writes a table as row objects, a row as often as its weight says; NaN is null. */
export function rowsOf(table: WireTable): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  for (let i = 0; i < table.length; i++) {
    const row: Record<string, unknown> = {};
    for (const column of table.columns) {
      const value = column.values[i];
      row[column.name] = typeof value === "number" && Number.isNaN(value) ? null : value;
    }
    for (let times = table.weights?.[i] ?? 1; times > 0; times--) rows.push(row);
  }
  return rows;
}
