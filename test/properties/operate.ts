/** Runs a windowed aggregate's operator over moments, in any way, and says what came out as the reference does. */
import { type Row, rowAt } from "../../src/columns/batch.ts";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema } from "../../src/columns/column.ts";
import { clockOf, type Flow } from "../../src/engine/flow.ts";
import type { Operator } from "../../src/engine/operator.ts";
import { aggregate } from "../../src/engine/operators/aggregate.ts";
import type { Step } from "../../src/engine/step.ts";
import { TIMINGS } from "../../src/model/panes.ts";
import type { Profile } from "../../src/model/profiles.ts";
import type { WindowingStrategy } from "../../src/model/strategy.ts";
import { verbOf } from "../../src/pipeline/node.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import { type AggregateNode, hasWindowColumns } from "../../src/pipeline/verbs/aggregate.ts";
import { input } from "../engine/drive.ts";
import type { Moment, Outcome, ReferenceDrop, ReferencePane } from "../reference/aggregate.ts";
import { EXPRESSIONS } from "../reference/aggregates.ts";

/** How the engine is made to work. */
export interface Way {
  /** Positions per step. */
  readonly cut: number;
  readonly specialize: boolean;
  readonly codegen: boolean;
  /** Whether the state is taken out and put into a new operator after each step. */
  readonly restore: boolean;
}

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: true },
  { name: "v", type: "number", nullable: true },
];

/** The node of `groupby("key").window(…)….rollup({…})` over rows `{key, v}`. */
export function nodeOf(strategy: WindowingStrategy, outputs: readonly string[], retracts: boolean): AggregateNode {
  const named = Object.fromEntries(outputs.map(name => [name, EXPRESSIONS[name]]));
  const { node } = new Stream(input(retracts)).groupby("key").rollup(named);
  return { ...(node as AggregateNode), strategy };
}

/** Runs the engine. */
export function operate(node: AggregateNode, profile: Profile, moments: readonly Moment[], way: Way): Outcome {
  const make = (): Operator =>
    aggregate(node, {
      inputs: [SCHEMA],
      schema: port => verbOf(node).schema(node, [SCHEMA], port),
      reads: port => port === "main" || port === "late",
      profile,
      codegen: way.codegen,
      specialize: way.specialize,
    });
  let operator = make();
  let builder = new BatchBuilder(SCHEMA);
  const panes: ReferencePane[] = [];
  const dropped: ReferenceDrop[] = [];
  const watermark: number[] = [];
  for (let first = 0; first < moments.length; first += way.cut) {
    const part = moments.slice(first, first + way.cut);
    const step: Step = {
      length: part.length,
      first,
      clock: Float64Array.from(part, m => m.clock),
      bundleEnd: null,
      last: first + way.cut >= moments.length,
    };
    const out = operator.step(step, [flowOf(builder, part)]);
    panes.push(...panesOf(out.main, step, node));
    dropped.push(...dropsOf(out["late"], step));
    watermark.push(...out.main.watermark);
    if (way.restore) {
      const snapshot = structuredClone(operator.snapshot());
      operator = make();
      operator.restore(snapshot);
      builder = new BatchBuilder(SCHEMA);
    }
  }
  return { panes, dropped, watermark };
}

function flowOf(builder: BatchBuilder, part: readonly Moment[]): Flow {
  const at: number[] = [];
  const rows = part.flatMap((moment, p) => {
    at.push(...moment.rows.map(() => p));
    return moment.rows;
  });
  for (const row of rows) builder.append([row.key, row.v]);
  return {
    batch: builder.take(),
    selection: null,
    count: rows.length,
    at: rows.length === part.length && at.every((p, i) => p === i) ? null : Int32Array.from(at),
    time: Float64Array.from(rows, r => r.time),
    clock: null,
    weight: rows.every(r => r.weight === 1) ? null : Int32Array.from(rows, r => r.weight),
    pane: null,
    watermark: Float64Array.from(part, m => m.watermark),
  };
}

function panesOf(flow: Flow, step: Step, node: AggregateNode): ReferencePane[] {
  return Array.from({ length: flow.count }, (_, i) => {
    const { key, window_start, window_end, ...values } = rowAt(flow.batch, i) as Row & { key: string | null };
    const { pane } = flow;
    if (pane === null) throw new Error("panes say nothing of themselves");
    const windowed = hasWindowColumns(node.strategy);
    return {
      at: step.first + (flow.at === null ? i : flow.at[i]),
      clock: clockOf(flow, step, i),
      key,
      start: windowed ? (window_start as number) : -Infinity,
      end: windowed ? (window_end as number) : Infinity,
      values,
      time: flow.time[i],
      weight: flow.weight === null ? 1 : flow.weight[i],
      timing: TIMINGS[pane.timing[i]],
      index: pane.index[i],
      nonSpeculativeIndex: pane.nonSpeculativeIndex[i],
      isFirst: pane.first[i] === 1,
      isLast: pane.last[i] === 1,
    };
  });
}

function dropsOf(flow: Flow, step: Step): ReferenceDrop[] {
  return Array.from({ length: flow.count }, (_, i) => {
    const row = rowAt(flow.batch, i) as unknown as ReferenceDrop & { window_start: number; window_end: number };
    return {
      at: step.first + (flow.at === null ? i : flow.at[i]),
      key: row.key,
      v: row.v,
      time: flow.time[i],
      weight: flow.weight === null ? 1 : flow.weight[i],
      start: row.window_start,
      end: row.window_end,
      watermark: row.watermark,
      reason: row.reason,
    };
  });
}
