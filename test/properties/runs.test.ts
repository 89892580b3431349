/**
 * Laws of whole runs: random pipelines over random logs of two sources, with partitions that fall silent. However a run is
 * cut into steps, taken out and put back, edited in the middle, or read late, it says the same.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Checkpoint, Run, type RunOptions, type Tap } from "../../src/engine/run.ts";
import { Table } from "../../src/engine/table.ts";
import { type Profile, PROFILES } from "../../src/model/profiles.ts";
import { afterCount, afterProcessingTime, afterWatermark, repeatedly, type Trigger } from "../../src/model/triggers.ts";
import { adaptive, bounded, percentile, perfect, type WatermarkStrategy } from "../../src/model/watermarks.ts";
import { fixed, sessions, sliding, type WindowFunction } from "../../src/model/windows.ts";
import { type Node, schemaOf } from "../../src/pipeline/node.ts";
import type { SourceLog } from "../../src/pipeline/source-log.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import { zset } from "../engine/drive.ts";
import { logOf, type LogRow, logsByName, logSource } from "../engine/logs.ts";
import { runs } from "./arbitrary.ts";
import { Ear as EveryRow } from "./ear.ts";

// Logs.

const sourceRows: fc.Arbitrary<LogRow[]> = fc
  .array(
    fc.record({
      wait: fc.constantFrom(0, 0, 1, 1, 2, 3, 20),
      behind: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -2, max: 4 }) }, fc.integer({ min: 0, max: 40 })),
      p: fc.constantFrom("x", "x", "y", null),
      key: fc.constantFrom("a", "b", "c"),
      v: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: -9, max: 9 }) }, fc.constant(null)),
    }),
    { maxLength: 40 },
  )
  .map(rows => {
    let at = 100;
    return rows.map(({ wait, behind, ...rest }) => {
      at += wait;
      return { ...rest, at, t: at - behind };
    });
  });

interface Logs {
  readonly left: readonly LogRow[];
  readonly right: readonly LogRow[];
}
const logs: fc.Arbitrary<Logs> = fc.record({ left: sourceRows, right: sourceRows });

const strategies: fc.Arbitrary<WatermarkStrategy> = fc.oneof(
  fc
    .record({
      delay: fc.integer({ min: 0, max: 9 }),
      idle: fc.constantFrom(null, 4, 10),
      future: fc.constantFrom(null, 1),
    })
    .map(({ delay, idle, future }) => bounded(delay, { idle, future })),
  fc.constantFrom(
    bounded(2, { every: 5 }),
    bounded(3, { per: "source" }),
    percentile(0.9, 8),
    adaptive(0.9),
    perfect(),
  ),
);

// Pipelines.

const windows: fc.Arbitrary<WindowFunction> = fc.constantFrom(
  fixed(10),
  fixed(7),
  sliding(12, 4),
  sessions(4),
  sessions(8),
);
const triggers: fc.Arbitrary<Trigger> = fc.constantFrom<Trigger>(
  { kind: "default" },
  afterWatermark(),
  afterWatermark({ early: afterProcessingTime(3), late: afterCount(1) }),
  afterWatermark({ early: repeatedly(afterCount(2)), late: afterProcessingTime(2, { aligned: true }) }),
  repeatedly(afterProcessingTime(5)),
);

type Build = (left: Stream, right: Stream) => Stream;

/** Verbs to put on a stream of rows with `key` and `v`. */
const rowVerbs: fc.Arbitrary<(s: Stream) => Stream> = fc.constantFrom(
  (s: Stream) => s.filter("d.v > -5"),
  (s: Stream) => s.derive({ v: "d.v * 2" }),
  (s: Stream) => s.dedupe(["key", "v"]),
  (s: Stream) => s,
);

