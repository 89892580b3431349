/**
 * Laws of what operators hold together: joins, lookups and groupings of the same streams say what each would say on its own,
 * however the run is cut into steps, taken out and put back, edited in the middle, or taken elsewhere.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Checkpoint, Run, type RunOptions } from "../../src/engine/run.ts";
import { afterCount, afterWatermark } from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import type { Node } from "../../src/pipeline/node.ts";
import type { SourceLog } from "../../src/pipeline/source-log.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { logOf, type LogRow, logsByName, logSource } from "../engine/logs.ts";
import { runs } from "./arbitrary.ts";
import { Ear } from "./ear.ts";

const logRows = (size: { minLength?: number; maxLength: number }, latest = 9): fc.Arbitrary<LogRow[]> =>
  fc
    .array(
      fc.record({
        wait: fc.constantFrom(0, 0, 1, 2),
        behind: fc.integer({ min: 0, max: latest }),
        key: fc.constantFrom("a", "a", "b", "c", null),
        v: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.constant(null)),
      }),
      size,
    )
    .map(list => {
      let at = 100;
      return list.map(({ wait, behind, ...rest }) => {
        at += wait;
        return { ...rest, at, t: at - behind };
      });
    });

const rows = logRows({ maxLength: 30 });

const left = logSource("left", bounded(3));
const right = logSource("right", bounded(5));
/** Streams that are read by several: logs, and such whose rows are taken back. */
const inputs: readonly Stream[] = [
  left.select("key", "v"),
  right.select("key", "v"),
  right.filter("d.v > 0").select("key", "v"),
  right
    .groupby("key")
    .window(fixed(10))
    .trigger(afterWatermark({ early: afterCount(1), late: afterCount(1) }))
    .allowedLateness(20)
    .accumulation("retracting")
    .rollup({ v: "sum(d.v)" })
    .select("key", "v"),
  left
    .select("key", "v")
    .joinLeft(right.select({ key: "key" }), "key")
    .select("key", "v"),
];

interface Pair {
  readonly key: string;
  readonly v: number;
}
type Match = (a: Stream, b: Stream) => Stream;
const matches: readonly Match[] = [
  (a, b) => a.join(b, "key"),
  (a, b) => a.joinLeft(b, "key"),
  (a, b) => a.joinRight(b, "key"),
  (a, b) => a.joinFull(b, "key"),
  (a, b) => a.semijoin(b, "key"),
  (a, b) => a.antijoin(b, "key"),
  (a, b) => a.join(b, ["key", "v"]),
  (a, b) => a.joinFull(b, ["key", "v"]),
  (a, b) => a.join(b, (l: Pair, r: Pair) => l.v + 1 === r.v),
  (a, b) => a.joinLeft(b, (l: Pair, r: Pair) => l.key === r.key && l.v < r.v),
  (a, b) => a.antijoin(b, (l: Pair, r: Pair) => l.key === r.key && l.v < r.v),
  (a, b) => a.joinFull(b, (l: Pair, r: Pair) => l.key === r.key && l.v >= r.v),
  (a, b) => a.join(b, {}),
  (a, b) => a.lookup(b, "key"),
  (a, b) => a.lookup(b, "key", { kind: "inner" }),
  (a, b) => a.lookup(b, ["key", "v"]),
  // Without a window, changes of a step come out as one; how the run is cut would show.
  a => a.groupby("key", "v").window(fixed(20)).trigger(afterCount(2)).rollup({ n: "count()" }),
  a => a.groupby("key").window(fixed(30)).rollup({ n: "median(d.v)" }),
  a => a.groupby("key", "v").window(fixed(10)).rollup({ n: "count()" }),
  a => a.groupby("v").window(fixed(7)).rollup({ key: "max(d.key)", n: "count()" }),
  (_, b) => b.dedupe(["key", "v"]),
  a => a.dedupe("v", { keep: "last" }),
  a => a.groupby("key").topN(2, "v"),
  a => a.topN(2, "key", { by: ["v", "key"] }),
  (a, b) => a.asofJoin(b, "key"),
  (a, b) => a.asofJoin(b, "key", { allowedLateness: 4, tolerance: 6, kind: "inner" }),
  (a, b) => b.asofJoin(a, "key", { allowedLateness: Infinity }),
  (a, b) => a.asofJoin(b, "key", { allowedLateness: 2 }).late().select("key", "side", "margin"),
  (a, b) => a.asofJoin(b, ["key", "v"], { allowedLateness: 7 }),
  (a, b) => a.intervalJoin(b, "key", { lower: -3, upper: 3 }),
  (a, b) => a.intervalJoin(b, "key", { lower: -9, upper: -2, allowedLateness: 5 }),
  (a, b) => b.intervalJoin(a, "key", { lower: 0, upper: 6, kind: "full", allowedLateness: 4 }),
  (a, b) => a.intervalJoin(b, "key", { lower: -4, upper: 1, kind: "semi", allowedLateness: 2 }),
  (a, b) => a.intervalJoin(b, "key", { lower: -2, upper: 8, kind: "anti" }),
  (a, b) =>
    a.intervalJoin(b, "key", { lower: -2, upper: 8, kind: "left", allowedLateness: 3 }).late().select("key", "side"),
  (a, b) =>
    a.intervalJoin(b, (l: Pair, r: Pair) => l.key === r.key && l.v <= r.v, { lower: -5, upper: 5, kind: "left" }),
];

