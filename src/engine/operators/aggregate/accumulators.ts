/** All aggregates of a node over slots that are handed out and given back. */
import type { Column, Value } from "../../../columns/column.ts";
import type { Aggregation } from "../../aggregates/aggregation.ts";

/** Rows that wait at most: enough for a loop to run, few enough to lie in the cache. */
const ROOM = 2_048;

export class Accumulators {
  readonly #all: readonly Aggregation[];
  readonly #free: number[] = [];
  #used = 0;
  /** Rows that were taken but not added yet, in order. Each aggregate adds them in one loop, before a slot is looked at. */
  readonly #slots = new Int32Array(ROOM);
  readonly #rows = new Int32Array(ROOM);
  readonly #weights = new Int32Array(ROOM);
  #waiting = 0;

  constructor(aggregations: readonly Aggregation[]) {
    this.#all = aggregations;
  }

  get width(): number {
    return this.#all.length;
  }

  /** Number of slots in use. */
  get size(): number {
    return this.#used - this.#free.length;
  }

  /** Says which rows the next calls of `add` speak of: for each aggregate its argument columns. */
  bind(args: readonly (readonly Column[])[], time: Float64Array, order: number): void {
    this.settle();
    for (let i = 0; i < this.#all.length; i++) this.#all[i].bind({ args: args[i], time, order });
  }

  /** Hands out an empty slot. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const slot = this.#used++;
    for (const aggregation of this.#all) aggregation.clear(slot);
    return slot;
  }

  release(slot: number): void {
    this.clear(slot);
    this.#free.push(slot);
  }

  add(slot: number, row: number, weight: number): void {
    if (this.#waiting === ROOM) this.settle();
    const at = this.#waiting++;
    this.#slots[at] = slot;
    this.#rows[at] = row;
    this.#weights[at] = weight;
  }

  /** Adds rows `[0, count)` of those bound to their slots. Null weights are +1. */
  addAll(slots: Int32Array, weights: Int32Array | null, count: number): void {
    for (const aggregation of this.#all) aggregation.addAll(slots, null, weights, count);
  }

  /** Adds the rows that wait. Their columns must still be there. */
  settle(): void {
    const waiting = this.#waiting;
    if (waiting === 0) return;
    this.#waiting = 0;
    const all = this.#all;
    if (waiting === 1) for (let i = 0; i < all.length; i++) all[i].add(this.#slots[0], this.#rows[0], this.#weights[0]);
    else for (let i = 0; i < all.length; i++) all[i].addAll(this.#slots, this.#rows, this.#weights, waiting);
  }

  merge(into: number, from: number): void {
    this.settle();
    for (const aggregation of this.#all) aggregation.merge(into, from);
  }

  clear(slot: number): void {
    this.settle();
    for (const aggregation of this.#all) aggregation.clear(slot);
  }

  result(index: number, slot: number): Value {
    this.settle();
    return this.#all[index].result(slot);
  }

  save(slot: number): unknown[] {
    this.settle();
    return this.#all.map(aggregation => aggregation.save(slot));
  }

  /** Takes a slot and fills it with what `save` gave. */
  load(saved: unknown): number {
    const slot = this.take();
    (saved as unknown[]).forEach((state, i) => this.#all[i].load(slot, state));
    return slot;
  }
}