const windowed: fc.Arbitrary<(s: Stream) => Stream> = fc
  .record({
    window: windows,
    trigger: triggers,
    lateness: fc.constantFrom(0, 5, 30),
    mode: fc.constantFrom("discarding" as const, "accumulating" as const, "retracting" as const),
  })
  .map(
    ({ window, trigger, lateness, mode }) =>
      (s: Stream) =>
        s
          .groupby("key")
          .window(window)
          .trigger(trigger)
          .allowedLateness(lateness)
          .accumulation(mode)
          .rollup({ n: "count()", v: "sum(d.v)" }),
  );

/** What changes once per step depends on the steps, so it comes last. */
const aggregated: fc.Arbitrary<(s: Stream) => Stream> = fc.oneof(
  { weight: 3, arbitrary: windowed },
  {
    weight: 1,
    arbitrary: fc.constant((s: Stream) => s.groupby("key").rollup({ n: "count()", v: "sum(d.v)" })),
  },
);

/** Verbs of their own kinds, each in one pipeline or two. */
const others: fc.Arbitrary<Build> = fc.constantFrom<Build>(
  left => left.window(fixed(10)).topN(2, "v", { by: "key" }),
  left => left.filter("d.v > -100").groupby("key").integrate("d.v"),
  left => left.filter("d.v > -100").groupby("key").integrate("d.v").differentiate(),
  left => left.filter("d.v > -100").groupby("key").differentiate("d.v"),
  left => left.dedupe("key", { keep: "last", within: 10 }).select("key", "v").dedupe("key", { keep: "last" }),
  left => left.sample(0.5, { seed: 3 }),
  left =>
    left
      .withLateness({ delay: { exponential: 7 }, share: 0.5, duplicate: 0.1, drop: 0.1, seed: 5 })
      .window(fixed(10))
      .rollup({ n: "count()" }),
  left => left.branch({ big: "d.v > 3", small: "d.v < -3" })["small"],
  left => left.flatMap(d => (d.v > 0 ? [{ w: d.v }, { w: -d.v }] : []), { columns: { w: "number" } }),
  left =>
    left.groupby("key").stateful({
      initial: { n: 0 },
      onRow: (state, _row, ctx) => {
        ctx.eventTimer(ctx.time + 5, "end");
        ctx.processingTimer(ctx.clock + 3, "soon");
        ctx.emit({ n: state.n + 1 });
        return { n: state.n + 1 };
      },
      onTimer: (state, _timer, ctx) => {
        ctx.emit({ n: -state.n });
        return state;
      },
      columns: { n: "number" },
    }),
  (left, right) => left.intervalJoin(right, "key", { lower: -3, upper: 3 }),
  (left, right) => left.intervalJoin(right, "key", { lower: 0, upper: 6, kind: "full", allowedLateness: 4 }),
  (left, right) => left.asofJoin(right, "key", { tolerance: 9 }),
  (left, right) => left.lookup(right, "key"),
  (left, right) => left.joinLeft(right, "key", { window: sliding(10, 5), allowedLateness: 5 }),
  (left, right) => left.antijoin(right, "key", { window: fixed(10) }),
);

/** Pipelines of one or two sources, up to two aggregates deep. */
const aggregates: fc.Arbitrary<Build> = fc
  .record({
    first: rowVerbs,
    second: rowVerbs,
    aggregate: windowed,
    again: fc.option(aggregated, { nil: null, freq: 2 }),
    combine: fc.constantFrom("left", "union", "join", "late"),
  })
  .map(({ first, second, aggregate, again, combine }) => (left: Stream, right: Stream) => {
    if (combine === "join") return first(left).join(second(right), "key", { window: fixed(20) });
    const input = combine === "union" ? first(left).union(first(right)) : first(left);
    const out = aggregate(second(input));
    if (combine === "late" && out.node.verb === "aggregate" && out.node.strategy !== null) return out.late();
    return again === null ? out : again(out.select("key", "v"));
  });

