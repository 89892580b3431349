/**
 * Finds what is due as time moves on, where almost everything is put off again and again before it is: sessions, whose
 * ends move with nearly every row.
 *
 * Items lie in buckets of time, and only those of the bucket that time has reached are put in order, in a heap. What has
 * been put off meanwhile is found when its old bucket comes up, and moves on to its new one without having cost anything.
 */
import { DueHeap } from "./due-heap.ts";

export class DueQueue {
  /** Length of a bucket: a power of two, so that dividing by it is exact. */
  readonly #width: number;
  /** The first item of each bucket, as a chain that goes on in `#next`; −1 ends it. */
  readonly #buckets = new Map<number, number>();
  #next = new Int32Array(0);
  /** 1 while an item lies in a chain, be it as a stale entry; it can lie in one only. */
  #chained = new Uint8Array(0);
  readonly #heap = new DueHeap();
  /** The last bucket that lies in the heap, and where the next begins. */
  #reached = -Infinity;
  #horizon = -Number.MAX_VALUE;
  /** By item: its bucket, or the time under which it lies in the heap. NaN: elsewhere. Entries that say otherwise are stale. */
  #bucket = new Float64Array(0);
  #time = new Float64Array(0);

  /** Makes a queue for items that are typically put off by `span`. */
  constructor(span: number) {
    this.#width = 2 ** Math.floor(Math.log2(span / 8));
  }

  /** Makes room for items below `size`. */
  widen(size: number): void {
    const bucket = new Float64Array(size).fill(NaN);
    const time = new Float64Array(size).fill(NaN);
    bucket.set(this.#bucket);
    time.set(this.#time);
    this.#bucket = bucket;
    this.#time = time;
    const next = new Int32Array(size);
    next.set(this.#next);
    this.#next = next;
    const chained = new Uint8Array(size);
    chained.set(this.#chained);
    this.#chained = chained;
  }

  /** The earliest time at which anything may be due; Infinity when nothing is there. */
  get tick(): number {
    const { first } = this.#heap;
    return this.#buckets.size > 0 && this.#horizon < first ? this.#horizon : first;
  }

  add(item: number, due: number): void {
    const bucket = Math.floor(due / this.#width);
    if (bucket <= this.#reached || this.#chained[item] === 1) {
      this.#time[item] = due;
      this.#heap.push(due, item);
    } else this.#put(item, bucket);
  }

  #put(item: number, bucket: number): void {
    this.#bucket[item] = bucket;
    this.#next[item] = this.#buckets.get(bucket) ?? -1;
    this.#buckets.set(bucket, item);
    this.#chained[item] = 1;
  }

  remove(item: number): void {
    this.#bucket[item] = NaN;
    this.#time[item] = NaN;
  }

  /** Brings the queue up to a time, given when each item is due by now; returns the new tick. */
  settle(now: number, due: Float64Array): number {
    if (now >= this.#horizon) this.#reach(now, due);
    const heap = this.#heap;
    while (heap.size > 0 && heap.first <= now) {
      const item = heap.firstItem;
      if (this.#time[item] !== heap.first) {
        heap.pop();
        continue;
      }
      if (due[item] <= now) break;
      const bucket = Math.floor(due[item] / this.#width);
      if (bucket <= this.#reached || this.#chained[item] === 1) {
        this.#time[item] = due[item];
        heap.postpone(due[item]);
      } else {
        heap.pop();
        this.#time[item] = NaN;
        this.#put(item, bucket);
      }
    }
    return this.tick;
  }

  #reach(now: number, due: Float64Array): void {
    const before = this.#reached;
    const reached = Math.floor(now / this.#width);
    this.#reached = reached;
    this.#horizon = (reached + 1) * this.#width;
    for (const bucket of passed(this.#buckets, before + 1, reached + 1)) {
      const first = this.#buckets.get(bucket) as number;
      this.#buckets.delete(bucket);
      for (let item = first, next = -1; item >= 0; item = next) {
        next = this.#next[item];
        this.#chained[item] = 0;
        if (this.#bucket[item] !== bucket) continue;
        this.#bucket[item] = NaN;
        this.add(item, due[item]);
      }
    }
  }

  /** Takes out an item that is due, after `settle`; −1 when there is none. */
  take(now: number): number {
    const heap = this.#heap;
    if (heap.size === 0 || heap.first > now) return -1;
    const item = heap.pop();
    this.#time[item] = NaN;
    return item;
  }
}

/**
 * Lists the keys of a map of times, whole numbers none of which is before `from`, that come before `to`. Of many entries most
 * are far ahead, so where the stretch is shorter than the map its numbers are gone through and not the map.
 */
export function passed(entries: ReadonlyMap<number, unknown>, from: number, to: number): number[] {
  const found: number[] = [];
  if (to - from < entries.size) {
    for (let time = from; time < to; time++) if (entries.has(time)) found.push(time);
  } else for (const time of entries.keys()) if (time < to) found.push(time);
  return found;
}
