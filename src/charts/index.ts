/** The list of charts for the page: each plan with its drawing. */
import type { Chart, ChartDrawing } from "./chart.ts";
import { balanceVsFlow } from "./balance-vs-flow/draw.ts";
import { corrections } from "./corrections/draw.ts";
import { delayMap } from "./delay-map/draw.ts";
import { delayVsLateness } from "./delay-vs-lateness/draw.ts";
import { dropCurve } from "./drop-curve/draw.ts";
import { joinMisses } from "./join-misses/draw.ts";
import { knowledgeTriangle } from "./knowledge-triangle/draw.ts";
import { lateness } from "./lateness/draw.ts";
import { panes } from "./panes/draw.ts";
import { pareto } from "./pareto/draw.ts";
import { profiles } from "./profiles/draw.ts";
import { sessionSurgery } from "./session-surgery/draw.ts";
import { stability } from "./stability/draw.ts";
import { stateCost } from "./state-cost/draw.ts";
import { timeMap } from "./time-map/draw.ts";
import { waterfall } from "./waterfall/draw.ts";
import { watermarkHold } from "./watermark-hold/draw.ts";
import { watermarkQuality } from "./watermark-quality/draw.ts";
import { wholeDay } from "./whole-day/draw.ts";
import { windowLanes } from "./window-lanes/draw.ts";
import { type ChartName, PLANS } from "./plans.ts";

/** Exhaustive by its type: a plan without a drawing does not compile. */
const DRAWINGS = {
  timeMap,
  delayMap,
  lateness,
  dropCurve,
  corrections,
  windowLanes,
  panes,
  balanceVsFlow,
  watermarkHold,
  watermarkQuality,
  stability,
  delayVsLateness,
  pareto,
  sessionSurgery,
  joinMisses,
  stateCost,
  wholeDay,
  profiles,
  knowledgeTriangle,
  waterfall,
} as const satisfies Record<ChartName, ChartDrawing<never>>;

/** Every chart by name. */
export const CHARTS: Readonly<Record<ChartName, Chart>> = Object.fromEntries(
  Object.entries(PLANS).map(([name, plan]) => [name, { ...plan, ...DRAWINGS[name as ChartName] }]),
) as unknown as Readonly<Record<ChartName, Chart>>;
