/** The order of a table's rows, against a plain sort: few rows and many, in slices, and while the table changes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema, Value } from "../../src/columns/column.ts";
import { type Order, Table } from "../../src/engine/table.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { desc } from "../../src/pipeline/orders.ts";
import { runs } from "../properties/arbitrary.ts";
import { logSource } from "./logs.ts";

const SCHEMA: Schema = [
  { name: "i", type: "number", nullable: false },
  { name: "n", type: "number", nullable: true },
  { name: "s", type: "string", nullable: true },
  { name: "on", type: "boolean", nullable: true },
  { name: "more", type: "json", nullable: true },
];

const cells: fc.Arbitrary<Value[]> = fc.tuple(
  fc.oneof(
    fc.constantFrom<Value>(0, -0, 1, -1, null, Infinity, -Infinity, 1e-320, 2 ** 53),
    fc.double({ noNaN: true }) as fc.Arbitrary<Value>,
  ),
  fc.constantFrom<Value>("", "a", "B", "é", "ab", "\u{1F600}", null),
  fc.constantFrom<Value>(true, false, null),
  fc.constantFrom<Value>(null, [2], [1, 2], { x: "y" }),
);

const source = logSource("log", bounded(0));

function filled(rows: readonly Value[][], node = source.node): Table {
  const table = new Table(node, SCHEMA, { kind: "append" });
  append(table, rows);
  return table;
}

function append(table: Table, rows: readonly Value[][]): void {
  const builder = new BatchBuilder(SCHEMA);
  rows.forEach((row, i) => builder.append([table.length + i, ...row]));
  const batch = builder.take();
  const nothing = { selection: null, at: null, clock: null, weight: null, pane: null };
  const zeros = new Float64Array(rows.length);
  table.apply({ ...nothing, batch, count: rows.length, time: zeros, watermark: zeros });
}

function compare(a: Value, b: Value, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const [x, y] = typeof a === "object" ? [JSON.stringify(a), JSON.stringify(b)] : [a, b];
  return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
}

/** Rows by number, put in order by a comparison. */
function expected(rows: readonly Value[][], by: readonly Order[]): number[] {
  return rows
    .map((_, i) => i)
    .sort((a, b) => {
      for (const { column, descending } of by) {
        const c = SCHEMA.findIndex(f => f.name === column) - 1;
        const less = compare(rows[a][c], rows[b][c], descending);
        if (less !== 0) return less;
      }
      return a - b;
    });
}

/** So many rows that they are dealt out, of which the first few are given. */
function many(rows: readonly Value[][], count: number): Value[][] {
  return Array.from({ length: count }, (_, i) =>
    i < rows.length ? rows[i] : [Math.sin(i) * 10 ** (i % 9), `k${(i * 7) % 1_000}`, i % 3 === 0, [i % 5]],
  );
}

describe("rows are in order", () => {
  test.each([0, 6_000])("whatever is in them, if there are %i more", more => {
    fc.assert(
      fc.property(
        fc.array(cells, { maxLength: 40 }),
        fc.constantFrom("n", "s", "on", "more"),
        fc.boolean(),
        (some, column, descending) => {
          const rows = many(some, more === 0 ? some.length : more);
          const order = { column, descending };
          const shown = filled(rows).page(0, rows.length, order).columns[0].values;
          expect(shown).toEqual(expected(rows, [order]));
        },
      ),
      runs(more === 0 ? 200 : 12),
    );
  });

  test("by several columns, each in its direction", () => {
    const rows = many([], 5_000);
    const { node } = source.orderby(desc("d.s"), "d.on", desc("d.n"));
    const by = [
      { column: "s", descending: true },
      { column: "on", descending: false },
      { column: "n", descending: true },
    ];
    expect(Array.from(filled(rows, node).slots(null) as Int32Array)).toEqual(expected(rows, by));
  });

  test("in slices, as far as the table did not change, and in a new order when it did", () => {
    const rows = many([], 9_000);
    const table = filled(rows.slice(0, 8_000));
    const order = { column: "n", descending: false };
    const first = table.ordering(order);
    let slices = 0;
    while (first?.work(() => true) === true) {
      slices++;
      expect(table.ordering(order)).toBe(first);
    }
    expect(slices).toBeGreaterThan(4);
    expect(Array.from(first?.slots ?? [])).toEqual(expected(rows.slice(0, 8_000), [order]));
    append(table, rows.slice(8_000));
    const second = table.ordering(order);
    expect(second).not.toBe(first);
    expect(table.page(0, 9_000, order).columns[0].values).toEqual(expected(rows, [order]));
    expect(second?.done).toBe(true);
  });
});
