/** `windowLanes`, the page's half: a bar for each window along processing time; hatched until its on-time pane. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import {
  defsMark,
  documentOf,
  EARLY,
  emptyState,
  figure,
  hatch,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  timeAxisX,
  TIMING_COLOURS,
  tip,
  widthOf,
} from "../look.ts";
import { type ExpectedWindow, expectedText, expectedWindows, guessText } from "../expected.ts";
import { bearing, type MarkStory } from "../stories.ts";
import { momentText, windowNames, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText } from "../words.ts";
import { extent } from "../wire.ts";
import { type Lane, lanesOf } from "./lanes.ts";

type LaneFacts = Partial<WindowFacts> & { readonly lanes?: number };

export const windowLanes: ChartDrawing<LaneFacts> = {
  name: "windowLanes",
  draw(tables, options) {
    const all = lanesOf(tables, options.keys ?? [], options.windowKind === "sessions");
    if (all.length === 0)
      return emptyState(options, "windowLanes", "No window has opened yet. Press play: the first row opens one.");
    const most = options.lanes ?? 24;
    const shown = all.slice(-most);
    return figure(options, {
      chart: "windowLanes",
      summary: summary(tables, options),
      legend: [
        { label: "incomplete", shape: "hatch", colour: INK_SOFT },
        { label: "early pane", shape: "open", colour: EARLY },
        { label: "on-time pane", shape: "square", colour: ON_TIME },
        { label: "late pane", shape: "diamond", colour: LATE },
        { label: "still takes late rows", shape: "area", colour: "color-mix(in srgb, " + LATE + " 25%, transparent)" },
      ],
      body: [drawLanes(shown, expectedOf(tables, shown, options.keys ?? []), options)],
      notes: [
        ...(shown.length < all.length ? [`The latest ${shown.length} of ${numberText(all.length)} windows.`] : []),
        zoneNote(
          options.timeZone ?? options.zone ?? "UTC",
          ...(extent(
            Float64Array.from(shown, l => l.opened),
            Float64Array.from(shown, l => l.closed),
          ) ?? [0, 0]),
        ),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: LaneFacts & DrawOptions): string {
  const lanes = lanesOf(tables, options.keys ?? [], options.windowKind === "sessions");
  if (lanes.length === 0) return "No window has opened yet.";
  const closed = lanes.filter(l => !Number.isNaN(l.closed)).length;
  const complete = lanes.filter(l => Number.isNaN(l.closed) && !Number.isNaN(l.fired)).length;
  const open = lanes.length - closed - complete;
  const refined = lanes.filter(l => l.firings.some(f => f.timing === "late"));
  const parts = [
    `Of ${countText(lanes.length, "window")}, ${numberText(closed)} ${closed === 1 ? "is" : "are"} closed, ${numberText(complete)} complete but still taking late rows, ${numberText(open)} incomplete.`,
  ];
  if (refined.length > 0) {
    const worst = refined.reduce((a, b) => (lastFiring(b) - b.fired > lastFiring(a) - a.fired ? b : a));
    const name = windowNames(lanes, options.timeZone ?? options.zone ?? "UTC")(worst.start, worst.end);
    parts.push(
      Number.isNaN(worst.fired)
        ? `${countText(refined.length, "was", "were")} refined by late rows.`
        : `${numberText(refined.length)} ${refined.length === 1 ? "was" : "were"} refined by late rows, the longest after: ${[worst.key, name].filter(t => t !== "").join(", ")}, ${formatDuration(lastFiring(worst) - worst.fired)} after its on-time pane.`,
    );
  }
  return parts.join(" ");
}

const lastFiring = (lane: Lane): number => lane.firings.reduce((a, f) => Math.max(a, f.at), -Infinity);

/** What open lanes are expected to come to: of their own key where lanes are of one key. */
function expectedOf(
  tables: Tables,
  lanes: readonly Lane[],
  keys: readonly string[],
): ReadonlyMap<string, ExpectedWindow> {
  const byKey = lanes.some(l => Object.keys(l.keys).length > 0);
  const found = expectedWindows(tables, byKey ? keys : [], byKey || keys.length === 0 ? "expected" : "expectedAll");
  return new Map(found.map(e => [`${e.start} ${e.end} ${e.key}`, e]));
}

