/**
 * `corrections`, the engine's half. The twin retracts: each pane takes back the one before it, so the weighted sum of all panes
 * of a window is its latest value, for any aggregate; and that of all panes but the late ones is its value when the watermark
 * passed, also where the on-time pane was left out because nothing was new.
 */
import { desc } from "../../pipeline/orders.ts";
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

/** Corrections that the page gets where there are too many values to send them all. */
const SHOWN = 50;

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
    const values = panes.groupby(...windows, ...node.keys.map(k => k.name)).rollup({
      on_time: `d => op.sum(d.timing != "late" ? d.weight * d["${value}"] : 0)`,
      final: `d => op.sum(d.weight * d["${value}"])`,
      early_panes: `d => op.sum(d.timing == "early" && d.weight > 0 ? 1 : 0)`,
      on_time_panes: `d => op.sum(d.timing == "on-time" && d.weight > 0 ? 1 : 0)`,
      late_panes: `d => op.sum(d.timing == "late" && d.weight > 0 ? 1 : 0)`,
    });
    const changed = values
      .derive({ change: "d => op.abs(d.final - d.on_time)" })
      .filter("d => d.late_panes > 0 && d.change > 1e-9 * op.greatest(1, op.abs(d.final))");
    return {
      corrections: values,
      // Of more values than the page can take, the most corrected; and what all of them come to.
      largest: changed.topN(SHOWN, [desc("change"), ...windows, ...node.keys.map(k => k.name)]),
      moved: changed.rollup({ values: "d => op.count()", moved: "d => op.sum(d.change)" }),
      said_on_time: values
        .filter("d => d.on_time_panes > 0 || d.late_panes > 0")
        .rollup({ values: "d => op.count()", on_time: "d => op.sum(op.abs(d.on_time))" }),
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
