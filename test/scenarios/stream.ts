/** A scenario's pipeline as a stream over its rows, for what does not follow its transcript event by event. */
import type { Value } from "../../src/columns/column.ts";
import type { Trigger } from "../../src/model/triggers.ts";
import type { WatermarkStrategy } from "../../src/model/watermarks.ts";
import { rows } from "../../src/pipeline/sources.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import type { AggregateNode } from "../../src/pipeline/verbs/aggregate.ts";
import type { Trace } from "../../src/session/trace.ts";

const ROLLUPS = { sum: "sum(d.value)", count: "count()", list: "collect(d.value)" } as const;

/**
 * The stream that a trace is about, its rows arriving when its clock says, with a watermark instead of the one that is moved by
 * hand. A trace without rows gets one, so that there is something to run. `trigger` stands in for the trace's own.
 */
export function streamOf(
  { strategy, aggregate, events }: Trace,
  watermark: WatermarkStrategy,
  trigger: Trigger = strategy.trigger,
): Stream {
  let clock = 0;
  const given: Record<string, Value>[] = [];
  for (const event of events)
    if (event.kind === "processingTime") clock = Math.max(clock, event.time);
    else if (event.kind === "input") given.push(...event.rows.map(row => ({ ...row, at: clock })));
  const source = rows(given.length === 0 ? [{ key: "k", value: 1, ts: 0, at: 0 }] : given, {
    eventTime: { column: "ts", unit: "ms" },
    arrivalTime: { column: "at", unit: "ms" },
    watermark,
  });
  const { node } = source.groupby("key").rollup({ value: ROLLUPS[aggregate] });
  return new Stream({ ...(node as AggregateNode), strategy: { ...strategy, trigger } });
}
