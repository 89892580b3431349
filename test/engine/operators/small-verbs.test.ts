import fc from "fast-check";
import { expect, test } from "vitest";
import type { Schema } from "../../../src/columns/column.ts";
import { branch } from "../../../src/engine/operators/branch.ts";
import { flatMap } from "../../../src/engine/operators/flatMap.ts";
import { orderby } from "../../../src/engine/operators/orderby.ts";
import { sample } from "../../../src/engine/operators/sample.ts";
import { parseExpression, parseFunction } from "../../../src/expressions/parse.ts";
import type { BranchNode } from "../../../src/pipeline/verbs/branch.ts";
import type { FlatMapNode } from "../../../src/pipeline/verbs/flatMap.ts";
import type { OrderbyNode } from "../../../src/pipeline/verbs/orderby.ts";
import type { SampleNode } from "../../../src/pipeline/verbs/sample.ts";
import { drive, driveEveryWay, type Emitted, input, type Moment, moments } from "../drive.ts";

const SCHEMA: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "n", type: "number", nullable: false },
  { name: "items", type: "json", nullable: true },
];
const row = fc.record({
  k: fc.constantFrom("x", "y", "z", null),
  n: fc.integer({ min: 0, max: 20 }),
  items: fc.constantFrom(null, [], ["a"], ["b", "c", null], "lone"),
});
const plain = (list: readonly Moment[]) =>
  list.flatMap((m, at) =>
    (m.rows ?? []).map(r => ({ at, clock: at * 1_000, time: r.time, weight: r.weight ?? 1, row: r.row })),
  );

test("branch gives each row to the first branch that takes it, or to otherwise", () => {
  const node: BranchNode = {
    verb: "branch",
    input: input(),
    branches: [
      { name: "big", predicate: parseExpression("d.n > 12") },
      { name: "some", predicate: parseExpression("d.n > 5 && d.k === 'x'") },
    ],
  };
  fc.assert(
    fc.property(moments(row, { retracts: [0] }), list => {
      const out = driveEveryWay(node, branch, [SCHEMA], list, { ports: ["big", "some", "otherwise"] });
      const all = plain(list);
      const isBig = (e: Emitted): boolean => (e.row.n as number) > 12;
      const isSome = (e: Emitted): boolean => !isBig(e) && (e.row.n as number) > 5 && e.row.k === "x";
      expect(out.main).toEqual(all);
      expect(out.big).toEqual(all.filter(isBig));
      expect(out.some).toEqual(all.filter(isSome));
      expect(out.otherwise).toEqual(all.filter(e => !isBig(e) && !isSome(e)));
    }),
  );
});

test("flatMap puts out what a function makes of each row, at its place, time and weight", () => {
  const node: FlatMapNode = {
    verb: "flatMap",
    input: input(),
    by: {
      kind: "function",
      fn: parseFunction((d: { n: number; k: string | null }) =>
        Array.from({ length: d.n % 3 }, (_, i) => ({ word: `${d.k}${i}`, i })),
      ),
      fields: [
        { name: "word", type: "string", nullable: true },
        { name: "i", type: "number", nullable: true },
      ],
    },
  };
  fc.assert(
    fc.property(moments(row, { retracts: [0] }), list => {
      expect(driveEveryWay(node, flatMap, [SCHEMA], list).main).toEqual(
        plain(list).flatMap(e =>
          Array.from({ length: (e.row.n as number) % 3 }, (_, i) => ({ ...e, row: { word: `${e.row.k}${i}`, i } })),
        ),
      );
    }),
  );
  const wrong: FlatMapNode = {
    ...node,
    by: {
      kind: "function",
      fn: parseFunction(() => [{ word: 5 }]),
      fields: [{ name: "word", type: "string", nullable: true }],
    },
  };
  const one: Moment[] = [{ rows: [{ row: { k: "x", n: 1, items: null }, time: 0 }] }];
  expect(() => drive(wrong, flatMap, [SCHEMA], one)).toThrow(
    /made 5 for the column "word", which was stated as a string/,
  );
});

test("flatMap unnests a json column, element by element", () => {
  const node: FlatMapNode = {
    verb: "flatMap",
    input: input(),
    by: { kind: "unnest", column: "items", as: "item", type: "string" },
  };
  fc.assert(
    fc.property(moments(row), list => {
      expect(driveEveryWay(node, flatMap, [SCHEMA], list).main).toEqual(
        plain(list).flatMap(e => {
          const { items, ...rest } = e.row;
          const elements = items === null ? [] : Array.isArray(items) ? items : [items];
          return elements.map(item => ({ ...e, row: { ...rest, item } }));
        }),
      );
    }),
  );
  expect(() =>
    drive({ ...node, by: { kind: "unnest", column: "k", as: "k", type: "json" } }, flatMap, [SCHEMA], [{}]),
  ).toThrow(/"k" is a string; only json columns/);
});

test("sample keeps about its share, the same rows for the same seed, in any cut", () => {
  const many: Moment[] = Array.from({ length: 3_000 }, (_, i) => ({
    rows: [{ row: { k: `k${i % 300}`, n: i, items: null }, time: i }],
  }));
  const node = (seed: number, by: string | null, fraction = 0.2): SampleNode => ({
    verb: "sample",
    input: input(),
    fraction,
    seed,
    by: by === null ? null : parseExpression(by),
  });
  const run = (n: SampleNode): unknown[] => drive(n, sample, [SCHEMA], many).main.map(e => e.row.n);
  for (const by of [null, "n"]) {
    const kept = run(node(1, by));
    expect(kept.length).toBeGreaterThan(500);
    expect(kept.length).toBeLessThan(700);
    expect(run(node(1, by))).toEqual(kept);
    expect(run(node(2, by))).not.toEqual(kept);
  }
  const byKey = drive(node(1, "k"), sample, [SCHEMA], many).main;
  const keys = new Set(byKey.map(e => e.row.k));
  expect(byKey.length).toBe(keys.size * 10);
  expect(keys.size).toBeGreaterThan(30);
  expect(run(node(1, null, 0))).toEqual([]);
  expect(run(node(1, null, 1)).length).toBe(3_000);
  fc.assert(
    fc.property(moments(row), fc.constantFrom(null, "k"), (list, by) => {
      driveEveryWay(node(3, by, 0.5), sample, [SCHEMA], list);
    }),
  );
});

test("sample lets a row and its retraction meet the same fate", () => {
  const node: SampleNode = { verb: "sample", input: input(true), fraction: 0.5, seed: 5, by: null };
  fc.assert(
    fc.property(moments(row, { retracts: [0] }), list => {
      const kept = driveEveryWay(node, sample, [SCHEMA], list).main;
      const fates = new Map<string, boolean>();
      for (const e of plain(list)) {
        const text = JSON.stringify(e.row);
        const in_ = kept.some(k => JSON.stringify(k.row) === text);
        fates.set(text, fates.get(text) ?? in_);
        expect(kept.filter(k => k.at === e.at && k.time === e.time && JSON.stringify(k.row) === text).length > 0).toBe(
          in_,
        );
      }
    }),
  );
});

test("orderby hands everything on", () => {
  const node: OrderbyNode = {
    verb: "orderby",
    input: input(),
    order: [{ expression: parseExpression("n"), descending: true }],
  };
  fc.assert(
    fc.property(moments(row), list => {
      expect(driveEveryWay(node, orderby, [SCHEMA], list).main).toEqual(plain(list));
    }),
  );
});
