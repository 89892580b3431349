/** `stateCost`, the engine's half: how many windows of keys opened, completed and closed in each step of processing time. */
import { Stream } from "../../pipeline/stream.ts";
import { stepFor, timeBin } from "../bins.ts";
import type { ChartArguments, ChartPlan } from "../chart.ts";
import { windowed, windowFacts } from "../twins.ts";

export interface StateCostOptions {
  /** Step of processing time, ms. Default: at most 400 in the log's span. */
  readonly step?: number | null;
}

export const stateCost: ChartPlan<StateCostOptions> = {
  name: "stateCost",
  title: "State cost",
  question: "What does waiting cost? Open windows of keys over time, and how many are held for late rows alone.",
  plan(args) {
    const node = windowed(args.streams.stream, "stateCost");
    return {
      changes: new Stream(node)
        .life()
        .groupby({ at: timeBin("processing_time", stepOf(args)) })
        .rollup({
          opened: 'd => op.sum(d.what == "opened" ? 1 : 0)',
          complete: 'd => op.sum(d.what == "complete" ? 1 : 0)',
          closed: 'd => op.sum(d.what == "closed" || d.what == "merged" ? 1 : 0)',
        }),
    };
  },
  facts: args => ({ ...windowFacts(args.streams.stream), step: stepOf(args) }),
};

function stepOf({ options, span, streams }: ChartArguments<StateCostOptions>): number {
  return options.step ?? stepFor(span, 400, windowFacts(streams.stream).windowSize);
}
