/**
 * Runs in shards say what one run says: the same rows, weights, panes, clocks and watermarks, in the same order. Random pipelines
 * over random logs of two sources, worked by one, two and three; the shards in this thread, cloned as if they were in others.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ShardThreads } from "../../src/cli/shard-threads.ts";
import { rowAt } from "../../src/columns/batch.ts";
import { clockOf, type Flow } from "../../src/engine/flow.ts";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { Run, type RunOptions, type Tap } from "../../src/engine/run.ts";
import { divide } from "../../src/engine/shards/divide.ts";
import { ShardedRun, type ShardHost } from "../../src/engine/shards/sharded-run.ts";
import type { Step } from "../../src/engine/step.ts";
import { PROFILES } from "../../src/model/profiles.ts";
import type { WindowingStrategy } from "../../src/model/strategy.ts";
import type { WindowFunction } from "../../src/model/windows.ts";
import { afterCount, afterWatermark, DEFAULT_TRIGGER } from "../../src/model/triggers.ts";
import {
  adaptive,
  bounded,
  percentile,
  perfect,
  punctuated,
  type WatermarkStrategy,
} from "../../src/model/watermarks.ts";
import type { On } from "../../src/pipeline/matching.ts";
import type { Node } from "../../src/pipeline/node.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import { logOf, type LogRow, logsByName, logSource } from "../engine/logs.ts";
import { InProcess } from "../engine/shards/in-process.ts";
import { runs, strategies } from "./arbitrary.ts";

const KEYS = ["a", "b", "c", "d", "e", "f", "g", null];

const rows: fc.Arbitrary<LogRow[]> = fc
  .array(
    fc.record({
      wait: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 20),
      behind: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -2, max: 4 }) }, fc.integer({ min: 0, max: 40 })),
      p: fc.constantFrom("x", "x", "y", null),
      key: fc.constantFrom(...KEYS),
      v: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -9, max: 9 }) },
        fc.constantFrom(null, 0.1, 0.25, 0.3, 1 / 3),
      ),
    }),
    { maxLength: 60 },
  )
  .map(made => {
    let at = 100;
    return made.map(({ wait, behind, ...rest }) => {
      at += wait;
      return { ...rest, at, t: at - behind };
    });
  });

const watermarks: fc.Arbitrary<WatermarkStrategy> = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map(delay => bounded(delay, { per: "source" })),
  fc
    .record({
      delay: fc.integer({ min: 0, max: 9 }),
      idle: fc.constantFrom(null, 4, 10),
      future: fc.constantFrom(null, 1),
    })
    .map(({ delay, idle, future }) => bounded(delay, { idle, future })),
  fc.constantFrom(
    bounded(2, { every: 5 }),
    bounded(2, { per: "key", key: "key", idle: 9 }),
    percentile(0.9, 8),
    adaptive(0.9),
    perfect(),
    punctuated({ source: "d => d.v === 1", parameters: {} }),
  ),
);

/** The results of aggregates: numbers alone, which specialised operators know, and others. */
const results = fc.constantFrom<Record<string, string>>(
  { n: "count()", v: "sum(d.v)" },
  { n: "count()", v: "max(d.v)", mean: "mean(d.v)" },
  { v: "last(d.v)", all: "array_agg(d.v)", p: "max(d.p)" },
);

/** A node with a strategy in the place of its own. */
const under = (stream: Stream, strategy: WindowingStrategy): Stream => new Stream({ ...stream.node, strategy } as Node);

type Verb = (s: Stream) => Stream;

/** Verbs on rows of the sources. */
const before: fc.Arbitrary<Verb> = fc.constantFrom<Verb>(
  s => s,
  s => s.filter("d.v > -5"),
  s => s.filter("d.v > 2 || d.t % 2 === 0"),
  s => s.derive({ v: "d.v * 2", w: "d.key" }),
  s => s.rename({ key: "k" }).derive({ key: "d.k" }),
  s => s.orderby("v").select("t", "p", "key", "v"),
  s => s.sample(0.7, { seed: 3, by: "v" }),
  s => s.dedupe(["key", "v"]),
  s => s.dedupe("key", { keep: "last", within: 10 }),
  s => s.branch({ big: "d.v > 3", small: "d.v <= 3" })["small"],
  s => s.groupby("key").topN(2, "v"),
);

const keys: fc.Arbitrary<readonly (string | Record<string, string>)[]> = fc.constantFrom<
  readonly (string | Record<string, string>)[]
>(["key"], ["key"], ["key"], ["key", "p"], ["key", { q: "d.v % 3" }], ["p"], ["v"]);

/** Strategies that specialised operators know. */
const plain: fc.Arbitrary<WindowingStrategy> = strategies({
  trigger: fc.constantFrom(DEFAULT_TRIGGER, afterWatermark(), afterWatermark({ late: afterCount(1) })),
}).map(strategy => ({ ...strategy, timestampCombiner: "endOfWindow", onTime: null, closing: null }));

