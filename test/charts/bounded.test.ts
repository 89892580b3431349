/**
 * What the page gets of a chart does not grow with the log: not with ten times as many rows in the same time, and not with as many rows
 * in ten times the time. `npm run bench -- --only charts` measures the same of ten million rows.
 */
import { describe, expect, test } from "vitest";
import { CHART_WORKS, ChartLogs, type ChartRun, runChart } from "../../bench/chart-runs.ts";
import type { ChartName } from "../../src/charts/plans.ts";
import { page } from "./page.ts";

const SMALL = 5_000;
const small = new ChartLogs(SMALL);
const dense = new ChartLogs(10 * SMALL);
const long = new ChartLogs(10 * SMALL, { hours: 10 });

/** Rows of tables that a chart may hand over: single rows are limited, all others are bins. */
const MOST = 60_000;

describe.each(Object.keys(CHART_WORKS) as ChartName[])("%s", chart => {
  const drawn = (logs: ChartLogs): ChartRun => runChart(chart, logs, page);

  test("is bounded as rows grow tenfold", { timeout: 60_000 }, () => {
    const [few, many, far] = [drawn(small), drawn(dense), drawn(long)];
    for (const run of [few, many, far]) {
      expect(run.empty, run.summary).toBe(false);
      expect(run.points).toBeLessThanOrEqual(MOST);
      expect(run.elements).toBeLessThan(6_000);
    }
    // Ten times the rows are not ten times the points, unless these are few.
    for (const run of [many, far]) expect(run.points).toBeLessThan(Math.max(4 * few.points, 25_000));
  });
});