/** Of these several may read a stream in order of time. */
const inTime = Array.from({ length: 12 }, (_, i) => matches.length - 12 + i);

/** Those whose result has no column named like the key, or cannot be joined once more. */
const KEYLESS = new Set([8, 12]);

interface Choice {
  readonly a: number;
  readonly b: number;
  readonly match: number;
}
/** Mostly few inputs and few ways to match, so that many hold the same. */
const pairs: fc.Arbitrary<Choice[]> = fc
  .record({
    inputs: fc.array(fc.nat({ max: inputs.length - 1 }), { minLength: 1, maxLength: 3 }),
    ways: fc.oneof(
      fc.array(fc.nat({ max: matches.length - 1 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.constantFrom(...inTime), { minLength: 1, maxLength: 4 }),
    ),
    picks: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 2, maxLength: 5 }),
  })
  .map(({ inputs: some, ways, picks }) =>
    picks.map(([a, b, match]) => ({
      a: some[a % some.length],
      b: some[b % some.length],
      match: ways[match % ways.length],
    })),
  );

const clocks = left.union(right).node;

interface Setup {
  readonly logs: { readonly left: readonly LogRow[]; readonly right: readonly LogRow[] };
  readonly pairs: readonly Choice[];
  /** Whether the first result is joined once more, with an input that others hold too. */
  readonly again: boolean;
}
const setups: fc.Arbitrary<Setup> = fc.record({
  logs: fc.record({ left: rows, right: rows }),
  pairs,
  again: fc.boolean(),
});

class Laboratory {
  readonly nodes: readonly Node[];
  readonly logs: (node: Parameters<RunOptions["logs"]>[0]) => SourceLog;
  constructor({ logs, pairs: list, again }: Setup) {
    const results = list.map(({ a, b, match }) => matches[match](inputs[a], inputs[b]));
    const [{ b, match }] = list;
    if (again && !KEYLESS.has(match)) results.push(results[0].joinLeft(inputs[b], "key", { suffixes: ["_1", "_2"] }));
    this.nodes = results.map(r => r.node);
    this.logs = logsByName({ left: logOf(logs.left), right: logOf(logs.right) });
  }
  run(options: Partial<RunOptions>, roots: readonly Node[]): Run {
    return new Run([clocks, ...roots], { logs: this.logs, ...options });
  }
  /** What each says in a run in which nothing is shared. */
  alone(): Ear[] {
    const ears = this.nodes.map(node => new Ear(node));
    const run = this.run({ specialize: false }, this.nodes);
    for (const ear of ears) run.tap(ear);
    run.finish();
    return ears;
  }
}

function work(run: Run, cuts: readonly number[]): void {
  for (const positions of cuts) if (!run.advance({ positions })) return;
}

const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 10 });

test("in steps of any length, and when it is taken out and put back", () => {
  fc.assert(
    fc.property(setups, cuts, cuts, (setup, some, more) => {
      const laboratory = new Laboratory(setup);
      const expected = laboratory.alone().map(ear => ear.all);
      const ears = laboratory.nodes.map(node => new Ear(node));
      let run = laboratory.run({}, laboratory.nodes);
      for (const ear of ears) run.tap(ear);
      for (const list of [some, more]) {
        work(run, list);
        const next = laboratory.run({ stepLength: 7 }, laboratory.nodes);
        next.restore(structuredClone(run.snapshot()));
        for (const ear of ears) next.tap(ear);
        run = next;
      }
      run.finish();
      expect(ears.map(ear => ear.all)).toEqual(expected);
    }),
    runs(300),
  );
});

