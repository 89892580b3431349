/** `stability`, the page's half: the share of results that have settled by a time after their window's end, and window by window. */
import * as Plot from "@observablehq/plot";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { distributionOf, quantile, shareBeyond } from "../distribution.ts";
import { durationAxisX, durationAxisY, shareAxisY } from "../duration-axis.ts";
import {
  documentOf,
  emptyState,
  figure,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  timeAxisX,
  tip,
  widthOf,
} from "../look.ts";
import { windowText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, countText, shareText } from "../words.ts";
import { extent, numbers, table } from "../wire.ts";
import { STABILITY_BINS } from "./plan.ts";

type StabilityFacts = Partial<WindowFacts>;

export const stability: ChartDrawing<StabilityFacts> = {
  name: "stability",
  draw(tables, options) {
    if (distributionOf(table(tables, "waits"), STABILITY_BINS).rows === 0)
      return emptyState(
        options,
        "stability",
        "No pane has come out yet. Play on until the watermark passes the end of a window.",
      );
    const width = widthOf(options);
    const half = width >= 620 ? Math.floor((width - 20) / 2) : width;
    const row = documentOf(options).createElement("div");
    Object.assign(row.style, { display: "flex", flexWrap: "wrap", gap: "12px 20px" });
    row.append(settled(tables, { ...options, width: half }), byWindow(tables, { ...options, width: half }));
    const windows = table(tables, "windows");
    const seen = extent(numbers(windows, "window_start"), numbers(windows, "window_end"));
    return figure(options, {
      chart: "stability",
      summary: summary(tables),
      legend: [
        { label: "results settled", shape: "line", colour: ON_TIME },
        { label: "last change of a window", shape: "diamond", colour: LATE },
      ],
      body: [row],
      notes: [
        "A result counts as settled at its last pane so far; one that changed on time only settled with its on-time pane.",
        ...(seen === null ? [] : [zoneNote(options.timeZone ?? options.zone ?? "UTC", seen[0], seen[1])]),
      ],
    });
  },
  summary,
};

function summary(tables: Tables): string {
  const waits = distributionOf(table(tables, "waits"), STABILITY_BINS);
  if (waits.rows === 0) return "No pane has come out yet.";
  return `Half of ${countText(waits.rows, "result")} last changed within ${aboutText(quantile(waits, 0.5))} of the window's end, 90 % within ${aboutText(quantile(waits, 0.9))}; the last one to settle took ${aboutText(waits.max)}.`;
}

function settled(tables: Tables, options: DrawOptions): Element {
  const waits = distributionOf(table(tables, "waits"), STABILITY_BINS);
  const low = Math.max(quantile(waits, 0.005) * 0.7, 1);
  const high = Math.max(waits.max * 1.25, low * 10);
  const points = Array.from({ length: 161 }, (_, i) => {
    const x = low * (high / low) ** (i / 160);
    return { x, y: 1 - shareBeyond(waits, x) };
  });
  const marks = [0.5, 0.9, 0.99].map(q => ({
    x: Math.max(quantile(waits, q), low),
    y: q,
    name: `${q * 100} %: ${aboutText(quantile(waits, q))}`,
  }));
  return plot(options, {
    height: 250,
    marginLeft: 52,
    marginRight: 14,
    marginTop: 26,
    marginBottom: 42,
    x: { type: "log", domain: [low, high] },
    y: { type: "linear", domain: [0, 1.04] },
    marks: [
      ...durationAxisX(low, high, widthOf(options) - 66, "after the window's end →"),
      ...shareAxisY("↑ results settled", [0, 0.25, 0.5, 0.75, 1]),
      Plot.areaY(points, { x: "x", y: "y", fill: ON_TIME, fillOpacity: 0.09 }),
      Plot.line(points, { x: "x", y: "y", stroke: ON_TIME, strokeWidth: 2.2 }),
      Plot.dot(marks, { x: "x", y: "y", r: 3.5, fill: ON_TIME, stroke: PAPER }),
      marks.map(m => {
        const right = m.x > low * (high / low) ** 0.6;
        return Plot.text([m], {
          x: "x",
          y: "y",
          text: "name",
          dx: right ? -4 : 9,
          // Where the curve is flat it runs to the left of its point: the name stands above it.
          dy: right ? -12 : 13,
          textAnchor: right ? "end" : "start",
          fill: INK,
          stroke: PAPER,
          strokeWidth: 4,
          fontWeight: 600,
        });
      }),
      tip(
        points.map(p => ({ ...p, title: `${shareText(p.y)} settled within ${aboutText(p.x)}` })),
        { x: "x", y: "y", title: "title" },
      ),
    ],
  });
}

function byWindow(tables: Tables, options: DrawOptions & StabilityFacts): Element {
  const source = table(tables, "windows");
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const start = numbers(source, "window_start");
  const end = numbers(source, "window_end");
  const longest = numbers(source, "longest");
  const mean = numbers(source, "mean");
  const results = numbers(source, "results");
  const points = Array.from({ length: source.length }, (_, i) => ({
    x: (start[i] + end[i]) / 2,
    start: start[i],
    end: end[i],
    longest: Math.max(longest[i], 1),
    mean: Math.max(mean[i], 1),
    title: `${windowText(start[i], end[i], timeZone, true)}\nlast change ${aboutText(longest[i])} after its end\non average ${aboutText(mean[i])} over ${countText(results[i], "result")}`,
  }))
    .filter(p => Number.isFinite(p.x))
    .sort((a, b) => a.x - b.x);
  const seen = extent(start, end) ?? [0, 1];
  const values = extent(
    Float64Array.from(points, p => p.mean),
    Float64Array.from(points, p => p.longest),
  ) ?? [1, 10];
  const [low, high] = [values[0] * 0.6, Math.max(values[1] * 1.6, values[0] * 10)];
  return plot(options, {
    height: 250,
    marginLeft: 58,
    marginRight: 10,
    marginTop: 26,
    marginBottom: 42,
    x: { type: "linear", domain: [seen[0], seen[1]] },
    y: { type: "log", domain: [low, high] },
    marks: [
      ...timeAxisX(seen[0], seen[1], timeZone, (widthOf(options) - 68) * 0.8, "window, event time →"),
      ...durationAxisY(low, high, 180, "↑ time to stable"),
      Plot.ruleX(points, { x: "x", y1: "mean", y2: "longest", stroke: INK_SOFT, strokeOpacity: 0.5 }),
      Plot.dot(points, { x: "x", y: "mean", r: 2.4, fill: INK_SOFT }),
      Plot.dot(points, {
        x: "x",
        y: "longest",
        symbol: "diamond",
        r: points.length > 80 ? 2.6 : 4,
        fill: LATE,
        stroke: PAPER,
        strokeWidth: 0.8,
      }),
      tip(points, { x: "x", y: "longest", title: "title" }, p => ({
        title: `window ${windowText(p.start, p.end, timeZone, true)}`,
        values: { window_start: p.start, window_end: p.end },
      })),
    ],
  });
}
