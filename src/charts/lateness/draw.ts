/**
 * `lateness`, the page's half. Two measures, because engines and people mean different things: the delay is how long a
 * row was under way; its out-of-orderness is how far it was behind the rows that had overtaken it, which is what a
 * watermark's delay has to cover.
 */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { type Distribution, distributionOf, fromCells, QUANTILES, quantile, shareBeyond } from "../distribution.ts";
import { durationAxisX, durationAxisY, roundTicks, shareAxisY } from "../duration-axis.ts";
import {
  documentOf,
  emptyState,
  figure,
  GRID,
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
import { bear, bearing, type MarkStory } from "../stories.ts";
import { momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, countText, numberText, shareText } from "../words.ts";
import { extent, numbers, table } from "../wire.ts";
import { changeOf } from "./change.ts";
import { COARSE, FINE } from "./plan.ts";

type LatenessFacts = Partial<WindowFacts> & { readonly driftStep?: number };

interface Measure {
  readonly id: "delay" | "disorder";
  readonly name: string;
  readonly colour: string;
  readonly dash: string | undefined;
  readonly all: Distribution;
  readonly drift: string;
}

export const lateness: ChartDrawing<LatenessFacts> = {
  name: "lateness",
  draw(tables, options) {
    const measures = measuresOf(tables);
    if (measures[0].all.rows === 0)
      return emptyState(options, "lateness", "No row has arrived yet. Press play to see how late they are.");
    const width = widthOf(options);
    const half = width >= 620 ? Math.floor((width - 20) / 2) : width;
    const document = documentOf(options);
    const pair = document.createElement("div");
    Object.assign(pair.style, { display: "flex", flexWrap: "wrap", gap: "12px 20px", margin: "14px 0 10px" });
    pair.append(histogram(measures, { ...options, width: half }), beyond(measures, { ...options, width: half }));
    return figure(options, {
      chart: "lateness",
      summary: summary(tables, options),
      legend: measures.map(m => ({ label: m.name, shape: m.dash === undefined ? "line" : "dashed", colour: m.colour })),
      body: [quantileTable(measures, document), pair, drift(tables, measures, options)],
      notes: notesOf(tables, measures, options),
    });
  },
  summary,
};

function measuresOf(tables: Tables): readonly Measure[] {
  return [
    {
      id: "delay",
      name: "delay (arrival − event time)",
      colour: ON_TIME,
      dash: undefined,
      all: distributionOf(table(tables, "delay"), FINE),
      drift: "delayDrift",
    },
    {
      id: "disorder",
      name: "out-of-orderness",
      colour: LATE,
      dash: "5 3",
      all: distributionOf(table(tables, "disorder"), FINE),
      drift: "disorderDrift",
    },
  ];
}

/** The rows that are as late as that, by one measure; without `high` all that are later. */
function storyOf(measure: Measure, low: number, high: number | null): MarkStory {
  const what = measure.id === "delay" ? "under way" : "out of order";
  return {
    title: `rows ${what} for ${high === null ? `${aboutText(low)} or more` : `${aboutText(low)} to ${aboutText(high)}`}`,
    values: { about: "lateness", measure: measure.id, low, high },
  };
}

function summary(tables: Tables, options: LatenessFacts): string {
  const [delay, disorder] = measuresOf(tables).map(m => m.all);
  if (delay.rows === 0) return "No row has arrived yet.";
  const behind = options.delay ?? null;
  const sentence =
    `Of ${countText(delay.rows, "row")} half arrive within ${aboutText(quantile(delay, 0.5))}, 99 % within ${aboutText(quantile(delay, 0.99))}; ` +
    `the latest took ${aboutText(delay.max)}. ` +
    `${shareText(shareBeyond(disorder, 1))} came out of order, by up to ${aboutText(Math.max(disorder.max, 0))}`;
  return behind === null
    ? `${sentence}.`
    : `${sentence}; the delay of ${formatDuration(behind)} leaves ${shareText(shareBeyond(disorder, Math.max(behind, 1)))} behind the watermark.`;
}

function quantileTable(measures: readonly Measure[], document: Document): HTMLElement {
  const made = document.createElement("table");
  made.className = "tm-chart-quantiles";
  Object.assign(made.style, { borderCollapse: "collapse", fontSize: "12.5px", margin: "6px 0 4px" });
  const row = (
    cells: readonly string[],
    tag: "th" | "td",
    colour: string,
    stories: readonly MarkStory[] = [],
  ): HTMLElement => {
    const tr = document.createElement("tr");
    cells.forEach((text, i) => {
      const cell = document.createElement(i === 0 ? "th" : tag);
      cell.textContent = text;
      Object.assign(cell.style, {
        textAlign: i === 0 ? "left" : "right",
        padding: "3px 0 3px",
        paddingLeft: i === 0 ? "0" : "26px",
        fontWeight: tag === "th" || i === 0 ? "400" : "600",
        color: tag === "th" ? INK_SOFT : i === 0 ? colour : INK,
        borderBottom: `1px solid ${GRID}`,
        whiteSpace: "nowrap",
      });
      const story = stories[i - 1];
      if (story !== undefined) {
        const figure = document.createElement("span");
        figure.textContent = text;
        bear(figure, story);
        cell.replaceChildren(figure);
      }
      tr.append(cell);
    });
    return tr;
  };
  made.append(row(["", ...QUANTILES.map(([name]) => name), "max"], "th", INK_SOFT));
  for (const measure of measures) {
    const { name, all, colour } = measure;
    const values = [...QUANTILES.map(([, q]) => quantile(all, q)), all.max];
    // Rows are as late as a bin says to within its width; the latest of all must be found again.
    const stories = values.map((v, i) => storyOf(measure, i < QUANTILES.length ? v : v * 0.95, null));
    made.append(row([name, ...values.map(aboutText)], "td", colour, stories));
  }
  return made;
}

/** Where zero is drawn on the logarithmic axis: left of the first millisecond. */
const ZERO = 0.45;

function reach(measures: readonly Measure[]): readonly [number, number] {
  const high = Math.max(...measures.map(m => (Number.isFinite(m.all.max) ? m.all.max : 1)), 10);
  // The axis begins where the fastest half per cent of the delayed rows ends, so that empty decades take no room.
  const low = Math.min(...measures.map(m => quantile(beyondInstant(m.all), 0.005)).filter(v => v >= 1), high / 100);
  return [Math.max(low * 0.8, ZERO), high * 1.15];
}

/** The part of a distribution that took any time at all. */
function beyondInstant(all: Distribution): Distribution {
  const bins = all.bins.filter(b => b.low >= 1);
  return { ...all, bins, rows: bins.reduce((n, b) => n + b.rows, 0) };
}

/**
 * Two histograms on one axis: what is in order, or takes no time, stands apart at 0. Bars are made of whole bins, so that a bar, its
 * tip and its story count the same rows.
 */
function histogram(measures: readonly Measure[], options: DrawOptions): Element {
  const [least, high] = reach(measures);
  const width = widthOf(options);
  const first = Math.floor(Math.log2(least) * FINE);
  const last = Math.log2(high) * FINE;
  const per = Math.max(1, Math.ceil((last - first) / Math.max(12, Math.floor(width / 9))));
  const steps = Math.ceil((last - first) / per);
  const edge = (k: number): number => 2 ** ((first + k * per) / FINE);
  const low = edge(0);
  const heights = measures.map(({ all }) => {
    const bars = Array.from({ length: steps }, () => 0);
    for (const b of all.bins) {
      if (b.high <= 1) continue;
      const bin = Math.round(Math.log2(b.low) * FINE);
      bars[Math.min(steps - 1, Math.max(0, Math.floor((bin - first) / per)))] += b.rows / all.rows;
    }
    return bars;
  });
  const most = Math.max(...heights.flat(), 1e-9);
  // The first bar holds what is faster than the axis begins, too.
  const bars = (i: number): { x1: number; x2: number; y: number; from: number }[] =>
    heights[i]
      .map((y, k) => ({ x1: edge(k), x2: edge(k + 1), y, from: k === 0 ? Math.min(1, low) : edge(k) }))
      .filter(b => b.y > 0);
  const delays = bars(0);
  const disorders = bars(1);
  const reachOfTarget = most * 0.03;
  const steps2 = heights[1].flatMap((y, k) => [
    [edge(k), y],
    [edge(k + 1), y],
  ]);
  const share = shareBeyond(measures[1].all, 1);
  return plot(options, {
    height: 210,
    marginLeft: 46,
    marginRight: 10,
    marginTop: 24,
    marginBottom: 40,
    x: { type: "log", domain: [low, high] },
    y: { type: "linear", domain: [0, most * 1.12] },
    marks: [
      ...durationAxisX(low, high, width - 56, "how late →"),
      ...shareAxisY("share of rows", roundTicks(most, 5)),
      Plot.rect(delays, {
        x1: "x1",
        x2: "x2",
        y1: 0,
        y2: "y",
        fill: measures[0].colour,
        fillOpacity: 0.75,
        insetRight: 0.7,
        ...bearing(delays, b => storyOf(measures[0], b.from, b.x2)),
      }),
      Plot.line(steps2, { stroke: measures[1].colour, strokeWidth: 1.8, strokeDasharray: "5 3" }),
      // The other measure's steps are a line, so a band along it takes the click.
      Plot.rect(disorders, {
        x1: "x1",
        x2: "x2",
        y1: b => b.y - reachOfTarget,
        y2: b => b.y + reachOfTarget,
        fill: "transparent",
        ...bearing(disorders, b => storyOf(measures[1], b.from, b.x2)),
      }),
      Plot.ruleY([0], { stroke: INK_SOFT }),
      tip(
        [...delays.map(b => ({ ...b, measure: measures[0] })), ...disorders.map(b => ({ ...b, measure: measures[1] }))],
        {
          x: b => Math.sqrt(b.x1 * b.x2),
          y: "y",
          title: (b: { x1: number; x2: number; y: number; from: number; measure: Measure }) =>
            `${b.measure.name}\n${aboutText(b.from)} to ${aboutText(b.x2)}\n${countText(Math.round(b.y * b.measure.all.rows), "row")}, ${shareText(b.y)}`,
        },
        b => storyOf(b.measure, b.from, b.x2),
      ),
      Plot.text([`${shareText(1 - share)} in order`], {
        frameAnchor: "top-right",
        dy: -2,
        fill: measures[1].colour,
        fontWeight: 600,
        stroke: PAPER,
        strokeWidth: 4,
      }),
    ],
  });
}

/** The share of rows that are later than x: a straight fall on these axes is a tail that a longer delay will not end. */
function beyond(measures: readonly Measure[], options: DrawOptions & LatenessFacts): Element {
  const [low, high] = reach(measures);
  const width = widthOf(options);
  const least = Math.max(1 / measures[0].all.rows / 2, 1e-7);
  const lines = measures.map(m => {
    const points: { x: number; y: number; title: string; measure: Measure }[] = [];
    for (let i = 0; i <= 160; i++) {
      const x = low * (high / low) ** (i / 160);
      const y = shareBeyond(m.all, x);
      if (y > 0)
        points.push({
          x,
          y: Math.max(y, least),
          title: `${m.name}\n${shareText(y)} of rows exceed ${aboutText(x)}`,
          measure: m,
        });
    }
    return points;
  });
  const marks = measures
    .flatMap(measure =>
      QUANTILES.map(([name, q]) => ({ x: quantile(measure.all, q), y: 1 - q, name, colour: measure.colour, measure })),
    )
    .filter(p => p.x >= low && p.y >= least);
  const ticks = [1, 0.1, 0.01, 0.001, 0.0001, 0.00001, 0.000001].filter(t => t >= least);
  const delay = options.delay ?? null;
  return plot(options, {
    height: 210,
    marginLeft: 58,
    marginRight: 30,
    marginTop: 24,
    marginBottom: 40,
    x: { type: "log", domain: [low, high] },
    y: { type: "log", domain: [least, 1.2] },
    marks: [
      ...durationAxisX(low, high, width - 88, "later than →"),
      ...shareAxisY("share of rows", ticks),
      delay !== null && delay >= low && delay <= high
        ? [
            Plot.ruleX([delay], { stroke: INK, strokeWidth: 1.2 }),
            Plot.text([delay], {
              x: delay,
              frameAnchor: "top",
              dy: -14,
              text: () => `delay ${formatDuration(delay)}`,
              fill: INK,
              fontWeight: 600,
            }),
          ]
        : null,
      lines.map((line, i) =>
        Plot.line(line, {
          x: "x",
          y: "y",
          stroke: measures[i].colour,
          strokeWidth: 2,
          strokeDasharray: measures[i].dash,
        }),
      ),
      Plot.dot(marks, {
        x: "x",
        y: "y",
        r: 3,
        fill: "colour",
        stroke: PAPER,
        strokeWidth: 1,
        ...bearing(marks, m => storyOf(m.measure, m.x, null)),
      }),
      Plot.text(
        marks.filter(m => m.colour === ON_TIME),
        {
          x: "x",
          y: "y",
          text: "name",
          dx: 7,
          dy: -7,
          textAnchor: "start",
          fill: INK_SOFT,
          stroke: PAPER,
          strokeWidth: 3,
        },
      ),
      tip(lines.flat(), { x: "x", y: "y", title: "title" }, p => storyOf(p.measure, p.x, null)),
    ],
  });
}

const DRIFT: readonly (readonly [string, number, number])[] = [
  ["p50", 0.5, 1.2],
  ["p90", 0.9, 1.6],
  ["p99", 0.99, 2.2],
];

interface DriftPoint {
  readonly at: number;
  readonly name: string;
  readonly value: number;
  readonly rows: number;
}

/** Quantiles of each step of processing time; steps with too few rows for a quantile have none of it. */
export function driftOf(tables: Tables, name: string, step: number): readonly DriftPoint[] {
  const cells = table(tables, name);
  const at = numbers(cells, "at");
  const bin = numbers(cells, "bin");
  const rows = numbers(cells, "rows");
  const total = numbers(cells, "total");
  const steps = new Map<number, { bin: number; rows: number; total: number }[]>();
  for (let i = 0; i < cells.length; i++) {
    if (!(rows[i] > 0)) continue;
    const list = steps.get(at[i]);
    const cell = { bin: bin[i], rows: rows[i], total: total[i] };
    if (list === undefined) steps.set(at[i], [cell]);
    else list.push(cell);
  }
  // A step at the very end of a log holds a handful of stragglers, whose quantiles would mislead.
  const sizes = [...steps.values()].map(list => list.reduce((n, c) => n + c.rows, 0)).sort((a, b) => a - b);
  const fewest = (sizes[Math.floor(sizes.length / 2)] ?? 0) * 0.02;
  return [...steps]
    .filter(([, list]) => list.reduce((n, c) => n + c.rows, 0) >= fewest)
    .sort(([a], [b]) => a - b)
    .flatMap(([start, list]) => {
      const here = fromCells(list, COARSE);
      return DRIFT.filter(([, q]) => here.rows * (1 - q) >= (q === 0.5 ? 3 : 1)).map(([n, q]) => ({
        at: start + step / 2,
        name: n,
        value: Math.max(quantile(here, q), 1),
        rows: here.rows,
      }));
    });
}

function drift(tables: Tables, measures: readonly Measure[], options: DrawOptions & LatenessFacts): Element {
  const step = options.driftStep ?? 60_000;
  const points = driftOf(tables, measures[0].drift, step);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const seen = extent(Float64Array.from(points, p => p.at)) ?? [0, 1];
  const x0 = options.span?.start ?? seen[0] - step / 2;
  const x1 = options.span?.end ?? seen[1] + step / 2;
  const values = extent(Float64Array.from(points, p => p.value)) ?? [1, 10];
  const [low, high] = [Math.max(values[0] * 0.7, 0.7), values[1] * 1.4];
  const width = widthOf(options);
  // A gap in the rows is a gap in the lines: silence is not a straight line.
  const broken = (name: string): DriftPoint[] => {
    const line: DriftPoint[] = [];
    for (const p of points.filter(q => q.name === name)) {
      const last = line.at(-1);
      if (last !== undefined && p.at - last.at > step * 3.5)
        line.push({ at: last.at + step, name, value: NaN, rows: 0 });
      line.push(p);
    }
    return line;
  };
  const p90 = points.filter(p => p.name === "p90");
  const change = p90.length >= 10 ? changeOf(p90.map(p => p.value)) : null;
  const changed = change === null ? [] : [{ at: p90[change.index].at - step / 2, ...change }];
  return plot(options, {
    height: 200,
    marginLeft: 58,
    marginRight: 44,
    marginTop: 26,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "log", domain: [low, high] },
    marks: [
      ...timeAxisX(x0, x1, timeZone, width - 102, "processing time →"),
      ...durationAxisY(low, high, 130, "↑ delay, over time"),
      Plot.ruleX(changed, { x: "at", stroke: INK, strokeDasharray: "3 2" }),
      Plot.text(changed, {
        x: "at",
        frameAnchor: "top",
        dy: -12,
        text: ({ before, after }) => `p90 from ${aboutText(before)} to ${aboutText(after)}`,
        fill: INK,
        fontWeight: 600,
      }),
      DRIFT.map(([name, , weight]) =>
        Plot.line(broken(name), {
          x: "at",
          y: "value",
          stroke: measures[0].colour,
          strokeWidth: weight,
          strokeOpacity: name === "p50" ? 0.7 : 1,
        }),
      ),
      DRIFT.map(([name]) => {
        const last = points.findLast(p => p.name === name);
        return last === undefined
          ? null
          : Plot.text([last], { x: "at", y: "value", text: () => name, dx: 6, textAnchor: "start", fill: INK_SOFT });
      }),
      tip(
        points.map(p => ({
          ...p,
          title: `${p.name} of ${countText(p.rows, "row")}: ${aboutText(p.value)}\naround ${momentText(p.at, timeZone)}`,
        })),
        { x: "at", y: "value", title: "title" },
        p => ({
          title: `rows that arrived about ${momentText(p.at, timeZone)} and took ${aboutText(p.value)} or more`,
          values: {
            about: "lateness",
            measure: "delay",
            low: p.value,
            high: null,
            arrived_at: p.at - step / 2,
            arrived_at_until: p.at + step / 2,
          },
        }),
      ),
    ],
  });
}

