/** `nowcast` over whole logs whose ends are known: what it expects of open windows against what they came to. */
import { describe, expect, test } from "vitest";
import { rowAt, type Row } from "../../../src/columns/batch.ts";
import { clockOf, dense } from "../../../src/engine/flow.ts";
import { OutputHash } from "../../../src/engine/output-hash.ts";
import { Run } from "../../../src/engine/run.ts";
import { COVERAGE } from "../../../src/model/nowcast.ts";
import { bounded } from "../../../src/model/watermarks.ts";
import { cumulating, fixed, sessions, sliding } from "../../../src/model/windows.ts";
import { rows } from "../../../src/pipeline/sources.ts";
import { Stream } from "../../../src/pipeline/stream.ts";
import type { NowcastNode } from "../../../src/pipeline/verbs/nowcast.ts";
import type { SourceNode } from "../../../src/pipeline/verbs/source.ts";
import { topological } from "../../../src/pipeline/node.ts";
import { SourceFiles } from "../../../src/session/source-files.ts";

function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2);

/** Rows of many windows whose volume differs; a third comes more than a minute late. */
function log(seed: number, { windows = 120, keys = ["a", "b"], sign = false } = {}): Row[] {
  const next = random(seed);
  const out: { key: string; event: number; arrival: number; value: number }[] = [];
  for (let w = 0; w < windows; w++)
    for (const key of keys) {
      const rows = 8 + Math.floor(next() * 40);
      for (let i = 0; i < rows; i++) {
        const event = START + (w + next()) * 10 * MINUTE;
        const value = Math.round(1 + next() * 100) * (sign && next() < 0.4 ? -1 : 1);
        out.push({ key, event, arrival: event + next() ** 3 * 8 * MINUTE, value });
      }
    }
  return out
    .sort((a, b) => a.arrival - b.arrival)
    .map(r => ({ ...r, event: Math.floor(r.event), arrival: Math.floor(r.arrival) }));
}

const stream = (all: Row[]): Stream =>
  rows(all as never, {
    eventTime: { column: "event", unit: "ms" },
    arrivalTime: { column: "arrival", unit: "ms" },
    watermark: bounded("3 min"),
  });

interface Word extends Row {
  readonly weight: number;
  readonly clock: number;
}

const files = new SourceFiles(() => Promise.reject(new Error("no files")));

async function words(of: Stream, until = Infinity): Promise<Word[]> {
  for (const node of topological([of.node])) if (node.verb === "source") await files.load(node);
  const run = new Run([of.node], { logs: (source: SourceNode) => files.log(source), remember: false });
  const out: Word[] = [];
  run.tap({
    node: of.node,
    apply(given, step) {
      const flow = dense(given);
      for (let i = 0; i < flow.count; i++)
        out.push({ ...rowAt(flow.batch, i), weight: flow.weight?.[i] ?? 1, clock: clockOf(flow, step, i) });
    },
    reset: () => {},
  });
  if (until === Infinity) run.finish();
  else while (run.advance({ until }));
  return out;
}

const windowed = (all: Row[]) => stream(all).groupby("key").window(fixed("10 min")).allowedLateness("10 min");
const total = (of: Stream): Stream => of.rollup({ total: "d => op.sum(d.value)", n: "d => op.count()" });

/** What each window of a key comes to: nothing is dropped with so much lateness. */
function truth(all: Row[], key: unknown, start: number): number {
  return all
    .filter(r => r.key === key && (r.event as number) >= start && (r.event as number) < start + 10 * MINUTE)
    .reduce((sum, r) => sum + (r.value as number), 0);
}

