/** Results that grow with their rows: of sums and counts, unlike means and maxima, what is still to come can be told from what came. */
import { parseExpression } from "../expressions/parse.ts";
import type { RowExpression } from "../expressions/tree.ts";
import type { AggregateCall, AggregateNode } from "./verbs/aggregate.ts";

/** A result that adds something up. */
export interface AdditiveOutput {
  readonly name: string;
  readonly call: AggregateCall;
}

/** Lists the results of an aggregate that are nothing but a sum or a count. */
export function additiveOutputs(node: AggregateNode): readonly AdditiveOutput[] {
  const calls = new Map(node.aggregates.map(call => [call.name, call]));
  return node.outputs.flatMap(({ name, expression: { expr } }) => {
    const call = expr.kind === "column" ? calls.get(expr.name) : undefined;
    const adds = call?.aggregate === "sum" || (call?.aggregate === "count" && call.arguments.length === 0);
    return call !== undefined && adds ? [{ name, call }] : [];
  });
}

/** What a row adds to a sum or a count. */
export function amountAdded({ call }: AdditiveOutput): RowExpression {
  return call.aggregate === "count" ? parseExpression("d => 1") : call.arguments[0];
}
