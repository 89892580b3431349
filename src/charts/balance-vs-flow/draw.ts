/** `balanceVsFlow`, the page's half: panels on one axis of event time, from flows through the balance to what is left unexplained. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { type Expectation, expectations, reachedBy, type Stretch } from "../completeness.ts";
import { numberAxisY } from "../duration-axis.ts";
import { type ExpectedBar, expectedLegend, expectedMarks, expectedText, guessText } from "../expected.ts";
import {
  ACCENT,
  defsMark,
  documentOf,
  DROPPED,
  emptyState,
  figure,
  hatch,
  INK,
  INK_SOFT,
  LATE,
  type LegendItem,
  PAPER,
  plot,
  timeAxisX,
  tip,
  widthOf,
} from "../look.ts";
import { bearing, type MarkStory } from "../stories.ts";
import { momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText, signedText, tickText } from "../words.ts";
import { numbers, table } from "../wire.ts";
import { balanceAt, type FlowCell, type FlowStep, flowSteps } from "./balance.ts";
import type { BalanceVsFlowOptions } from "./plan.ts";
import { residualShape } from "../../model/residual-shape.ts";

type BalanceFacts = Partial<WindowFacts> & Partial<Omit<BalanceVsFlowOptions, "step">> & { readonly step?: number };

interface Residual {
  readonly at: number;
  readonly residual: number;
  readonly cumulative: number;
}

interface Reading {
  readonly steps: readonly FlowStep[];
  readonly cells: readonly FlowCell[];
  readonly snapshots: readonly { readonly at: number; readonly balance: number }[];
  readonly residuals: readonly Residual[];
  readonly opening: number;
  /** What bars that are not complete are expected to come to. */
  readonly expected: readonly Expectation[];
}

function read(tables: Tables, options: BalanceFacts & DrawOptions): Reading {
  const flows = table(tables, "flows");
  const at = numbers(flows, "at");
  const known = numbers(flows, "known");
  const inflow = numbers(flows, "inflow");
  const outflow = numbers(flows, "outflow");
  const rows = numbers(flows, "rows");
  const cells = Array.from({ length: flows.length }, (_, i) => ({
    at: at[i],
    known: known[i],
    inflow: inflow[i],
    outflow: outflow[i],
    rows: rows[i],
  }));
  const taken = table(tables, "snapshots");
  const when = numbers(taken, "event_time");
  const balance = numbers(taken, "amount");
  const residuals = table(tables, "residuals");
  const time = numbers(residuals, "event_time");
  const residual = numbers(residuals, "residual");
  const cumulative = numbers(residuals, "cumulative");
  const sorted = <T extends { at: number }>(list: T[]): T[] => list.sort((a, b) => a.at - b.at);
  const snapshots = sorted(Array.from({ length: taken.length }, (_, i) => ({ at: when[i], balance: balance[i] })));
  // Without a stated opening the first snapshot says it, so that line and points can be compared.
  const stated = options.opening ?? null;
  const first = snapshots[0];
  const opening =
    stated ?? (first === undefined ? 0 : first.balance - balanceAt(flowSteps(cells, 0, null), first.at, 0));
  const present = options.now ?? known.reduce((a, b) => Math.max(a, b), -Infinity);
  return {
    steps: flowSteps(cells, opening, options.asOf ?? null),
    expected: expectations(stretchesOf(cells, options.step ?? 3_600_000), reachedBy(tables, options), present),
    cells,
    snapshots,
    residuals: sorted(
      Array.from({ length: residuals.length }, (_, i) => ({
        at: time[i],
        residual: Number.isNaN(residual[i]) ? 0 : residual[i],
        cumulative: cumulative[i],
      })),
    ),
    opening,
  };
}

/** Flows by when they happened, in order; cells are named by their ends. */
function stretchesOf(cells: readonly FlowCell[], step: number): readonly Stretch[] {
  const stretches = new Map<number, Stretch & { parts: Stretch["parts"][number][] }>();
  for (const c of cells) {
    let stretch = stretches.get(c.at);
    if (stretch === undefined) stretches.set(c.at, (stretch = { start: c.at - step, end: c.at, parts: [] }));
    stretch.parts.push({ from: c.known - step, until: c.known, up: c.inflow, down: c.outflow });
  }
  return [...stretches.values()].sort((a, b) => a.start - b.start);
}

