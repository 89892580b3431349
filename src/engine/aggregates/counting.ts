/** Aggregates that count: `count`, `some`, `every`, `distinct`. */
import type { Column, Value } from "../../columns/column.ts";
import { valueAt } from "../../columns/column.ts";
import { type AggregateRows, type Aggregation, type AggregationFactory, grownInts } from "./aggregation.ts";
import { hasValue, identityOf, truthAt } from "./arguments.ts";

/** `count()` counts rows, `count(x)` values that are not null. */
class Count implements Aggregation {
  #counts = new Int32Array(0);
  #column: Column | null = null;

  bind({ args }: AggregateRows): void {
    this.#column = args.length === 0 ? null : args[0];
  }
  add(slot: number, row: number, weight: number): void {
    if (this.#column === null || hasValue(this.#column, row)) this.#counts[slot] += weight;
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    const counts = this.#counts;
    if (this.#column === null)
      if (weights === null) for (let i = 0; i < count; i++) counts[slots[i]]++;
      else for (let i = 0; i < count; i++) counts[slots[i]] += weights[i];
    else
      for (let i = 0; i < count; i++)
        this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    this.#counts[into] += this.#counts[from];
  }
  clear(slot: number): void {
    if (slot >= this.#counts.length) this.#counts = grownInts(this.#counts, slot + 1);
    this.#counts[slot] = 0;
  }
  result(slot: number): Value {
    return this.#counts[slot];
  }
  save(slot: number): unknown {
    return this.#counts[slot];
  }
  load(slot: number, saved: unknown): void {
    this.clear(slot);
    this.#counts[slot] = saved as number;
  }
}

/** Counts for how many rows a condition holds, and for how many it does not. */
class Truths implements Aggregation {
  readonly #every: boolean;
  #held = new Int32Array(0);
  #failed = new Int32Array(0);
  #column: Column | null = null;

  constructor(every: boolean) {
    this.#every = every;
  }
  bind({ args }: AggregateRows): void {
    this.#column = args[0];
  }
  add(slot: number, row: number, weight: number): void {
    const truth = truthAt(this.#column as Column, row);
    if (truth > 0) this.#held[slot] += weight;
    else if (truth === 0) this.#failed[slot] += weight;
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    this.#held[into] += this.#held[from];
    this.#failed[into] += this.#failed[from];
  }
  clear(slot: number): void {
    if (slot >= this.#held.length) {
      this.#held = grownInts(this.#held, slot + 1);
      this.#failed = grownInts(this.#failed, slot + 1);
    }
    this.#held[slot] = 0;
    this.#failed[slot] = 0;
  }
  result(slot: number): Value {
    return this.#every ? this.#failed[slot] === 0 : this.#held[slot] > 0;
  }
  save(slot: number): unknown {
    return [this.#held[slot], this.#failed[slot]];
  }
  load(slot: number, saved: unknown): void {
    this.clear(slot);
    [this.#held[slot], this.#failed[slot]] = saved as [number, number];
  }
}

type Identity = number | string | boolean | null;

/** Keeps how often each value occurs, so that taking one back shows whether another like it is left. */
class Distinct implements Aggregation {
  readonly #counts: (Map<Identity, number> | undefined)[] = [];
  #column: Column | null = null;

  bind({ args }: AggregateRows): void {
    this.#column = args[0];
  }
  add(slot: number, row: number, weight: number): void {
    const value = valueAt(this.#column as Column, row);
    if (value !== null) this.#change(slot, identityOf(value), weight);
  }
  #change(slot: number, value: Identity, weight: number): void {
    const counts = (this.#counts[slot] ??= new Map());
    const count = (counts.get(value) ?? 0) + weight;
    if (count === 0) counts.delete(value);
    else counts.set(value, count);
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    for (const [value, count] of this.#counts[from] ?? []) this.#change(into, value, count);
  }
  clear(slot: number): void {
    this.#counts[slot] = undefined;
  }
  result(slot: number): Value {
    const counts = this.#counts[slot];
    if (counts === undefined) return 0;
    let distinct = 0;
    for (const count of counts.values()) if (count > 0) distinct++;
    return distinct;
  }
  save(slot: number): unknown {
    return [...(this.#counts[slot] ?? [])];
  }
  load(slot: number, saved: unknown): void {
    const entries = saved as [Identity, number][];
    this.#counts[slot] = entries.length === 0 ? undefined : new Map(entries);
  }
}

export const count: AggregationFactory = () => new Count();
export const some: AggregationFactory = () => new Truths(false);
export const every: AggregationFactory = () => new Truths(true);
export const distinct: AggregationFactory = () => new Distinct();
