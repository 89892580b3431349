/**
 * Records a source's rows, or a stream's changes, so that they can be replayed: the rows in order of arrival as Parquet or
 * JSON lines, with when each arrived, through which partition, and where in the source it stood, and beside them a
 * descriptor that any reader of Data Packages understands (Frictionless Data, version 2).
 *
 * A recording is complete: a replay of it gives the same output, hash for hash, as the source did.
 */
import type { Batch } from "../columns/batch.ts";
import { batchOf } from "../columns/builder.ts";
import { type Column, type ColumnType, type Field, type Schema, type Value, valueAt } from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { encodeJsonLines } from "../connectors/jsonlines/encode.ts";
import { encodeParquet } from "../connectors/parquet/encode.ts";
import { clockOf, dense } from "../engine/flow.ts";
import { TIMINGS } from "../model/panes.ts";
import { formatDuration } from "../model/time.ts";
import type { WatermarkStrategy } from "../model/watermarks.ts";
import type { Node } from "../pipeline/node.ts";
import { replacingSources } from "../pipeline/rewrite.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import { source as sourceStream, type SourceOptions } from "../pipeline/sources.ts";
import { Stream } from "../pipeline/stream.ts";
import type { SourceNode, TimeField } from "../pipeline/verbs/source.ts";
import { type HeadlessStream, runOf } from "./headless.ts";

export const RECORDING_FORMATS = ["parquet", "jsonl"] as const;
export type RecordingFormat = (typeof RECORDING_FORMATS)[number];

/** What is written beside the rows' own columns. */
const ARRIVAL = "_arrival";
const PARTITION = "_partition";
const OFFSET = "_offset";

/** How a recording is to be read, in the descriptor under `tidemark`. */
export interface RecordingNotes {
  readonly of: "source" | "changes";
  /** The file that was read, or null for rows of a cell. */
  readonly from: string | null;
  readonly rows: number;
  /** Lines of the source that could not be read and are not in the recording. */
  readonly malformed: number;
  readonly eventTime: string;
  readonly arrivalTime: string;
  readonly partition: string | null;
  readonly offset: string;
  /** First and last arrival, ISO 8601. */
  readonly first: string | null;
  readonly last: string | null;
  /** The rows' own columns, in order. */
  readonly columns: readonly string[];
  readonly watermark: WatermarkStrategy | null;
  /** Of a live source: when reading stopped, ISO 8601; null while it goes on. */
  readonly ended?: string | null;
  /** Unit and zone of the event time, where the rows hold it as the source wrote it. */
  readonly eventTimeUnit?: TimeField["unit"];
  readonly eventTimeZone?: string | null;
}

export interface DataPackage {
  readonly $schema: string;
  readonly name: string;
  readonly title: string;
  readonly resources: readonly [
    {
      readonly name: string;
      readonly type: "table";
      readonly path: string;
      readonly format: string;
      readonly mediatype: string;
      readonly encoding: "utf-8";
      readonly bytes: number;
      readonly schema: { readonly fields: readonly FieldDescriptor[] };
      readonly tidemark: RecordingNotes;
    },
  ];
}

interface FieldDescriptor {
  readonly name: string;
  readonly type: "number" | "datetime" | "boolean" | "string" | "any";
  readonly description?: string;
  readonly constraints?: { readonly required: true };
}

export interface Recording {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly descriptor: DataPackage;
}

/**
 * Records a source's rows. `name` becomes the file's name. `places`: where each row stood in the source; default its line. `group`:
 * rows in a group of Parquet's, as it is read of a log that is larger than memory; default 131,072.
 */
export function recordSource(
  log: SourceLog,
  node: Pick<SourceNode, "input" | "eventTime"> & { readonly watermark: WatermarkStrategy | null },
  name: string,
  format: RecordingFormat,
  places?: Float64Array,
  group?: number,
): Recording {
  const { batch } = log;
  const reserved = [ARRIVAL, PARTITION, OFFSET].find(n => batch.schema.some(f => f.name === n));
  if (reserved !== undefined)
    throw new Error(`${name} has a column "${reserved}", which a recording writes itself. Rename it before recording.`);
  const partitions: Column =
    log.partition === null
      ? { type: "string", codes: new Int32Array(batch.length).fill(-1), dictionary: new Dictionary() }
      : { type: "string", codes: log.partition, dictionary: log.partitions ?? new Dictionary() };
  const offsets = places ?? Float64Array.from({ length: batch.length }, (_, row) => log.line?.[row] ?? row + 1);
  const extended = extend(batch, [
    [
      { name: ARRIVAL, type: "timestamp", nullable: false },
      { type: "timestamp", values: log.arrival, valid: null },
    ],
    [{ name: PARTITION, type: "string", nullable: log.partition === null }, partitions],
    [
      { name: OFFSET, type: "number", nullable: false },
      { type: "number", values: offsets, valid: null },
    ],
  ]);
  return recording(
    extended,
    name,
    format,
    {
      of: "source",
      from: node.input.kind === "rows" ? null : node.input.name,
      rows: batch.length,
      malformed: log.errors.length,
      eventTime: node.eventTime.column,
      arrivalTime: ARRIVAL,
      partition: log.partition === null ? null : PARTITION,
      offset: OFFSET,
      first: isoOrNull(log.arrival[0]),
      last: isoOrNull(log.arrival[batch.length - 1]),
      columns: batch.schema.map(f => f.name),
      watermark: node.watermark,
      ...(log.ended === undefined ? {} : { ended: isoOrNull(log.ended) }),
    },
    group,
  );
}