export const balanceVsFlow: ChartDrawing<BalanceFacts> = {
  name: "balanceVsFlow",
  draw(tables, options) {
    const reading = read(tables, options);
    if (reading.steps.length === 0)
      return emptyState(options, "balanceVsFlow", "No flow has arrived yet. Press play: flows add up to a balance.");
    const timeZone = options.timeZone ?? options.zone ?? "UTC";
    const step = options.step ?? 3_600_000;
    const restated = restatement(reading, options);
    const x0 = Math.min(reading.steps[0].at - step, reading.snapshots[0]?.at ?? Infinity);
    const x1 = Math.max(
      reading.steps[reading.steps.length - 1].at,
      reading.snapshots.at(-1)?.at ?? -Infinity,
      reading.expected.at(-1)?.stretch.end ?? -Infinity,
      Math.min(options.span?.end ?? -Infinity, x0 + 1e15),
    );
    const domain: readonly [number, number] = [x0, x1];
    const last = reading.residuals.length > 0;
    const legend: (LegendItem | false)[] = [
      { label: "flow in", shape: "bar", colour: ACCENT },
      { label: "flow out", shape: "bar", colour: FLOW_OUT },
      { label: "net", shape: "thin", colour: INK },
      reading.expected.length > 0 && expectedLegend(ACCENT),
      { label: "balance, as known now", shape: "line", colour: INK },
      restated.shown && { label: restated.label, shape: "dashed", colour: LATE },
      reading.snapshots.length > 0 && { label: "snapshot", shape: "open", colour: ACCENT },
      (options.assertions ?? []).length > 0 && { label: "assertion that fails", shape: "cross", colour: DROPPED },
      last && { label: "unexplained, so far", shape: "line", colour: DROPPED },
    ];
    return figure(options, {
      chart: "balanceVsFlow",
      summary: summary(tables, options),
      legend: legend.filter(l => l !== false),
      body: [
        flowPanel(reading, domain, options),
        balancePanel(reading, domain, options, restated, !last),
        ...(last ? [residualPanel(reading, domain, options)] : []),
      ],
      notes: [`Bars of ${formatDuration(step)}.`, zoneNote(timeZone, x0, x1)],
    });
  },
  summary,
};

function summary(tables: Tables, options: BalanceFacts & DrawOptions): string {
  const { steps, residuals, opening, expected } = read(tables, options);
  if (steps.length === 0) return "No flow has arrived yet.";
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const inflow = steps.reduce((n, s) => n + s.inflow, 0);
  const outflow = steps.reduce((n, s) => n + s.outflow, 0);
  const closing = steps[steps.length - 1].balance;
  const parts = [
    `From ${numberText(opening)}, with ${numberText(inflow)} in and ${numberText(-outflow)} out, the balance comes to ${numberText(closing)}.`,
  ];
  if (expected.length > 0) parts.push(stillToCome(expected));
  if (residuals.length > 0) {
    const { shape, at, size, meaning } = residualShape(
      residuals.map(r => r.at),
      residuals.map(r => r.cumulative),
    );
    if (shape === "none") parts.push(`It agrees with all ${countText(residuals.length, "snapshot")}.`);
    else
      parts.push(
        `Against ${countText(residuals.length, "snapshot")} ${numberText(Math.abs(residuals[residuals.length - 1].cumulative))} is unexplained in the end; the residual is ${shape === "unknown" ? "without a known shape" : `a ${shape}`}` +
          `${shape === "unknown" ? "" : ` of ${numberText(Math.abs(size))}${shape === "ramp" ? " a day" : ""}`}${at === null ? "" : ` from ${momentText(at, timeZone)}`}. ${meaning}`,
      );
  }
  return parts.join(" ");
}

