/** `derive`: adds columns computed from each row, or replaces those of the same name. */
import type { Field } from "../../columns/column.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import { typeOf } from "../../expressions/types.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

/** A column and how to compute it. */
export interface NamedExpression {
  readonly name: string;
  readonly expression: RowExpression;
}

export interface DeriveNode {
  readonly verb: "derive";
  readonly input: Node;
  readonly columns: readonly NamedExpression[];
}

export const derive: Verb<DeriveNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema(node, [input]) {
    const out: Field[] = [...input];
    // Every expression sees the input's columns, not those derived beside it: order must not matter.
    for (const { name, expression } of node.columns) {
      const field: Field = { name, ...typeOf(expression, [input]) };
      const at = out.findIndex(f => f.name === name);
      if (at < 0) out.push(field);
      else out[at] = field;
    }
    return out;
  },
  describe: node => `derive ${node.columns.map(c => c.name).join(", ")}`,
};
