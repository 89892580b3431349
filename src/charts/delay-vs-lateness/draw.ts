/** `delayVsLateness`, the page's half: four maps over both settings: dropped, corrected, the wait for a first result, and what is held. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { type Distribution, distributionOf } from "../distribution.ts";
import {
  CLICK_HINT,
  documentOf,
  DROPPED,
  emptyState,
  figure,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  TIP_STYLE,
  widthOf,
} from "../look.ts";
import { FINE } from "../lateness/plan.ts";
import { asksFor, bearing, type MarkStory } from "../stories.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, numberText, shareText } from "../words.ts";
import { numbers, sum, table } from "../wire.ts";
import { heldOnAverage, latencies, median, outcome, steppedCourse } from "./settings.ts";

type SettingFacts = Partial<WindowFacts> & { readonly courseStep?: number };

interface Reading {
  readonly rows: number;
  readonly margins: Distribution;
  readonly delays: readonly number[];
  readonly latenesses: readonly number[];
  readonly wait: (delay: number) => number;
  /** Windows of keys held at a time, on the average, with a delay and an allowed lateness. */
  readonly held: (delay: number, lateness: number) => number;
}

const CHOICES = [
  0, 1_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
  86_400_000,
];

function read(tables: Tables, options: SettingFacts & DrawOptions): Reading {
  const margins = distributionOf(table(tables, "margins"), FINE);
  const rows = sum(numbers(table(tables, "fates"), "rows"));
  const reach = Number.isNaN(margins.max) ? 60_000 : margins.max;
  const upTo = (here: number | null | undefined): number[] => {
    const inside = CHOICES.filter((c, i) => c <= reach || CHOICES[i - 1] < reach);
    // Eight steps fit; the setting at hand is one of them.
    const thinned = inside.filter((_, i) => inside.length <= 9 || i % 2 === 0 || i === inside.length - 1);
    const finite = here !== null && here !== undefined && Number.isFinite(here) && here >= 0 ? [here] : [];
    return [...new Set([...thinned, ...finite])].sort((a, b) => a - b);
  };
  const course = table(tables, "course");
  const eager = steppedCourse(numbers(course, "last"), numbers(course, "watermark"), options.courseStep ?? 0);
  const windows = table(tables, "windows");
  const [end, n, opened] = ["window_end", "n", "opened"].map(name => numbers(windows, name));
  const lives = Array.from({ length: windows.length }, (_, i) => ({
    end: end[i],
    keys: n[i],
    opened: opened[i],
  })).filter(w => Number.isFinite(w.end) && Number.isFinite(w.opened));
  const ends = Array.from(end).filter(Number.isFinite);
  const stretch = {
    start: options.span?.start ?? eager.at[0] ?? NaN,
    end: Math.min(options.now ?? Infinity, options.span?.end ?? Infinity, eager.at.at(-1) ?? Infinity),
  };
  const known = new Map<number, number>();
  return {
    rows,
    margins,
    delays: upTo(options.delay),
    latenesses: upTo(options.allowedLateness),
    wait: delay => median(latencies(eager, ends, delay)),
    held(delay, lateness) {
      // A window is let go of when delay and lateness together are over, whichever of them is the longer.
      const patience = delay + lateness;
      let held = known.get(patience);
      if (held === undefined) known.set(patience, (held = heldOnAverage(eager, lives, patience, stretch)));
      return held;
    },
  };
}

export const delayVsLateness: ChartDrawing<SettingFacts> = {
  name: "delayVsLateness",
  draw(tables, options) {
    const reading = read(tables, options);
    if (reading.rows === 0)
      return emptyState(
        options,
        "delayVsLateness",
        "No row has arrived yet. Press play to see what each pair of settings would do.",
      );
    const width = widthOf(options);
    const each = width >= 620 ? Math.floor((width - 20) / 2) : width;
    const row = documentOf(options).createElement("div");
    Object.assign(row.style, { display: "flex", flexWrap: "wrap", gap: "10px 20px" });
    row.append(...MEASURES.map(measure => map(reading, measure, { ...options, width: each })));
    return figure(options, {
      chart: "delayVsLateness",
      summary: summary(tables, options),
      body: [row],
      notes: [
        "The frame marks the present settings. Shares are counted from each row's margin; waits are medians over the windows, from their end to their first complete result; state is the number of windows, each key for itself, that are held at a time, on the average.",
      ],
    });
  },
  summary,
};

/** What a map shows of each pair of settings. */
interface Measure {
  readonly label: string;
  readonly colour: string;
  readonly value: (reading: Reading, delay: number, lateness: number) => number;
  /** In a cell, and in its tip. */
  readonly short: (value: number) => string;
  readonly long: (value: number) => string;
  /** Strength of the shade, from 0 to 1, of a value that is a part of the greatest one. */
  readonly shade: (part: number) => number;
}

// Shares span four decades, so their shade follows the fourth root.
const SHARE = {
  short: (share: number) => shareText(share).replace(" %", "").replace("< 0.01", "·"),
  long: shareText,
  shade: (part: number) => part ** 0.25,
};

const MEASURES: readonly Measure[] = [
  {
    ...SHARE,
    label: "dropped for good, % of rows",
    colour: DROPPED,
    value: ({ margins, rows }, delay, lateness) => outcome(margins, rows, delay, lateness).dropped,
  },
  {
    ...SHARE,
    label: "corrected after the first result, % of rows",
    colour: LATE,
    value: ({ margins, rows }, delay, lateness) => outcome(margins, rows, delay, lateness).corrected,
  },
  {
    label: "first result, after the window's end",
    colour: ON_TIME,
    value: (reading, delay) => reading.wait(delay),
    short: roughly,
    long: wait => (Number.isNaN(wait) ? "not known yet" : aboutText(wait)),
    shade: part => part ** 0.35,
  },
  {
    label: "state held, windows at a time",
    colour: INK_SOFT,
    value: (reading, delay, lateness) => reading.held(delay, lateness),
    short: held => heldText(held),
    long: held => `${heldText(held)} windows at a time`,
    shade: part => part ** 0.7,
  },
];