function stillToCome(expected: readonly Expectation[]): string {
  const more = (side: "up" | "down"): number =>
    expected.reduce((n, { [side]: e }) => n + (e === null ? 0 : Math.abs(e.expected - e.known)), 0);
  const bars = expected.length === 1 ? "The last bar is" : `The last ${expected.length} bars are`;
  return expected.every(e => e.net === null)
    ? `${bars} not complete.`
    : `${bars} not complete: about ${guessText(more("up"))} more in and ${guessText(more("down"))} out are expected.`;
}

interface Restatement {
  readonly shown: boolean;
  readonly label: string;
  readonly value: (s: FlowStep) => number;
}

/** Which earlier view of the balance stands beside the present one: as of a time asked for, else as first published. */
function restatement({ steps }: Reading, options: BalanceFacts & DrawOptions): Restatement {
  const asked = options.asOf ?? null;
  const value = asked === null ? (s: FlowStep): number => s.published : (s: FlowStep): number => s.asOf;
  const label =
    asked === null ? "as first published" : `as known ${momentText(asked, options.timeZone ?? options.zone ?? "UTC")}`;
  return { shown: steps.some(s => Math.abs(value(s) - s.balance) > 1e-9), label, value };
}

/** What goes out is paler than what comes in; hatching is for what is not complete. */
const FLOW_OUT = `color-mix(in srgb, ${ACCENT} 40%, transparent)`;
const LEFT = 54;
const RIGHT = 16;

function panel(
  domain: readonly [number, number],
  options: DrawOptions & BalanceFacts,
  height: number,
  label: string,
  axis: boolean,
  low: number,
  high: number,
  marks: Plot.Markish[],
): Element {
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const [x, dates] = timeAxisX(domain[0], domain[1], timeZone, widthOf(options) - LEFT - RIGHT, "event time →");
  const pad = Math.max(high - low, 1e-9) * 0.06;
  return plot(options, {
    height: height + (axis ? 46 : 6),
    marginLeft: LEFT,
    marginRight: RIGHT,
    marginTop: 24,
    marginBottom: axis ? 46 : 6,
    x: { type: "linear", domain: [...domain], axis: null },
    y: { type: "linear", domain: [low - pad, high + pad] },
    marks: [
      x,
      axis ? dates : null,
      ...numberAxisY(label, { ticks: 4, tickFormat: (v: number) => tickText(v) }),
      ...marks,
    ],
  });
}

function flowPanel(
  { steps, expected }: Reading,
  domain: readonly [number, number],
  options: DrawOptions & BalanceFacts,
): Element {
  const step = options.step ?? 3_600_000;
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const pattern = hatch(documentOf(options), ACCENT, 4);
  const still = (side: "up" | "down"): ExpectedBar[] =>
    expected.flatMap(({ stretch: { start, end }, [side]: found }) =>
      found === null || found.high === found.low ? [] : [{ ...found, x1: start, x2: end }],
    );
  const [ups, downs] = [still("up"), still("down")];
  const low = Math.min(...steps.map(s => s.outflow), ...downs.map(d => d.low), 0);
  const high = Math.max(...steps.map(s => s.inflow), ...ups.map(u => u.high), 0);
  const expectedAt = new Map(expected.map(e => [e.stretch.end, e]));
  const [whole, partial] = [steps.filter(s => !expectedAt.has(s.at)), steps.filter(s => expectedAt.has(s.at))];
  // Silence is not zero: where nothing has come of a bar that is not complete, the tip says so.
  const silent = expected.flatMap(({ stretch: { end, parts } }) =>
    parts.length > 0 ? [] : [{ at: end, inflow: 0, outflow: 0, balance: NaN, published: NaN, asOf: NaN }],
  );
  const story = (s: FlowStep): MarkStory => ({
    title: `flows of ${momentText(s.at - step, timeZone)} + ${formatDuration(step)}`,
    values: {
      about: "flows",
      amount: options.amount ?? null,
      closed: "start",
      event_time: s.at - step,
      event_time_until: s.at,
    },
  });
  const bar = { x1: (s: FlowStep) => s.at - step, x2: (s: FlowStep) => s.at, inset: 0.2 };
  return panel(domain, options, 150, "↑ flow in, out ↓", false, low, high, [
    defsMark(pattern.defs),
    Plot.rect(whole, { ...bar, y1: 0, y2: "inflow", fill: ACCENT, fillOpacity: 0.75, ...bearing(whole, story) }),
    Plot.rect(whole, { ...bar, y1: "outflow", y2: 0, fill: FLOW_OUT, ...bearing(whole, story) }),
    Plot.rect(partial, { ...bar, y1: 0, y2: "inflow", fill: ACCENT, fillOpacity: 0.45, ...bearing(partial, story) }),
    Plot.rect(partial, { ...bar, y1: "outflow", y2: 0, fill: ACCENT, fillOpacity: 0.25, ...bearing(partial, story) }),
    expectedMarks([...ups, ...downs], pattern.fill, ACCENT),
    Plot.ruleY([0], { stroke: INK_SOFT }),
    Plot.line(
      steps.flatMap(s => [
        { x: s.at - step, y: s.inflow + s.outflow },
        { x: s.at, y: s.inflow + s.outflow },
      ]),
      { x: "x", y: "y", stroke: INK, strokeWidth: 1 },
    ),
    tip(
      [...steps, ...silent],
      {
        x: (s: FlowStep) => s.at - step / 2,
        y: "inflow",
        title: (s: FlowStep) =>
          [
            `${momentText(s.at - step, timeZone)} + ${formatDuration(step)}`,
            `in ${numberText(s.inflow)}\nout ${numberText(-s.outflow)}\nnet ${signedText(s.inflow + s.outflow)}`,
            ...expectedLines(expectedAt.get(s.at)),
          ].join("\n"),
      },
      story,
    ),
  ]);
}

