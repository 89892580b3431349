/** `filter`: hands the same batch on with fewer rows selected; nothing is copied and progress passes untouched. */
import { compilePredicate } from "../../expressions/compile.ts";
import type { FilterNode } from "../../pipeline/verbs/filter.ts";
import { dense } from "../flow.ts";
import type { Operator, OperatorFactory } from "../operator.ts";

export const filter: OperatorFactory<FilterNode> = (node, context): Operator => {
  const predicate = compilePredicate(node.predicate, context.inputs, { codegen: context.codegen });
  let selection = new Int32Array(0);
  return {
    stateless: true,
    step(_step, [input]) {
      // A second selection over a first one would need two indirections in every reader; one copy here is cheaper.
      const flow = input.selection === null ? input : dense(input);
      if (selection.length < flow.count) selection = new Int32Array(Math.max(flow.count, 2 * selection.length));
      const count = flow.count === 0 ? 0 : predicate(flow.batch, selection);
      if (count === flow.count) return { main: flow };
      return { main: { ...flow, selection, count } };
    },
    snapshot: () => null,
    restore: () => {},
  };
};
