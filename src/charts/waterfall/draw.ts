/** `waterfall`, the page's half: from opening to closing, one step for each reason. */
import * as Plot from "@observablehq/plot";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { numberAxisY } from "../duration-axis.ts";
import { expectedWindows, guessText } from "../expected.ts";
import {
  CLICK_HINT,
  defsMark,
  documentOf,
  DROPPED,
  emptyState,
  figure,
  hatch,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  TIP_STYLE,
  widthOf,
} from "../look.ts";
import { asksFor, bearing, type MarkStory } from "../stories.ts";
import type { WindowFacts } from "../twins.ts";
import { numberText, shareText, signedText, tickText } from "../words.ts";
import { numbers, sum, table } from "../wire.ts";

type WaterfallFacts = Partial<WindowFacts> & { readonly opening?: number; readonly closing?: number | null };

interface Part {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly kind: "total" | "on-time" | "late" | "waiting" | "expected" | "all" | "dropped" | "unexplained";
  /** Where it ends in four of five cases; absent where it is known. */
  readonly band?: readonly [number, number];
}

/** Whose bars are hatched: windows that are not complete, and what nobody can stand for. */
const HATCHED: ReadonlySet<string> = new Set(["waiting", "expected", "all", "dropped", "unexplained"]);

export function partsOf(tables: Tables, options: WaterfallFacts & DrawOptions): readonly Part[] {
  const windows = table(tables, "windows");
  const opening = options.opening ?? 0;
  const inflow = sum(numbers(windows, "in"));
  const outflow = sum(numbers(windows, "out"));
  const late = sum(numbers(windows, "late"));
  const dropped = sum(numbers(table(tables, "dropped"), "value"));
  const parts: Part[] = [{ name: "opening", from: 0, to: opening, kind: "total" }];
  let at = opening;
  const step = (name: string, change: number, kind: Part["kind"]): void => {
    if (Math.abs(change) < 1e-9) return;
    parts.push({ name, from: at, to: at + change, kind });
    at += change;
  };
  step("in, on time", inflow, "on-time");
  step("out, on time", outflow, "on-time");
  step("late corrections", late, "late");
  if (options.finished !== true) {
    // Open windows are not plain zero: they hold something that no pane has said, and more is expected.
    const known = numbers(table(tables, "kept"), "known")[0] ?? 0;
    const waiting = known - inflow - outflow - late;
    if (Math.abs(waiting) > 1e-9 * Math.abs(known)) step("so far, not said yet", waiting, "waiting");
    const open = expectedWindows(tables, []);
    const more = (of: "expected" | "low" | "high"): number => open.reduce((n, w) => n + (w[of] - w.known), 0);
    const from = at;
    step("still to come", more("expected"), "expected");
    const last = parts[parts.length - 1];
    if (last.kind === "expected")
      parts[parts.length - 1] = { ...last, band: [from + more("low"), from + more("high")] };
  }
  const closing = options.closing ?? null;
  if (closing !== null) {
    step("dropped as too late", dropped, "dropped");
    step("unexplained", Number((closing - at).toPrecision(12)), "unexplained");
  }
  if (closing !== null) parts.push({ name: "closing", from: 0, to: closing, kind: "total" });
  else if (parts.some(p => p.kind === "expected"))
    parts.push({ name: "expected in all", from: 0, to: at, kind: "all" });
  else parts.push({ name: "in the results", from: 0, to: at, kind: "total" });
  if (closing === null && Math.abs(dropped) > 1e-9)
    parts.push({ name: "dropped as too late", from: at, to: at + dropped, kind: "dropped" });
  return parts;
}