function expectedLines(expected: Expectation | undefined): string[] {
  if (expected === undefined) return [];
  return ["so far: not complete", ...(expected.net === null ? [] : [expectedText(expected.net, "net ")])];
}

function balancePanel(
  { steps, snapshots, opening, expected }: Reading,
  domain: readonly [number, number],
  options: DrawOptions & BalanceFacts,
  restated: Restatement,
  axis: boolean,
): Element {
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const failing = (options.assertions ?? [])
    .map(a => ({ ...a, actual: balanceAt(steps, a.at, opening) }))
    .map(a => ({ ...a, holds: Math.abs(a.actual - a.balance) < 1e-6 * Math.max(1, Math.abs(a.balance)) }));
  const values = [
    opening,
    ...steps.flatMap(s => [s.balance, restated.value(s)]),
    ...snapshots.map(s => s.balance),
    ...failing.map(a => a.balance),
  ];
  const corners = (value: (s: FlowStep) => number): { x: number; y: number }[] => [
    { x: domain[0], y: opening },
    ...steps.map(s => ({ x: s.at, y: value(s) })),
  ];
  const pattern = hatch(documentOf(options), INK_SOFT, 6);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return panel(domain, options, 200, "↑ balance", axis, least, greatest, [
    defsMark(pattern.defs),
    // Where flows are still to come the balance is one so far.
    expected.length === 0
      ? null
      : Plot.rect([0], {
          x1: expected[0].stretch.start,
          x2: expected[expected.length - 1].stretch.end,
          y1: least,
          y2: greatest,
          fill: pattern.fill,
          fillOpacity: 0.35,
        }),
    restated.shown
      ? [
          Plot.areaY(steps as FlowStep[], {
            x: "at",
            y1: "balance",
            y2: restated.value,
            fill: LATE,
            fillOpacity: 0.28,
            curve: "step-after",
          }),
          Plot.line(corners(restated.value), {
            x: "x",
            y: "y",
            stroke: LATE,
            strokeWidth: 1.3,
            strokeDasharray: "4 3",
            curve: "step-after",
          }),
        ]
      : null,
    Plot.line(
      corners(s => s.balance),
      { x: "x", y: "y", stroke: INK, strokeWidth: 2, curve: "step-after" },
    ),
    Plot.dot(snapshots as { at: number; balance: number }[], {
      x: "at",
      y: "balance",
      symbol: "square",
      r: snapshots.length > 60 ? 2.4 : 3.6,
      fill: PAPER,
      stroke: ACCENT,
      strokeWidth: 1.8,
    }),
    Plot.dot(
      failing.filter(a => a.holds),
      { x: "at", y: "balance", r: 3.2, fill: INK },
    ),
    Plot.dot(
      failing.filter(a => !a.holds),
      { x: "at", y: "balance", symbol: "times", r: 5.5, stroke: DROPPED, strokeWidth: 2.4 },
    ),
    Plot.text(
      failing.filter(a => !a.holds),
      {
        x: "at",
        y: "balance",
        text: a => `${signedText(a.actual - a.balance)}`,
        dy: -14,
        fill: DROPPED,
        fontWeight: 600,
        stroke: PAPER,
        strokeWidth: 4,
      },
    ),
    tip(
      [
        ...steps.map(s => ({
          x: s.at,
          y: s.balance,
          title: `${momentText(s.at, timeZone)}\nbalance ${numberText(s.balance)}${restated.shown ? `\n${restated.label}: ${numberText(restated.value(s))}` : ""}`,
        })),
        ...snapshots.map(s => ({
          x: s.at,
          y: s.balance,
          title: `snapshot of ${momentText(s.at, timeZone)}\n${numberText(s.balance)}`,
        })),
      ],
      { x: "x", y: "y", title: "title" },
    ),
  ]);
}

