/**
 * `timeMap`, the page's half: event time to the right, processing time upwards, as the figures of *Streaming 102* have
 * it. A row stands on the dashed line if it arrived the moment it happened, and above it by as much as it was delayed;
 * what lies left of the watermark came late.
 */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import { brushable, type Selection } from "../brush.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { expectedWindows, type ExpectedWindow } from "../expected.ts";
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
  timeAxisX,
  timeAxisY,
  WATERMARK,
  widthOf,
} from "../look.ts";
import { clockText, momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText, shareText } from "../words.ts";
import { courseMarks } from "./course-marks.ts";
import { paneMarks } from "./pane-marks.ts";
import { cellMarks, rowMarks } from "./row-marks.ts";
import { type Bounds, boundsOf, type Fate, type Scene, sceneOf } from "./scene.ts";
import { rowTip } from "./tips.ts";
import { expectedInto, windowMarks } from "./window-marks.ts";

export type TimeMapDrawOptions = DrawOptions &
  Partial<WindowFacts> & { readonly cell?: number; readonly sources?: number };

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
    return drawScene(scene, bounds, expectedWindows(tables, []), options);
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

function drawScene(
  scene: Scene,
  bounds: Bounds,
  expected: readonly ExpectedWindow[],
  options: TimeMapDrawOptions,
): HTMLElement {
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
      expectedInto(windows, expected, bounds, until, pixel),
      presentMark(options, bounds, timeZone),
      rowTip(scene, expected, bounds, until, timeZone, options.cell ?? 0),
    ],
  });
  const made = figure(options, {
    chart: "timeMap",
    summary: sentence(scene, options),
    legend: legendOf(scene, windows, options),
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

function legendOf(scene: Scene, windows: Scene["windows"], options: TimeMapDrawOptions): LegendItem[] {
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
    windows.length > 0 && { label: "window still incomplete", shape: "hatch", colour: INK_SOFT },
    windows.some(w => w.merged) && { label: "merged into another", shape: "thin", colour: DROPPED },
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
