/** The charts of the gallery: each runs in the engine over a sample or a small log made for it, and is drawn from its tables. */
import type { ChartSpec, DrawOptions } from "../../src/charts/chart.ts";
import { CHARTS } from "../../src/charts/index.ts";
import {
  type ChartName,
  corrections,
  dropCurve,
  lateness,
  stability,
  stateCost,
  timeMap,
  watermarkHold,
  watermarkQuality,
  windowLanes,
} from "../../src/charts/plans.ts";
import { afterCount, afterProcessingTime, afterWatermark } from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { calendar, fixed } from "../../src/model/windows.ts";
import { rows, source, type Stream } from "../../src/pipeline/stream.ts";
import { runChart } from "./engine.ts";
import { type LogRow, randomLog } from "./naive.ts";
import { page } from "./page.ts";

export interface Figure {
  readonly chart: ChartName;
  readonly title: string;
  readonly make: () => ChartSpec;
  /** Processing time to stop at, for a picture in mid-replay. */
  readonly until?: number;
}

const HOUR = 3_600_000;
const START = Date.UTC(2026, 2, 28);

const payments = source("bank-payments.jsonl", {
  eventTime: "booked_at",
  arrivalTime: "received_at",
  partition: "branch",
  watermark: bounded("30 s", { idle: "2 min", future: "5 min" }),
});
const daily = payments
  .groupby("branch")
  .window(calendar("day", { timeZone: "Europe/London" }))
  .trigger(afterWatermark({ early: afterProcessingTime("1 h", { aligned: true }), late: afterCount(1) }))
  .allowedLateness("2 h")
  .rollup({ total: "d => op.sum(d.amount)", payments: "d => op.count()" });
const hourly = payments
  .groupby("branch")
  .window(fixed("1 h"))
  .allowedLateness("10 min")
  .rollup({ total: "d => op.sum(d.amount)", payments: "d => op.count()" });
const scores = source("streaming-101.jsonl", {
  eventTime: "event_time",
  arrivalTime: "processing_time",
  watermark: bounded(0),
});
const sums = scores
  .groupby("key")
  .window(fixed("2 min"))
  .trigger(afterWatermark({ early: afterProcessingTime("1 min", { aligned: true }), late: afterCount(1) }))
  .allowedLateness("1 min")
  .rollup({ total: "d => op.sum(d.value)" });

/** A stream of a made log: rows with both times in ms. */
export function logStream(log: readonly LogRow[], delay: string | number): Stream {
  return rows(
    log.map(r => ({ event: r.event, arrival: r.arrival, value: r.value, partition: r.partition ?? "all" })),
    {
      eventTime: { column: "event", unit: "ms" },
      arrivalTime: { column: "arrival", unit: "ms" },
      partition: "partition",
      watermark: bounded(delay),
    },
  );
}

const two = logStream(randomLog(3, 1_500, { length: 2 * HOUR, start: START }), "30 s");
const tenMinutes = two.window(fixed("10 min")).allowedLateness("5 min").rollup({ total: "d => op.sum(d.value)" });

/** Every chart of the gallery, in the order of the list of charts. */
export const FIGURES: readonly Figure[] = [
  { chart: "timeMap", title: "the running example of Streaming 101", make: () => timeMap(sums) },
  { chart: "timeMap", title: "two hours, in mid-replay", make: () => timeMap(tenMinutes), until: START + 1.3 * HOUR },
  { chart: "timeMap", title: "three days of payments", make: () => timeMap(daily) },
  { chart: "lateness", title: "three days of payments", make: () => lateness(daily) },
  { chart: "dropCurve", title: "payments by the hour", make: () => dropCurve(hourly) },
  { chart: "corrections", title: "daily totals", make: () => corrections(daily) },
  {
    chart: "windowLanes",
    title: "daily totals, Sunday noon",
    make: () => windowLanes(daily),
    until: START + 36 * HOUR,
  },
  { chart: "watermarkHold", title: "five branches", make: () => watermarkHold(payments) },
  { chart: "watermarkQuality", title: "three days of payments", make: () => watermarkQuality(payments) },
  { chart: "stability", title: "payments by the hour", make: () => stability(hourly) },
  { chart: "stateCost", title: "payments by the hour", make: () => stateCost(hourly) },
];

/** Runs a figure and draws it. */
export async function drawFigure(figure: Figure, width = 720): Promise<Element> {
  const { tables, options } = await runChart(figure.make(), figure.until ?? null);
  return CHARTS[figure.chart].draw(tables, { ...options, width, document: page } as DrawOptions & never);
}
