/** The charts of the gallery: each runs in the engine over a sample or a small log made for it, and is drawn from its tables. */
import type { ChartSpec, DrawOptions } from "../../src/charts/chart.ts";
import { CHARTS } from "../../src/charts/index.ts";
import * as charts from "../../src/charts/plans.ts";
import type { ChartName } from "../../src/charts/plans.ts";
import { afterCount, afterProcessingTime, afterWatermark } from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { calendar, fixed, sessions } from "../../src/model/windows.ts";
import { rows, source } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { runChart } from "./engine.ts";
import { type LogRow, random, randomLog } from "./naive.ts";
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

/** A ledger of ten days with a snapshot every six hours; one flow of 900 is missing from it, and some come hours late. */
const ledger = Array.from({ length: 900 }, (_, i) => {
  const next = random(i + 11);
  const event = START + Math.floor(next() * 240) * HOUR + Math.floor(next() * HOUR);
  return {
    event,
    arrival: event + Math.floor(next() < 0.96 ? next() * 60_000 : next() * 14 * HOUR),
    amount: Math.round(next() * 400 - 170),
  };
}).sort((a, b) => a.arrival - b.arrival);
const MISSING = START + 150 * HOUR;
const snapshots = Array.from({ length: 40 }, (_, i) => {
  const event = START + (i + 1) * 6 * HOUR;
  const flows = ledger.filter(f => f.event <= event).reduce((n, f) => n + f.amount, 0);
  return { event, arrival: event + 60_000, balance: 12_000 + flows + (event > MISSING ? 900 : 0) };
});
const inMs = { eventTime: { column: "event", unit: "ms" }, arrivalTime: { column: "arrival", unit: "ms" } } as const;
const flows = rows(ledger, { ...inMs, watermark: bounded("15 h") });
const taken = rows(snapshots, { ...inMs, watermark: bounded(0) });

/** Clicks of two users; a few come minutes late and bridge gaps that had already been closed. */
const clicks = randomLog(21, 70, { length: 4 * HOUR, start: START, partitions: ["ann", "ben"], scale: 60 });
const visits = logStream(clicks, "20 min")
  .groupby("partition")
  .window(sessions("6 min"))
  .allowedLateness("1 h")
  .accumulation("retracting")
  .rollup({ clicks: "d => op.count()" });

/** Orders and their payments, most of them within ten minutes. */
const orders = Array.from({ length: 400 }, (_, i) => ({
  order: `o${i}`,
  event: START + i * 40_000,
  arrival: START + i * 40_000 + 1_000,
}));
const paid = orders
  .map((o, i) => {
    const next = random(i + 5);
    const wait = next() < 0.9 ? next() * 500_000 : next() * 5_400_000;
    return {
      order: o.order,
      event: o.event + Math.floor(wait),
      arrival: o.event + Math.floor(wait) + 2_000,
      skip: next() < 0.03,
    };
  })
  .filter(p => !p.skip)
  .map(({ order, event, arrival }) => ({ order, event, arrival }))
  .sort((a, b) => a.arrival - b.arrival);

/** Two sources with delays of their own, counted together. */
const both = rows(paid, { ...inMs, watermark: bounded("5 min") })
  .union(
    rows(
      paid.map(p => ({ ...p, arrival: p.arrival + 900_000 })),
      { ...inMs, watermark: bounded("20 min") },
    ),
  )
  .window(fixed("30 min"))
  .rollup({ payments: "d => op.count()" });

