/**
 * `aggregate`: groups, windows, triggers and accumulation in one operator, because they decide together when a row of
 * the result comes out. Without a windowing strategy it keeps one row per group up to date.
 *
 * The general operators are the readable ones; where a specialised one fits a pipeline, it gives the same rows in the
 * same order, and tests hold it against these.
 */
import type { AggregateNode } from "../../pipeline/verbs/aggregate.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { relationalAggregate } from "./aggregate/relational.ts";
import { specializedAggregate } from "./aggregate/specialize.ts";
import { windowedAggregate } from "./aggregate/windowed.ts";

export const aggregate: OperatorFactory<AggregateNode> = (node, context): Operator => {
  if (context.specialize) {
    const fast = specializedAggregate(node, context);
    if (fast !== null) return fast;
  }
  return node.strategy === null ? relationalAggregate(node, context) : windowedAggregate(node, node.strategy, context);
};