const pipelines: fc.Arbitrary<Build> = fc.oneof({ weight: 3, arbitrary: aggregates }, { weight: 2, arbitrary: others });

// Runs.

/** Keeps what a node puts out, and knows what may depend on the steps. */
class Ear extends EveryRow {
  /** Whether changes are gathered for a step, so that only what they sum to does not depend on the steps. */
  get gathers(): boolean {
    const below = this.node.verb === "sample" ? this.node.input : this.node;
    return below.verb === "aggregate" && below.strategy === null;
  }
  /** What was said; of changes that are gathered for a step, what they sum to. */
  override get all(): { said: unknown; watermark: number[] } {
    return { said: this.gathers ? zset(this.said) : this.said, watermark: this.watermark };
  }
}

interface Setup {
  readonly pipeline: Build;
  readonly logs: Logs;
  readonly leftWatermark: WatermarkStrategy;
  readonly rightWatermark: WatermarkStrategy;
}
const setups: fc.Arbitrary<Setup> = fc.record({
  pipeline: pipelines,
  logs,
  leftWatermark: strategies,
  rightWatermark: strategies,
});

class Laboratory {
  readonly node: Node;
  readonly left: Stream;
  readonly right: Stream;
  readonly logs: (node: Parameters<RunOptions["logs"]>[0]) => SourceLog;
  constructor({ pipeline, logs, leftWatermark, rightWatermark }: Setup) {
    this.left = logSource("left", leftWatermark);
    this.right = logSource("right", rightWatermark);
    this.node = pipeline(this.left, this.right).node;
    this.logs = logsByName({ left: logOf(logs.left), right: logOf(logs.right) });
  }
  run(options: Partial<RunOptions> = {}, roots: readonly Node[] = [this.node]): Run {
    return new Run(roots, { logs: this.logs, ...options });
  }
  /** Everything said, and the final table, of a run from beginning to end. */
  whole(options: Partial<RunOptions> = {}, roots: readonly Node[] = [this.node]): { all: Ear["all"]; table: unknown } {
    const run = this.run(options, roots);
    const node = roots[roots.length - 1];
    const ear = new Ear(node);
    const table = this.table(node);
    run.tap(ear);
    run.tap(table);
    run.finish();
    return { all: ear.all, table: sorted(table) };
  }
  table(node: Node): Table {
    return new Table(
      node,
      schemaOf(node, source => this.logs(source).batch.schema),
    );
  }
}

const sorted = (table: Table): string[] =>
  table
    .rows()
    .map(row => JSON.stringify(row))
    .sort();

/** Works a run for a while, in steps of random lengths. */
function work(run: Run, cuts: readonly number[]): void {
  for (const positions of cuts) if (!run.advance({ positions })) return;
}

/** What may happen to a run that is edited. */
const moves = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("work" as const), positions: fc.integer({ min: 1, max: 12 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("edit" as const),
        nodes: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant("catch up" as const), nodes: fc.integer({ min: 0, max: 9 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("mark" as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("return" as const), to: fc.nat({ max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("look" as const), node: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("take out" as const) }) },
  ),
  { maxLength: 25, size: "max" },
);

const someCuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 });

