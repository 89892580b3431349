/** The general aggregate: laws on random pipelines and logs, however they are cut, and what its side outputs say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Row, rowsOf } from "../../../../src/columns/batch.ts";
import { batchOf } from "../../../../src/columns/builder.ts";
import type { Schema } from "../../../../src/columns/column.ts";
import { emptyFlow, type Flow } from "../../../../src/engine/flow.ts";
import type { Operator, OperatorFactory } from "../../../../src/engine/operator.ts";
import { aggregate } from "../../../../src/engine/operators/aggregate.ts";
import type { RowExpression } from "../../../../src/expressions/tree.ts";
import { PROFILES } from "../../../../src/model/profiles.ts";
import type { WindowingStrategy } from "../../../../src/model/strategy.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  DEFAULT_TRIGGER,
  never,
  orFinally,
  repeatedly,
  type Trigger,
} from "../../../../src/model/triggers.ts";
import { cumulating, fixed, global, sessions, sliding, type WindowFunction } from "../../../../src/model/windows.ts";
import { verbOf } from "../../../../src/pipeline/node.ts";
import type { AggregateNode } from "../../../../src/pipeline/verbs/aggregate.ts";
import { drive, driveEveryWay, type Emitted, input, type Moment, moments, zset } from "../../drive.ts";

const general: OperatorFactory<AggregateNode> = (node, context) => aggregate(node, { ...context, specialize: false });

const SCHEMA: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "v", type: "number", nullable: true },
];

const column = (name: string): RowExpression => ({
  expr: { kind: "column", name, side: 0 },
  parameters: {},
  source: name,
});

const STRATEGY: WindowingStrategy = {
  window: fixed(10),
  trigger: DEFAULT_TRIGGER,
  accumulation: "accumulating",
  allowedLateness: 0,
  timestampCombiner: "endOfWindow",
  onTime: null,
  closing: null,
};

function rollup(strategy: Partial<WindowingStrategy> | null, retracting = false): AggregateNode {
  return {
    verb: "aggregate",
    input: input(retracting),
    keys: [{ name: "k", expression: column("k") }],
    strategy: strategy === null ? null : { ...STRATEGY, ...strategy },
    aggregates: [
      { name: "s", aggregate: "sum", arguments: [column("v")] },
      { name: "n", aggregate: "count", arguments: [] },
      { name: "m", aggregate: "max", arguments: [column("v")] },
    ],
    outputs: [
      { name: "sum", expression: column("s") },
      { name: "count", expression: column("n") },
      { name: "max", expression: column("m") },
    ],
  };
}

const anyRow: fc.Arbitrary<Row> = fc.record({
  k: fc.constantFrom("a", "b", "c", null),
  v: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null, freq: 9 }),
});

const anyWindow: fc.Arbitrary<WindowFunction> = fc.constantFrom(
  fixed(10),
  fixed(25, { offset: 3 }),
  sliding(20, 5),
  sessions(6),
  sessions(6, { inclusive: true }),
  cumulating(30, 10),
  global(),
);

const simple: fc.Arbitrary<Trigger> = fc.constantFrom(
  DEFAULT_TRIGGER,
  never(),
  afterWatermark(),
  afterCount(1),
  afterCount(3),
  afterProcessingTime(2_500),
  afterProcessingTime(2_000, { aligned: true }),
);

const { trigger: anyTrigger } = fc.letrec<{ trigger: Trigger }>(tie => ({
  trigger: fc.oneof(
    { maxDepth: 2 },
    simple,
    fc.tuple(tie("trigger"), tie("trigger")).map(([early, late]) => afterWatermark({ early, late })),
    tie("trigger").map(early => afterWatermark({ early })),
    tie("trigger").map(repeatedly),
    fc.tuple(tie("trigger"), tie("trigger")).map(parts => afterEach(...parts)),
    fc.tuple(tie("trigger"), tie("trigger")).map(parts => afterAny(...parts)),
    fc.tuple(tie("trigger"), tie("trigger")).map(parts => afterAll(...parts)),
    fc.tuple(tie("trigger"), tie("trigger")).map(([a, b]) => orFinally(a, b)),
  ),
}));

const anyStrategy: fc.Arbitrary<WindowingStrategy> = fc.record({
  window: anyWindow,
  trigger: anyTrigger,
  accumulation: fc.constantFrom("discarding", "accumulating", "retracting"),
  allowedLateness: fc.constantFrom(0, 7, 30, Infinity),
  timestampCombiner: fc.constantFrom("earliest", "latest", "endOfWindow"),
  onTime: fc.constantFrom("always", "ifNonEmpty", null),
  closing: fc.constantFrom("always", "ifNonEmpty", null),
});

const profiles = ["tidemark", "beam", "beam-python", "flink", "flink-sql", "spark", "kafka", "batch"] as const;

describe.each(profiles)("under %s", profile => {
  const ports = ["late", "kept", "fates", "life"];
  test.each([false, true])("steps and restores do not matter (rows taken back: %s)", retracting => {
    const log = moments(anyRow, { retracts: retracting ? [0] : [] });
    fc.assert(
      fc.property(anyStrategy, log, (strategy, all) => {
        driveEveryWay(rollup(strategy, retracting), general, [SCHEMA], all, { profile, ports });
      }),
      { numRuns: 60 },
    );
  });

  test("the output watermark never goes back, nor beyond the input's", () => {
    fc.assert(
      fc.property(anyStrategy, moments(anyRow), (strategy, all) => {
        const { watermark } = drive(rollup(strategy), general, [SCHEMA], all, { profile });
        let input = -Infinity;
        watermark.forEach((w, i) => {
          const to = all[i].watermark ?? -Infinity;
          input = Math.max(input, typeof to === "number" ? to : (to[0] ?? -Infinity));
          // Under kafka the rows themselves move it.
          if (profile !== "kafka") expect(w).toBeLessThanOrEqual(input);
          if (i > 0) expect(w).toBeGreaterThanOrEqual(watermark[i - 1]);
        });
      }),
      { numRuns: 60 },
    );
  });
});

const key = ({ row }: Emitted): string => JSON.stringify([row.k, row.window_start ?? null, row.window_end ?? null]);
const notMerging = anyWindow.filter(window => window.kind !== "sessions");

function byWindow(panes: readonly Emitted[]): Map<string, Emitted[]> {
  const out = new Map<string, Emitted[]>();
  for (const pane of panes) out.set(key(pane), [...(out.get(key(pane)) ?? []), pane]);
  return out;
}

test("accumulating panes are the prefix sums of discarding ones", () => {
  fc.assert(
    fc.property(anyStrategy, notMerging, moments(anyRow), (strategy, window, all) => {
      const run = (accumulation: "discarding" | "accumulating"): Map<string, Emitted[]> =>
        byWindow(drive(rollup({ ...strategy, window, accumulation }), general, [SCHEMA], all).main);
      const discarding = run("discarding");
      const accumulating = run("accumulating");
      expect([...accumulating.keys()]).toEqual([...discarding.keys()]);
      for (const [window, panes] of accumulating) {
        let sum = 0;
        let count = 0;
        panes.forEach((pane, i) => {
          const delta = (discarding.get(window) as Emitted[])[i].row;
          sum += (delta.sum as number | null) ?? 0;
          count += delta.count as number;
          expect([(pane.row.sum as number | null) ?? 0, pane.row.count]).toEqual([sum, count]);
        });
      }
    }),
    { numRuns: 200 },
  );
});

test("retracting sums, as a Z-set, to the last accumulating panes", () => {
  fc.assert(
    fc.property(anyStrategy, notMerging, moments(anyRow), (strategy, window, all) => {
      const run = (accumulation: "retracting" | "accumulating"): Emitted[] =>
        drive(rollup({ ...strategy, window, accumulation }), general, [SCHEMA], all).main;
      const last = [...byWindow(run("accumulating")).values()].map(panes => panes.at(-1) as Emitted);
      expect(zset(run("retracting"))).toEqual(zset(last));
    }),
    { numRuns: 200 },
  );
});

test("every row is in a pane or was dropped", () => {
  fc.assert(
    fc.property(anyStrategy, moments(anyRow), (strategy, all) => {
      const node = rollup({ ...strategy, window: sliding(20, 5), accumulation: "discarding", closing: "ifNonEmpty" });
      const out = drive(node, general, [SCHEMA], all, { ports: ["late"] });
      const rows = all.reduce((n, moment) => n + (moment.rows?.length ?? 0), 0);
      const counted = out.main.reduce((n, pane) => n + (pane.row.count as number), 0);
      expect(counted + (out.late as Emitted[]).length).toBe(rows * 4);
    }),
    { numRuns: 200 },
  );
});

/** The batch answer: each group's sum, count and maximum over the rows that are left. */
function batchAnswer(all: readonly Moment[], window: (time: number) => object[]): [string, number][] {
  const groups = new Map<string, { sum: number | null; count: number; values: number[] }>();
  for (const { rows = [] } of all)
    for (const { row, time, weight = 1 } of rows)
      for (const bounds of window(time)) {
        const id = JSON.stringify({ k: row.k, ...bounds });
        const group = groups.get(id) ?? { sum: null, count: 0, values: [] };
        groups.set(id, group);
        group.count += weight;
        const v = row.v as number | null;
        if (v === null) continue;
        if (weight > 0) group.values.push(v);
        else group.values.splice(group.values.indexOf(v), 1);
      }
  const rows = [...groups].flatMap(([id, { count, values }]) => {
    if (count === 0) return [];
    const sum = values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
    const max = values.length === 0 ? null : Math.max(...values);
    return [{ row: { ...JSON.parse(id), sum, count, max } as Row, weight: 1 }];
  });
  return zset(rows);
}

