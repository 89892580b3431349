/** Turns pages of tables into what the protocol carries. */
import type { Table } from "../engine/table.ts";
import type { WireTable } from "../protocol/table.ts";

/** Rows `[from, from + count)` of a table in the order of `slots` (null: its own): numbers and times as arrays with NaN for null, the rest as plain values. */
export function wirePage(
  table: Table,
  from: number,
  count: number,
  slots: Int32Array | null,
): { from: number; page: WireTable } {
  const page = table.cells(from, count, slots);
  const length = page.columns[0]?.values.length ?? 0;
  const weights = weightsOf(table, page.from, length, slots);
  return { from: page.from, page: { length, ...(weights === null ? {} : { weights }), columns: page.columns } };
}

/** Weights of the rows of a page of a Z-set; null when every row is there once, as in all other tables. */
function weightsOf(table: Table, from: number, length: number, slots: Int32Array | null): Int32Array | null {
  if (table.kind.kind !== "z-set") return null;
  const weights = table.weights(from, from + length, slots);
  return weights.every(w => w === 1) ? null : weights;
}
