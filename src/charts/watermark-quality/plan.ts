/** `watermarkQuality`, the engine's half: the watermark's course, and the least event time among the arrivals of each step. */
import { timeBin } from "../bins.ts";
import type { ChartPlan } from "../chart.ts";
import { courseStep, courseTables } from "../shared-plans.ts";
import { fatesOf, windowFacts } from "../twins.ts";

export type WatermarkQualityOptions = Readonly<Record<string, never>>;

export const watermarkQuality: ChartPlan<WatermarkQualityOptions> = {
  name: "watermarkQuality",
  title: "Watermark quality",
  question:
    "How good was my watermark? Against the perfect one known in hindsight: where it was too fast, and where too slow.",
  plan(args) {
    const { course } = courseTables(args);
    return {
      course,
      arrivals: fatesOf(args.streams.stream)
        .groupby({ at: timeBin("arrived_at", courseStep(args)) })
        .rollup({ least: "d => op.min(d.event_time)", rows: "d => op.count()" }),
    };
  },
  facts: args => ({ ...windowFacts(args.streams.stream), courseStep: courseStep(args) }),
};
