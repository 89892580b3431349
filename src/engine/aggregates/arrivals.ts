/**
 * Aggregates that choose by time or order: `first`, `last`, `any`, `collect`. Rows of one event time count in the order
 * of their arrival, so that the answer is the same in every run and however sessions were merged.
 */
import { type Column, type Value, valueAt } from "../../columns/column.ts";
import { type AggregateRows, type Aggregation, type AggregationFactory, unexpectedRetraction } from "./aggregation.ts";
import { compareValues } from "./arguments.ts";

interface Arrival {
  readonly time: number;
  readonly order: number;
  readonly value: Value;
}

/** Orders arrivals for one aggregate: what comes first in this order is the answer. */
type Before = (a: Arrival, b: Arrival) => number;

const byEarliest: Before = (a, b) => a.time - b.time || a.order - b.order;
const byLatest: Before = (a, b) => b.time - a.time || b.order - a.order;
const byArrival: Before = (a, b) => a.order - b.order;

/** Keeps the values, in order. */
class Kept implements Aggregation {
  readonly #before: Before;
  readonly #answer: (kept: readonly Arrival[]) => Value;
  readonly #slots: (Arrival[] | undefined)[] = [];
  #rows: AggregateRows | null = null;

  constructor(before: Before, answer: (kept: readonly Arrival[]) => Value) {
    this.#before = before;
    this.#answer = answer;
  }
  bind(rows: AggregateRows): void {
    this.#rows = rows;
  }
  add(slot: number, row: number, weight: number): void {
    const { args, time, order } = this.#rows as AggregateRows;
    const value = valueAt(args[0] as Column, row);
    if (value === null) return;
    const kept = (this.#slots[slot] ??= []);
    for (let i = 0; i < weight; i++) this.#insert(kept, { time: time[row], order: order + row, value });
    for (let i = 0; i > weight; i--) {
      // Of equal values the one of this very time goes; a retraction carries the time of the row it takes back.
      let at = kept.findIndex(a => a.time === time[row] && compareValues(a.value, value) === 0);
      if (at < 0) at = kept.findIndex(a => compareValues(a.value, value) === 0);
      if (at >= 0) kept.splice(at, 1);
    }
  }
  #insert(kept: Arrival[], arrival: Arrival): void {
    let at = kept.length;
    while (at > 0 && this.#before(kept[at - 1], arrival) > 0) at--;
    kept.splice(at, 0, arrival);
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    const source = this.#slots[from];
    if (source === undefined) return;
    this.#slots[into] = [...(this.#slots[into] ?? []), ...source].sort(this.#before);
  }
  clear(slot: number): void {
    this.#slots[slot] = undefined;
  }
  result(slot: number): Value {
    return this.#answer(this.#slots[slot] ?? []);
  }
  save(slot: number): unknown {
    return this.#slots[slot]?.slice() ?? null;
  }
  load(slot: number, saved: unknown): void {
    this.#slots[slot] = (saved as Arrival[] | null)?.slice();
  }
}

/** The answer alone, of rows that are never taken back. */
class Chosen implements Aggregation {
  readonly #before: Before;
  readonly #best: (Arrival | undefined)[] = [];
  #rows: AggregateRows | null = null;

  constructor(before: Before) {
    this.#before = before;
  }
  bind(rows: AggregateRows): void {
    this.#rows = rows;
  }
  add(slot: number, row: number, weight: number): void {
    if (weight < 0) throw unexpectedRetraction();
    const { args, time, order } = this.#rows as AggregateRows;
    const value = valueAt(args[0] as Column, row);
    if (value !== null) this.#consider(slot, { time: time[row], order: order + row, value });
  }
  #consider(slot: number, arrival: Arrival | undefined): void {
    if (arrival === undefined) return;
    const best = this.#best[slot];
    if (best === undefined || this.#before(arrival, best) < 0) this.#best[slot] = arrival;
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    this.#consider(into, this.#best[from]);
  }
  clear(slot: number): void {
    this.#best[slot] = undefined;
  }
  result(slot: number): Value {
    return this.#best[slot]?.value ?? null;
  }
  save(slot: number): unknown {
    return this.#best[slot] ?? null;
  }
  load(slot: number, saved: unknown): void {
    this.#best[slot] = (saved as Arrival | null) ?? undefined;
  }
}

const foremost = (kept: readonly Arrival[]): Value => (kept.length === 0 ? null : kept[0].value);

function choosing(before: Before): AggregationFactory {
  return ({ retracts }) => (retracts ? new Kept(before, foremost) : new Chosen(before));
}

export const first = choosing(byEarliest);
export const last = choosing(byLatest);
export const any = choosing(byArrival);
export const collect: AggregationFactory = () => new Kept(byArrival, kept => kept.map(arrival => arrival.value));
