import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/columns/batch.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { intervalJoin } from "../../../src/engine/operators/intervalJoin.ts";
import { matching } from "../../../src/pipeline/matching.ts";
import type { IntervalJoinNode } from "../../../src/pipeline/verbs/intervalJoin.ts";
import { JOIN_KINDS, type JoinKind } from "../../../src/pipeline/verbs/join.ts";
import { type Arrival, drive, driveEveryWay, type Emitted, input, type Moment, moments, zset } from "../drive.ts";

const LEFT: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "a", type: "number", nullable: false },
];
const RIGHT: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "b", type: "number", nullable: false },
];
const row = fc.record({
  k: fc.constantFrom("x", "y", null),
  a: fc.integer({ min: 0, max: 3 }),
  b: fc.integer({ min: 0, max: 3 }),
});

function node(
  kind: JoinKind,
  lower: number,
  upper: number,
  allowedLateness: number,
  residual: boolean,
  retracts = false,
): IntervalJoinNode {
  return {
    verb: "intervalJoin",
    left: input(retracts),
    right: input(retracts, "other"),
    kind,
    keys: residual ? matching((l: Row, r: Row) => l.k === r.k && (l.a as number) <= (r.b as number)) : matching("k"),
    lower,
    upper,
    allowedLateness,
    suffixes: ["_left", "_right"],
  };
}

const BOUNDS = [
  [0, 10],
  [-8, 8],
  [-12, -3],
  [3, 12],
] as const;

describe.each(JOIN_KINDS)("%s interval join", kind => {
  test.each([
    [0, false],
    [6, false],
    [6, true],
  ])(
    "has, after every moment, every pair so far and every row that is settled without one (lateness %i, rows may go: %s)",
    (lateness, retracts) => {
      fc.assert(
        fc.property(
          moments(row, { inputs: 2, retracts: retracts ? [0, 1] : [] }),
          fc.constantFrom(...BOUNDS),
          fc.boolean(),
          (list, [lower, upper], residual) => {
            const given: Moment[] = list.map(m => ({
              ...m,
              rows: m.rows?.map(r => ({
                ...r,
                row: (r.input === 0 ? { k: r.row.k, a: r.row.a } : { k: r.row.k, b: r.row.b }) as Row,
              })),
            }));
            const { main, watermark, ...ports } = driveEveryWay(
              node(kind, lower, upper, lateness, residual, retracts),
              intervalJoin,
              [LEFT, RIGHT],
              given,
              { ports: ["late"] },
            );
            // The twin forgets nothing: what was accepted stays, and the question is asked anew at every moment.
            const kept: Arrival[][] = [[], []];
            const current = [-Infinity, -Infinity];
            let met = -Infinity;
            let dropped = 0;
            const matches = (l: Arrival, r: Arrival): boolean =>
              l.row.k !== null &&
              l.row.k === r.row.k &&
              l.time + lower <= r.time &&
              r.time <= l.time + upper &&
              (!residual || (l.row.a as number) <= (r.row.b as number));
            given.forEach((m, p) => {
              for (const r of m.rows ?? []) {
                const side = r.input as 0 | 1;
                const gone =
                  r.weight === -1 ? kept[side].findLastIndex(x => x.time === r.time && same(x.row, r.row)) : 0;
                if (r.time + lateness < met) dropped++;
                else if (r.weight !== -1) kept[side].push(r);
                else kept[side].splice(gone, 1);
              }
              for (let i = 0; i < 2; i++) {
                const to = typeof m.watermark === "number" ? m.watermark : (m.watermark?.[i] ?? -Infinity);
                current[i] = Math.max(current[i], to);
              }
              met = Math.min(...current);
              const expected: { row: Row; weight: number; time: number }[] = [];
              for (const l of kept[0]) {
                const found = kept[1].filter(r => matches(l, r));
                if (kind !== "semi" && kind !== "anti")
                  for (const r of found)
                    expected.push({ row: { ...l.row, b: r.row.b }, weight: 1, time: Math.max(l.time, r.time) });
                if (kind === "semi" && found.length > 0) expected.push({ row: l.row, weight: 1, time: l.time });
                if (found.length > 0 || !(l.time + upper < met)) continue;
                if (kind === "anti") expected.push({ row: l.row, weight: 1, time: l.time });
                if (kind === "left" || kind === "full")
                  expected.push({ row: { ...l.row, b: null }, weight: 1, time: l.time });
              }
              if (kind === "right" || kind === "full")
                for (const r of kept[1])
                  if (r.time - lower < met && !kept[0].some(l => matches(l, r)))
                    expected.push({ row: { k: r.row.k, a: null, b: r.row.b }, weight: 1, time: r.time });
              expect(
                zset(
                  main.filter(e => e.at <= p),
                  true,
                ),
              ).toEqual(zset(expected, true));
            });
            expect((ports.late as Emitted[]).length).toBe(dropped);
            for (const e of ports.late as Emitted[])
              expect(e.time + (e.row.keeps_with_lateness as number)).toBe(e.row.watermark);
            if (lateness === 0)
              // What waits for its watermark is not late for those who read it.
              for (const e of main) expect(e.at === 0 || e.time >= (watermark as number[])[e.at - 1]).toBe(true);
          },
        ),
        { numRuns: 40 },
      );
    },
  );
});