/** So many rows that those who forget at different times have forgotten much. */
const long = logRows({ minLength: 80, maxLength: 160 }, 14);
const forgetting: fc.Arbitrary<Setup> = fc.record({
  logs: fc.record({ left: long, right: long }),
  pairs: fc.constantFrom(inTime.slice(0, 3), inTime.slice(0, 5), inTime.slice(5), inTime).chain(ways =>
    fc.array(fc.record({ a: fc.constantFrom(0, 1), b: fc.constantFrom(1, 1, 2), match: fc.constantFrom(...ways) }), {
      minLength: 2,
      maxLength: 5,
    }),
  ),
  again: fc.constant(false),
});

test("when they forget at different times, and some of them go", () => {
  fc.assert(
    fc.property(forgetting, cuts, cuts, fc.nat(), (setup, some, more, stays) => {
      const laboratory = new Laboratory(setup);
      const expected = laboratory.alone().map(ear => ear.all);
      const ears = laboratory.nodes.map(node => new Ear(node));
      const run = laboratory.run({ stepLength: 20 }, laboratory.nodes);
      for (const ear of ears) run.tap(ear);
      work(run, some);
      const there = run.checkpoint();
      work(run, [...more, 30]);
      const ear = ears[stays % ears.length];
      run.replan([clocks, ear.node], [ear]);
      run.finish();
      expect(ear.all).toEqual(expected[ears.indexOf(ear)]);
      run.replan([clocks, ...laboratory.nodes], ears);
      run.rewind(there);
      run.catchUp();
      run.finish();
      expect(ears.map(e => e.all)).toEqual(expected);
    }),
    runs(80),
  );
});

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
        nodes: fc.array(fc.nat({ max: 5 }), { maxLength: 5 }),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("catch up" as const), nodes: fc.nat({ max: 12 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("mark" as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("return" as const), to: fc.nat({ max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("look" as const), nodes: fc.array(fc.nat({ max: 5 })) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("take out" as const) }) },
  ),
  { maxLength: 25, size: "max" },
);

test("however edits follow each other, are interrupted, and are mixed with going back and looking back", () => {
  fc.assert(
    fc.property(setups, moves, cuts, (setup, list, more) => {
      const laboratory = new Laboratory(setup);
      const { nodes } = laboratory;
      const expected = laboratory.alone();
      const run = laboratory.run({}, []);
      const returns: Checkpoint[] = [run.checkpoint()];
      let ears = new Map<number, Ear>();
      const check = (): void => {
        for (const [n, ear] of ears) {
          const seen = ear.watermark.length;
          if (run.behindOf(ear) === null) expect(seen).toBe(run.progress.positions);
          expect(ear.watermark).toEqual(expected[n].watermark.slice(0, seen));
          expect(ear.said).toEqual(expected[n].said.filter(({ at }) => at < seen));
        }
      };
      for (const move of list) {
        switch (move.kind) {
          case "edit": {
            const wanted = [...new Set(move.nodes.map(n => n % nodes.length))];
            ears = new Map(wanted.map(n => [n, ears.get(n) ?? new Ear(nodes[n])]));
            run.replan([clocks, ...wanted.map(n => nodes[n])], [...ears.values()]);
            break;
          }
          case "catch up": {
            let left = move.nodes;
            run.catchUp(() => left-- <= 0);
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
            const looking = [...new Set(move.nodes.map(n => n % nodes.length))].map(
              n => [n, new Ear(nodes[n])] as const,
            );
            run.look(looking.map(([, ear]) => ear));
            for (const [n, ear] of looking) expect(ear.said).toEqual(expected[n].said.slice(0, ear.said.length));
            break;
          }
          case "take out":
            structuredClone(run.snapshot());
        }
        check();
      }
      // The state of a run that was edited goes on in one that was not.
      const { reads } = run.checkpoint();
      const after = laboratory.run(
        {},
        [...ears.keys()].map(n => nodes[n]),
      );
      const known = after.graph.nodes.every(n => {
        const then = reads.get(n.id);
        return (
          then !== undefined &&
          [...n.reads].every(p => then.has(p)) &&
          n.absorbs.length === run.graph.of(n.node).absorbs.length
        );
      });
      run.catchUp();
      if (known) {
        after.restore(structuredClone(run.snapshot()));
        const copies = [...ears].map(([n, ear]) =>
          Object.assign(new Ear(nodes[n]), structuredClone({ said: ear.said, watermark: ear.watermark })),
        );
        for (const ear of copies) after.tap(ear);
        work(after, more);
        after.finish();
        expect(copies.map(ear => ear.all)).toEqual([...ears.keys()].map(n => expected[n].all));
      }
      run.finish();
      check();
      for (const [n, ear] of ears) expect(ear.all).toEqual(expected[n].all);
    }),
    runs(400),
  );
});
