/** `lateness`, the engine's half: both measures of lateness in bins of equal ratio, in all and by processing time. */
import { ratioBin, stepFor, timeBin } from "../bins.ts";
import type { ChartArguments, ChartPlan } from "../chart.ts";
import { eagerFates, windowFacts } from "../twins.ts";

export interface LatenessOptions {
  /** Steps of processing time in the drift panel, ms. Default: at most 90 in the log's span. */
  readonly step?: number | null;
}

/** Bins to a doubling: 16 keep a quantile within 4.4 %, and a century of milliseconds in 670 bins. */
export const FINE = 16;
/** Coarser bins where time is the other key: 19 %, so that 90 steps hold a few thousand groups. */
export const COARSE = 4;

/** Arrival less event time. */
export const DELAY = "d.arrived_at - d.event_time";
/** How far the row is behind the watermark that a delay of 0 would have had: what engines compare their delay with. */
export const DISORDER = "op.greatest(0, d.watermark - d.event_time)";

export const lateness: ChartPlan<LatenessOptions> = {
  name: "lateness",
  title: "Lateness",
  question: "How late is my data? Delay and out-of-orderness: their spread, their quantiles, and whether they drift.",
  plan(args) {
    const rows = eagerFates(args.streams.stream);
    const step = stepOf(args);
    const binned = (value: string) =>
      rows.groupby({ bin: ratioBin(value, FINE) }).rollup({ rows: "d => op.count()", total: `d => op.sum(${value})` });
    const drift = (value: string) =>
      rows
        .groupby({ at: timeBin("arrived_at", step), bin: ratioBin(value, COARSE) })
        .rollup({ rows: "d => op.count()", total: `d => op.sum(${value})` });
    return {
      delay: binned(DELAY),
      disorder: binned(DISORDER),
      delayDrift: drift(DELAY),
      disorderDrift: drift(DISORDER),
    };
  },
  facts: args => ({ ...windowFacts(args.streams.stream), driftStep: stepOf(args) }),
};

function stepOf({ options, span, streams }: ChartArguments<LatenessOptions>): number {
  return options.step ?? stepFor(span, 90, windowFacts(streams.stream).windowSize);
}
