/** Tables: each kind against a naive one on random changes, paging and sorting, and going back. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../src/columns/batch.ts";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema, Value } from "../../src/columns/column.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { KeyIndex } from "../../src/engine/key-index.ts";
import { Table, tableKind, type TableKind } from "../../src/engine/table.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed, global } from "../../src/model/windows.ts";
import { desc } from "../../src/pipeline/orders.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import { runs } from "../properties/arbitrary.ts";
import { logSource } from "./logs.ts";

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: true },
  { name: "n", type: "number", nullable: true },
  { name: "on", type: "boolean", nullable: true },
  { name: "more", type: "json", nullable: true },
];

interface Change {
  readonly row: Row;
  readonly weight: number;
  /** Rows that a filter took out are in the batch all the same. */
  readonly hidden?: boolean;
}

const { node } = logSource("log", bounded(0));
const tableOf = (kind: TableKind): Table => new Table(node, SCHEMA, kind);

/** A flow of changes, with a dictionary of its own as every batch of a different source has. */
function flowOf(changes: readonly Change[]): Flow {
  const builder = new BatchBuilder(SCHEMA);
  for (const { row } of changes) builder.append(SCHEMA.map(f => row[f.name]));
  const chosen = changes.flatMap(({ hidden }, i) => (hidden === true ? [] : [i]));
  const all = chosen.length === changes.length;
  return {
    batch: builder.take(),
    selection: all ? null : Int32Array.from(chosen),
    count: chosen.length,
    at: null,
    time: new Float64Array(changes.length),
    clock: null,
    weight: changes.every(c => c.weight === 1) ? null : Int32Array.from(changes, c => c.weight),
    pane: null,
    watermark: new Float64Array(changes.length),
  };
}

const anyRow: fc.Arbitrary<Row> = fc.record({
  key: fc.constantFrom<Value>("a", "b", "c", "", null),
  n: fc.constantFrom<Value>(0, -0, 1, -1, 2.5, null),
  on: fc.constantFrom<Value>(true, false, null),
  more: fc.constantFrom<Value>(null, [1, 2], { x: "y" }),
});
const batches = (weights: readonly number[]): fc.Arbitrary<Change[][]> =>
  fc.array(
    fc.array(
      fc.record({ row: anyRow, weight: fc.constantFrom(...weights), hidden: fc.constantFrom(false, false, true) }),
      { maxLength: 40 },
    ),
    {
      maxLength: 12,
    },
  );

const texts = (rows: readonly Row[]): string[] => rows.map(r => JSON.stringify(r)).sort();
const visible = (given: readonly Change[][]): Change[] => given.flat().filter(c => c.hidden !== true);

