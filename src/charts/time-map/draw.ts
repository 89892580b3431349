/**
 * `timeMap`, the page's half: event time to the right, processing time upwards, as the figures of *Streaming 102* have
 * it. A row stands on the dashed line if it arrived the moment it happened, and above it by as much as it was delayed;
 * what lies left of the watermark came late.
 */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import { brushable, type Selection } from "../brush.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import {
  defsMark,
  documentOf,
  DROPPED,
  EARLY,
  emptyState,
  figure,
  hatch,
  IDEAL,
  INK,
  INK_SOFT,
  LATE,
  type LegendItem,
  ON_TIME,
  PAPER,
  plot,
  type Shape,
  shapePath,
  svgElement,
  TIMING_COLOURS,
  timeAxisX,
  timeAxisY,
  tip,
  WATERMARK,
  widthOf,
} from "../look.ts";
import { bearing, type MarkStory } from "../stories.ts";
import { clockText, momentText, windowText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText, shareText } from "../words.ts";
import {
  type Bounds,
  boundsOf,
  type Course,
  courseLine,
  type Fate,
  FATES,
  type Mark,
  type PaneMark,
  type Scene,
  sceneOf,
} from "./scene.ts";

export type TimeMapDrawOptions = DrawOptions &
  Partial<WindowFacts> & { readonly cell?: number; readonly sources?: number };

const SHAPES: Readonly<Record<string, Shape>> = { "on-time": "dot", late: "diamond", dropped: "cross" };
const PANE_SHAPES: Readonly<Record<string, Shape>> = { early: "open", "on-time": "square", late: "diamond" };
const MARGIN_LEFT = 78;
const MARGIN_RIGHT = 16;
/** Windows narrower than this many pixels would be a grey smear: their bands are left out. */
const NARROWEST_BAND = 4;

export const timeMap: ChartDrawing<Partial<WindowFacts> & { readonly cell?: number; readonly sources?: number }> = {
  name: "timeMap",
  draw(tables, options) {
    const scene = sceneOf(tables, options);
    const bounds = boundsOf(scene, options.span);
    if (bounds === null || (scene.marks.length === 0 && scene.courses.length === 0))
      return emptyState(
        options,
        "timeMap",
        "No row has arrived yet. Press play, or step by one row, to see time pass.",
      );
    return drawScene(scene, bounds, options);
  },
  summary,
};

function summary(tables: Tables, options: TimeMapDrawOptions): string {
  return sentence(sceneOf(tables, options), options);
}

function sentence(scene: Scene, options: TimeMapDrawOptions): string {
  const total = scene.rows["on-time"] + scene.rows.late + scene.rows.dropped;
  if (total === 0) return "No row has arrived yet.";
  const timeZone = zoneOf(options);
  const parts = [
    `${countText(total, "row")}: ${scene.rows.late === 0 ? "none late" : `${numberText(scene.rows.late)} late but accepted`}, ` +
      `${scene.rows.dropped === 0 ? "none dropped" : `${numberText(scene.rows.dropped)} dropped (${shareText(scene.rows.dropped / total)})`}.`,
  ];
  const main = scene.courses.find(c => c.partition === null);
  const watermark = main?.watermark.at(-1);
  const at = options.now ?? main?.last.at(-1);
  if (watermark === Infinity || options.finished === true) parts.push("The input is complete.");
  else if (watermark !== undefined && at !== undefined && Number.isFinite(watermark))
    parts.push(
      `The watermark is at ${momentText(watermark, timeZone)}, ${formatDuration(Math.max(0, at - watermark))} behind.`,
    );
  return parts.join(" ");
}

function zoneOf(options: TimeMapDrawOptions): string {
  return options.timeZone ?? options.zone ?? "UTC";
}

