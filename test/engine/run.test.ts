/** Runs: how far they go, what they remember, side outputs of sources, logs that grow. The laws are in test/properties. */
import { describe, expect, test } from "vitest";
import { type Row, rowAt } from "../../src/columns/batch.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { Run, type RunOptions, type Tap } from "../../src/engine/run.ts";
import { PROFILES } from "../../src/model/profiles.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import type { Node } from "../../src/pipeline/node.ts";
import type { SourceLog } from "../../src/pipeline/source-log.ts";
import { identity } from "../../src/pipeline/identity.ts";
import { logOf, logsByName, logSource } from "./logs.ts";

const payments = logSource("payments", bounded(2));
const windows = payments.groupby("key").window(fixed(10));
const totals = windows.rollup({ v: "sum(d.v)" });

const LOG = logOf(
  [
    { t: 1, at: 1, v: 1 },
    { t: 12, at: 12, v: 2 },
    { t: 3, at: 13, v: 4 },
    { t: 25, at: 25, v: 8 },
  ],
  [{ line: 2, field: "t", value: "soon", reason: "no time" }],
);

function runOf(roots: readonly Node[], options: Partial<RunOptions> = {}, log: SourceLog = LOG): Run {
  return new Run(roots, { logs: logsByName({ payments: log, others: logOf([{ t: 5 }, { t: 30 }]) }), ...options });
}

/** Collects the rows of a node; counts how often it was told to forget them. */
function ear(node: Node): Tap & { rows: Row[]; resets: number } {
  const tap = {
    node,
    rows: [] as Row[],
    resets: 0,
    apply(flow: Flow): void {
      for (let i = 0; i < flow.count; i++)
        tap.rows.push(rowAt(flow.batch, flow.selection === null ? i : flow.selection[i]));
    },
    reset(): void {
      tap.rows = [];
      tap.resets++;
    },
  };
  return tap;
}

describe("how far a run goes", () => {
  test("no further than it is told, in either measure", () => {
    const run = runOf([totals.node]);
    expect([run.next, run.totalRows, run.progress]).toEqual([
      1,
      4,
      { positions: 0, rows: 0, clock: -Infinity, late: 0, finished: false },
    ]);
    run.advance({ until: 12 });
    expect(run.progress).toEqual({ positions: 2, rows: 2, clock: 12, late: 0, finished: false });
    expect(run.next).toBe(13);
    expect(run.advance({ until: 12.5 })).toBe(false);
    run.advance({ positions: 1 });
    expect(run.progress).toMatchObject({ rows: 3, clock: 13, late: 1 });
    run.finish();
    expect(run.progress).toEqual({ positions: 5, rows: 4, clock: 25, late: 1, finished: true });
    expect([run.next, run.advance()]).toEqual([Infinity, false]);
  });

  test("under a profile with micro-batches, rows are seen at the end of theirs", () => {
    const run = runOf([totals.node], { profile: PROFILES.spark, microBatch: 10 });
    run.advance({ until: 19 });
    expect(run.progress).toMatchObject({ rows: 1, clock: 10 });
    run.advance({ until: 20 });
    expect(run.progress).toMatchObject({ rows: 3, clock: 20, late: 0 });
  });
});

describe("side outputs", () => {
  test("errors of a source are rows like others", () => {
    const errors = payments.errors();
    const run = runOf([errors.node, totals.node]);
    const tap = ear(errors.node);
    run.tap(tap);
    run.finish();
    expect(tap.rows).toEqual([{ line: 2, field: "t", value: "soon", reason: "no time" }]);
  });

  test("progress says where the watermark went", () => {
    const progress = payments.progress();
    const run = runOf([progress.node]);
    const tap = ear(progress.node);
    run.tap(tap);
    run.finish();
    expect(tap.rows.map(r => [r["processing_time"], r["watermark"]])).toEqual([
      [1, -1],
      [12, 10],
      [25, 23],
      // The end of time is said too: nobody has to guess from silence that the input is complete.
      [25, Infinity],
    ]);
  });

  test("dropped rows say what would have kept them", () => {
    const late = totals.late();
    const run = runOf([late.node]);
    const tap = ear(late.node);
    run.tap(tap);
    run.finish();
    expect(tap.rows).toMatchObject([
      {
        v: 4,
        window_end: 10,
        watermark: 10,
        reason: "expired",
        margin: 0,
        keeps_with_lateness: 1,
        keeps_with_delay: 1,
      },
    ]);
  });
});

