/** `filter`: keeps the rows for which the predicate is true. */
import type { RowExpression } from "../../expressions/tree.ts";
import { typeOf } from "../../expressions/types.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

export interface FilterNode {
  readonly verb: "filter";
  readonly input: Node;
  readonly predicate: RowExpression;
}

export const filter: Verb<FilterNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema(node, [input]) {
    typeOf(node.predicate, [input]);
    return input;
  },
  describe: node => `filter ${node.predicate.source}`,
};