function residualPanel(
  { residuals }: Reading,
  domain: readonly [number, number],
  options: DrawOptions & BalanceFacts,
): Element {
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const all = residuals.flatMap(r => [r.residual, r.cumulative, 0]);
  const found = residualShape(
    residuals.map(r => r.at),
    residuals.map(r => r.cumulative),
  );
  const most = Math.max(...all.map(Math.abs), 1e-9);
  const story = (r: Residual): MarkStory => {
    const before = residuals[residuals.indexOf(r) - 1];
    return {
      title: `snapshot of ${momentText(r.at, timeZone)}`,
      sentences: [
        Math.abs(r.residual) < 1e-9
          ? `Since the snapshot before${before === undefined ? "" : ` of ${momentText(before.at, timeZone)}`} nothing is unexplained; in all it is ${signedText(r.cumulative)}.`
          : `${signedText(r.residual)} of the change since the snapshot before${before === undefined ? "" : ` of ${momentText(before.at, timeZone)}`} is in none of the flows; in all it is ${signedText(r.cumulative)}.`,
      ],
      values: {
        about: "flows",
        amount: options.amount ?? null,
        event_time: before?.at ?? domain[0],
        event_time_until: r.at,
      },
    };
  };
  return panel(
    domain,
    options,
    110,
    "↑ unexplained",
    true,
    Math.min(...all, -most * 0.2),
    // Room for the name of the shape above whatever line there is.
    Math.max(...all) + most * 0.45,
    [
      Plot.ruleY([0], { stroke: INK_SOFT }),
      Plot.ruleX(residuals as Residual[], {
        x: "at",
        y1: 0,
        y2: "residual",
        stroke: DROPPED,
        strokeWidth: 3,
        strokeOpacity: 0.45,
        ...bearing(residuals, story),
      }),
      Plot.line([{ at: domain[0], cumulative: 0 }, ...residuals], {
        x: "at",
        y: "cumulative",
        stroke: DROPPED,
        strokeWidth: 2,
        curve: "step-after",
      }),
      Plot.text(
        [
          found.shape === "none"
            ? "agrees"
            : found.shape === "unknown"
              ? "no known shape"
              : `${found.shape}: ${found.meaning}`,
        ],
        {
          frameAnchor: "top-left",
          dx: 6,
          dy: 2,
          fill: found.shape === "none" ? INK_SOFT : DROPPED,
          fontWeight: 600,
          stroke: PAPER,
          strokeWidth: 4,
        },
      ),
      tip(
        residuals as Residual[],
        {
          x: "at",
          y: "cumulative",
          title: (r: Residual) =>
            `snapshot of ${momentText(r.at, timeZone)}\nunexplained since the last ${signedText(r.residual)}\nin all ${signedText(r.cumulative)}`,
        },
        story,
      ),
    ],
  );
}
