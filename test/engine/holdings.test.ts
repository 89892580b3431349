/** Operators that hold the same rows by the same keys hold them once, and those that must not share do not. */
import { queryObjects } from "node:v8";
import { afterEach, describe, expect, test, vi } from "vitest";
import { rowAt } from "../../src/columns/batch.ts";
import { bytesOf } from "../../src/engine/checkpoints.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { Holding } from "../../src/engine/holdings.ts";
import { KeyIndex } from "../../src/engine/key-index.ts";
import type { Operator } from "../../src/engine/operator.ts";
import { RowStore } from "../../src/engine/row-store.ts";
import { Run, type Tap } from "../../src/engine/run.ts";
import { Times } from "../../src/engine/times.ts";
import { afterCount } from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed, sliding } from "../../src/model/windows.ts";
import type { Node } from "../../src/pipeline/node.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { logOf, logsByName, logSource } from "./logs.ts";

interface Row {
  readonly key: string;
  readonly v: number;
}

const ROWS = 60;
const source = (name: string): Stream => logSource(name, bounded(0));
const [table, a, b, c] = ["table", "a", "b", "c"].map(source);
const log = (from: number): ReturnType<typeof logOf> =>
  logOf(
    Array.from({ length: ROWS }, (_, i) => ({
      t: 8 * i + from,
      at: 8 * i + from,
      key: i % 9 === 8 ? null : `k${(i * (from + 5)) % 7}`,
      v: i % 5,
    })),
  );
const logs = logsByName({ table: log(0), a: log(1), b: log(2), c: log(3) });
/** Reads all sources all the time: an edit that brings a source begins again. */
const clocks = table.union(a, b, c).node;
const WITHOUT_KEY = Math.floor(ROWS / 9);

function ear(node: Node): Tap & { said: unknown[] } {
  const said: unknown[] = [];
  return {
    node,
    said,
    apply({ batch, selection, count, weight, time }: Flow) {
      for (let i = 0; i < count; i++) {
        const row = selection === null ? i : selection[i];
        said.push([time[row], weight?.[row] ?? 1, rowAt(batch, row)]);
      }
    },
    reset: () => said.splice(0),
  };
}

function started(streams: readonly Stream[], specialize = true) {
  const nodes = streams.map(s => s.node);
  const run = new Run([clocks, ...nodes], { logs, specialize, stepLength: 16 });
  const ears = nodes.map(ear);
  for (const each of ears) run.tap(each);
  return { run, ears };
}

/** What each says without sharing. */
function alone(streams: readonly Stream[]): unknown[] {
  const { run, ears } = started(streams, false);
  run.finish();
  return ears.map(e => e.said);
}

/** Counts the rows that are copied into stores while something is done. */
function copied(work: () => void): number {
  const copies = vi.spyOn(RowStore.prototype, "copy");
  work();
  const { length } = copies.mock.calls;
  copies.mockRestore();
  return length;
}

afterEach(() => vi.restoreAllMocks());

/** Rows copied by these streams together, all of which must say what they say alone. */
function together(...streams: readonly Stream[]): number {
  const { run, ears } = started(streams);
  const rows = copied(() => run.finish());
  expect(ears.map(e => e.said)).toEqual(alone(streams));
  return rows;
}

const KEYED = ROWS - WITHOUT_KEY;

