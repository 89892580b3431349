/**
 * Aggregates made of sums: `sum`, `mean`, `variance`, `stdev`, `corr`.
 *
 * Sums are compensated (Neumaier 1974), so that what is added and taken back leaves nothing behind but an error far below
 * the last digit; whole numbers are exact. A sum without rows starts again at zero exactly. What is not finite is counted
 * apart, because `Infinity − Infinity` could never be taken back.
 */
import type { Value } from "../../columns/column.ts";
import {
  type AggregateRows,
  type Aggregation,
  type AggregationFactory,
  grownFloats,
  grownInts,
} from "./aggregation.ts";
import { NO_NUMBERS, type Numbers, numbersOf } from "./arguments.ts";

/** Compensated sums by slot. */
class Sums {
  sum = new Float64Array(0);
  rest = new Float64Array(0);

  grow(slot: number): void {
    if (slot < this.sum.length) return;
    this.sum = grownFloats(this.sum, slot + 1);
    this.rest = grownFloats(this.rest, slot + 1);
  }
  add(slot: number, value: number): void {
    const sum = this.sum[slot];
    const next = sum + value;
    this.rest[slot] += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    this.sum[slot] = next;
  }
  /** Adds another slot's sum and its compensation. */
  addSlot(into: number, from: number): void {
    this.add(into, this.sum[from]);
    this.rest[into] += this.rest[from];
  }
  value(slot: number): number {
    return this.sum[slot] + this.rest[slot];
  }
  reset(slot: number): void {
    this.sum[slot] = 0;
    this.rest[slot] = 0;
  }
}

/** How many NaN, +Infinity and −Infinity a slot holds; most slots hold none and cost nothing. */
class Exceptions {
  readonly #counts = new Map<number, [number, number, number]>();

