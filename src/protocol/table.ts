/** Tables on the wire: plain columns of plain values, small enough to copy (pages of tables, aggregates for charts). */

export type WireType = "number" | "timestamp" | "boolean" | "string" | "json";

export interface WireColumn {
  readonly name: string;
  readonly type: WireType;
  /** Numbers and timestamps (ms) as Float64Array with NaN for null; everything else as plain values with null. */
  readonly values: Float64Array | readonly unknown[];
}

export interface WireTable {
  readonly length: number;
  readonly columns: readonly WireColumn[];
  /** How often each row is there, where some row is there other than once; negative where it was taken back before it came. */
  readonly weights?: Int32Array;
}

/** Finds a column by name; undefined when there is none. */
export function wireColumn(table: WireTable, name: string): WireColumn | undefined {
  return table.columns.find(c => c.name === name);
}
