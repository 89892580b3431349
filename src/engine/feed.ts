/**
 * Feeds the rows of one source into a run, in order of arrival, with the watermark after each.
 *
 * A feed is asked when it next has something to say (`next`), and told to say it (`take`): a row, or the moment at which
 * a partition turned idle or a periodic watermark is due. Whoever builds the timeline merges several feeds by those
 * times. A source alone, whose watermark needs no such moments, is read in whole stretches (`stretch`).
 */
import { sliceBatch } from "../columns/batch.ts";
import type { Profile } from "../model/profiles.ts";
import type { WatermarkStrategy } from "../model/watermarks.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { boundedWatermark } from "./watermarks/bounded.ts";
import { type Parts, PartsOfLog } from "./watermarks/parts.ts";
import { PartitionedWatermark } from "./watermarks/partitions.ts";

/** What a feed said at a position: a row of its log, or nothing but progress. */
export const NO_ROW = -1;

export class SourceFeed {
  readonly node: SourceNode;
  #log: SourceLog;
  /** The node's, in the profile's reading. */
  readonly #strategy: WatermarkStrategy;
  /** What says which part of the source, partition or key, each row belongs to. */
  readonly #partsOfLog: PartsOfLog;
  /** The same for the present log; null where the source has one watermark as a whole. */
  #parts: Parts | null;
  readonly #progress: PartitionedWatermark;
  /** Hindsight: the least timestamp among the rows after each; null unless the strategy is `perfect`. */
  #hindsight: Float64Array | null = null;
  readonly #every: number | null;
  readonly #atEnd: boolean;
  /** Rows taken so far. */
  #cursor = 0;
  /** Greatest event time so far, for stretches. */
  readonly #greatest = new Float64Array([-Infinity]);
  /** What the strategy says, and what has been said of it: they differ only between periodic watermarks. */
  #known = -Infinity;
  #said = -Infinity;
  /** When the next periodic watermark is due. */
  #due = Infinity;
  /** Where watermarks wait for the end of a bundle: the one that rows meet. Otherwise rows meet what was said last. */
  readonly #bundled: boolean;
  #met = -Infinity;
  #ended = false;
  /** Whether the moment has passed at which a log that was read live was stopped. */
  #stopped = false;
  #late = 0;
  /** Whether a row carries the watermark; null where every row does. */
  readonly #punctuation: ((log: SourceLog, row: number) => boolean) | null;

  constructor(
    node: SourceNode,
    log: SourceLog,
    profile: Profile,
    punctuation: ((log: SourceLog, row: number) => boolean) | null = null,
  ) {
    this.node = node;
    this.#log = log;
    const watermark = profiled(node.watermark, profile);
    this.#strategy = watermark;
    this.#partsOfLog = new PartsOfLog(watermark, profile);
    this.#parts = this.#partsOfLog.of(log);
    this.#progress = new PartitionedWatermark(watermark);
    this.#every =
      watermark.every ?? watermark.microBatch ?? (profile.watermark === "periodic" ? profile.watermarkPeriod : null);
    this.#atEnd = profile.watermark === "end-of-input";
    this.#bundled = profile.watermark === "bundle" || profile.watermark === "micro-batch";
    this.#punctuation = punctuation;
    if (watermark.basis.kind === "perfect") this.#hindsight = hindsight(log.time, log.least);
  }

  get log(): SourceLog {
    return this.#log;
  }

  /** The row of the log that is taken next: rows taken so far, but for those that have been let go. */
  get offset(): number {
    return this.#cursor;
  }