describe("rows are held once", () => {
  test("by joins with the same side, on the left or on the right", () => {
    expect(together(a.join(table, "key"))).toBe(2 * KEYED);
    expect(together(a.join(table, "key"), b.join(table, "key"), c.semijoin(table, "key"))).toBe(4 * KEYED);
    expect(together(a.join(table, "key"), table.join(b, "key"), table.join(a, "key"))).toBe(3 * KEYED);
    // Rows without a key come out alone on the left of a left join, and so are held there.
    expect(together(table.joinLeft(a, "key"), table.joinLeft(b, "key"))).toBe(ROWS + 2 * KEYED);
  });

  test("by joins that follow each other", () => {
    const first = a.join(table, "key").select({ key: "key", v_left: "v" });
    const then = first.join(table, "key");
    const kept = copied(() => {
      const { run } = started([first]);
      run.finish();
    });
    const matched = new Set(alone([first]).flat()).size;
    expect(together(then)).toBe(kept + matched);
  });

  test("by several keys, whatever the columns are called on the other side", () => {
    const renamed = b.rename({ key: "id", v: "n" });
    expect(together(a.join(table, ["key", "v"]), renamed.join(table, { id: "key", n: "v" }))).toBe(3 * KEYED);
    const by = (l: Row, r: Row): boolean => l.key === r.key;
    expect(together(a.join(table, "key"), b.join(table, by))).toBe(3 * KEYED);
  });

  test("by joins with conditions beside the key, each of which counts its own matches", () => {
    const below = (l: Row, r: Row): boolean => l.key === r.key && l.v < r.v;
    const above = (l: Row, r: Row): boolean => l.key === r.key && l.v > r.v;
    expect(together(a.semijoin(table, below), a.semijoin(table, above), b.join(table, "key"))).toBe(3 * KEYED);
    expect(together(table.antijoin(a, below), table.antijoin(a, above))).toBe(ROWS + KEYED);
  });

  test("in order of time, by as-of and interval joins, each with its own lateness", () => {
    // What several hold is taken in with all its rows, what one holds without those that it has no use for.
    expect(together(a.asofJoin(table, "key"))).toBe(ROWS + KEYED);
    expect(together(a.asofJoin(table, "key"), b.asofJoin(table, "key", { allowedLateness: 50 }))).toBe(3 * ROWS);
    expect(together(a.asofJoin(table, "key"), a.asofJoin(b, "key"))).toBe(ROWS + 2 * KEYED);
    expect(together(a.asofJoin(table, "key"), table.asofJoin(b, "key"))).toBe(2 * ROWS + KEYED);
    const near = { lower: -20, upper: 30 };
    expect(together(a.intervalJoin(table, "key", near), table.intervalJoin(b, "key", near))).toBe(ROWS + 2 * KEYED);
    expect(together(a.asofJoin(table, "key"), b.intervalJoin(table, "key", near))).toBe(2 * ROWS + KEYED);
    const left = table.intervalJoin(a, "key", { ...near, kind: "left" });
    expect(together(left, table.asofJoin(b, "key"))).toBe(ROWS + 2 * KEYED);
  });

  test("in order of time, by both sides of a join of a stream with itself", () => {
    const near = { lower: -20, upper: 30, suffixes: ["", "_other"] } as const;
    expect(together(a.intervalJoin(a, "key", near))).toBe(ROWS);
    expect(together(a.intervalJoin(a, "key", { ...near, kind: "full" }), a.asofJoin(a, "key"))).toBe(ROWS);
  });

  test("by lookups, and by lookups and joins where a table's rows can be taken back", () => {
    // A lookup copies each row it is asked for, to be gathered with the others of a step.
    expect(together(a.lookup(table, "key"), b.lookup(table, "key", { kind: "inner" }))).toBe(KEYED + 2 * ROWS);
    const changing = table.joinLeft(c, "key").select("key", { v_left: "w" });
    const [joined, looked] = [a.join(changing, "key"), b.lookup(changing, "key")];
    const both = copied(() => started([joined, looked]).run.finish());
    const changes = copied(() => started([joined]).run.finish()) + copied(() => started([looked]).run.finish());
    const table1 = copied(() => started([changing]).run.finish());
    const asked = ROWS + KEYED;
    expect(both - table1 - asked).toBe((changes - 2 * table1 - asked) / 2);
    expect(together(joined, looked)).toBe(both);
  });
});

