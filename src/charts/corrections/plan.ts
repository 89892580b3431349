/**
 * `corrections`, the engine's half. The twin retracts: each pane takes back the one before it, so the weighted sum of all panes
 * of a window is its latest value, for any aggregate; and that of all panes but the late ones is its value when the watermark
 * passed, also where the on-time pane was left out because nothing was new.
 */
import { Stream } from "../../pipeline/stream.ts";
import type { ChartPlan } from "../chart.ts";
import { expectedTables } from "../shared-plans.ts";
import { windowed, windowFacts, withStrategy } from "../twins.ts";

export interface CorrectionsOptions {
  /** The result column to compare. Default: the first. */
  readonly value?: string;
  /** How many windows to show, the most corrected first. Default 12. */
  readonly top?: number;
}

export const corrections: ChartPlan<CorrectionsOptions> = {
  name: "corrections",
  title: "Corrections",
  question: "What did late data change? On-time value, final value and the difference, largest first.",
  limits: { corrections: 20_000, expected: 20_000 },
  plan({ streams, options }) {
    const node = windowed(streams.stream, "corrections");
    const value = valueOf(
      node.outputs.map(o => o.name),
      options.value,
    );
    const panes = new Stream(withStrategy(node, { accumulation: "retracting" })).panes();
    const windows = node.strategy.window.kind === "global" ? [] : ["window_start", "window_end"];
    return {
      corrections: panes.groupby(...windows, ...node.keys.map(k => k.name)).rollup({
        on_time: `d => op.sum(d.timing != "late" ? d.weight * d["${value}"] : 0)`,
        final: `d => op.sum(d.weight * d["${value}"])`,
        early_panes: `d => op.sum(d.timing == "early" && d.weight > 0 ? 1 : 0)`,
        on_time_panes: `d => op.sum(d.timing == "on-time" && d.weight > 0 ? 1 : 0)`,
        late_panes: `d => op.sum(d.timing == "late" && d.weight > 0 ? 1 : 0)`,
      }),
      // Tells "none" from "more than the limit", which both come as an empty table.
      said: panes.rollup({ panes: "d => op.count()" }),
      // Windows that still take late rows are not final yet.
      ...expectedTables(node, { keyed: true, value }),
      watermark: new Stream(node).fates().rollup({ reached: "d => op.max(d.watermark)" }),
    };
  },
  facts({ streams, options }) {
    const facts = windowFacts(streams.stream);
    return { ...facts, value: valueOf(facts.outputs, options.value) };
  },
};

function valueOf(outputs: readonly string[], wanted: string | undefined): string {
  if (wanted === undefined) return outputs[0];
  if (outputs.includes(wanted)) return wanted;
  throw new Error(`corrections was asked for the value "${wanted}". The stream's results are: ${outputs.join(", ")}.`);
}
