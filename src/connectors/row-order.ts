/** Puts the rows of a log in another order, in pieces. */
import type { Batch } from "../columns/batch.ts";
import type { Column, Value } from "../columns/column.ts";
import { type Pieces, stretches } from "./pieces.ts";

const DIGITS = 1 << 16;

/**
 * Gives the rows in order of their times, equal ones as they stand. They are dealt out by sixteen bits of the time after the
 * other, the least first (a radix sort, which leaves rows that are alike in their order); bits that all share cost nothing.
 */
export function* orderOfTimes(times: Float64Array): Pieces<Int32Array> {
  const { length } = times;
  const low = new Uint32Array(length);
  const high = new Uint32Array(length);
  let order = new Int32Array(length);
  yield* stretches(length, (from, to) => {
    writeKeys(times, low, high, from, to);
    for (let i = from; i < to; i++) order[i] = i;
  });
  for (const [keys, shift] of [
    [low, 0],
    [low, 16],
    [high, 0],
    [high, 16],
  ] as const) {
    const places = new Int32Array(DIGITS);
    yield* stretches(length, (from, to) => count(keys, shift, places, from, to));
    if (length === 0 || places[(keys[0] >>> shift) & (DIGITS - 1)] === length) continue;
    for (let digit = 0, sum = 0; digit < DIGITS; digit++) {
      const rows = places[digit];
      places[digit] = sum;
      sum += rows;
    }
    const dealt = new Int32Array(length);
    const before = order;
    yield* stretches(length, (from, to) => deal(keys, shift, places, before, dealt, from, to));
    order = dealt;
  }
  return order;
}

const FLOAT = new Float64Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** The bits of times as whole numbers in the same order: of negative ones all are turned, of others the sign. */
function writeKeys(times: Float64Array, low: Uint32Array, high: Uint32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    // Adding 0 makes −0 and 0, which are alike, have the same bits.
    FLOAT[0] = times[i] + 0;
    const negative = BITS[1] >>> 31 === 1;
    low[i] = negative ? ~BITS[0] : BITS[0];
    high[i] = negative ? ~BITS[1] : BITS[1] ^ 0x8000_0000;
  }
}

function count(keys: Uint32Array, shift: number, places: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) places[(keys[i] >>> shift) & (DIGITS - 1)]++;
}

function deal(
  keys: Uint32Array,
  shift: number,
  places: Int32Array,
  rows: Int32Array,
  out: Int32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) out[places[(keys[rows[i]] >>> shift) & (DIGITS - 1)]++] = rows[i];
}

/** Takes the rows of a batch in an order, which may leave some out. */
export function* batchInOrder(batch: Batch, order: Int32Array): Pieces<Batch> {
  const columns: Column[] = [];
  for (const column of batch.columns) columns.push(yield* columnInOrder(column, order));
  return { schema: batch.schema, length: order.length, columns };
}

function* columnInOrder(column: Column, order: Int32Array): Pieces<Column> {
  switch (column.type) {
    case "number":
    case "timestamp":
      return {
        type: column.type,
        values: yield* floatsInOrder(column.values, order),
        valid: column.valid === null ? null : yield* bytesInOrder(column.valid, order),
      };
    case "boolean":
      return {
        type: "boolean",
        values: yield* bytesInOrder(column.values, order),
        valid: column.valid === null ? null : yield* bytesInOrder(column.valid, order),
      };
    case "string":
      return { ...column, codes: yield* intsInOrder(column.codes, order) };
    case "json": {
      const values = new Array<Value>(order.length);
      yield* stretches(order.length, (from, to) => {
        for (let i = from; i < to; i++) values[i] = column.values[order[i]];
      });
      return { type: "json", values };
    }
  }
}

export function* floatsInOrder(values: Float64Array, order: Int32Array): Pieces<Float64Array> {
  const out = new Float64Array(order.length);
  yield* stretches(order.length, (from, to) => {
    for (let i = from; i < to; i++) out[i] = values[order[i]];
  });
  return out;
}

export function* intsInOrder(values: Int32Array, order: Int32Array): Pieces<Int32Array> {
  const out = new Int32Array(order.length);
  yield* stretches(order.length, (from, to) => {
    for (let i = from; i < to; i++) out[i] = values[order[i]];
  });
  return out;
}

function* bytesInOrder(values: Uint8Array, order: Int32Array): Pieces<Uint8Array> {
  const out = new Uint8Array(order.length);
  yield* stretches(order.length, (from, to) => {
    for (let i = from; i < to; i++) out[i] = values[order[i]];
  });
  return out;
}
