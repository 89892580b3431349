/** Aggregates over sorted values: `min`, `max`, `median`, `quantile`, `mode`. */
import { type Column, type Value, valueAt } from "../../columns/column.ts";
import { type AggregateRows, type Aggregation, type AggregationFactory, unexpectedRetraction } from "./aggregation.ts";
import { compareValues } from "./arguments.ts";

/**
 * A multiset in order: each different value once, with its count. A count may be negative for a while, when a value is
 * taken back before it arrives; such a value is not there.
 */
class SortedCounts {
  values: Value[] = [];
  counts: number[] = [];
  total = 0;

  add(value: Value, weight: number): void {
    const at = this.#find(value);
    this.total += weight;
    if (at < this.values.length && compareValues(this.values[at], value) === 0) {
      this.counts[at] += weight;
      if (this.counts[at] === 0) {
        this.values.splice(at, 1);
        this.counts.splice(at, 1);
      }
    } else {
      this.values.splice(at, 0, value);
      this.counts.splice(at, 0, weight);
    }
  }
  /** The place of the first value that is not less. */
  #find(value: Value): number {
    let low = 0;
    let high = this.values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareValues(this.values[middle], value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  least(): Value {
    for (let i = 0; i < this.values.length; i++) if (this.counts[i] > 0) return this.values[i];
    return null;
  }
  greatest(): Value {
    for (let i = this.values.length - 1; i >= 0; i--) if (this.counts[i] > 0) return this.values[i];
    return null;
  }
  /** The value at an index of the sorted list with repetitions. */
  at(index: number): Value {
    let before = 0;
    for (let i = 0; i < this.values.length; i++) {
      before += Math.max(0, this.counts[i]);
      if (index < before) return this.values[i];
    }
    return null;
  }
  /** The most frequent value; of several, the least. */
  mode(): Value {
    let best: Value = null;
    let most = 0;
    for (let i = 0; i < this.values.length; i++)
      if (this.counts[i] > most) {
        most = this.counts[i];
        best = this.values[i];
      }
    return best;
  }
}

/** Keeps every value, sorted, and answers a question about them. */
class Sorted implements Aggregation {
  readonly #answer: (sorted: SortedCounts, fraction: number) => Value;
  readonly #slots: (SortedCounts | undefined)[] = [];
  /** Second argument of `quantile`, as the latest row had it. */
  readonly #fractions: number[] = [];
  #column: Column | null = null;
  #fraction: Column | null = null;

  constructor(answer: (sorted: SortedCounts, fraction: number) => Value) {
    this.#answer = answer;
  }
  bind({ args }: AggregateRows): void {
    this.#column = args[0];
    this.#fraction = args.length > 1 ? args[1] : null;
  }
  add(slot: number, row: number, weight: number): void {
    const value = valueAt(this.#column as Column, row);
    if (value === null) return;
    if (this.#fraction !== null) this.#fractions[slot] = Number(valueAt(this.#fraction, row));
    (this.#slots[slot] ??= new SortedCounts()).add(value, weight);
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    const source = this.#slots[from];
    if (source === undefined) return;
    const target = (this.#slots[into] ??= new SortedCounts());
    source.values.forEach((value, i) => target.add(value, source.counts[i]));
    this.#fractions[into] ??= this.#fractions[from];
  }
  clear(slot: number): void {
    this.#slots[slot] = undefined;
    delete this.#fractions[slot];
  }
  result(slot: number): Value {
    const sorted = this.#slots[slot];
    return sorted === undefined || sorted.total <= 0 ? null : this.#answer(sorted, this.#fractions[slot]);
  }
  save(slot: number): unknown {
    const sorted = this.#slots[slot];
    if (sorted === undefined) return null;
    return { values: sorted.values.slice(), counts: sorted.counts.slice(), fraction: this.#fractions[slot] ?? null };
  }
  load(slot: number, saved: unknown): void {
    this.clear(slot);
    if (saved === null) return;
    const { values, counts, fraction } = saved as { values: Value[]; counts: number[]; fraction: number | null };
    const sorted = new SortedCounts();
    sorted.values = values.slice();
    sorted.counts = counts.slice();
    sorted.total = counts.reduce((a, b) => a + b, 0);
    this.#slots[slot] = sorted;
    if (fraction !== null) this.#fractions[slot] = fraction;
  }
}

/** The least or greatest value of rows that are never taken back: one value per slot. */
class Extreme implements Aggregation {
  /** 1 for the greatest, −1 for the least. */
  readonly #sign: number;
  readonly #best: Value[] = [];
  #column: Column | null = null;

  constructor(sign: number) {
    this.#sign = sign;
  }
  bind({ args }: AggregateRows): void {
    this.#column = args[0];
  }
  add(slot: number, row: number, weight: number): void {
    if (weight < 0) throw unexpectedRetraction();
    this.#consider(slot, valueAt(this.#column as Column, row));
  }
  #consider(slot: number, value: Value): void {
    if (value === null) return;
    const best = this.#best[slot];
    if (best === null || compareValues(value, best) * this.#sign > 0) this.#best[slot] = value;
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    this.#consider(into, this.#best[from]);
  }
  clear(slot: number): void {
    this.#best[slot] = null;
  }
  result(slot: number): Value {
    return this.#best[slot];
  }
  save(slot: number): unknown {
    return this.#best[slot];
  }
  load(slot: number, saved: unknown): void {
    this.#best[slot] = saved as Value;
  }
}

/** Interpolates between the two nearest values, as SQL's PERCENTILE_CONT and Hyndman and Fan's type 7 do. */
function quantileOf(sorted: SortedCounts, fraction: number): Value {
  if (!(fraction >= 0 && fraction <= 1))
    throw new Error(`quantile needs a fraction from 0 to 1, not ${fraction}. The median is 0.5.`);
  const place = fraction * (sorted.total - 1);
  const below = Math.floor(place);
  const low = Number(sorted.at(below));
  if (below === place) return low;
  return low + (Number(sorted.at(below + 1)) - low) * (place - below);
}

export const min: AggregationFactory = ({ retracts }) =>
  retracts ? new Sorted(sorted => sorted.least()) : new Extreme(-1);
export const max: AggregationFactory = ({ retracts }) =>
  retracts ? new Sorted(sorted => sorted.greatest()) : new Extreme(1);
export const median: AggregationFactory = () => new Sorted(sorted => quantileOf(sorted, 0.5));
export const quantile: AggregationFactory = () => new Sorted(quantileOf);
export const mode: AggregationFactory = () => new Sorted(sorted => sorted.mode());
