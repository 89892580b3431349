/** `joinMisses`, the engine's half: both sides' keys and times; who is nearest to whom is asked of them on the page. */
import type { Stream } from "../../pipeline/stream.ts";
import type { ChartPlan } from "../chart.ts";
import { timedRows } from "../row-times.ts";

export interface JoinMissesOptions {
  /** Pairs of key columns, left and right. */
  readonly on: readonly (readonly [string, string])[];
  /** How far apart in event time two rows may be and still match, ms. Default: any distance. */
  readonly within?: number | null;
}

const NOTHING = { expr: { kind: "literal", value: 0 }, parameters: {}, source: "0" } as const;

export const joinMisses: ChartPlan<JoinMissesOptions> = {
  name: "joinMisses",
  title: "Join misses",
  question:
    "Which rows found no match? Each unmatched row with its closest counterpart, and the bound that would have matched it.",
  limits: { left: 20_000, right: 20_000 },
  plan({ streams, options }) {
    if (options.on.length === 0)
      throw new Error('joinMisses needs the columns that match: joinMisses(orders, payments, {on: "order"}).');
    const side = (stream: Stream, columns: readonly string[]): Stream => {
      const keys = Object.fromEntries(columns.map((c, i) => [`key ${i}`, `d => d[${JSON.stringify(c)}]`]));
      return timedRows(stream, "joinMisses", NOTHING)
        .derive(keys)
        .select("event_time", "arrived_at", ...Object.keys(keys));
    };
    return {
      left: side(
        streams.stream,
        options.on.map(([l]) => l),
      ),
      right: side(
        streams.other,
        options.on.map(([, r]) => r),
      ),
    };
  },
};
