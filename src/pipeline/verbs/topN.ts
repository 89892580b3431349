/**
 * `topN`: the first n rows of each group in a given order. Rows that compare equal keep the order in which they arrived.
 *
 * Without a window it is kept up to date by changes: a row that enters pushes another one out, which is taken back
 * (weight −1) immediately before. With a window the ranking of each window comes out when the watermark passes its end,
 * in order, with the timestamp `end − 1 ms` and the window's bounds as columns; rows that are late but within the allowed
 * lateness change it as above; rows whose windows have all expired are dropped, and said on the port `late`.
 *
 * Null and NaN come last in either direction. When the stream only ever adds rows, n rows are held for each group, else all.
 */
import type { Schema } from "../../columns/column.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import { typeOf } from "../../expressions/types.ts";
import type { WindowingStrategy } from "../../model/strategy.ts";
import { merges } from "../../model/windows.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import { hasWindowColumns, LATE_FIELDS, WINDOW_FIELDS } from "./aggregate.ts";
import type { NamedExpression } from "./derive.ts";

/** One criterion of an order. */
export interface Order {
  readonly expression: RowExpression;
  readonly descending: boolean;
}

export interface TopNNode {
  readonly verb: "topN";
  readonly input: Node;
  readonly n: number;
  readonly keys: readonly NamedExpression[];
  readonly order: readonly Order[];
  readonly strategy: WindowingStrategy | null;
}

/** Checks that an order's columns exist and can be compared. */
export function checkOrder(order: readonly Order[], input: Schema): void {
  for (const { expression } of order)
    if (typeOf(expression, [input]).type === "json")
      throw new Error(
        `Rows cannot be ordered by ${expression.source}: it is a json value. Derive a number or text of it.`,
      );
}

/** Writes an order in few words. */
export function describeOrder(order: readonly Order[]): string {
  return order.map(o => `${o.expression.source}${o.descending ? " descending" : ""}`).join(", ");
}

export const topN: Verb<TopNNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: node => (node.strategy === null ? [] : ["late"]),
  schema(node, [input], port) {
    for (const key of node.keys) typeOf(key.expression, [input]);
    checkOrder(node.order, input);
    if (node.strategy !== null && merges(node.strategy.window))
      throw new Error("topN cannot use sessions. Roll the sessions up first, or use fixed windows.");
    if (port === "late") return [...input.filter(f => !LATE_FIELDS.some(l => l.name === f.name)), ...LATE_FIELDS];
    if (!hasWindowColumns(node.strategy)) return input;
    return [...input.filter(f => !WINDOW_FIELDS.some(w => w.name === f.name)), ...WINDOW_FIELDS];
  },
  describe: node =>
    `top ${node.n} by ${describeOrder(node.order)}${node.keys.length > 0 ? ` of each ${node.keys.map(k => k.name).join(", ")}` : ""}`,
};
