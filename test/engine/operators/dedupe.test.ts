import fc from "fast-check";
import { expect, test } from "vitest";
import type { Row } from "../../../src/columns/batch.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { dedupe } from "../../../src/engine/operators/dedupe.ts";
import type { DedupeNode } from "../../../src/pipeline/verbs/dedupe.ts";
import { type Arrival, drive, driveEveryWay, type Emitted, input, type Moment, moments, zset } from "../drive.ts";

const SCHEMA: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "n", type: "number", nullable: false },
  { name: "v", type: "number", nullable: false },
];

const row = fc.record({
  k: fc.constantFrom("x", "y", null),
  n: fc.integer({ min: 0, max: 1 }),
  v: fc.integer({ min: 0, max: 5 }),
});

function node(keep: "first" | "last", within: number | null, retracts = false, keys = ["k", "n"]): DedupeNode {
  return {
    verb: "dedupe",
    input: input(retracts),
    keys: keys.map(name => ({
      name,
      expression: { expr: { kind: "column", name, side: 0 }, parameters: {}, source: name },
    })),
    keep,
    within,
  };
}

const keyOf = (r: Row): string => JSON.stringify([r.k, r.n]);
const short = (list: readonly Emitted[]): unknown[] =>
  list.map(({ at, time, weight, row: r }) => ({ at, time, weight, row: r }));

test.each(["first", "last"] as const)(
  "keeps the %s row of each key of a stream of additions, with and without an end of memory",
  keep => {
    for (const within of [null, 15, 40])
      fc.assert(
        fc.property(moments(row), list => {
          const { main } = driveEveryWay(node(keep, within), dedupe, [SCHEMA], list);
          const kept = new Map<string, Arrival>();
          const expected: unknown[] = [];
          let met = -Infinity;
          list.forEach((m, at) => {
            for (const r of m.rows ?? []) {
              const known = kept.get(keyOf(r.row));
              const until = known === undefined ? -Infinity : known.time + (within ?? Infinity);
              // Forgotten by the watermark, or covered: the two questions in their plainest form.
              const covered = known !== undefined && until > met && r.time < until;
              if (covered && keep === "first") continue;
              if (covered) expected.push({ at, time: known.time, weight: -1, row: known.row });
              expected.push({ at, time: r.time, weight: 1, row: r.row });
              kept.set(keyOf(r.row), r);
            }
            const w = typeof m.watermark === "number" ? m.watermark : (m.watermark?.[0] ?? -Infinity);
            met = Math.max(met, w);
          });
          expect(short(main)).toEqual(expected);
        }),
      );
  },
);

test.each(["first", "last"] as const)("keeps the %s row that is there when rows are taken back", keep => {
  fc.assert(
    fc.property(moments(row, { retracts: [0] }), list => {
      const { main } = driveEveryWay(node(keep, null, true), dedupe, [SCHEMA], list);
      const live: Arrival[] = [];
      list.forEach((m, p) => {
        for (const r of m.rows ?? []) {
          if (r.weight !== -1) {
            live.push(r);
            continue;
          }
          const same = (x: Arrival): boolean => JSON.stringify(x.row) === JSON.stringify(r.row);
          const exact = live.findLastIndex(x => same(x) && x.time === r.time);
          live.splice(exact >= 0 ? exact : live.findLastIndex(same), 1);
        }
        const groups = Map.groupBy(live, r => keyOf(r.row));
        const expected = [...groups.values()].map(g => ({ ...(keep === "first" ? g[0] : g[g.length - 1]), weight: 1 }));
        expect(
          zset(
            main.filter(e => e.at <= p),
            true,
          ),
        ).toEqual(zset(expected, true));
      });
    }),
  );
});

test("without keys rows are the same when all their columns are", () => {
  const list: Moment[] = [1, 1, 2, 1].map((v, i) => ({ rows: [{ row: { k: "x", n: 0, v }, time: i }] }));
  expect(driveEveryWay(node("first", null, false, []), dedupe, [SCHEMA], list).main.map(e => e.row.v)).toEqual([1, 2]);
});

test("holds no key whose time is over", () => {
  let held = NaN;
  drive(
    node("first", 10, false, ["v"]),
    dedupe,
    [SCHEMA],
    Array.from({ length: 1_000 }, (_, i) => ({ rows: [{ row: { k: "x", n: 0, v: i }, time: i }], watermark: i })),
    {
      cut: 10,
      made: operator => {
        const { step } = operator;
        operator.step = (s, flows) => {
          const out = step(s, flows);
          held = operator.size?.().entries ?? NaN;
          return out;
        };
      },
    },
  );
  expect(held).toBeLessThan(40);
});

test("refuses to forget in a stream that takes rows back", () => {
  expect(() => drive(node("first", 10, true), dedupe, [SCHEMA], [])).toThrow(/Deduplicate before/);
});