/** Counts the rows whose keys are numbered by these streams together, which must say what they say alone. */
function numbered(...streams: readonly Stream[]): number {
  let rows = 0;
  const { ids } = KeyIndex.prototype;
  const spy = vi.spyOn(KeyIndex.prototype, "ids").mockImplementation(function (this: KeyIndex, ...of) {
    rows += of[1];
    return ids.apply(this, of);
  });
  const { run, ears } = started(streams);
  run.finish();
  spy.mockRestore();
  expect(ears.map(e => e.said)).toEqual(alone(streams));
  return rows;
}

describe("keys are numbered once", () => {
  test("by groupings, deduplication, rankings and joins of the same stream", () => {
    const by = ["key", "v"];
    const groups = [
      a.groupby(...by).rollup({ n: "count()" }),
      a.groupby(...by).rollup({ n: "max(d.t)" }),
      a
        .groupby(...by)
        .window(fixed(50))
        .rollup({ n: "count()" }),
      a
        .groupby(...by)
        .window(sliding(90, 30))
        .trigger(afterCount(2))
        .rollup({ n: "median(d.t)" }),
      a.dedupe(by),
      a.topN(1, "t", { by }),
    ];
    expect(numbered(...groups)).toBe(ROWS);
    expect(numbered(...groups, a.join(table, by), b.lookup(a, by))).toBe(3 * ROWS);
    expect(numbered(a.asofJoin(table, by), b.window(fixed(20)).join(table, by), ...groups)).toBe(3 * ROWS);
  });

  test("where rows were chosen before, which are copied together once", () => {
    const some = a.filter("d.v > 1");
    const kept = ROWS - 2 * (ROWS / 5);
    expect(numbered(some.dedupe("key"), some.groupby("key").rollup({ n: "count()" }), some.joinLeft(b, "key"))).toBe(
      kept + ROWS,
    );
  });

  test("and apart by other keys and of other streams", () => {
    expect(numbered(a.dedupe("key"), a.dedupe("v"), b.dedupe("key"))).toBe(3 * ROWS);
    expect(numbered(a.dedupe(["key", "v"]), a.dedupe(["v", "key"]))).toBe(2 * ROWS);
  });
});

describe("rows are held apart", () => {
  test("in order of time, where they can be taken back", () => {
    const changing = table.joinLeft(c, "key").select("key", { v_left: "w" });
    const asof = [a, b].map(s => s.asofJoin(changing, "key"));
    const both = copied(() => started(asof).run.finish());
    const [first, second] = asof.map(s => copied(() => started([s]).run.finish()));
    expect(both).toBe(first + second - copied(() => started([changing]).run.finish()));
    expect(together(...asof)).toBe(both);
  });

  test("by other keys, and by what forgets other rows", () => {
    expect(together(a.join(table, "key"), b.join(table, "v"))).toBe(2 * KEYED + 2 * ROWS);
    expect(together(a.join(table, "key"), b.joinRight(table, "key"))).toBe(3 * KEYED + ROWS);
    expect(together(a.join(table, "key"), b.lookup(table, "key"))).toBe(3 * KEYED + ROWS);
  });

  test("by both sides of a join of a stream with itself, because they stand at different rows", () => {
    expect(together(table.join(table, "key"))).toBe(2 * KEYED);
    expect(together(table.join(table, "key"), table.semijoin(table, "key"))).toBe(2 * KEYED);
  });

  test("by a reader that comes in the middle of a run, which shares with others that come with it", () => {
    const streams = [a, b, c].map(s => s.join(table, "key"));
    const { run, ears } = started(streams.slice(0, 1));
    for (let i = 0; i < 4; i++) run.advance();
    const more = streams.slice(1).map(s => ear(s.node));
    const nodes = [clocks, ...streams.map(s => s.node)];
    const rows = copied(() => {
      expect(run.replan(nodes, [...ears, ...more])).toBe("behind");
      // One node at a time: inside a step the newcomers stand at different steps.
      while (run.catchUp(() => true));
      run.finish();
    });
    expect([...ears, ...more].map(e => e.said)).toEqual(alone(streams));
    const whole = copied(() => started(streams.slice(1)).run.finish());
    const first = copied(() => started(streams.slice(0, 1)).run.finish());
    const before = copied(() => {
      const { run: again } = started(streams.slice(0, 1));
      for (let i = 0; i < 4; i++) again.advance();
    });
    expect(rows).toBe(whole + first - before);
  });
});

