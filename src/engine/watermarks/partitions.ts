/**
 * The watermark of a source with partitions: the least of its partitions' watermarks, leaving out the idle ones.
 *
 * A partition counts from its first row on. It turns idle when `idle` passes without a row, and counts again with its
 * next one; what it brings from before the watermark is late, as it has to be. When all are idle nobody is waited for,
 * and the watermark moves to the greatest of theirs (Flink's rule).
 *
 * There may be as many partitions as there are keys, so none of this looks through all of them for a row. The least is on
 * top of a heap that is put in order only when its top has moved, and which partition falls silent next is known from a
 * list in the order in which they were last heard.
 */
import type { WatermarkStrategy } from "../../model/watermarks.ts";
import { type BasisTracker, basisTracker } from "./basis.ts";
import { LeastHeap } from "./least-heap.ts";
import { SilenceList } from "./silence-list.ts";

export class PartitionedWatermark {
  readonly #strategy: WatermarkStrategy;
  readonly #trackers: BasisTracker[] = [];
  /** Watermark of each partition; NaN until its first row. */
  #watermarks: Float64Array = new Float64Array(8).fill(NaN);
  #lastSeen: Float64Array = new Float64Array(8).fill(-Infinity);
  #idle: Uint8Array = new Uint8Array(8);
  /** Rows of each partition, for the inspector. */
  #rows: Float64Array = new Float64Array(8);
  /** The partition that held the least watermark when last looked, or -1. */
  #holder = -1;
  #watermark = -Infinity;
  /** The greatest watermark of any partition, idle or not. */
  #greatest = -Infinity;
  /** Partitions that have a watermark; idle ones leave it when they come to its top. */
  readonly #heap = new LeastHeap();
  /** Partitions that are not idle, the longest unheard first. Kept only where there is an idle timeout. */
  readonly #silence = new SilenceList();
  /** Partitions whose watermark or idleness may have changed since `takeChanged`, each once. */
  #changed: number[] = [];
  #isChanged: Uint8Array = new Uint8Array(8);
  /** No partition turns idle before this; looked up anew when it is reached. */
  #idleCheck = Infinity;

  constructor(strategy: WatermarkStrategy) {
    this.#strategy = strategy;
  }

  /** The source's watermark. Never goes back. */
  get watermark(): number {
    return this.#watermark;
  }

  /** The partition that holds the watermark back, or -1. */
  get holder(): number {
    return this.#holder;
  }

  /** One more than the greatest partition there is room for. */
  get size(): number {
    return this.#watermarks.length;
  }

  /** The watermark of a partition; NaN before its first row. */
  watermarkOf(partition: number): number {
    return this.#watermarks[partition];
  }

  isIdle(partition: number): boolean {
    return this.#idle[partition] === 1;
  }

