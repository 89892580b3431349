import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/columns/batch.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { differentiate } from "../../../src/engine/operators/differentiate.ts";
import { balancesOf, integrate } from "../../../src/engine/operators/integrate.ts";
import type { Operator } from "../../../src/engine/operator.ts";
import type { DifferentiateNode } from "../../../src/pipeline/verbs/differentiate.ts";
import { integrate as integrateVerb, type IntegrateNode, type Opening } from "../../../src/pipeline/verbs/integrate.ts";
import { type Arrival, drive, driveEveryWay, input, type Moment, moments, zset } from "../drive.ts";

const FLOWS: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "x", type: "number", nullable: true },
];

const column = (name: string) => ({ expr: { kind: "column", name, side: 0 } as const, parameters: {}, source: name });
const KEYS = [{ name: "k", expression: column("k") }];

const flows = (opening: Opening = { kind: "number", value: 0 }): IntegrateNode => ({
  verb: "integrate",
  input: input(),
  keys: KEYS,
  value: column("x"),
  opening,
});

const row = fc.record({
  k: fc.constantFrom("a", "b", "c", null),
  x: fc.oneof(
    fc.integer({ min: -50, max: 50 }),
    fc.integer({ min: -5000, max: 5000 }).map(c => c / 100),
    fc.constantFrom(null, 0.1, 0.2, 1e-9),
  ),
});

/** Exact decimal sums in billionths. */
const exact = (values: readonly number[]): number =>
  Number(values.reduce((sum, v) => sum + BigInt(Math.round(v * 1e9)), 0n)) / 1e9;

test("gives each flow its balance at its own event time, as far as known, and counts what it restated", () => {
  fc.assert(
    fc.property(moments(row, { retracts: [0] }), list => {
      const { main } = driveEveryWay(flows({ kind: "numbers", values: { a: 100.5 } }), integrate, [FLOWS], list);
      const seen: { k: unknown; time: number; x: number }[] = [];
      const expected = list.flatMap(m =>
        (m.rows ?? []).map(({ row: r, time, weight = 1 }) => {
          const x = ((r.x as number | null) ?? 0) * weight;
          const restated = seen.filter(s => s.k === r.k && s.time > time).length;
          seen.push({ k: r.k, time, x });
          const until = seen.filter(s => s.k === r.k && s.time <= time).map(s => s.x);
          const balance = exact([r.k === "a" ? 100.5 : 0, ...until]);
          return { k: r.k, event_time: time, flow: r.x === null ? null : x + 0, balance, restated };
        }),
      );
      expect(main.map(e => ({ ...e.row, flow: e.row.flow === null ? null : (e.row.flow as number) + 0 }))).toEqual(
        expected,
      );
      expect(main.every(e => e.weight === 1)).toBe(true);
    }),
  );
});

test("adds opening balances from a stream from their arrival on", () => {
  const OPENINGS: Schema = [
    { name: "k", type: "string", nullable: false },
    { name: "b", type: "number", nullable: false },
  ];
  const opening: Opening = { kind: "stream", node: input(false, "accounts"), keys: KEYS, value: column("b") };
  const { main } = driveEveryWay(
    flows(opening),
    integrate,
    [FLOWS, OPENINGS],
    [
      { rows: [{ input: 1, row: { k: "a", b: 10 }, time: 0 }] },
      { rows: [{ input: 0, row: { k: "a", x: 1 }, time: 5 }] },
      { rows: [{ input: 0, row: { k: "b", x: 1 }, time: 5 }] },
      { rows: [{ input: 1, row: { k: "b", b: 0.5 }, time: 9 }] },
      { rows: [{ input: 0, row: { k: "b", x: 1 }, time: 6 }] },
    ],
  );
  expect(main.map(e => [e.row.k, e.row.balance])).toEqual([
    ["a", 11],
    ["b", 1],
    ["b", 2.5],
  ]);
});

test("answers B(T; p) and restatements as a scan of the log does", () => {
  fc.assert(
    fc.property(moments(row, { end: false }), fc.integer({ min: 0, max: 40 }), (list, asked) => {
      let operator: Operator | null = null;
      drive(flows(), integrate, [FLOWS], list, { cut: 7, made: o => (operator = o) });
      const balances = balancesOf(operator);
      if (balances === null) throw new Error("no balances");
      const log = list.flatMap((m, i) => (m.rows ?? []).map(r => ({ ...r, arrival: i * 1_000 })));
      const time = 100 + asked * 4;
      const known = asked * 700;
      for (const k of ["a", "b", null]) {
        const own = log.filter(r => r.row.k === k && r.time <= time);
        const sum = (rows: readonly Arrival[]): number => exact(rows.map(r => (r.row.x as number | null) ?? 0));
        expect(balances.balanceAt([k], time)).toBe(sum(own));
        expect(balances.balanceAt([k], time, known)).toBe(sum(own.filter(r => r.arrival <= known)));
        expect(balances.restatement([k], time, known, known + 9_000)).toBe(
          sum(own.filter(r => r.arrival > known && r.arrival <= known + 9_000)),
        );
      }
    }),
  );
});

describe("differentiate", () => {
  const node = (late: "next" | "later", value: string, opening: number | null = 0): DifferentiateNode => ({
    verb: "differentiate",
    input: input(late === "next"),
    keys: KEYS,
    value: column(value),
    late,
    opening,
  });

  test("inverts integrate exactly, row by row: D(I(x)) = x", () => {
    const balances = integrateVerb.schema(flows(), [FLOWS], "main");
    fc.assert(
      fc.property(moments(row), list => {
        const { main } = drive(flows(), integrate, [FLOWS], list);
        const again: Moment[] = list.map((_, p) => ({
          rows: main.filter(e => e.at === p).map(e => ({ row: e.row, time: e.time })),
        }));
        const back = driveEveryWay(node("later", "balance"), differentiate, [balances], again).main;
        expect(back.map(e => [e.row.k, e.time, (e.row.flow as number) + 0])).toEqual(
          list.flatMap(m => (m.rows ?? []).map(r => [r.row.k, r.time, ((r.row.x as number | null) ?? 0) + 0])),
        );
      }),
    );
  });

  test("gives flows between snapshots that sum to the last one, with late snapshots and retractions", () => {
    fc.assert(
      fc.property(moments(row, { retracts: [0] }), fc.constantFrom(0, null, 3), (list, opening) => {
        const { main } = driveEveryWay(node("next", "x", opening), differentiate, [FLOWS], list);
        const live: Arrival[] = [];
        list.forEach((m, p) => {
          for (const r of m.rows ?? []) {
            if (r.weight !== -1) {
              live.push(r);
              continue;
            }
            const same = (a: Arrival): boolean => a.row.k === r.row.k && a.row.x === r.row.x && a.time === r.time;
            live.splice(live.findLastIndex(same), 1);
          }
          const expected = [...Map.groupBy(live, r => r.row.k).values()].flatMap(group => {
            const sorted = group.filter(r => r.row.x !== null).toSorted((a, b) => a.time - b.time);
            return sorted.map((r, i) => {
              const before = i === 0 ? opening : (sorted[i - 1].row.x as number);
              const flow = before === null ? null : exact([r.row.x as number, -before]) + 0;
              return {
                row: { k: r.row.k, event_time: r.time, balance: r.row.x, flow } as Row,
                weight: 1,
                time: r.time,
              };
            });
          });
          expect(zset(main.filter(e => e.at <= p))).toEqual(zset(expected));
        });
      }),
      { numRuns: 60 },
    );
  });
});
