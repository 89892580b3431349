/**
 * `delayVsLateness`, the engine's half: the margins that answer for every pair of settings, how fast the watermark would move, and
 * when windows opened, from which it follows how long each pair would hold them.
 */
import { Stream } from "../../pipeline/stream.ts";
import { timeBin } from "../bins.ts";
import type { ChartPlan } from "../chart.ts";
import { dropCurve } from "../drop-curve/plan.ts";
import { courseStep } from "../shared-plans.ts";
import { eagerFates, windowed, windowFacts } from "../twins.ts";

export type DelayVsLatenessOptions = Readonly<Record<string, never>>;

export const delayVsLateness: ChartPlan<DelayVsLatenessOptions> = {
  name: "delayVsLateness",
  title: "Delay or allowed lateness?",
  question:
    "Delay or allowed lateness? What each pair drops, what it corrects afterwards, how long the first result takes, and how much state is held for it.",
  plan(args) {
    const node = windowed(args.streams.stream, "delayVsLateness");
    const { margins, fates } = dropCurve.plan({ ...args, options: {} });
    return {
      margins,
      fates,
      // The course of a watermark with delay d is this one, d later. Rows tell it as they meet it, which is fine enough for waits.
      course: eagerFates(args.streams.stream)
        .groupby({ at: timeBin("arrived_at", courseStep(args)) })
        .rollup({ watermark: "d => op.max(d.watermark)", last: "d => op.max(d.arrived_at)" }),
      windows: new Stream(node)
        .life()
        .filter('d => d.what == "opened"')
        .groupby("window_start", "window_end")
        .rollup({ n: "d => op.count()", opened: "d => op.sum(d.processing_time)" }),
    };
  },
  limits: { windows: 20_000 },
  facts: args => ({ ...windowFacts(args.streams.stream), courseStep: courseStep(args) }),
};
