/** `derive`: adds or replaces columns, each computed by one kernel over the whole batch. */
import type { Column } from "../../columns/column.ts";
import { compileColumn } from "../../expressions/compile.ts";
import type { DeriveNode } from "../../pipeline/verbs/derive.ts";
import { dense } from "../flow.ts";
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
  /** What the kernels make of no rows: most steps bring none to most nodes, and are not to cost more for that. */
  let ofNothing: readonly Column[] | null = null;
  return {
    stateless: true,
    step(_step, [from]) {
      const flow = dense(from);
      const nothing = flow.count === 0 && flow.batch.length === 0;
      const made = (nothing ? ofNothing : null) ?? kernels.map(kernel => kernel(flow.batch));
      if (nothing) ofNothing = made;
      const columns = plan.map(p => (p.kernel >= 0 ? made[p.kernel] : flow.batch.columns[p.column]));
      return { main: { ...flow, batch: { schema, length: flow.batch.length, columns } } };
    },
    snapshot: () => null,
    restore: () => {},
  };
};
