/** `panes`, the engine's half: the panes of the same windows in the three accumulation modes. */
import { Stream } from "../../pipeline/stream.ts";
import type { ChartPlan } from "../chart.ts";
import { keyText } from "../row-times.ts";
import { expectedTables } from "../shared-plans.ts";
import { windowed, windowFacts, withStrategy } from "../twins.ts";

export interface PanesOptions {
  /** Start of the window to show, ms. Default: the one with most panes. */
  readonly window?: number | null;
  /** Key to show, as its columns' text joined by " · ". Default: that with most panes. */
  readonly key?: string | null;
}

export const MODES = ["discarding", "accumulating", "retracting"] as const;

export const panes: ChartPlan<PanesOptions> = {
  name: "panes",
  title: "Panes of a window",
  question:
    "Am I counting twice? The panes of one window in the three accumulation modes, and the sum a naive reader would get.",
  limits: { discarding: 20_000, accumulating: 20_000, retracting: 20_000 },
  plan({ streams, options }) {
    const node = windowed(streams.stream, "panes");
    const at = options.window ?? null;
    const tables: Record<string, Stream> = {};
    for (const mode of MODES) {
      const all = new Stream(withStrategy(node, { accumulation: mode })).panes();
      const windows =
        at === null || node.strategy.window.kind === "global" ? all : all.filter(`d => d.window_start == ${at}`);
      const key = options.key ?? null;
      tables[mode] =
        key === null
          ? windows
          : windows.filter(`d => ${keyText(node.keys.map(k => k.name))} == ${JSON.stringify(key)}`);
    }
    return { ...tables, ...expectedTables(node, { keyed: true, value: node.outputs[0].name }) };
  },
  facts: ({ streams }) => ({ ...windowFacts(streams.stream) }),
};