  /**
   * Takes note of a row and returns the source's watermark after it. A row that does not count only keeps its partition
   * awake.
   */
  observe(partition: number, time: number, arrival: number, counts = true): number {
    if (partition >= this.#watermarks.length) this.#grow(partition + 1);
    this.#rows[partition]++;
    const { future, idle } = this.#strategy;
    if (idle !== null) {
      this.#lastSeen[partition] = arrival;
      this.#silence.hear(partition);
      if (arrival + idle < this.#idleCheck) this.#idleCheck = arrival + idle;
    }
    const wasIdle = this.#idle[partition] === 1;
    this.#idle[partition] = 0;
    if (wasIdle) this.#note(partition);
    if (wasIdle && !Number.isNaN(this.#watermarks[partition])) this.#heap.add(partition, this.#watermarks[partition]);
    // A row from the future says more about a clock than about what is still to come.
    if (!counts || (future !== null && time > arrival + future)) return this.#watermark;
    const tracker = (this.#trackers[partition] ??= basisTracker(this.#strategy.basis));
    const before = this.#watermarks[partition];
    const after = tracker.observe(time);
    if (!(after > before) && !Number.isNaN(before) && !wasIdle) return this.#watermark;
    const own = before > after ? before : after;
    this.#watermarks[partition] = own;
    this.#note(partition);
    if (own > this.#greatest) this.#greatest = own;
    if (Number.isNaN(before)) this.#heap.add(partition, own);
    // Only the partition that holds the others back can move the least of them, except by joining them.
    if (partition === this.#holder || this.#holder < 0 || Number.isNaN(before) || wasIdle) this.#settle();
    return this.#watermark;
  }

  /** Returns the next processing time at which a partition would turn idle, or Infinity. */
  nextIdle(): number {
    return this.#idleCheck;
  }

  /** Moves the clock to `now` and returns the source's watermark after partitions that were silent too long turned idle. */
  tick(now: number): number {
    const { idle } = this.#strategy;
    if (idle === null || now < this.#idleCheck) return this.#watermark;
    let changed = false;
    let longest = this.#silence.first;
    while (longest >= 0 && this.#lastSeen[longest] + idle <= now) {
      this.#idle[longest] = 1;
      this.#note(longest);
      this.#silence.leave(longest);
      longest = this.#silence.first;
      changed = true;
    }
    this.#idleCheck = longest < 0 ? Infinity : this.#lastSeen[longest] + idle;
    if (changed) this.#settle();
    return this.#watermark;
  }

  /** Returns the partitions that may have changed since this was asked last, least first. */
  takeChanged(): readonly number[] {
    const changed = this.#changed;
    this.#changed = [];
    for (const p of changed) this.#isChanged[p] = 0;
    return changed.sort((a, b) => a - b);
  }

  #note(partition: number): void {
    if (this.#isChanged[partition] === 1) return;
    this.#isChanged[partition] = 1;
    this.#changed.push(partition);
  }

  /** Brings the heap's top up to date: its entries are watermarks from earlier, and partitions that turned idle since. */
  #settle(): void {
    const heap = this.#heap;
    while (heap.top >= 0) {
      const p = heap.top;
      if (this.#idle[p] === 1) heap.removeTop();
      else if (heap.leastValue < this.#watermarks[p]) heap.raiseTop(this.#watermarks[p]);
      else break;
    }
    this.#holder = heap.top;
    const next = this.#holder < 0 ? this.#greatest : heap.leastValue;
    if (next > this.#watermark) this.#watermark = next;
  }

  #grow(needed: number): void {
    const size = Math.max(needed, this.#watermarks.length * 2);
    const extend = (from: Float64Array, fill: number): Float64Array => {
      const to = new Float64Array(size).fill(fill);
      to.set(from);
      return to;
    };
    this.#watermarks = extend(this.#watermarks, NaN);
    this.#lastSeen = extend(this.#lastSeen, -Infinity);
    this.#rows = extend(this.#rows, 0);
    const flags = (from: Uint8Array): Uint8Array => {
      const to = new Uint8Array(size);
      to.set(from);
      return to;
    };
    this.#idle = flags(this.#idle);
    this.#isChanged = flags(this.#isChanged);
  }

  /** Says what each partition seen so far contributes. */
  partitions(): { partition: number; watermark: number; idle: boolean; rows: number; lastSeen: number }[] {
    const out = [];
    for (let p = 0; p < this.#rows.length; p++) {
      if (this.#rows[p] === 0) continue;
      out.push({
        partition: p,
        watermark: Number.isNaN(this.#watermarks[p]) ? -Infinity : this.#watermarks[p],
        idle: this.#idle[p] === 1,
        rows: this.#rows[p],
        lastSeen: this.#lastSeen[p],
      });
    }
    return out;
  }

  snapshot(): unknown {
    return {
      trackers: this.#trackers.map(t => t?.snapshot()),
      seen: this.#trackers.map(t => t !== undefined),
      watermarks: this.#watermarks.slice(),
      lastSeen: this.#lastSeen.slice(),
      idle: this.#idle.slice(),
      rows: this.#rows.slice(),
      holder: this.#holder,
      watermark: this.#watermark,
      idleCheck: this.#idleCheck,
    };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as {
      trackers: unknown[];
      seen: boolean[];
      watermarks: Float64Array;
      lastSeen: Float64Array;
      idle: Uint8Array;
      rows: Float64Array;
      holder: number;
      watermark: number;
      idleCheck: number;
    };
    this.#trackers.length = 0;
    from.seen.forEach((seen, p) => {
      if (!seen) return;
      this.#trackers[p] = basisTracker(this.#strategy.basis);
      this.#trackers[p].restore(from.trackers[p]);
    });
    this.#watermarks = from.watermarks.slice();
    this.#lastSeen = from.lastSeen.slice();
    this.#idle = from.idle.slice();
    this.#rows = from.rows.slice();
    this.#holder = from.holder;
    this.#watermark = from.watermark;
    this.#idleCheck = from.idleCheck;
    this.#arrange();
  }

  /** Puts heap and list in order again; they follow from the rest. */
  #arrange(): void {
    this.#heap.clear();
    this.#silence.clear();
    this.#changed = [];
    this.#isChanged = new Uint8Array(this.#watermarks.length);
    this.#greatest = -Infinity;
    const heard: number[] = [];
    for (let p = 0; p < this.#watermarks.length; p++) {
      const own = this.#watermarks[p];
      if (own > this.#greatest) this.#greatest = own;
      if (this.#idle[p] === 1) continue;
      if (!Number.isNaN(own)) this.#heap.add(p, own);
      if (this.#lastSeen[p] !== -Infinity) heard.push(p);
    }
    heard.sort((a, b) => this.#lastSeen[a] - this.#lastSeen[b]);
    for (const p of heard) this.#silence.hear(p);
  }
}
