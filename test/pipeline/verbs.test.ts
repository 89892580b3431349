/**
 * Every verb through the fluent builder and a whole run: the same rows come out in steps of 1, 7 and all positions, with the
 * interpreter, and when the run is taken out as data and put back after every step.
 */
import { describe, expect, test } from "vitest";
import type { Row } from "../../src/columns/batch.ts";
import { rowAt } from "../../src/columns/batch.ts";
import { clockOf, dense } from "../../src/engine/flow.ts";
import { retracts } from "../../src/engine/retracts.ts";
import { Run, type Tap } from "../../src/engine/run.ts";
import { PROFILES } from "../../src/model/profiles.ts";
import { afterCount } from "../../src/model/triggers.ts";
import { fixed } from "../../src/model/windows.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { canonical } from "../../src/pipeline/identity.ts";
import { VERBS, verbOf } from "../../src/pipeline/node.ts";
import { desc } from "../../src/pipeline/orders.ts";
import { rows } from "../../src/pipeline/sources.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { SourceFiles } from "../../src/session/source-files.ts";

/** Small numbers that look random and are the same everywhere. */
function* noise(seed: number): Generator<number, never> {
  for (let x = seed; ; ) {
    x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield x / 2_147_483_648;
  }
}

function log(seed: number, count: number, make: (next: () => number, i: number) => Row): Stream {
  const generator = noise(seed);
  const next = (): number => generator.next().value;
  let arrival = Date.UTC(2026, 0, 5);
  const values = Array.from({ length: count }, (_, i) => {
    arrival += Math.floor(next() * 4) * 1_000;
    const late = next() < 0.2 ? Math.floor(next() * 40_000) : Math.floor(next() * 3_000);
    return { ...make(next, i), at: arrival - late, seen: arrival };
  });
  const time = (column: string) => ({ column, unit: "ms" as const });
  return rows(values as never, { eventTime: time("at"), arrivalTime: time("seen"), watermark: bounded("10 s") });
}

const ACCOUNTS = ["ada", "bob", "cyd", null];
const payments = log(1, 160, (next, i) => ({
  id: i,
  account: ACCOUNTS[Math.floor(next() * 4)],
  amount: Math.round(next() * 20_000 - 8_000) / 100,
  tags: next() < 0.5 ? ["a", "b"].slice(0, Math.floor(next() * 3)) : null,
}));
const limits = log(2, 60, next => ({
  account: ACCOUNTS[Math.floor(next() * 4)],
  limit: Math.floor(next() * 100),
}));
const snapshots = log(3, 40, next => ({
  account: ACCOUNTS[Math.floor(next() * 3)],
  balance: Math.round(next() * 1_000) / 10,
}));

const on = "account";
const window = fixed("20 s");
const branches = payments.branch({
  big: (d: Row) => (d.amount as number) > 60,
  negative: (d: Row) => (d.amount as number) < 0,
});