function heldText(held: number): string {
  return Number.isNaN(held) ? "–" : numberText(Number(held.toPrecision(held < 100 ? 2 : 3)));
}

function summary(tables: Tables, options: DrawOptions & SettingFacts): string {
  const reading = read(tables, options);
  if (reading.rows === 0) return "No row has arrived yet.";
  const delay = options.delay ?? 0;
  const lateness = options.allowedLateness ?? 0;
  const now = outcome(reading.margins, reading.rows, delay, lateness);
  const wait = reading.wait(delay);
  return (
    `With a delay of ${formatDuration(delay)} and ${lateness === 0 ? "no allowed lateness" : `an allowed lateness of ${formatDuration(lateness)}`}, first results take ${Number.isNaN(wait) ? "an unknown time" : aboutText(wait)} after the window's end, ` +
    `${shareText(now.corrected)} of the rows correct them later and ${shareText(now.dropped)} are dropped; ${heldText(reading.held(delay, lateness))} windows${(options.keys ?? []).length > 0 ? " of keys" : ""} are held at a time. Delay makes results wait; allowed lateness makes them change.`
  );
}

/** Writes a wait in its greatest unit alone, so that it fits under a column. */
function roughly(wait: number): string {
  return Number.isNaN(wait) ? "–" : aboutText(wait).split(" ").slice(0, 2).join(" ");
}

function map(reading: Reading, measure: Measure, options: DrawOptions & SettingFacts): Element {
  const { delays, latenesses } = reading;
  const { label, colour } = measure;
  const cells = delays.flatMap(delay =>
    latenesses.map(lateness => ({
      delay: String(delay),
      lateness: String(lateness),
      value: measure.value(reading, delay, lateness),
    })),
  );
  const most = Math.max(...cells.map(c => c.value || 0), 1e-9);
  const name = (v: string): string => formatDuration(Number(v)).replace("0 ms", "0");
  const here = cells.filter(c => Number(c.delay) === options.delay && Number(c.lateness) === options.allowedLateness);
  const shade = (value: number): number => (value > 0 ? 0.08 + 0.82 * measure.shade(value / most) : 0.03);
  const left = 62;
  const room = (widthOf(options) - left) / delays.length;
  const story = (c: (typeof cells)[number]): MarkStory => storyOf(reading, Number(c.delay), Number(c.lateness));
  return plot(options, {
    height: latenesses.length * 25 + (room < 40 ? 110 : 94),
    marginLeft: left,
    marginRight: 4,
    marginTop: 44,
    marginBottom: room < 40 ? 66 : 50,
    x: { type: "band", domain: delays.map(String), padding: 0.06 },
    y: { type: "band", domain: latenesses.map(String).reverse(), padding: 0.06 },
    marks: [
      Plot.axisX({
        tickFormat: name,
        label: null,
        tickSize: 0,
        color: INK_SOFT,
        fontSize: 10.5,
        tickRotate: room < 40 ? -35 : 0,
      }),
      Plot.axisY({ tickFormat: name, label: null, tickSize: 0, color: INK_SOFT }),
      Plot.text([label], {
        frameAnchor: "top-left",
        dx: -left + 2,
        dy: -32,
        fill: INK,
        fontWeight: 600,
        fontSize: 12.5,
      }),
      Plot.text(["↑ allowed lateness"], { frameAnchor: "top-left", dx: -left + 2, dy: -12, fill: INK_SOFT }),
      Plot.text(["watermark delay →"], { frameAnchor: "bottom-right", dy: room < 40 ? 62 : 38, fill: INK_SOFT }),
      Plot.cell(cells, {
        x: "delay",
        y: "lateness",
        fill: colour,
        fillOpacity: c => shade(c.value),
        rx: 2,
        title: c =>
          `delay ${name(c.delay)}, allowed lateness ${name(c.lateness)}\n${label.split(",")[0]}: ${measure.long(c.value)}\n${CLICK_HINT}`,
        tip: TIP_STYLE,
        ...bearing(cells, story),
      }),
      asksFor(story),
      Plot.text(cells, {
        x: "delay",
        y: "lateness",
        text: c => (room > 34 ? measure.short(c.value) : ""),
        fill: c => (shade(c.value) > 0.72 ? PAPER : INK),
        // "12 min" has to fit where a share does.
        fontSize: room < 44 && cells.some(c => measure.short(c.value).length > 5) ? 9.2 : 10.5,
      }),
      Plot.cell(here, { x: "delay", y: "lateness", fill: "none", stroke: INK, strokeWidth: 2, rx: 2, inset: -1 }),
    ],
  });
}

/** What a pair of settings comes to; which rows it drops the session knows. */
function storyOf(reading: Reading, delay: number, lateness: number): MarkStory {
  const wait = reading.wait(delay);
  return {
    title: `a delay of ${formatDuration(delay)}, ${lateness === 0 ? "no allowed lateness" : `${formatDuration(lateness)} of lateness`}`,
    sentences: [
      `${Number.isNaN(wait) ? "When first results come is not known yet" : `First results come ${aboutText(wait)} after the window's end, half of them sooner`}; ${heldText(reading.held(delay, lateness))} windows are held at a time, on the average.`,
    ],
    values: { about: "setting", delay, lateness },
  };
}