  add(slot: number, value: number, weight: number): void {
    const counts = this.#counts.get(slot) ?? [0, 0, 0];
    counts[Number.isNaN(value) ? 0 : value > 0 ? 1 : 2] += weight;
    if (counts.every(c => c === 0)) this.#counts.delete(slot);
    else this.#counts.set(slot, counts);
  }
  /** What the finite part of a sum becomes. */
  apply(slot: number, finite: number): number {
    if (this.#counts.size === 0) return finite;
    const counts = this.#counts.get(slot);
    if (counts === undefined) return finite;
    const [nan, up, down] = counts;
    if (nan > 0 || (up > 0 && down > 0)) return NaN;
    return up > 0 ? Infinity : down > 0 ? -Infinity : finite;
  }
  merge(into: number, from: number): void {
    const [nan, up, down] = this.#counts.get(from) ?? [0, 0, 0];
    if (nan !== 0) this.add(into, NaN, nan);
    if (up !== 0) this.add(into, Infinity, up);
    if (down !== 0) this.add(into, -Infinity, down);
  }
  clear(slot: number): void {
    if (this.#counts.size > 0) this.#counts.delete(slot);
  }
  save(slot: number): [number, number, number] | null {
    const counts = this.#counts.get(slot);
    return counts === undefined ? null : [...counts];
  }
  load(slot: number, saved: [number, number, number] | null): void {
    if (saved !== null) this.#counts.set(slot, [...saved]);
  }
}

type SavedSum = [
  count: number,
  sum: number,
  rest: number,
  exceptions: [number, number, number] | null,
  greatest: number,
];

/** What a sum may be off by when everything has been taken back, as a share of the greatest value in it. */
const NOTHING_LEFT = 1e-12;

/**
 * `sum`, or with `mean` the sum divided by the number of values. Null where there is no value.
 *
 * A discarding pane may hold a row's retraction and its replacement without the row: as many values as were taken back, and
 * yet a sum. So a sum is only over when nothing but a rounding error is left of it.
 */
class Sum implements Aggregation {
  readonly #mean: boolean;
  readonly #sums = new Sums();
  readonly #exceptions = new Exceptions();
  #counts = new Int32Array(0);
  /** The greatest magnitude added since the sum was zero. */
  #greatest = new Float64Array(0);
  #numbers: Numbers = NO_NUMBERS;

  constructor(mean: boolean) {
    this.#mean = mean;
  }
  bind({ args }: AggregateRows): void {
    this.#numbers = numbersOf(args[0]);
  }
  add(slot: number, row: number, weight: number): void {
    const { values, valid } = this.#numbers;
    if (valid !== null && valid[row] === 0) return;
    const value = values[row];
    this.#counts[slot] += weight;
    if (Number.isFinite(value)) this.#addFinite(slot, value * weight);
    else this.#exceptions.add(slot, value, weight);
    if (this.#counts[slot] === 0) this.#settle(slot);
  }
  #addFinite(slot: number, value: number): void {
    this.#sums.add(slot, value);
    const size = Math.abs(value);
    if (size > this.#greatest[slot]) this.#greatest[slot] = size;
  }
  /** Sets a sum of no values to zero exactly, unless more than a rounding error is left. */
  #settle(slot: number): void {
    if (Math.abs(this.#sums.value(slot)) > this.#greatest[slot] * NOTHING_LEFT) return;
    this.#sums.reset(slot);
    this.#greatest[slot] = 0;
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    this.#counts[into] += this.#counts[from];
    this.#sums.addSlot(into, from);
    this.#exceptions.merge(into, from);
    this.#greatest[into] = Math.max(this.#greatest[into], this.#greatest[from]);
    if (this.#counts[into] === 0) this.#settle(into);
  }
  clear(slot: number): void {
    if (slot >= this.#counts.length) this.#counts = grownInts(this.#counts, slot + 1);
    if (slot >= this.#greatest.length) this.#greatest = grownFloats(this.#greatest, slot + 1);
    this.#sums.grow(slot);
    this.#counts[slot] = 0;
    this.#greatest[slot] = 0;
    this.#sums.reset(slot);
    this.#exceptions.clear(slot);
  }
  result(slot: number): Value {
    const count = this.#counts[slot];
    const sum = this.#exceptions.apply(slot, this.#sums.value(slot));
    if (count === 0) return this.#mean || sum === 0 ? null : sum;
    return this.#mean ? sum / count : sum;
  }
  save(slot: number): unknown {
    const { sum, rest } = this.#sums;
    return [this.#counts[slot], sum[slot], rest[slot], this.#exceptions.save(slot), this.#greatest[slot]];
  }
  load(slot: number, saved: unknown): void {
    this.clear(slot);
    const [count, sum, rest, exceptions, greatest] = saved as SavedSum;
    this.#counts[slot] = count;
    this.#greatest[slot] = greatest;
    this.#sums.sum[slot] = sum;
    this.#sums.rest[slot] = rest;
    this.#exceptions.load(slot, exceptions);
  }
}

/**
 * Sums of powers about a point near the data, the slot's first value: they can be added, taken back and merged, and do
 * not cancel as sums of squares about zero would. With two arguments also the products, for `corr`.
 */
class Moments implements Aggregation {
  readonly #result: (n: number, xx: number, yy: number, xy: number) => number | null;
  readonly #pairs: boolean;
  #counts = new Int32Array(0);
  #x0 = new Float64Array(0);
  #y0 = new Float64Array(0);
  readonly #x = new Sums();
  readonly #y = new Sums();
  readonly #xx = new Sums();
  readonly #yy = new Sums();
  readonly #xy = new Sums();
  readonly #all = [this.#x, this.#y, this.#xx, this.#yy, this.#xy];
  #xs: Numbers = NO_NUMBERS;
  #ys: Numbers = NO_NUMBERS;

  constructor(pairs: boolean, result: (n: number, xx: number, yy: number, xy: number) => number | null) {
    this.#pairs = pairs;
    this.#result = result;
  }
  bind({ args }: AggregateRows): void {
    this.#xs = numbersOf(args[0]);
    this.#ys = this.#pairs ? numbersOf(args[1]) : this.#xs;
  }
  add(slot: number, row: number, weight: number): void {
    if (this.#xs.valid !== null && this.#xs.valid[row] === 0) return;
    if (this.#ys.valid !== null && this.#ys.valid[row] === 0) return;
    const x = this.#xs.values[row];
    const y = this.#ys.values[row];
    if (Number.isNaN(this.#x0[slot])) {
      this.#x0[slot] = Number.isFinite(x) ? x : 0;
      this.#y0[slot] = Number.isFinite(y) ? y : 0;
    }
    const dx = x - this.#x0[slot];
    const dy = y - this.#y0[slot];
    this.#counts[slot] += weight;
    this.#x.add(slot, dx * weight);
    this.#xx.add(slot, dx * dx * weight);
    if (this.#pairs) {
      this.#y.add(slot, dy * weight);
      this.#yy.add(slot, dy * dy * weight);
      this.#xy.add(slot, dx * dy * weight);
    }
    if (this.#counts[slot] === 0) this.clear(slot);
  }
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void {
    for (let i = 0; i < count; i++) this.add(slots[i], rows === null ? i : rows[i], weights === null ? 1 : weights[i]);
  }
  merge(into: number, from: number): void {
    const n = this.#counts[from];
    if (n === 0) return;
    if (this.#counts[into] === 0) {
      this.load(into, this.save(from));
      return;
    }
    // Moves the sums of `from` to the point of `into`: Σ(v + d)² = Σv² + 2dΣv + nd².
    const dx = this.#x0[from] - this.#x0[into];
    const dy = this.#y0[from] - this.#y0[into];
    const x = this.#x.value(from);
    const y = this.#y.value(from);
    this.#counts[into] += n;
    this.#x.add(into, x + n * dx);
    this.#y.add(into, y + n * dy);
    this.#xx.add(into, this.#xx.value(from) + 2 * dx * x + n * dx * dx);
    this.#yy.add(into, this.#yy.value(from) + 2 * dy * y + n * dy * dy);
    this.#xy.add(into, this.#xy.value(from) + dx * y + dy * x + n * dx * dy);
  }
  clear(slot: number): void {
    if (slot >= this.#counts.length) {
      this.#counts = grownInts(this.#counts, slot + 1);
      this.#x0 = grownFloats(this.#x0, slot + 1);
      this.#y0 = grownFloats(this.#y0, slot + 1);
    }
    this.#counts[slot] = 0;
    this.#x0[slot] = NaN;
    this.#y0[slot] = NaN;
    for (const sums of this.#all) {
      sums.grow(slot);
      sums.reset(slot);
    }
  }
  result(slot: number): Value {
    const n = this.#counts[slot];
    if (n < 2) return null;
    const x = this.#x.value(slot);
    const y = this.#y.value(slot);
    const xx = this.#xx.value(slot) - (x * x) / n;
    const yy = this.#yy.value(slot) - (y * y) / n;
    const xy = this.#xy.value(slot) - (x * y) / n;
    return this.#result(n, atLeastZero(xx), atLeastZero(yy), xy);
  }
  save(slot: number): unknown {
    return [
      this.#counts[slot],
      this.#x0[slot],
      this.#y0[slot],
      ...this.#all.flatMap(sums => [sums.sum[slot], sums.rest[slot]]),
    ];
  }
  load(slot: number, saved: unknown): void {
    this.clear(slot);
    const [count, x0, y0, ...sums] = saved as number[];
    this.#counts[slot] = count;
    this.#x0[slot] = x0;
    this.#y0[slot] = y0;
    this.#all.forEach((to, i) => {
      to.sum[slot] = sums[2 * i];
      to.rest[slot] = sums[2 * i + 1];
    });
  }
}

/** Rounding may leave a sum of squares a hair below zero; NaN stays NaN. */
function atLeastZero(value: number): number {
  return value < 0 ? 0 : value;
}

export const sum: AggregationFactory = () => new Sum(false);
export const mean: AggregationFactory = () => new Sum(true);
export const variance: AggregationFactory = () => new Moments(false, (n, xx) => xx / (n - 1));
export const stdev: AggregationFactory = () => new Moments(false, (n, xx) => Math.sqrt(xx / (n - 1)));
export const corr: AggregationFactory = () =>
  new Moments(true, (_n, xx, yy, xy) => {
    // A column without variance correlates with nothing.
    if (xx === 0 || yy === 0) return null;
    return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
  });
