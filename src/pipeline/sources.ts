/** Where streams begin: a log that the notebook can see, or rows written in a cell. */
import type { ColumnType, Value } from "../columns/column.ts";
import { bounded, type WatermarkStrategy } from "../model/watermarks.ts";
import { Stream } from "./stream.ts";
import type { LiveInput, SourceNode, TimeField } from "./verbs/source.ts";

/** What `source` takes besides the file's name. */
export interface SourceOptions {
  /** Column of the event time, or the column with its unit or zone: `{column: "ts", unit: "s"}`. */
  eventTime: string | { column: string; unit?: TimeField["unit"]; timeZone?: string };
  /** Column of the arrival time. Without it rows arrive in file order at the greatest event time so far. */
  arrivalTime?: string | { column: string; unit?: TimeField["unit"]; timeZone?: string } | null;
  /** Column that says which partition a row came through. */
  partition?: string | null;
  /** Default: `bounded(0)`, no out-of-orderness at all. */
  watermark?: WatermarkStrategy;
  /** `"jsonl"`, `"csv"`, `"tsv"`, `"parquet"`, `"arrow"`; default by the file's name. */
  format?: string | null;
  /** Column types to state instead of having them inferred. */
  types?: Readonly<Record<string, ColumnType>>;
  /** Reads on as the file grows: rows arrive when they are read. Then `arrivalTime` is left out. */
  follow?: boolean;
  /** Of a recording: when reading stopped, ISO 8601 or ms; the source ends then and not with its last row. */
  ended?: string | number;
  /** Further options of the format, such as `delimiter`. */
  [option: string]: unknown;
}

/** A live source by its address, `http:`, `https:`, `ws:` or `wss:`, or one that is made up on this machine. */
export type LiveAddress = (
  | { url: string; format?: "jsonlines" | "sse" | null }
  | { simulate: string; rate?: number; seed?: number }
) &
  Partial<SourceOptions>;

/**
 * Reads an event log that the notebook can see, by its file name; with `follow` as it grows. `"-"` is the standard input of
 * the command line; `{url}` an HTTP stream of JSON lines or server-sent events, or a WebSocket of JSON messages.
 */
export function source(from: string | LiveAddress, options: Partial<SourceOptions> = {}): Stream {
  const all: Partial<SourceOptions> = typeof from === "string" ? options : { ...from, ...options };
  const { eventTime, arrivalTime, partition, watermark, format, types, follow, ended, url, simulate, ...rest } = all;
  const settings = { eventTime, arrivalTime, partition, watermark, types } as SourceOptions;
  const read = { format: format ?? null, options: rest as Record<string, Value> };
  const live =
    typeof from !== "string" || from === "-" || follow === true ? liveSource(from, url as unknown, simulate) : null;
  if (live === null) {
    const end = ended === undefined ? {} : { ended: momentOf(ended) };
    return new Stream(sourceNode({ kind: "file", name: from as string, ...read, ...end }, settings));
  }
  if (arrivalTime != null)
    throw new Error(
      `${live.name}: the rows of a live source arrive when they come. Leave arrivalTime out; a recording keeps it as _arrival.`,
    );
  return new Stream(sourceNode({ kind: "live", ...live, ...read }, settings));
}

function liveSource(
  from: string | LiveAddress,
  url: unknown,
  simulate: unknown,
): Pick<LiveInput, "connector" | "name"> {
  if (typeof from === "string")
    return from === "-" ? { connector: "stdin", name: from } : { connector: "follow", name: from };
  if (typeof simulate === "string") return { connector: "simulated", name: simulate };
  if (typeof url !== "string")
    throw new Error(
      'A source needs a file name or an address: source("log.jsonl", …) or source({url: "https://…"}, …).',
    );
  return { connector: /^wss?:/i.test(url) ? "websocket" : "http", name: url };
}

function momentOf(ended: string | number): number {
  const time = typeof ended === "number" ? ended : Date.parse(ended);
  if (Number.isFinite(time)) return time;
  throw new Error(`ended takes a time such as "2026-03-28T12:00:00.000Z", not ${JSON.stringify(ended)}.`);
}

/** Makes a stream of rows written in the cell, in order of arrival. */
export function rows(values: readonly Readonly<Record<string, Value>>[], options: SourceOptions): Stream {
  return new Stream(sourceNode({ kind: "rows", rows: values }, options));
}

function sourceNode(input: SourceNode["input"], options: SourceOptions): SourceNode {
  if (options?.eventTime === undefined)
    throw new Error(`A source needs its event time: source("log.jsonl", {eventTime: "column"}).`);
  return {
    verb: "source",
    input,
    eventTime: timeField(options.eventTime),
    arrivalTime: options.arrivalTime == null ? null : timeField(options.arrivalTime),
    partition: options.partition ?? null,
    watermark: options.watermark ?? bounded(0),
    types: options.types ?? {},
  };
}

function timeField(field: SourceOptions["eventTime"]): TimeField {
  return typeof field === "string"
    ? { column: field, unit: null, timeZone: null }
    : { column: field.column, unit: field.unit ?? null, timeZone: field.timeZone ?? null };
}