describe.each([false, true])("with values of both signs: %s", sign => {
  test("the band holds the final value about as often as it says, and the guess is better than what is known", async () => {
    const all = log(7, { sign, windows: 200 });
    const said = (await words(total(windowed(all)).nowcast())).filter(w => w.weight > 0);
    expect(said.length).toBeGreaterThan(2_000);
    let held = 0;
    let guess = 0;
    let plain = 0;
    const fair = said.filter(w => (w.share as number) < 0.98);
    for (const w of fair) {
      const final = truth(all, w.key, w.window_start as number);
      expect(w.at).toBe(w.clock);
      if ((w.low as number) <= final && final <= (w.high as number)) held++;
      guess += Math.abs((w.expected as number) - final);
      plain += Math.abs((w.known as number) - final);
    }
    expect(fair.length).toBeGreaterThan(1_000);
    expect(Math.abs(held / fair.length - COVERAGE)).toBeLessThan(0.06);
    // What is still to come of values that cancel out is mostly chance.
    expect(guess).toBeLessThan(plain * (sign ? 0.95 : 0.5));
  });
});

test("what is known is what had come by then, and closed windows are taken back", async () => {
  const all = log(3, { windows: 30 });
  const said = await words(total(windowed(all)).nowcast({ value: "n", every: "1 min" }));
  for (const w of said) {
    const start = w.window_start as number;
    const came = all.filter(
      r =>
        r.key === w.key &&
        (r.event as number) >= start &&
        (r.event as number) < start + 10 * MINUTE &&
        (r.arrival as number) <= (w.at as number),
    );
    expect(w.known).toBe(came.length);
    expect((w.at as number) % MINUTE).toBe(0);
  }
  const left = new Map<string, number>();
  for (const word of said) {
    const row = JSON.stringify({ ...word, weight: 0, clock: 0 });
    left.set(row, (left.get(row) ?? 0) + word.weight);
  }
  expect(new Set(left.values())).toEqual(new Set([0]));
});

test("while a log replays there is one word for each open window of a key", async () => {
  const all = log(4, { windows: 30 });
  const until = START + 205 * MINUTE;
  const left = new Map<string, number>();
  for (const { weight, key, window_start: start } of await words(total(windowed(all)).nowcast(), until))
    left.set(`${key} ${start}`, (left.get(`${key} ${start}`) ?? 0) + weight);
  const open = [...left].filter(([, weight]) => weight !== 0);
  expect(open.every(([, weight]) => weight === 1)).toBe(true);
  // Watermark 201 or 202 minutes, 10 of lateness: windows from 190 on are open, 180 is closed or nearly.
  expect(open.map(([id]) => id)).toEqual(
    expect.arrayContaining([`a ${START + 200 * MINUTE}`, `b ${START + 190 * MINUTE}`]),
  );
  expect(open.length).toBeLessThanOrEqual(6);
});

test("nothing is said before nine windows have closed, and nothing ever with too few", async () => {
  const few = await words(total(windowed(log(5, { windows: 10 }))).nowcast());
  expect(few).toEqual([]);
  const more = await words(total(windowed(log(5, { windows: 40 }))).nowcast());
  expect(more.length).toBeGreaterThan(0);
  // The ninth window ends at 90 min, and closes 10 min later by a watermark that is 3 min behind.
  expect(Math.min(...more.map(w => w.clock))).toBeGreaterThan(START + 100 * MINUTE);
});

test("a new key learns from all keys, until it has windows of its own", async () => {
  const all = [
    ...log(6, { windows: 40 }),
    ...log(8, { windows: 20, keys: ["new"] }).map(r => ({
      ...r,
      event: (r.event as number) + 200 * MINUTE,
      arrival: (r.arrival as number) + 200 * MINUTE,
    })),
  ].sort((a, b) => (a.arrival as number) - (b.arrival as number));
  const said = (await words(total(windowed(all)).nowcast())).filter(w => w.weight > 0);
  const from = (key: string): string[] => [
    ...new Set(said.filter(w => w.key === key).map(w => String(w.learned_from))),
  ];
  expect(from("a")).toEqual(["key"]);
  expect(from("new")).toEqual(["all keys", "key"]);
});