const STREAMS: Readonly<Record<string, Stream>> = {
  union: payments.select("account", "at").union(limits.select("account", "at"), snapshots.select("account", "at")),
  join: payments.join(limits, on),
  "join with a condition": payments.join(
    limits,
    (p: Row, l: Row) => p.account === l.account && (p.amount as number) > (l.limit as number),
  ),
  joinLeft: payments.joinLeft(limits, on),
  joinRight: payments.joinRight(limits, on),
  joinFull: payments.joinFull(limits, on),
  semijoin: payments.semijoin(limits, on),
  antijoin: payments.antijoin(limits, on),
  "join in windows": payments.window(window).allowedLateness("10 s").joinFull(limits, on),
  "late rows of a join in windows": payments.joinFull(limits, on, { window }).late(),
  intervalJoin: payments.intervalJoin(limits, on, {
    lower: "-5 s",
    upper: "5 s",
    kind: "full",
    allowedLateness: "20 s",
  }),
  asofJoin: payments.asofJoin(limits, on, { tolerance: "1 min", allowedLateness: "20 s" }),
  lookup: payments.lookup(limits, on),
  dedupe: payments.dedupe("account", { within: "30 s" }),
  "dedupe to the last": payments.dedupe(on, { keep: "last" }),
  topN: payments.groupby("account").topN(3, [desc("amount"), "id"]),
  "topN in windows": payments.groupby("account").window(window).topN(1, desc("amount")),
  flatMap: payments.flatMap((d: Row) => (d.tags as string[] | null)?.map(tag => ({ tag, id: d.id })) ?? [], {
    columns: { tag: "string", id: "number" },
  }),
  unnest: payments.unnest("tags", { as: "tag", type: "string" }),
  "branch big": branches.big,
  "branch otherwise": branches.otherwise,
  sample: payments.sample(0.5, { seed: 4 }),
  withLateness: payments.withLateness({
    delay: { exponential: "10 s" },
    share: 0.5,
    duplicate: 0.1,
    drop: 0.1,
    seed: 3,
  }),
  faults: payments.withLateness({ delay: { pareto: ["1 s", 1.5] }, share: 0.5, drop: 0.1 }).faults(),
  stateful: payments.groupby("account").stateful({
    initial: { n: 0 },
    onRow: (state: { n: number }, _d: Row, ctx: { time: number; eventTimer(t: number): void }) => {
      state.n++;
      ctx.eventTimer(ctx.time + 15_000);
    },
    onTimer: (state: { n: number }, _t: unknown, ctx: { key: Row; emit(row: Row): void }) =>
      ctx.emit({ account: ctx.key.account, n: state.n }),
    columns: { account: "string", n: "number" },
  }),
  orderby: payments.orderby(desc("amount")),
  integrate: payments.groupby("account").integrate("amount", { opening: { ada: 10.5 } }),
  "integrate with opening balances": payments
    .groupby("account")
    .integrate((d: Row) => d.amount, { opening: { from: limits, value: "limit" } }),
  "differentiate what was integrated": payments.groupby("account").integrate("amount").differentiate(),
  "differentiate snapshots": snapshots.groupby("account").differentiate("balance", { opening: null }),
  nowcast: payments
    .groupby("account")
    .window(fixed("20 s"))
    .allowedLateness("10 s")
    .rollup({ total: "sum(d.amount)" })
    .nowcast({ every: "2 s" }),
  reconcile: payments.groupby("account").reconcile(snapshots, { flow: "amount", balance: "balance" }),
  // Deltas go through verb after verb: an outer join, a ranking of what it gives, and a count of the ranking.
  "a chain of verbs that take rows back": payments
    .joinLeft(limits, on)
    .groupby("account")
    .topN(5, [desc("limit"), "id"])
    .groupby("account")
    .rollup({ n: "count()", total: "sum(d.amount)" })
    .dedupe(["account", "n"], { keep: "last" }),
};

const files = new SourceFiles(() => Promise.reject(new Error("no files")));
const logs = (source: SourceNode) => files.log(source);
for (const stream of [payments, limits, snapshots]) await files.load(stream.node as SourceNode);

/** Everything that comes out of a stream, with its times and weights. */
function output(stream: Stream, { stepLength = 8_192, restore = false, codegen = true } = {}): unknown[] {
  const out: unknown[] = [];
  const tap: Tap = {
    node: stream.node,
    apply(given, step) {
      const flow = dense(given);
      for (let row = 0; row < flow.count; row++)
        out.push({
          at: step.first + (flow.at === null ? row : flow.at[row]),
          clock: clockOf(flow, step, row),
          time: flow.time[row],
          weight: flow.weight?.[row] ?? 1,
          ...rowAt(flow.batch, row),
        });
    },
    reset: () => {},
  };
  let run = new Run([stream.node], { logs, stepLength, codegen, remember: false });
  run.tap(tap);
  while (run.advance()) {
    if (!restore) continue;
    const saved = structuredClone(run.snapshot());
    run = new Run([stream.node], { logs, stepLength, codegen, remember: false });
    run.restore(saved);
    run.tap(tap);
  }
  return out;
}

