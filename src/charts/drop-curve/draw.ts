/** `dropCurve`, the page's half: the exact curve, the closed form beside it, where the setting stands, and a better one. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { type Distribution, distributionOf } from "../distribution.ts";
import { durationAxisX, shareAxisY } from "../duration-axis.ts";
import { ACCENT, DROPPED, emptyState, figure, INK, INK_SOFT, PAPER, plot, tip, widthOf } from "../look.ts";
import { FINE } from "../lateness/plan.ts";
import type { WindowFacts } from "../twins.ts";
import { bearing, type MarkStory } from "../stories.ts";
import { aboutText, countText, numberText, shareText } from "../words.ts";
import { numbers, sum, table, texts } from "../wire.ts";
import { expectedDropped, rowsAtLeast, type Suggestion, suggestDelay } from "./closed-form.ts";

type DropCurveFacts = Partial<WindowFacts> & { readonly target?: number; readonly windowsPerRow?: number };

interface Reading {
  readonly rows: number;
  readonly dropped: number;
  readonly margins: Distribution;
  readonly disorder: Distribution;
  readonly lateness: number;
  readonly target: number;
  readonly suggestion: Suggestion;
  /** Exact share of rows that a delay drops. */
  readonly share: (delay: number) => number;
  /** False where windows merge or never end, and a margin says nothing. */
  readonly exact: boolean;
}

function read(tables: Tables, options: DropCurveFacts): Reading {
  const fates = table(tables, "fates");
  const counts = numbers(fates, "rows");
  const names = texts(fates, "fate");
  const per = options.windowsPerRow ?? 1;
  const disorder = distributionOf(table(tables, "disorder"), FINE);
  const rows = Math.max(sum(counts), disorder.rows);
  const margins = distributionOf(table(tables, "margins"), FINE);
  const lateness = options.allowedLateness ?? 0;
  const target = Math.min(Math.max(options.target ?? 0.999, 0), 1);
  return {
    rows,
    dropped: Array.from(counts).reduce((n, c, i) => n + (names[i] === "dropped" ? c : 0), 0),
    margins,
    disorder,
    lateness,
    target,
    suggestion: suggestDelay(margins, rows * per, target, lateness),
    share: delay => rowsAtLeast(margins, delay + lateness) / (rows * per),
    exact: options.windowKind !== "sessions" && options.windowKind !== "global" && options.windowKind !== "custom",
  };
}