describe("a run says the same", () => {
  test("in steps of any length", () => {
    fc.assert(
      fc.property(
        setups,
        someCuts,
        fc.constantFrom("tidemark", "beam", "flink", "spark", "kafka", "batch"),
        (setup, cuts, name) => {
          const profile: Profile = PROFILES[name];
          const laboratory = new Laboratory(setup);
          const { all } = laboratory.whole({ profile });
          expect(laboratory.whole({ profile, stepLength: 1 }).all).toEqual(all);
          expect(laboratory.whole({ profile, stepLength: 7, remember: false }).all).toEqual(all);
          const run = laboratory.run({ profile });
          const ear = new Ear(laboratory.node);
          run.tap(ear);
          work(run, cuts);
          run.finish();
          expect(ear.all).toEqual(all);
        },
      ),
      runs(150),
    );
  });

  test("by kernels and by the interpreter, specialised and not", () => {
    fc.assert(
      fc.property(setups, setup => {
        const laboratory = new Laboratory(setup);
        const { said } = laboratory.whole().all;
        expect(laboratory.whole({ codegen: false }).all).toMatchObject({ said });
        expect(laboratory.whole({ specialize: false }).all).toMatchObject({ said });
      }),
      runs(150),
    );
  });

  test("when it is taken out at any moment and put back", () => {
    fc.assert(
      fc.property(setups, someCuts, fc.constantFrom("tidemark", "beam"), (setup, cuts, name) => {
        const profile = PROFILES[name as "tidemark"];
        const laboratory = new Laboratory(setup);
        const { all } = laboratory.whole({ profile });
        const before = laboratory.run({ profile });
        const ear = new Ear(laboratory.node);
        before.tap(ear);
        work(before, cuts);
        const after = laboratory.run({ profile });
        after.restore(structuredClone(before.snapshot()));
        after.tap(ear);
        after.finish();
        expect(ear.all).toEqual(all);
        expect(after.progress.rows).toBe(
          setup.logs.left.length + (readsRight(laboratory) ? setup.logs.right.length : 0),
        );
      }),
      runs(150),
    );
  });

  test("to whoever begins to listen late", () => {
    fc.assert(
      fc.property(setups, someCuts, (setup, cuts) => {
        const laboratory = new Laboratory(setup);
        const { all, table } = laboratory.whole();
        const run = laboratory.run();
        work(run, cuts);
        const ear = new Ear(laboratory.node);
        const late = laboratory.table(laboratory.node);
        run.tap(ear);
        run.finish();
        run.tap(late);
        expect(ear.all).toEqual(all);
        expect(sorted(late)).toEqual(table);
      }),
      runs(100),
    );
  });

  test("when its pipeline became this one in the middle", () => {
    fc.assert(
      fc.property(setups, pipelines, pipelines, someCuts, someCuts, (setup, other, third, cuts, more) => {
        const laboratory = new Laboratory(setup);
        // Both sources are read all the time: they make the clock, and on that processing-time timers depend.
        const { node: clocks } = laboratory.left.union(laboratory.right);
        const roots = [other, third].map(build => build(laboratory.left, laboratory.right).node);
        const run = laboratory.run({}, [clocks, ...roots]);
        const before = roots.map(node => new Ear(node));
        for (const ear of before) run.tap(ear);
        work(run, cuts);
        const reached = run.progress.positions;
        const ear = new Ear(laboratory.node);
        const table = laboratory.table(laboratory.node);
        // The third pipeline stays, and must not notice.
        const answer = run.replan([clocks, roots[1], laboratory.node], [before[1], ear, table]);
        expect(run.progress.positions).toBe(answer === "restarted" ? 0 : reached);
        work(run, more);
        run.finish();
        const fresh = laboratory.run({}, [clocks, roots[1], laboratory.node]);
        const expected = [new Ear(laboratory.node), new Ear(roots[1])];
        for (const each of expected) fresh.tap(each);
        const freshTable = laboratory.table(laboratory.node);
        fresh.tap(freshTable);
        fresh.finish();
        expect([ear.all, before[1].all]).toEqual(expected.map(each => each.all));
        expect(sorted(table)).toEqual(sorted(freshTable));
      }),
      runs(150),
    );
  });

  test("however edits follow each other, are interrupted, and are mixed with going back and looking back", () => {
    fc.assert(
      fc.property(setups, pipelines, moves, (setup, other, list) => {
        const laboratory = new Laboratory(setup);
        const { node: clocks } = laboratory.left.union(laboratory.right);
        const second = other(laboratory.left, laboratory.right).node;
        // Two pipelines, and a reader of each that does not work its input again.
        const nodes = [laboratory.node, second].flatMap(node => [node, new Stream(node).sample(0.6, { seed: 5 }).node]);
        const expected = nodes.map(node => new Ear(node));
        const whole = laboratory.run({}, [clocks, ...nodes]);
        for (const ear of expected) whole.tap(ear);
        whole.finish();

        const run = laboratory.run({}, [clocks]);
        const returns: Checkpoint[] = [run.checkpoint()];
        let taps = new Map<number, { ear: Ear; table: Table }>();
        const listening = (): Tap[] => [...taps.values()].flatMap(({ ear, table }) => [ear, table]);
        // What has been heard is what a whole run says up to some position, and all of it where nothing is behind.
        const check = (): void => {
          for (const [n, { ear }] of taps) {
            const seen = ear.watermark.length;
            if (run.behindOf(ear) === null) expect(seen).toBe(run.progress.positions);
            expect(ear.watermark).toEqual(expected[n].watermark.slice(0, seen));
            if (!ear.gathers) expect(ear.said).toEqual(expected[n].said.filter(({ at }) => at < seen));
          }
        };
        for (const move of list) {
          switch (move.kind) {
            case "edit": {
              const wanted = [...new Set(move.nodes)];
              taps = new Map(
                wanted.map(n => [n, taps.get(n) ?? { ear: new Ear(nodes[n]), table: laboratory.table(nodes[n]) }]),
              );
              run.replan([clocks, ...wanted.map(n => nodes[n])], listening());
              break;
            }
            case "catch up": {
              let left = move.nodes;
              const before = run.behind;
              const behind = run.catchUp(() => left-- <= 0);
              expect(run.behind === null).toBe(!behind);
              if (behind) expect(run.behind).toBeGreaterThanOrEqual(before as number);
              break;
            }
            case "work":
              run.advance({ positions: move.positions });
              break;
            case "mark":
              returns.push(run.checkpoint());
              break;
            case "return":
              run.rewind(returns[move.to % returns.length]);
              break;
            case "look": {
              const ear = new Ear(nodes[move.node]);
              run.look([ear]);
              expect(ear.watermark).toHaveLength(run.progress.positions);
              if (!ear.gathers) expect(ear.said).toEqual(expected[move.node].said.slice(0, ear.said.length));
              break;
            }
            case "take out":
              structuredClone(run.snapshot());
          }
          check();
        }
        run.finish();
        check();
        for (const [n, { ear, table }] of taps) {
          expect(ear.all).toEqual(expected[n].all);
          expect(sorted(table)).toEqual(laboratory.whole({}, [clocks, nodes[n]]).table);
        }
      }),
      runs(300),
    );
  });

  test("after it went back to a moment and on again", () => {
    fc.assert(
      fc.property(setups, someCuts, someCuts, (setup, cuts, more) => {
        const laboratory = new Laboratory(setup);
        const { all, table } = laboratory.whole();
        const run = laboratory.run();
        const ear = new Ear(laboratory.node);
        const shown = laboratory.table(laboratory.node);
        run.tap(ear);
        run.tap(shown);
        work(run, cuts);
        const there = run.checkpoint();
        work(run, more);
        run.rewind(there);
        expect(run.progress.positions).toBe(there.progress.positions);
        run.finish();
        expect(ear.all).toEqual(all);
        expect(sorted(shown)).toEqual(table);
      }),
      runs(100),
    );
  });
});

