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
  const weights = weightsOf(table, page.from, length, order);
  return {
    from: page.from,
    page: {
      length,
      ...(weights === null ? {} : { weights }),
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

/** Weights of the rows of a page of a Z-set; null when every row is there once, as in all other tables. */
function weightsOf(table: Table, from: number, length: number, order: Order | null): Int32Array | null {
  if (table.kind.kind !== "z-set") return null;
  const all = table.weights();
  const weights = Int32Array.from({ length }, (_, i) => all[table.placeOf(from + i, order)]);
  return weights.every(w => w === 1) ? null : weights;
}
