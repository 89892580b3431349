/**
 * Says which aggregates can be kept as a few numbers per window and key, and how: each distinct argument once, with the
 * reductions asked of it, and each result as something read from them.
 */
import type { Schema } from "../../../columns/column.ts";
import { aggregateNamed } from "../../../expressions/aggregates.ts";
import type { RowExpression } from "../../../expressions/tree.ts";
import { typeOf } from "../../../expressions/types.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";

export interface DenseArgument {
  readonly expression: RowExpression;
  readonly sum: boolean;
  readonly min: boolean;
  readonly max: boolean;
}

export type DenseKind = "count" | "sum" | "mean" | "min" | "max";

export interface DenseResult {
  readonly name: string;
  readonly kind: DenseKind;
  /** Index of its argument; −1 for `count()`, which counts rows. */
  readonly argument: number;
  readonly type: "number" | "timestamp";
}

export interface DensePlan {
  readonly arguments: readonly DenseArgument[];
  readonly results: readonly DenseResult[];
}

const KINDS: ReadonlySet<string> = new Set<DenseKind>(["count", "sum", "mean", "min", "max"]);

/** Plans the aggregates of a node, or returns null where one of them needs more than numbers. */
export function densePlan(node: AggregateNode, input: Schema): DensePlan | null {
  const expressions: { key: string; expression: RowExpression; kinds: Set<DenseKind> }[] = [];
  const results: DenseResult[] = [];
  for (const call of node.aggregates) {
    const kind = aggregateNamed(call.aggregate)?.name;
    if (kind === undefined || !KINDS.has(kind)) return null;
    if (call.arguments.length === 0) {
      results.push({ name: call.name, kind: "count", argument: -1, type: "number" });
      continue;
    }
    const [expression] = call.arguments;
    const { type } = typeOf(expression, [input]);
    if (type !== "number" && type !== "timestamp") return null;
    const key = JSON.stringify([expression.expr, expression.parameters]);
    let argument = expressions.findIndex(e => e.key === key);
    if (argument < 0) argument = expressions.push({ key, expression, kinds: new Set() }) - 1;
    expressions[argument].kinds.add(kind as DenseKind);
    const own = kind === "min" || kind === "max" ? type : "number";
    results.push({ name: call.name, kind: kind as DenseKind, argument, type: own });
  }
  return {
    arguments: expressions.map(({ expression, kinds }) => ({
      expression,
      sum: kinds.has("sum") || kinds.has("mean"),
      min: kinds.has("min"),
      max: kinds.has("max"),
    })),
    results,
  };
}