/** Every chart of the gallery, in the order of the list of charts. */
export const FIGURES: readonly Figure[] = [
  { chart: "timeMap", title: "the running example of Streaming 101", make: () => charts.timeMap(sums) },
  {
    chart: "timeMap",
    title: "two hours, in mid-replay",
    make: () => charts.timeMap(tenMinutes),
    until: START + 1.3 * HOUR,
  },
  {
    chart: "timeMap",
    title: "near its end, with what is expected",
    make: () => charts.timeMap(tenMinutes),
    until: START + 1.94 * HOUR,
  },
  { chart: "timeMap", title: "sessions that merge", make: () => charts.timeMap(visits) },
  { chart: "timeMap", title: "three days of payments", make: () => charts.timeMap(daily) },
  { chart: "timeMap", title: "two sources", make: () => charts.timeMap(both) },
  { chart: "delayMap", title: "three days of payments", make: () => charts.delayMap(daily) },
  { chart: "lateness", title: "three days of payments", make: () => charts.lateness(daily) },
  { chart: "dropCurve", title: "payments by the hour", make: () => charts.dropCurve(hourly) },
  { chart: "corrections", title: "daily totals", make: () => charts.corrections(daily) },
  {
    chart: "corrections",
    title: "ten minutes, while the last still take late rows",
    make: () => charts.corrections(tenMinutes),
    until: START + 1.88 * HOUR,
  },
  {
    chart: "windowLanes",
    title: "daily totals, Sunday noon",
    make: () => charts.windowLanes(daily),
    until: START + 36 * HOUR,
  },
  {
    chart: "windowLanes",
    title: "payments by the hour, in mid-replay",
    make: () => charts.windowLanes(hourly, { lanes: 12 }),
    until: START + 36.6 * HOUR,
  },
  { chart: "windowLanes", title: "sessions", make: () => charts.windowLanes(visits, { lanes: 16 }) },
  { chart: "panes", title: "the running example of Streaming 101", make: () => charts.panes(sums) },
  { chart: "panes", title: "daily totals", make: () => charts.panes(daily) },
  {
    chart: "balanceVsFlow",
    title: "a ledger with a gap",
    make: () =>
      charts.balanceVsFlow(flows, { amount: "d => d.amount", snapshots: taken, step: "3 h", opening: 12_000 }),
  },
  {
    chart: "balanceVsFlow",
    title: "payments as of Sunday noon",
    make: () =>
      charts.balanceVsFlow(payments, {
        amount: "amount",
        step: "1 h",
        asOf: START + 36 * HOUR,
        assertions: [{ at: START + 24 * HOUR, balance: 800_000 }],
      }),
  },
  {
    chart: "balanceVsFlow",
    title: "payments in mid-replay",
    make: () => charts.balanceVsFlow(payments, { amount: "amount", step: "30 min" }),
    until: START + 36.2 * HOUR,
  },
  { chart: "watermarkHold", title: "five branches", make: () => charts.watermarkHold(payments) },
  { chart: "watermarkQuality", title: "three days of payments", make: () => charts.watermarkQuality(payments) },
  { chart: "stability", title: "payments by the hour", make: () => charts.stability(hourly) },
  { chart: "delayVsLateness", title: "payments by the hour", make: () => charts.delayVsLateness(hourly) },
  { chart: "pareto", title: "payments by the hour", make: () => charts.pareto(hourly) },
  { chart: "sessionSurgery", title: "two users", make: () => charts.sessionSurgery(visits) },
  {
    chart: "joinMisses",
    title: "orders and payments",
    make: () => charts.joinMisses(rows(orders, { ...inMs }), rows(paid, { ...inMs }), { on: "order", within: "5 min" }),
  },
  { chart: "stateCost", title: "payments by the hour", make: () => charts.stateCost(hourly) },
  {
    chart: "wholeDay",
    title: "UTC and Los Angeles, in mid-replay",
    make: () => charts.wholeDay(payments, { zone: "America/Los_Angeles" }),
    until: START + 36.2 * HOUR,
  },
  { chart: "wholeDay", title: "UTC and London", make: () => charts.wholeDay(daily) },
  {
    chart: "wholeDay",
    title: "UTC and Los Angeles",
    make: () => charts.wholeDay(payments, { zone: "America/Los_Angeles", amount: "d => d.amount" }),
  },
  { chart: "profiles", title: "payments by the hour", make: () => charts.profiles(hourly) },
  {
    chart: "knowledgeTriangle",
    title: "payments in mid-replay",
    make: () => charts.knowledgeTriangle(payments),
    until: START + 60 * HOUR,
  },
  {
    chart: "waterfall",
    title: "payments by the hour, in mid-replay",
    make: () => charts.waterfall(hourly),
    until: START + 12.6 * HOUR,
  },
  {
    chart: "waterfall",
    title: "three days of payments",
    make: () => charts.waterfall(daily, { opening: 500_000, closing: 3_000_000 }),
  },
];

/** Runs a figure, and gives a way to draw it at any width. */
export async function prepareFigure(figure: Figure): Promise<(width: number) => Element> {
  const { tables, options } = await runChart(figure.make(), figure.until ?? null);
  return width => CHARTS[figure.chart].draw(tables, { ...options, width, document: page } as DrawOptions & never);
}

/** Runs a figure and draws it at its usual width. */
export async function drawFigure(figure: Figure): Promise<Element> {
  return (await prepareFigure(figure))(720);
}