describe.each(Object.keys(STREAMS))("%s", name => {
  const stream = STREAMS[name];
  // Aggregates without a window say their changes once a step, so that only what they sum to is the same.
  const stepwise = name.startsWith("a chain");

  test("gives the same in steps of any length, with the interpreter, and restored after every step", () => {
    const whole = output(stream);
    expect(whole.length).toBeGreaterThan(stepwise ? 2 : 5);
    const ways: Parameters<typeof output>[1][] = [
      { stepLength: 1 },
      { stepLength: 7 },
      { codegen: name === "flatMap" || name === "stateful" },
      { stepLength: 11, restore: true },
    ];
    for (const way of ways) {
      const other = output(stream, way);
      if (stepwise) expect(sums(other)).toEqual(sums(whole));
      else expect(other).toEqual(whole);
    }
  });

  test("is plain data that describes itself", () => {
    const { node } = stream;
    const copy = structuredClone(node);
    expect(canonical(copy)).toBe(canonical(node));
    expect(new Stream(copy).id).toBe(stream.id);
    expect(verbOf(node).describe(node).length).toBeGreaterThan(2);
    const inputs = verbOf(node).inputs(node);
    expect(canonical(verbOf(node).withInputs(node, inputs))).toBe(canonical(node));
  });
});

function sums(out: unknown[]): unknown[] {
  const totals = new Map<string, number>();
  for (const { weight, ...rest } of out as ({ weight: number } & Row)[]) {
    const key = canonical({ ...rest, at: null, clock: null, time: null });
    totals.set(key, (totals.get(key) ?? 0) + weight);
  }
  return [...totals].filter(([, w]) => w !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
}

test("differentiate gives back the flows that were integrated", () => {
  const back = output(STREAMS["differentiate what was integrated"]) as { flow: number }[];
  expect(back.map(r => r.flow)).toEqual((output(payments) as { amount: number }[]).map(r => r.amount));
});

test("every verb is tried here, or has tests of its own", () => {
  const tried = new Set<string>();
  const visit = (node: Stream["node"]): void => {
    tried.add(node.verb);
    for (const input of verbOf(node).inputs(node)) visit(input);
  };
  for (const stream of Object.values(STREAMS)) visit(stream.node);
  const elsewhere = ["filter", "derive"];
  expect(Object.keys(VERBS).filter(verb => !tried.has(verb) && !elsewhere.includes(verb))).toEqual([]);
});

test("names what is wrong and the way out", () => {
  expect(() => payments.topN(0, "amount")).toThrow(/whole number of rows from 1, not 0/);
  expect(() => payments.window(window).trigger(afterCount(1)).join(limits, on)).toThrow(/A join takes no trigger/);
  expect(() => payments.window(window).trigger(afterCount(1)).topN(1, "id")).toThrow(/topN takes no trigger/);
  expect(() => payments.sample(2)).toThrow(/from 0 to 1, not 2/);
  expect(() => payments.dedupe(on, { keep: "newest" as never })).toThrow(/"first" or the "last" row, not "newest"/);
  expect(() => payments.intervalJoin(limits, on, { lower: 5, upper: 1 })).toThrow(/lower bound .* above the upper/);
  expect(() => payments.lookup(limits, on, { kind: "full" as never })).toThrow(
    /no kind "full" here. There are: left, inner/,
  );
  expect(() => payments.flatMap(() => [], {} as never)).toThrow(/needs the columns it makes/);
  expect(() => payments.branch({ main: "true" })).toThrow(/cannot be named "main"/);
  expect(() => payments.withLateness({ delay: "-5 s" })).toThrow(/rows cannot be hurried/);
  expect(() => output(payments.join(limits, "nothing"))).toThrow(/no column "nothing"/);
  expect(() => output(payments.unnest("amount"))).toThrow(/"amount" is a number; only json/);
});

test("streams that say they never take rows back do not", () => {
  for (const [name, stream] of Object.entries(STREAMS)) {
    const weights = (output(stream) as { weight: number }[]).map(r => r.weight);
    if (!retracts(stream.node, PROFILES.tidemark)) expect([name, weights.every(w => w > 0)]).toEqual([name, true]);
  }
  expect(
    ["join", "semijoin", "lookup", "integrate", "dedupe"].map(n => retracts(STREAMS[n].node, PROFILES.tidemark)),
  ).toEqual([false, false, false, false, false]);
});