function notesOf(tables: Tables, measures: readonly Measure[], options: DrawOptions & LatenessFacts): string[] {
  const notes: string[] = [];
  const future = measures[0].all.bins.filter(b => b.high <= -1);
  const count = future.reduce((n, b) => n + b.rows, 0);
  if (count > 0)
    notes.push(
      `${countText(count, "row says it happened", "rows say they happened")} after arriving, by up to ${aboutText(-future[0].mean)}: a clock is wrong.`,
    );
  const step = options.driftStep ?? 60_000;
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const points = driftOf(tables, measures[0].drift, step).filter(p => p.name === "p90");
  if (points.length >= 10) {
    const change = changeOf(points.map(p => p.value));
    if (change === null) notes.push("The delay does not drift.");
    else {
      const [way, { before, after }] = [change.after > change.before ? "grew" : "shrank", change];
      const from = momentText(points[change.index].at - step / 2, timeZone);
      notes.push(`The delay ${way} about ${from}: its p90 went from ${aboutText(before)} to ${aboutText(after)}.`);
    }
  }
  if (points.length > 0) notes.push(zoneNote(timeZone, points[0].at, points[points.length - 1].at));
  notes.push(
    `Quantiles are read from ${numberText(measures[0].all.bins.length + measures[1].all.bins.length)} bins and right to about 4 %.`,
  );
  return notes;
}