function drawScene(scene: Scene, bounds: Bounds, options: TimeMapDrawOptions): HTMLElement {
  const document = documentOf(options);
  const width = widthOf(options);
  const height = options.height ?? Math.round(Math.min(Math.max(width * 0.62, 320), 560));
  const timeZone = zoneOf(options);
  const [x0, x1] = bounds.x;
  const [y0, y1] = bounds.y;
  const until = options.now ?? options.span?.end ?? y1 - (y1 - y0) * 0.067;
  const pixel = (width - MARGIN_LEFT - MARGIN_RIGHT) / (x1 - x0);
  const open = hatch(document, INK_SOFT, 6);
  const crowd = scene.marks.length;
  const windows = scene.windows.filter(w => (w.end - w.start) * pixel >= NARROWEST_BAND && w.end > x0 && w.start < x1);
  const body = plot(options, {
    height,
    marginLeft: MARGIN_LEFT,
    marginRight: MARGIN_RIGHT,
    marginTop: 26,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "linear", domain: [y0, y1] },
    color: { type: "identity" },
    clip: true,
    marks: [
      defsMark(open.defs),
      ...windowMarks(windows, bounds, until, open.fill, timeZone),
      ...timeAxisX(x0, x1, timeZone, width - MARGIN_LEFT - MARGIN_RIGHT, "event time →"),
      ...timeAxisY(y0, y1, timeZone, height - 72, "↑ processing time"),
      Plot.line(
        [
          [Math.max(x0, y0), Math.max(x0, y0)],
          [Math.min(x1, y1), Math.min(x1, y1)],
        ],
        {
          stroke: IDEAL,
          strokeDasharray: "5 4",
          strokeWidth: 1.25,
        },
      ),
      scene.single ? rowMarks(scene, crowd) : cellMarks(scene, options.cell ?? 0, bounds),
      ...courseMarks(scene.courses, bounds, until, options.allowedLateness ?? 0, scene.single),
      ...paneMarks(scene.panes, bounds, pixel, (height - 72) / (y1 - y0)),
      presentMark(options, bounds, timeZone),
      rowTip(scene, bounds, timeZone, options.cell ?? 0),
    ],
  });
  const made = figure(options, {
    chart: "timeMap",
    summary: sentence(scene, options),
    legend: legendOf(scene, options, windows.length > 0),
    body: [body],
    notes: notesOf(scene, bounds, timeZone, options, windows.length),
  });
  brushable(made, body, selection => selectionText(scene, selection, timeZone));
  return made;
}

/** Says what a selection holds: its rows by fate, and how late they were. */
export function selectionText(scene: Scene, { x, y }: Selection, timeZone: string): string {
  const inside = scene.marks.filter(m => m.event >= x[0] && m.event <= x[1] && m.arrival >= y[0] && m.arrival <= y[1]);
  const count = (fate: Fate): number => inside.reduce((n, m) => n + (m.fate === fate ? m.rows : 0), 0);
  const rows = inside.reduce((n, m) => n + m.rows, 0);
  const span = `Happened ${momentText(x[0], timeZone)} to ${momentText(x[1], timeZone)}`;
  if (rows === 0) return `${span}: no rows.`;
  const delays = inside.map(m => m.arrival - m.event);
  const [least, most] = [delays.reduce((a, d) => Math.min(a, d)), delays.reduce((a, d) => Math.max(a, d))];
  return `${span}: ${countText(rows, "row")}, ${numberText(count("late"))} late, ${numberText(count("dropped"))} dropped; ${scene.single ? "" : "about "}${formatDuration(least)} to ${formatDuration(most)} under way.`;
}

/** A window is a column: hatched while it is incomplete, tinted while it still takes late rows, bare when closed. */
function windowMarks(
  windows: Scene["windows"],
  { y: [y0, y1], x: [x0, x1] }: Bounds,
  until: number,
  fill: string,
  timeZone: string,
): Plot.Markish[] {
  const clip = (v: number): number => Math.min(Math.max(v, x0), x1);
  const spans = (
    from: (w: Scene["windows"][number]) => number,
    to: (w: Scene["windows"][number]) => number,
    style: Plot.RectOptions,
  ): Plot.Markish => {
    const drawn = windows.filter(w => !Number.isNaN(from(w)) && to(w) > from(w));
    return Plot.rect(drawn, {
      x1: w => clip(w.start),
      x2: w => clip(w.end),
      y1: from,
      y2: to,
      insetLeft: 0.5,
      insetRight: 0.5,
      ...style,
      ...bearing(drawn, w => windowStory(w, {}, timeZone)),
    });
  };
  const end = (v: number): number => (Number.isNaN(v) ? until : v);
  return [
    Plot.ruleX(
      [...new Set(windows.flatMap(w => [w.start, w.end]))].filter(v => v > x0 && v < x1),
      { stroke: INK_SOFT, strokeOpacity: 0.28, strokeWidth: 1, y1: y0, y2: y1 },
    ),
    spans(
      w => w.opened,
      w => end(w.fired),
      { fill, fillOpacity: 0.3 },
    ),
    spans(
      w => w.fired,
      w => end(w.closed),
      { fill: LATE, fillOpacity: 0.1 },
    ),
  ];
}

