/** `waterfall`, the engine's half: what windows said on time, what late rows added, and what was dropped. */
import { Stream } from "../../pipeline/stream.ts";
import type { AggregateNode } from "../../pipeline/verbs/aggregate.ts";
import { additiveOutputs, amountAdded } from "../../pipeline/additive.ts";
import type { ChartPlan } from "../chart.ts";
import { expectedTables } from "../shared-plans.ts";
import { windowed, windowFacts, withStrategy } from "../twins.ts";

export interface WaterfallOptions {
  /** Balance before the first window. Default 0. */
  readonly opening?: number;
  /** Balance after the last one, from elsewhere; without it nothing can be unexplained. */
  readonly closing?: number | null;
}

export const waterfall: ChartPlan<WaterfallOptions> = {
  name: "waterfall",
  title: "Waterfall",
  question:
    "How does one balance become the other? Opening, flows on time, late corrections, dropped rows, what is unexplained, closing.",
  plan({ streams }) {
    const node = windowed(streams.stream, "waterfall");
    const [output] = node.outputs;
    const additive = additiveOutputs(node).find(o => o.name === output.name);
    if (additive === undefined)
      throw new Error(
        `waterfall adds values up, and "${output.name}" is no sum or count of a column: means and maxima do not add. Roll up a sum first.`,
      );
    const panes = new Stream(withStrategy(node, { accumulation: "retracting" })).panes();
    const value = `d[${JSON.stringify(output.name)}]`;
    // The same sum over the rows that were dropped, which carry their own columns.
    const dropped: AggregateNode = {
      verb: "aggregate",
      input: new Stream(node).late().node,
      keys: [],
      strategy: null,
      aggregates: [additive.call],
      outputs: [{ name: "value", expression: output.expression }],
    };
    return {
      // Positive and negative parts are told apart by window, so that flows out are seen.
      windows: panes
        .groupby(...(node.strategy.window.kind === "global" ? [] : ["window_start"]), ...node.keys.map(k => k.name))
        .rollup({
          on_time: `d => op.sum(d.timing != "late" ? d.weight * ${value} : 0)`,
          final: `d => op.sum(d.weight * ${value})`,
        })
        .derive({ late: "d => d.final - d.on_time" })
        .rollup({
          in: "d => op.sum(d.on_time > 0 ? d.on_time : 0)",
          out: "d => op.sum(d.on_time < 0 ? d.on_time : 0)",
          late: "d => op.sum(d.late)",
        }),
      dropped: new Stream(dropped),
      // What windows hold, whether they have spoken or not, and what open ones are expected to come to.
      kept: new Stream(node)
        .kept()
        .derive({ added: amountAdded(additive) })
        .rollup({ known: "d => op.sum(d.added)" }),
      ...expectedTables(node, { keyed: false, value: output.name }),
    };
  },
  facts: ({ streams }) => ({ ...windowFacts(streams.stream) }),
};
