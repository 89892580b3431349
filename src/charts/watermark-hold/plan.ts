/** `watermarkHold`, the engine's half: the course of each partition's watermark, and how many of its rows come through the filters. */
import type { ChartPlan } from "../chart.ts";
import { courseStep, courseTables } from "../shared-plans.ts";
import { filtersOf, passages } from "./passage.ts";
import { sourcesBelow, windowFacts } from "../twins.ts";

export interface WatermarkHoldOptions {
  /** Partitions that ought to speak: one that has never been seen has a lane all the same. Default: those that were seen. */
  readonly expected?: readonly (string | number)[];
}

export const watermarkHold: ChartPlan<WatermarkHoldOptions> = {
  name: "watermarkHold",
  title: "Who holds the watermark",
  question:
    "Who holds the watermark? Each partition's lag over time, which of them holds it back, and which are idle, never seen or filtered empty.",
  limits: { progress: 20_000 },
  plan(args) {
    const sources = sourcesBelow(args.streams.stream.node);
    if (sources.length === 1 && sources[0].partition === null && sources[0].watermark.keyColumn === null)
      throw new Error(
        'watermarkHold needs a source with partitions: source("log.jsonl", {partition: "column", …}). This one has none.',
      );
    return { ...courseTables(args), ...passages(args.streams.stream) };
  },
  facts: args => ({
    ...windowFacts(args.streams.stream),
    courseStep: courseStep(args),
    filters: filtersOf(args.streams.stream),
  }),
};
