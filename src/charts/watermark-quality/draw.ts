/** `watermarkQuality`, the page's half: how far both watermarks are behind the present, and the areas between them. */
import * as Plot from "@observablehq/plot";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import {
  defsMark,
  documentOf,
  DROPPED,
  emptyState,
  figure,
  GRID,
  hatch,
  IDEAL,
  INK_SOFT,
  ON_TIME,
  plot,
  timeAxisX,
  tip,
  WATERMARK,
  widthOf,
} from "../look.ts";
import { bearing, type MarkStory, targets } from "../stories.ts";
import { momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, shareText } from "../words.ts";
import { numbers, table, texts } from "../wire.ts";
import { formatDuration } from "../../model/time.ts";
import { type Comparison, compareWatermarks, qualityOf } from "./perfect.ts";
import { durationTicks } from "../duration-axis.ts";

type QualityFacts = Partial<WindowFacts> & { readonly courseStep?: number };

function read(tables: Tables, options: QualityFacts): readonly Comparison[] {
  const arrivals = table(tables, "arrivals");
  const at = numbers(arrivals, "at");
  const least = numbers(arrivals, "least");
  const course = table(tables, "course");
  const moved = numbers(course, "at");
  const watermark = numbers(course, "watermark");
  const partition = texts(course, "partition").map(p => (p === "" ? null : p));
  const said = new Map<number, number>();
  for (let i = 0; i < course.length; i++) if (partition[i] === null) said.set(moved[i], watermark[i]);
  return compareWatermarks(new Map(Array.from(at, (v, i) => [v, least[i]])), said, options.courseStep ?? 1_000);
}

export const watermarkQuality: ChartDrawing<QualityFacts> = {
  name: "watermarkQuality",
  draw(tables, options) {
    const compared = read(tables, options);
    if (compared.length < 2)
      return emptyState(
        options,
        "watermarkQuality",
        "The watermark has not moved yet. Play on: only what arrived later shows how good it was.",
      );
    const timeZone = options.timeZone ?? options.zone ?? "UTC";
    return figure(options, {
      chart: "watermarkQuality",
      summary: summary(tables, options),
      legend: [
        { label: "watermark", shape: "line", colour: WATERMARK },
        { label: "perfect, in hindsight", shape: "dashed", colour: IDEAL },
        { label: "too fast: rows came late", shape: "hatch", colour: DROPPED },
        { label: "too slow: results waited", shape: "area", colour: `color-mix(in srgb, ${ON_TIME} 25%, transparent)` },
      ],
      body: [lags(compared, options)],
      notes: [
        "Hindsight knows only what has arrived so far.",
        zoneNote(timeZone, compared[0].at, compared[compared.length - 1].at),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: QualityFacts & DrawOptions): string {
  const compared = read(tables, options);
  if (compared.length < 2) return "The watermark has not moved yet.";
  const { tooFast, tooSlow, fastShare, duration } = qualityOf(compared);
  return (
    `Against perfect hindsight the watermark was too fast for ${shareText(fastShare)} of the time, by ${aboutText(fastShare > 0 ? tooFast / (duration * fastShare) : 0)} on average while it was, ` +
    `and too slow for ${shareText(1 - fastShare)}, by ${aboutText(fastShare < 1 ? tooSlow / (duration * (1 - fastShare)) : 0)}.`
  );
}

function lags(compared: readonly Comparison[], options: QualityFacts & DrawOptions): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  // By the square root: the perfect watermark waits hours for the last straggler, the actual one seconds.
  const root = (ms: number): number => Math.sign(ms) * Math.sqrt(Math.abs(ms));
  const points = compared.map(c => ({
    x: c.at,
    actual: root(c.at - c.actual),
    perfect: root(c.at - c.perfect),
    of: c,
    title: `${momentText(c.at, timeZone)}\nwatermark ${aboutText(c.at - c.actual)} behind\nperfect ${aboutText(c.at - c.perfect)} behind\n${c.actual > c.perfect ? "too fast" : "too slow"} by ${aboutText(Math.abs(c.actual - c.perfect))}`,
  }));
  const story = (c: Comparison): MarkStory => ({
    title: `the watermark at ${momentText(c.at, timeZone)}`,
    values: { about: "perfect", at: c.at, actual: c.actual },
  });
  // Areas have no parts; what is clicked and reached by keyboard is a stripe for each moment that was compared.
  const stripes = targets(compared)
    .map((c, i, all) => ({ ...c, from: c.at, to: all[i + 1]?.at ?? compared[compared.length - 1].at }))
    .filter(c => c.to > c.from);
  const x0 = options.span?.start ?? compared[0].at;
  const x1 = Math.max(options.span?.end ?? 0, compared[compared.length - 1].at);
  const most = Math.max(...points.map(p => Math.max(p.actual, p.perfect)), 1);
  const least = Math.min(0, ...points.map(p => Math.min(p.actual, p.perfect)));
  const ticks = [
    0,
    ...durationTicks((most / 40) ** 2, most ** 2, 60).filter((t, _, all) => root(t) > most * 0.09 && all.length > 0),
  ];
  const spaced = ticks.filter(
    (t, i) => i === 0 || ticks.slice(0, i).every(s => Math.abs(root(s) - root(t)) > most * 0.085),
  );
  const pattern = hatch(documentOf(options), DROPPED, 4);
  return plot(options, {
    height: options.height ?? 270,
    marginLeft: 66,
    marginRight: 16,
    marginTop: 26,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "linear", domain: [least, most * 1.05] },
    marks: [
      defsMark(pattern.defs),
      ...timeAxisX(x0, x1, timeZone, width - 82, "processing time →"),
      Plot.gridY(spaced.map(root), { stroke: GRID, strokeOpacity: 1 }),
      Plot.axisY(spaced.map(root), {
        text: (v: number) => (v === 0 ? "present" : formatDuration(v * v)),
        label: "↑ behind the present",
        labelArrow: "none",
        color: INK_SOFT,
        tickSize: 4,
      }),
      Plot.areaY(points, {
        x: "x",
        y1: p => Math.min(p.actual, p.perfect),
        y2: "perfect",
        fill: pattern.fill,
        fillOpacity: 0.8,
      }),
      Plot.areaY(points, {
        x: "x",
        y1: "perfect",
        y2: p => Math.max(p.actual, p.perfect),
        fill: ON_TIME,
        fillOpacity: 0.25,
      }),
      Plot.line(points, { x: "x", y: "perfect", stroke: IDEAL, strokeWidth: 1.4, strokeDasharray: "5 3" }),
      Plot.line(points, { x: "x", y: "actual", stroke: WATERMARK, strokeWidth: 2 }),
      Plot.rect(stripes, {
        x1: "from",
        x2: "to",
        y1: s => Math.min(root(s.at - s.actual), root(s.at - s.perfect)),
        y2: s => Math.max(root(s.at - s.actual), root(s.at - s.perfect)),
        fill: "transparent",
        ...bearing(stripes, story),
      }),
      tip(points, { x: "x", y: "actual", title: "title" }, p => story(p.of)),
    ],
  });
}
