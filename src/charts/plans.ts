/**
 * The list of charts for whoever runs them: one builder for each, to be called in cells, and its plan. Nothing in here
 * draws, so a session can load it in a Worker or headless. To add a chart: its folder, one line here, one in `index.ts`.
 */
import type { ExpressionInput } from "../expressions/parse.ts";
import { type DurationSpec, duration } from "../model/time.ts";
import { Stream } from "../pipeline/stream.ts";
import type { ChartPlan, ChartSpec, Span } from "./chart.ts";
import { balanceVsFlow as balanceVsFlowPlan } from "./balance-vs-flow/plan.ts";
import { corrections as correctionsPlan } from "./corrections/plan.ts";
import { delayMap as delayMapPlan } from "./delay-map/plan.ts";
import { delayVsLateness as delayVsLatenessPlan } from "./delay-vs-lateness/plan.ts";
import { dropCurve as dropCurvePlan } from "./drop-curve/plan.ts";
import { joinMisses as joinMissesPlan } from "./join-misses/plan.ts";
import { knowledgeTriangle as knowledgeTrianglePlan } from "./knowledge-triangle/plan.ts";
import { lateness as latenessPlan } from "./lateness/plan.ts";
import { panes as panesPlan } from "./panes/plan.ts";
import { pareto as paretoPlan } from "./pareto/plan.ts";
import { profiles as profilesPlan } from "./profiles/plan.ts";
import { amountOf } from "./row-times.ts";
import { sessionSurgery as sessionSurgeryPlan } from "./session-surgery/plan.ts";
import { stability as stabilityPlan } from "./stability/plan.ts";
import { stateCost as stateCostPlan } from "./state-cost/plan.ts";
import { timeMap as timeMapPlan } from "./time-map/plan.ts";
import { waterfall as waterfallPlan } from "./waterfall/plan.ts";
import { watermarkHold as watermarkHoldPlan } from "./watermark-hold/plan.ts";
import { watermarkQuality as watermarkQualityPlan } from "./watermark-quality/plan.ts";
import { wholeDay as wholeDayPlan } from "./whole-day/plan.ts";
import { windowLanes as windowLanesPlan } from "./window-lanes/plan.ts";

export { type ChartSpec, isChart } from "./chart.ts";

/** Every chart's plan by name. */
export const PLANS = {
  timeMap: timeMapPlan,
  delayMap: delayMapPlan,
  lateness: latenessPlan,
  dropCurve: dropCurvePlan,
  corrections: correctionsPlan,
  windowLanes: windowLanesPlan,
  panes: panesPlan,
  balanceVsFlow: balanceVsFlowPlan,
  watermarkHold: watermarkHoldPlan,
  watermarkQuality: watermarkQualityPlan,
  stability: stabilityPlan,
  delayVsLateness: delayVsLatenessPlan,
  pareto: paretoPlan,
  sessionSurgery: sessionSurgeryPlan,
  joinMisses: joinMissesPlan,
  stateCost: stateCostPlan,
  wholeDay: wholeDayPlan,
  profiles: profilesPlan,
  knowledgeTriangle: knowledgeTrianglePlan,
  waterfall: waterfallPlan,
} as const satisfies Record<string, ChartPlan<never>>;

export type ChartName = keyof typeof PLANS;

type Options<P> = P extends ChartPlan<infer O> ? O : never;

/** Makes the value of a cell that shows a chart of one stream. */
function ofStream<P extends ChartPlan<never>>(plan: P): (stream: Stream, options?: Options<P>) => ChartSpec {
  return (stream, options) => spec(plan.name, { stream }, options ?? {});
}

function spec(chart: string, streams: Readonly<Record<string, Stream | undefined | null>>, options: object): ChartSpec {
  const nodes: Record<string, Stream["node"]> = {};
  for (const [role, stream] of Object.entries(streams)) {
    if (stream === undefined || stream === null) continue;
    if (!(stream instanceof Stream))
      throw new Error(
        `${chart} needs a stream as its ${role === "stream" ? "first argument" : role}, such as ${chart}(daily). This is ${describe(stream)}.`,
      );
    nodes[role] = stream.node;
  }
  return { tidemark: "chart", chart, streams: nodes, options: { ...options } };
}

function describe(value: unknown): string {
  return value === null || typeof value !== "object"
    ? String(value)
    : `an ${Array.isArray(value) ? "array" : "object"}`;
}

