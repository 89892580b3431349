/** `panes`, the page's half: three columns of the same story, and under each what adding all panes up would give. */
import * as Plot from "@observablehq/plot";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { type ExpectedWindow, expectedText, expectedWindows, guessText } from "../expected.ts";
import { asksFor, bearing, type MarkStory } from "../stories.ts";
import {
  CLICK_HINT,
  documentOf,
  DROPPED,
  EARLY,
  emptyState,
  figure,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  TIMING_COLOURS,
  TIP_STYLE,
  widthOf,
} from "../look.ts";
import { clockText, momentText, windowText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText, signedText } from "../words.ts";
import { keyTexts, keyValues, numbers, table, texts } from "../wire.ts";
import { MODES } from "./plan.ts";

type PaneFacts = Partial<WindowFacts> & { readonly window?: number | null; readonly key?: string | null };

interface Pane {
  readonly keys: Readonly<Record<string, unknown>>;
  readonly start: number;
  readonly end: number;
  readonly key: string;
  readonly at: number;
  readonly timing: string;
  readonly value: number;
  readonly weight: number;
}

interface Story {
  readonly start: number;
  readonly end: number;
  readonly key: string;
  /** Panes by mode, in order of emission. */
  readonly modes: Readonly<Record<(typeof MODES)[number], readonly Pane[]>>;
  readonly right: number;
}

function panesIn(tables: Tables, mode: string, options: PaneFacts): Pane[] {
  const rows = table(tables, mode);
  const start = numbers(rows, "window_start");
  const end = numbers(rows, "window_end");
  const at = numbers(rows, "emitted_at");
  const timing = texts(rows, "timing");
  const value = numbers(rows, options.outputs?.[0] ?? "");
  const weight = numbers(rows, "weight");
  const key = keyTexts(rows, options.keys ?? []);
  return Array.from({ length: rows.length }, (_, i) => ({
    start: start[i],
    end: end[i],
    key: key[i],
    keys: keyValues(rows, options.keys ?? [], i),
    at: at[i],
    timing: timing[i] ?? "",
    value: value[i],
    weight: weight[i],
  }));
}

/** Chooses the window and key asked for, else the one that was refined most. */
export function storyOf(tables: Tables, options: PaneFacts): Story | null {
  const byMode = Object.fromEntries(MODES.map(m => [m, panesIn(tables, m, options)])) as Record<
    (typeof MODES)[number],
    Pane[]
  >;
  const id = (p: Pane): string => `${p.start}|${p.end}|${p.key}`;
  const counts = new Map<string, number>();
  for (const p of byMode.accumulating)
    if ((options.key ?? p.key) === p.key && (options.window ?? p.start) === p.start)
      counts.set(id(p), (counts.get(id(p)) ?? 0) + 1);
  const [chosen] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (chosen === undefined) return null;
  const modes = Object.fromEntries(MODES.map(m => [m, byMode[m].filter(p => id(p) === chosen)])) as Record<
    (typeof MODES)[number],
    Pane[]
  >;
  const last = modes.accumulating[modes.accumulating.length - 1];
  return { start: last.start, end: last.end, key: last.key, modes, right: last.value };
}

/** What a reader gets who adds up every pane as it comes; retractions, being rows, are taken away. */
export function naiveSum(list: readonly { readonly value: number; readonly weight: number }[]): number {
  return Number(list.reduce((n, p) => n + p.value * p.weight, 0).toPrecision(12));
}

