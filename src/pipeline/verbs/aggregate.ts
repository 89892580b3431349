/**
 * `aggregate`: what `groupby … window … trigger … rollup` comes to. One node holds the keys, the windowing strategy and
 * the aggregates, because they decide together when a row of the result comes out.
 *
 * Without a strategy it is the relational aggregate: one row per key over everything so far, kept up to date by changes
 * (weights −1 and +1) that are consolidated once per step. With a strategy it emits panes.
 */
import type { Field, Schema } from "../../columns/column.ts";
import { aggregateType } from "../../expressions/aggregates.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import { typeOf } from "../../expressions/types.ts";
import type { WindowingStrategy } from "../../model/strategy.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import type { NamedExpression } from "./derive.ts";

/** One aggregate over the rows of a group: its name in the registry and its arguments as row expressions. */
export interface AggregateCall {
  /** Name of the intermediate column that `outputs` refer to. */
  readonly name: string;
  readonly aggregate: string;
  readonly arguments: readonly RowExpression[];
}

export interface AggregateNode {
  readonly verb: "aggregate";
  readonly input: Node;
  readonly keys: readonly NamedExpression[];
  readonly strategy: WindowingStrategy | null;
  readonly aggregates: readonly AggregateCall[];
  /** Result columns over the keys and aggregates by name, so that `sum / count` is one column. */
  readonly outputs: readonly NamedExpression[];
}

/** Windows are shown with their bounds unless there is but one. */
export function hasWindowColumns(strategy: WindowingStrategy | null): boolean {
  return strategy !== null && strategy.window.kind !== "global";
}

export const WINDOW_FIELDS: Schema = [
  { name: "window_start", type: "timestamp", nullable: false },
  { name: "window_end", type: "timestamp", nullable: false },
];

/** What a dropped row says besides its own columns. Durations in milliseconds. */
export const LATE_FIELDS: Schema = [
  ...WINDOW_FIELDS,
  /** Processing time at which it arrived. */
  { name: "arrived_at", type: "timestamp", nullable: false },
  /** Watermark when it arrived. */
  { name: "watermark", type: "timestamp", nullable: false },
  /** `expired` (its window was past allowed lateness) or `finished` (its window's trigger had finished). */
  { name: "reason", type: "string", nullable: false },
  /** How far the watermark was past the end of the window and its allowed lateness. */
  { name: "margin", type: "number", nullable: false },
  /** The smallest allowed lateness that would have kept the row. */
  { name: "keeps_with_lateness", type: "number", nullable: false },
  /** How much longer the watermark's delay would have had to be. */
  { name: "keeps_with_delay", type: "number", nullable: false },
];

/** What a row that a window took in says besides its own columns. */
export const KEPT_FIELDS: Schema = [
  ...WINDOW_FIELDS,
  /** Processing time at which it arrived. */
  { name: "arrived_at", type: "timestamp", nullable: false },
  /** Watermark when it arrived. */
  { name: "watermark", type: "timestamp", nullable: false },
];

/** What became of each row: its place in both times, the watermark it met, and whether it was in time. */
export const FATES_SCHEMA: Schema = [
  { name: "event_time", type: "timestamp", nullable: false },
  { name: "arrived_at", type: "timestamp", nullable: false },
  { name: "watermark", type: "timestamp", nullable: false },
  /** `on-time`, `late` (behind the watermark, accepted) or `dropped`. */
  { name: "fate", type: "string", nullable: false },
];

/** The life of each window: opened, complete, fired, and closed. */
export const LIFE_SCHEMA: Schema = [
  ...WINDOW_FIELDS,
  { name: "processing_time", type: "timestamp", nullable: false },
  /** `opened`, `complete` (the watermark is past its end, whether or not a pane came out), `early`, `on-time`, `late`, `merged` or `closed`. */
  { name: "what", type: "string", nullable: false },
  /** Rows held for the window then. */
  { name: "rows", type: "number", nullable: false },
];

/** The columns that aggregates and keys offer to output expressions. */
export function groupSchema(node: AggregateNode, input: Schema): Schema {
  const keys: Field[] = node.keys.map(k => ({ name: k.name, ...typeOf(k.expression, [input]) }));
  const aggregates: Field[] = node.aggregates.map(a => ({
    name: a.name,
    ...aggregateType(
      a.aggregate,
      a.arguments.map(argument => typeOf(argument, [input])),
    ),
  }));
  return [...keys, ...(hasWindowColumns(node.strategy) ? WINDOW_FIELDS : []), ...aggregates];
}

export const aggregate: Verb<AggregateNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: node => (node.strategy === null ? [] : ["late", "kept", "fates", "life"]),
  schema(node, [input], port) {
    if (port === "late") return [...input.filter(f => !LATE_FIELDS.some(l => l.name === f.name)), ...LATE_FIELDS];
    if (port === "kept") return [...input.filter(f => !KEPT_FIELDS.some(k => k.name === f.name)), ...KEPT_FIELDS];
    if (port === "fates") return FATES_SCHEMA;
    if (port === "life") return [...groupSchema(node, input).slice(0, node.keys.length), ...LIFE_SCHEMA];
    const group = groupSchema(node, input);
    const fixed = node.keys.length + (hasWindowColumns(node.strategy) ? WINDOW_FIELDS.length : 0);
    return [...group.slice(0, fixed), ...node.outputs.map(o => ({ name: o.name, ...typeOf(o.expression, [group]) }))];
  },
  describe: node => {
    const by = node.keys.length > 0 ? ` by ${node.keys.map(k => k.name).join(", ")}` : "";
    const where = node.strategy === null ? "" : ` per ${node.strategy.window.kind} window`;
    return `rollup ${node.outputs.map(o => o.name).join(", ")}${by}${where}`;
  },
};
