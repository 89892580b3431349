/**
 * Holds the count of a windowed join's pairs against the join and the aggregate that make them: the same panes at the same
 * positions, from random logs of two sources in steps of any length, with snapshots, rewinds and edits on the way.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Row, rowAt } from "../../../../src/columns/batch.ts";
import type { Flow } from "../../../../src/engine/flow.ts";
import { PairWindows } from "../../../../src/engine/operators/aggregate/pair-windows.ts";
import { Run, type RunOptions, type Tap } from "../../../../src/engine/run.ts";
import type { Step } from "../../../../src/engine/step.ts";
import { afterCount, afterWatermark, DEFAULT_TRIGGER } from "../../../../src/model/triggers.ts";
import { bounded } from "../../../../src/model/watermarks.ts";
import { fixed } from "../../../../src/model/windows.ts";
import type { Node } from "../../../../src/pipeline/node.ts";
import type { Stream } from "../../../../src/pipeline/stream.ts";
import { logOf, type LogRow, logsByName, logSource } from "../../logs.ts";

const rows: fc.Arbitrary<LogRow[]> = fc
  .array(
    fc.record({
      wait: fc.constantFrom(0, 0, 1, 2, 5),
      behind: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.integer({ min: 0, max: 45 })),
      key: fc.constantFrom("a", "a", "b", "c", null),
      v: fc.integer({ min: -3, max: 9 }),
    }),
    { maxLength: 60 },
  )
  .map(list => {
    let at = 100;
    return list.map(({ wait, behind, ...rest }) => {
      at += wait;
      return { ...rest, at, t: at - behind };
    });
  });

interface Setup {
  readonly left: readonly LogRow[];
  readonly right: readonly LogRow[];
  readonly size: number;
  readonly lateness: number;
  readonly trigger: "default" | "late";
  readonly accumulation: "discarding" | "accumulating" | "retracting";
  readonly delay: number;
  readonly alone: boolean;
  /** Whether a filter stands before the left side: then the sides do not come straight from their logs. */
  readonly filtered: boolean;
}

const setups: fc.Arbitrary<Setup> = fc.record({
  left: rows,
  right: rows,
  size: fc.constantFrom(10, 7),
  lateness: fc.constantFrom(0, 12, 40),
  trigger: fc.constantFrom("default", "late"),
  accumulation: fc.constantFrom("discarding", "accumulating", "retracting"),
  delay: fc.constantFrom(0, 3),
  alone: fc.boolean(),
  filtered: fc.boolean(),
});

function pipeline(setup: Setup, least = -10): Stream {
  const { size, lateness, trigger, accumulation, delay, alone, filtered } = setup;
  const left = logSource("left", bounded(delay));
  const right = logSource("right", bounded(delay));
  const window = fixed(size, { offset: 3 });
  const kept = filtered || least > -10 ? left.filter(`d.v > ${least}`) : left;
  return (
    kept
      .window(window)
      .allowedLateness(lateness)
      // A stream joined with itself has two rows at every position.
      .join(alone ? left : right, "key")
      .window(window)
      .allowedLateness(lateness)
      .trigger(trigger === "default" ? DEFAULT_TRIGGER : afterWatermark({ late: afterCount(1) }))
      .accumulation(accumulation)
      .rollup({ pairs: "count()", double: "2 * count()" })
  );
}

interface Said {
  readonly at: number;
  readonly time: number;
  readonly weight: number;
  readonly pane: unknown;
  readonly row: Row;
}

class Ear implements Tap {
  readonly node: Node;
  said: Said[] = [];
  /** After each position. */
  watermarks: number[] = [];
  constructor(node: Node) {
    this.node = node;
  }
  apply({ count, at, time, weight, pane, batch, watermark }: Flow, step: Step): void {
    this.watermarks.push(...watermark);
    for (let i = 0; i < count; i++)
      this.said.push({
        at: step.first + (at === null ? i : at[i]),
        time: time[i],
        weight: weight === null ? 1 : weight[i],
        pane: pane === null ? null : [pane.timing[i], pane.index[i], pane.nonSpeculativeIndex[i], pane.first[i]],
        row: rowAt(batch, i),
      });
  }
  reset(): void {
    this.said = [];
    this.watermarks = [];
  }
}

const runOf = (setup: Setup, stream: Stream, options: Partial<RunOptions> = {}): Run =>
  new Run([stream.node], { logs: logsByName({ left: logOf(setup.left), right: logOf(setup.right) }), ...options });

const joins = (run: Run): number => run.graph.nodes.filter(n => n.node.verb === "join").length;

function heard(setup: Setup, options: Partial<RunOptions> = {}, stream = pipeline(setup)): Ear {
  const run = runOf(setup, stream, options);
  expect(joins(run)).toBe(options.specialize === false ? 1 : 0);
  const ear = new Ear(stream.node);
  run.tap(ear);
  run.finish();
  return ear;
}

const said = (...given: Parameters<typeof heard>): Said[] => heard(...given).said;

