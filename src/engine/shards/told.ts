/**
 * The watermarks of a log in memory that threads share. Every shard goes through all positions, and so needs the watermark after
 * every row: it is worked out once, by the thread that brings the shards together, while they follow close behind.
 */
import type { ToldWatermarks } from "../feed.ts";
import { boundedWatermark } from "../watermarks/bounded.ts";

/** Watermarks as plain data in shared memory. */
export interface SharedWatermarks {
  /** After each row, ms. */
  readonly values: Float64Array;
  /** Rows behind the watermark before each block of rows, and before the log's end. */
  readonly late: Int32Array;
  /** Rows whose watermarks are there. */
  readonly ready: Int32Array;
}

const BLOCK = 8_192;

/** Makes room for the watermarks of so many rows. */
export function watermarksFor(rows: number): SharedWatermarks {
  const blocks = Math.ceil(rows / BLOCK);
  return {
    values: new Float64Array(new SharedArrayBuffer(8 * rows)),
    late: new Int32Array(new SharedArrayBuffer(4 * (blocks + 1))),
    ready: new Int32Array(new SharedArrayBuffer(4)),
  };
}

/** Works out the watermarks of rows with these times: the greatest so far less `delay`. Whoever waits for them goes on meanwhile. */
export function tell({ values, late, ready }: SharedWatermarks, time: Float64Array, delay: number): void {
  const greatest = new Float64Array([-Infinity]);
  for (let block = 0, from = 0; from < time.length; block++, from += BLOCK) {
    const to = Math.min(time.length, from + BLOCK);
    late[block + 1] = late[block] + boundedWatermark(time, from, to, greatest, delay, values.subarray(from, to));
    Atomics.store(ready, 0, to);
    Atomics.notify(ready, 0);
  }
}

export class Told implements ToldWatermarks {
  readonly #shared: SharedWatermarks;
  /** Times of the rows, where late ones are to be counted. */
  readonly #time: Float64Array | null;

  constructor(shared: SharedWatermarks, time: Float64Array | null) {
    this.#shared = shared;
    this.#time = time;
  }

  after(from: number, to: number): Float64Array {
    const { values, ready } = this.#shared;
    for (let there = Atomics.load(ready, 0); there < to; there = Atomics.load(ready, 0)) Atomics.wait(ready, 0, there);
    return values.subarray(from, to);
  }

  late(from: number, to: number): number {
    return this.#time === null ? 0 : this.#lateBefore(to, this.#time) - this.#lateBefore(from, this.#time);
  }

  #lateBefore(row: number, time: Float64Array): number {
    const { values, late } = this.#shared;
    if (row === time.length) return late[late.length - 1];
    const block = Math.floor(row / BLOCK);
    let count = late[block];
    for (let i = Math.max(1, block * BLOCK); i < row; i++) if (time[i] < values[i - 1]) count++;
    return count;
  }
}