function readsRight({ node, right }: Laboratory): boolean {
  return JSON.stringify(node).includes(JSON.stringify(right.node));
}

test("differentiate takes back what integrate did, row by row, whatever is late", () => {
  fc.assert(
    fc.property(setups, setup => {
      const pipeline: Build = left => left.filter("d.v > -100").groupby("key").integrate("d.v").differentiate();
      const laboratory = new Laboratory({ ...setup, pipeline });
      const ear = new Ear(laboratory.node);
      const run = laboratory.run();
      run.tap(ear);
      run.finish();
      const flows = ear.said.map(({ time, weight, row }) => [row["key"], time, row["flow"], weight]);
      expect(flows).toEqual(setup.logs.left.filter(r => r.v !== null).map(r => [r.key, r.t, r.v, 1]));
    }),
    runs(60),
  );
});

test("watermarks never go back, and panes are not behind what was promised", () => {
  fc.assert(
    fc.property(setups, setup => {
      const laboratory = new Laboratory(setup);
      const ear = new Ear(laboratory.node);
      const run = laboratory.run();
      run.tap(ear);
      run.finish();
      for (let i = 1; i < ear.watermark.length; i++)
        expect(ear.watermark[i]).toBeGreaterThanOrEqual(ear.watermark[i - 1]);
      expect(ear.watermark.at(-1) ?? Infinity).toBe(Infinity);
    }),
    runs(100),
  );
});

