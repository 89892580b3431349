/** `sessionSurgery`, the engine's half: the rows with their keys, and the panes that sessions gave before they were merged. */
import { Stream } from "../../pipeline/stream.ts";
import type { ChartPlan } from "../chart.ts";
import { keyText, timedRows } from "../row-times.ts";
import { windowed, windowFacts, withStrategy } from "../twins.ts";

export interface SessionSurgeryOptions {
  /** Key to show, as its columns' text joined by " · ". Default: that with most merges. */
  readonly key?: string | null;
}

export const sessionSurgery: ChartPlan<SessionSurgeryOptions> = {
  name: "sessionSurgery",
  title: "Sessions under the knife",
  question: "Which row merged which sessions? How sessions grew and met, and which results were withdrawn.",
  limits: { rows: 10_000, panes: 10_000 },
  plan({ streams, options }) {
    const node = windowed(streams.stream, "sessionSurgery");
    if (node.strategy.window.kind !== "sessions")
      throw new Error(
        `sessionSurgery needs sessions: payments.window(sessions("30 min")). These windows are ${node.strategy.window.kind}.`,
      );
    const rows = timedRows(new Stream(node.input), "sessionSurgery", {
      expr: { kind: "literal", value: 1 },
      parameters: {},
      source: "1",
    });
    const keys = Object.fromEntries(node.keys.map(k => [k.name, k.expression]));
    const names = node.keys.map(k => k.name);
    const key = options.key ?? null;
    const ofKey = (stream: Stream): Stream =>
      key === null ? stream : stream.filter(`d => ${keyText(names)} == ${JSON.stringify(key)}`);
    return {
      rows: ofKey(rows.derive(keys)).select("event_time", "arrived_at", ...names),
      panes: ofKey(new Stream(withStrategy(node, { accumulation: "retracting" })).panes()),
    };
  },
  facts({ streams }) {
    const { window } = windowed(streams.stream, "sessionSurgery").strategy;
    return { ...windowFacts(streams.stream), inclusive: window.kind === "sessions" && window.inclusive === true };
  },
};
