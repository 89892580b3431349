/** `orderby`: hands everything on; tables read the order from the node. */
import type { OrderbyNode } from "../../pipeline/verbs/orderby.ts";
import type { Operator, OperatorFactory } from "../operator.ts";

export const orderby: OperatorFactory<OrderbyNode> = (): Operator => ({
  stateless: true,
  step: (_step, [flow]) => ({ main: flow }),
  snapshot: () => null,
  restore: () => {},
});
