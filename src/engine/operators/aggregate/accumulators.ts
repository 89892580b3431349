/** All aggregates of a node over slots that are handed out and given back. */
import type { Column, Value } from "../../../columns/column.ts";
import type { Aggregation } from "../../aggregates/aggregation.ts";

export class Accumulators {
  readonly #all: readonly Aggregation[];
  readonly #free: number[] = [];
  #used = 0;

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
    for (let i = 0; i < this.#all.length; i++) this.#all[i].bind({ args: args[i], time, order });
  }

  /** Hands out an empty slot. */
  take(): number {
    const slot = this.#free.pop() ?? this.#used++;
    this.clear(slot);
    return slot;
  }

  release(slot: number): void {
    this.clear(slot);
    this.#free.push(slot);
  }

  add(slot: number, row: number, weight: number): void {
    for (const aggregation of this.#all) aggregation.add(slot, row, weight);
  }

  merge(into: number, from: number): void {
    for (const aggregation of this.#all) aggregation.merge(into, from);
  }

  clear(slot: number): void {
    for (const aggregation of this.#all) aggregation.clear(slot);
  }

  result(index: number, slot: number): Value {
    return this.#all[index].result(slot);
  }

  save(slot: number): unknown[] {
    return this.#all.map(aggregation => aggregation.save(slot));
  }

  /** Takes a slot and fills it with what `save` gave. */
  load(saved: unknown): number {
    const slot = this.take();
    (saved as unknown[]).forEach((state, i) => this.#all[i].load(slot, state));
    return slot;
  }
}
