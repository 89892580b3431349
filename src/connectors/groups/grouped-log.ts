/**
 * A log that is read a group at a time, in order of arrival. Of its rows those are in memory that somebody still has to
 * take, the groups that overlap with them, and one group that is read ahead.
 *
 * ```
 * groups by first arrival   ├──0──┤ ├───1───┤
 *                                       ├────2────┤ ├──3──┤
 * read                      0, 1              known up to where 2 begins
 *                           2                 1 and 2 merged, known up to where 3 begins; what was taken of 0 and 1 is gone
 * ```
 *
 * Where a reader was when it read a group is noted, so that going back to a row begins with the groups around it.
 */
import type { Batch } from "../../columns/batch.ts";
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import { concatBatches, concatFloats, concatInts } from "../../columns/concat.ts";
import { BatchBuilder } from "../../columns/builder.ts";
import { type Column, valueAt } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import type { Columns } from "../../pipeline/columns-read.ts";
import type { SourceLog, WholeLog } from "../../pipeline/source-log.ts";
import { ERRORS_SCHEMA, type SourceNode } from "../../pipeline/verbs/source.ts";
import { type DecodeOptions, SourceError } from "../log.ts";
import { inOrder, sourceLog } from "../source-log.ts";
import { type FoundColumn, logOfColumns } from "../whole-columns.ts";
import type { GroupedFile } from "./grouped-file.ts";
import { nameOf, type OrderOptions, orderOf, type Span } from "./order.ts";

/** A place to begin at: what a reader had when it had read the first `groups` groups. */
interface Mark {
  readonly groups: number;
  /** Rows before the first that it still had, and the arrival and line of that one. */
  readonly first: number;
  readonly arrival: number;
  readonly line: number;
}

export class GroupedLog {
  /** The log with which a run begins: nothing is here yet, and nothing known. */
  readonly log: SourceLog;
  readonly #file: GroupedFile;
  readonly #node: SourceNode;
  readonly #decode: DecodeOptions;
  readonly #spans: readonly Span[];
  /** Least event time of the groups from each on. */
  readonly #least: Float64Array;
  readonly #dictionaries = new Map<string, ByteDictionary>();
  readonly #partitions = new Dictionary();
  /** Greatest event time before each of the groups, once that is known. */
  readonly #greatest: Float64Array;
  /** What could not be read of each group, once it has been read. */
  readonly #errors: (Batch | undefined)[];
  readonly #marks: Mark[] = [];