/** Draws the rows of each fate as one path: ten thousand dots cost one element. */
function rowMarks(scene: Scene, crowd: number): Plot.Markish[] {
  const radius = crowd <= 60 ? 4.5 : crowd <= 600 ? 3 : crowd <= 5_000 ? 2 : 1.5;
  return FATES.map(fate => {
    const marks = scene.marks.filter(m => m.fate === fate);
    return (
      _index: number[],
      scales: Plot.ScaleFunctions,
      _values: unknown,
      _dimensions: unknown,
      context: { document: Document },
    ) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      // What was late or dropped is rare and matters: it is drawn larger, and last.
      const r = fate === "on-time" ? radius : Math.max(radius * 1.15, 2.4);
      // A dot is a line of no length with round ends: the shortest way to say it ten thousand times.
      let d = "";
      if (fate === "on-time")
        for (const m of marks) d += `M${Math.round(x(m.event) * 10) / 10},${Math.round(y(m.arrival) * 10) / 10}h0`;
      else for (const m of marks) d += shapePath(SHAPES[fate], x(m.event), y(m.arrival), r);
      const path = svgElement(context.document, "path", { d, class: `tm-rows tm-${fate}` });
      const styles = {
        "on-time": {
          fill: "none",
          stroke: ON_TIME,
          strokeWidth: String(r * 2),
          strokeLinecap: "round",
          strokeOpacity: crowd > 600 ? "0.55" : "0.9",
        },
        late: { fill: LATE, fillOpacity: "0.9" },
        dropped: { fill: "none", stroke: DROPPED, strokeWidth: String(Math.max(1.3, r * 0.45)) },
      };
      Object.assign(path.style, styles[fate]);
      return path;
    };
  });
}

/** Draws cells of rows: darker where there are more of them, by the cube root, since counts span four decades. */
function cellMarks(scene: Scene, cell: number, { x: [x0, x1] }: Bounds): Plot.Markish[] {
  return FATES.map(fate => {
    const marks = scene.marks.filter(m => m.fate === fate && m.event > x0 && m.event < x1);
    const most = marks.reduce((a, m) => Math.max(a, m.rows), 1);
    return (
      _index: number[],
      scales: Plot.ScaleFunctions,
      _values: unknown,
      _dimensions: unknown,
      context: { document: Document },
    ) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      const group = svgElement(context.document, "g", { class: `tm-cells tm-${fate}` });
      const side = Math.max(Math.abs(x(cell) - x(0)), 1.6);
      const tall = Math.max(Math.abs(y(cell) - y(0)), 1.6);
      // Few shades, one path each: a cell costs a rectangle in a path, not an element.
      const shades = 6;
      const paths = Array.from({ length: shades }, () => "");
      for (const m of marks) {
        const shade = Math.min(shades - 1, Math.floor(Math.cbrt(m.rows / most) * shades));
        const [cx, cy] = [x(m.event), y(m.arrival)];
        if (fate === "dropped") paths[shade] += shapePath("cross", cx, cy, 1.8 + shade * 0.5);
        else if (fate === "late") paths[shade] += shapePath("diamond", cx, cy, 1.3 + shade * 0.25);
        else
          paths[shade] +=
            `M${(cx - side / 2).toFixed(1)},${(cy - tall / 2).toFixed(1)}h${side.toFixed(1)}v${tall.toFixed(1)}h${(-side).toFixed(1)}Z`;
      }
      paths.forEach((d, shade) => {
        if (d === "") return;
        const path = svgElement(context.document, "path", { d });
        const opacity = String(
          (fate === "dropped" ? 0.6 : 0.25) + ((fate === "dropped" ? 0.4 : 0.7) * (shade + 1)) / shades,
        );
        if (fate === "dropped")
          Object.assign(path.style, { fill: "none", stroke: DROPPED, strokeWidth: "1.3", strokeOpacity: opacity });
        else Object.assign(path.style, { fill: TIMING_COLOURS[fate], fillOpacity: opacity });
        group.append(path);
      });
      return group;
    };
  });
}

