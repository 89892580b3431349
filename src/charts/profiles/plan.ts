/**
 * `profiles`, the engine's half: the pipeline as other engines would run it, as far as their rules can be said by the
 * watermark and the windowing strategy. Each is a twin with the rules of its profile.
 */
import { PROFILES, type ProfileName, profileNamed } from "../../model/profiles.ts";
import { bounded, type WatermarkStrategy } from "../../model/watermarks.ts";
import { Stream } from "../../pipeline/stream.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import type { ChartPlan } from "../chart.ts";
import { type WindowedNode, windowed, windowFacts, withStrategy, withWatermark } from "../twins.ts";

export interface ProfilesOptions {
  /** Names of profiles to compare with `tidemark`. Default: all but the variants of Beam. */
  readonly profiles?: readonly ProfileName[] | null;
  /** Length of Spark's micro-batches, ms. Default 10 s. */
  readonly microBatch?: number;
}

const COMPARED: readonly ProfileName[] = ["beam", "flink", "flink-sql", "spark", "kafka", "batch"];

export const profiles: ChartPlan<ProfilesOptions> = {
  name: "profiles",
  title: "Other engines' answers",
  question:
    "Will another engine give the same answer? Final results under the rules of Beam, Flink, Spark and Kafka Streams.",
  limits: Object.fromEntries(Object.keys(PROFILES).map(name => [name, 20_000])),
  plan({ streams, options }) {
    const node = withStrategy(windowed(streams.stream, "profiles"), { accumulation: "accumulating" });
    const tables: Record<string, Stream> = { tidemark: new Stream(node) };
    for (const name of options.profiles ?? COMPARED)
      tables[name] = new Stream(asProfile(node, name, options.microBatch ?? 10_000));
    return tables;
  },
  facts: ({ streams, options }) => ({ ...windowFacts(streams.stream), compared: options.profiles ?? COMPARED }),
};

/** The pipeline with the rules of a profile in its sources and strategy. */
export function asProfile(node: WindowedNode, name: ProfileName, microBatch: number): WindowedNode {
  const profile = profileNamed(name);
  const oneKnob = profile.knobs === "one";
  const { strategy } = node;
  const watermark = (source: SourceNode): WatermarkStrategy => {
    const own = source.watermark;
    if (profile.watermark === "end-of-input") return { ...own, basis: bounded("unbounded").basis };
    return {
      ...own,
      // Kafka's one knob is the grace period, which stands in the strategy; its stream time has no delay.
      basis: profile.streamTime && own.basis.kind === "bounded" ? bounded(0).basis : own.basis,
      per: profile.streamTime ? "source" : own.per,
      every: profile.watermark === "periodic" ? profile.watermarkPeriod : own.every,
      microBatch: profile.watermark === "micro-batch" ? microBatch : own.microBatch,
    };
  };
  const delay = firstDelay(node);
  const window =
    strategy.window.kind === "sessions"
      ? { ...strategy.window, inclusive: strategy.window.inclusive ?? profile.inclusiveSessions }
      : strategy.window;
  return withWatermark(
    withStrategy(node, {
      window,
      allowedLateness: profile.streamTime
        ? delay + strategy.allowedLateness
        : profile.latePanes === "none" || oneKnob
          ? 0
          : strategy.allowedLateness,
      onTime: strategy.onTime ?? profile.onTime,
    }),
    watermark,
  );
}

function firstDelay(node: WindowedNode): number {
  return windowFacts(new Stream(node)).delay ?? 0;
}
