/** `select`: keeps, reorders and renames columns; only the list of columns changes, never a row. */
import { selection, type SelectNode } from "../../pipeline/verbs/select.ts";
import type { Operator, OperatorFactory } from "../operator.ts";

export const select: OperatorFactory<SelectNode> = (node, context): Operator => {
  const schema = context.schema("main");
  const names = context.inputs[0].map(f => f.name);
  const kept = selection(node, names).map(({ from }) => names.indexOf(from));
  return {
    stateless: true,
    step: (_step, [flow]) => ({
      main: { ...flow, batch: { schema, length: flow.batch.length, columns: kept.map(c => flow.batch.columns[c]) } },
    }),
    snapshot: () => null,
    restore: () => {},
  };
};
