/**
 * Holds the dense operators against the general one: random pipelines on random rows, in steps of any length, with and
 * without rows hidden behind selections and snapshots between steps, must give the same panes in the same order.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Row, rowAt } from "../../../../src/columns/batch.ts";
import { BatchBuilder } from "../../../../src/columns/builder.ts";
import type { Schema } from "../../../../src/columns/column.ts";
import { Dictionary } from "../../../../src/columns/dictionary.ts";
import type { Flow } from "../../../../src/engine/flow.ts";
import type { Operator, OperatorContext } from "../../../../src/engine/operator.ts";
import { aggregate } from "../../../../src/engine/operators/aggregate.ts";
import { specializedAggregate } from "../../../../src/engine/operators/aggregate/specialize.ts";
import { PROFILES, type Profile } from "../../../../src/model/profiles.ts";
import { afterCount, afterWatermark, DEFAULT_TRIGGER } from "../../../../src/model/triggers.ts";
import { calendar, cumulating, fixed, sessions, sliding, type WindowFunction } from "../../../../src/model/windows.ts";
import { verbOf } from "../../../../src/pipeline/node.ts";
import { source } from "../../../../src/pipeline/sources.ts";
import type { Stream } from "../../../../src/pipeline/stream.ts";
import type { AggregateNode } from "../../../../src/pipeline/verbs/aggregate.ts";

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: true },
  { name: "shop", type: "number", nullable: true },
  { name: "v", type: "number", nullable: true },
  { name: "w", type: "number", nullable: false },
];

interface Event {
  /** Null: a position at which no row arrives. */
  readonly row: Row | null;
  readonly time: number;
  /** Rows that a filter took out are in the batch all the same. */
  readonly hidden: boolean;
}

interface Setup {
  readonly window: WindowFunction;
  readonly trigger: "default" | "late" | "plain";
  readonly accumulation: "discarding" | "accumulating" | "retracting";
  readonly lateness: number;
  readonly delay: number;
  readonly keys: readonly string[];
  readonly reads: readonly string[];
  readonly afterMerge: boolean;
  readonly rollup: "all" | "sum" | "nullable" | "count";
}

/** How a log is handed to an operator. */
interface Way {
  readonly cut: number;
  readonly restore: boolean;
  readonly select: boolean;
  /** Whether outputs have to last beyond the step. */
  readonly remember: boolean;
  /** Cells that may be laid out before closed windows are packed. */
  readonly mostCells: number | undefined;
}

const MINUTE = 60_000;
const BASE = Date.UTC(2026, 2, 28, 22);

const windows: fc.Arbitrary<WindowFunction> = fc.oneof(
  fc.constantFrom(fixed("1 min"), fixed("5 min", { offset: "90 s" }), fixed(7_001, { offset: -13 })),
  fc.constantFrom(calendar("hour", { timeZone: "Europe/London" }), calendar("minute"), calendar("day")),
  fc.constantFrom(sliding("5 min", "1 min"), sliding("4 min", "2 min", { offset: 500 }), sliding("3 min", "3 min")),
  fc.constantFrom(cumulating("6 min", "2 min"), cumulating("5 min", "1 min", { offset: "30 s" })),
  fc.constantFrom(sessions("30 s"), sessions("2 min", { inclusive: true }), sessions("5 s"), sessions(700)),
);

const setups: fc.Arbitrary<Setup> = fc.record({
  window: windows,
  trigger: fc.constantFrom("default", "late", "plain"),
  accumulation: fc.constantFrom("discarding", "accumulating", "retracting"),
  lateness: fc.constantFrom(0, 1, 30_000, 5 * MINUTE, 30 * MINUTE, Infinity),
  delay: fc.constantFrom(0, 1_000, 2 * MINUTE),
  keys: fc.constantFrom([], ["key"], ["shop"], ["key", "shop"]),
  reads: fc.constantFrom([], ["late"]),
  afterMerge: fc.boolean(),
  rollup: fc.constantFrom("all", "sum", "nullable", "count"),
});

const values = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -50, max: 99 }) },
  { weight: 1, arbitrary: fc.constant(null) },
);

const rows: fc.Arbitrary<Row> = fc.record({
  key: fc.constantFrom("a", "b", "c", "d", null),
  shop: fc.constantFrom(1, 2, 3.5, null),
  v: values,
  w: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 9 }) },
    { weight: 1, arbitrary: fc.constantFrom(0.25, NaN, Infinity) },
  ),
});

/** Rows mostly in order, some far behind or ahead, and positions without any. */
const logs: fc.Arbitrary<readonly Event[]> = fc
  .array(
    fc.record({
      row: fc.oneof({ weight: 9, arbitrary: rows }, { weight: 1, arbitrary: fc.constant(null) }),
      pace: fc.integer({ min: 0, max: 20_000 }),
      behind: fc.oneof(
        { weight: 7, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
        { weight: 3, arbitrary: fc.integer({ min: 0, max: 12 * MINUTE }) },
      ),
      jump: fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(40 * MINUTE) }),
      round: fc.boolean(),
      hidden: fc.boolean(),
    }),
    { minLength: 1, maxLength: 120 },
  )
  .map(steps => {
    let now = BASE;
    return steps.map(({ row, pace, behind, jump, round, hidden }) => {
      now += pace + jump;
      const time = now - behind;
      return { row, time: round ? Math.round(time / 30_000) * 30_000 : time, hidden };
    });
  });

const ROLLUPS = {
  all: {
    n: "count()",
    some: "count(d.v)",
    total: "sum(d.v)",
    mean: "mean(d.w)",
    least: "min(d.v)",
    most: "max(d.w)",
    double: "sum(d.v * 2) + count()",
  },
  sum: { total: "sum(d.w)", n: "count()" },
  nullable: { total: "sum(d.v)" },
  count: { n: "count()" },
};

