/**
 * The watermark of a source with partitions: the least of its partitions' watermarks, leaving out the idle ones.
 *
 * A partition counts from its first row on. It turns idle when `idle` passes without a row, and counts again with its
 * next one; what it brings from before the watermark is late, as it has to be. When all are idle nobody is waited for,
 * and the watermark moves to the greatest of theirs (Flink's rule).
 */
import type { WatermarkStrategy } from "../../model/watermarks.ts";
import { type BasisTracker, basisTracker } from "./basis.ts";

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
      if (arrival + idle < this.#idleCheck) this.#idleCheck = arrival + idle;
    }
    const wasIdle = this.#idle[partition] === 1;
    this.#idle[partition] = 0;
    // A row from the future says more about a clock than about what is still to come.
    if (!counts || (future !== null && time > arrival + future)) return this.#watermark;
    const tracker = (this.#trackers[partition] ??= basisTracker(this.#strategy.basis));
    const before = this.#watermarks[partition];
    const after = tracker.observe(time);
    if (!(after > before) && !Number.isNaN(before) && !wasIdle) return this.#watermark;
    this.#watermarks[partition] = before > after ? before : after;
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
    let next = Infinity;
    let changed = false;
    for (let p = 0; p < this.#watermarks.length; p++) {
      if (this.#idle[p] === 1 || this.#lastSeen[p] === -Infinity) continue;
      const deadline = this.#lastSeen[p] + idle;
      if (deadline <= now) {
        this.#idle[p] = 1;
        changed = true;
      } else if (deadline < next) next = deadline;
    }
    this.#idleCheck = next;
    if (changed) this.#settle();
    return this.#watermark;
  }

  #settle(): void {
    let least = Infinity;
    let greatest = -Infinity;
    let holder = -1;
    for (let p = 0; p < this.#watermarks.length; p++) {
      const w = this.#watermarks[p];
      if (Number.isNaN(w)) continue;
      if (w > greatest) greatest = w;
      if (this.#idle[p] === 0 && w < least) {
        least = w;
        holder = p;
      }
    }
    this.#holder = holder;
    const next = holder < 0 ? greatest : least;
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
    const idle = new Uint8Array(size);
    idle.set(this.#idle);
    this.#idle = idle;
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
  }
}