describe("pairs that are counted without being made", () => {
  test("give the panes of the join and the aggregate", () => {
    fc.assert(
      fc.property(setups, fc.integer({ min: 1, max: 9 }), (setup, stepLength) => {
        const expected = heard(setup, { specialize: false });
        for (const options of [{}, { stepLength }, { stepLength, remember: false }]) {
          const { said, watermarks } = heard(setup, options);
          expect(said).toEqual(expected.said);
          expect(watermarks).toEqual(expected.watermarks);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("go on from a snapshot, come back to a checkpoint, and catch up after an edit", () => {
    fc.assert(
      fc.property(setups, fc.integer({ min: 0, max: 60 }), (setup, positions) => {
        const stream = pipeline(setup);
        const expected = said(setup, { specialize: false });
        const first = runOf(setup, stream);
        const ear = new Ear(stream.node);
        first.tap(ear);
        if (positions > 0) first.advance({ positions });
        const checkpoint = first.checkpoint();
        const second = runOf(setup, stream);
        second.restore(structuredClone(first.snapshot()));
        const rest = new Ear(stream.node);
        rest.said = [...ear.said];
        second.tap(rest);
        second.finish();
        expect(rest.said).toEqual(expected);
        first.finish();
        expect(first.rewind(checkpoint)).toBe(false);
        first.finish();
        expect(ear.said).toEqual(expected);
        const other = pipeline(setup, 2);
        const edited = new Ear(other.node);
        first.replan([other.node], [edited]);
        first.catchUp();
        expect(edited.said).toEqual(said(setup, { specialize: false }, other));
      }),
      { numRuns: 100 },
    );
  });

  test("are made once somebody reads them", () => {
    fc.assert(
      fc.property(setups, fc.integer({ min: 0, max: 60 }), (setup, positions) => {
        const stream = pipeline(setup);
        const join = stream.node.verb === "aggregate" ? stream.node.input : stream.node;
        const run = runOf(setup, stream);
        const ear = new Ear(stream.node);
        run.tap(ear);
        if (positions > 0) run.advance({ positions });
        const looked = new Ear(join);
        run.look([looked]);
        expect(joins(run)).toBe(0);
        const before = run.checkpoint();
        const pairs = new Ear(join);
        run.replan([stream.node, join], [ear, pairs]);
        run.catchUp();
        expect(joins(run)).toBe(1);
        expect(pairs.said).toEqual(looked.said);
        run.finish();
        const expected = said(setup, { specialize: false });
        expect(ear.said).toEqual(expected);
        run.rewind(before);
        run.finish();
        expect(ear.said).toEqual(expected);
        run.replan([stream.node], [ear]);
        run.catchUp();
        expect(joins(run)).toBe(0);
        expect(ear.said).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test("are made where there is more to ask of them than their number", () => {
    const setup: Setup = {
      left: [{ t: 1 }],
      right: [{ t: 2 }],
      size: 10,
      lateness: 0,
      trigger: "default",
      accumulation: "retracting",
      delay: 0,
      alone: false,
      filtered: false,
    };
    const left = logSource("left", bounded(0)).window(fixed(10));
    const right = logSource("right", bounded(0));
    const counted = (joined: Stream): Stream => joined.window(fixed(10)).rollup({ n: "count()" });
    const made = (stream: Stream): number => joins(runOf(setup, stream));
    expect(made(counted(left.join(right, "key")))).toBe(0);
    expect(made(counted(left.joinLeft(right, "key")))).toBe(1);
    expect(made(counted(left.join(right, (l: Row, r: Row) => l.key === r.key && Number(l.v) < Number(r.v))))).toBe(1);
    expect(made(left.join(right, "key").window(fixed(20)).rollup({ n: "count()" }))).toBe(1);
    expect(made(left.join(right, "key").window(fixed(10)).rollup({ n: "sum(d.v_left)" }))).toBe(1);
    expect(made(left.join(right, "key").window(fixed(10)).groupby("key").rollup({ n: "count()" }))).toBe(1);
    expect(made(counted(left.join(right.dedupe("key", { keep: "last" }), "key")))).toBe(1);
  });
});

test("windows count many keys as they count few", () => {
  const stretches = fc.array(
    fc.record({
      side: fc.constantFrom(0 as const, 1 as const),
      keys: fc.array(fc.integer({ min: -1, max: 300 }), { minLength: 1, maxLength: 40 }),
      times: fc.array(fc.integer({ min: 0, max: 39 }), { minLength: 40, maxLength: 40 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(stretches, fc.nat(12), (list, stop) => {
      const dense = new PairWindows(10, 0);
      let sparse = new PairWindows(10, 0, 64);
      const expected = new Map<number, Map<number, [number, number]>>();
      list.forEach(({ side, keys, times }, n) => {
        if (n === stop) {
          const saved = structuredClone(sparse.snapshot());
          sparse = new PairWindows(10, 0, 64);
          sparse.restore(saved);
        }
        for (const windows of [dense, sparse]) {
          windows.begin();
          windows.count(side, Int32Array.from(keys), Float64Array.from(times), 0, keys.length, 10);
        }
        expect(sparse.aside.rows.slice(0, sparse.aside.count)).toEqual(dense.aside.rows.slice(0, dense.aside.count));
        keys.forEach((key, i) => {
          const start = Math.floor(times[i] / 10) * 10;
          if (key < 0 || start < 10) return;
          const window = expected.get(start) ?? new Map<number, [number, number]>();
          expected.set(start, window);
          const counts = window.get(key) ?? [0, 0];
          window.set(key, counts);
          counts[side]++;
        });
      });
      for (const windows of [dense, sparse]) {
        const found = windows.list.map(w => [w.start, windows.used(w), windows.close(w)]);
        expect(found).toEqual(
          [...expected]
            .sort(([a], [b]) => a - b)
            .map(([start, keys]) => [start, keys.size, [...keys.values()].reduce((sum, [a, b]) => sum + a * b, 0)]),
        );
      }
    }),
  );
});