function nodeOf(setup: Setup): AggregateNode {
  const { window, trigger, accumulation, lateness, keys } = setup;
  let stream: Stream = source("log", { eventTime: "t" });
  if (keys.length > 0) stream = stream.groupby(...keys);
  return stream
    .window(window)
    .trigger(
      trigger === "default"
        ? DEFAULT_TRIGGER
        : trigger === "plain"
          ? afterWatermark()
          : afterWatermark({ late: afterCount(1) }),
    )
    .allowedLateness(lateness)
    .accumulation(accumulation)
    .rollup(ROLLUPS[setup.rollup]).node as AggregateNode;
}
function contextOf(node: AggregateNode, setup: Setup, specialize: boolean, remembers = false): OperatorContext {
  const profile: Profile = setup.afterMerge
    ? { ...PROFILES.tidemark, sessionLateness: "after-merge" }
    : PROFILES.tidemark;
  return {
    inputs: [SCHEMA],
    schema: port => verbOf(node).schema(node, [SCHEMA], port),
    reads: port => port === "main" || setup.reads.includes(port),
    profile,
    remembers,
    codegen: true,
    specialize,
  };
}

/** Cuts a log into flows of `cut` positions; the source's end is a position of its own. */
function* flows(
  log: readonly Event[],
  delay: number,
  { cut, select, restore }: Way,
): Generator<[Flow, number, boolean]> {
  let greatest = -Infinity;
  let names = new Dictionary();
  for (let from = 0; from < log.length + 1; from += cut) {
    const events = log.slice(from, from + cut);
    const length = Math.min(cut, log.length + 1 - from);
    if (restore) names = new Dictionary(["other", "c"]);
    const builder = new BatchBuilder(SCHEMA, [names]);
    const at: number[] = [];
    const time: number[] = [];
    const chosen: number[] = [];
    const watermark = new Float64Array(length).fill(Infinity);
    events.forEach((event, position) => {
      // A row that a filter takes out moves the watermark like any other.
      if (event.row !== null) {
        greatest = Math.max(greatest, event.time);
        if (select || !event.hidden) {
          if (!event.hidden) chosen.push(at.length);
          builder.append(SCHEMA.map(f => (event.row as Row)[f.name]));
          at.push(position);
          time.push(event.time);
        }
      }
      watermark[position] = greatest - delay;
    });
    const flow: Flow = {
      batch: builder.take(),
      selection: select ? Int32Array.from(chosen) : null,
      count: select ? chosen.length : at.length,
      at: at.length === length ? null : Int32Array.from(at),
      time: Float64Array.from(time),
      clock: null,
      weight: null,
      pane: null,
      watermark,
    };
    yield [flow, from, from + length > log.length];
  }
}

/** Everything that comes out, written so that it can be compared. */
function outcome(log: readonly Event[], setup: Setup, way: Way, make: () => Operator): unknown[] {
  let operator = make();
  const out: unknown[] = [];
  for (const [flow, first, last] of flows(log, setup.delay, way)) {
    const clock = Float64Array.from(flow.watermark, (_, i) => first + i);
    const step = { length: flow.watermark.length, first, clock, bundleEnd: null, last };
    const outputs = operator.step(step, [flow]);
    for (const port of ["main", ...setup.reads]) {
      const from = outputs[port];
      for (let i = 0; i < from.count; i++) {
        const position = from.at === null ? i : from.at[i];
        expect(from.clock === null ? clock[position] : from.clock[i]).toBe(clock[position]);
        out.push({
          port,
          at: first + position,
          time: from.time[i],
          weight: from.weight === null ? 1 : from.weight[i],
          pane:
            from.pane === null
              ? null
              : [
                  from.pane.timing[i],
                  from.pane.index[i],
                  from.pane.nonSpeculativeIndex[i],
                  from.pane.first[i],
                  from.pane.last[i],
                ],
          row: rowAt(from.batch, i),
        });
      }
      if (port === "main") out.push(...Array.from(from.watermark, (w, i) => ({ at: first + i, watermark: w })));
    }
    if (way.restore) {
      const saved = structuredClone(operator.snapshot());
      operator = make();
      operator.restore(saved);
    }
  }
  return out;
}

/** Steps of different lengths interleave ports differently; what each port says is the same. */
function byPort(said: unknown[]): unknown[] {
  const kind = (x: unknown): string => (x as { port?: string }).port ?? "watermark";
  return ["main", "late", "watermark"].flatMap(k => said.filter(x => kind(x) === k));
}

const ways = fc.record({
  cut: fc.constantFrom(1, 7, 1_000),
  restore: fc.boolean(),
  select: fc.boolean(),
  remember: fc.boolean(),
  mostCells: fc.constantFrom(undefined, 1),
});

test("dense operators give what the general one gives", () => {
  let specialised = 0;
  fc.assert(
    fc.property(setups, logs, ways, (setup, log, way) => {
      const node = nodeOf(setup);
      if (specializedAggregate(node, contextOf(node, setup, true)) === null) return;
      specialised++;
      const general = outcome(
        log,
        setup,
        { cut: 1_000, restore: false, select: false, remember: false, mostCells: undefined },
        () => aggregate(node, contextOf(node, setup, false)),
      );
      const dense = outcome(
        log,
        setup,
        way,
        () => specializedAggregate(node, contextOf(node, setup, true, way.remember), way.mostCells) as Operator,
      );
      expect(byPort(dense)).toEqual(byPort(general));
    }),
    { numRuns: Number(process.env["TIDEMARK_RUNS"] ?? 1_000) },
  );
  expect(specialised).toBeGreaterThan(100);
});