export const dropCurve: ChartDrawing<DropCurveFacts> = {
  name: "dropCurve",
  draw(tables, options) {
    const reading = read(tables, options);
    if (reading.rows === 0)
      return emptyState(options, "dropCurve", "No row has arrived yet. Press play to see what each delay would drop.");
    if (!reading.exact)
      return emptyState(
        options,
        "dropCurve",
        `${options.windowKind === "global" ? "One window without end drops nothing, whatever the delay." : "Windows that merge have no curve: which rows are dropped depends on the rows before them."} Use fixed, sliding or calendar windows.`,
      );
    return figure(options, {
      chart: "dropCurve",
      summary: summary(tables, options),
      legend: [
        { label: "dropped, counted", shape: "line", colour: DROPPED },
        { label: "closed form", shape: "dashed", colour: INK_SOFT },
        { label: `keeps ${shareText(reading.target)}, with 95 % band`, shape: "area", colour: ACCENT },
      ],
      body: [curve(reading, options)],
      notes: [
        `Out of ${countText(reading.rows, "row")}, with an allowed lateness of ${reading.lateness === 0 ? "nothing" : formatDuration(reading.lateness)}.`,
        "Counted from each row's margin behind a watermark without delay; no replay is needed.",
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DropCurveFacts): string {
  const reading = read(tables, options);
  if (reading.rows === 0) return "No row has arrived yet.";
  const { suggestion, dropped, rows, target } = reading;
  const now =
    options.delay === null || options.delay === undefined
      ? `${numberText(dropped)} rows are dropped (${shareText(dropped / rows)}).`
      : `A delay of ${formatDuration(options.delay)} drops ${countText(dropped, "row")}${dropped === 0 ? "" : ` (${shareText(dropped / rows)})`}.`;
  if (!reading.exact) return now;
  const band = Number.isFinite(suggestion.high)
    ? `between ${aboutText(suggestion.low)} and ${aboutText(suggestion.high)} with 95 % confidence`
    : `at least ${aboutText(suggestion.low)}; the log is too short to say how much more`;
  return suggestion.delay === 0
    ? `${now} No delay at all is needed to keep ${shareText(target)}.`
    : `${now} To keep ${shareText(target)}, a delay of ${aboutText(suggestion.delay)} would have done (${band}).`;
}

function curve(reading: Reading, options: DrawOptions & DropCurveFacts): Element {
  const { suggestion, rows, share, lateness } = reading;
  const width = widthOf(options);
  const delay = options.delay ?? null;
  const longest =
    Math.max(
      reading.margins.max - lateness,
      delay ?? 0,
      Number.isFinite(suggestion.high) ? suggestion.high : 0,
      1_000,
    ) * 1.35;
  const shortest = Math.max(1, Math.min(longest / 500, (delay ?? longest) / 3));
  const worst = Math.max(share(0), reading.dropped / rows, 1 - reading.target, 1e-9) * 1.6;
  const least = Math.min(0.5 / rows, (1 - reading.target) / 3 || 1);
  const points = (value: (d: number) => number): { x: number; y: number }[] =>
    Array.from({ length: 241 }, (_, i) => {
      const x = shortest * (longest / shortest) ** (i / 240);
      return { x, y: value(x) };
    });
  const exact = points(share).map(p => ({ ...p, shown: Math.max(p.y, least) }));
  const size = options.windowSize ?? 0;
  const closed =
    size > 0 ? points(d => expectedDropped(reading.disorder, size, d, lateness)).filter(p => p.y > least) : [];
  const ticks = [
    1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00001, 0.000001,
  ].filter(t => t <= worst && t >= least);
  const shownTicks =
    ticks.length > 7 ? ticks.filter(t => Number.isInteger(Math.round(Math.log10(t) * 1e6) / 1e6)) : ticks;
  const here = delay === null ? [] : [{ x: Math.max(delay, shortest), y: Math.max(reading.dropped / rows, least) }];
  const story = (d: number): MarkStory => ({
    title: `a delay of ${aboutText(d)}`,
    values: { about: "setting", delay: Math.round(d), lateness },
  });
  // Under the curve a click asks for the delay that it stands at; the keyboard goes from one to the next.
  const stripes = exact
    .filter((_, i) => i % 8 === 0 && i + 8 < exact.length)
    .map((p, i) => ({ ...p, until: exact[i * 8 + 8].x }));
  const limit = 1 - reading.target;
  const band = {
    x1: Math.max(suggestion.low, shortest),
    x2: Number.isFinite(suggestion.high) ? Math.max(suggestion.high, shortest) : longest,
  };
  return plot(options, {
    height: options.height ?? 300,
    marginLeft: 62,
    marginRight: 16,
    marginTop: 30,
    marginBottom: 40,
    x: { type: "log", domain: [shortest, longest] },
    y: { type: "log", domain: [least, Math.min(worst, 1)] },
    marks: [
      ...durationAxisX(shortest, longest, width - 78, "watermark delay →"),
      ...shareAxisY("↑ rows dropped", shownTicks),
      suggestion.delay > 0
        ? [
            Plot.rect([band], {
              x1: "x1",
              x2: "x2",
              y1: least,
              y2: Math.min(worst, 1),
              fill: ACCENT,
              fillOpacity: 0.11,
            }),
            Plot.ruleX([Math.max(suggestion.delay, shortest)], { stroke: ACCENT, strokeWidth: 1.4 }),
            Plot.text([suggestion.delay], {
              x: Math.max(suggestion.delay, shortest),
              frameAnchor: "top",
              dy: -16,
              textAnchor: suggestion.delay > Math.sqrt(shortest * longest) ? "end" : "start",
              text: () => `${aboutText(suggestion.delay)} keeps ${shareText(reading.target)}`,
              fill: ACCENT,
              fontWeight: 600,
              stroke: PAPER,
              strokeWidth: 4,
            }),
          ]
        : null,
      limit >= least ? Plot.ruleY([limit], { stroke: ACCENT, strokeDasharray: "2 3", strokeOpacity: 0.7 }) : null,
      Plot.line(closed, { x: "x", y: "y", stroke: INK_SOFT, strokeWidth: 1.3, strokeDasharray: "5 4" }),
      Plot.line(exact, { x: "x", y: "shown", stroke: DROPPED, strokeWidth: 2.4 }),
      Plot.ruleX(here, { x: "x", stroke: INK, strokeWidth: 1, strokeOpacity: 0.55 }),
      Plot.rect(stripes, {
        x1: "x",
        x2: "until",
        y1: least,
        y2: "shown",
        fill: "transparent",
        ...bearing(stripes, p => story(p.x)),
      }),
      Plot.dot(here, {
        x: "x",
        y: "y",
        r: 5.5,
        fill: INK,
        stroke: PAPER,
        strokeWidth: 1.5,
        ...bearing(here, () => story(delay ?? 0)),
      }),
      Plot.text(here, {
        x: "x",
        y: "y",
        text: () => `${formatDuration(delay ?? 0)}: ${shareText(reading.dropped / rows)}`,
        dx: 10,
        dy: -10,
        textAnchor: "start",
        fill: INK,
        fontWeight: 600,
        stroke: PAPER,
        strokeWidth: 4,
      }),
      tip(
        exact,
        {
          x: "x",
          y: "shown",
          title: (p: (typeof exact)[number]) =>
            `delay ${aboutText(p.x)}\ndrops ${shareText(p.y)}: ${countText(Math.round(p.y * rows), "row")}`,
        },
        p => story(p.x),
      ),
    ],
  });
}
