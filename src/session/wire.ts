/** Turns pages of tables into what the protocol carries. */
import type { Table, Order } from "../engine/table.ts";
import type { WireTable } from "../protocol/table.ts";

/** Rows `[from, from + count)` of a table: numbers and times as arrays with NaN for null, the rest as plain values. */
export function wirePage(
  table: Table,
  from: number,
  count: number,
  order: Order | null,
): { from: number; page: WireTable } {
  const page = table.page(from, count, order);
  const length = page.columns[0]?.values.length ?? 0;
  return {
    from: page.from,
    page: {
      length,
      columns: page.columns.map(({ name, type, values }) => ({
        name,
        type,
        values:
          type === "number" || type === "timestamp"
            ? Float64Array.from(values, v => (v === null ? NaN : (v as number)))
            : values,
      })),
    },
  };
}
