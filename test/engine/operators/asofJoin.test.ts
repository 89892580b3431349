import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/columns/batch.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { asofJoin } from "../../../src/engine/operators/asofJoin.ts";
import { matching } from "../../../src/pipeline/matching.ts";
import type { AsofJoinNode } from "../../../src/pipeline/verbs/asofJoin.ts";
import { type Arrival, drive, driveEveryWay, input, type Moment, moments, zset } from "../drive.ts";

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
  a: fc.integer({ min: 0, max: 1 }),
  b: fc.integer({ min: 0, max: 99 }),
});

const node = (kind: "left" | "inner", tolerance: number, allowedLateness: number, retracts = false): AsofJoinNode => ({
  verb: "asofJoin",
  left: input(retracts),
  right: input(retracts, "quotes"),
  kind,
  keys: matching("k"),
  tolerance,
  allowedLateness,
  suffixes: ["_left", "_right"],
});

function split(list: readonly Moment[]): Moment[] {
  return list.map(m => ({
    ...m,
    rows: m.rows?.map(r => ({
      ...r,
      row: (r.input === 0 ? { k: r.row.k, a: r.row.a } : { k: r.row.k, b: r.row.b }) as Row,
    })),
  }));
}

describe.each(["left", "inner"] as const)("%s as-of join", kind => {
  test("answers every left row that the watermark has passed with the newest right row before it, for ever when lateness is unbounded", () => {
    fc.assert(
      fc.property(moments(row, { inputs: 2, retracts: [0, 1] }), fc.constantFrom(Infinity, 6), (list, tolerance) => {
        const given = split(list);
        const { main } = driveEveryWay(node(kind, tolerance, Infinity, true), asofJoin, [LEFT, RIGHT], given);
        const kept: Arrival[][] = [[], []];
        const current = [-Infinity, -Infinity];
        const answered = new Set<Arrival>();
        given.forEach((m, p) => {
          const met = Math.min(...current);
          for (const r of m.rows ?? []) {
            const side = r.input as 0 | 1;
            if (r.weight !== -1) {
              kept[side].push(r);
              if (r.time < met) answered.add(r);
            } else
              kept[side].splice(
                kept[side].findLastIndex(x => x.time === r.time && JSON.stringify(x.row) === JSON.stringify(r.row)),
                1,
              );
          }
          for (let i = 0; i < 2; i++) {
            const to = typeof m.watermark === "number" ? m.watermark : (m.watermark?.[i] ?? -Infinity);
            current[i] = Math.max(current[i], to);
          }
          for (const l of kept[0]) if (l.time < Math.min(...current)) answered.add(l);
          const expected = kept[0]
            .filter(l => answered.has(l))
            .flatMap(l => {
              const before = kept[1].filter(r => l.row.k !== null && r.row.k === l.row.k && r.time <= l.time);
              // The newest; of equal times the one that arrived last.
              const best = before.reduce<Arrival | null>((b, r) => (b === null || r.time >= b.time ? r : b), null);
              const found = best !== null && l.time - best.time <= tolerance ? best : null;
              if (found === null && kind === "inner") return [];
              return [{ row: { ...l.row, b: found?.row.b ?? null } as Row, weight: 1, time: l.time }];
            });
          expect(
            zset(
              main.filter(e => e.at <= p),
              true,
            ),
          ).toEqual(zset(expected, true));
        });
      }),
      { numRuns: 80 },
    );
  });
});

test("with finite lateness gives the same answers in any cut, restates within it, and drops what can change nothing", () => {
  fc.assert(
    fc.property(
      fc.constantFrom([], [0], [1], [0, 1]).chain(retracts => moments(row, { inputs: 2, retracts, length: 80 })),
      fc.constantFrom(0, 5),
      (list, lateness) => {
        driveEveryWay(node("left", Infinity, lateness, true), asofJoin, [LEFT, RIGHT], split(list), {
          ports: ["late"],
        });
      },
    ),
    { numRuns: 60 },
  );
  const l = (a: number, time: number): Arrival => ({ input: 0, row: { k: "x", a }, time });
  const r = (b: number, time: number): Arrival => ({ input: 1, row: { k: "x", b }, time });
  const { main, late } = driveEveryWay(
    node("left", Infinity, 5),
    asofJoin,
    [LEFT, RIGHT],
    [
      { rows: [r(1, 10), l(1, 20)] },
      { watermark: 20 },
      { watermark: 22 },
      { rows: [r(2, 15)] },
      { rows: [r(3, 12)] },
      { watermark: 40 },
      { rows: [r(4, 16)] },
      { rows: [r(5, 14)] },
      { rows: [l(9, 30)] },
      { rows: [l(2, 36)] },
    ],
    { ports: ["late"] },
  );
  expect(main.map(e => [e.at, e.weight, e.row.a, e.row.b])).toEqual([
    [2, 1, 1, 1],
    [3, -1, 1, 1],
    [3, 1, 1, 2],
    // Of r(4), too late to restate, rows still to come will know.
    [9, 1, 2, 4],
  ]);
  expect((late as typeof main).map(e => [e.at, e.row.side, e.row.a, e.row.b])).toEqual([
    // Older than r(2), which every answer still to come would prefer.
    [4, "right", null, 3],
    [7, "right", null, 5],
    [8, "left", 9, null],
  ]);
});

test("keeps one old right row for each key, and no old left rows", () => {
  let entries = NaN;
  drive(
    node("left", Infinity, 0),
    asofJoin,
    [LEFT, RIGHT],
    Array.from({ length: 2_000 }, (_, i) => ({
      rows: [{ input: i % 2, row: { k: "x", a: i, b: i }, time: i }],
      watermark: i,
    })),
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
  expect(entries).toBeLessThan(140);
});

test("lets nothing older stand in for a right row that is taken back when older ones are done with, however the run is cut", () => {
  for (const count of [3, 40]) {
    const given: Moment[] = Array.from({ length: count }, (_, i) => ({
      rows: [{ input: 1, row: { k: "x", b: i }, time: i }],
      watermark: i,
    }));
    const last = { input: 1, row: { k: "x", b: count - 1 }, time: count - 1 };
    given.push(
      { watermark: 50 },
      { rows: [{ ...last, weight: -1 }] },
      { rows: [{ input: 0, row: { k: "x", a: 1 }, time: 60 }] },
      { watermark: 70 },
    );
    const { main } = driveEveryWay(node("left", Infinity, 0, true), asofJoin, [LEFT, RIGHT], given);
    expect(main.map(e => [e.weight, e.row.a, e.row.b])).toEqual([[1, 1, null]]);
  }
});
