/** The `progress` port of a source: each move of its watermark, and of each partition's, with the partitions that turn idle. */
import type { Batch } from "../columns/batch.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { PROGRESS_SCHEMA } from "../pipeline/verbs/source.ts";
import type { SourceFeed } from "./feed.ts";

/** Partition names of all sources: codes of the column `partition`. */
const NAMES = new Dictionary();

/** What was told last of each partition, as plain data. Entry 0 is the source itself, entry p + 1 partition p. */
export interface SavedProgress {
  readonly watermark: readonly number[];
  readonly idle: readonly boolean[];
}

export class ProgressRows {
  readonly #feed: SourceFeed;
  #toldWatermark = new Float64Array(8).fill(NaN);
  #toldIdle = new Uint8Array(8);
  /** Name of each partition as a code; −1 where it has none, −2 where it has not been looked up. */
  #names = new Int32Array(0);
  /** Whether all partitions are to be looked at, not only those that have changed: at the beginning, and when loaded. */
  #afresh = true;

  count = 0;
  #at = new Int32Array(64);
  #clock = new Float64Array(64);
  #watermark = new Float64Array(64);
  #partition = new Int32Array(64);
  #idle = new Uint8Array(64);

  constructor(feed: SourceFeed) {
    this.#feed = feed;
  }

  /** Looks at the feed after a position and notes what has changed since it was last looked at. */
  look(position: number, clock: number): void {
    const feed = this.#feed;
    const { progress } = feed;
    const partitions = progress.size;
    if (partitions + 1 > this.#toldWatermark.length) this.#widen(partitions + 1);
    if (feed.partitioned) {
      const changed = progress.takeChanged();
      if (this.#afresh) for (let p = 1; p < partitions; p++) this.#lookAt(p, position, clock);
      else for (const p of changed) if (p > 0) this.#lookAt(p, position, clock);
      this.#afresh = false;
    }
    const { watermark } = feed;
    // Before the first row there is nothing to tell; the end of time is told as any other.
    if (!(watermark > -Infinity) || this.#toldWatermark[0] === watermark) return;
    this.#toldWatermark[0] = watermark;
    this.#append(position, clock, watermark, -1, 0);
  }

  #lookAt(p: number, position: number, clock: number): void {
    const { progress } = this.#feed;
    const watermark = progress.watermarkOf(p);
    // Partitions that have not been seen, or have not said anything of time, have nothing to tell.
    if (watermark - watermark !== 0) return;
    const name = this.#nameOf(p);
    if (name < 0) return;
    const idle = progress.isIdle(p) ? 1 : 0;
    if (this.#toldWatermark[p + 1] === watermark && this.#toldIdle[p + 1] === idle) return;
    this.#toldWatermark[p + 1] = watermark;
    this.#toldIdle[p + 1] = idle;
    this.#append(position, clock, watermark, name, idle);
  }

  #append(position: number, clock: number, watermark: number, partition: number, idle: number): void {
    if (this.count === this.#at.length) this.#grow();
    const row = this.count++;
    this.#at[row] = position;
    this.#clock[row] = clock;
    this.#watermark[row] = watermark;
    this.#partition[row] = partition;
    this.#idle[row] = idle;
  }

  /** Hands out the rows of a step with their positions, and starts again. */
  take(): { readonly batch: Batch; readonly at: Int32Array } {
    const { count } = this;
    this.count = 0;
    const batch: Batch = {
      schema: PROGRESS_SCHEMA,
      length: count,
      columns: [
        { type: "timestamp", values: this.#clock.slice(0, count), valid: null },
        { type: "string", codes: this.#partition.slice(0, count), dictionary: NAMES },
        { type: "timestamp", values: this.#watermark.slice(0, count), valid: null },
        { type: "boolean", values: this.#idle.slice(0, count), valid: null },
      ],
    };
    return { batch, at: this.#at.slice(0, count) };
  }

  #nameOf(p: number): number {
    if (p >= this.#names.length) {
      const names = new Int32Array(Math.max(p + 1, 2 * this.#names.length)).fill(-2);
      names.set(this.#names);
      this.#names = names;
    }
    if (this.#names[p] === -2) {
      const name = this.#feed.nameOf(p);
      this.#names[p] = name === "" ? -1 : NAMES.code(name);
    }
    return this.#names[p];
  }

  #widen(size: number): void {
    const watermark = new Float64Array(2 * size).fill(NaN);
    watermark.set(this.#toldWatermark);
    this.#toldWatermark = watermark;
    const idle = new Uint8Array(2 * size);
    idle.set(this.#toldIdle);
    this.#toldIdle = idle;
  }

  #grow(): void {
    const size = 2 * this.#at.length;
    const floats = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    const ints = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.#at = ints(this.#at);
    this.#partition = ints(this.#partition);
    this.#clock = floats(this.#clock);
    this.#watermark = floats(this.#watermark);
    const idle = new Uint8Array(size);
    idle.set(this.#idle);
    this.#idle = idle;
  }

  save(): SavedProgress {
    return { watermark: [...this.#toldWatermark], idle: Array.from(this.#toldIdle, idle => idle === 1) };
  }

  load({ watermark, idle }: SavedProgress): void {
    this.#afresh = true;
    if (watermark.length > this.#toldWatermark.length) this.#widen(watermark.length);
    this.#toldWatermark.fill(NaN).set(watermark);
    this.#toldIdle.fill(0).set(idle.map(Number));
  }
}