describe("against naive tables, on random changes", () => {
  test("a log keeps its rows in order", () => {
    fc.assert(
      fc.property(batches([1]), given => {
        const table = tableOf({ kind: "append" });
        for (const batch of given) table.apply(flowOf(batch));
        expect(table.rows()).toEqual(visible(given).map(c => c.row));
        expect(table.received).toBe(visible(given).length);
      }),
      runs(100),
    );
  });

  test("the newest row of each key replaces the one before, and a retraction takes out the very row it names", () => {
    fc.assert(
      fc.property(batches([1, 1, -1]), fc.constantFrom([0], [0, 1], []), (given, columns) => {
        const table = tableOf({ kind: "upsert", columns });
        const naive = new Map<string, Row>();
        for (const batch of given) {
          table.apply(flowOf(batch));
          for (const { row, weight } of visible([batch])) {
            const key = JSON.stringify(columns.map(c => row[SCHEMA[c].name]));
            if (weight > 0) naive.set(key, row);
            else if (JSON.stringify(naive.get(key)) === JSON.stringify(row)) naive.delete(key);
          }
          expect(texts(table.rows())).toEqual(texts([...naive.values()]));
          expect(table.length).toBe(naive.size);
        }
      }),
      runs(150),
    );
  });

  test("a Z-set holds each row as often as its weights sum to", () => {
    fc.assert(
      fc.property(batches([1, 1, -1, 2, -3]), given => {
        const table = tableOf({ kind: "z-set" });
        const naive = new Map<string, { row: Row; weight: number }>();
        for (const batch of given) {
          table.apply(flowOf(batch));
          for (const { row, weight } of visible([batch])) {
            const text = JSON.stringify(row);
            const sum = (naive.get(text)?.weight ?? 0) + weight;
            if (sum === 0) naive.delete(text);
            else naive.set(text, { row, weight: sum });
          }
          const expected = [...naive.values()].flatMap(({ row, weight }) => Array<Row>(Math.max(0, weight)).fill(row));
          expect(texts(table.rows())).toEqual(texts(expected));
          expect([...table.weights()].sort()).toEqual([...naive.values()].map(n => n.weight).sort());
        }
      }),
      runs(150),
    );
  });

  test("many keys come and go", () => {
    const table = tableOf({ kind: "z-set" });
    const row = (n: number): Row => ({ key: `k${n}`, n, on: null, more: null });
    const count = 5_000;
    table.apply(flowOf(Array.from({ length: count }, (_, n) => ({ row: row(n), weight: 1 }))));
    table.apply(flowOf(Array.from({ length: count }, (_, n) => ({ row: row(n), weight: n % 3 === 0 ? 1 : -1 }))));
    expect(table.length).toBe(Math.ceil(count / 3));
    expect(new Set(table.weights())).toEqual(new Set([2]));
    expect(texts(table.rows().slice(0, 2)).every(t => Number(JSON.parse(t).n) % 3 === 0)).toBe(true);
  });
});

describe("nested values", () => {
  test("are the same whatever the order of their keys", () => {
    const row = (more: Value): Row => ({ key: "a", n: 1, on: null, more });
    const table = tableOf({ kind: "z-set" });
    table.apply(flowOf([{ row: row({ x: 1, y: [{ p: 2, q: 3 }] }), weight: 1 }]));
    table.apply(flowOf([{ row: row({ y: [{ q: 3, p: 2 }], x: 1 }), weight: -1 }]));
    expect(table.length).toBe(0);
    const index = new KeyIndex(1);
    const values: Value[] = [{ x: 1, y: 2 }, { y: 2, x: 1 }, { x: 1 }];
    const { batch } = flowOf(values.map(more => ({ row: row(more), weight: 1 })));
    expect([...index.ids([batch.columns[3]], 3, false)]).toEqual([1, 1, 2]);
  });
});

describe("the table of an orderby", () => {
  const rows: Row[] = [
    { key: "b", n: 2, on: null, more: null },
    { key: "a", n: -3, on: null, more: null },
    { key: "c", n: null, on: null, more: null },
    { key: "a", n: 2, on: null, more: null },
  ];
  const given = (kind?: TableKind): Table => {
    const { node } = new Stream(logSource("log", bounded(0)).node).orderby(
      desc((d: { n: number }) => d.n * d.n),
      "key",
    );
    const table = new Table(node, SCHEMA, kind ?? tableKind(node));
    table.apply(flowOf(rows.map(row => ({ row, weight: 1 }))));
    return table;
  };
  const shown = (table: Table): unknown[] => table.rows().map(r => [r["key"], r["n"]]);
  const ordered = [
    ["a", -3],
    ["a", 2],
    ["b", 2],
    ["c", null],
  ];

  test("is in its order, as pages, rows and places are", () => {
    const table = given();
    expect(table.kind.kind).toBe("append");
    expect(shown(table)).toEqual(ordered);
    expect(table.page(1, 2, null).columns[0].values).toEqual(["a", "b"]);
    expect(table.page(0, 4, { column: "n", descending: false }).columns[1].values).toEqual([-3, 2, 2, null]);
    expect([0, 1, 2, 3].map(i => table.placeOf(i, null))).toEqual([1, 3, 0, 2]);
  });

  test("stays in order when rows are taken out, and when it goes back", () => {
    const table = given({ kind: "z-set" });
    const before = table.snapshot();
    table.apply(flowOf([{ row: rows[1], weight: -1 }]));
    expect(shown(table)).toEqual(ordered.slice(1));
    table.restore(before);
    expect(shown(table)).toEqual(ordered);
  });
});