export const panes: ChartDrawing<PaneFacts> = {
  name: "panes",
  draw(tables, options) {
    const story = storyOf(tables, options);
    if (story === null)
      return emptyState(
        options,
        "panes",
        "There is no pane to show: none has come out yet, or there are more than 20,000. Play on until the watermark passes the end of a window, or name one: {window: …, key: …}.",
      );
    const open = expectedOf(tables, story, options);
    const timeZone = options.timeZone ?? options.zone ?? "UTC";
    const width = widthOf(options);
    const document = documentOf(options);
    const row = document.createElement("div");
    Object.assign(row.style, { display: "flex", flexWrap: "wrap", gap: "16px" });
    const each = width >= 560 ? Math.floor((width - 32) / 3) : width;
    for (const mode of MODES) row.append(column(story, mode, { ...options, width: each }));
    return figure(options, {
      chart: "panes",
      summary: summary(tables, options),
      legend: [
        { label: "early", shape: "open", colour: EARLY },
        { label: "on time", shape: "bar", colour: ON_TIME },
        { label: "late", shape: "bar", colour: LATE },
        { label: "retraction", shape: "open", colour: INK_SOFT },
      ],
      body: [row],
      notes: [
        `Values of ${options.outputs?.[0] ?? "the result"}, in order of emission.`,
        ...(open === undefined ? [] : [`The window still takes rows: ${expectedText(open).replace("\n", "; ")}.`]),
        ...(Number.isFinite(story.start) ? [zoneNote(timeZone, story.start, story.end)] : []),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & PaneFacts): string {
  const story = storyOf(tables, options);
  if (story === null) return "No pane has come out yet.";
  const name = [story.key, windowText(story.start, story.end, options.timeZone ?? options.zone ?? "UTC", true)]
    .filter(t => t !== "")
    .join(", ");
  const sums = MODES.map(m => naiveSum(story.modes[m]));
  const wrong = sums[1] - story.right;
  const open = expectedOf(tables, story, options);
  const stands =
    open === undefined
      ? `ends at ${numberText(story.right)}`
      : `stands at ${numberText(story.right)} so far, of about ${guessText(open.expected)} that are expected`;
  return (
    `${name} came out in ${countText(story.modes.accumulating.length, "pane")} and ${stands}. Who adds panes up gets ${numberText(sums[0])} discarding, ` +
    `${numberText(sums[1])} accumulating${Math.abs(wrong) > 1e-9 ? ` (${signedText(wrong)} too much)` : ""} and ${numberText(sums[2])} retracting.`
  );
}

/** What the window is expected to come to while it still takes rows. */
function expectedOf(tables: Tables, story: Story, options: PaneFacts): ExpectedWindow | undefined {
  return expectedWindows(tables, options.keys ?? []).find(
    e => e.start === story.start && e.end === story.end && e.key === story.key,
  );
}

const ROW = 26;

function column(story: Story, mode: (typeof MODES)[number], options: DrawOptions & PaneFacts): Element {
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const every = story.modes[mode];
  const deepest = Math.max(...MODES.map(m => Math.min(story.modes[m].length, 14)));
  // The first panes and the last ones tell the story; a long middle is left out and counted.
  const shown = every.length <= 14 ? every : [...every.slice(0, 7), ...every.slice(-7)];
  const left = every.length - shown.length;
  const rows = shown.map((p, i) => ({
    ...p,
    place: left > 0 && i >= 7 ? i + left : i,
    i: i + (left > 0 && i >= 7 ? 1 : 0),
    signed: p.value * p.weight,
    width: p.value * Math.abs(p.weight),
  }));
  const told = (r: (typeof rows)[number]): MarkStory => ({
    title: `${r.weight < 0 ? "retraction of" : `${r.timing} pane of`} ${numberText(r.value)}, ${mode}`,
    values: {
      about: "pane",
      mode,
      ...r.keys,
      window_start: r.start,
      window_end: r.end,
      emitted_at: r.at,
      weight: r.weight,
      place: r.place,
    },
  });
  const count = deepest + (MODES.some(m => story.modes[m].length > 14) ? 1 : 0);
  // A retraction is as long as what it takes back, hollow and struck through; only values below 0 reach to the left.
  const all = MODES.flatMap(m => story.modes[m].map(p => p.value));
  const widest = Math.max(
    ...MODES.map(m =>
      Math.max(
        ...story.modes[m].map(p => numberText(p.value).length + 1),
        numberText(naiveSum(story.modes[m])).length + 3,
      ),
    ),
  );
  const right = widest * 7 + 4;
  const [low, high] = [Math.min(...all, 0), Math.max(...all, 0)];
  const reach = Math.max(high - low, 1e-9);
  const sum = naiveSum(every);
  const wrong = Math.abs(sum - story.right) > 1e-9 * Math.max(1, Math.abs(story.right));
  const sameDay = clockText(story.modes.accumulating[0].at, timeZone);
  return plot(options, {
    height: (count + 1.5) * ROW + 44,
    marginLeft: Math.min(sameDay.length * 7 + 12, 76),
    marginRight: right,
    marginTop: 30,
    marginBottom: 8,
    x: { type: "linear", domain: [low - reach * 0.04, high + reach * 0.04], axis: null },
    y: { type: "linear", domain: [count + 1.4, -0.5], axis: null },
    marks: [
      Plot.text([mode], { frameAnchor: "top-left", dy: -22, dx: -2, fill: INK, fontWeight: 600, fontSize: 12.5 }),
      Plot.ruleX([0], { stroke: INK_SOFT, strokeOpacity: 0.5, y1: -0.5, y2: count }),
      Plot.rect(rows, {
        x1: 0,
        x2: "width",
        y1: r => r.i - 0.32,
        y2: r => r.i + 0.32,
        fill: r => (r.weight < 0 || r.timing === "early" ? PAPER : TIMING_COLOURS[r.timing]),
        stroke: r => TIMING_COLOURS[r.timing],
        strokeWidth: 1.4,
        rx: 1.5,
        title: r =>
          `${r.weight < 0 ? "retraction of an " : ""}${r.timing} pane of ${numberText(r.value)}\nemitted ${momentText(r.at, timeZone)}\n${CLICK_HINT}`,
        tip: TIP_STYLE,
        ...bearing(rows, told),
      }),
      asksFor(told),
      Plot.ruleY(
        rows.filter(r => r.weight < 0),
        { y: "i", x1: 0, x2: "width", stroke: r => TIMING_COLOURS[r.timing], strokeWidth: 1.4 },
      ),
      Plot.text(rows, {
        y: "i",
        text: r => clockText(r.at, timeZone),
        frameAnchor: "left",
        textAnchor: "end",
        dx: -8,
        fill: INK_SOFT,
        fontSize: 11,
      }),
      Plot.text(rows, {
        y: "i",
        text: r => signedText(r.signed).replace("+", r.weight < 0 ? "+" : ""),
        frameAnchor: "right",
        textAnchor: "end",
        dx: right - 2,
        fill: r => (r.weight < 0 ? INK_SOFT : INK),
        fontWeight: 500,
      }),
      left > 0
        ? Plot.text([`${countText(left, "more pane")}`], {
            x: 0,
            y: 7,
            textAnchor: "start",
            fill: INK_SOFT,
            fontStyle: "italic",
          })
        : null,
      Plot.ruleY([count + 0.15], { stroke: INK_SOFT }),
      Plot.text(["added up"], {
        y: count + 0.75,
        frameAnchor: "left",
        textAnchor: "start",
        dx: -Math.min(sameDay.length * 7 + 10, 74),
        fill: INK_SOFT,
      }),
      Plot.text([`${numberText(sum)}${wrong ? " ✗" : " ✓"}`], {
        y: count + 0.75,
        frameAnchor: "right",
        textAnchor: "end",
        dx: right - 2,
        fill: wrong ? DROPPED : INK,
        fontWeight: 700,
        fontSize: 13,
      }),
    ],
  });
}