test("what is taken back leaves no trace: the panes sum to the batch answer", () => {
  const triggers = fc.constantFrom(
    DEFAULT_TRIGGER,
    repeatedly(afterCount(2)),
    afterWatermark({ early: afterCount(1), late: afterCount(1) }),
  );
  fc.assert(
    fc.property(triggers, moments(anyRow, { retracts: [0], length: 60 }), (trigger, all) => {
      const node = rollup({ trigger, allowedLateness: Infinity, accumulation: "retracting" }, true);
      const { main } = drive(node, general, [SCHEMA], all);
      const windows = (t: number): object[] => {
        const start = Math.floor(t / 10) * 10;
        return [{ window_start: start, window_end: start + 10 }];
      };
      expect(zset(main)).toEqual(batchAnswer(all, windows));
    }),
    { numRuns: 300 },
  );
});

test("the relational aggregate is the batch answer after every step, one change per group and step", () => {
  fc.assert(
    fc.property(moments(anyRow, { retracts: [0], length: 60 }), fc.integer({ min: 1, max: 9 }), (all, cut) => {
      const node = rollup(null, true);
      const { main } = drive(node, general, [SCHEMA], all, { cut, restore: cut % 2 === 0 });
      for (let end = cut; end <= all.length + cut; end += cut) {
        const before = main.filter(change => change.at < end);
        expect(zset(before)).toEqual(batchAnswer(all.slice(0, end), () => [{}]));
        const step = before.filter(change => change.at >= end - cut && change.weight > 0);
        expect(new Set(step.map(change => change.row.k)).size).toBe(step.length);
      }
    }),
    { numRuns: 200 },
  );
});