describe("edits in mid-run", () => {
  const means = windows.rollup({ v: "mean(d.v)" });

  test("keep what did not change, and let what is new catch up", () => {
    const run = runOf([totals.node]);
    const [kept, fresh] = [ear(totals.node), ear(means.node)];
    run.tap(kept);
    run.advance({ until: 13 });
    const before = kept.rows.length;
    expect(run.replan([totals.node, means.node], [kept, fresh])).toBe("behind");
    expect([fresh.rows.length, run.behind, run.behindOf(kept), run.behindOf(fresh)]).toEqual([0, 0, null, 0]);
    expect(run.catchUp()).toBe(false);
    expect([run.behind, run.behindOf(fresh)]).toEqual([null, null]);
    expect([kept.resets, kept.rows.length, fresh.rows.length]).toEqual([0, before, before]);
    expect(run.progress).toMatchObject({ rows: 3, clock: 13 });
    run.finish();
    expect(kept.rows.map(r => r["v"])).toEqual([1, 2, 8]);
    expect(fresh.rows.map(r => r["v"])).toEqual([1, 2, 8]);
  });

  test("are worked in slices; a newer one goes first and meets the older where that was interrupted", () => {
    const counts = windows.rollup({ n: "count()" });
    const run = runOf([payments.node], { stepLength: 1 });
    run.finish();
    const [older, newer] = [ear(means.node), ear(counts.node)];
    run.replan([payments.node, means.node], [older]);
    let nodes = 3;
    // Asked after each node: the source's rows are remembered, so there is one in each step.
    expect(run.catchUp(() => --nodes === 0)).toBe(true);
    expect([run.behind, older.rows]).toEqual([3 / 5, [expect.objectContaining({ v: 1 })]]);
    run.replan([payments.node, means.node, counts.node], [older, newer]);
    expect([run.behind, run.behindOf(older), run.behindOf(newer)]).toEqual([0, 3 / 5, 0]);
    nodes = 3;
    run.catchUp(() => --nodes === 0);
    expect([run.behindOf(older), run.behindOf(newer), older.resets]).toEqual([3 / 5, 3 / 5, 1]);
    run.catchUp();
    expect(older.rows.map(r => r["v"])).toEqual([1, 2, 8]);
    expect(newer.rows.map(r => r["n"])).toEqual([1, 1, 1]);
  });

  test("are dropped half-way when nobody wants them any more", () => {
    const run = runOf([totals.node], { stepLength: 1 });
    run.finish();
    const [half, other] = [ear(means.node), ear(totals.node)];
    run.replan([totals.node, means.node], [half]);
    run.catchUp(() => true);
    run.replan([totals.node], [other]);
    run.catchUp();
    expect([half.rows.length, other.rows.map(r => r["v"])]).toEqual([0, [1, 2, 8]]);
    // Wanted again, it begins anew.
    run.replan([totals.node, means.node], [other, half]);
    run.catchUp();
    expect(half.rows.map(r => r["v"])).toEqual([1, 2, 8]);
  });

  test("do not make holes in what an older checkpoint remembers", () => {
    const run = runOf([totals.node], { stepLength: 1 });
    run.advance();
    const early = run.checkpoint();
    run.finish();
    const late = run.checkpoint();
    run.replan([means.node], []);
    run.catchUp();
    run.rewind(early);
    run.replan([means.node, totals.node], []);
    run.catchUp();
    run.rewind(late);
    const reader = ear(totals.filter("d.v > 0").node);
    run.replan([means.node, totals.node, reader.node], [reader]);
    run.catchUp();
    expect(reader.rows.map(r => r["v"])).toEqual([1, 2, 8]);
  });

  test("need not have caught up before the run is taken elsewhere, goes on, or is asked what passed", () => {
    for (const next of ["advance", "look", "snapshot", "tap", "rewind", "restart"] as const) {
      const run = runOf([totals.node], { stepLength: 1 });
      run.advance();
      const early = run.checkpoint();
      run.advance();
      const fresh = ear(means.node);
      run.replan([totals.node, means.node], [fresh]);
      run.catchUp(() => true);
      expect(run.behind).not.toBeNull();
      if (next === "advance") expect([run.advance(), run.progress.positions]).toEqual([true, 3]);
      else if (next === "look") run.look([ear(means.node)]);
      else if (next === "snapshot") expect(run.snapshot().graph.size).toBe(3);
      else if (next === "tap") run.tap(ear(totals.node));
      else if (next === "rewind")
        expect([run.rewind(early), run.progress.positions, run.behind]).toEqual([false, 1, 0]);
      else run.restart();
      if (next !== "rewind") expect(run.behind).toBeNull();
      run.finish();
      expect(fresh.rows.map(r => r["v"])).toEqual([1, 2, 8]);
    }
  });

  test("leave what is behind out of a checkpoint, and let it catch up again from there", () => {
    const run = runOf([totals.node], { stepLength: 1 });
    const kept = ear(totals.node);
    run.tap(kept);
    run.advance();
    run.advance();
    const fresh = ear(means.node);
    run.replan([totals.node, means.node], [kept, fresh]);
    run.catchUp(() => true);
    const half = run.checkpoint();
    expect([[...half.reads.keys()].length, half.state.graph.size]).toEqual([2, 2]);
    run.finish();
    expect([run.rewind(half), run.behind]).toEqual([false, 0]);
    run.finish();
    expect(fresh.rows.map(r => r["v"])).toEqual([1, 2, 8]);
  });

  test("begin again when a source is new or nothing was remembered", () => {
    const others = logSource("others", bounded(0)).window(fixed(10)).rollup({ n: "count()" });
    for (const [options, root] of [
      [{}, others],
      [{ remember: false }, means],
    ] as const) {
      const run = runOf([totals.node], options);
      const tap = ear(totals.node);
      run.tap(tap);
      run.advance({ until: 13 });
      expect(run.replan([totals.node, root.node], [tap])).toBe("restarted");
      expect(run.progress).toMatchObject({ positions: 0, rows: 0, clock: -Infinity, late: 0 });
      run.finish();
      expect([tap.rows.map(r => r["v"]), run.progress.late]).toEqual([[1, 2, 8], 1]);
    }
  });

  test("that cannot be run change nothing", () => {
    const run = runOf([totals.node]);
    const tap = ear(totals.node);
    run.tap(tap);
    run.advance({ until: 13 });
    const refused = payments.groupby("key").rollup({ n: "count()" }).dedupe(["n"], { within: "1 min" });
    expect(() => run.replan([totals.node, refused.node], [tap, ear(refused.node)])).toThrow("takes rows back");
    run.advance();
    run.restart();
    run.finish();
    expect(tap.rows.map(r => r["v"])).toEqual([1, 2, 8]);
  });

  test("a tap that is taken away hears no more", () => {
    const run = runOf([totals.node]);
    const tap = ear(totals.node);
    run.tap(tap);
    run.advance({ until: 12 });
    run.untap(tap);
    run.finish();
    expect(tap.rows.map(r => r["v"])).toEqual([1]);
  });
});

