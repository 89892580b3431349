/** Arquero in cells: loaded with the first cell that uses it. Its tables are shown as tables. */
import { type ColumnTable, from, table } from "arquero";
import { staticTable } from "./static-tables.ts";

/** Makes an Arquero table of rows: of `latest(…)`, of what a SQL cell gives, or of any objects. */
export function toArquero(rows: readonly object[]): ColumnTable {
  const known = staticTable(rows);
  // Without rows objects say nothing of their columns; tables do.
  if (known === null) return from([...rows]);
  return table(known.table.columns.map(({ name, values }) => [name, Array.from(values as ArrayLike<unknown>)]));
}
