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

/** The ages of the table, ms. Bins are cut at them, so that what had come by one of them is counted and not estimated. */
export const AGES: readonly number[] = [
  0, 1_000, 10_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000,
  604_800_000, 2_419_200_000,
];

/** The expression that says between which two of the ages a row's age lies: how many of them are less than it. */
const BAND = `d => ${AGES.map((age, i) => `d.age <= ${age} ? ${i} : `).join("")}${AGES.length}`;

export const knowledgeTriangle: ChartPlan<KnowledgeTriangleOptions> = {
  name: "knowledgeTriangle",
  title: "Knowledge triangle",
  question: "When did we know? For each stretch of event time, the share of its rows that had come by each age.",
  plan(args) {
    const step = stepOf(args);
    const age = `(d.arrived_at - (op.bin(d.event_time, ${step}) + ${step}))`;
    return {
      cells: fatesOf(args.streams.stream)
        .derive({ age: `d => ${age}` })
        .groupby({ at: timeBin("event_time", step), age: ratioBin("d.age", AGE_BINS), band: BAND })
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
