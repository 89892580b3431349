/**
 * In which order the groups of a file are read so that its rows come in order of arrival: by their first arrival, which a
 * footer's statistics tell, or a first pass over the columns of times. Groups whose arrivals overlap are held at once.
 */
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { Column } from "../../columns/column.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { type DecodeOptions, SourceError } from "../log.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import { sourceLog } from "../source-log.ts";
import { logOfColumns } from "../whole-columns.ts";
import { bytesPerRow, type GroupedFile, type Range } from "./grouped-file.ts";

/** What is known of a group before it is read for its rows, ms. */
export interface Span {
  /** Its place among the file's groups. */
  readonly group: number;
  readonly rows: number;
  /** First and last arrival. */
  readonly start: number;
  readonly end: number;
  /** Least event time. */
  readonly least: number;
}

export interface OrderOptions {
  readonly decode: DecodeOptions;
  /** Bytes of decoded rows that may be held at once. */
  readonly most: number;
  /** Hears how far a first pass is, from 0 to 1. Awaited, so that a host can breathe; may throw, which ends it. */
  readonly onProgress?: (share: number) => void | Promise<void>;
}

/** Finds the order of a file's groups. Throws a `SourceError` when too many of them would have to be held at once. */
export async function orderOf(file: GroupedFile, node: SourceNode, options: OrderOptions): Promise<Span[]> {
  const spans = fromStatistics(file, node, options.decode) ?? (await firstPass(file, node, options));
  const filled = spans.filter(span => span.rows > 0);
  if (node.arrivalTime === null) return filled;
  filled.sort((a, b) => a.start - b.start || a.group - b.group);
  refuseDisorder(filled, file, node.arrivalTime.column, options);
  return filled;
}

/** Takes the ranges of both times from the footer; null where it does not tell all of them. */
function fromStatistics(file: GroupedFile, node: SourceNode, decode: DecodeOptions): Span[] | null {
  const times = rangesOf(file, node.eventTime.column, decode);
  if (times === null) return null;
  if (node.arrivalTime === null) return arrivingInFileOrder(file, times);
  const arrivals = rangesOf(file, node.arrivalTime.column, decode);
  if (arrivals === null) return null;
  return file.groups.map(({ rows }, group) => ({
    group,
    rows,
    start: arrivals[group].least,
    end: arrivals[group].greatest,
    least: times[group].least,
  }));
}

/** Rows without an arrival time arrive in file order, each at the greatest event time so far. */
function arrivingInFileOrder(file: GroupedFile, times: readonly Range[]): Span[] {
  let greatest = -Infinity;
  return file.groups.map(({ rows }, group) => {
    const { least } = times[group];
    const start = Math.max(greatest, least);
    greatest = Math.max(greatest, times[group].greatest);
    return { group, rows, start, end: greatest, least };
  });
}

/** Reads the ranges of a column as its values would be read: units and types by the same rules. */
function rangesOf(file: GroupedFile, name: string, decode: DecodeOptions): Range[] | null {
  const found = file.columns.find(c => nameOf(c.name, decode) === name);
  if (found === undefined) return null;
  const { column } = found;
  // Where clocks change, the order of local times is not that of the moments they mean.
  const zone = decode.times?.[name]?.timeZone ?? decode.timeZone ?? "UTC";
  const placed = found.local === true && !/^(Etc\/)?UTC$/i.test(zone);
  if (placed || (column.type !== "timestamp" && column.type !== "number")) return null;
  const values = new Float64Array(2 * file.groups.length);
  for (const [group, { rows }] of file.groups.entries()) {
    const range = rows === 0 ? { least: 0, greatest: 0 } : file.range(found.name, group);
    if (range === null) return null;
    values[2 * group] = range.least;
    values[2 * group + 1] = range.greatest;
  }
  const bounds: Column = { type: column.type, values, valid: null };
  const log = logOfColumns([{ ...found, column: bounds }], values.length, { ...decode, required: [name] });
  const [read] = log.batch.columns;
  if (log.batch.length < values.length || (read.type !== "timestamp" && read.type !== "number")) return null;
  return file.groups.map((_, group) => ({ least: read.values[2 * group], greatest: read.values[2 * group + 1] }));
}

export function nameOf(name: string, { rename }: DecodeOptions): string {
  return rename !== undefined && Object.hasOwn(rename, name) ? rename[name] : name;
}

/** Reads the columns of times, group by group, and keeps their ranges alone. */
async function firstPass(file: GroupedFile, node: SourceNode, options: OrderOptions): Promise<Span[]> {
  const { decode, onProgress } = options;
  const wanted = [node.eventTime, ...(node.arrivalTime === null ? [] : [node.arrivalTime])].map(t => t.column);
  const columns = new Set(file.columns.map(c => c.name).filter(name => wanted.includes(nameOf(name, decode))));
  const spans: Span[] = [];
  const plain: SourceNode = { ...node, partition: null };
  let greatest = -Infinity;
  for (const [group, { first, rows }] of file.groups.entries()) {
    const dictionaries = new Map<string, ByteDictionary>();
    const found = await file.read(group, columns);
    const decoded = logOfColumns(found, rows, decode, { first, dictionaries });
    const log = sourceLog(decoded, plain, decode.file ?? "The log", { greatest, partitions: new Dictionary() });
    const { length } = log.arrival;
    // Its rows are sorted by arrival.
    const start = length === 0 ? greatest : log.arrival[0];
    const end = length === 0 ? greatest : log.arrival[length - 1];
    let least = Infinity;
    for (const time of log.time) {
      if (time < least) least = time;
      if (time > greatest) greatest = time;
    }
    spans.push({ group, rows: length === 0 ? 0 : rows, start, end, least });
    await onProgress?.((group + 1) / file.groups.length);
  }
  return spans;
}

/** Refuses a file of which too much would have to be held at once. `spans` are in order of their starts. */
function refuseDisorder(spans: readonly Span[], file: GroupedFile, column: string, options: OrderOptions): void {
  const ends = spans.toSorted((a, b) => a.end - b.end);
  const size = bytesPerRow(file);
  let rows = 0;
  let groups = 0;
  let ended = 0;
  let worst = { rows: 0, groups: 0 };
  for (const span of spans) {
    for (; ends[ended].end < span.start; ended++) {
      rows -= ends[ended].rows;
      groups--;
    }
    rows += span.rows;
    groups++;
    if (rows > worst.rows) worst = { rows, groups };
  }
  if (worst.rows * size <= options.most) return;
  const name = options.decode.file ?? "The log";
  throw new SourceError(
    `${name} is too large to be in memory at once, and its rows are not in order of "${column}": at times ${worst.groups.toLocaleString("en")} of its ${spans.length.toLocaleString("en")} groups of rows would have to be held together, about ${megabytes(worst.rows * size)}. Sort it once, for example with DuckDB: COPY (FROM '${name}' ORDER BY "${column}") TO 'sorted.parquet' (ROW_GROUP_SIZE 122880). Or, where the memory is there, read it whole: memory: "whole".`,
    { file: name, field: column },
  );
}

function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
}
