/** `watermarkHold`, the engine's half: the course of each partition's watermark. */
import type { ChartPlan } from "../chart.ts";
import { courseStep, courseTables } from "../shared-plans.ts";
import { sourcesBelow, windowFacts } from "../twins.ts";

export type WatermarkHoldOptions = Readonly<Record<string, never>>;

export const watermarkHold: ChartPlan<WatermarkHoldOptions> = {
  name: "watermarkHold",
  title: "Who holds the watermark",
  question: "Who holds the watermark? Each partition's lag over time, which of them holds it back, and which are idle.",
  limits: { progress: 20_000 },
  plan(args) {
    const sources = sourcesBelow(args.streams.stream.node);
    if (sources.length === 1 && sources[0].partition === null)
      throw new Error(
        'watermarkHold needs a source with partitions: source("log.jsonl", {partition: "column", …}). This one has none.',
      );
    return courseTables(args);
  },
  facts: args => ({ ...windowFacts(args.streams.stream), courseStep: courseStep(args) }),
};