describe("pages", () => {
  const filled = (): Table => {
    const table = tableOf({ kind: "append" });
    const rows = [
      ["b", 2],
      ["a", null],
      ["c", 1],
      [null, 3],
      ["a", 0],
    ] as const;
    table.apply(flowOf(rows.map(([key, n]) => ({ row: { key, n, on: null, more: null }, weight: 1 }))));
    return table;
  };
  const column = (table: Table, name: string, ...page: Parameters<Table["page"]>): unknown =>
    table.page(...page).columns.find(c => c.name === name)?.values;

  test("are cut from the table's own order, or from that of a column with nulls last", () => {
    const table = filled();
    expect(column(table, "n", 1, 3, null)).toEqual([null, 1, 3]);
    expect(column(table, "n", 0, 9, { column: "n", descending: false })).toEqual([0, 1, 2, 3, null]);
    expect(column(table, "key", 0, 9, { column: "key", descending: false })).toEqual(["a", "a", "b", "c", null]);
    // Rows that compare equal keep their order.
    expect(column(table, "n", 0, 2, { column: "key", descending: false })).toEqual([null, 0]);
  });

  test("of a descending order have nulls last too", () => {
    expect(column(filled(), "n", 0, 9, { column: "n", descending: true })).toEqual([3, 2, 1, 0, null]);
    expect(column(filled(), "key", 0, 9, { column: "key", descending: true })).toEqual(["c", "b", "a", "a", null]);
  });

  test("begin and end within the table", () => {
    const page = filled().page(4, 100, null);
    expect([page.from, page.columns[0].values]).toEqual([4, ["a"]]);
    expect(filled().page(99, 5, null)).toMatchObject({ from: 5 });
    expect(filled().page(-3, 2, null)).toMatchObject({ from: 0 });
  });

  test("follow the table as it changes", () => {
    const table = filled();
    const order = { column: "n", descending: false } as const;
    const before = table.version;
    expect(column(table, "n", 0, 2, order)).toEqual([0, 1]);
    table.apply(flowOf([{ row: { key: "z", n: -5, on: true, more: [1] }, weight: 1 }]));
    expect(table.version).toBeGreaterThan(before);
    expect(column(table, "n", 0, 2, order)).toEqual([-5, 0]);
  });
});

test("a table that begins again is as new", () => {
  fc.assert(
    fc.property(batches([1, -1]), batches([1, -1]), (before, after) => {
      const [used, fresh] = [tableOf({ kind: "z-set" }), tableOf({ kind: "z-set" })];
      for (const batch of before) used.apply(flowOf(batch));
      used.reset();
      for (const batch of after) {
        used.apply(flowOf(batch));
        fresh.apply(flowOf(batch));
      }
      expect(used.rows()).toEqual(fresh.rows());
      expect(used.received).toBe(fresh.received);
    }),
    runs(50),
  );
});

test("the kind follows from the verb", () => {
  const rows = logSource("log", bounded(0));
  const panes = rows.groupby("key").window(fixed(10));
  const kinds = [
    rows,
    rows.filter("d.v > 0"),
    panes.accumulation("accumulating").rollup({ n: "count()" }),
    panes.accumulation("discarding").rollup({ n: "count()" }),
    rows.groupby("key").rollup({ n: "count()" }),
    rows.groupby("key").window(global()).rollup({ n: "count()" }),
    rows.groupby("key").rollup({ n: "count()" }).filter("d.n > 1"),
    panes.rollup({ n: "count()" }).late(),
  ].map(s => tableKind(s.node));
  expect(kinds).toEqual([
    { kind: "append" },
    { kind: "append" },
    { kind: "upsert", columns: [0, 1, 2] },
    { kind: "append" },
    { kind: "upsert", columns: [0] },
    { kind: "upsert", columns: [0] },
    { kind: "z-set" },
    { kind: "append" },
  ]);
});