const CHANGE_FIELDS: Schema = [
  { name: "_time", type: "timestamp", nullable: true },
  { name: ARRIVAL, type: "timestamp", nullable: false },
  { name: "_weight", type: "number", nullable: false },
  { name: "_timing", type: "string", nullable: true },
  { name: OFFSET, type: "number", nullable: false },
];

/** Runs a stream to the end and records its changes: each row with its weight, event time and the time it came out. */
export function recordChanges(
  headless: HeadlessStream,
  name: string,
  format: RecordingFormat,
  profile?: string,
  group?: number,
): Recording {
  const { schema } = headless;
  const fields = [...schema.filter(f => !CHANGE_FIELDS.some(c => c.name === f.name)), ...CHANGE_FIELDS];
  const rows: Record<string, Value>[] = [];
  const { run } = runOf(headless, {
    ...(profile === undefined ? {} : { profile }),
    onChanges: (given, step) => {
      const flow = dense(given);
      for (let i = 0; i < flow.count; i++) {
        const row: Record<string, Value> = {};
        flow.batch.schema.forEach((field, c) => (row[field.name] = valueAt(flow.batch.columns[c], i)));
        const clock = clockOf(flow, step, i);
        // A pane of all time has no event time that a file could hold: when it came out stands for it.
        row["_time"] = Number.isFinite(flow.time[i]) ? flow.time[i] : clock;
        row[ARRIVAL] = clock;
        row["_weight"] = flow.weight === null ? 1 : flow.weight[i];
        row["_timing"] = flow.pane === null ? null : TIMINGS[flow.pane.timing[i]];
        row[OFFSET] = rows.length + 1;
        rows.push(row);
      }
    },
  });
  run.finish();
  return recording(
    batchOf(fields, rows),
    name,
    format,
    {
      of: "changes",
      from: null,
      rows: rows.length,
      malformed: 0,
      eventTime: "_time",
      arrivalTime: ARRIVAL,
      partition: null,
      offset: OFFSET,
      first: isoOrNull(rows[0]?.[ARRIVAL]),
      last: isoOrNull(rows[rows.length - 1]?.[ARRIVAL]),
      columns: schema.map(f => f.name),
      watermark: null,
    },
    group,
  );
}

function extend(batch: Batch, more: readonly (readonly [Field, Column])[]): Batch {
  return {
    ...batch,
    schema: [...batch.schema, ...more.map(([field]) => field)],
    columns: [...batch.columns, ...more.map(([, column]) => column)],
  };
}

function isoOrNull(time: Value | undefined): string | null {
  return typeof time === "number" && Number.isFinite(time) ? new Date(time).toISOString() : null;
}

const TYPES = { number: "number", timestamp: "datetime", boolean: "boolean", string: "string", json: "any" } as const;

const MEDIA = { parquet: "application/vnd.apache.parquet", jsonl: "application/jsonl" } as const;

const MEANINGS: Readonly<Record<string, string>> = {
  [ARRIVAL]: "When the row arrived; the processing time of a replay.",
  [PARTITION]: "The partition through which it came.",
  [OFFSET]: "Its place in what was recorded, from 1.",
  _time: "Event time of the change.",
  _weight: "1 for a row that came out, -1 for one that was taken back.",
  _timing: "Timing of the pane: early, on-time or late.",
};

function recording(
  batch: Batch,
  name: string,
  format: RecordingFormat,
  notes: RecordingNotes,
  group: number | undefined,
): Recording {
  const bytes = format === "parquet" ? encodeParquet(batch, group) : encodeJsonLines(batch);
  const schema = batch.schema.map((field, c) => ({ ...field, nullable: hasNulls(batch.columns[c], batch.length) }));
  const descriptor = describeRecording(schema, name, format, bytes.length, notes);
  return {
    files: [
      { name: descriptor.resources[0].path, bytes },
      { name: "datapackage.json", bytes: descriptorText(descriptor) },
    ],
    descriptor,
  };
}

