/**
 * `delayMap`, the page's half. Over days the time map is all diagonal: seconds and hours of delay lie on one line. Here the
 * diagonal is the floor, and the delay stands upright on a scale of ratios, so that an outage is a ramp and a batch a comb.
 */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import { ratioBinBounds } from "../bins.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { passedWhen, type SteppedCourse } from "../delay-vs-lateness/settings.ts";
import { durationAxisY } from "../duration-axis.ts";
import {
  DROPPED,
  emptyState,
  figure,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  shapePath,
  svgElement,
  TIMING_COLOURS,
  timeAxisX,
  tip,
  WATERMARK,
  widthOf,
} from "../look.ts";
import { momentText, zoneNote } from "../time-axis.ts";
import type { Course } from "../courses.ts";
import { type Bounds, boundsOf, FATES, type Fate, sceneOf } from "../time-map/scene.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, countText, numberText, shareText } from "../words.ts";
import { numbers, table, texts } from "../wire.ts";
import { DELAY_BINS } from "./plan.ts";

type DelayMapFacts = Partial<WindowFacts> & { readonly cell?: number; readonly courseStep?: number };

interface Cell {
  readonly event: number;
  readonly low: number;
  readonly high: number;
  readonly fate: Fate;
  readonly rows: number;
}

function cellsOf(tables: Tables): readonly Cell[] {
  const cells = table(tables, "cells");
  const event = numbers(cells, "event");
  const delay = numbers(cells, "delay");
  const fate = texts(cells, "fate");
  const rows = numbers(cells, "rows");
  const out: Cell[] = [];
  for (let i = 0; i < cells.length; i++) {
    if (!(rows[i] > 0)) continue;
    const [low, high] = ratioBinBounds(delay[i], DELAY_BINS);
    const known = fate[i] === "late" || fate[i] === "dropped" ? (fate[i] as Fate) : "on-time";
    out.push({ event: event[i], low, high, fate: known, rows: rows[i] });
  }
  return out;
}

/** The source's own course, exact where it came move by move. */
function steppedOf(tables: Tables, courses: readonly Course[], step: number): SteppedCourse | null {
  const main = courses.find(c => c.partition === null);
  if (main === undefined) return null;
  if (table(tables, "progress").length > 0) return { at: main.at, watermark: main.watermark, step: 0 };
  return { at: main.last, watermark: main.watermark, step };
}

const countOf = (cells: readonly Cell[], fate: Fate): number =>
  cells.reduce((n, c) => n + (c.fate === fate ? c.rows : 0), 0);

export const delayMap: ChartDrawing<DelayMapFacts> = {
  name: "delayMap",
  draw(tables, options) {
    const cells = cellsOf(tables);
    if (cells.length === 0)
      return emptyState(
        options,
        "delayMap",
        "No row has arrived yet. Press play to see how late each moment's rows come.",
      );
    const size = options.cell ?? 60_000;
    const scene = sceneOf({ ...tables, rows: { length: 0, columns: [] }, cells: { length: 0, columns: [] } }, options);
    const marks = cells.map(c => ({
      event: c.event + size / 2,
      arrival: c.event + size / 2 + Math.max(c.low, 0),
      fate: c.fate,
      rows: c.rows,
    }));
    const bounds = boundsOf({ ...scene, marks }, options.span);
    if (bounds === null) return emptyState(options, "delayMap", "No row has arrived yet.");
    const timeZone = options.timeZone ?? options.zone ?? "UTC";
    const ahead = cells.reduce((n, c) => n + (c.high <= -1 ? c.rows : 0), 0);
    return figure(options, {
      chart: "delayMap",
      summary: summary(tables),
      legend: [
        { label: "rows on time", shape: "area", colour: ON_TIME },
        ...(countOf(cells, "late") > 0 ? [{ label: "late", shape: "diamond", colour: LATE } as const] : []),
        ...(countOf(cells, "dropped") > 0 ? [{ label: "dropped", shape: "cross", colour: DROPPED } as const] : []),
        { label: "the watermark passes: above it a row is late", shape: "line", colour: WATERMARK },
      ],
      body: [picture(cells, steppedOf(tables, scene.courses, options.courseStep ?? 0), scene.windows, bounds, options)],
      notes: [
        `Cells of ${formatDuration(size)} of event time.`,
        ...(ahead > 0 ? [`${countText(ahead, "row")} of a clock that runs ahead cannot be shown.`] : []),
        zoneNote(
          timeZone,
          bounds.x[0] + (bounds.x[1] - bounds.x[0]) * 0.015,
          bounds.x[1] - (bounds.x[1] - bounds.x[0]) * 0.015,
        ),
      ],
    });
  },
  summary,
};

function summary(tables: Tables): string {
  const cells = cellsOf(tables);
  const total = cells.reduce((n, c) => n + c.rows, 0);
  if (total === 0) return "No row has arrived yet.";
  const late = countOf(cells, "late");
  const dropped = countOf(cells, "dropped");
  const worst = cells.filter(c => c.fate !== "on-time").reduce((a, c) => Math.max(a, c.high), 0);
  return (
    `Of ${countText(total, "row")} ${shareText((total - late - dropped) / total)} came before the watermark; ${numberText(late)} came late, ` +
    `${dropped === 0 ? "none were dropped" : `${numberText(dropped)} ${dropped === 1 ? "was" : "were"} dropped`}${worst > 0 ? `, the latest about ${aboutText(worst)} after it happened` : ""}.`
  );
}

