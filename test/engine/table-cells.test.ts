/** Cells in chunks, against plain arrays; and tables that are longer than a chunk, against a map. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema } from "../../src/columns/column.ts";
import { CHUNK_BITS, floatCells, intCells } from "../../src/engine/table-cells.ts";
import { Table } from "../../src/engine/table.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { runs } from "../properties/arbitrary.ts";
import { logSource } from "./logs.ts";

const CHUNK = 1 << CHUNK_BITS;

describe("cells", () => {
  test("what is written in any pieces is read in any others", () => {
    const near = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: CHUNK - 3, max: CHUNK + 3 }),
      fc.integer({ min: 3 * CHUNK - 3, max: 3 * CHUNK + 3 }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(near, fc.integer({ min: 0, max: CHUNK + 5 })), { maxLength: 4 }),
        near,
        near,
        (writes, a, b) => {
          const cells = intCells();
          const plain = new Int32Array(6 * CHUNK);
          writes.forEach(([slot, count], n) => {
            const values = Int32Array.from({ length: count }, (_, i) => n * 1_000_000 + i + 1);
            cells.reserve(slot + count);
            cells.set(slot, values);
            plain.set(values, slot);
          });
          const [from, to] = a < b ? [a, b] : [b, a];
          cells.reserve(to);
          expect(cells.slice(from, to)).toEqual(plain.slice(from, to));
          if (to > from && from >>> CHUNK_BITS === (to - 1) >>> CHUNK_BITS)
            expect(cells.within(from, to)).toEqual(plain.subarray(from, to));
        },
      ),
      runs(30),
    );
  });

  test("room is made without touching what has been written, except in the first chunk", () => {
    const cells = floatCells();
    cells.reserve(10);
    expect(cells.chunks[0].length).toBe(64);
    cells.set(0, Float64Array.of(1, 2, 3));
    cells.reserve(CHUNK + 1);
    const [first] = cells.chunks;
    expect(first.length).toBe(CHUNK);
    expect(cells.slice(0, 4)).toEqual(Float64Array.of(1, 2, 3, 0));
    cells.reserve(5 * CHUNK);
    expect(cells.chunks[0]).toBe(first);
    expect(cells.chunks.length).toBe(5);
    expect(() => cells.within(CHUNK - 1, CHUNK + 1)).toThrow("several chunks");
  });
});

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: false },
  { name: "n", type: "number", nullable: false },
  { name: "on", type: "boolean", nullable: false },
];
const { node } = logSource("log", bounded(0));

/** Applies changes of rows that follow from a number. */
function apply(table: Table, numbers: readonly number[], weight: 1 | -1): void {
  const builder = new BatchBuilder(SCHEMA);
  for (const n of numbers) builder.append([`k${n % 1_000}`, n, n % 3 === 0]);
  const zeros = new Float64Array(numbers.length);
  const weights = weight === 1 ? null : new Int32Array(numbers.length).fill(weight);
  const nothing = { selection: null, at: null, clock: null, pane: null };
  table.apply({
    ...nothing,
    batch: builder.take(),
    count: numbers.length,
    weight: weights,
    time: zeros,
    watermark: zeros,
  });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("a table longer than a chunk", () => {
  const many = 2 * CHUNK + 1_000;

  test("a log is paged across chunks, in its own order and in another, and goes back", () => {
    const table = new Table(node, SCHEMA, { kind: "append" });
    for (let from = 0; from < many; from += 10_007) apply(table, range(from, Math.min(many, from + 10_007)), 1);
    const at = (from: number, order: { column: string; descending: boolean } | null): unknown[] =>
      table.page(from, 4, order).columns.map(({ values }) => values[1]);
    expect(at(CHUNK - 2, null)).toEqual([`k${(CHUNK - 1) % 1_000}`, CHUNK - 1, (CHUNK - 1) % 3 === 0]);
    expect(table.page(CHUNK - 2, 4, null).columns[1].values).toEqual([CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1]);
    expect(table.page(0, 3, { column: "n", descending: true }).columns[1].values).toEqual([
      many - 1,
      many - 2,
      many - 3,
    ]);
    expect(table.page(CHUNK, 2, { column: "key", descending: false }).columns[0].values).toHaveLength(2);
    const later = table.snapshot();
    apply(table, [-1], 1);
    table.restore(later);
    expect(table.length).toBe(many);
    apply(table, [7], 1);
    expect(table.page(many, 1, null).columns[1].values).toEqual([7]);
  });

  test("rows of a Z-set are taken out and come back, and so does a snapshot", () => {
    const table = new Table(node, SCHEMA, { kind: "z-set" });
    apply(table, range(0, many), 1);
    apply(table, range(CHUNK - 5, CHUNK + 5), 1);
    const full = table.snapshot();
    // Every third goes; the last rows move into their places, over the borders of chunks.
    apply(
      table,
      range(0, many).filter(n => n % 3 === 0),
      -1,
    );
    const expected = new Map<number, number>(range(0, many).flatMap(n => (n % 3 === 0 ? [] : [[n, 1]])));
    for (let n = CHUNK - 5; n < CHUNK + 5; n++) expected.set(n, (expected.get(n) ?? 0) + 1);
    const shown = (): Map<number, number> => {
      const numbers = table.page(0, Infinity, null).columns[1].values as number[];
      const weights = table.weights();
      return new Map(numbers.map((n, i) => [n, weights[i]]));
    };
    const sorted = (map: Map<number, number>): [number, number][] => [...map].sort(([a], [b]) => a - b);
    expect(table.length).toBe(expected.size);
    expect(sorted(shown())).toEqual(sorted(expected));
    table.restore(full);
    expect(table.length).toBe(many);
    expect([...table.weights(CHUNK - 6, CHUNK - 4)]).toEqual([1, 2]);
    apply(table, range(0, many), -1);
    expect(table.length).toBe(10);
  });
});
