/** `balanceVsFlow`, the page's half: panels on one axis of event time, from flows through the balance to what is left unexplained. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { numberAxisY } from "../duration-axis.ts";
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
}

function read(tables: Tables, options: BalanceFacts): Reading {
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
  return {
    steps: flowSteps(cells, opening, options.asOf ?? null),
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
      Math.min(options.span?.end ?? -Infinity, x0 + 1e15),
    );
    const domain: readonly [number, number] = [x0, x1];
    const last = reading.residuals.length > 0;
    const legend: (LegendItem | false)[] = [
      { label: "flow in", shape: "bar", colour: ACCENT },
      { label: "flow out", shape: "hatch", colour: ACCENT },
      { label: "net", shape: "thin", colour: INK },
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
  const { steps, residuals, opening } = read(tables, options);
  if (steps.length === 0) return "No flow has arrived yet.";
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const inflow = steps.reduce((n, s) => n + s.inflow, 0);
  const outflow = steps.reduce((n, s) => n + s.outflow, 0);
  const closing = steps[steps.length - 1].balance;
  const parts = [
    `From ${numberText(opening)}, with ${numberText(inflow)} in and ${numberText(-outflow)} out, the balance comes to ${numberText(closing)}.`,
  ];
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
  { steps }: Reading,
  domain: readonly [number, number],
  options: DrawOptions & BalanceFacts,
): Element {
  const step = options.step ?? 3_600_000;
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const pattern = hatch(documentOf(options), ACCENT, 4);
  const low = Math.min(...steps.map(s => s.outflow), 0);
  const high = Math.max(...steps.map(s => s.inflow), 0);
  const bar = { x1: (s: FlowStep) => s.at - step, x2: (s: FlowStep) => s.at, inset: 0.2 };
  return panel(domain, options, 150, "↑ flow in, out ↓", false, low, high, [
    defsMark(pattern.defs),
    Plot.rect(steps as FlowStep[], { ...bar, y1: 0, y2: "inflow", fill: ACCENT, fillOpacity: 0.75 }),
    Plot.rect(steps as FlowStep[], { ...bar, y1: "outflow", y2: 0, fill: pattern.fill }),
    Plot.ruleY([0], { stroke: INK_SOFT }),
    Plot.line(
      steps.flatMap(s => [
        { x: s.at - step, y: s.inflow + s.outflow },
        { x: s.at, y: s.inflow + s.outflow },
      ]),
      { x: "x", y: "y", stroke: INK, strokeWidth: 1 },
    ),
    tip(
      steps.map(s => ({
        x: s.at - step / 2,
        y: s.inflow,
        title: `${momentText(s.at - step, timeZone)} + ${formatDuration(step)}\nin ${numberText(s.inflow)}\nout ${numberText(-s.outflow)}\nnet ${signedText(s.inflow + s.outflow)}`,
      })),
      { x: "x", y: "y", title: "title" },
    ),
  ]);
}

function balancePanel(
  { steps, snapshots, opening }: Reading,
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
  return panel(domain, options, 200, "↑ balance", axis, Math.min(...values), Math.max(...values), [
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
        residuals.map(r => ({
          x: r.at,
          y: r.cumulative,
          title: `snapshot of ${momentText(r.at, timeZone)}\nunexplained since the last ${signedText(r.residual)}\nin all ${signedText(r.cumulative)}`,
        })),
        { x: "x", y: "y", title: "title" },
      ),
    ],
  );
}
