/** Where streams begin: a log that the notebook can see, or rows written in a cell. */
import type { ColumnType, Value } from "../columns/column.ts";
import { bounded, type WatermarkStrategy } from "../model/watermarks.ts";
import { Stream } from "./stream.ts";
import type { SourceNode, TimeField } from "./verbs/source.ts";

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
  /** Further options of the format, such as `delimiter`. */
  [option: string]: unknown;
}

/** Reads an event log that the notebook can see, by its file name. */
export function source(name: string, options: SourceOptions): Stream {
  const { eventTime, arrivalTime, partition, watermark, format, types, ...rest } = options;
  return new Stream(
    sourceNode(
      { kind: "file", name, format: format ?? null, options: rest as Record<string, Value> },
      {
        eventTime,
        arrivalTime,
        partition,
        watermark,
        types,
      },
    ),
  );
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
