/** The rows of a source in a step that is made of several sources, position by position or in stretches of rows. */
import { sliceBatch } from "../columns/batch.ts";
import type { SourceFeed } from "./feed.ts";
import type { Flow } from "./flow.ts";

/** Positions that there is room for at first. */
export const ROOM = 1_024;

/** The rows of one source in a step as it is made: rows of its log that follow each other, and the watermark after each position. */
export class Draft {
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

  /** Takes rows at the same positions as another source of the same log, as many of them. */
  follow(other: Draft): void {
    const { count } = other;
    if (this.#at.length < count) this.#at = new Int32Array(other.#at.length);
    this.#at.set(other.#at.subarray(0, count));
    this.count = count;
  }

  setWatermark(position: number, watermark: number): void {
    if (position === this.watermark.length) this.watermark = doubled(this.watermark);
    this.watermark[position] = watermark;
  }

  /** Takes the rows out of their feed, and spreads its watermark after each of them over a step's positions. */
  stretch(feed: SourceFeed, length: number): void {
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
    spread(own, this.#at, count, watermark, length);
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

/** Writes the values after rows, of which the first is that before them all, at each of `length` positions. */
function spread(own: Float64Array, at: Int32Array, count: number, out: Float64Array, length: number): void {
  let position = 0;
  for (let row = 0; row < count; row++) {
    const next = at[row];
    while (position < next) out[position++] = own[row];
  }
  while (position < length) out[position++] = own[count];
}

/**
 * Gives the rows of several logs, each from an offset, positions in order of arrival, of equal ones the first log's first. Writes
 * their clock, which does not go back behind `before`, and stops where a log has no more. Returns the number of positions.
 */
export function interleave(
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

export function doubled(from: Float64Array): Float64Array<ArrayBuffer> {
  const to = new Float64Array(2 * from.length);
  to.set(from);
  return to;
}
