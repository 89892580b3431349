/**
 * Runs a trace of the Dataflow model: a windowing strategy and a list of events in, one result per event out. Anyone can
 * hold the engine against another one so, without a notebook.
 *
 * ```json
 * {"profile": "beam", "pipeline": {"window": {"fixed": 10}, "trigger": "default", "aggregate": "sum"},
 *  "events": [{"input": {"key": "a", "value": 3, "ts": 1}}, {"watermark": 10}]}
 * ```
 *
 * Each event is a step of its own; an array of inputs is one bundle. The watermark moves only where the trace says so,
 * except under `kafka`, whose stream time follows the rows. Processing time starts at 0.
 *
 * All that the trace lets happen between two different processing times happens at one moment, and a timer that is due
 * at exactly that moment fires when the moment is over (profiles that fire at a deadline, after its rows): its panes are
 * in the last event of the moment.
 */
import { type Batch, columnNamed } from "../columns/batch.ts";
import { batchOf } from "../columns/builder.ts";
import { type Schema, type Value, valueAt } from "../columns/column.ts";
import { aggregate as aggregateOperator } from "../engine/operators/aggregate.ts";
import { emptyFlow, type Flow } from "../engine/flow.ts";
import type { Operator, OperatorContext } from "../engine/operator.ts";
import type { Step } from "../engine/step.ts";
import type { RowExpression } from "../expressions/tree.ts";
import { TIMINGS } from "../model/panes.ts";
import type { Profile } from "../model/profiles.ts";
import type { WindowingStrategy } from "../model/strategy.ts";
import { manual } from "../model/watermarks.ts";
import { type AggregateNode, aggregate as aggregateVerb } from "../pipeline/verbs/aggregate.ts";
import { readTrace, type Trace, type TraceAggregate, type TraceEvent, type TraceRow } from "./trace.ts";

/** A time as JSON can say it: the ends of time are `"MIN"` (no watermark yet) and `"MAX"`. */
export type JsonTime = number | "MIN" | "MAX";

export interface ConformPane {
  readonly key: Value;
  /** `[start, end)`; null for the global window. */
  readonly window: readonly [JsonTime, JsonTime] | null;
  readonly value: Value;
  readonly timestamp: JsonTime;
  readonly timing: string;
  readonly index: number;
  readonly nonSpeculativeIndex: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly weight: number;
}

export interface ConformDrop {
  readonly key: Value;
  readonly value: Value;
  readonly ts: JsonTime;
  readonly window: readonly [JsonTime, JsonTime] | null;
  readonly reason: Value;
  readonly watermark: JsonTime;
}

/** What one event brought about. */
export interface ConformResult {
  /** Number of the event, from 0. */
  readonly step: number;
  readonly panes: readonly ConformPane[];
  readonly dropped: readonly ConformDrop[];
  readonly outputWatermark: JsonTime;
}

/** Runs a trace given as parsed JSON. Throws a `TraceError` that says what is wrong and where. */
export function conformTrace(json: unknown): ConformResult[] {
  const trace = readTrace(json);
  const runner = new Runner(trace);
  return trace.events.map((event, step) => runner.run(event, step));
}

