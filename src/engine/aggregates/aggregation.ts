/**
 * What the engine asks of an aggregate: state by slot (one slot per key, or per key and window), changed by rows with
 * weights. A weight of −1 takes a row back, exactly: what is left is what the other rows alone would have given.
 *
 * State lives in arrays by slot where it has a constant size, and in small sorted structures where it has not.
 */
import type { Column, Value } from "../../columns/column.ts";
import type { ValueType } from "../../expressions/types.ts";

/** The rows that the next calls of `add` speak of. */
export interface AggregateRows {
  /** The arguments, one column each. */
  readonly args: readonly Column[];
  /** Event time of each row, ms. */
  readonly time: Float64Array;
  /** Number of row 0 in the order of arrival since the start of the run. */
  readonly order: number;
}

export interface Aggregation {
  bind(rows: AggregateRows): void;
  /** Counts a row of the bound ones `weight` times; −1 takes it back. A row with a null argument changes nothing. */
  add(slot: number, row: number, weight: number): void;
  /**
   * Does what `add` does for `count` rows, one after the other: row `rows[i]` of the bound ones (null: row i) into slot
   * `slots[i]` with weight `weights[i]` (null: 1).
   */
  addAll(slots: Int32Array, rows: Int32Array | null, weights: Int32Array | null, count: number): void;
  /** Adds what `from` holds to `into`. `from` is left as it is. */
  merge(into: number, from: number): void;
  /** Makes a slot empty. Slots are cleared before their first use, so this is where arrays grow. */
  clear(slot: number): void;
  result(slot: number): Value;
  /** A slot's state as plain data, which shares nothing with the slot. */
  save(slot: number): unknown;
  load(slot: number, saved: unknown): void;
}

export interface AggregationContext {
  /** Types of the arguments. */
  readonly types: readonly ValueType[];
  /** Whether rows may be taken back. When they cannot be, less has to be kept. */
  readonly retracts: boolean;
}

export type AggregationFactory = (context: AggregationContext) => Aggregation;

/** Reports a retraction where the plan had ruled it out. */
export function unexpectedRetraction(): Error {
  return new Error("A row was taken back that cannot be: its stream was planned as one that only adds rows.");
}

/** Returns an array of at least `size`, with what the old one held and `fill` in the rest. */
export function grownFloats(array: Float64Array, size: number, fill = 0): Float64Array<ArrayBuffer> {
  const out = new Float64Array(Math.max(size, 2 * array.length, 16)).fill(fill);
  out.set(array);
  return out;
}

/** As `grownFloats`, for counts. */
export function grownInts(array: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const out = new Int32Array(Math.max(size, 2 * array.length, 16));
  out.set(array);
  return out;
}
