/**
 * Cuts a run into steps: merges what the feeds have to say by processing time, and gives every row its position.
 *
 * Several ways lead to the same steps. Sources of one log whose watermarks need no moments of their own are handed on in
 * views of it, two logs of such sources as a braid (`braid.ts`), more of them in a merge of their arrivals (`draft.ts`), and
 * everything else is merged one position at a time.
 */
import { sliceBatch } from "../columns/batch.ts";
import type { Profile } from "../model/profiles.ts";
import { lowerBound, upperBound } from "./bounds.ts";
import { Braid, BraidedFlow, leftOf, Room, type Side, type Strand } from "./braid.ts";
import { Draft, doubled, interleave, ROOM } from "./draft.ts";
import { NO_ROW, type SourceFeed } from "./feed.ts";
import type { Flow } from "./flow.ts";
import type { Outputs } from "./operator.ts";
import { type SavedPorts, SidePorts } from "./side-ports.ts";
import { LazyStep, moment, type Step } from "./step.ts";

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
  readonly #ports = new SidePorts();
  /** Used again for each step that is merged. */
  readonly #drafts: Draft[] = [];
  #clocks: Float64Array = new Float64Array(ROOM);

  /** Whether steps outlive the next one. */
  readonly #keeps: boolean;
  readonly #room: Room;

  constructor(profile: Profile, microBatch: number | null, keeps = true) {
    this.#keeps = keeps;
    this.#room = new Room(keeps);
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
    const sources = this.#sources;
    if (
      sources.length > 0 &&
      this.#microBatch === null &&
      !this.#bundles &&
      !this.#holds &&
      sources.every(s => s.feed.plain && !s.reads.has("progress") && sameLog(s.feed, sources[0].feed))
    )
      return this.#stretch(sources, limits) ?? (mayEnd ? this.#merge(limits, mayEnd) : null);
    return this.#braids ? this.#braid(limits, mayEnd) : this.#merge(limits, mayEnd);
  }

  /**
   * Makes the step of a moment at which nothing arrives, at `to` or as far as is known: processing-time timers that were due
   * before it fire. It takes no position, so a replay that does without it counts the same ones. Null when time does not move,
   * or when something is to be said first.
   */
  tick(to: number): TimedStep | null {
    const clock = Math.min(to, this.#known());
    if (this.ended || this.#clock === -Infinity || !(clock > this.#clock) || this.next() <= clock) return null;
    this.#clock = clock;
    const step = moment(this.#first, clock);
    const flows = new Map<string, Outputs>();
    for (const source of this.#sources) {
      const { log, offset, watermark } = source.feed;
      const main: Flow = {
        batch: sliceBatch(log.batch, offset, offset),
        selection: null,
        count: 0,
        at: null,
        time: log.time.subarray(offset, offset),
        clock: null,
        weight: null,
        pane: null,
        watermark: Float64Array.of(this.#holds ? (this.#said.get(source.id) ?? -Infinity) : watermark),
      };
      flows.set(source.id, this.#ports.outputs(source, main, this.#clock));
    }
    return { step, flows };
  }

  /**
   * Merges sources that have nothing to say but their rows, without asking each feed at each position. Where one has given its
   * last row, a step ends, and its end is a step of one position.
   */
  #braid(limits: StepLimits, mayEnd: boolean): TimedStep | null {
    const all = this.#sources;
    const leaders = all.map(({ feed }) => all.findIndex(other => sameLog(other.feed, feed)));
    /** One source of each log: the others that read it have their rows where it has them. */
    const sources = all.filter((_, s) => leaders[s] === s);
    const rows = sources.map(({ feed }) => (feed.ended ? 0 : feed.log.arrival.length - feed.offset));
    const over = sources.some(({ feed }, s) => rows[s] === 0 && !feed.ended && !feed.open);
    if (rows.every(n => n === 0)) return mayEnd ? this.#merge(limits, mayEnd) : null;
    if (over && mayEnd && this.#clock !== -Infinity) return this.#merge({ ...limits, positions: 1 }, mayEnd);
    // A source without any row ends once there is a first position.
    const positions = over ? 1 : limits.positions;
    if (all.length === 2 && sources.length === 2)
      return this.#braidTwo(sources[0], sources[1], positions, limits.until);
    while (this.#drafts.length < all.length) this.#drafts.push(new Draft());
    const drafts = this.#drafts;
    for (const draft of drafts) draft.count = 0;
    if (this.#clocks.length < positions) this.#clocks = new Float64Array(positions);
    const clock = this.#clocks;
    const arrivals = sources.map(({ feed }) => feed.log.arrival);
    const offsets = sources.map(({ feed }) => feed.offset);
    const leading = drafts.filter((_, s) => leaders[s] === s);
    const length = interleave(arrivals, offsets, leading, this.#clock, limits.until, clock, positions);
    if (length === 0) return null;
    all.forEach((_, s) => {
      if (leaders[s] !== s) drafts[s].follow(drafts[leaders[s]]);
    });
    all.forEach(({ feed }, s) => drafts[s].stretch(feed, length));
    this.#clock = clock[length - 1];
    const clocks = this.#keeps ? clock.slice(0, length) : clock.subarray(0, length);
    const step: Step = { length, first: this.#first, clock: clocks, bundleEnd: null, last: false };
    this.#first += length;
    const flows = new Map<string, Outputs>();
    all.forEach((source, s) => {
      flows.set(source.id, this.#ports.outputs(source, drafts[s].flow(source.feed, length, this.#keeps), this.#clock));
    });
    return { step, flows };
  }

  /** Does the same for two sources without touching a row: how many of each are in the step is a search. */
  #braidTwo(left: TimelineSource, right: TimelineSource, positions: number, until: number): TimedStep | null {
    const a = waiting(left.feed, positions, until);
    const b = waiting(right.feed, positions, until);
    let length = Math.min(positions, a.length + b.length);
    if (endsWith(left.feed, a)) length = Math.min(length, a.length + lowerBound(b, a[a.length - 1], 0, b.length));
    if (endsWith(right.feed, b)) length = Math.min(length, b.length + upperBound(a, b[b.length - 1], 0, a.length));
    if (length === 0) return null;
    const lefts = leftOf(a, b, length);
    const from = [left.feed.offset, right.feed.offset];
    const strands = [
      this.#strand(left.feed, a.subarray(0, lefts), "left"),
      this.#strand(right.feed, b.subarray(0, length - lefts), "right"),
    ];
    const braid = new Braid(strands[0], strands[1], this.#clock, this.#room);
    for (const { arrival } of strands)
      if (arrival.length > 0) this.#clock = Math.max(this.#clock, arrival[arrival.length - 1]);
    const step = new LazyStep(length, this.#first, () => braid.clock);
    this.#first += length;
    const flows = new Map<string, Outputs>();
    for (const side of [0, 1] as const) {
      const source = side === 0 ? left : right;
      flows.set(source.id, this.#ports.outputs(source, braided(source.feed, from[side], braid, side), this.#clock));
    }
    return { step, flows };
  }

  /** Takes rows out of a feed, with its watermark before them and after each. */
  #strand(feed: SourceFeed, arrival: Float64Array, which: string): Strand {
    const count = arrival.length;
    const watermark = this.#room.floats(`strand of the ${which}`, count + 1);
    watermark[0] = feed.watermark;
    if (count > 0) feed.stretch(feed.offset + count, watermark.subarray(1));
    return { arrival, watermark };
  }

  /** Makes a step of views of one log, which all sources read: nothing but their watermarks is their own. */
  #stretch(sources: readonly TimelineSource[], limits: StepLimits): TimedStep | null {
    const { log, offset: from } = sources[0].feed;
    const { arrival, time, batch } = log;
    let to = Math.min(arrival.length, from + limits.positions);
    if (to > from && arrival[to - 1] > limits.until) to = upperBound(arrival, limits.until, from, to);
    if (to <= from) return null;
    const length = to - from;
    const times = time.subarray(from, to);
    const step: Step = { length, first: this.#first, clock: arrival.subarray(from, to), bundleEnd: null, last: false };
    this.#first += length;
    this.#clock = arrival[to - 1];
    const rows = sliceBatch(batch, from, to);
    const flows = new Map<string, Outputs>();
    sources.forEach((source, s) => {
      const watermark = this.#room.floats(`watermark ${s}`, length);
      source.feed.stretch(to, watermark);
      const main: Flow = {
        batch: rows,
        selection: null,
        count: length,
        at: null,
        time: times,
        clock: null,
        weight: null,
        pane: null,
        watermark,
      };
      flows.set(source.id, this.#ports.outputs(source, main, this.#clock));
    });
    return { step, flows };
  }

  #merge(limits: StepLimits, mayEnd: boolean): TimedStep | null {
    const sources = this.#sources;
    while (this.#drafts.length < sources.length) this.#drafts.push(new Draft());
    const drafts = this.#drafts;
    for (const draft of drafts) draft.count = 0;
    let clock = this.#clocks;
    let length = 0;
    let last = false;
    const twins = sources.some(({ feed }, s) => sources.findIndex(other => other.feed.log === feed.log) !== s);
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
        } else if (next === Infinity && over < 0 && this.#isOver(feed)) over = s;
      }
      const seen = this.#microBatch === null ? when : this.#seenAt(when);
      if (!mayEnd || when === Infinity || this.#clock === -Infinity) over = -1;
      if (soonest >= 0 && over < 0 && seen > limits.until) break;
      if (length === clock.length) clock = this.#clocks = doubled(clock);
      if (over >= 0) {
        // A source that has given its last row holds nobody back: no row of it is still to come.
        soonest = over;
        this.#end(sources[over].feed);
        clock[length] = this.#clock;
      } else if (soonest < 0) {
        // Nothing is left to arrive: the sources end one after the other, each at a position of its own.
        soonest = mayEnd && limits.until === Infinity ? sources.findIndex(s => !s.feed.ended) : -1;
        if (soonest < 0) break;
        this.#end(sources[soonest].feed);
        end = Math.min(end, length);
        clock[length] = this.#clock === -Infinity ? 0 : this.#clock;
        last = sources.every(s => s.feed.ended);
      } else {
        if (this.#holds && seen > this.#clock) for (const { feed } of sources) feed.beginBundle();
        if (seen > this.#clock) this.#clock = seen;
        clock[length] = this.#clock;
        if (twins) soonest = this.#takesFirst(soonest, when);
        const { log, offset } = sources[soonest].feed;
        const row = sources[soonest].feed.take(when);
        if (row !== NO_ROW) drafts[soonest].add(row, length);
        // Who reads the same log takes the same row at the same position, so that two replays are never a row apart.
        if (twins && row !== NO_ROW)
          for (let s = 0; s < sources.length; s++) {
            const { feed } = sources[s];
            if (s === soonest || feed.log !== log || feed.offset !== offset || feed.ended) continue;
            drafts[s].add(feed.take(when), length);
            if (sources[s].reads.has("progress")) this.#ports.progressOf(sources[s]).look(length, clock[length]);
          }
      }
      for (let s = 0; s < sources.length; s++) drafts[s].setWatermark(length, sources[s].feed.watermark);
      if (sources[soonest].reads.has("progress")) this.#ports.progressOf(sources[soonest]).look(length, clock[length]);
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
      flows.set(source.id, this.#ports.outputs(source, drafts[s].flow(source.feed, length, this.#keeps), this.#clock));
    });
    return { step, flows };
  }

  /** Of the sources that read the same log as one of them, the one that has something to say at `when` before its next row; or that one. */
  #takesFirst(source: number, when: number): number {
    const { log } = this.#sources[source].feed;
    const first = this.#sources.findIndex(
      ({ feed }) => feed.log === log && !feed.ended && feed.next() === when && !feed.givesRow(when),
    );
    return first < 0 ? source : first;
  }

  /** Whether a source has nothing more to say, nor has any that reads the same log: they end together. */
  #isOver({ log, open }: SourceFeed): boolean {
    return !open && this.#sources.every(({ feed }) => feed.log !== log || feed.ended || feed.next() === Infinity);
  }

  /** Ends a source, and those that read the same log with it. */
  #end({ log }: SourceFeed): void {
    for (const { feed } of this.#sources) if (feed.log === log && !feed.ended) feed.end();
  }

  /** A source that has given its last row while others, the first of them at `next`, still have some; or -1. */
  #exhausted(next: number): number {
    // A log that is read on has more rows, though they are not here yet.
    const more = next < Infinity || this.#sources.some(({ feed }) => !feed.ended && feed.open);
    if (!more || this.#clock === -Infinity) return -1;
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
    const over = this.#exhausted(next);
    const goesOn = next === clock[clock.length - 1] || (over >= 0 && this.#isOver(this.#sources[over].feed));
    ends[clock.length - 1] = goesOn ? 0 : 1;
    return ends;
  }

  snapshot(): unknown {
    return { first: this.#first, clock: this.#clock, ports: this.#ports.snapshot(), said: [...this.#said] };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as {
      first: number;
      clock: number;
      ports: SavedPorts;
      said: [string, number][];
    };
    this.#first = from.first;
    this.#clock = from.clock;
    this.#ports.restore(from.ports);
    this.#said.clear();
    for (const [id, watermark] of from.said) this.#said.set(id, watermark);
  }
}

/** The arrivals of a feed's next rows, at most `positions` of them and none after `until`. */
function waiting({ log, offset, ended }: SourceFeed, positions: number, until: number): Float64Array {
  const { arrival } = log;
  let to = ended ? offset : Math.min(arrival.length, offset + positions);
  if (to > offset && arrival[to - 1] > until) to = upperBound(arrival, until, offset, to);
  return arrival.subarray(offset, to);
}

/** Whether the next rows of a feed are its last, after which it has something to say: that it ends. */
function endsWith(feed: SourceFeed, next: Float64Array): boolean {
  return next.length > 0 && !feed.open && feed.offset + next.length === feed.log.arrival.length;
}

/** The rows of a side of a braid: those of a log from a row on. */
function braided({ log }: SourceFeed, from: number, braid: Braid, side: Side): Flow {
  const count = (side === 0 ? braid.left : braid.right).arrival.length;
  const flow = {
    batch: sliceBatch(log.batch, from, from + count),
    selection: null,
    count,
    time: log.time.subarray(from, from + count),
    clock: null,
    weight: null,
    pane: null,
  };
  return new BraidedFlow(flow, braid, side);
}

/** Whether two feeds read the same log and have read as much of it. */
function sameLog(a: SourceFeed, b: SourceFeed): boolean {
  return a.log === b.log && a.offset === b.offset && a.ended === b.ended;
}