function courseMarks(
  courses: readonly Course[],
  bounds: Bounds,
  until: number,
  lateness: number,
  single: boolean,
): Plot.Markish[] {
  const line = (course: Course, style: Readonly<Record<string, string>>, shift = 0): Plot.Markish => {
    const points = courseLine(course, bounds, until, shift, 1 / 1_400);
    return (_index, scales, _values, _dimensions, context) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      const d = points
        .map(([w, p], i) => `${i === 0 ? "M" : "L"}${Math.round(x(w) * 10) / 10},${Math.round(y(p) * 10) / 10}`)
        .join("");
      const path = svgElement(context.document, "path", { d, class: "tm-watermark" });
      Object.assign(path.style, { fill: "none", strokeLinejoin: "round", ...style });
      return path;
    };
  };
  const marks = courses
    .filter(c => c.partition !== null)
    .map(c => line(c, { stroke: WATERMARK, strokeWidth: "0.9", strokeOpacity: "0.55" }));
  for (const course of courses.filter(c => c.partition === null)) {
    if (lateness > 0 && Number.isFinite(lateness))
      marks.push(
        line(
          course,
          { stroke: DROPPED, strokeWidth: "1.2", strokeDasharray: "1.5 3.5", strokeLinecap: "round" },
          -lateness,
        ),
      );
    // A rim of paper keeps the line apart from the crowd beneath it; over cells it would hide them instead.
    if (single) marks.push(line(course, { stroke: PAPER, strokeWidth: "5", strokeOpacity: "0.75" }));
    marks.push(line(course, { stroke: WATERMARK, strokeWidth: single ? "2.4" : "1.7" }));
  }
  return marks;
}

/** A pane is a line across its window at the moment it came out, with its timing's shape, and its value where there is room. */
function paneMarks(panes: readonly PaneMark[], { x: [x0, x1] }: Bounds, pixel: number, height: number): Plot.Markish[] {
  const shown = panes.filter(p => !p.retracted && p.end > x0 && p.start < x1);
  const middle = (p: PaneMark): number => (Math.max(p.start, x0) + Math.min(p.end, x1)) / 2;
  const wide = shown.filter(p => (p.end - p.start) * pixel > 44);
  const few = shown.length <= 60;
  // Early panes are many where their trigger is eager, and the least certain: beyond two to a window they keep their voice down.
  const early = shown.filter(p => p.timing === "early");
  const eager = early.length / Math.max(new Set(early.map(p => `${p.start} ${p.end}`)).size, 1);
  const rung = eager > 6 ? 0 : eager > 2 ? 0.35 : 0.95;
  const size = few ? 4.6 : shown.length <= 400 ? 2.8 : 2;
  // Constants and not channels: a channel of opacities would be stretched until the greatest is 1.
  const lines = (panes: readonly PaneMark[], strokeWidth: number, strokeOpacity: number): Plot.Markish =>
    Plot.ruleY(panes as PaneMark[], {
      x1: (p: PaneMark) => Math.max(p.start, x0),
      x2: (p: PaneMark) => Math.min(p.end, x1),
      y: "at",
      stroke: (p: PaneMark) => TIMING_COLOURS[p.timing],
      strokeWidth,
      strokeOpacity,
    });
  const marks: Plot.Markish[] = [
    lines(early, few && eager <= 2 ? 1.6 : 0.8, few ? rung : Math.min(rung, 0.22)),
    lines(
      shown.filter(p => p.timing !== "early"),
      few ? 1.6 : 0.8,
      few ? 0.95 : 0.5,
    ),
  ];
  // Where there are many panes, early ones are but fine lines: a ladder of squares would hide the rows.
  for (const timing of few ? ["early", "on-time", "late"] : ["on-time", "late"]) {
    const these = shown.filter(p => p.timing === timing);
    marks.push((_index, scales, _values, _dimensions, context) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      let d = "";
      for (const p of these)
        d += shapePath(
          PANE_SHAPES[timing],
          x(middle(p)),
          y(p.at),
          timing === "early" && eager > 2 ? size * 0.65 : size,
        );
      const path = svgElement(context.document, "path", { d, class: `tm-panes tm-${timing}` });
      const colour = TIMING_COLOURS[timing];
      Object.assign(
        path.style,
        timing === "early"
          ? { fill: PAPER, stroke: colour, strokeWidth: eager > 2 ? "1.2" : "1.8" }
          : { fill: colour, stroke: few ? PAPER : "none", strokeWidth: "1.2" },
      );
      return path;
    });
  }
  if (shown.length <= 40)
    marks.push(
      Plot.text(labelled(wide, height), {
        x: middle,
        y: "at",
        text: (p: PaneMark) => numberText(p.value as number),
        dy: -12,
        fill: INK,
        stroke: PAPER,
        strokeWidth: 4,
        fontWeight: 600,
        fontSize: 12,
      }),
    );
  return marks;
}