function picture(
  cells: readonly Cell[],
  course: SteppedCourse | null,
  windows: readonly { readonly start: number; readonly end: number }[],
  bounds: Bounds,
  options: DrawOptions & DelayMapFacts,
): Element {
  const width = widthOf(options);
  const height = options.height ?? 320;
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const size = options.cell ?? 60_000;
  const [x0, x1] = bounds.x;
  const shown = cells.filter(c => c.low >= 1 && c.event + size > x0 && c.event < x1);
  const sorted = shown.map(c => c.low).sort((a, b) => a - b);
  const low = Math.max((sorted[Math.floor(sorted.length * 0.01)] ?? 1) * 0.7, 1);
  const high = Math.max((sorted[sorted.length - 1] ?? 1_000) * 1.6, low * 20);
  const pixel = (width - 74) / (x1 - x0);
  const borders = [
    ...new Set(windows.filter(w => (w.end - w.start) * pixel > 5).flatMap(w => [w.start, w.end])),
  ].filter(v => v > x0 && v < x1);
  return plot(options, {
    height,
    marginLeft: 58,
    marginRight: 16,
    marginTop: 26,
    marginBottom: 46,
    clip: true,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "log", domain: [low, high] },
    marks: [
      Plot.ruleX(borders, { stroke: INK_SOFT, strokeOpacity: 0.3 }),
      ...timeAxisX(x0, x1, timeZone, width - 74, "event time →"),
      ...durationAxisY(low, high, height - 72, "↑ delay"),
      FATES.map(fate =>
        fateCells(
          shown.filter(c => c.fate === fate),
          fate,
          size,
        ),
      ),
      course === null ? null : passing(course, bounds, low, high, width - 74),
      tip(
        shown,
        {
          x: (c: Cell) => c.event + size / 2,
          y: (c: Cell) => Math.sqrt(c.low * c.high),
          title: (c: Cell) =>
            `${countText(c.rows, "row")}, ${c.fate}\nhappened about ${momentText(c.event, timeZone)}\n${aboutText(c.low)} to ${aboutText(c.high)} under way`,
        },
        (c: Cell) => ({
          title: `${c.fate} row of about ${momentText(c.event, timeZone)}`,
          values: {
            event_time: c.event,
            event_time_until: c.event + size,
            delay: c.low,
            delay_until: c.high,
            fate: c.fate,
          },
        }),
      ),
    ],
  });
}

type Scales = { readonly x: (v: number) => number; readonly y: (v: number) => number };

/** Cells of one fate as a few paths, one for each shade. What came late is marked by its shape too. */
function fateCells(cells: readonly Cell[], fate: Fate, size: number): Plot.Markish {
  const most = cells.reduce((a, c) => Math.max(a, c.rows), 1);
  const shades = 6;
  return (_index, scales, _values, _dimensions, context) => {
    const { x, y } = scales as unknown as Scales;
    const paths = Array.from({ length: shades }, () => "");
    for (const c of cells) {
      const shade = Math.min(shades - 1, Math.floor(Math.cbrt(c.rows / most) * shades));
      const [left, right, top, bottom] = [x(c.event), x(c.event + size), y(c.high), y(c.low)];
      const wide = Math.max(right - left, 1.4);
      if (fate === "dropped") paths[shade] += shapePath("cross", (left + right) / 2, (top + bottom) / 2, 3.4);
      else if (fate === "late")
        paths[shade] += shapePath(
          "diamond",
          (left + right) / 2,
          (top + bottom) / 2,
          Math.min(wide * 0.55, 3.2) + shade * 0.2,
        );
      else
        paths[shade] +=
          `M${left.toFixed(1)},${top.toFixed(1)}h${wide.toFixed(1)}V${bottom.toFixed(1)}h${(-wide).toFixed(1)}Z`;
    }
    const group = svgElement(context.document, "g", { class: `tm-cells tm-${fate}` });
    paths.forEach((d, shade) => {
      if (d === "") return;
      const path = svgElement(context.document, "path", { d });
      const opacity = String(0.25 + (0.7 * (shade + 1)) / shades);
      Object.assign(
        path.style,
        fate === "dropped"
          ? { fill: "none", stroke: DROPPED, strokeWidth: "1.8" }
          : { fill: TIMING_COLOURS[fate], fillOpacity: fate === "late" ? "0.85" : opacity },
      );
      group.append(path);
    });
    return group;
  };
}

/** The delay at which the watermark passes each moment of event time, one for each pixel across. */
function passing(
  course: SteppedCourse,
  { x: [x0, x1] }: Bounds,
  low: number,
  high: number,
  width: number,
): Plot.Markish {
  return (_index, scales, _values, _dimensions, context) => {
    const { x, y } = scales as unknown as Scales;
    let d = "";
    for (let i = 0; i <= width; i++) {
      const moment = x0 + ((x1 - x0) * i) / width;
      const delay = passedWhen(course, moment) - moment;
      // What has not been passed yet, and what lies before the first row, has no delay.
      if (Number.isNaN(delay) || (course.watermark.length > 0 && moment < course.watermark[0])) continue;
      d += `${d === "" ? "M" : "L"}${x(moment).toFixed(1)},${y(Math.min(Math.max(delay, low), high)).toFixed(1)}`;
    }
    const group = svgElement(context.document, "g", { class: "tm-watermark" });
    for (const [stroke, strokeWidth] of [
      [PAPER, "4"],
      [WATERMARK, "1.6"],
    ] as const) {
      const path = svgElement(context.document, "path", { d });
      Object.assign(path.style, {
        fill: "none",
        stroke,
        strokeWidth,
        strokeLinejoin: "round",
        strokeOpacity: stroke === PAPER ? "0.7" : "1",
      });
      group.append(path);
    }
    return group;
  };
}