function drawLanes(
  lanes: readonly Lane[],
  expected: ReadonlyMap<string, ExpectedWindow>,
  options: LaneFacts & DrawOptions,
): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const nameOf = windowNames(lanes, timeZone);
  const name = (l: Lane): string => [nameOf(l.start, l.end), l.key].filter(t => t !== "").join(" · ");
  const rows = lanes.map((lane, i) => ({ ...lane, row: String(i), name: name(lane) }));
  const left = Math.min(Math.max(...rows.map(r => r.name.length * 6.5)) + 18, width * 0.36);
  const seen = extent(...rows.map(r => Float64Array.of(r.opened, r.fired, r.closed, ...r.firings.map(f => f.at)))) ?? [
    0, 1,
  ];
  const now = options.now ?? options.span?.end ?? seen[1];
  const [x0, x1] = [seen[0], Math.max(seen[1], now)];
  const pad = Math.max(x1 - x0, 1) * 0.015;
  const open = hatch(documentOf(options), INK_SOFT, 5);
  const end = (v: number, otherwise: number): number => (Number.isNaN(v) ? otherwise : v);
  const marks = rows.flatMap(r =>
    r.firings.map(f => ({
      ...f,
      row: r.row,
      lane: r,
      title: `${f.timing} pane\n${r.name}\nemitted ${momentText(f.at, timeZone)}${Number.isFinite(r.end) && f.at > r.end ? `, ${formatDuration(f.at - r.end)} after the window's end` : ""}`,
    })),
  );
  const story = (r: (typeof rows)[number]): MarkStory => ({
    title: `window ${r.name}`,
    values: { ...r.keys, window_start: r.start, window_end: r.end },
  });
  const opened = rows.filter(r => !Number.isNaN(r.opened));
  const still = opened.flatMap(r => {
    const e =
      Number.isNaN(r.fired) && Number.isNaN(r.closed) ? expected.get(`${r.start} ${r.end} ${r.key}`) : undefined;
    return e === undefined
      ? []
      : [{ e, at: now, row: r.row, lane: r, title: `${r.name}, incomplete\n${expectedText(e)}` }];
  });
  const fired = rows.filter(r => !Number.isNaN(r.fired));
  const symbols: Record<string, Plot.DotOptions> = {
    early: { symbol: "square", r: 3.6, fill: PAPER, stroke: EARLY, strokeWidth: 1.8 },
    "on-time": { symbol: "square", r: 4.6, fill: ON_TIME, stroke: PAPER, strokeWidth: 1 },
    late: { symbol: "diamond", r: 4.6, fill: TIMING_COLOURS.late, stroke: PAPER, strokeWidth: 1 },
  };
  return plot(options, {
    height: rows.length * 22 + 82,
    marginLeft: left,
    marginRight: 18,
    marginTop: 10,
    marginBottom: 46,
    x: { type: "linear", domain: [x0 - pad, x1 + pad] },
    y: { type: "band", domain: rows.map(r => r.row), padding: 0.3, axis: null },
    marks: [
      defsMark(open.defs),
      ...timeAxisX(x0 - pad, x1 + pad, timeZone, width - left - 18, "processing time →"),
      Plot.text(rows, { y: "row", text: "name", frameAnchor: "left", textAnchor: "end", dx: -10, fill: INK }),
      Plot.barX(opened, {
        y: "row",
        x1: "opened",
        x2: r => end(r.fired, end(r.closed, now)),
        fill: open.fill,
        fillOpacity: 0.55,
        stroke: INK_SOFT,
        strokeOpacity: 0.45,
        rx: 2,
        ...bearing(opened, story),
      }),
      Plot.barX(fired, {
        y: "row",
        x1: "fired",
        x2: r => end(r.closed, now),
        fill: LATE,
        fillOpacity: 0.2,
        rx: 2,
        ...bearing(fired, story),
      }),
      Plot.tickX(
        rows.filter(r => !Number.isNaN(r.closed)),
        { y: "row", x: "closed", stroke: INK_SOFT, strokeWidth: 2 },
      ),
      ["early", "on-time", "late"].map(timing =>
        Plot.dot(
          marks.filter(m => m.timing === timing),
          { x: "at", y: "row", ...symbols[timing] },
        ),
      ),
      options.now === null || options.now === undefined
        ? null
        : Plot.ruleX([options.now], { stroke: INK, strokeOpacity: 0.8 }),
      Plot.text(still, {
        x: "at",
        y: "row",
        text: ({ e }) =>
          `${numberText(e.known)} of ≈ ${guessText(e.expected)} (${guessText(e.low)} to ${guessText(e.high)})`,
        textAnchor: "end",
        dx: -7,
        fill: INK,
        fontStyle: "italic",
        stroke: PAPER,
        strokeWidth: 4,
      }),
      tip([...marks, ...still], { x: "at", y: "row", title: "title" }, m => story(m.lane)),
    ],
  });
}
