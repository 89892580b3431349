/** The operator of each verb. Exhaustive by its type: a verb without an operator does not compile. */
import type { Node, VerbName } from "../pipeline/node.ts";
import type { OperatorFactory } from "./operator.ts";
import { derive } from "./operators/derive.ts";
import { filter } from "./operators/filter.ts";
import { dedupe } from "./operators/dedupe.ts";
import { differentiate } from "./operators/differentiate.ts";
import { integrate } from "./operators/integrate.ts";
import { nowcast } from "./operators/nowcast.ts";
import { reconcile } from "./operators/reconcile.ts";
import { join } from "./operators/join.ts";
import { topN } from "./operators/topN.ts";
import { union } from "./operators/union.ts";
import { branch } from "./operators/branch.ts";
import { sample } from "./operators/sample.ts";
import { orderby } from "./operators/orderby.ts";
import { flatMap } from "./operators/flatMap.ts";
import { withLateness } from "./operators/withLateness.ts";
import { lookup } from "./operators/lookup.ts";
import { intervalJoin } from "./operators/intervalJoin.ts";
import { asofJoin } from "./operators/asofJoin.ts";
import { stateful } from "./operators/stateful.ts";
import { port } from "./operators/port.ts";
import { select } from "./operators/select.ts";
import { aggregate } from "./operators/aggregate.ts";

/** Sources have no operator: the timeline feeds them. */
export const OPERATORS: { readonly [V in Exclude<VerbName, "source">]: OperatorFactory<Extract<Node, { verb: V }>> } = {
  filter,
  derive,
  select,
  aggregate,
  port,
  union,
  join,
  dedupe,
  topN,
  integrate,
  differentiate,
  reconcile,
  nowcast,
  branch,
  sample,
  orderby,
  flatMap,
  withLateness,
  lookup,
  intervalJoin,
  asofJoin,
  stateful,
};
