/**
 * `aggregate`: groups, windows, triggers and accumulation in one operator, because they decide together when a row of
 * the result comes out. Without a windowing strategy it keeps one row per group up to date.
 *
 * The general operators are the readable ones; where a specialised one fits a pipeline, it gives the same rows in the
 * same order, and tests hold it against these.
 *
 * The pairs that one row makes in a windowed join become known together: triggers are asked once for all of them, as for a
 * bundle, so that a late row restates a count of pairs once and not pair by pair.
 */
import type { Profile } from "../../model/profiles.ts";
import type { Node } from "../../pipeline/node.ts";
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
  if (node.strategy === null) return relationalAggregate(node, context);
  const profile: Profile = readsPairs(node.input) ? { ...context.profile, evaluate: "bundle" } : context.profile;
  return windowedAggregate(node, node.strategy, { ...context, profile });
};

/** Whether a node hands on what a windowed join puts out. */
function readsPairs(node: Node): boolean {
  if (node.verb === "join") return node.strategy !== null;
  return (node.verb === "filter" || node.verb === "derive" || node.verb === "select") && readsPairs(node.input);
}
