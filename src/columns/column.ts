/**
 * What a column is: one typed array per field, with dictionary-coded strings and an optional validity mask.
 *
 * Everything the engine does row after row reads these arrays; nothing in here allocates per row. The layout follows
 * Arrow's (values, validity, dictionary), with one simplification: validity is a byte per row, not a bit, because a
 * byte is read without shifting in JavaScript.
 */
import type { Dictionary } from "./dictionary.ts";

export type ColumnType = "number" | "timestamp" | "boolean" | "string" | "json";

/** Names one column of a batch. */
export interface Field {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

export type Schema = readonly Field[];

/** A scalar as a person writes it. Timestamps are milliseconds since the Unix epoch. */
export type Scalar = number | string | boolean | null;

/** A cell's value: a scalar, or whatever JSON held (`json` columns). */
export type Value = Scalar | readonly Value[] | { readonly [key: string]: Value };

/** Numbers, and timestamps in milliseconds since the Unix epoch. An invalid slot holds NaN. */
export interface NumberColumn {
  readonly type: "number" | "timestamp";
  readonly values: Float64Array;
  /** 1 where there is a value; null when every row has one. */
  readonly valid: Uint8Array | null;
}

/** Booleans as 0 and 1. */
export interface BooleanColumn {
  readonly type: "boolean";
  readonly values: Uint8Array;
  readonly valid: Uint8Array | null;
}

/** Strings as codes into a dictionary that all batches of one stream share; code -1 is null. */
export interface StringColumn {
  readonly type: "string";
  readonly codes: Int32Array;
  readonly dictionary: Dictionary;
}

/** Nested or mixed values, kept as JavaScript values; null is null. */
export interface JsonColumn {
  readonly type: "json";
  readonly values: readonly Value[];
}

export type Column = NumberColumn | BooleanColumn | StringColumn | JsonColumn;

/** Reads one cell. Use it at the borders (display, tests); loops over rows read the arrays themselves. */
export function valueAt(column: Column, row: number): Value {
  switch (column.type) {
    case "number":
    case "timestamp":
      return column.valid !== null && column.valid[row] === 0 ? null : column.values[row];
    case "boolean":
      return column.valid !== null && column.valid[row] === 0 ? null : column.values[row] === 1;
    case "string":
      return column.codes[row] < 0 ? null : column.dictionary.value(column.codes[row]);
    case "json":
      return column.values[row] ?? null;
  }
}

/** Views rows `[from, to)` of a column without copying (JSON columns copy the references). */
export function sliceColumn(column: Column, from: number, to: number): Column {
  switch (column.type) {
    case "number":
    case "timestamp":
      return {
        type: column.type,
        values: column.values.subarray(from, to),
        valid: column.valid === null ? null : column.valid.subarray(from, to),
      };
    case "boolean":
      return {
        type: "boolean",
        values: column.values.subarray(from, to),
        valid: column.valid === null ? null : column.valid.subarray(from, to),
      };
    case "string":
      return { type: "string", codes: column.codes.subarray(from, to), dictionary: column.dictionary };
    case "json":
      return { type: "json", values: column.values.slice(from, to) };
  }
}

/** Copies the rows named by `rows[0 … count)` into a new column, in that order. */
export function gatherColumn(column: Column, rows: Int32Array, count: number): Column {
  switch (column.type) {
    case "number":
    case "timestamp":
      return {
        type: column.type,
        values: gatherFloats(column.values, rows, count),
        valid: column.valid === null ? null : gatherBytes(column.valid, rows, count),
      };
    case "boolean":
      return {
        type: "boolean",
        values: gatherBytes(column.values, rows, count),
        valid: column.valid === null ? null : gatherBytes(column.valid, rows, count),
      };
    case "string": {
      const codes = new Int32Array(count);
      for (let i = 0; i < count; i++) codes[i] = column.codes[rows[i]];
      return { type: "string", codes, dictionary: column.dictionary };
    }
    case "json": {
      const values: Value[] = new Array(count);
      for (let i = 0; i < count; i++) values[i] = column.values[rows[i]];
      return { type: "json", values };
    }
  }
}

export function gatherFloats(from: Float64Array, rows: Int32Array, count: number): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = from[rows[i]];
  return out;
}

export function gatherBytes(from: Uint8Array, rows: Int32Array, count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = from[rows[i]];
  return out;
}
