/** `delayMap`, the engine's half: rows by event time and by how long they were under way. */
import type { Stream } from "../../pipeline/stream.ts";
import { ratioBin, stepFor, timeBin } from "../bins.ts";
import type { ChartArguments, ChartPlan } from "../chart.ts";
import { courseStep, courseTables, windowLives } from "../shared-plans.ts";
import { fatesOf, windowedBelow, windowFacts } from "../twins.ts";

export interface DelayMapOptions {
  /** Width of a cell, ms of event time. Default: at most 240 in the log's span. */
  readonly step?: number | null;
}

/** Bins of delay to a doubling: cells a fifth higher than they begin. 240 × 120 cells at most, and few of them are filled. */
export const DELAY_BINS = 4;

export const delayMap: ChartPlan<DelayMapOptions> = {
  name: "delayMap",
  title: "Delay map",
  question:
    "How late was which time? The time map unrolled: each row's delay over event time, and the delay at which the watermark passes.",
  limits: { progress: 20_000, windows: 2_000 },
  plan(args) {
    const node = windowedBelow(args.streams.stream.node);
    const tables: Record<string, Stream> = {
      cells: fatesOf(args.streams.stream)
        .groupby(
          { event: timeBin("event_time", stepOf(args)), delay: ratioBin("d.arrived_at - d.event_time", DELAY_BINS) },
          "fate",
        )
        .rollup({ rows: "d => op.count()" }),
      ...courseTables(args),
    };
    if (node !== undefined && node.strategy.window.kind !== "global") tables.windows = windowLives(node);
    return tables;
  },
  facts: args => ({ ...windowFacts(args.streams.stream), cell: stepOf(args), courseStep: courseStep(args) }),
};

function stepOf({ options, span, streams }: ChartArguments<DelayMapOptions>): number {
  return options.step ?? stepFor(span, 240, windowFacts(streams.stream).windowSize);
}