test("sliding windows and streams without keys are expected too", async () => {
  const all = log(9, { windows: 40 });
  const slid = await words(total(stream(all).window(sliding("10 min", "5 min")).allowedLateness("5 min")).nowcast());
  expect(slid.length).toBeGreaterThan(100);
  expect(new Set(slid.map(w => (w.window_end as number) - (w.window_start as number)))).toEqual(new Set([10 * MINUTE]));
});

test("over all keys the rows that keyed windows took in say the same as windows without keys", async () => {
  const all = log(12, { windows: 40 });
  const keyed = total(windowed(all)).nowcast().node as NowcastNode;
  const over = await words(new Stream({ ...keyed, keys: [] }));
  const without = await words(total(stream(all).window(fixed("10 min")).allowedLateness("10 min")).nowcast());
  expect(over.length).toBeGreaterThan(100);
  expect(over).toEqual(without);
});

test.each([false, true])(
  "a run goes on from snapshots as if it had never stopped, with values of both signs: %s",
  async sign => {
    const of = total(windowed(log(13, { windows: 60, keys: ["a", "b", "c"], sign }))).nowcast({ every: "1 min" });
    for (const node of topological([of.node])) if (node.verb === "source") await files.load(node);
    const outcome = (between: (run: Run, next: () => Run) => Run): string => {
      const hash = new OutputHash();
      const make = (): Run => {
        const run = new Run([of.node], { logs: (source: SourceNode) => files.log(source), remember: false });
        run.tap({ node: of.node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
        return run;
      };
      let run = make();
      for (let minute = 15; minute < 620; minute += 15) {
        while (run.advance({ until: START + minute * MINUTE }));
        run = between(run, make);
      }
      run.finish();
      expect(hash.rows).toBeGreaterThan(1_000);
      return hash.digest();
    };
    const expected = outcome(run => run);
    const restored = outcome((run, make) => {
      const next = make();
      next.restore(run.snapshot());
      return next;
    });
    expect(restored).toBe(expected);
    // Nor does what a run does after a snapshot change what the snapshot holds.
    const again = outcome((run, make) => {
      const snapshot = run.snapshot();
      const ahead = new Run([of.node], { logs: (source: SourceNode) => files.log(source), remember: false });
      ahead.tap({ node: of.node, apply: () => {}, reset: () => {} });
      ahead.restore(snapshot);
      ahead.finish();
      const next = make();
      next.restore(snapshot);
      return next;
    });
    expect(again).toBe(expected);
  },
);

test("of more open windows than anybody would look at nothing is said, and what was said before is taken back", async () => {
  const all = log(11, { windows: 40 });
  const of = (most: number): Stream => total(windowed(all)).nowcast({ every: "1 min", most });
  expect(await words(of(1))).toEqual([]);
  const some = await words(of(3));
  const every = await words(of(100));
  expect(some.length).toBeGreaterThan(0);
  expect(some.length).toBeLessThan(every.length);
  const left = new Map<string, number>();
  for (const { key, window_start: start, weight } of some)
    left.set(`${key} ${start}`, (left.get(`${key} ${start}`) ?? 0) + weight);
  expect(new Set(left.values())).toEqual(new Set([0]));
});

test("errors say what there is to expect", () => {
  const all = log(1, { windows: 1 });
  expect(() => stream(all).nowcast()).toThrow(/nowcast needs a rollup with windows.*This is a source/);
  expect(() => total(stream(all).window(sessions("1 min"))).nowcast()).toThrow(/windows of one length.*sessions/);
  expect(() => total(stream(all).window(cumulating("1 h", "10 min"))).nowcast()).toThrow(/cumulating/);
  expect(() => total(windowed(all)).nowcast({ value: "mean" })).toThrow(/"mean" is none.*There are: total, n/);
  expect(() => windowed(all).rollup({ m: "d => op.mean(d.value)" }).nowcast()).toThrow(/Roll one up/);
  expect(() => total(windowed(all)).nowcast({ every: 0 })).toThrow(/more than 0/);
});
