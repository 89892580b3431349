/** Asks the reference engine about a trace, in the words of `conform`. */
import type { ConformResult, JsonTime } from "../../src/session/conform.ts";
import type { Trace } from "../../src/session/trace.ts";
import { type Moment, type Outcome, reference } from "../reference/aggregate.ts";

type OracleResult = Omit<ConformResult, "step">;

/** Says what the reference does not know of a trace, or null where it knows all. */
export function unknownToOracle({ strategy, aggregate, events }: Trace): string | null {
  if (strategy.window.kind === "custom") return "the reference knows no custom windows";
  const rows = events.flatMap(event => (event.kind === "input" ? event.rows : []));
  const odd = rows.find(row => row.key !== null && typeof row.key !== "string");
  if (odd !== undefined) return `the reference's keys are strings, and one here is ${JSON.stringify(odd.key)}`;
  const text = rows.find(row => row.value !== null && typeof row.value !== "number");
  if (text !== undefined && aggregate !== "count")
    return `the reference's values are numbers, and one here is ${JSON.stringify(text.value)}`;
  return null;
}

const OUTPUT = { sum: "total", count: "n", list: "all" } as const;

/** What the reference says of each event of a trace. */
export function oracle({ profile, strategy, aggregate, events }: Trace): OracleResult[] {
  const output = OUTPUT[aggregate];
  const moments: Moment[] = [];
  /** Event to which each moment belongs. */
  const eventAt: number[] = [];
  let clock = 0;
  let watermark = -Infinity;
  events.forEach((event, i) => {
    const next = events[i + 1];
    if (event.kind === "watermark") watermark = Math.max(watermark, event.time);
    if (event.kind === "processingTime") clock = Math.max(clock, event.time);
    const given = event.kind === "input" ? event.rows : [];
    const rows = given.map(row => ({
      key: row.key as string | null,
      v: row.value as number | null,
      time: row.ts,
      weight: 1,
    }));
    moments.push({ clock, rows, watermark });
    eventAt.push(i);
    // A deadline at a moment is met when the moment is over: its panes belong to the moment's last event.
    const over = next === undefined || (next.kind === "processingTime" && next.time > clock);
    if (over && profile.processingTimer === "at") {
      const later = clock + Math.max(Number.MIN_VALUE, Math.abs(clock) * Number.EPSILON);
      moments.push({ clock: later, rows: [], watermark });
      eventAt.push(i);
    }
  });
  const said = reference(strategy, profile, [output], moments);
  return events.map((_, event) => resultOf(said, eventAt, event, output));
}

function resultOf(said: Outcome, eventAt: readonly number[], event: number, output: string): OracleResult {
  return {
    panes: said.panes
      .filter(pane => eventAt[pane.at] === event)
      .map(pane => ({
        key: pane.key,
        window: windowOf(pane.start, pane.end),
        value: pane.values[output] ?? 0,
        timestamp: jsonTime(pane.time),
        timing: pane.timing,
        index: pane.index,
        nonSpeculativeIndex: pane.nonSpeculativeIndex,
        isFirst: pane.isFirst,
        isLast: pane.isLast,
        weight: pane.weight,
      })),
    dropped: said.dropped
      .filter(row => eventAt[row.at] === event)
      .map(row => ({
        key: row.key,
        value: row.v,
        ts: jsonTime(row.time),
        window: windowOf(row.start, row.end),
        reason: row.reason,
        watermark: jsonTime(row.watermark),
      })),
    outputWatermark: jsonTime(said.watermark[eventAt.lastIndexOf(event)]),
  };
}

function windowOf(start: number, end: number): [JsonTime, JsonTime] | null {
  return start === -Infinity && end === Infinity ? null : [jsonTime(start), jsonTime(end)];
}

function jsonTime(time: number): JsonTime {
  return time === Infinity ? "MAX" : time === -Infinity ? "MIN" : time;
}
