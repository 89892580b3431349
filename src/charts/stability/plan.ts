/** `stability`, the engine's half: when each result last changed, and how long after its window's end that was. */
import { Stream } from "../../pipeline/stream.ts";
import { ratioBin } from "../bins.ts";
import type { ChartPlan } from "../chart.ts";
import { windowed, windowFacts } from "../twins.ts";

export type StabilityOptions = Readonly<Record<string, never>>;

/** Bins to a doubling of the time to stable. */
export const STABILITY_BINS = 8;

export const stability: ChartPlan<StabilityOptions> = {
  name: "stability",
  title: "Time to stable",
  question: "When is a number stable? The time from a window's end to the last change of its result.",
  limits: { windows: 5_000 },
  plan({ streams }) {
    const node = windowed(streams.stream, "stability");
    if (node.strategy.window.kind === "global")
      throw new Error(
        "stability measures from the end of a window, and the global window has none. Use fixed, sliding, sessions or calendar windows.",
      );
    const results = new Stream(node)
      .panes()
      .groupby("window_start", "window_end", ...node.keys.map(k => k.name))
      .rollup({ last: "d => op.max(d.emitted_at)", panes: "d => op.count()" })
      .derive({ wait: "d => op.greatest(0, d.last - d.window_end)" });
    return {
      waits: results
        .groupby({ bin: ratioBin("d.wait", STABILITY_BINS) })
        .rollup({ rows: "d => op.count()", total: "d => op.sum(d.wait)" }),
      windows: results
        .groupby("window_start", "window_end")
        .rollup({ longest: "d => op.max(d.wait)", mean: "d => op.mean(d.wait)", results: "d => op.count()" }),
    };
  },
  facts: ({ streams }) => ({ ...windowFacts(streams.stream) }),
};