  /** Rows taken so far. */
  get rows(): number {
    return (this.#log.first ?? 0) + this.#cursor;
  }

  get watermark(): number {
    return this.#said;
  }

  /** What each partition, or each key, contributes; the one of a source without any is partition 0. */
  get progress(): PartitionedWatermark {
    return this.#progress;
  }

  /** Whether partitions or keys have watermarks of their own: that of code c is partition c + 1. */
  get partitioned(): boolean {
    return this.#parts !== null;
  }

  /** The name of a partition, or what a key is in text; "" for rows without one. */
  nameOf(partition: number): string {
    return partition > 0 ? (this.#parts?.names.value(partition - 1) ?? "") : "";
  }

  /** Rows that lay behind the watermark when they arrived. */
  get late(): number {
    return this.#late;
  }

  /** Whether every row has been taken and the end has been said. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Gives the feed a longer log that begins with the rows of the present one, or with a later one that it has not passed. Throws
   * once the source has ended.
   */
  extend(log: SourceLog): void {
    if (this.#ended)
      throw new Error(
        "The source has ended, so no rows can follow. Work the run with a finite `until` while more may come.",
      );
    const offset = this.rows - (log.first ?? 0);
    if (offset < 0) throw new Error("A log cannot let go of rows that have not been taken yet.");
    this.#log = log;
    this.#cursor = offset;
    this.#parts = this.#partsOfLog.of(log);
    if (this.#hindsight !== null) this.#hindsight = hindsight(log.time, log.least);
  }

  /** Whether rows may still follow those of the log. */
  get open(): boolean {
    return this.#log.known !== undefined;
  }

  /** Processing time up to which it is known what arrives, inclusive; Infinity where the log is complete. */
  get known(): number {
    return this.#log.known ?? Infinity;
  }

  /** Processing time at which the feed next has something to say; Infinity when nothing is left but the end. */
  next(): number {
    const arrival = this.#cursor < this.#log.arrival.length ? this.#log.arrival[this.#cursor] : Infinity;
    // Where no row is left and none can follow, nobody waits for a silence to be noticed: the end comes first.
    const ended = this.#log.ended ?? -Infinity;
    if (arrival === Infinity && !this.open && (this.#stopped || ended === -Infinity)) return Infinity;
    const idle = this.#progress.nextIdle();
    // A log that was stopped after its last row says until then what a live one said; stopping is a moment of its own.
    if (arrival === Infinity && !this.open) return Math.min(idle, this.#due, ended);
    // A row that arrives at the very moment its partition would turn idle keeps it awake.
    const soonest = idle < arrival ? idle : arrival;
    return this.#due <= arrival && this.#due < soonest ? this.#due : soonest;
  }

  /** Whether what is due at `now`, which is `next()`, is a row. */
  givesRow(now: number): boolean {
    return this.#cursor < this.#log.arrival.length && now >= this.#log.arrival[this.#cursor] && this.#due > now;
  }

  /** Says what is due at `now`, which is `next()`: returns the row's index in the log, or `NO_ROW`. Then `watermark` is that after it. */
  take(now = this.next()): number {
    const arrival = this.#cursor < this.#log.arrival.length ? this.#log.arrival[this.#cursor] : Infinity;
    if (this.#due <= now && this.#due !== Infinity) {
      this.#said = Math.max(this.#said, this.#known);
      this.#due = Infinity;
      return NO_ROW;
    }
    if (now < arrival) {
      if (arrival === Infinity && !this.open && now >= (this.#log.ended ?? Infinity)) this.#stopped = true;
      this.#learn(this.#progress.tick(now), now);
      return NO_ROW;
    }
    const row = this.#cursor++;
    if (this.#log.time[row] < (this.#bundled ? this.#met : this.#said)) this.#late++;
    this.#learn(this.#observe(row), arrival);
    return row;
  }

  /** Begins a bundle: its rows meet the watermark as it is now. */
  beginBundle(): void {
    this.#met = this.#said;
  }

  #observe(row: number): number {
    const { time, arrival } = this.#log;
    if (this.#hindsight !== null) return this.#hindsight[row];
    const { basis } = this.#strategy;
    if (basis.kind === "manual") return this.#known;
    const counts = this.#punctuation === null || this.#punctuation(this.#log, row);
    const from = this.#parts === null ? 0 : this.#parts.codes[row] + 1;
    return this.#progress.observe(from, time[row], arrival[row], counts);
  }

  #learn(watermark: number, now: number): void {
    if (this.#atEnd) return;
    if (watermark > this.#known) this.#known = watermark;
    if (this.#every === null) this.#said = this.#known;
    else if (this.#known > this.#said && this.#due === Infinity)
      this.#due = (Math.floor(now / this.#every) + 1) * this.#every;
  }

  /** Moves the watermark to the end of time: no row is still to come. */
  end(): void {
    this.#known = Infinity;
    this.#said = Infinity;
    this.#due = Infinity;
    this.#ended = true;
  }

  /** Whether the feed can be read in stretches: one watermark of its own for all rows, with nothing to say between them. */
  get plain(): boolean {
    const { basis, idle, future } = this.#strategy;
    return (
      basis.kind === "bounded" &&
      idle === null &&
      future === null &&
      this.#parts === null &&
      this.#every === null &&
      !this.#atEnd
    );
  }

  /** Takes rows up to `to` (exclusive) at once and writes the watermark after each into `out`. Only when `plain`. */
  stretch(to: number, out: Float64Array): void {
    const { basis } = this.#strategy;
    const delay = basis.kind === "bounded" ? basis.delay : 0;
    // Rows that were taken one by one before moved the watermark too.
    if (this.#known + delay > this.#greatest[0]) this.#greatest[0] = this.#known + delay;
    this.#late += boundedWatermark(this.#log.time, this.#cursor, to, this.#greatest, delay, out);
    this.#cursor = to;
    this.#known = this.#said = this.#greatest[0] - delay;
  }

  /** What each partition contributes; one entry without a name where there are none. */
  partitions(): { name: string; watermark: number; idle: boolean; rows: number; lastSeen: number }[] {
    return this.#progress.partitions().map(p => ({ ...p, name: this.nameOf(p.partition) }));
  }

  /** Name of the partition that holds the watermark back, or null. */
  get holder(): string | null {
    const holder = this.#progress.holder;
    return holder > 0 && this.#parts !== null ? this.nameOf(holder) : null;
  }

  /** The newest row taken of a partition or key by name, or -1. */
  lastRowOf(name: string): number {
    if (this.#parts === null) return -1;
    const { codes, names } = this.#parts;
    const code = names.find(name);
    let row = this.#cursor - 1;
    while (row >= 0 && codes[row] !== code) row--;
    return row;
  }

  snapshot(): unknown {
    return {
      cursor: this.rows,
      greatest: this.#greatest[0],
      known: this.#known,
      said: this.#said,
      met: this.#met,
      due: this.#due,
      ended: this.#ended,
      stopped: this.#stopped,
      late: this.#late,
      progress: this.#progress.snapshot(),
    };
  }

  /** Goes to a row. Of a log that is read in parts it may not be here: then it is waited for. */
  #goTo(rows: number): void {
    const { whole, first = 0, arrival } = this.#log;
    if (whole !== undefined && (rows < first || rows > first + arrival.length)) {
      this.#log = unread(this.#log, rows);
      this.#parts = this.#partsOfLog.of(this.#log);
    }
    this.#cursor = rows - (this.#log.first ?? 0);
  }

  restore(snapshot: unknown): void {
    const from = snapshot as {
      cursor: number;
      greatest: number;
      known: number;
      said: number;
      met: number;
      due: number;
      ended: boolean;
      stopped: boolean;
      late: number;
      progress: unknown;
    };
    this.#goTo(from.cursor);
    this.#greatest[0] = from.greatest;
    this.#known = from.known;
    this.#said = from.said;
    this.#met = from.met;
    this.#due = from.due;
    this.#ended = from.ended;
    this.#stopped = from.stopped;
    this.#late = from.late;
    this.#progress.restore(from.progress);
  }
}

/** A log that is read in parts, before its row `first` and before it is known what follows. */
function unread(log: SourceLog, first: number): SourceLog {
  return {
    ...log,
    batch: sliceBatch(log.batch, 0, 0),
    time: log.time.subarray(0, 0),
    arrival: log.arrival.subarray(0, 0),
    partition: log.partition === null ? null : log.partition.subarray(0, 0),
    line: log.line === null ? null : log.line.subarray(0, 0),
    known: -Infinity,
    first,
  };
}

/** Reads a strategy as an engine does in which a window is complete when the greatest timestamp has passed it by less. */
function profiled(watermark: WatermarkStrategy, { completeness }: Profile): WatermarkStrategy {
  const { basis } = watermark;
  if (basis.kind !== "bounded" || completeness === 0) return watermark;
  return { ...watermark, basis: { ...basis, delay: basis.delay + completeness } };
}

/**
 * Returns, for each row, the least timestamp among those that arrive after it: the perfect watermark of a recording. `least`
 * is that of rows which are not here yet.
 */
export function hindsight(time: Float64Array, least = Infinity): Float64Array {
  const out = new Float64Array(time.length);
  for (let i = time.length - 1; i >= 0; i--) {
    out[i] = least;
    if (time[i] < least) least = time[i];
  }
  return out;
}
