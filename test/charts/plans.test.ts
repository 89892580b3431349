import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CHARTS } from "../../src/charts/index.ts";
import { isChart, lateness, planChart, PLANS, timeMap } from "../../src/charts/plans.ts";
import { withWatermark, eager, windowFacts } from "../../src/charts/twins.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import { source } from "../../src/pipeline/sources.ts";

const payments = source("payments.jsonl", {
  eventTime: "at",
  arrivalTime: "seen",
  partition: "branch",
  watermark: bounded("30 s", { idle: "2 min", future: "5 min" }),
});
const hourly = payments
  .groupby("branch")
  .window(fixed("1 h"))
  .allowedLateness("10 min")
  .rollup({ total: "d => op.sum(d.amount)" });

test("a chart is plain data that survives a message", () => {
  const chart = timeMap(hourly, { step: 60_000 });
  expect(isChart(chart)).toBe(true);
  expect(isChart({ chart: "timeMap" })).toBe(false);
  expect(structuredClone(chart)).toEqual(chart);
  expect(JSON.parse(JSON.stringify(chart))).toEqual(chart);
});

test("a plan of a message is the plan of the chart", () => {
  const direct = planChart(timeMap(hourly), null);
  const sent = planChart(structuredClone(timeMap(hourly)), null);
  for (const [name, stream] of Object.entries(direct.tables)) expect(sent.tables[name].id).toBe(stream.id);
  expect(Object.keys(direct.tables)).toEqual([
    "rows",
    "cells",
    "progress",
    "course",
    "windows",
    "expected",
    "panes",
    "firings",
  ]);
  expect(direct.options).toMatchObject({
    windowSize: 3_600_000,
    allowedLateness: 600_000,
    delay: 30_000,
    keys: ["branch"],
    outputs: ["total"],
  });
});

test("a time map of a source without windows has rows and watermark", () => {
  expect(Object.keys(planChart(timeMap(payments), null).tables)).toEqual(["rows", "cells", "progress", "course"]);
});

test("bins follow the log's span, so that their number is bounded", () => {
  const start = Date.UTC(2026, 0, 1);
  for (const span of [60_000, 3_600_000, 86_400_000, 400 * 86_400_000]) {
    const { options } = planChart(timeMap(hourly), { start, end: start + span });
    expect(span / (options.cell as number)).toBeLessThanOrEqual(160);
  }
});

test("the drop curve's plan does not depend on the delay at hand", () => {
  const other = source("payments.jsonl", {
    eventTime: "at",
    arrivalTime: "seen",
    partition: "branch",
    watermark: bounded("45 s", { idle: "2 min", future: "5 min" }),
  });
  const a = planChart({ tidemark: "chart", chart: "dropCurve", streams: { stream: hourly.node }, options: {} }, null);
  const b = planChart(
    {
      tidemark: "chart",
      chart: "dropCurve",
      streams: {
        stream: other
          .groupby("branch")
          .window(fixed("1 h"))
          .allowedLateness("20 min")
          .rollup({ total: "d => op.sum(d.amount)" }).node,
      },
      options: {},
    },
    null,
  );
  expect(a.tables.margins.id).toBe(b.tables.margins.id);
  expect(a.tables.disorder.id).toBe(b.tables.disorder.id);
  expect(a.tables.fates.id).not.toBe(b.tables.fates.id);
});

test("a twin keeps partitions, idleness and guard", () => {
  const node = withWatermark(hourly.node, eager);
  const made = (node as { input: { watermark: unknown } }).input.watermark;
  expect(made).toEqual(bounded(0, { idle: "2 min", future: "5 min" }));
  expect(windowFacts(hourly).delay).toBe(30_000);
});

test("errors say what is missing and what to write", () => {
  expect(() => timeMap(7 as never)).toThrow(/timeMap needs a stream as its first argument.*This is 7/);
  expect(() => planChart({ tidemark: "chart", chart: "pie", streams: {}, options: {} }, null)).toThrow(
    /no chart "pie".*timeMap/,
  );
  const corrections = {
    tidemark: "chart",
    chart: "corrections",
    streams: { stream: hourly.node },
    options: { value: "n" },
  } as const;
  expect(() => planChart(corrections, null)).toThrow(/value "n".*total/);
  expect(() => planChart({ ...corrections, streams: { stream: payments.node }, options: {} }, null)).toThrow(
    /needs a stream with windows/,
  );
  expect(lateness(payments).chart).toBe("lateness");
});

test("every chart has both halves under one name, and a question", () => {
  for (const [name, chart] of Object.entries(CHARTS)) {
    expect(chart.name).toBe(name);
    expect(PLANS[name as keyof typeof PLANS].question.length).toBeGreaterThan(20);
    expect(typeof chart.draw).toBe("function");
    expect(typeof chart.summary).toBe("function");
  }
});

test("every colour token that charts use is one the app defines", () => {
  const look = readFileSync(new URL("../../src/charts/look.ts", import.meta.url), "utf8");
  const tokens = readFileSync(new URL("../../src/renderer/styles/tokens.css", import.meta.url), "utf8");
  const used = [...look.matchAll(/var\((--[a-z0-9-]+)/g)].map(m => m[1]);
  expect(used.length).toBeGreaterThan(8);
  for (const name of used) expect(tokens, `${name} in tokens.css`).toContain(`${name}:`);
});

test("the page about charts tells of every chart, and of no other", () => {
  const docs = readFileSync(new URL("../../docs/charts.md", import.meta.url), "utf8");
  const told = [...docs.matchAll(/^\| `(\w+)\(/gm)].map(m => m[1]);
  expect([...told].sort()).toEqual(Object.keys(PLANS).sort());
});
