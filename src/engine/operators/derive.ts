/** `derive`: adds or replaces columns, each computed by one kernel for the rows that are selected. */
import { emptyBatch } from "../../columns/builder.ts";
import { compileColumn } from "../../expressions/compile.ts";
import type { DeriveNode } from "../../pipeline/verbs/derive.ts";
import { emptyFlow } from "../flow.ts";
import type { Operator, OperatorFactory } from "../operator.ts";

export const derive: OperatorFactory<DeriveNode> = (node, context): Operator => {
  const schema = context.schema("main");
  const [input] = context.inputs;
  const kernels = node.columns.map(c => compileColumn(c.expression, [input], { codegen: context.codegen }));
  // For each output column: the input column it is, or the kernel that makes it.
  const plan = schema.map(field => {
    const kernel = node.columns.findIndex(c => c.name === field.name);
    return kernel >= 0 ? { kernel, column: -1 } : { kernel: -1, column: input.findIndex(f => f.name === field.name) };
  });
  // Most steps bring no rows to most nodes, and are not to cost more for that.
  const nothing = emptyBatch(schema);
  return {
    stateless: true,
    step(_step, [flow]) {
      const { batch, selection, count } = flow;
      if (count === 0) return { main: emptyFlow(schema, nothing, flow.watermark) };
      const made = kernels.map(kernel =>
        selection === null ? kernel(batch) : kernel.selected(batch, selection, count),
      );
      const columns = plan.map(p => (p.kernel >= 0 ? made[p.kernel] : batch.columns[p.column]));
      return { main: { ...flow, batch: { schema, length: batch.length, columns } } };
    },
    snapshot: () => null,
    restore: () => {},
  };
};
