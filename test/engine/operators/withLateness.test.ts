import fc from "fast-check";
import { expect, test } from "vitest";
import type { Schema } from "../../../src/columns/column.ts";
import { delayOf, withLateness } from "../../../src/engine/operators/withLateness.ts";
import type { WithLatenessNode } from "../../../src/pipeline/verbs/withLateness.ts";
import { drive, driveEveryWay, type Emitted, input, type Moment, moments } from "../drive.ts";

const SCHEMA: Schema = [{ name: "n", type: "number", nullable: false }];
const row = fc.record({ n: fc.nat() });

const node = (settings: Partial<WithLatenessNode>): WithLatenessNode => ({
  verb: "withLateness",
  input: input(),
  seed: 1,
  delay: { kind: "constant", delay: 0 },
  share: 1,
  duplicate: 0,
  drop: 0,
  ...settings,
});

test("lets every row out once, no earlier than its arrival and extra delay, at the first clock that has reached it", () => {
  fc.assert(
    fc.property(moments(row, { retracts: [0] }), fc.integer({ min: 0, max: 4_500 }), (list, delay) => {
      const { main, watermark } = driveEveryWay(
        node({ delay: { kind: "constant", delay } }),
        withLateness,
        [SCHEMA],
        list,
      );
      const rows = list.flatMap((m, at) => (m.rows ?? []).map(r => ({ ...r, at })));
      // With one delay for all, order is kept, so that rows can be told apart by their place.
      expect(main.map(e => [e.row, e.time, e.weight])).toEqual(rows.map(r => [r.row, r.time, r.weight ?? 1]));
      main.forEach((e, i) => {
        const due = rows[i].at * 1_000 + delay;
        const first = Math.min(list.length - 1, Math.ceil(due / 1_000));
        expect(e.at).toBe(first);
        expect(e.clock).toBe(Math.min(due, (list.length - 1) * 1_000));
      });
      let w = -Infinity;
      expect(watermark).toEqual(
        list.map(m => (w = Math.max(w, typeof m.watermark === "number" ? m.watermark : (m.watermark?.[0] ?? w)))),
      );
    }),
  );
});

test("gives the same faults in any cut, in order of their clocks, and says what it did", () => {
  const settings = node({ delay: { kind: "exponential", mean: 2_000 }, share: 0.5, duplicate: 0.3, drop: 0.2 });
  fc.assert(
    fc.property(moments(row), fc.nat(), (list, seed) => {
      const { main, ...ports } = driveEveryWay({ ...settings, seed }, withLateness, [SCHEMA], list, {
        ports: ["faults"],
      });
      const faults = ports.faults as Emitted[];
      const rows = list.flatMap(m => m.rows ?? []).length;
      const count = (fault: string): number => faults.filter(f => f.row.fault === fault).length;
      expect(main.length).toBe(rows - count("dropped") + count("duplicated"));
      for (let i = 1; i < main.length; i++) {
        expect(main[i].at).toBeGreaterThanOrEqual(main[i - 1].at);
        if (main[i].at === main[i - 1].at) expect(main[i].clock).toBeGreaterThanOrEqual(main[i - 1].clock);
      }
    }),
  );
});

test("disturbs about the shares it was told to, differently for another seed", () => {
  const list: Moment[] = Array.from({ length: 4_000 }, (_, i) => ({ rows: [{ row: { n: i }, time: i }] }));
  const run = (seed: number): Emitted[] =>
    drive(
      node({ seed, delay: { kind: "uniform", from: 5_000, to: 9_000 }, share: 0.25, duplicate: 0.1, drop: 0.05 }),
      withLateness,
      [SCHEMA],
      list,
      { ports: ["faults"] },
    ).faults as Emitted[];
  const faults = run(1);
  const share = (fault: string): number => faults.filter(f => f.row.fault === fault).length / 4_000;
  expect(Math.abs(share("dropped") - 0.05)).toBeLessThan(0.012);
  expect(Math.abs(share("delayed") - 0.25 * 0.95)).toBeLessThan(0.025);
  expect(Math.abs(share("duplicated") - 0.1 * 0.95)).toBeLessThan(0.018);
  for (const f of faults.filter(x => x.row.fault === "delayed")) {
    expect(f.row.extra_delay).toBeGreaterThanOrEqual(5_000);
    expect(f.row.extra_delay).toBeLessThan(9_000);
  }
  expect(run(2).map(f => f.row)).not.toEqual(faults.map(f => f.row));
});

test("draws from the distributions it names", () => {
  expect(delayOf({ kind: "exponential", mean: 10 }, 0.5)).toBeCloseTo(10 * Math.LN2);
  expect(delayOf({ kind: "pareto", scale: 2, shape: 2 }, 0.75)).toBeCloseTo(4);
  expect(delayOf({ kind: "uniform", from: 1, to: 3 }, 0.5)).toBe(2);
});