export const timeMap = ofStream(timeMapPlan);
export const delayMap = ofStream(delayMapPlan);
export const lateness = ofStream(latenessPlan);
export const dropCurve = ofStream(dropCurvePlan);
export const corrections = ofStream(correctionsPlan);
export const windowLanes = ofStream(windowLanesPlan);
export const watermarkHold = ofStream(watermarkHoldPlan);
export const watermarkQuality = ofStream(watermarkQualityPlan);
export const stability = ofStream(stabilityPlan);
export const panes = ofStream(panesPlan);
export const stateCost = ofStream(stateCostPlan);
export const delayVsLateness = ofStream(delayVsLatenessPlan);
export const pareto = ofStream(paretoPlan);
export const sessionSurgery = ofStream(sessionSurgeryPlan);
export const profiles = ofStream(profilesPlan);
export const knowledgeTriangle = ofStream(knowledgeTrianglePlan);
export const waterfall = ofStream(waterfallPlan);

/** Holds days of UTC against days of a zone; `amount` (a column or `d => …`) is added up, else rows are counted. */
export function wholeDay(stream: Stream, options: { zone?: string; amount?: ExpressionInput } = {}): ChartSpec {
  const { amount, ...rest } = options;
  return spec("wholeDay", { stream }, { ...rest, amount: amount === undefined ? null : amountOf(amount, "wholeDay") });
}

/**
 * Shows flows, the balance they add up to, and what snapshots say. `amount` is a flow's value; `snapshots` is a stream whose
 * rows have a `balance` at their event time; `opening` the balance before the first flow; `asOf` a processing time (ms) to look
 * back from; `assertions` what the balance ought to be, `{at, balance}`.
 */
export function balanceVsFlow(
  stream: Stream,
  options: {
    amount: ExpressionInput;
    snapshots?: Stream;
    balance?: ExpressionInput;
    opening?: number;
    asOf?: number | null;
    step?: DurationSpec;
    assertions?: readonly { at: number; balance: number }[];
  },
): ChartSpec {
  const { snapshots, amount, balance, step, ...rest } = options ?? {};
  const read = balance ?? (snapshots === undefined ? null : "balance");
  const own = {
    amount: amountOf(amount, "balanceVsFlow"),
    balance: read === null ? null : amountOf(read, "balanceVsFlow"),
    // Left out where it is not asked for: the plan knows a better one, and what the cell says comes after what the plan knows.
    ...(step === undefined ? {} : { step: duration(step, "step of balanceVsFlow") }),
  };
  return spec("balanceVsFlow", { stream, snapshots }, { ...rest, ...own });
}

/**
 * Shows which rows of `left` find no match in `right`. `on` names the key: a column that both have, or pairs of columns;
 * `within` is how far apart in event time two rows may be.
 */
export function joinMisses(
  left: Stream,
  right: Stream,
  options: { on: string | readonly (string | readonly [string, string])[]; within?: DurationSpec },
): ChartSpec {
  const keys = typeof options?.on === "string" ? [options.on] : (options?.on ?? []);
  const own = {
    on: keys.map(key => (typeof key === "string" ? [key, key] : key)),
    within: options?.within === undefined ? null : duration(options.within, "bound of joinMisses"),
  };
  return spec("joinMisses", { stream: left, other: right }, own);
}

/** What a session runs and hands to the page for one chart. */
export interface PlannedChart {
  /** The streams to keep tables of, by the names that `draw` reads. */
  readonly tables: Readonly<Record<string, Stream>>;
  /** Tables that are handed over empty once they are longer than this. */
  readonly limits: Readonly<Record<string, number>>;
  /** The options of `draw`: the cell's own, and what the plan knows. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Plans a chart. `span` is the log's processing time, where it is known. Throws where the stream does not fit the chart. */
export function planChart(chart: ChartSpec, span: Span | null): PlannedChart {
  if (!Object.hasOwn(PLANS, chart.chart))
    throw new Error(`There is no chart "${chart.chart}". There are: ${Object.keys(PLANS).join(", ")}.`);
  const plan = PLANS[chart.chart as ChartName] as unknown as ChartPlan<Readonly<Record<string, unknown>>>;
  const streams = Object.fromEntries(Object.entries(chart.streams).map(([role, node]) => [role, new Stream(node)]));
  const args = { streams, options: chart.options, span };
  return {
    tables: plan.plan(args),
    limits: plan.limits ?? {},
    options: { ...plan.facts?.(args), ...chart.options },
  };
}
