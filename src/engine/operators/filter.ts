/** `filter`: hands the same batch on with fewer rows selected; nothing is copied and progress passes untouched. */
import { compilePredicate } from "../../expressions/compile.ts";
import type { FilterNode } from "../../pipeline/verbs/filter.ts";
import type { Operator, OperatorFactory } from "../operator.ts";

export const filter: OperatorFactory<FilterNode> = (node, context): Operator => {
  const predicate = compilePredicate(node.predicate, context.inputs, { codegen: context.codegen });
  let selection = new Int32Array(0);
  return {
    stateless: true,
    step(_step, [flow]) {
      if (flow.count === 0) return { main: flow };
      if (selection.length < flow.count) selection = new Int32Array(Math.max(flow.count, 2 * selection.length));
      const count =
        flow.selection === null
          ? predicate(flow.batch, selection)
          : predicate.refine(flow.batch, flow.selection, flow.count, selection);
      return { main: count === flow.count ? flow : { ...flow, selection, count } };
    },
    snapshot: () => null,
    restore: () => {},
  };
};