describe("a log that grows", () => {
  const first = logOf([{ t: 1, at: 1, v: 1 }]);
  const longer = logOf([
    { t: 1, at: 1, v: 1 },
    { t: 12, at: 12, v: 2 },
  ]);

  test("goes on where it was", () => {
    const run = runOf([totals.node], {}, first);
    const tap = ear(totals.node);
    run.tap(tap);
    run.advance({ until: 10 });
    expect(run.advance({ until: 10 })).toBe(false);
    run.extend(identity(payments.node), longer);
    expect([run.next, run.totalRows]).toEqual([12, 2]);
    run.finish();
    expect(tap.rows.map(r => r["v"])).toEqual([1, 2]);
  });

  test("cannot once it has ended, or where there is none", () => {
    const run = runOf([totals.node], {}, first);
    run.finish();
    expect(() => run.extend(identity(payments.node), longer)).toThrow("The source has ended, so no rows can follow.");
    expect(() => run.extend("nobody", longer)).toThrow("The run has no such source.");
  });
});

test("a snapshot is plain data, and belongs to its pipeline", () => {
  const run = runOf([totals.node]);
  run.advance({ until: 12 });
  const snapshot = run.snapshot();
  expect(() => structuredClone(snapshot)).not.toThrow();
  const other = runOf([windows.rollup({ n: "count()" }).node]);
  expect(() => other.restore(snapshot)).toThrow(/The snapshot lacks the node "rollup n by key per fixed window"/);
});
