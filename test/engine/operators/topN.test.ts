import fc from "fast-check";
import { expect, test } from "vitest";
import type { Schema } from "../../../src/columns/column.ts";
import { topN } from "../../../src/engine/operators/topN.ts";
import { DEFAULT_STRATEGY } from "../../../src/model/strategy.ts";
import { fixed } from "../../../src/model/windows.ts";
import type { TopNNode } from "../../../src/pipeline/verbs/topN.ts";
import { type Arrival, drive, driveEveryWay, type Emitted, input, moments, zset } from "../drive.ts";

const SCHEMA: Schema = [
  { name: "k", type: "string", nullable: false },
  { name: "v", type: "number", nullable: true },
  { name: "s", type: "string", nullable: true },
];

const row = fc.record({
  k: fc.constantFrom("x", "y"),
  v: fc.constantFrom(0, 1, 2, 3, null),
  s: fc.constantFrom("a", "b", null),
});

const column = (name: string) => ({ expr: { kind: "column", name, side: 0 } as const, parameters: {}, source: name });

function node(n: number, retracts: boolean, lateness: number | null = null): TopNNode {
  return {
    verb: "topN",
    input: input(retracts),
    n,
    keys: [{ name: "k", expression: column("k") }],
    order: [
      { expression: column("v"), descending: true },
      { expression: column("s"), descending: false },
    ],
    strategy: lateness === null ? null : { ...DEFAULT_STRATEGY, window: fixed(20), allowedLateness: lateness },
  };
}

/** The first n of each group by a stable sort; null last. */
function naive(live: readonly Arrival[], n: number): Arrival[] {
  const by = (a: string | number | null, b: string | number | null, sign: number): number =>
    a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -sign : sign;
  return [...Map.groupBy(live, r => r.row.k).values()].flatMap(group =>
    group
      .toSorted(
        (a, b) =>
          by(a.row.v as number | null, b.row.v as number | null, -1) ||
          by(a.row.s as string | null, b.row.s as string | null, 1),
      )
      .slice(0, n),
  );
}

function take(live: Arrival[], r: Arrival): void {
  if (r.weight !== -1) {
    live.push(r);
    return;
  }
  const same = (x: Arrival): boolean => JSON.stringify(x.row) === JSON.stringify(r.row);
  const exact = live.findLastIndex(x => same(x) && x.time === r.time);
  live.splice(exact >= 0 ? exact : live.findLastIndex(same), 1);
}

test.each([false, true])("shows the first n of each group after every moment (rows taken back: %s)", retracts => {
  fc.assert(
    fc.property(moments(row, { retracts: retracts ? [0] : [] }), fc.integer({ min: 1, max: 4 }), (list, n) => {
      const { main } = driveEveryWay(node(n, retracts), topN, [SCHEMA], list);
      const live: Arrival[] = [];
      list.forEach((m, p) => {
        for (const r of m.rows ?? []) take(live, r);
        const shown = zset(main.filter(e => e.at <= p));
        expect(shown).toEqual(zset(naive(live, n).map(r => ({ ...r, weight: 1 }))));
      });
    }),
  );
});

test("ranks each window when it is complete, follows late rows, and drops expired ones with the reason", () => {
  fc.assert(
    fc.property(moments(row), list => {
      const { main, ...ports } = driveEveryWay(node(2, false, 10), topN, [SCHEMA], list, { ports: ["late"] });
      const kept: (Arrival & { end: number })[] = [];
      let met = -Infinity;
      let dropped = 0;
      list.forEach((m, p) => {
        for (const r of m.rows ?? []) {
          const end = Math.floor(r.time / 20) * 20 + 20;
          if (end + 10 <= met) dropped++;
          else kept.push({ ...r, end });
        }
        met = Math.max(met, typeof m.watermark === "number" ? m.watermark : (m.watermark?.[0] ?? -Infinity));
        const expected = [...new Set(kept.map(k => k.end))]
          .filter(end => end <= met)
          .flatMap(end =>
            naive(
              kept.filter(k => k.end === end),
              2,
            ).map(r => ({ row: { ...r.row, window_start: end - 20, window_end: end }, time: end - 1, weight: 1 })),
          );
        expect(
          zset(
            main.filter(e => e.at <= p),
            true,
          ),
        ).toEqual(zset(expected, true));
      });
      const late = ports.late as Emitted[];
      expect(late.length).toBe(dropped);
      for (const e of late) expect(e.row.reason).toBe("expired");
    }),
  );
});

test("puts out a complete window in order, ties by arrival, and takes the one that leaves back first", () => {
  const r = (v: number | null, s: string | null, time: number) => ({ row: { k: "x", v, s }, time });
  const { main } = driveEveryWay(
    node(2, false, 5),
    topN,
    [SCHEMA],
    [
      { rows: [r(1, "b", 1)] },
      { rows: [r(null, "a", 2)] },
      { rows: [r(1, "a", 3)] },
      { watermark: 20 },
      { rows: [r(5, null, 4)] },
    ],
  );
  expect(main.map(e => [e.at, e.weight, e.row.v, e.row.s])).toEqual([
    [3, 1, 1, "a"],
    [3, 1, 1, "b"],
    [4, -1, 1, "b"],
    [4, 1, 5, null],
  ]);
});

test("holds n rows for each group of a stream of additions", () => {
  let held = NaN;
  drive(
    node(3, false),
    topN,
    [SCHEMA],
    Array.from({ length: 500 }, (_, i) => ({ rows: [{ row: { k: i % 2 ? "x" : "y", v: i % 7, s: "a" }, time: i }] })),
    {
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
  expect(held).toBe(6);
});
