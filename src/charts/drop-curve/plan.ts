/**
 * `dropCurve`, the engine's half: the same windows behind a watermark without delay and without allowed lateness. What
 * that twin drops, and by what margin, tells what every other setting would drop; it does not depend on the delay at
 * hand, so moving the slider computes nothing anew.
 */
import { DEFAULT_TRIGGER } from "../../model/triggers.ts";
import { Stream } from "../../pipeline/stream.ts";
import { ratioBin } from "../bins.ts";
import type { ChartPlan } from "../chart.ts";
import { DISORDER, FINE } from "../lateness/plan.ts";
import { eager, eagerFates, windowed, windowFacts, withStrategy, withWatermark } from "../twins.ts";

export interface DropCurveOptions {
  /** Share of rows to keep, for the suggestion. Default 0.999. */
  readonly target?: number;
}

export const dropCurve: ChartPlan<DropCurveOptions> = {
  name: "dropCurve",
  title: "Drop curve",
  question: "Which delay should I choose? The share of rows dropped against the watermark's delay, and a suggestion.",
  plan({ streams }) {
    const node = windowed(streams.stream, "dropCurve");
    const twin = withWatermark(withStrategy(node, { allowedLateness: 0, trigger: DEFAULT_TRIGGER }), eager);
    return {
      margins: new Stream(twin)
        .late()
        .groupby({ bin: ratioBin("d.margin", FINE) })
        .rollup({ rows: "d => op.count()", total: "d => op.sum(d.margin)" }),
      disorder: eagerFates(streams.stream)
        .groupby({ bin: ratioBin(DISORDER, FINE) })
        .rollup({ rows: "d => op.count()", total: `d => op.sum(${DISORDER})` }),
      fates: new Stream(node).fates().groupby("fate").rollup({ rows: "d => op.count()" }),
    };
  },
  facts({ streams }) {
    const { window } = windowed(streams.stream, "dropCurve").strategy;
    const windowsPerRow = window.kind === "sliding" ? window.size / window.period : 1;
    return { ...windowFacts(streams.stream), windowsPerRow };
  },
};