const windowed: fc.Arbitrary<Verb> = fc
  .record({ strategy: fc.oneof(plain, strategies({ depth: 2 })), results, keys })
  .map(
    ({ strategy, results: values, keys: by }) =>
      (s: Stream) =>
        under(
          s
            .groupby(...by)
            .window(strategy.window)
            .rollup(values),
          strategy,
        ),
  );

const keyed: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 6, arbitrary: windowed },
  fc.record({ results, keys }).map(
    ({ results: values, keys: by }) =>
      (s: Stream) =>
        s.groupby(...by).rollup(values),
  ),
  fc.constantFrom<Verb>(
    s => s.groupby("key").integrate("d.v"),
    s => s.groupby("key").integrate("d.v", { opening: 3 }),
    s => s.groupby("key", "p").integrate("d.v"),
    s => s.dedupe("key", { keep: "last" }),
    s =>
      s.groupby("key").stateful({
        initial: { n: 0 },
        onRow: (state, _row, ctx) => {
          ctx.emit({ n: state.n + 1 });
          return { n: state.n + 1 };
        },
        columns: { n: "number" },
      }),
  ),
);

/** What follows where the shards come together, or still in them. */
const after: fc.Arbitrary<Verb> = fc.constantFrom<Verb>(
  s => s,
  s => s,
  s => s.panes(),
  s => s.changes(),
  s => s.filter("d.key !== 'b'"),
  s => s.window({ kind: "fixed", size: 20, offset: 0 }).rollup({ n: "count()" }),
  s => s.rollup({ n: "count()" }),
);

type Build = (left: Stream, right: Stream) => Stream[];

/** The names that columns of the left side had before a join. */
const OWN = { v_left: "v", p_left: "p" };

const combined: fc.Arbitrary<(left: Stream, right: Stream) => Stream> = fc.constantFrom(
  (left: Stream) => left,
  (left: Stream) => left,
  (left: Stream, right: Stream) => left.union(right),
  (left: Stream, right: Stream) => left.join(right, "key").select("key", "v_left", "p_left").rename(OWN),
  (left: Stream, right: Stream) => left.joinLeft(right, "key").select("key", "v_left", "p_left").rename(OWN),
  (left: Stream, right: Stream) => left.semijoin(right, "key"),
  (left: Stream, right: Stream) => left.lookup(right, "key").select("key", "v_left", "p_left").rename(OWN),
  (left: Stream, right: Stream) =>
    left.intervalJoin(right, "key", { lower: -9, upper: 9 }).select("key", "v_left", "p_left").rename(OWN),
);

/** Joins window by window, and what may follow them. */
const windowedJoins: fc.Arbitrary<Build> = fc
  .record({
    kind: fc.constantFrom("join", "joinLeft", "joinRight", "joinFull", "semijoin", "antijoin"),
    window: fc.constantFrom<WindowFunction>(
      { kind: "fixed", size: 10, offset: 0 },
      { kind: "fixed", size: 4, offset: 1 },
      { kind: "sliding", size: 12, period: 5, offset: 0 },
      { kind: "global" },
    ),
    lateness: fc.constantFrom(0, 0, 7, Infinity),
    on: fc.constantFrom<On>("key", "key", { key: "p" }, (l, r) => l.key === r.key && l.v <= r.v),
    first: before,
    second: before,
    next: after,
    late: fc.constantFrom(false, false, false, true),
  })
  .map(({ kind, window, lateness, on, first, second, next, late }) => (left: Stream, right: Stream) => {
    const [a, b] = [first(left), second(right)].map(s => s.window(window).allowedLateness(lateness));
    const made = a[kind as "join"](b, on);
    const out = [attempt(next, made)];
    if (late) out.push(new Stream({ verb: "port", input: made.node, port: "late" }));
    return out;
  });

const keyedPipelines: fc.Arbitrary<Build> = fc
  .record({
    first: before,
    second: before,
    combine: combined,
    keyed,
    next: after,
    side: fc.constantFrom("", "", "late", "fates", "kept", "life"),
  })
  .map(({ first, second, combine, keyed: work, next, side }) => (left: Stream, right: Stream) => {
    const made = work(combine(first(left), second(right)));
    const out = [attempt(next, made)];
    if (side !== "" && made.node.verb === "aggregate" && made.node.strategy !== null)
      out.push(new Stream({ verb: "port", input: made.node, port: side }));
    return out;
  });

const pipelines = fc.oneof({ weight: 5, arbitrary: keyedPipelines }, { weight: 1, arbitrary: windowedJoins });

/** A verb that needs a column which is not there is left out. */
function attempt(verb: Verb, stream: Stream): Stream {
  try {
    return verb(stream);
  } catch {
    return stream;
  }
}