test("a dropped row says why, and what would have kept it", () => {
  const all: Moment[] = [
    { rows: [{ row: { k: "a", v: 1 }, time: 3 }], watermark: 27 },
    { clock: 5_000, rows: [{ row: { k: "a", v: 2 }, time: 4 }] },
  ];
  const out = drive(rollup({ allowedLateness: 12 }), general, [SCHEMA], all, { ports: ["late", "fates"] });
  expect((out.late as Emitted[]).map(late => late.row)).toEqual([
    {
      k: "a",
      v: 2,
      window_start: 0,
      window_end: 10,
      arrived_at: 5_000,
      watermark: 27,
      reason: "expired",
      margin: 5,
      keeps_with_lateness: 18,
      keeps_with_delay: 6,
    },
  ]);
  expect((out.fates as Emitted[]).map(({ row }) => [row.event_time, row.fate])).toEqual([
    [3, "on-time"],
    [4, "dropped"],
  ]);
  // It is enough, and a millisecond less is not.
  const dropped = (allowedLateness: number): number =>
    (drive(rollup({ allowedLateness }), general, [SCHEMA], all, { ports: ["late"] }).late as Emitted[]).length;
  expect([dropped(17), dropped(18)]).toEqual([1, 0]);
});

test("a row that was taken in says into which windows, and what it met", () => {
  const all: Moment[] = [
    { clock: 7, rows: [{ row: { k: "a", v: 1 }, time: 7 }], watermark: 12 },
    { clock: 9, rows: [{ row: { k: "b", v: 2 }, time: 4 }], watermark: 27 },
    { clock: 11, rows: [{ row: { k: "a", v: 3 }, time: 3 }] },
  ];
  const node = rollup({ window: sliding(10, 5), allowedLateness: 3 });
  const out = drive(node, general, [SCHEMA], all, { ports: ["kept", "late"] });
  const own = (arrived_at: number, watermark: number) => ({ arrived_at, watermark });
  expect((out.kept as Emitted[]).map(kept => kept.row)).toEqual([
    { k: "a", v: 1, window_start: 0, window_end: 10, ...own(7, -Infinity) },
    { k: "a", v: 1, window_start: 5, window_end: 15, ...own(7, -Infinity) },
    { k: "b", v: 2, window_start: 0, window_end: 10, ...own(9, 12) },
  ]);
  // Whatever a row's windows are, each takes it in or drops it.
  expect((out.late as Emitted[]).length).toBe(3);
});