class Runner {
  readonly #trace: Trace;
  readonly #schema: Schema;
  readonly #empty: Batch;
  #operator: Operator;
  #positions = 0;
  #clock = 0;
  #watermark = -Infinity;
  #outputWatermark = -Infinity;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#schema = inputSchema(trace.aggregate);
    this.#empty = batchOf(this.#schema, []);
    this.#operator = this.#make();
  }

  #make(): Operator {
    const { strategy, profile, aggregate } = this.#trace;
    return makeOperator(strategy, profile, aggregate, this.#schema);
  }

  run(event: TraceEvent, step: number): ConformResult {
    const panes: ConformPane[] = [];
    const dropped: ConformDrop[] = [];
    const advance = (rows: readonly TraceRow[], clock: number): void => {
      const out = this.#advance(rows, clock);
      panes.push(...panesOf(out.main));
      dropped.push(...dropsOf(out.late));
    };
    switch (event.kind) {
      case "input":
        advance(event.rows, this.#clock);
        break;
      case "watermark":
        this.#watermark = Math.max(this.#watermark, event.time);
        advance([], this.#clock);
        break;
      case "processingTime":
        this.#clock = Math.max(this.#clock, event.time);
        advance([], this.#clock);
        break;
      case "snapshot": {
        const snapshot = structuredClone(this.#operator.snapshot());
        this.#operator = this.#make();
        this.#operator.restore(snapshot);
      }
    }
    // A clock that has moved on by next to nothing tells the operator that the moment is over.
    if (this.#momentEnds(step)) advance([], justAfter(this.#clock));
    return { step, panes, dropped, outputWatermark: jsonTime(this.#outputWatermark) };
  }

  #momentEnds(step: number): boolean {
    if (this.#trace.profile.processingTimer !== "at") return false;
    const next = this.#trace.events[step + 1];
    return next === undefined || (next.kind === "processingTime" && next.time > this.#clock);
  }

  #advance(rows: readonly TraceRow[], clock: number): ReturnType<Operator["step"]> {
    const length = Math.max(1, rows.length);
    const bundleEnd = new Uint8Array(length);
    bundleEnd[length - 1] = 1;
    const step: Step = {
      length,
      first: this.#positions,
      clock: new Float64Array(length).fill(clock),
      bundleEnd,
      last: false,
    };
    this.#positions += length;
    const watermark = new Float64Array(length).fill(this.#watermark);
    const flow: Flow =
      rows.length === 0
        ? emptyFlow(this.#schema, this.#empty, watermark)
        : {
            ...emptyFlow(this.#schema, batchOf(this.#schema, rows.map(rowOf)), watermark),
            count: rows.length,
            time: Float64Array.from(rows, row => row.ts),
          };
    const out = this.#operator.step(step, [flow]);
    this.#outputWatermark = out.main.watermark[length - 1];
    return out;
  }
}

function rowOf(row: TraceRow): Record<string, Value> {
  return { key: row.key, value: row.value, ts: row.ts };
}

function inputSchema(aggregate: TraceAggregate): Schema {
  return [
    { name: "key", type: "json", nullable: true },
    { name: "value", type: aggregate === "sum" ? "number" : "json", nullable: true },
    { name: "ts", type: "timestamp", nullable: false },
  ];
}

const column = (name: string): RowExpression => ({
  expr: { kind: "column", name, side: 0 },
  parameters: {},
  source: name,
});

/** The operator of `source.groupby("key").window(…).rollup({value: …})`, without a pipeline around it. */
function makeOperator(
  strategy: WindowingStrategy,
  profile: Profile,
  aggregate: TraceAggregate,
  schema: Schema,
): Operator {
  const node: AggregateNode = {
    verb: "aggregate",
    input: {
      verb: "source",
      input: { kind: "rows", rows: [] },
      eventTime: { column: "ts", unit: "ms", timeZone: null },
      arrivalTime: null,
      partition: null,
      watermark: manual(),
      types: {},
    },
    keys: [{ name: "key", expression: column("key") }],
    strategy,
    aggregates: [
      {
        name: "value",
        aggregate: aggregate === "list" ? "collect" : aggregate,
        arguments: aggregate === "count" ? [] : [column("value")],
      },
    ],
    outputs: [{ name: "value", expression: column("value") }],
  };
  const context: OperatorContext = {
    inputs: [schema],
    schema: port => aggregateVerb.schema(node, [schema], port),
    reads: port => port === "main" || port === "late",
    profile,
    codegen: true,
    specialize: false,
  };
  return aggregateOperator(node, context);
}

function panesOf(flow: Flow): ConformPane[] {
  const key = columnNamed(flow.batch, "key");
  const value = columnNamed(flow.batch, "value");
  const { pane, weight } = flow;
  return Array.from({ length: flow.count }, (_, i) => ({
    key: valueAt(key, i),
    window: windowAt(flow.batch, i),
    // The sum of nothing is 0 here, as in the engines that traces come from.
    value: valueAt(value, i) ?? 0,
    timestamp: jsonTime(flow.time[i]),
    timing: TIMINGS[pane?.timing[i] ?? 1],
    index: pane?.index[i] ?? 0,
    nonSpeculativeIndex: pane?.nonSpeculativeIndex[i] ?? 0,
    isFirst: pane?.first[i] === 1,
    isLast: pane?.last[i] === 1,
    weight: weight === null ? 1 : weight[i],
  }));
}

function dropsOf(flow: Flow): ConformDrop[] {
  const [key, value, ts, reason, watermark] = ["key", "value", "ts", "reason", "watermark"].map(name =>
    columnNamed(flow.batch, name),
  );
  return Array.from({ length: flow.count }, (_, i) => ({
    key: valueAt(key, i),
    value: valueAt(value, i),
    ts: jsonTime(valueAt(ts, i) as number),
    window: windowAt(flow.batch, i),
    reason: valueAt(reason, i),
    watermark: jsonTime(valueAt(watermark, i) as number),
  }));
}

function windowAt(batch: Batch, row: number): [JsonTime, JsonTime] | null {
  if (!batch.schema.some(field => field.name === "window_start")) return null;
  const start = valueAt(columnNamed(batch, "window_start"), row) as number;
  const end = valueAt(columnNamed(batch, "window_end"), row) as number;
  return start === -Infinity && end === Infinity ? null : [jsonTime(start), jsonTime(end)];
}

function jsonTime(time: number): JsonTime {
  return time === Infinity ? "MAX" : time === -Infinity ? "MIN" : time;
}

/** The next number after a time. */
function justAfter(time: number): number {
  return time + Math.max(Number.MIN_VALUE, Math.abs(time) * Number.EPSILON);
}
