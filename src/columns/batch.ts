/** What a batch is: some rows as columns of equal length. */
import { type Column, gatherColumn, type Schema, sliceColumn, type Value, valueAt } from "./column.ts";

export interface Batch {
  readonly schema: Schema;
  readonly length: number;
  /** One column per field, in the schema's order. */
  readonly columns: readonly Column[];
}

/** Finds a column's index by name, or -1. */
export function columnIndex(schema: Schema, name: string): number {
  for (let i = 0; i < schema.length; i++) if (schema[i].name === name) return i;
  return -1;
}

/** Finds a column by name. Throws with the names there are when it is missing. */
export function columnNamed(batch: Batch, name: string): Column {
  const index = columnIndex(batch.schema, name);
  if (index < 0)
    throw new Error(`There is no column "${name}". There are: ${batch.schema.map(f => f.name).join(", ")}.`);
  return batch.columns[index];
}

/** Views rows `[from, to)` without copying. */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.length) return batch;
  return { schema: batch.schema, length: to - from, columns: batch.columns.map(c => sliceColumn(c, from, to)) };
}

/** Copies the rows named by `rows[0 … count)` into a new batch, in that order. */
export function gatherBatch(batch: Batch, rows: Int32Array, count: number): Batch {
  return { schema: batch.schema, length: count, columns: batch.columns.map(c => gatherColumn(c, rows, count)) };
}

export type Row = Record<string, Value>;

/** Reads one row as an object. For borders and tests; loops read the columns. */
export function rowAt(batch: Batch, row: number): Row {
  const out: Row = {};
  for (let c = 0; c < batch.schema.length; c++) out[batch.schema[c].name] = valueAt(batch.columns[c], row);
  return out;
}

/** Reads all rows as objects, in order. */
export function rowsOf(batch: Batch): Row[] {
  return Array.from({ length: batch.length }, (_, i) => rowAt(batch, i));
}
