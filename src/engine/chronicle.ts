/**
 * Rows by key in order of their event times, those of equal times in the order in which they came: what as-of and interval joins
 * hold of each side, so that they find the rows around a time by bisection.
 *
 * Rows are kept in columns by slot (`RowStore`). The slots of each key stand side by side in a stretch of one large array, with
 * room to grow; what is forgotten, at the front, and what comes, mostly at the end, moves nothing.
 *
 * A chronicle that several operators read takes in all rows of a step at once. Each reader then goes through the step
 * and says `now`, the number of rows that it has met; what comes later in the step is there but not seen. So each finds the
 * rows, in every moment, that it would find in a chronicle of its own. The idea is that of versions in shared arrangements (see
 * `holdings.ts`), with the step's own order as time.
 */
import type { Batch } from "../columns/batch.ts";
import { grown } from "./journal.ts";
import type { Flow } from "./flow.ts";
import type { RowStore } from "./row-store.ts";

const NONE = -1;
/** The smallest stretch, as a power of two. */
const LEAST = 2;
/** Rows that are looked at one by one for the place of a row that comes out of order, before that is found by bisection. */
const NEAR = 8;

interface Saved {
  readonly keys: Int32Array;
  readonly lengths: Int32Array;
  /** Slots, one key after the other. */
  readonly slots: Int32Array;
}

export class Chronicle {
  readonly store: RowStore;
  /** The stretches of all keys. */
  #slots = new Int32Array(256);
  #used = 0;
  /** Stretches that were given back, by their size as a power of two. */
  readonly #free: number[][] = [];
  /** By list, which is the key + 1: its stretch, the size of that as a power of two (−1: none), its first slot's place, and its length. */
  #begin = new Int32Array(16);
  #size = new Int8Array(16).fill(NONE);
  #first = new Int32Array(16);
  #count = new Int32Array(16);
  /** Its place among those in use. */
  #place = new Int32Array(16);
  #lists = 0;
  /** Lists in use, in no particular order: of keys that come and go most are not. */
  #live = new Int32Array(16);
  #keys = 0;
  #rows = 0;
  /** Where rows are met by several readers: for each slot which of the step's rows it holds, from 1 on; 0 for those of earlier steps. */
  #came: Int32Array | null = null;

  constructor(store: RowStore) {
    this.store = store;
  }

  /** Number of rows. */
  get rows(): number {
    return this.#rows;
  }

  /** Number of keys with rows. */
  get keys(): number {
    return this.#keys;
  }

  /** Puts a row of a flow among those of its key (−1: none) and returns its slot. */
  add(key: number, { batch, time }: Pick<Flow, "batch" | "time">, row: number): number {
    const slot = this.store.copy(batch, row);
    this.store.time[slot] = time[row];
    this.#insert(key + 1, slot);
    return slot;
  }

