/**
 * A chain of `filter` and `derive` worked as one: one loop selects by all conditions, then the derived columns are made for
 * the rows that are left. What lies in between is never made.
 */
import { emptyBatch } from "../../columns/builder.ts";
import { compileStages, type Stage } from "../../expressions/stages.ts";
import type { DeriveNode } from "../../pipeline/verbs/derive.ts";
import type { FilterNode } from "../../pipeline/verbs/filter.ts";
import { emptyFlow } from "../flow.ts";
import type { Operator, OperatorContext } from "../operator.ts";

/** Makes the operator of a chain, inputs before readers; the context's input is that of the first, its output that of the last. */
export function fused(chain: readonly (FilterNode | DeriveNode)[], context: OperatorContext): Operator {
  const stages = chain.map(
    (node): Stage =>
      node.verb === "filter"
        ? { kind: "filter", predicate: node.predicate }
        : { kind: "derive", columns: node.columns },
  );
  const kernel = compileStages(stages, context.inputs[0], { codegen: context.codegen });
  const schema = context.schema("main");
  const nothing = emptyBatch(schema);
  return {
    stateless: true,
    step(_step, [flow]) {
      if (flow.count === 0) return { main: emptyFlow(schema, nothing, flow.watermark) };
      const { batch, rows, count } = kernel(flow.batch, flow.selection, flow.count);
      return { main: { ...flow, batch: { ...batch, schema }, selection: rows, count } };
    },
    snapshot: () => null,
    restore: () => {},
  };
}