/**
 * Chooses the panes whose value is written: those with room for it below the window's next pane, in pixels of `height` to a ms.
 * Of panes that stand too close, the latest is written, since it is what became of the others.
 */
function labelled(panes: readonly PaneMark[], height: number): PaneMark[] {
  const next = new Map<number, number>();
  return [...panes]
    .sort((a, b) => b.at - a.at)
    .filter(p => {
      if (p.value === null || ((next.get(p.start) ?? Infinity) - p.at) * height < 19) return false;
      next.set(p.start, p.at);
      return true;
    })
    .reverse();
}

/** While a log replays, the present is a line, and nothing is above it. */
function presentMark(options: TimeMapDrawOptions, { y: [y0, y1], x: [, x1] }: Bounds, timeZone: string): Plot.Markish {
  const { now } = options;
  if (now === null || now === undefined || now < y0 || now >= (options.span?.end ?? y1)) return null;
  return [
    Plot.ruleY([now], { stroke: INK, strokeWidth: 1, strokeOpacity: 0.8 }),
    Plot.text([now], {
      x: x1,
      y: now,
      text: () => `now ${clockText(now, timeZone)}`,
      textAnchor: "end",
      dy: -8,
      dx: -4,
      fill: INK,
      stroke: PAPER,
      strokeWidth: 4,
      fontWeight: 600,
    }),
  ];
}

function rowTip(scene: Scene, { x: [x0, x1] }: Bounds, timeZone: string, cell: number): Plot.Markish {
  interface Target {
    readonly x: number;
    readonly y: number;
    readonly row?: Mark;
    readonly pane?: PaneMark;
  }
  const targets: Target[] = scene.panes.map(pane => ({ x: (pane.start + pane.end) / 2, y: pane.at, pane }));
  for (const row of scene.marks)
    if (row.event > x0 && row.event < x1) targets.push({ x: row.event, y: row.arrival, row });
  const title = ({ row, pane }: Target): string =>
    row !== undefined ? rowTitle(row, scene.single, timeZone) : pane === undefined ? "" : paneTitle(pane, timeZone);
  const story = ({ row, pane }: Target): MarkStory | null =>
    row !== undefined
      ? rowStory(row, scene.single ? 0 : cell, timeZone)
      : pane === undefined
        ? null
        : windowStory(pane, pane.keys, timeZone);
  return tip(targets, { x: "x", y: "y", title }, story);
}

function windowStory(
  { start, end }: { readonly start: number; readonly end: number },
  keys: Readonly<Record<string, unknown>>,
  timeZone: string,
): MarkStory {
  const of = Object.values(keys).map(String).join(", ");
  return {
    title: `window ${windowText(start, end, timeZone, true)}${of === "" ? "" : ` · ${of}`}`,
    values: { ...keys, window_start: start, window_end: end },
  };
}