/** Keeps everything that a node puts out. */
class Ear implements Tap {
  readonly node: Node;
  readonly said: unknown[] = [];
  readonly watermark: number[] = [];
  readonly hash = new OutputHash();
  constructor(node: Node) {
    this.node = node;
  }
  apply(flow: Flow, step: Step): void {
    this.hash.apply(flow, step);
    for (let i = 0; i < flow.count; i++) {
      const row = flow.selection === null ? i : flow.selection[i];
      const { pane } = flow;
      this.said.push({
        at: step.first + (flow.at === null ? row : flow.at[row]),
        clock: clockOf(flow, step, row),
        time: flow.time[row],
        weight: flow.weight === null ? 1 : flow.weight[row],
        row: rowAt(flow.batch, row),
        pane:
          pane === null
            ? null
            : [pane.timing[row], pane.index[row], pane.nonSpeculativeIndex[row], pane.first[row], pane.last[row]],
      });
    }
    this.watermark.push(...flow.watermark.subarray(0, step.length));
  }
  reset(): void {}
  get all(): unknown {
    return { said: this.said, watermark: this.watermark, hash: this.hash.digest() };
  }
}

interface Setup {
  readonly pipeline: Build;
  readonly left: readonly LogRow[];
  readonly right: readonly LogRow[];
  readonly watermark: WatermarkStrategy;
  readonly other: WatermarkStrategy;
  readonly options: Pick<RunOptions, "stepLength" | "microBatch" | "specialize" | "codegen">;
  readonly profile: "tidemark" | "flink" | "batch" | "beam" | "kafka";
  /** Whether a shard is worked where they come together. */
  readonly here: boolean;
  readonly mostCopied: number;
  /** Whether both sources read one log, which then put out its rows together. */
  readonly same: boolean;
}

const setups: fc.Arbitrary<Setup> = fc.record({
  pipeline: pipelines,
  left: rows,
  right: rows,
  watermark: watermarks,
  other: watermarks,
  options: fc.record({
    stepLength: fc.constantFrom(1, 3, 7, 1_000),
    microBatch: fc.constantFrom(null, null, null, 5),
    specialize: fc.boolean(),
    codegen: fc.boolean(),
  }),
  profile: fc.constantFrom("tidemark", "tidemark", "tidemark", "tidemark", "flink", "batch", "beam", "kafka"),
  here: fc.boolean(),
  mostCopied: fc.constantFrom(0, 1_000),
  same: fc.constantFrom(false, false, true),
});

/** Works a setup in one run and in shards. Says whether anything was divided; null where the pipeline is none. */
async function compare(setup: Setup, shards: number, host: ShardHost): Promise<boolean | null> {
  const left = logSource("left", setup.watermark);
  const right = logSource("right", setup.other);
  const log = logOf(setup.left);
  const logs = logsByName({ left: log, right: setup.same ? log : logOf(setup.right) });
  let nodes: Node[];
  let single: Run;
  const options = { logs, ...setup.options, profile: PROFILES[setup.profile], remember: false };
  try {
    nodes = setup.pipeline(left, right).map(s => s.node);
    single = new Run(nodes, options);
  } catch {
    return null;
  }
  const expected = nodes.map(node => new Ear(node));
  for (const ear of expected) single.tap(ear);
  const failure = failed(() => single.finish());
  const division = divide(nodes, { ...options, shards });
  if ("reason" in division) return false;
  const sharded = new ShardedRun(nodes, division, {
    ...options,
    host,
    shards,
    here: setup.here,
    mostCopied: setup.mostCopied,
  });
  const ears = nodes.map(node => new Ear(node));
  for (const ear of ears) sharded.run.tap(ear);
  if (failure !== null) {
    await expect(sharded.finish()).rejects.toThrow(failure);
    return true;
  }
  await sharded.finish();
  expect(ears.map(ear => ear.all)).toEqual(expected.map(ear => ear.all));
  expect(sharded.run.progress).toEqual(single.progress);
  return true;
}

function failed(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

test("two and three shards say what one run says, in the same order", async () => {
  const counts = { divided: 0, whole: 0, invalid: 0 };
  await fc.assert(
    fc.asyncProperty(setups, fc.constantFrom(2, 2, 3), async (setup, shards) => {
      const done = await compare(setup, shards, new InProcess());
      counts[done === null ? "invalid" : done ? "divided" : "whole"]++;
    }),
    runs(400),
  );
  // The property would say nothing if hardly a pipeline were divided.
  expect(counts.divided).toBeGreaterThan(counts.whole + counts.invalid);
}, 120_000);

test("so they do in threads, one run after the other", async () => {
  const threads = new ShardThreads();
  try {
    await fc.assert(
      fc.asyncProperty(setups, fc.constantFrom(2, 2, 3), async (setup, shards) => {
        await compare(setup, shards, threads);
      }),
      runs(40),
    );
  } finally {
    await threads.close();
  }
}, 120_000);
