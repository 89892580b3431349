/** A script in TypeScript gives the same output as the notebook: same rows, weights, panes and emission times, by their hash. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { captured } from "../../src/expressions/captured.ts";
import { op as operations } from "../../src/expressions/op.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  never,
  orFinally,
  repeatedly,
} from "../../src/model/triggers.ts";
import { adaptive, bounded, percentile, perfect, punctuated } from "../../src/model/watermarks.ts";
import { calendar, cumulating, fixed, global, sessions, sliding } from "../../src/model/windows.ts";
import { VERBS } from "../../src/pipeline/node.ts";
import { topological } from "../../src/pipeline/node.ts";
import { desc } from "../../src/pipeline/orders.ts";
import { rows, source } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { withoutWrappers } from "../../src/expressions/wrappers.ts";
import { exported, hashOf, opened, openedCell, ROOT, runScript, written } from "./scripts.ts";

// Imported names are renamed by the test runner, and row functions are read as text.
const op = operations;

const scores = source("streaming-101.jsonl", {
  eventTime: "event_time",
  arrivalTime: "processing_time",
  watermark: bounded("3 min"),
});
const sums = scores.groupby("key").window(fixed("2 min"));
const ledger = source("ledger.jsonl", {
  eventTime: "time",
  arrivalTime: "posted_at",
  partition: "account",
  watermark: bounded("1 min", { idle: "10 min", future: "1 h" }),
});
const snapshots = source("ledger-snapshots.csv", { eventTime: "taken_at", watermark: bounded("1 min") });
const typed = rows(
  [
    { at: 1_000, "odd name": 1.5, tag: "a" },
    { at: 2_500, "odd name": -0, tag: 'quote " and `tick`' },
    { at: 2_000, "odd name": null, tag: null },
  ],
  { eventTime: { column: "at", unit: "ms" }, watermark: bounded(500) },
);
const limit = 3;
const large = scores.filter(captured({ limit }, d => d.value > limit));

const parts = scores.branch({ big: d => d.value > 7, "not big": d => d.value > 4 });

const PIPELINES: Readonly<Record<string, Stream>> = {
  source: scores,
  rows: typed,
  captured: large,
  sameNameTwice: large
    .filter(captured({ limit: 8 }, d => d.value < limit))
    .groupby("key")
    .count(),
  opaque: scores.derive({ text: d => [d.value].map(x => x + 1).join("-") }),
  derived: scores
    .derive({ "twice as much": d => d.value * 2, value: d => -d.value, label: d => `${d.key}: ${d.value}` })
    .select("value", { "twice as much": "double" }, "label")
    .rename({ label: "name" }),
  relational: scores.groupby({ even: d => d.value % 2 === 0 }).rollup({
    mean: d => op.sum(d.value) / op.count(),
    largest: op.max("value"),
    text: d => `${op.min(d.value)} to ${op.max(d.value)}`,
  }),
  sliding: scores
    .window(sliding("4 min", "2 min", { offset: "30 s" }))
    .trigger(afterWatermark({ early: repeatedly(afterCount(2)), late: afterCount(1) }))
    .allowedLateness("unbounded")
    .accumulation("discarding")
    .timestamp("earliest")
    .count()
    .panes(),
  sessions: scores
    .groupby("key")
    .window(sessions("1 min", { inclusive: true }))
    .accumulation("retracting")
    .count()
    .changes(),
  cumulating: scores.window(cumulating("6 min", "2 min")).rollup({ n: "count()" }),
  calendar: scores.window(calendar("week", { timeZone: "America/Sao_Paulo", weekStart: "sunday" })).count(),
  global: scores
    .window(global())
    .trigger(repeatedly(afterAny(afterCount(4), afterProcessingTime("30 s"))))
    .rollup({ list: op.collect("value") })
    .panes(),
  composite: sums
    .trigger(
      orFinally(
        repeatedly(afterEach(afterCount(1), afterAll(afterCount(2), afterProcessingTime("10 s")))),
        afterCount(3),
      ),
    )
    .emptyPanes({ onTime: "always", closing: "always" })
    .count()
    .panes(),
  never: sums.trigger(never()).count(),
  late: sums.count().late(),
  progress: ledger.progress(),
  perKey: source("ledger.jsonl", {
    eventTime: "time",
    arrivalTime: "posted_at",
    watermark: bounded("1 min", { per: "key", key: "account", idle: "10 min" }),
  }).progress(),
  strategies: scores.union(
    source("streaming-101.jsonl", { eventTime: "event_time", watermark: perfect() }).derive({
      processing_time: d => d.event_time,
    }),
    source("streaming-101.jsonl", { eventTime: "event_time", watermark: percentile(0.9, 5) }).derive({
      processing_time: d => d.event_time,
    }),
    source("streaming-101.jsonl", { eventTime: "event_time", watermark: adaptive(0.9) }).derive({
      processing_time: d => d.event_time,
    }),
    source("streaming-101.jsonl", {
      eventTime: "event_time",
      watermark: punctuated({ source: "d => d.value > 7", parameters: {} }),
    }).derive({ processing_time: d => d.event_time }),
  ),
  join: large.join(sums.rollup({ total: d => op.sum(d.value) }), "key"),
  joinNames: ledger.joinLeft(snapshots, { account: "account" }, { suffixes: ["_flow", "_state"] }),
  joinFunction: scores.joinFull(
    typed,
    captured({ limit }, (l, r) => l.key === r.tag && l.value > limit),
  ),
  joinWindow: ledger.window(fixed("1 h")).joinRight(snapshots, ["account"]),
  semi: ledger.semijoin(snapshots, "account"),
  anti: ledger.antijoin(
    snapshots.filter(d => d.account === "till"),
    "account",
    { window: fixed("6 h"), allowedLateness: "1 h" },
  ),
  dedupe: ledger.dedupe("account", { within: "1 h" }).dedupe(["account", "note"], { keep: "last" }),
  dedupeAll: scores.dedupe(),
  topN: scores.groupby("key").topN(2, [desc("value"), d => d.event_time]),
  topWindow: scores.window(fixed("2 min")).topN(
    1,
    desc(d => d.value),
  ),
  balances: ledger.groupby("account").integrate(d => d.amount, { opening: { till: 100 } }),
  openings: ledger
    .groupby("account")
    .integrate("amount", { opening: { from: snapshots, value: "balance", by: { account: d => d.account } } }),
  flows: ledger.groupby("account").integrate("amount", { opening: 5 }).differentiate(),
  snapshotFlows: snapshots.groupby("account").differentiate("balance", { opening: null }),
  branch: parts.big.union(parts.otherwise.derive({ value: 0 })),
  sample: ledger.sample(0.3, { by: "account", seed: 12 }).union(ledger.sample(0.1)),
  ordered: scores.orderby(desc("value"), d => d.event_time),
  flatMap: scores.flatMap(
    captured({ limit }, d => [
      { key: d.key, half: d.value / limit },
      { key: d.key, half: null },
    ]),
    { columns: { key: "string", half: "number" } },
  ),
  unnest: scores
    .groupby("key")
    .rollup({ all: op.collect("value") })
    .unnest("all", { as: "one", type: "number" }),
  disturbed: ledger.withLateness({ delay: { pareto: ["1 min", 1.5] }, share: 0.3, duplicate: 0.1, drop: 0.1, seed: 7 }),
  disturbedUniform: ledger
    .withLateness({ delay: { uniform: [0, "1 h"] } })
    .union(ledger.withLateness({ delay: { exponential: "90 s" } })),
  faults: ledger.withLateness({ delay: "5 min" }).faults().select("extra_delay"),
  lookup: ledger.lookup(snapshots, "account", { kind: "inner" }),
  intervalJoin: ledger.intervalJoin(snapshots, "account", {
    lower: "-10 min",
    upper: "1 h",
    kind: "left",
    allowedLateness: "6 h",
  }),
  asofJoin: ledger.asofJoin(snapshots, "account", { kind: "inner", tolerance: "30 min", suffixes: ["", "_then"] }),
  stateful: ledger.groupby("account").stateful({
    initial: { rows: 0 },
    onRow: captured({ limit }, (state, row, ctx) => {
      state.rows++;
      if (state.rows % limit === 0) ctx.eventTimer(row.time + 60_000, "soon");
    }),
    onTimer: (state, timer, ctx) => ctx.emit({ account: ctx.key.account, rows: state.rows, what: timer.name }),
    columns: { account: "string", rows: "number", what: "string" },
  }),
  expected: ledger
    .groupby("account")
    .window(fixed("1 h"))
    .rollup({ total: d => op.sum(d.amount), rows: op.count() })
    .nowcast({ value: "rows", every: "10 min" }),
  reconciled: ledger.groupby("account").reconcile(snapshots, { flow: "amount", balance: d => d.balance }),
};

describe("scripts", { concurrent: true }, () => {
  test.each(Object.entries(PIPELINES))("%s", async (name, stream) => {
    const headless = await opened(stream, name);
    const { hash, rows: count } = hashOf(headless);
    const { stderr } = await runScript(await written("typescript", exported(headless, "typescript")));
    expect(stderr.trim()).toBe(`output hash ${hash}`);
    // A hash of nothing would prove nothing.
    if (name !== "late") expect(count).toBeGreaterThan(0);
  });

  test("there is one for every verb", () => {
    const used = new Set(Object.values(PIPELINES).flatMap(s => topological([s.node]).map(n => n.verb)));
    expect([...used].sort()).toEqual(Object.keys(VERBS).sort());
  });

  test.each([
    ["bank-day-totals.html", "daily"],
    ["bank-day-totals.html", "dropped"],
    ["streaming-101.html", "panes"],
  ])("%s: %s", async (file, cell) => {
    const headless = await openedCell(await readFile(join(ROOT, "notebooks", file), "utf8"), cell);
    const { hash, rows: count } = hashOf(headless);
    expect(count).toBeGreaterThan(1);
    const { stdout, stderr } = await runScript(await written("typescript", exported(headless, "typescript")));
    expect(stderr.trim()).toBe(`output hash ${hash}`);
    expect(stdout.split("\n").length).toBeGreaterThan(1);
  });
});

const NOTEBOOK = `<!doctype html>
<notebook>
  <title>Captured</title>
  <script id="1" type="text/x-typescript">
    const threshold: number = 4, names = {team: "Team A"}, source2 = 2;
  </script>
  <script id="2" type="text/x-typescript">
    const scores = source("streaming-101.jsonl", {eventTime: "event_time", arrivalTime: "processing_time"});
    const big = scores
      .filter(d => d.value > threshold - 1 && d.value >= source2)
      .derive({who: d => names[d.key], list: d => [1, 2].map(x => x * threshold).join()})
      .groupby("who")
      .rollup({n: op.count(), list: d => op.max(d.list), sum: d => op.sum(d.value * threshold)});
  </script>
</notebook>`;

test("values captured from other cells are written along", async () => {
  const headless = await openedCell(NOTEBOOK, "big");
  const result = exported(headless, "typescript");
  const [{ name, text }] = result.files;
  expect(name).toBe("big.ts");
  expect(text).toContain("const threshold = 4;");
  expect(text).toContain("captured({ threshold, source2 }, d => d.value > threshold - 1 && d.value >= source2)");
  expect(text).not.toContain("__captured");
  const { stdout, stderr } = await runScript(await written("typescript", result));
  expect(stderr.trim()).toBe(`output hash ${hashOf(headless).hash}`);
  expect(stdout).toBe('{"who":"Team A","n":6,"list":"4,8","sum":164}\n');
});

test("what the notebook writes around nested functions is taken out", () => {
  const wrap = (names: string, fn: string): string => `__captured(() => ({${names}}), ${fn})`;
  const inner = wrap("get k() {return k}", "y => y + k");
  expect(withoutWrappers(`d => d.list.map(${wrap("get d() {return d}", `x => [x].map(${inner})`)})`)).toBe(
    "d => d.list.map(x => [x].map(y => y + k))",
  );
  expect(withoutWrappers("d => d.__captured")).toBe("d => d.__captured");
});
