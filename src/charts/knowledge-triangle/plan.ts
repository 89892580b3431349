/** `knowledgeTriangle`, the engine's half: rows by the stretch of event time they belong to and by how old it was when they came. */
import type { ChartArguments, ChartPlan } from "../chart.ts";
import { niceStep, ratioBin, timeBin } from "../bins.ts";
import { reachedTable } from "../completeness.ts";
import { fatesOf, windowFacts } from "../twins.ts";

export interface KnowledgeTriangleOptions {
  /** Length of a stretch of event time, ms. Default: that of the windows, or at most 24 in the log's span. */
  readonly step?: number | null;
}

/** Bins of age to a doubling: within 9 %. */
export const AGE_BINS = 8;

export const knowledgeTriangle: ChartPlan<KnowledgeTriangleOptions> = {
  name: "knowledgeTriangle",
  title: "Knowledge triangle",
  question: "When did we know? For each stretch of event time, the share of its rows that had come by each age.",
  plan(args) {
    const step = stepOf(args);
    const age = `(d.arrived_at - (op.bin(d.event_time, ${step}) + ${step}))`;
    return {
      cells: fatesOf(args.streams.stream)
        .groupby({ at: timeBin("event_time", step), age: ratioBin(age, AGE_BINS) })
        .rollup({ rows: "d => op.count()" }),
      reached: reachedTable(args.streams.stream),
    };
  },
  facts: args => ({ ...windowFacts(args.streams.stream), step: stepOf(args) }),
};

function stepOf({ options, span, streams }: ChartArguments<KnowledgeTriangleOptions>): number {
  if (options.step !== undefined && options.step !== null) return options.step;
  const size = windowFacts(streams.stream).windowSize;
  const length = span === null ? null : span.end - span.start;
  if (size !== null && (length === null || (length / size <= 40 && length / size >= 2))) return size;
  return length === null ? 3_600_000 : niceStep(length, 24);
}
