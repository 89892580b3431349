/**
 * What stands beside the lines of a live recording: its descriptor from the start, so that it can be read whatever happens,
 * and at its end the same rows as Parquet. The lines stay: they hold what came, also what could not be read.
 */
import type { ColumnType, Schema } from "../columns/column.ts";
import { ARRIVAL, OFFSET, PARTITION } from "../connectors/live/envelope.ts";
import { GrowingLog } from "../connectors/live/growing-log.ts";
import type { LiveInput } from "../pipeline/verbs/source.ts";
import type { LiveReplay, LiveRequest } from "../protocol/live.ts";
import { readingOf } from "./live-sources.ts";
import { type DataPackage, describeRecording, descriptorText, recordSource, replayOptions } from "./record.ts";

/** What is known of a recording. Times in ms. */
export interface LiveRecordingFacts {
  readonly request: LiveRequest;
  readonly types: Readonly<Record<string, string>>;
  /** File name without its ending. */
  readonly stem: string;
  readonly rows: number;
  readonly bytes: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly ended: number | null;
}

/** How a host reads and writes files of a recording's folder. */
export interface RecordingFolder {
  read(name: string): Promise<Uint8Array>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** A recording larger than this stays as lines: making Parquet of it would need all of it in memory. */
const LARGEST_PARQUET = 512 * 2 ** 20;

/** Writes the descriptor of a recording that goes on. */
export async function describeLive(folder: RecordingFolder, facts: LiveRecordingFacts): Promise<void> {
  await folder.write(descriptorName(facts), descriptorText(linesDescriptor(facts, 0)));
}

/** Completes a recording: writes its rows as Parquet beside the lines, and the descriptor. Says how it is replayed. */
export async function sealLive(folder: RecordingFolder, facts: LiveRecordingFacts): Promise<LiveReplay> {
  const { stem, request, types, ended, bytes } = facts;
  let descriptor: DataPackage | null = null;
  let malformed = 0;
  if (bytes <= LARGEST_PARQUET) {
    const growing = new GrowingLog(readingOf(request), types as Record<string, ColumnType>);
    growing.push(new TextDecoder().decode(await folder.read(`${stem}.jsonl`)));
    const log = growing.log(null, ended);
    malformed = log.errors.length;
    const node = { input: request.input as LiveInput, eventTime: readingOf(request).eventTime, watermark: null };
    const parquet = recordSource(log, node, stem, "parquet", growing.offsets);
    await folder.write(`${stem}.parquet`, parquet.files[0].bytes);
    // Malformed lines are part of what came, and only the lines hold them.
    if (malformed === 0) descriptor = parquet.descriptor;
  }
  descriptor ??= linesDescriptor(facts, malformed);
  await folder.write(descriptorName(facts), descriptorText(descriptor));
  return liveReplay(descriptor);
}

/** How `source` reads a recording. */
export function liveReplay(descriptor: DataPackage): LiveReplay {
  const [{ path, tidemark }] = descriptor.resources;
  return { file: path, options: replayOptions(descriptor), columns: tidemark.columns };
}

/** The descriptor of the lines themselves: rows as they came, with the event time as the source wrote it. */
export function linesDescriptor(facts: LiveRecordingFacts, malformed: number): DataPackage {
  const { request, types, stem, rows, bytes, first, last, ended } = facts;
  const { column, unit, timeZone } = readingOf(request).eventTime;
  const own = Object.entries({ ...types, [column]: "timestamp" }) as [string, ColumnType][];
  const schema: Schema = [
    ...own.map(([name, type]) => ({ name, type, nullable: name !== column })),
    { name: ARRIVAL, type: "timestamp", nullable: false },
    { name: PARTITION, type: "string", nullable: true },
    { name: OFFSET, type: "number", nullable: false },
  ];
  return describeRecording(schema, stem, "jsonl", bytes, {
    of: "source",
    from: request.input.name,
    rows: rows - malformed,
    malformed,
    eventTime: column,
    arrivalTime: ARRIVAL,
    partition: request.partition === null ? null : PARTITION,
    offset: OFFSET,
    first: iso(first),
    last: iso(last),
    columns: own.map(([name]) => name),
    watermark: null,
    ended: iso(ended),
    ...(unit === null ? {} : { eventTimeUnit: unit }),
    ...(timeZone === null ? {} : { eventTimeZone: timeZone }),
  });
}

function descriptorName({ stem }: LiveRecordingFacts): string {
  return `${stem}.datapackage.json`;
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
