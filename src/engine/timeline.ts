/**
 * Cuts a run into steps: merges what the feeds have to say by processing time, and gives every row its position.
 *
 * Two ways lead to the same steps. A single source whose watermark needs no moments of its own is handed on in views of
 * its log, without touching a row; everything else is merged one position at a time.
 */
import { type Batch, sliceBatch } from "../columns/batch.ts";
import { batchOf } from "../columns/builder.ts";
import type { Profile } from "../model/profiles.ts";
import { ERRORS_SCHEMA } from "../pipeline/verbs/source.ts";
import { NO_ROW, type SourceFeed } from "./feed.ts";
import type { Flow } from "./flow.ts";
import type { Outputs } from "./operator.ts";
import { ProgressRows, type SavedProgress } from "./progress.ts";
import type { Step } from "./step.ts";

/** A source in a run: its feed, and the ports that somebody reads. */
export interface TimelineSource {
  readonly id: string;
  readonly feed: SourceFeed;
  readonly reads: ReadonlySet<string>;
}

/** A step with what every source puts out in it. */
export interface TimedStep {
  readonly step: Step;
  readonly flows: ReadonlyMap<string, Outputs>;
}

export interface StepLimits {
  /** Most positions in the step. */
  readonly positions: number;
  /** Nothing later than this processing time is taken. */
  readonly until: number;
}

export class Timeline {
  #sources: readonly TimelineSource[] = [];
  /** Whether there are several sources, all of them with nothing to say but their rows. */
  #braids = false;
  readonly #bundles: boolean;
  /** Whether watermarks move only where a bundle ends. */
  readonly #holds: boolean;
  /** Where watermarks wait for the end of a bundle: what was last said of each source's. */
  readonly #said = new Map<string, number>();
  /** Length of micro-batches: rows are seen at the end of theirs. Null: rows are seen when they arrive. */
  readonly #microBatch: number | null;
  #first = 0;
  #clock = -Infinity;
  #errorsSaid = new Set<string>();
  /** What each source has to say on its port `progress`, and what a restored one had said before. */
  readonly #progress = new Map<string, ProgressRows>();
  #told = new Map<string, SavedProgress>();
  /** Used again for each step that is merged. */
  readonly #drafts: Draft[] = [];
  #clocks: Float64Array = new Float64Array(ROOM);
  /** Of two sources: rows of the first up to each position. */
  #turns = new Int32Array(0);

  /** Whether steps outlive the next one. */
  readonly #keeps: boolean;
  #room = new Float64Array(0);

  constructor(profile: Profile, microBatch: number | null, keeps = true) {
    this.#keeps = keeps;
    this.#bundles = profile.evaluate === "bundle";
    this.#holds = profile.watermark === "bundle" || profile.watermark === "micro-batch";
    this.#microBatch = microBatch;
  }

  /** Processing time reached; -Infinity before the first step. */
  get clock(): number {
    return this.#clock;
  }

  /** Positions so far. */
  get positions(): number {
    return this.#first;
  }

  set sources(sources: readonly TimelineSource[]) {
    this.#sources = sources;
    this.#braids =
      sources.length > 1 &&
      sources.every(s => s.feed.plain && !s.reads.has("progress")) &&
      this.#microBatch === null &&
      !this.#bundles &&
      !this.#holds;
  }

  /** Processing time of the next position, or Infinity when nothing but the end is left. */
  next(): number {
    let next = Infinity;
    for (const { feed } of this.#sources) if (!feed.ended) next = Math.min(next, this.#seenAt(feed.next()));
    return next;
  }

  /** Whether every source has ended. */
  get ended(): boolean {
    return this.#sources.every(s => s.feed.ended);
  }

  /** Processing time up to which it is known what arrives at any source. */
  #known(): number {
    let known = Infinity;
    for (const { feed } of this.#sources) if (!feed.ended) known = Math.min(known, feed.known);
    return known;
  }

  #seenAt(arrival: number): number {
    const length = this.#microBatch;
    return length === null || arrival === Infinity ? arrival : (Math.floor(arrival / length) + 1) * length;
  }

