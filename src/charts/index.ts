/** The list of charts for the page: each plan with its drawing. */
import type { Chart } from "./chart.ts";
import { type ChartName, PLANS } from "./plans.ts";
import { timeMap } from "./time-map/draw.ts";

/** Every chart by name, exhaustive by its type: a plan without a drawing does not compile. */
export const CHARTS: Readonly<Record<ChartName, Chart>> = {
  timeMap: { ...PLANS.timeMap, ...timeMap } as Chart,
};
