/** Chains of filters and derived columns are worked as one, and what is decided about that never costs a reader its state. */
import { describe, expect, test } from "vitest";
import { rowAt } from "../../src/columns/batch.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { Run, type Tap } from "../../src/engine/run.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import type { Node } from "../../src/pipeline/node.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { logOf, logsByName, logSource } from "./logs.ts";

interface Row {
  readonly v: number;
  readonly w: number;
  readonly x: number;
}

const events = logSource("events", bounded(0));
const positive = events.filter((d: Row) => d.v > 0);
const doubled = positive.derive({ w: (d: Row) => d.v * 2 });
const large = doubled.filter((d: Row) => d.w > 4);
const last = large.derive({ x: (d: Row) => d.w + d.v, w: (d: Row) => d.w - 1 });
const totals = last.groupby("key").window(fixed(10)).rollup({ x: "d => op.sum(d.x)", n: "d => op.count()" });

const log = logOf(Array.from({ length: 200 }, (_, i) => ({ t: i, at: i, key: `k${i % 3}`, v: ((i * 7) % 11) - 4 })));

function runOf(roots: readonly Stream[], specialize = true): Run {
  return new Run(
    roots.map(s => s.node),
    { logs: logsByName({ events: log }), specialize, stepLength: 16 },
  );
}

function ear(node: Node): Tap & { rows: unknown[] } {
  const rows: unknown[] = [];
  return {
    node,
    rows,
    apply({ batch, selection, count, weight, time }: Flow) {
      for (let i = 0; i < count; i++) {
        const row = selection === null ? i : selection[i];
        rows.push([time[row], weight?.[row] ?? 1, rowAt(batch, row)]);
      }
    },
    reset: () => rows.splice(0),
  };
}

function all(stream: Stream, specialize: boolean): unknown[] {
  const run = runOf([stream], specialize);
  const tap = ear(stream.node);
  run.tap(tap);
  run.finish();
  return tap.rows;
}

/** Works everything up to a moment. */
function work(run: Run, until: number): void {
  while (run.advance({ until }));
}

const verbs = (run: Run): string[] => run.graph.nodes.map(n => n.node.verb);

describe("a chain of filters and derived columns", () => {
  test("is one node, and puts out what its parts do one after the other", () => {
    const run = runOf([totals]);
    expect(verbs(run)).toEqual(["source", "derive", "aggregate"]);
    expect(run.graph.nodes[1].absorbs.map(n => n.verb)).toEqual(["filter", "derive", "filter"]);
    for (const stream of [last, large, doubled, totals]) {
      const expected = all(stream, false);
      expect(expected.length).toBeGreaterThan(10);
      expect(all(stream, true)).toEqual(expected);
    }
  });

  test("ends where something else reads it, or somebody asked for it", () => {
    expect(verbs(runOf([totals, doubled]))).toEqual(["source", "derive", "derive", "aggregate"]);
    const counted = doubled.groupby("key").rollup({ n: "d => op.count()" });
    expect(verbs(runOf([totals, counted])).filter(v => v !== "aggregate")).toEqual(["source", "derive", "derive"]);
  });

  test("keeps its reader's state when a part of it is asked for in mid-run, and when it no longer is", () => {
    const run = runOf([totals]);
    const tap = ear(totals.node);
    run.tap(tap);
    work(run, 90);
    const { operator } = run.graph.of(totals.node);
    const part = ear(doubled.node);
    run.replan([totals.node, doubled.node], [tap, part]);
    expect(run.graph.of(totals.node).operator).toBe(operator);
    run.catchUp();
    work(run, 120);
    run.replan([totals.node], [tap]);
    expect(run.graph.of(totals.node).operator).toBe(operator);
    run.finish();
    expect(tap.rows).toEqual(all(totals, false));
    expect(part.rows).toEqual(all(doubled, false).filter(row => (row as number[])[0] <= 120));
  });

  test("can be looked at in its parts, and goes back to where it was whole", () => {
    const run = runOf([totals]);
    const tap = ear(totals.node);
    run.tap(tap);
    work(run, 50);
    const then = run.checkpoint();
    work(run, 80);
    const seen = ear(large.node);
    run.look([seen]);
    expect(seen.rows).toEqual(all(large, false).filter(row => (row as number[])[0] <= 80));
    const part = ear(large.node);
    run.replan([totals.node, large.node], [tap, part]);
    work(run, 110);
    run.rewind(then);
    run.catchUp();
    expect(part.rows).toEqual(all(large, false).filter(row => (row as number[])[0] <= 50));
    run.finish();
    expect(tap.rows.length).toBeGreaterThan(0);
    expect(part.rows).toEqual(all(large, false));
    const again = ear(totals.node);
    run.look([again]);
    expect(again.rows).toEqual(all(totals, false));
  });
});
