/**
 * A log in memory that threads share: its columns, times and codes are not copied from one to the other, and its dictionaries'
 * strings, which cannot be shared, are handed over once.
 */
import type { Batch } from "../../columns/batch.ts";
import { batchOf } from "../../columns/builder.ts";
import type { Column, Schema, Value } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import { ERRORS_SCHEMA } from "../../pipeline/verbs/source.ts";

/** A log as plain data that a structured clone carries to another thread. */
export interface SharedLog {
  readonly schema: Schema;
  readonly length: number;
  readonly columns: readonly SharedColumn[];
  readonly time: Float64Array;
  readonly arrival: Float64Array;
  readonly partition: Int32Array | null;
  readonly partitions: readonly string[] | null;
  readonly ended: number | null;
}

type SharedColumn =
  | { readonly type: "number" | "timestamp"; readonly values: Float64Array; readonly valid: Uint8Array | null }
  | { readonly type: "boolean"; readonly values: Uint8Array; readonly valid: Uint8Array | null }
  | { readonly type: "string"; readonly codes: Int32Array; readonly strings: readonly string[] }
  | { readonly type: "json"; readonly values: readonly Value[] };

/** Puts a log where threads can share it. What lies there already stays where it is; what could not be read is left out. */
export function shareLog({ batch, time, arrival, partition, partitions, ended }: SourceLog): SharedLog {
  return {
    schema: batch.schema,
    length: batch.length,
    columns: batch.columns.map(shareColumn),
    time: shared(time),
    arrival: shared(arrival),
    partition: partition === null ? null : shared(partition),
    partitions: partitions === null ? null : [...partitions.values],
    ended: ended ?? null,
  };
}

/** Bytes of a log that would have to be copied for threads to share it. */
export function logBytes({ batch, time, arrival, partition }: SourceLog): number {
  const arrays = batch.columns.map(column =>
    column.type === "string" ? column.codes : column.type === "json" ? null : column.values,
  );
  return [...arrays, time, arrival, partition].reduce(
    (sum, array) => sum + (array === null || array.buffer instanceof SharedArrayBuffer ? 0 : array.byteLength),
    0,
  );
}

/** Makes the log of shared memory again, in another thread. */
export function openLog(from: SharedLog): SourceLog {
  const batch: Batch = { schema: from.schema, length: from.length, columns: from.columns.map(openColumn) };
  return {
    batch,
    time: from.time,
    arrival: from.arrival,
    partition: from.partition,
    partitions: from.partitions === null ? null : new Dictionary(from.partitions),
    line: null,
    errors: batchOf(ERRORS_SCHEMA, []),
    ...(from.ended === null ? {} : { ended: from.ended }),
  };
}

/** Lists the dictionaries of a log's columns, in the columns' order: the same in every thread. */
export function dictionariesOf({ batch }: SourceLog): Dictionary[] {
  return batch.columns.flatMap(column => (column.type === "string" ? [column.dictionary] : []));
}

function shareColumn(column: Column): SharedColumn {
  switch (column.type) {
    case "number":
    case "timestamp":
      return { type: column.type, values: shared(column.values), valid: maybe(column.valid) };
    case "boolean":
      return { type: column.type, values: shared(column.values), valid: maybe(column.valid) };
    case "string":
      return { type: "string", codes: shared(column.codes), strings: [...column.dictionary.values] };
    case "json":
      return { type: "json", values: column.values };
  }
}

function openColumn(column: SharedColumn): Column {
  if (column.type !== "string") return column;
  return { type: "string", codes: column.codes, dictionary: new Dictionary(column.strings) };
}

function maybe(array: Uint8Array | null): Uint8Array | null {
  return array === null ? null : shared(array);
}

/** Returns an array of the same values in shared memory: itself if it lies there. */
export function shared<A extends Float64Array | Int32Array | Uint8Array>(array: A): A {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const Make = array.constructor as new (buffer: SharedArrayBuffer) => A;
  const out = new Make(new SharedArrayBuffer(array.byteLength));
  out.set(array as never);
  return out;
}