test("what is held goes on when one of its readers goes, also the first", () => {
  const streams = [a, b, c].map(s => s.join(table, "key"));
  for (const stays of [0, 1, 2]) {
    const { run, ears } = started(streams);
    run.advance();
    run.advance();
    expect(run.replan([clocks, streams[stays].node], [ears[stays]])).toBe("caught up");
    run.finish();
    expect(ears[stays].said).toEqual(alone(streams)[stays]);
  }
});

test("what nobody reads any more is gone", () => {
  const streams = [a, b, c].map(s => s.join(table, "key"));
  const before = queryObjects(Holding, { format: "count" });
  const { run } = started(streams);
  const held = (): number => queryObjects(Holding, { format: "count" }) - before;
  run.advance();
  expect(held()).toBe(4);
  run.replan([clocks, streams[1].node], []);
  run.advance();
  expect(held()).toBe(2);
  run.replan([clocks, streams[1].node, streams[2].node], []);
  run.advance();
  expect(held()).toBe(4);
  run.replan([clocks], []);
  expect(held()).toBe(0);
  expect(run.progress.finished).toBe(false);
});

test("what nobody reads in order of time any more is gone, and rows that only one who is gone could use", () => {
  const streams = [a.asofJoin(table, "key", { allowedLateness: 1e6 }), b.asofJoin(table, "key")];
  const before = queryObjects(Times, { format: "count" });
  const { run, ears } = started(streams);
  const held = (): number => queryObjects(Times, { format: "count" }) - before;
  const sizes = (): number[] => run.graph.nodes.flatMap(n => (n.node.verb === "asofJoin" ? [sizeOf(n.operator)] : []));
  for (let i = 0; i < 8; i++) run.advance();
  expect(held()).toBe(3);
  const [keeping] = sizes();
  expect(run.replan([clocks, streams[1].node], [ears[1]])).toBe("caught up");
  for (let i = 0; i < 3; i++) run.advance();
  expect(held()).toBe(2);
  expect(sizes()[0]).toBeLessThan(keeping / 2);
  run.finish();
  expect(ears[1].said).toEqual(alone(streams)[1]);
  run.replan([clocks], []);
  expect(held()).toBe(0);
});

const sizeOf = (operator: Operator | null): number => operator?.size?.().entries ?? NaN;

test.each([
  ["by key", [a, b, c].map(s => s.join(table, "key"))],
  ["in order of time", [a, b, c].map(s => s.asofJoin(table, "key", { allowedLateness: 1e6 }))],
])("a checkpoint has it once %s, and is gone back to with its readers sharing", (_how, streams) => {
  const { run, ears } = started(streams);
  for (let i = 0; i < 6; i++) run.advance();
  const point = run.checkpoint();
  const { run: apart } = started(streams, false);
  for (let i = 0; i < 6; i++) apart.advance();
  expect(bytesOf(point.state)).toBeLessThan(0.8 * bytesOf(apart.snapshot()));
  const rest = copied(() => run.finish());
  const restApart = copied(() => apart.finish());
  expect(rest).toBeGreaterThan(0);
  expect(rest).toBeLessThan(0.8 * restApart);
  for (let i = 0; i < 2; i++) {
    run.rewind(point);
    run.catchUp();
    expect(copied(() => run.finish())).toBe(rest);
    expect(ears.map(e => e.said)).toEqual(alone(streams));
  }
});
