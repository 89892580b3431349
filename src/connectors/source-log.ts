/**
 * Makes what the engine replays out of what a decoder read: both times as arrays, rows in order of arrival, partitions
 * as codes. The decoder has already read the times; a row without a readable time is among its errors.
 */
import { columnIndex } from "../columns/batch.ts";
import type { Column } from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode, TimeField } from "../pipeline/verbs/source.ts";
import { type DecodedLog, SourceError } from "./log.ts";
import { atOnce, type Pieces, stretches } from "./pieces.ts";
import { batchInOrder, floatsInOrder, intsInOrder, orderOfTimes } from "./row-order.ts";

/** What a part of a log has from those before it. */
export interface Before {
  /** Greatest event time, ms. */
  readonly greatest: number;
  /** Names of partitions that are not texts in the file. */
  readonly partitions: Dictionary;
}

/**
 * Returns the log of a source, or a part of it. Throws a `SourceError` naming the file and the field when a column that the
 * source names is missing or is no time.
 */
export function sourceLog(
  decoded: DecodedLog,
  node: SourceNode,
  file: string,
  before: Before | null = null,
): SourceLog {
  return atOnce(sourceLogInPieces(decoded, node, file, before));
}

/** Does the same, pausing now and then. */
export function* sourceLogInPieces(
  decoded: DecodedLog,
  node: SourceNode,
  file: string,
  before: Before | null = null,
): Pieces<SourceLog> {
  const time = timesOf(decoded, node.eventTime, "eventTime", file);
  const arrival =
    node.arrivalTime === null
      ? yield* greatestSoFar(time, before?.greatest ?? -Infinity)
      : timesOf(decoded, node.arrivalTime, "arrivalTime", file);
  const partition =
    node.partition === null ? null : partitionOf(decoded, node.partition, file, before?.partitions ?? new Dictionary());
  const log: SourceLog = {
    batch: decoded.batch,
    time,
    arrival,
    partition: partition?.codes ?? null,
    partitions: partition?.dictionary ?? null,
    line: decoded.line,
    errors: decoded.errors,
  };
  return (yield* isSorted(arrival)) ? log : yield* sortedByArrival(log);
}

function timesOf(decoded: DecodedLog, field: TimeField, option: string, file: string): Float64Array {
  const column = columnOf(decoded, field.column, option, file);
  if (column.type === "timestamp" || column.type === "number") return column.values;
  throw new SourceError(
    `${file}: the ${option} column "${field.column}" holds ${column.type} values, not times. Name a column of times, or state how to read it: ${option}: {column: "${field.column}", unit: "ms"}.`,
    { file, field: field.column },
  );
}

function columnOf(decoded: DecodedLog, name: string, option: string, file: string): Column {
  const index = columnIndex(decoded.schema, name);
  if (index >= 0) return decoded.batch.columns[index];
  throw new SourceError(
    `${file}: there is no column "${name}" for ${option}. The file has: ${decoded.schema.map(f => f.name).join(", ")}.`,
    { file, field: name },
  );
}

function partitionOf(
  decoded: DecodedLog,
  name: string,
  file: string,
  dictionary: Dictionary,
): { codes: Int32Array; dictionary: Dictionary } {
  const column = columnOf(decoded, name, "partition", file);
  if (column.type === "string") return { codes: column.codes, dictionary: column.dictionary };
  const codes = new Int32Array(decoded.batch.length);
  if (column.type === "json")
    throw new SourceError(
      `${file}: the partition column "${name}" holds nested values. Name a column of texts or numbers.`,
      { file, field: name },
    );
  for (let i = 0; i < codes.length; i++)
    codes[i] = column.valid !== null && column.valid[i] === 0 ? -1 : dictionary.code(String(column.values[i]));
  return { codes, dictionary };
}

/** Without arrival times rows arrive in file order, each at the greatest event time so far. */
function* greatestSoFar(time: Float64Array, before: number): Pieces<Float64Array> {
  const out = new Float64Array(time.length);
  let greatest = before;
  yield* stretches(time.length, (from, to) => {
    greatest = fillGreatest(time, out, from, to, greatest);
  });
  return out;
}

function fillGreatest(time: Float64Array, out: Float64Array, from: number, to: number, before: number): number {
  let greatest = before;
  for (let i = from; i < to; i++) out[i] = greatest = Math.max(greatest, time[i]);
  return greatest;
}

function* isSorted(values: Float64Array): Pieces<boolean> {
  let sorted = true;
  yield* stretches(values.length, (from, to) => {
    sorted &&= rises(values, Math.max(1, from), to);
  });
  return sorted;
}

function rises(values: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (values[i] < values[i - 1]) return false;
  return true;
}

/** A log whose lines are not in order of arrival is replayed in that order; equal arrivals keep the order of the file. */
function* sortedByArrival(log: SourceLog): Pieces<SourceLog> {
  return yield* inOrderInPieces(log, yield* orderOfTimes(log.arrival));
}

/** A log with its rows in another order. */
export function inOrder(log: SourceLog, order: Int32Array): SourceLog {
  return atOnce(inOrderInPieces(log, order));
}

function* inOrderInPieces(log: SourceLog, order: Int32Array): Pieces<SourceLog> {
  return {
    ...log,
    batch: yield* batchInOrder(log.batch, order),
    time: yield* floatsInOrder(log.time, order),
    arrival: yield* floatsInOrder(log.arrival, order),
    partition: log.partition === null ? null : yield* intsInOrder(log.partition, order),
    line: log.line === null ? null : yield* intsInOrder(log.line, order),
  };
}