test("rows that withLateness holds beyond the end of their source are not late, whatever else is read", () => {
  const log = [1, 2, 3].map(t => ({ t: 100 + t, at: 100 + t }));
  const held = logSource("left", bounded(0)).withLateness({ delay: 50 });
  const { node } = held.window(fixed(10)).rollup({ n: "count()" });
  const other = logSource("right", bounded(0)).window(fixed(10)).rollup({ n: "count()" }).node;
  const logs = logsByName({ left: logOf(log), right: logOf([{ t: 120 }, { t: 152 }, { t: 300 }]) });
  const final = (roots: readonly Node[]): unknown => {
    const run = new Run(roots, { logs });
    const ear = new Ear(node);
    run.tap(ear);
    run.finish();
    return ear.said.map(({ row, weight }) => [row["n"], weight]);
  };
  expect(final([node])).toEqual([[3, 1]]);
  expect(final([node, other])).toEqual([[3, 1]]);
});

describe("complete input gives equal final answers", () => {
  /** The pipeline of a setup, with nothing dropped and every refinement replacing the one before. */
  const complete = fc.record({ window: windows, trigger: triggers, logs, watermark: strategies });

  test("streaming, in micro-batches, in any order of arrival, and as a batch", () => {
    fc.assert(
      fc.property(complete, fc.constantFrom(1, 5, 50), fc.infiniteStream(fc.nat()), (given, microBatch, luck) => {
        const final = (
          rows: readonly LogRow[],
          watermark: WatermarkStrategy,
          options: Partial<RunOptions>,
        ): string[] => {
          const late = afterWatermark({ late: afterCount(1) });
          const trigger = given.trigger.kind === "afterWatermark" && given.trigger.late !== null ? given.trigger : late;
          const { node } = logSource("left", watermark)
            .groupby("key")
            .window(given.window)
            .trigger(trigger)
            .allowedLateness(Infinity)
            .accumulation("retracting")
            .rollup({ n: "count()", v: "sum(d.v)", all: "max(d.v)" });
          const log = logOf(rows);
          const run = new Run([node], { logs: () => log, ...options });
          const table = new Table(
            node,
            schemaOf(node, () => log.batch.schema),
          );
          run.tap(table);
          run.finish();
          return sorted(table);
        };
        const rows = given.logs.left;
        const batch = final(rows, bounded(0), { profile: PROFILES.batch });
        expect(final(rows, given.watermark, {})).toEqual(batch);
        expect(final(rows, given.watermark, { microBatch })).toEqual(batch);
        const arrivals = rows.map(r => r.at as number);
        const shuffled = [...rows]
          .map(row => ({ row, by: luck.next().value as number }))
          .sort((a, b) => a.by - b.by)
          .map(({ row }, i) => ({ ...row, at: arrivals[i] }));
        expect(final(shuffled, bounded(Infinity), {})).toEqual(batch);
        expect(final(shuffled, given.watermark, {})).toEqual(batch);
      }),
      runs(150),
    );
  });
});