  /**
   * Makes the next step within `limits`, or null when there is nothing to say in them. `mayEnd` lets exhausted sources end.
   * Nothing is taken beyond what is known of a source that may still grow.
   */
  step(within: StepLimits, mayEnd: boolean): TimedStep | null {
    const limits = { positions: within.positions, until: Math.min(within.until, this.#known()) };
    const [only] = this.#sources;
    if (
      this.#sources.length === 1 &&
      only.feed.plain &&
      this.#microBatch === null &&
      !this.#bundles &&
      !this.#holds &&
      !only.reads.has("progress")
    )
      return this.#stretch(only, limits) ?? (mayEnd ? this.#merge(limits, mayEnd) : null);
    return this.#braids ? this.#braid(limits, mayEnd) : this.#merge(limits, mayEnd);
  }

  /**
   * Merges sources that have nothing to say but their rows, without asking each feed at each position. Where one has given its
   * last row, a step ends, and its end is a step of one position.
   */
  #braid(limits: StepLimits, mayEnd: boolean): TimedStep | null {
    const sources = this.#sources;
    const rows = sources.map(({ feed }) => (feed.ended ? 0 : feed.log.arrival.length - feed.offset));
    const over = sources.some(({ feed }, s) => rows[s] === 0 && !feed.ended && !feed.open);
    if (rows.every(n => n === 0)) return mayEnd ? this.#merge(limits, mayEnd) : null;
    if (over && mayEnd && this.#clock !== -Infinity) return this.#merge({ ...limits, positions: 1 }, mayEnd);
    // A source without any row ends once there is a first position.
    const positions = over ? 1 : limits.positions;
    while (this.#drafts.length < sources.length) this.#drafts.push(new Draft());
    const drafts = this.#drafts;
    for (const draft of drafts) draft.count = 0;
    if (this.#clocks.length < positions) this.#clocks = new Float64Array(positions);
    const clock = this.#clocks;
    const arrivals = sources.map(({ feed }) => (feed.ended ? NOTHING : feed.log.arrival));
    const offsets = sources.map(({ feed }) => feed.offset);
    const two =
      sources.length === 2 && rows[0] > 0 && rows[1] > 0 && reaches(arrivals, offsets, positions, limits.until);
    if (two && this.#turns.length < positions) this.#turns = new Int32Array(positions);
    const length = two
      ? interleaveTwo(arrivals, offsets, drafts, this.#clock, clock, this.#turns, positions)
      : interleave(arrivals, offsets, drafts, this.#clock, limits.until, clock, positions);
    if (length === 0) return null;
    sources.forEach(({ feed }, s) => drafts[s].stretch(feed, length, two ? this.#turns : null, s));
    this.#clock = clock[length - 1];
    const clocks = this.#keeps ? clock.slice(0, length) : clock.subarray(0, length);
    const step: Step = { length, first: this.#first, clock: clocks, bundleEnd: null, last: false };
    this.#first += length;
    const flows = new Map<string, Outputs>();
    sources.forEach((source, s) => {
      flows.set(source.id, this.#withSidePorts(source, drafts[s].flow(source.feed, length, this.#keeps)));
    });
    return { step, flows };
  }

  #stretch(source: TimelineSource, limits: StepLimits): TimedStep | null {
    const { feed } = source;
    const { arrival, time, batch } = feed.log;
    const from = feed.offset;
    let to = Math.min(arrival.length, from + limits.positions);
    if (to > from && arrival[to - 1] > limits.until) to = upperBound(arrival, limits.until, from, to);
    if (to <= from) return null;
    const length = to - from;
    const watermark = this.#watermarks(length);
    feed.stretch(to, watermark);
    const times = time.subarray(from, to);
    const step: Step = { length, first: this.#first, clock: arrival.subarray(from, to), bundleEnd: null, last: false };
    this.#first += length;
    this.#clock = arrival[to - 1];
    const main: Flow = {
      batch: sliceBatch(batch, from, to),
      selection: null,
      count: length,
      at: null,
      time: times,
      clock: null,
      weight: null,
      pane: null,
      watermark,
    };
    return { step, flows: new Map([[source.id, this.#withSidePorts(source, main)]]) };
  }

  /** Room for the watermarks of a step: fresh where steps are kept, the same again where they are not. */
  #watermarks(length: number): Float64Array {
    if (this.#keeps) return new Float64Array(length);
    if (this.#room.length < length) this.#room = new Float64Array(length);
    return this.#room.length === length ? this.#room : this.#room.subarray(0, length);
  }

  #merge(limits: StepLimits, mayEnd: boolean): TimedStep | null {
    const sources = this.#sources;
    while (this.#drafts.length < sources.length) this.#drafts.push(new Draft());
    const drafts = this.#drafts;
    for (const draft of drafts) draft.count = 0;
    let clock = this.#clocks;
    let length = 0;
    let last = false;
    /** First position at which nothing arrives any more and a source ends. */
    let end = Infinity;
    while (length < limits.positions) {
      let soonest = -1;
      let when = Infinity;
      let over = -1;
      for (let s = 0; s < sources.length; s++) {
        const { feed } = sources[s];
        if (feed.ended) continue;
        const next = feed.next();
        if (next < when) {
          when = next;
          soonest = s;
        } else if (next === Infinity && over < 0 && !feed.open) over = s;
      }
      const seen = this.#microBatch === null ? when : this.#seenAt(when);
      if (!mayEnd || when === Infinity || this.#clock === -Infinity) over = -1;
      if (soonest >= 0 && over < 0 && seen > limits.until) break;
      if (length === clock.length) clock = this.#clocks = doubled(clock);
      if (over >= 0) {
        // A source that has given its last row holds nobody back: no row of it is still to come.
        soonest = over;
        sources[over].feed.end();
        clock[length] = this.#clock;
      } else if (soonest < 0) {
        // Nothing is left to arrive: the sources end one after the other, each at a position of its own.
        soonest = mayEnd && limits.until === Infinity ? sources.findIndex(s => !s.feed.ended) : -1;
        if (soonest < 0) break;
        sources[soonest].feed.end();
        end = Math.min(end, length);
        clock[length] = this.#clock === -Infinity ? 0 : this.#clock;
        last = sources.every(s => s.feed.ended);
      } else {
        if (this.#holds && seen > this.#clock) for (const { feed } of sources) feed.beginBundle();
        const row = sources[soonest].feed.take(when);
        if (seen > this.#clock) this.#clock = seen;
        clock[length] = this.#clock;
        if (row !== NO_ROW) drafts[soonest].add(row, length);
      }
      for (let s = 0; s < sources.length; s++) drafts[s].setWatermark(length, sources[s].feed.watermark);
      if (sources[soonest].reads.has("progress")) this.#progressOf(sources[soonest]).look(length, clock[length]);
      length++;
    }
    if (length === 0) return null;
    const clocks = this.#keeps ? clock.slice(0, length) : clock.subarray(0, length);
    const step: Step = {
      length,
      first: this.#first,
      clock: clocks,
      bundleEnd: this.#bundles || this.#holds ? this.#bundleEnds(clocks, end) : null,
      last,
    };
    if (this.#holds)
      sources.forEach((source, s) => {
        this.#holdWatermark(source.id, drafts[s].watermark, step.bundleEnd as Uint8Array);
      });
    this.#first += length;
    const flows = new Map<string, Outputs>();
    sources.forEach((source, s) => {
      flows.set(source.id, this.#withSidePorts(source, drafts[s].flow(source.feed, length, this.#keeps)));
    });
    return { step, flows };
  }

  /** A source that has given its last row while others, the first of them at `next`, still have some; or -1. */
  #exhausted(next: number): number {
    if (next === Infinity || this.#clock === -Infinity) return -1;
    return this.#sources.findIndex(({ feed }) => !feed.ended && !feed.open && feed.next() === Infinity);
  }

  /** Lets a watermark move only where a bundle ends: its rows all meet the watermark of the bundle before. */
  #holdWatermark(source: string, watermark: Float64Array, ends: Uint8Array): void {
    let said = this.#said.get(source) ?? -Infinity;
    for (let p = 0; p < ends.length; p++) {
      if (ends[p] === 1) said = watermark[p];
      watermark[p] = said;
    }
    this.#said.set(source, said);
  }

  /** Marks the last position of each moment; the end of a source belongs to none. */
  #bundleEnds(clock: Float64Array, end: number): Uint8Array {
    const ends = new Uint8Array(clock.length);
    for (let p = 0; p + 1 < clock.length; p++) if (clock[p + 1] !== clock[p] || p + 1 >= end) ends[p] = 1;
    const next = this.next();
    const goesOn = next === clock[clock.length - 1] || this.#exhausted(next) >= 0;
    ends[clock.length - 1] = goesOn ? 0 : 1;
    return ends;
  }

  #withSidePorts(source: TimelineSource, main: Flow): Outputs {
    const outputs: Record<string, Flow> = { main };
    if (source.reads.has("errors") && !this.#errorsSaid.has(source.id)) {
      this.#errorsSaid.add(source.id);
      outputs["errors"] = sideFlow(errorsOf(source.feed.log.errors), main, null, this.#clock);
    }
    if (source.reads.has("progress") && this.#progressOf(source).count > 0) {
      const { batch, at } = this.#progressOf(source).take();
      outputs["progress"] = sideFlow(batch, main, at, this.#clock);
    }
    return outputs;
  }

  #progressOf({ id, feed }: TimelineSource): ProgressRows {
    let rows = this.#progress.get(id);
    if (rows === undefined) {
      this.#progress.set(id, (rows = new ProgressRows(feed)));
      const told = this.#told.get(id);
      if (told !== undefined) rows.load(told);
    }
    return rows;
  }

  snapshot(): unknown {
    const told = new Map(this.#told);
    for (const [id, rows] of this.#progress) told.set(id, rows.save());
    return { first: this.#first, clock: this.#clock, errors: [...this.#errorsSaid], told, said: [...this.#said] };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as {
      first: number;
      clock: number;
      errors: string[];
      told: Map<string, SavedProgress>;
      said: [string, number][];
    };
    this.#first = from.first;
    this.#clock = from.clock;
    this.#errorsSaid = new Set(from.errors);
    this.#progress.clear();
    this.#told = new Map(from.told);
    this.#said.clear();
    for (const [id, watermark] of from.said) this.#said.set(id, watermark);
  }
}

/** The rows of one source in a step as it is made: rows of its log that follow each other, and the watermark after each position. */
class Draft {
  /** Its first row in the log, and how many rows follow each other from there. */
  #first = 0;
  count = 0;
  #at = new Int32Array(ROOM);
  /** The watermark after each row, where rows are taken in stretches. */
  #own = new Float64Array(ROOM);
  /** The watermark after each position. */
  watermark: Float64Array = new Float64Array(ROOM);

  add(row: number, position: number): void {
    if (this.count === 0) this.#first = row;
    if (this.count === this.#at.length) {
      const at = new Int32Array(2 * this.#at.length);
      at.set(this.#at);
      this.#at = at;
    }
    this.#at[this.count++] = position;
  }

  setWatermark(position: number, watermark: number): void {
    if (position === this.watermark.length) this.watermark = doubled(this.watermark);
    this.watermark[position] = watermark;
  }

  /** The positions of the rows, with room for `positions` of them and one more. */
  places(positions: number): Int32Array {
    if (this.#at.length <= positions) this.#at = new Int32Array(positions + 1);
    return this.#at;
  }

  /**
   * Takes the rows out of their feed, and spreads its watermark after each of them over a step's positions. `turns`: of two
   * drafts, the rows of the first up to each position; `which` of them is this.
   */
  stretch(feed: SourceFeed, length: number, turns: Int32Array | null, which: number): void {
    const { count } = this;
    const before = feed.watermark;
    if (this.watermark.length < length) this.watermark = new Float64Array(length);
    const { watermark } = this;
    if (count === 0) {
      watermark.fill(before, 0, length);
      return;
    }
    this.#first = feed.offset;
    if (this.#own.length <= count) this.#own = new Float64Array(2 * count + 1);
    const own = this.#own;
    own[0] = before;
    feed.stretch(feed.offset + count, own.subarray(1, count + 1));
    if (turns === null) spread(own, this.#at, count, watermark, length);
    else if (which === 0) for (let p = 0; p < length; p++) watermark[p] = own[turns[p]];
    else for (let p = 0; p < length; p++) watermark[p] = own[p + 1 - turns[p]];
  }

  /** The flow of a step, in arrays of its own where it is kept, and else in the draft's. */
  flow(feed: SourceFeed, length: number, keeps: boolean): Flow {
    const { count } = this;
    const from = count > 0 ? this.#first : feed.offset;
    return {
      batch: sliceBatch(feed.log.batch, from, from + count),
      selection: null,
      count,
      at: count === length ? null : keeps ? this.#at.slice(0, count) : this.#at.subarray(0, count),
      time: feed.log.time.subarray(from, from + count),
      clock: null,
      weight: null,
      pane: null,
      watermark: keeps ? this.watermark.slice(0, length) : this.watermark.subarray(0, length),
    };
  }
}

/** Positions that there is room for at first. */
const ROOM = 1_024;

const NOTHING = new Float64Array(0);

/** Writes the values after rows, of which the first is that before them all, at each of `length` positions. */
function spread(own: Float64Array, at: Int32Array, count: number, out: Float64Array, length: number): void {
  let position = 0;
  for (let row = 0; row < count; row++) {
    const next = at[row];
    while (position < next) out[position++] = own[row];
  }
  while (position < length) out[position++] = own[count];
}

/** Whether the next rows of two logs, as many as there are positions, all arrive by a time. */
function reaches(
  arrivals: readonly Float64Array[],
  offsets: readonly number[],
  positions: number,
  until: number,
): boolean {
  return (
    until === Infinity ||
    arrivals.every((arrival, s) => arrival[Math.min(arrival.length, offsets[s] + positions) - 1] <= until)
  );
}

const DIFFERENCE = new Float64Array(1);
const SIGN = new Uint32Array(DIFFERENCE.buffer);

/** Does for two logs that both have rows what `interleave` does. */
function interleaveTwo(
  [a, b]: readonly Float64Array[],
  [i, j]: readonly number[],
  [left, right]: readonly Draft[],
  before: number,
  clock: Float64Array,
  turns: Int32Array,
  positions: number,
): number {
  const atLeft = left.places(positions);
  const atRight = right.places(positions);
  let now = before;
  let lefts = 0;
  let rights = 0;
  let length = 0;
  while (length < positions && i + lefts < a.length && j + rights < b.length) {
    const safe = length + Math.min(positions - length, a.length - i - lefts, b.length - j - rights);
    for (; length < safe; length++) {
      const x = a[i + lefts];
      const y = b[j + rights];
      // Whose turn it is cannot be foreseen, so there is no branch: the sign says it, and both places are written.
      DIFFERENCE[0] = y - x;
      const second = SIGN[1] >>> 31;
      now = Math.max(now, Math.min(x, y));
      clock[length] = now;
      atLeft[lefts] = length;
      atRight[rights] = length;
      lefts += 1 - second;
      rights += second;
      turns[length] = lefts;
    }
  }
  left.count = lefts;
  right.count = rights;
  return length;
}

/**
 * Gives the rows of several logs, each from an offset, positions in order of arrival, of equal ones the first log's first. Writes
 * their clock, which does not go back behind `before`, and stops where a log has no more. Returns the number of positions.
 */
function interleave(
  arrivals: readonly Float64Array[],
  offsets: number[],
  drafts: readonly Draft[],
  before: number,
  until: number,
  clock: Float64Array,
  positions: number,
): number {
  const logs = arrivals.length;
  const heads = Float64Array.from(arrivals, (arrival, s) =>
    offsets[s] < arrival.length ? arrival[offsets[s]] : Infinity,
  );
  let now = before;
  let length = 0;
  while (length < positions) {
    let soonest = 0;
    let when = heads[0];
    for (let s = 1; s < logs; s++)
      if (heads[s] < when) {
        when = heads[s];
        soonest = s;
      }
    if (when > until) break;
    if (when > now) now = when;
    clock[length] = now;
    drafts[soonest].add(offsets[soonest]++, length);
    length++;
    const arrival = arrivals[soonest];
    const next = offsets[soonest];
    if (next === arrival.length) break;
    heads[soonest] = arrival[next];
  }
  return length;
}

function doubled(from: Float64Array): Float64Array<ArrayBuffer> {
  const to = new Float64Array(2 * from.length);
  to.set(from);
  return to;
}

/** Rows of a side output have the processing time as their event time: they say what happened to the reading, then. */
function sideFlow(batch: Batch, main: Flow, at: Int32Array | null, clock: number): Flow {
  const count = batch.length;
  return {
    batch,
    selection: null,
    count,
    at: at ?? new Int32Array(count),
    time: new Float64Array(count).fill(clock),
    clock: null,
    weight: null,
    pane: null,
    watermark: main.watermark,
  };
}

/** Cuts what a decoder says of its errors down to the columns that every source's `errors` have. */
function errorsOf(errors: Batch): Batch {
  const columns = ERRORS_SCHEMA.map(field => errors.columns[errors.schema.findIndex(f => f.name === field.name)]);
  if (columns.some(c => c === undefined)) return batchOf(ERRORS_SCHEMA, []);
  return { schema: ERRORS_SCHEMA, length: errors.length, columns };
}

/** First index in `[from, to)` whose value is greater than `limit`. */
export function upperBound(values: Float64Array, limit: number, from: number, to: number): number {
  let lo = from;
  let hi = to;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (values[mid] <= limit) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