export const waterfall: ChartDrawing<WaterfallFacts> = {
  name: "waterfall",
  draw(tables, options) {
    if (table(tables, "windows").length === 0)
      return emptyState(
        options,
        "waterfall",
        "No window has spoken yet. Play on until the watermark passes the end of one.",
      );
    return figure(options, {
      chart: "waterfall",
      summary: summary(tables, options),
      body: [bars(partsOf(tables, options), options)],
      notes:
        options.closing === null || options.closing === undefined
          ? ["No closing balance was given, so nothing can be unexplained: {closing: …} states one."]
          : [],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & WaterfallFacts): string {
  if (table(tables, "windows").length === 0) return "No window has spoken yet.";
  const parts = partsOf(tables, options);
  const change = (name: string): number => {
    const p = parts.find(q => q.name === name);
    return p === undefined ? 0 : p.to - p.from;
  };
  const onTime = change("in, on time") + change("out, on time");
  const late = change("late corrections");
  const dropped = change("dropped as too late");
  const unexplained = change("unexplained");
  const waiting = change("so far, not said yet");
  const more = change("still to come");
  const open = [
    waiting === 0 ? "" : ` Windows that are not complete hold ${signedText(Number(waiting.toPrecision(12)))}`,
    more === 0
      ? ""
      : `${waiting === 0 ? " Of windows that are not complete" : ","} about ${guessText(more)} more is expected`,
    waiting === 0 && more === 0 ? "" : ".",
  ].join("");
  const sentence = `On time ${signedText(onTime)}, by late corrections ${signedText(late)}${onTime === 0 ? "" : ` (${shareText(Math.abs(late / onTime))})`}, ${Math.abs(dropped) < 1e-9 ? "nothing dropped" : `${numberText(dropped)} dropped`}`;
  return options.closing === null || options.closing === undefined
    ? `${sentence}.${open}`
    : `${sentence}; ${unexplained === 0 ? "nothing is unexplained" : `${signedText(unexplained)} is unexplained`}.${open}`;
}

const COLOURS: Readonly<Record<Part["kind"], string>> = {
  total: INK_SOFT,
  "on-time": ON_TIME,
  late: LATE,
  waiting: ON_TIME,
  expected: INK_SOFT,
  all: INK_SOFT,
  dropped: DROPPED,
  unexplained: DROPPED,
};

/** What a bar stands for: how it comes about is known here; whose late and dropped rows they were, the session knows. */
function storyOf(part: Part): MarkStory {
  const change = part.to - part.from;
  const step = `${numberText(part.from)} becomes ${numberText(part.to)}, ${signedText(change)}.`;
  switch (part.kind) {
    case "late":
      return { title: part.name, sentences: [step], values: { about: "late" } };
    case "dropped":
      return { title: part.name, sentences: [step], values: { about: "dropped" } };
    case "on-time":
      return {
        title: part.name,
        sentences: [
          step,
          `It is the sum of what windows said when the watermark passed their end or before, of those with a ${change > 0 ? "gain" : "loss"}.`,
        ],
        values: null,
      };
    case "waiting":
      return {
        title: part.name,
        sentences: [step, "Windows that are not complete hold it; no pane has said it yet."],
        values: null,
      };
    case "expected":
      return {
        title: part.name,
        sentences: [
          `About ${guessText(change)} more is expected of the windows that are not complete${part.band === undefined ? "" : `, ${guessText(part.band[0] - part.from)} to ${guessText(part.band[1] - part.from)} in four of five cases`}: as much as closed windows still had to come at their age.`,
        ],
        values: null,
      };
    case "all":
      return {
        title: part.name,
        sentences: [`What windows have said, what they hold, and what is still to come: about ${guessText(part.to)}.`],
        values: null,
      };
    case "unexplained":
      return {
        title: part.name,
        sentences: [
          `The closing balance that was stated is ${numberText(part.to)}; opening, flows, corrections and dropped rows come to ${numberText(part.from)}. ${signedText(change)} is in none of them.`,
          "A flow is missing or was counted twice, or the balance was taken at another moment; balanceVsFlow says from when on.",
        ],
        values: null,
      };
    case "total":
      return {
        title: part.name,
        sentences: [
          part.name === "opening"
            ? `The balance before the first window: ${numberText(part.to)}, as the cell states it.`
            : `The balance after the last window: ${numberText(part.to)}.`,
        ],
        values: null,
      };
  }
}

function bars(parts: readonly Part[], options: DrawOptions): Element {
  const hatched = new Set(parts.flatMap(({ kind }) => (HATCHED.has(kind) ? [COLOURS[kind]] : [])));
  const patterns = new Map(Array.from(hatched, colour => [colour, hatch(documentOf(options), colour, 5)]));
  const fillOf = ({ kind }: Part): string =>
    (HATCHED.has(kind) ? patterns.get(COLOURS[kind])?.fill : null) ?? COLOURS[kind];
  const values = parts.flatMap(p => [p.from, p.to, ...(p.band ?? [])]);
  const steps = parts.filter(p => p.kind !== "total");
  const [low, high] = [Math.min(...values, 0), Math.max(...values, 0)];
  // Where the changes are small beside the totals, the axis begins near them: a step must be seen.
  const zoom = [Math.min(...steps.flatMap(p => [p.from, p.to])), Math.max(...steps.flatMap(p => [p.from, p.to]))];
  const cut = steps.length > 0 && zoom[0] > 0 && (zoom[1] - zoom[0]) / high < 0.2;
  const base = cut ? zoom[0] - (zoom[1] - zoom[0]) * 0.4 : low;
  const pad = (high - base) * 0.1;
  const shown = parts.map(p => ({ ...p, a: Math.max(Math.min(p.from, p.to), base), b: Math.max(p.from, p.to) }));

  const links = shown.slice(0, -1).map((p, i) => ({ x: p.name, next: shown[i + 1].name, y: p.to }));
  return plot(options, {
    height: 300,
    width: Math.min(widthOf(options), 110 * parts.length + 90),
    marginLeft: 64,
    marginRight: 12,
    marginTop: 26,
    marginBottom: 42,
    x: { type: "band", domain: parts.map(p => p.name), padding: 0.32 },
    y: { type: "linear", domain: [base, high + pad] },
    marks: [
      [...patterns.values()].map(p => defsMark(p.defs)),
      ...numberAxisY(cut ? "↑ balance (axis does not begin at 0)" : "↑ balance", {
        ticks: 5,
        tickFormat: (v: number) => tickText(v),
      }),
      Plot.axisX({ label: null, tickSize: 0, color: INK_SOFT, lineWidth: 7 }),
      Plot.link(links, { x1: "x", x2: "next", y: "y", stroke: INK_SOFT, strokeDasharray: "2 2" }),
      Plot.barY(shown, {
        x: "name",
        y1: "a",
        y2: "b",
        fill: fillOf,
        stroke: p => COLOURS[p.kind as Part["kind"]],
        fillOpacity: 0.85,
        rx: 1.5,
        title: p => `${p.name}: ${p.kind === "total" ? numberText(p.to) : signedText(p.to - p.from)}\n${CLICK_HINT}`,
        tip: TIP_STYLE,
        ...bearing(shown, storyOf),
      }),
      asksFor(storyOf),
      Plot.ruleX(
        shown.filter(p => p.band !== undefined),
        { x: "name", y1: p => p.band?.[0], y2: p => p.band?.[1], stroke: INK, strokeWidth: 1.3 },
      ),
      Plot.text(shown, {
        x: "name",
        y: p => Math.max(p.b, p.band?.[1] ?? -Infinity),
        dy: -10,
        text: p =>
          p.kind === "total"
            ? numberText(p.to)
            : p.kind === "expected" || p.kind === "all"
              ? `≈ ${guessText(p.to - p.from)}`
              : signedText(Number((p.to - p.from).toPrecision(12))),
        fill: INK,
        fontWeight: 600,
        stroke: PAPER,
        strokeWidth: 4,
      }),
    ],
  });
}