test("a window is said to be complete also where no pane says so", () => {
  const all: Moment[] = [
    { clock: 0, rows: [{ row: { k: "a", v: 1 }, time: 3 }], watermark: 5 },
    { clock: 1, watermark: 12 },
    { clock: 2, rows: [{ row: { k: "b", v: 1 }, time: 4 }] },
    { clock: 3, watermark: 40 },
  ];
  // The early pane has said everything, so that there is none on time; and b opens behind the watermark.
  const trigger = afterWatermark({ early: afterCount(1), late: afterCount(1) });
  const out = drive(rollup({ trigger, allowedLateness: 20 }), general, [SCHEMA], all, { ports: ["life"] });
  expect((out.life as Emitted[]).map(({ row: r }) => [r.k, r.what, r.processing_time])).toEqual([
    ["a", "opened", 0],
    ["a", "early", 0],
    ["a", "complete", 1],
    ["b", "opened", 2],
    ["b", "complete", 2],
    ["b", "late", 2],
    ["a", "closed", 3],
    ["b", "closed", 3],
  ]);
});

test("the life of windows is told", () => {
  const all: Moment[] = [
    { clock: 0, rows: [{ row: { k: "a", v: 1 }, time: 0 }] },
    { clock: 1, rows: [{ row: { k: "a", v: 1 }, time: 8 }] },
    { clock: 2, rows: [{ row: { k: "a", v: 1 }, time: 4 }] },
    { clock: 3, watermark: 14 },
    { clock: 4, watermark: 20 },
  ];
  const node = rollup({ window: sessions(6), allowedLateness: 5 });
  const out = drive(node, general, [SCHEMA], all, { ports: ["life"] });
  expect(
    (out.life as Emitted[]).map(({ row: r }) => [r.what, r.window_start, r.window_end, r.processing_time, r.rows]),
  ).toEqual([
    ["opened", 0, 6, 0, 0],
    ["opened", 8, 14, 1, 0],
    ["merged", 8, 14, 2, 1],
    ["complete", 0, 14, 3, 3],
    ["on-time", 0, 14, 3, 3],
    ["closed", 0, 14, 4, 3],
  ]);
});

test.each([false, true])("a bundle may go through several steps (restored between them: %s)", restored => {
  const node = rollup({ window: sessions(10), trigger: repeatedly(afterCount(1)) });
  const make = (): Operator =>
    general(node, {
      inputs: [SCHEMA],
      schema: port => verbOf(node).schema(node, [SCHEMA], port),
      reads: port => port === "main",
      profile: PROFILES.beam,
      codegen: true,
      specialize: false,
    });
  let operator = make();
  const step = (first: number, ends: boolean): Row[] => {
    const flow: Flow = {
      ...emptyFlow(SCHEMA, batchOf(SCHEMA, [{ k: "a", v: first }]), Float64Array.of(-Infinity)),
      count: 1,
      time: Float64Array.of(first),
    };
    const bundleEnd = Uint8Array.of(ends ? 1 : 0);
    const out = operator.step({ length: 1, first, clock: Float64Array.of(0), bundleEnd, last: false }, [flow]);
    const rows = rowsOf(out.main.batch);
    if (restored) {
      const snapshot = structuredClone(operator.snapshot());
      operator = make();
      operator.restore(snapshot);
    }
    return rows;
  };
  expect([step(1, false), step(2, false)]).toEqual([[], []]);
  // Windows of the whole bundle merge before anything comes out.
  expect(step(3, true)).toEqual([{ k: "a", window_start: 1, window_end: 13, sum: 6, count: 3, max: 3 }]);
  expect(step(4, true)).toEqual([{ k: "a", window_start: 1, window_end: 14, sum: 10, count: 4, max: 4 }]);
});
