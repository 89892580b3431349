/** Every chart over a large log, as JSON: run by `run.mjs` in a process of its own, with `--expose-gc`. Names as arguments run those alone. */
import { JSDOM } from "jsdom";
import type { ChartName } from "../src/charts/plans.ts";
import { CHART_WORKS, ChartLogs, type ChartRun, runChart } from "./chart-runs.ts";

/** Most rows of tables that the page may get of one chart: the limits of single rows, and bins. */
const MOST_POINTS = 60_000;

const rows = Number(process.env["BENCH_N"] ?? 1_000_000);
const asked = process.argv.slice(2) as ChartName[];
const { document } = new JSDOM("<!doctype html><html><body></body></html>").window;
// What is drawn first pays for loading the code; a small log does that.
const small = new ChartLogs(20_000);
const logs = new ChartLogs(rows);
const measured: ChartRun[] = [];
for (const chart of asked.length > 0 ? asked : (Object.keys(CHART_WORKS) as ChartName[])) {
  runChart(chart, small, document);
  const result = runChart(chart, logs, document);
  if (result.points > MOST_POINTS)
    throw new Error(`${chart} hands ${result.points} rows to the page, of a log of ${rows}: more than ${MOST_POINTS}.`);
  if (result.empty) throw new Error(`${chart} draws nothing of a log of ${rows} rows: ${result.summary}`);
  measured.push(result);
  console.error(
    `${chart}: replay ${Math.round(result.replay)} ms, draw ${Math.round(result.draw)} ms, ${result.points} points, ${(result.held / 2 ** 20).toFixed(1)} MiB held, ${result.elements} elements`,
  );
}
console.log(JSON.stringify({ rows, charts: measured, peak: process.resourceUsage().maxRSS * 1024 }));
