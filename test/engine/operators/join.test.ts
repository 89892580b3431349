import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/columns/batch.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { join } from "../../../src/engine/operators/join.ts";
import { DEFAULT_STRATEGY } from "../../../src/model/strategy.ts";
import { fixed, sliding, type WindowFunction } from "../../../src/model/windows.ts";
import { matching } from "../../../src/pipeline/matching.ts";
import { JOIN_KINDS, type JoinKind, type JoinNode } from "../../../src/pipeline/verbs/join.ts";
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

function node(kind: JoinKind, residual: boolean, window: WindowFunction | null = null, lateness = 0): JoinNode {
  return {
    verb: "join",
    left: input(),
    right: input(false, "other"),
    kind,
    keys: residual ? matching((l: Row, r: Row) => l.k === r.k && (l.a as number) <= (r.b as number)) : matching("k"),
    strategy: window === null ? null : { ...DEFAULT_STRATEGY, window, allowedLateness: lateness },
    suffixes: ["_left", "_right"],
  };
}

/** The join as a textbook defines it, over complete multisets. */
function naive(kind: JoinKind, left: readonly Arrival[], right: readonly Arrival[], residual: boolean): Emitted[] {
  const matches = (l: Row, r: Row): boolean =>
    l.k !== null && l.k === r.k && (!residual || (l.a as number) <= (r.b as number));
  const out: { row: Row; weight: number; time: number }[] = [];
  const live = (rows: readonly Arrival[]): { row: Row; weight: number; time: number }[] => {
    const sums = new Map<string, { row: Row; weight: number; time: number }>();
    for (const r of rows) {
      const key = JSON.stringify([r.row, r.time]);
      const found = sums.get(key) ?? { row: r.row, weight: 0, time: r.time };
      sums.set(key, { ...found, weight: found.weight + (r.weight ?? 1) });
    }
    return [...sums.values()].filter(r => r.weight !== 0);
  };
  const ls = live(left);
  const rs = live(right);
  for (const l of ls) {
    let found = false;
    for (const r of rs)
      if (matches(l.row, r.row)) {
        found = true;
        if (kind !== "semi" && kind !== "anti")
          out.push({
            row: { k: l.row.k, a: l.row.a, b: r.row.b },
            weight: l.weight * r.weight,
            time: Math.max(l.time, r.time),
          });
      }
    if ((kind === "semi" && found) || (kind === "anti" && !found)) out.push({ ...l, row: { k: l.row.k, a: l.row.a } });
    if (!found && (kind === "left" || kind === "full")) out.push({ ...l, row: { k: l.row.k, a: l.row.a, b: null } });
  }
  if (kind === "right" || kind === "full")
    for (const r of rs)
      if (!ls.some(l => matches(l.row, r.row))) out.push({ ...r, row: { k: r.row.k, a: null, b: r.row.b } });
  return out.map(o => ({ ...o, at: 0, clock: 0 }));
}

/** Keeps the columns of each side alone. */
function ofSide(list: readonly Moment[]): Moment[] {
  return list.map(m => ({
    ...m,
    rows: m.rows?.map(r => ({
      ...r,
      row: (r.input === 0 ? { k: r.row.k, a: r.row.a } : { k: r.row.k, b: r.row.b }) as Row,
    })),
  }));
}

const arrivals = (list: readonly Moment[], of: number): Arrival[] =>
  list.flatMap(m => m.rows ?? []).filter(r => r.input === of);

describe.each(JOIN_KINDS)("%s join", kind => {
  test.each([false, true])(
    "without a window is, after every moment, the join of everything so far (condition: %s)",
    residual => {
      fc.assert(
        fc.property(moments(row, { inputs: 2, retracts: [0, 1] }), list => {
          const given = ofSide(list);
          const { main, watermark } = driveEveryWay(node(kind, residual), join, [LEFT, RIGHT], given);
          for (let p = 0; p < given.length; p++) {
            const until = given.slice(0, p + 1);
            expect(
              zset(
                main.filter(e => e.at <= p),
                true,
              ),
            ).toEqual(zset(naive(kind, arrivals(until, 0), arrivals(until, 1), residual), true));
          }
          expect(watermark.at(-1)).toBe(given.length === 0 ? undefined : Infinity);
        }),
        { numRuns: 60 },
      );
    },
  );

  test.each([
    ["fixed", fixed(20), false],
    ["fixed with a condition", fixed(20), true],
    ["sliding", sliding(30, 10), false],
  ] as const)(
    "in %s windows gives each window's join once it is complete, and then follows late rows",
    (_name, window, residual) => {
      const lateness = 10;
      fc.assert(
        fc.property(moments(row, { inputs: 2, retracts: [] }), list => {
          const given = ofSide(list);
          const { main, ...ports } = driveEveryWay(node(kind, residual, window, lateness), join, [LEFT, RIGHT], given, {
            ports: ["late"],
          });
          const late = ports.late as Emitted[];
          // The twin keeps every row with the windows that took it, and asks the textbook at every moment.
          const kept: { arrival: Arrival; start: number; end: number }[] = [];
          let dropped = 0;
          let met = -Infinity;
          const current = [-Infinity, -Infinity];
          given.forEach((moment, p) => {
            for (const arrival of moment.rows ?? []) {
              const size = 20 + (window.kind === "sliding" ? 10 : 0);
              const period = window.kind === "sliding" ? 10 : 20;
              for (
                let end = Math.floor(arrival.time / period) * period + period;
                end <= arrival.time + size;
                end += period
              ) {
                if (end - size > arrival.time) continue;
                if (end + lateness <= met) dropped++;
                else kept.push({ arrival, start: end - size, end });
              }
            }
            (moment.watermark as number[] | undefined)?.forEach?.((w, i) => {
              current[i] = Math.max(current[i], w);
            });
            if (typeof moment.watermark === "number") current.fill(moment.watermark);
            met = Math.min(...current);
            const ends = [...new Set(kept.map(k => k.end))].filter(end => end <= met);
            const expected = ends.flatMap(end => {
              const own = kept.filter(k => k.end === end).map(k => k.arrival);
              return naive(
                kind,
                own.filter(a => a.input === 0),
                own.filter(a => a.input === 1),
                residual,
              ).map(e => ({
                ...e,
                time: end - 1,
                row: { ...e.row, window_start: kept.find(k => k.end === end)?.start ?? NaN, window_end: end },
              }));
            });
            expect(
              zset(
                main.filter(e => e.at <= p),
                true,
              ),
            ).toEqual(zset(expected, true));
          });
          expect(late.length).toBe(dropped);
          for (const { row: r } of late) {
            expect(r.reason).toBe("expired");
            expect((r.window_end as number) + lateness + (r.margin as number)).toBe(r.watermark);
            expect(r.side === "left" ? r.b : r.a).toBe(null);
          }
        }),
        { numRuns: 50 },
      );
    },
  );
});