  /** Takes out a row at a time that equals a row of a batch, the one that came last, and frees its slot. Returns it, or −1. */
  remove(key: number, batch: Batch, row: number, time: number): number {
    const { store } = this;
    const list = key + 1;
    if (list >= this.#lists) return NONE;
    const first = this.#first[list];
    for (let at = this.#until(list, time) - 1; at >= first && store.time[this.#slots[at]] === time; at--) {
      const slot = this.#slots[at];
      if (!store.equals(slot, batch, row)) continue;
      this.#slots.copyWithin(at, at + 1, first + this.#count[list]);
      this.#count[list]--;
      this.#rows--;
      store.free(slot);
      if (this.#count[list] === 0) this.#close(list);
      return slot;
    }
    return NONE;
  }

  /** Begins a step of which several readers meet the rows, in turns: those of the step before are old by now. */
  settle(met: Int32Array, count: number): void {
    this.#came ??= new Int32Array(this.store.capacity);
    for (let i = 0; i < count; i++) if (met[i] >= 0) this.#came[met[i]] = 0;
  }

  /** Says which of the step's rows a slot holds, from 1 on. */
  meet(slot: number, number: number): void {
    if (slot >= (this.#came as Int32Array).length) this.#came = grown(this.#came as Int32Array, this.store.capacity);
    (this.#came as Int32Array)[slot] = number;
  }

  /** Returns the place after the last of a key's rows at or before a time. Those between two places are got by `at`. */
  until(key: number, time: number): number {
    return key + 1 < this.#lists ? this.#until(key + 1, time) : 0;
  }

  /** Returns the place of the first of a key's rows at or after a time. */
  from(key: number, time: number): number {
    return key + 1 < this.#lists ? this.#from(key + 1, time) : 0;
  }

  /** Returns the place after a key's last row. */
  end(key: number): number {
    return key + 1 < this.#lists ? this.#first[key + 1] + this.#count[key + 1] : 0;
  }

  /** Returns the slot at a place, or −1 where it is not among the first `now` rows of the step. */
  at(place: number, now: number): number {
    const slot = this.#slots[place];
    return this.#came === null || this.#came[slot] <= now ? slot : NONE;
  }

  /** Returns the slot of a key's last row at or before a time, or −1; of the step's rows the first `now` count. */
  newest(key: number, time: number, now: number): number {
    if (key + 1 >= this.#lists) return NONE;
    const first = this.#first[key + 1];
    for (let place = this.#until(key + 1, time) - 1; place >= first; place--) {
      const slot = this.at(place, now);
      if (slot >= 0) return slot;
    }
    return NONE;
  }

  /** Returns the time of a key's first row after a time, or Infinity; of the step's rows the first `now` count. */
  after(key: number, time: number, now: number): number {
    const end = this.end(key);
    for (let place = this.until(key, time); place < end; place++) {
      const slot = this.at(place, now);
      if (slot >= 0) return this.store.time[slot];
    }
    return Infinity;
  }

  /** Forgets rows of all keys as `forgetOf` does. */
  forget(limit: number, base: number | null, mayGo: boolean): void {
    // Backwards, because the last list in use takes the place of one that comes to its end.
    for (let i = this.#keys - 1; i >= 0; i--) this.forgetOf(this.#live[i] - 1, limit, base, mayGo);
  }

  /**
   * Forgets the rows of a key before `limit`, as far as they are also older than its last row at or before `base` (null: whatever
   * they are). Of rows at the very time of that one the last is kept, or all where they `mayGo`, so that another can take its place.
   */
  forgetOf(key: number, limit: number, base: number | null, mayGo: boolean): void {
    const list = key + 1;
    const { time } = this.store;
    if (list >= this.#lists || this.#count[list] === 0) return;
    const first = this.#first[list];
    if (time[this.#slots[first]] >= limit) return;
    let to = this.#from(list, limit);
    if (base !== null) {
      let last = this.#until(list, base) - 1;
      if (mayGo && last > first) last = this.#from(list, time[this.#slots[last]]);
      if (last < to) to = last;
    }
    if (to <= first) return;
    for (let place = first; place < to; place++) this.store.free(this.#slots[place]);
    this.#rows -= to - first;
    this.#first[list] = to;
    this.#count[list] -= to - first;
    if (this.#count[list] === 0) this.#close(list);
    else if (4 * this.#count[list] < 1 << this.#size[list] && this.#size[list] > LEAST)
      this.#move(list, sizeFor(this.#count[list]));
  }

  snapshot(): Saved {
    const lists = this.#live.slice(0, this.#keys);
    const slots = new Int32Array(this.#rows);
    let count = 0;
    for (const list of lists) {
      const first = this.#first[list];
      slots.set(this.#slots.subarray(first, first + this.#count[list]), count);
      count += this.#count[list];
    }
    return { keys: lists.map(list => list - 1), lengths: lists.map(list => this.#count[list]), slots };
  }

  /** Puts rows back; the store must have been restored before. */
  restore(snapshot: unknown): void {
    const { keys, lengths, slots } = snapshot as Saved;
    let i = 0;
    keys.forEach((key, k) => {
      for (const end = i + lengths[k]; i < end; i++) this.#insert(key + 1, slots[i]);
    });
  }

  /** The place after the last row of a list at or before a time. */
  #until(list: number, time: number): number {
    const times = this.store.time;
    const slots = this.#slots;
    let low = this.#first[list];
    let high = low + this.#count[list];
    // What is asked for mostly lies near the end.
    if (high === low || times[slots[high - 1]] <= time) return high;
    high--;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[slots[middle]] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place of the first row of a list at or after a time. */
  #from(list: number, time: number): number {
    const times = this.store.time;
    const slots = this.#slots;
    let low = this.#first[list];
    let high = low + this.#count[list];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[slots[middle]] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(list: number, slot: number): void {
    if (list >= this.#lists) this.#extend(list + 1);
    if (this.#size[list] < 0) this.#open(list, LEAST);
    else if (this.#first[list] + this.#count[list] === this.#begin[list] + (1 << this.#size[list])) this.#room(list);
    const slots = this.#slots;
    const times = this.store.time;
    const time = times[slot];
    const first = this.#first[list];
    const end = first + this.#count[list]++;
    this.#rows++;
    let place = end;
    const near = end - NEAR > first ? end - NEAR : first;
    while (place > near && times[slots[place - 1]] > time) {
      slots[place] = slots[place - 1];
      place--;
    }
    if (place === near && place > first && times[slots[place - 1]] > time) {
      let low = first;
      let high = place - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (times[slots[middle]] <= time) low = middle + 1;
        else high = middle;
      }
      slots.copyWithin(low + 1, low, place);
      place = low;
    }
    slots[place] = slot;
  }

  /** Makes room behind a list that reaches the end of its stretch: at the stretch's front where much was forgotten, or in a larger one. */
  #room(list: number): void {
    const size = this.#size[list];
    const begin = this.#begin[list];
    const first = this.#first[list];
    if (2 * (first - begin) < 1 << size) {
      this.#move(list, size + 1);
      return;
    }
    this.#slots.copyWithin(begin, first, first + this.#count[list]);
    this.#first[list] = begin;
  }

  /** Moves a list into a stretch of another size. */
  #move(list: number, size: number): void {
    const from = this.#first[list];
    const before = this.#begin[list];
    const was = this.#size[list];
    const begin = this.#take(size);
    this.#slots.copyWithin(begin, from, from + this.#count[list]);
    this.#giveBack(before, was);
    this.#begin[list] = begin;
    this.#first[list] = begin;
    this.#size[list] = size;
  }

  #open(list: number, size: number): void {
    const begin = this.#take(size);
    this.#begin[list] = begin;
    this.#first[list] = begin;
    this.#size[list] = size;
    if (this.#keys === this.#live.length) this.#live = grown(this.#live, 2 * this.#keys);
    this.#place[list] = this.#keys;
    this.#live[this.#keys++] = list;
  }

  #close(list: number): void {
    this.#giveBack(this.#begin[list], this.#size[list]);
    this.#size[list] = NONE;
    this.#first[list] = 0;
    const last = this.#live[--this.#keys];
    this.#live[this.#place[list]] = last;
    this.#place[last] = this.#place[list];
  }

  #take(size: number): number {
    const given = this.#free[size]?.pop();
    if (given !== undefined) return given;
    const begin = this.#used;
    this.#used += 1 << size;
    if (this.#used > this.#slots.length) this.#slots = grown(this.#slots, Math.max(this.#used, 2 * this.#slots.length));
    return begin;
  }

  #giveBack(begin: number, size: number): void {
    while (this.#free.length <= size) this.#free.push([]);
    this.#free[size].push(begin);
  }

  #extend(lists: number): void {
    this.#lists = lists;
    if (lists <= this.#begin.length) return;
    const length = Math.max(lists, 2 * this.#begin.length);
    this.#begin = grown(this.#begin, length);
    this.#first = grown(this.#first, length);
    this.#count = grown(this.#count, length);
    this.#place = grown(this.#place, length);
    const size = new Int8Array(length).fill(NONE);
    size.set(this.#size);
    this.#size = size;
  }
}

/** The size of a stretch with room for as many slots again, as a power of two. */
function sizeFor(count: number): number {
  return Math.max(LEAST, 33 - Math.clz32(count));
}