const same = (a: Row, b: Row): boolean => JSON.stringify(a) === JSON.stringify(b);

test("forgets rows that nothing can match any more", () => {
  let entries = NaN;
  drive(
    node("full", 0, 10, 0, false),
    intervalJoin,
    [LEFT, RIGHT],
    Array.from(
      { length: 300 },
      (_, i): Moment => ({
        rows: [
          { input: 0, row: { k: "x", a: i }, time: i },
          { input: 1, row: { k: "x", b: i }, time: i },
        ],
        watermark: i,
      }),
    ),
    {
      cut: 5,
      made: operator => {
        const { step } = operator;
        operator.step = (s, flows) => {
          const out = step(s, flows);
          entries = operator.size?.().entries ?? NaN;
          return out;
        };
      },
    },
  );
  expect(entries).toBeLessThan(50);
});

test("takes back the very row that is meant, though nothing could match it any more", () => {
  const l = (time: number, weight = 1): Arrival => ({ input: 0, row: { k: "x", a: 1 }, time, weight });
  const { main } = driveEveryWay(
    node("inner", -12, -3, 6, false, true),
    intervalJoin,
    [LEFT, RIGHT],
    [
      { rows: [l(10), l(20), { input: 1, row: { k: "x", b: 1 }, time: 5 }] },
      { watermark: 14 },
      { rows: [l(10, -1)] },
      { rows: [{ input: 1, row: { k: "x", b: 2 }, time: 12 }] },
    ],
  );
  expect(main.map(e => [e.weight, e.time, e.row.b])).toEqual([
    [1, 10, 1],
    [-1, 10, 1],
    [1, 20, 2],
  ]);
});

test.each([3, 20, 100])(
  "gives the %i matches of a row in the order in which they came, whatever their times",
  count => {
    // 37 is prime to each count, so that every place in time is taken once and the order of arrival is another one.
    const rights = Array.from({ length: count }, (_, i) => ({
      input: 1 as const,
      row: { k: "x", b: i },
      time: (i * 37) % count,
    }));
    const { main } = driveEveryWay(
      node("inner", -1_000, 1_000, 0, false),
      intervalJoin,
      [LEFT, RIGHT],
      [...rights, { input: 0 as const, row: { k: "x", a: 0 }, time: 50 }].map(
        (row): Moment => ({ rows: [row], watermark: 0 }),
      ),
    );
    expect(main.map(e => e.row.b)).toEqual(Array.from({ length: count }, (_, i) => i));
  },
);