test("takes back the unmatched row before the pair comes out", () => {
  const { main } = driveEveryWay(
    node("left", false),
    join,
    [LEFT, RIGHT],
    [
      { rows: [{ input: 0, row: { k: "x", a: 1 }, time: 5 }] },
      { rows: [{ input: 1, row: { k: "x", b: 2 }, time: 9 }] },
      { rows: [{ input: 1, row: { k: "x", b: 2 }, time: 9, weight: -1 }] },
    ],
  );
  expect(main.map(({ at, time, weight, row: r }) => [at, time, weight, r.b])).toEqual([
    [0, 5, 1, null],
    [1, 5, -1, null],
    [1, 9, 1, 2],
    [2, 9, -1, 2],
    [2, 5, 1, null],
  ]);
});

test("gives windowed pairs in order of the left rows, then of the right ones, with the window's last millisecond", () => {
  const { main } = driveEveryWay(
    node("full", false, fixed(10)),
    join,
    [LEFT, RIGHT],
    [
      { rows: [{ input: 1, row: { k: "y", b: 0 }, time: 1 }] },
      { rows: [{ input: 1, row: { k: "x", b: 1 }, time: 2 }] },
      { rows: [{ input: 0, row: { k: "x", a: 1 }, time: 3 }] },
      { rows: [{ input: 1, row: { k: "x", b: 2 }, time: 4 }] },
      { rows: [{ input: 0, row: { k: null, a: 2 }, time: 4 }] },
      { watermark: 10 },
    ],
  );
  expect(main.map(({ at, time, row: r }) => [at, time, r.k, r.a, r.b])).toEqual([
    [5, 9, "x", 1, 1],
    [5, 9, "x", 1, 2],
    [5, 9, null, 2, null],
    [5, 9, "y", null, 0],
  ]);
});

test("follows retractions within a window before and after it is complete", () => {
  const l = (a: number, weight = 1): Arrival => ({ input: 0, row: { k: "x", a }, time: 5, weight });
  const r = (b: number, weight = 1): Arrival => ({ input: 1, row: { k: "x", b }, time: 6, weight });
  const { main } = driveEveryWay(
    node("left", false, fixed(10), 10),
    join,
    [LEFT, RIGHT],
    [{ rows: [l(1), l(2), r(1)] }, { rows: [l(1, -1)] }, { watermark: 10 }, { rows: [r(1, -1)] }, { rows: [l(2, -1)] }],
  );
  expect(main.map(({ at, weight, row: x }) => [at, weight, x.a, x.b])).toEqual([
    [2, 1, 2, 1],
    [3, -1, 2, 1],
    [3, 1, 2, null],
    [4, -1, 2, null],
  ]);
});

test("frees the state of expired windows", () => {
  const list: Moment[] = Array.from(
    { length: 200 },
    (_, i): Moment => ({
      rows: [
        { input: 0, row: { k: "x", a: i }, time: i },
        { input: 1, row: { k: "x", b: i }, time: i },
      ],
      watermark: i,
    }),
  );
  let entries = Infinity;
  drive(node("inner", false, fixed(10)), join, [LEFT, RIGHT], [...list, { watermark: 1_000 }], {
    made: operator => {
      const { step } = operator;
      operator.step = (s, flows) => {
        const out = step(s, flows);
        entries = operator.size?.().entries ?? NaN;
        return out;
      };
    },
  });
  expect(entries).toBe(0);
});

test("names what cannot be joined and the way out", () => {
  const number: Schema = [{ name: "k", type: "number", nullable: false }];
  expect(() => drive(node("inner", false), join, [LEFT, number], [])).toThrow(
    /compares a string \(k\) with a number \(k\)/,
  );
  expect(() => matching([["a"], ["b", "c"]])).toThrow(/as many columns/);
});