/** A row is asked for by its times, a cell by the stretches that it covers. */
function rowStory({ event, arrival, fate }: Mark, cell: number, timeZone: string): MarkStory {
  const times =
    cell === 0
      ? { event_time: event, arrived_at: arrival }
      : {
          event_time: event - cell / 2,
          event_time_until: event + cell / 2,
          arrived_at: arrival - cell / 2,
          arrived_at_until: arrival + cell / 2,
        };
  return { title: `${fate} row of ${momentText(event, timeZone)}`, values: { ...times, fate } };
}

function rowTitle(mark: Mark, single: boolean, timeZone: string): string {
  const behind = mark.arrival - mark.event;
  const delay =
    behind >= 0 ? `${formatDuration(behind)} after it happened` : `${formatDuration(-behind)} before it happened`;
  if (single)
    return `${mark.fate} row\nhappened ${momentText(mark.event, timeZone)}\narrived ${momentText(mark.arrival, timeZone)}\n${delay}`;
  return `${countText(mark.rows, "row")}, ${mark.fate}\nhappened about ${momentText(mark.event, timeZone)}\narrived about ${momentText(mark.arrival, timeZone)}`;
}

function paneTitle(pane: PaneMark, timeZone: string): string {
  const value = pane.value === null ? "" : `: ${numberText(pane.value)}`;
  const name =
    pane.panes > 1
      ? `${countText(pane.panes, "pane")}, ${pane.timing}`
      : `${pane.retracted ? "retraction of an " : ""}${pane.timing} pane${value}`;
  const key = pane.key === "" ? "" : `\n${pane.key}`;
  return `${name}${key}\nwindow ${windowText(pane.start, pane.end, timeZone, true)}\nemitted ${momentText(pane.at, timeZone)}`;
}

function legendOf(scene: Scene, options: TimeMapDrawOptions, bands: boolean): LegendItem[] {
  const items: (LegendItem | false)[] = [
    { label: "row on time", shape: scene.single ? "dot" : "area", colour: ON_TIME },
    scene.rows.late > 0 && { label: "late", shape: "diamond", colour: LATE },
    scene.rows.dropped > 0 && { label: "dropped", shape: "cross", colour: DROPPED },
    scene.courses.length > 0 && { label: "watermark", shape: "line", colour: WATERMARK },
    scene.courses.some(c => c.partition !== null) && {
      label: (options.sources ?? 1) > 1 ? "of each source" : "of each partition",
      shape: "thin",
      colour: WATERMARK,
    },
    (options.allowedLateness ?? 0) > 0 &&
      Number.isFinite(options.allowedLateness) &&
      scene.courses.length > 0 && {
        label: `lateness horizon (${formatDuration(options.allowedLateness ?? 0)})`,
        shape: "dotted",
        colour: DROPPED,
      },
    { label: "no delay at all", shape: "dashed", colour: IDEAL },
    bands && { label: "window still incomplete", shape: "hatch", colour: INK_SOFT },
    scene.panes.some(p => p.timing === "early") && { label: "early pane", shape: "open", colour: EARLY },
    scene.panes.some(p => p.timing === "on-time") && { label: "on-time pane", shape: "square", colour: ON_TIME },
    scene.panes.some(p => p.timing === "late") && { label: "late pane", shape: "diamond", colour: LATE },
  ];
  return items.filter(i => i !== false);
}

function notesOf(scene: Scene, bounds: Bounds, timeZone: string, options: TimeMapDrawOptions, bands: number): string[] {
  const notes = [
    zoneNote(
      timeZone,
      bounds.x[0] + (bounds.x[1] - bounds.x[0]) * 0.015,
      bounds.x[1] - (bounds.x[1] - bounds.x[0]) * 0.015,
    ),
  ];
  if (!scene.single && options.cell !== undefined)
    notes.push(`Each cell holds the rows of ${formatDuration(options.cell)} by ${formatDuration(options.cell)}.`);
  if (bounds.outside > 0) {
    const side = bounds.furthest > 0 ? "ahead of" : "behind";
    notes.push(
      `${countText(bounds.outside, "row lies", "rows lie")} outside, up to ${formatDuration(Math.abs(bounds.furthest))} ${side} its arrival.`,
    );
  }
  if (bands === 0 && scene.windows.length > 0)
    notes.push(`The ${numberText(scene.windows.length)} windows are too narrow to be drawn here.`);
  return notes;
}