  private constructor(file: GroupedFile, node: SourceNode, options: OrderOptions, spans: readonly Span[]) {
    this.#file = file;
    this.#node = node;
    this.#decode = options.decode;
    this.#spans = spans;
    this.#least = new Float64Array(spans.length + 1).fill(Infinity);
    for (let k = spans.length - 1; k >= 0; k--) this.#least[k] = Math.min(this.#least[k + 1], spans[k].least);
    this.#greatest = new Float64Array(spans.length + 1).fill(-Infinity);
    this.#errors = new Array<Batch | undefined>(file.groups.length);
    const nothing = this.#logOf(-1, file.columns, 0, -Infinity);
    const { input } = node;
    const ended = input.kind === "file" && input.ended !== undefined ? { ended: input.ended } : {};
    const whole = wholeOf(spans);
    this.log = { ...nothing, ...ended, known: -Infinity, first: 0, whole, least: this.#least[0] };
  }

  /** Opens a log: finds the order of its groups, reading the columns of times where nothing else tells it. */
  static async open(file: GroupedFile, node: SourceNode, options: OrderOptions): Promise<GroupedLog> {
    return new GroupedLog(file, node, options, await orderOf(file, node, options));
  }

  /** Rows in the file. */
  get rows(): number {
    return this.#file.groups.reduce((sum, { rows }) => sum + rows, 0);
  }

  /**
   * Reads from row `from` on, which somebody has been at before, or from the beginning; of columns those that are looked at,
   * while the others hold nothing.
   */
  read(from = 0, columns: Columns = null): GroupReader {
    const mark = this.#marks.findLast(m => m.first <= from) ?? { groups: 0, first: 0, arrival: -Infinity, line: 0 };
    return new GroupReader(this, mark, columns);
  }

  /** Groups in the order in which they are read. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** Least event time of the groups from the `k`-th on. */
  leastFrom(k: number): number {
    return this.#least[k];
  }

  note(mark: Mark): void {
    const last = this.#marks.findLastIndex(m => m.groups <= mark.groups);
    if (last >= 0 && this.#marks[last].groups === mark.groups) this.#marks[last] = mark;
    else this.#marks.splice(last + 1, 0, mark);
  }

  /** Reads the `k`-th group as a log of its own, in order of arrival. */
  async piece(k: number, columns: Columns): Promise<SourceLog> {
    const { group } = this.#spans[k];
    const { rows } = this.#file.groups[group];
    const all = this.#file.columns;
    const inFile = columns && new Set(all.map(c => c.name).filter(name => columns.has(nameOf(name, this.#decode))));
    const read = await this.#file.read(group, inFile);
    const found = inFile === null ? read : all.map(c => read.find(r => r.name === c.name) ?? blank(c, rows));
    const log = this.#logOf(group, found, rows, this.#greatest[k]);
    this.#errors[group] = log.errors;
    // Without an arrival time a row arrives at the greatest event time so far, of all groups: they are read in file order.
    this.#greatest[k + 1] = log.arrival.at(-1) ?? this.#greatest[k];
    return log;
  }

  /** What could not be read of the first `k` groups. */
  errorsOf(k: number): Batch {
    const own = this.#spans.slice(0, k).flatMap(({ group }) => this.#errors[group] ?? []);
    return merged(own.filter(errors => errors.length > 0));
  }

  #logOf(group: number, found: Parameters<typeof logOfColumns>[0], rows: number, greatest: number): SourceLog {
    const first = group < 0 ? 0 : this.#file.groups[group].first;
    const decoded = logOfColumns(found, rows, this.#decode, { first, dictionaries: this.#dictionaries });
    // All groups have one schema, though not each has nulls.
    const schema = decoded.schema.map((field, i) => {
      const { name, column } = this.#file.columns[i];
      const converted = column.type !== field.type;
      return { ...field, nullable: converted || this.#file.nullable.has(name) };
    });
    const batch = { ...decoded.batch, schema };
    const before = { greatest, partitions: this.#partitions };
    return sourceLog({ ...decoded, schema, batch }, this.#node, this.#decode.file ?? "The log", before);
  }

  get name(): string {
    return this.#decode.file ?? "The log";
  }
}

/** Reads on in a grouped log, a group after the other, as its taker asks for more. */
export class GroupReader {
  readonly #log: GroupedLog;
  readonly #mark: Mark;
  #begun = false;
  /** Groups read, and what is in memory of them. */
  #groups: number;
  readonly #columns: Columns;
  #held: SourceLog;
  #first: number;
  #known = -Infinity;
  #errors: Batch | null = null;
  #ahead: Promise<SourceLog> | null = null;

  constructor(log: GroupedLog, mark: Mark, columns: Columns) {
    this.#log = log;
    this.#columns = columns;
    this.#mark = mark;
    this.#groups = mark.groups;
    this.#first = mark.first;
    this.#held = log.log;
  }

  /**
   * Resolves to the log with more rows, and without those before row `from`. At its end it says no more what is known. Rejects
   * with a `SourceError` when a group cannot be read, or does not hold what the footer says of it.
   */
  async more(from: number): Promise<SourceLog> {
    const { spans } = this.#log;
    if (!this.#begun) await this.#begin();
    this.#begun = true;
    this.#letGo(from);
    const before = this.#known;
    do {
      if (this.#groups === spans.length) break;
      const ahead = this.#ahead;
      this.#ahead = null;
      const piece = await (ahead ?? this.#log.piece(this.#groups, this.#columns));
      if (piece.arrival.length > 0 && piece.arrival[0] <= this.#known) throw this.#wrong(piece);
      this.#groups++;
      if (piece.errors.length > 0) this.#errors = null;
      this.#held = together(this.#held, piece);
      this.#known = this.#groups < spans.length ? justBefore(spans[this.#groups].start) : Infinity;
    } while (this.#known <= before);
    const { batch, time, arrival, partition, partitions, line } = this.#held;
    if (arrival.length > 0)
      this.#log.note({ groups: this.#groups, first: this.#first, arrival: arrival[0], line: line?.[0] ?? 0 });
    if (this.#groups < spans.length) {
      this.#ahead = this.#log.piece(this.#groups, this.#columns);
      // Whoever asks for it hears of a failure; perhaps nobody does.
      this.#ahead.catch(() => {});
    }
    const errors = (this.#errors ??= this.#log.errorsOf(this.#groups));
    const { whole, ended } = this.#log.log;
    const stopped = ended === undefined ? {} : { ended };
    const log: SourceLog = {
      ...stopped,
      batch,
      time,
      arrival,
      partition,
      partitions,
      line,
      errors,
      first: this.#first,
      whole,
    };
    return this.#groups === spans.length
      ? log
      : { ...log, known: this.#known, least: this.#log.leastFrom(this.#groups) };
  }

  close(): void {
    this.#ahead = null;
    this.#held = this.#log.log;
  }

  /** Reads the groups again that a reader had who was at the same place. */
  async #begin(): Promise<void> {
    const { spans } = this.#log;
    const { arrival, line } = this.#mark;
    for (let k = 0; k < this.#groups; k++) {
      if (spans[k].end < arrival) continue;
      const piece = await this.#log.piece(k, this.#columns);
      let from = 0;
      while (from < piece.arrival.length && isBefore(piece, from, arrival, line)) from++;
      this.#held = together(this.#held, slice(piece, from));
    }
  }

  #letGo(from: number): void {
    const gone = from - this.#first;
    if (gone <= 0) return;
    this.#held = slice(this.#held, gone);
    this.#first = from;
  }

  #wrong(piece: SourceLog): SourceError {
    const { name } = this.#log;
    const shown = new Date(piece.arrival[0]).toISOString();
    return new SourceError(
      `${name}: a row arrived at ${shown}, before all that its group is said to hold: the statistics in the file are wrong. Write the file again, or read it whole: memory: "whole".`,
      { file: name, line: piece.line?.[0] ?? 0 },
    );
  }
}

function isBefore(log: SourceLog, row: number, arrival: number, line: number): boolean {
  return log.arrival[row] < arrival || (log.arrival[row] === arrival && (log.line?.[row] ?? 0) < line);
}

/** The rows from one on, in arrays of their own: a view would keep those alive that have been let go. */
function slice(log: SourceLog, from: number): SourceLog {
  if (from === 0) return log;
  const length = Math.max(0, log.arrival.length - from);
  return inOrder(
    log,
    Int32Array.from({ length }, (_, i) => from + i),
  );
}

/** Stands for a column that nobody looks at: its type, and nothing in it. */
function blank(found: FoundColumn, rows: number): FoundColumn {
  return { ...found, column: nothing(found.column, rows) };
}

function nothing(column: Column, rows: number): Column {
  switch (column.type) {
    case "number":
    case "timestamp":
      return { type: column.type, values: new Float64Array(rows).fill(NaN), valid: new Uint8Array(rows) };
    case "boolean":
      return { type: "boolean", values: new Uint8Array(rows), valid: new Uint8Array(rows) };
    case "string":
      return { type: "string", codes: new Int32Array(rows).fill(-1), dictionary: column.dictionary };
    case "json":
      return { type: "json", values: new Array<null>(rows).fill(null) };
  }
}

/** Merges two logs in order of arrival; of equal arrivals the row comes first that does so in the file. */
function together(a: SourceLog, b: SourceLog): SourceLog {
  if (a.arrival.length === 0) return b;
  if (b.arrival.length === 0) return a;
  const both: SourceLog = {
    ...a,
    batch: concatBatches(a.batch, b.batch),
    time: concatFloats(a.time, b.time),
    arrival: concatFloats(a.arrival, b.arrival),
    partition: a.partition === null || b.partition === null ? null : concatInts(a.partition, b.partition),
    line: a.line === null || b.line === null ? null : concatInts(a.line, b.line),
  };
  const last = a.arrival.length - 1;
  if (isBefore(a, last, b.arrival[0], b.line?.[0] ?? 0)) return both;
  const order = new Int32Array(both.arrival.length);
  let i = 0;
  let j = 0;
  for (let o = 0; o < order.length; o++) {
    const first = j === b.arrival.length || (i <= last && isBefore(a, i, b.arrival[j], b.line?.[j] ?? 0));
    order[o] = first ? i++ : a.arrival.length + j++;
  }
  return inOrder(both, order);
}

function merged(batches: readonly Batch[]): Batch {
  if (batches.length === 1) return batches[0];
  const builder = new BatchBuilder(ERRORS_SCHEMA);
  for (const batch of batches)
    for (let row = 0; row < batch.length; row++) builder.append(batch.columns.map(column => valueAt(column, row)));
  return builder.take();
}

function wholeOf(spans: readonly Span[]): WholeLog {
  return {
    rows: spans.reduce((sum, { rows }) => sum + rows, 0),
    start: spans.reduce((least, { start }) => Math.min(least, start), Infinity),
    end: spans.reduce((greatest, { end }) => Math.max(greatest, end), -Infinity),
    parts: spans.map(({ rows, start, end }) => ({ rows, start, end })),
  };
}

const FLOAT = new Float64Array(1);
const BITS = new BigInt64Array(FLOAT.buffer);

/** The greatest number below another: a time up to which nothing is left out that comes at `time`. */
function justBefore(time: number): number {
  if (time === 0) return -Number.MIN_VALUE;
  FLOAT[0] = time;
  BITS[0] += time > 0 ? -1n : 1n;
  return FLOAT[0];
}