/** Writes a descriptor as the text of its file. */
export function descriptorText(descriptor: DataPackage): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(descriptor, null, 2)}\n`);
}

/** Describes a recording: a file `name.format` of so many bytes, with these fields. */
export function describeRecording(
  schema: Schema,
  name: string,
  format: RecordingFormat,
  bytes: number,
  notes: RecordingNotes,
): DataPackage {
  const slug = name.toLowerCase().replaceAll(/[^-a-z0-9._]+/g, "-");
  const fields = schema.map((field): FieldDescriptor => {
    const meaning = MEANINGS[field.name];
    return {
      name: field.name,
      type: TYPES[field.type],
      ...(meaning === undefined ? {} : { description: meaning }),
      ...(field.nullable ? {} : { constraints: { required: true } }),
    };
  });
  return {
    $schema: "https://datapackage.org/profiles/2.0/datapackage.json",
    name: slug,
    title: notes.of === "source" ? `The rows of ${name}, as they arrived` : `The changes of ${name}, as they came out`,
    resources: [
      {
        name: slug,
        type: "table",
        path: `${name}.${format}`,
        format,
        mediatype: MEDIA[format],
        encoding: "utf-8",
        bytes,
        schema: { fields },
        tidemark: notes,
      },
    ],
  };
}

function hasNulls(column: Column, length: number): boolean {
  for (let row = 0; row < length; row++) {
    const value = valueAt(column, row);
    if (value === null || (column.type === "timestamp" && !Number.isFinite(value))) return true;
  }
  return false;
}

const READ_AS: Readonly<Record<FieldDescriptor["type"], ColumnType>> = {
  number: "number",
  datetime: "timestamp",
  boolean: "boolean",
  string: "string",
  any: "json",
};

/** The source that reads a recording, with the rows' own columns alone in what comes out. `watermark` stands in for the recorded one. */
export function recordedStream(descriptor: DataPackage, watermark?: WatermarkStrategy): Stream {
  return new Stream(recordedSource(descriptor, watermark)).select(...descriptor.resources[0].tidemark.columns);
}

function recordedSource(descriptor: DataPackage, watermark?: WatermarkStrategy): SourceNode {
  const [{ path, tidemark }] = descriptor.resources;
  const strategy = watermark ?? tidemark.watermark ?? undefined;
  const options = { ...replayOptions(descriptor), ...(strategy === undefined ? {} : { watermark: strategy }) };
  return sourceStream(path, options).node as SourceNode;
}

/** The options with which `source` reads a recording, all but the watermark: plain data. */
export function replayOptions(descriptor: DataPackage): Omit<SourceOptions, "watermark"> {
  const [{ format, schema, tidemark }] = descriptor.resources;
  const { eventTime: column, eventTimeUnit: unit = null, eventTimeZone: timeZone = null, ended } = tidemark;
  return {
    format,
    eventTime:
      unit === null && timeZone === null
        ? column
        : { column, ...(unit === null ? {} : { unit }), ...(timeZone === null ? {} : { timeZone }) },
    arrivalTime: tidemark.arrivalTime,
    partition: tidemark.partition,
    ...(ended == null ? {} : { ended }),
    types: Object.fromEntries(schema.fields.map(f => [f.name, READ_AS[f.type]])),
  };
}

/** Returns a function that rewrites pipelines to read recordings: `find` gives that of a source, or null for one that stays. */
export function replaying(find: (source: SourceNode) => DataPackage | null): (node: Node) => Node {
  const own = (source: SourceNode): SourceNode => {
    const found = find(source);
    return found === null ? source : recordedSource(found, source.watermark);
  };
  return replacingSources(source => {
    const found = find(source);
    return found === null ? source : recordedStream(found, source.watermark).node;
  }, own);
}

/** The cell that reads a recording, as text for a notebook. */
export function recordingCell(descriptor: DataPackage, variable: string): string {
  const [{ path, schema, tidemark }] = descriptor.resources;
  const isLive = tidemark.ended !== undefined;
  // The types of a live source were told from its first rows, and stand for all that came after.
  const times = schema.fields.filter(f => isLive || f.type === "datetime" || f.type === "any");
  const types = times.map(f => `${JSON.stringify(f.name)}: "${READ_AS[f.type]}"`).join(", ");
  const basis = tidemark.watermark?.basis;
  const { idle = null, future = null } = tidemark.watermark ?? {};
  const rest = [...(idle === null ? [] : [`idle: ${idle}`]), ...(future === null ? [] : [`future: ${future}`])];
  const watermark =
    basis?.kind === "bounded"
      ? `\n  watermark: bounded(${basis.delay}${rest.length > 0 ? `, {${rest.join(", ")}}` : ""}), // ${formatDuration(basis.delay)}`
      : "";
  const { eventTime, ended } = replayOptions(descriptor);
  return `const ${variable} = source(${JSON.stringify(path)}, {
  eventTime: ${JSON.stringify(eventTime)},
  arrivalTime: ${JSON.stringify(tidemark.arrivalTime)},${tidemark.partition === null ? "" : `\n  partition: ${JSON.stringify(tidemark.partition)},`}${watermark}${ended === undefined ? "" : `\n  ended: ${JSON.stringify(ended)},`}
  types: {${types}},
}).select(${tidemark.columns.map(c => JSON.stringify(c)).join(", ")});
`;
}
