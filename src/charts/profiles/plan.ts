/**
 * `profiles`, the engine's half: the pipeline as other engines would run it, as far as their rules can be said by the
 * watermark and the windowing strategy. Each is a twin with the rules of its profile.
 */
import { type ProfileName, profileNamed } from "../../model/profiles.ts";
import { bounded, type WatermarkStrategy } from "../../model/watermarks.ts";
import { desc } from "../../pipeline/orders.ts";
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

/** Differing results that the page gets, the greatest differences first. */
const SHOWN = 50;

const COMPARED: readonly ProfileName[] = ["beam", "flink", "flink-sql", "spark", "kafka", "batch"];

export const profiles: ChartPlan<ProfilesOptions> = {
  name: "profiles",
  title: "Other engines' answers",
  question:
    "Will another engine give the same answer? Final results under the rules of Beam, Flink, Spark and Kafka Streams.",
  plan({ streams, options }) {
    const node = withStrategy(windowed(streams.stream, "profiles"), { accumulation: "retracting" });
    const others = options.profiles ?? COMPARED;
    const twins = [node, ...others.map(name => asProfile(node, name, options.microBatch ?? 10_000))];
    const bounds = node.strategy.window.kind === "global" ? [] : ["window_start", "window_end"];
    const keys = [...node.keys.map(k => k.name), ...bounds];
    const [value] = node.outputs.map(o => o.name);
    // Each pane takes back the one before it, so the weighted sum of a window's panes is its latest value, under every profile.
    const [first, ...rest] = twins.map((twin, i) =>
      new Stream(twin)
        .panes()
        .select(...keys, value, "weight")
        .rename({ [value]: "value" })
        .derive({ profile: `d => ${i}` }),
    );
    const columns: Record<string, string> = {};
    twins.forEach((_, i) => {
      columns[`value ${i}`] = `d => op.sum(d.profile == ${i} ? d.weight * d.value : 0)`;
      columns[`there ${i}`] = `d => op.sum(d.profile == ${i} ? d.weight : 0)`;
    });
    const col = (name: string): string => `d[${JSON.stringify(name)}]`;
    const differs = (i: number): string =>
      `((${col(`there ${i}`)} > 0) != (${col("there 0")} > 0) || ` +
      `op.abs(${col(`value ${i}`)} - ${col("value 0")}) > 1e-9 * op.greatest(1, op.abs(${col(`value ${i}`)}), op.abs(${col("value 0")})))`;
    const size = (i: number): string =>
      `(!${differs(i)} ? 0 : (${col(`there ${i}`)} > 0) != (${col("there 0")} > 0) ? 1e9 : ` +
      `op.abs(${col(`value ${i}`)} - ${col("value 0")}) / op.greatest(op.abs(${col(`value ${i}`)}), op.abs(${col("value 0")})))`;
    const results = first
      .union(...rest)
      .groupby(...keys)
      .rollup(columns)
      .filter(`d => ${twins.map((_, i) => `${col(`there ${i}`)} > 0`).join(" || ")}`)
      .derive({ size: `d => op.greatest(0, ${others.map((_, i) => size(i + 1)).join(", ")})` });
    const counts = Object.fromEntries(
      others.map((_, i) => [`differ ${i + 1}`, `d => op.sum(${differs(i + 1)} ? 1 : 0)`]),
    );
    const span: Record<string, string> =
      bounds.length === 0 ? {} : { start: "d => op.min(d.window_start)", end: "d => op.max(d.window_end)" };
    return {
      tidemark: new Stream(node).rollup({ n: "d => op.count()" }),
      differing: results.filter("d => d.size > 0").topN(SHOWN, [desc("size"), ...keys]),
      totals: results.rollup({ results: "d => op.count()", ...counts, ...span }),
    };
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
