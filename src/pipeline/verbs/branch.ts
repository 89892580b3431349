/**
 * `branch`: parts a stream by predicates. Each row goes to the first branch whose predicate is true for it, or to `otherwise`;
 * the main output is the stream as it was.
 */
import type { RowExpression } from "../../expressions/tree.ts";
import { typeOf } from "../../expressions/types.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

/** The branch of rows that no predicate took. */
export const OTHERWISE = "otherwise";

export interface BranchNode {
  readonly verb: "branch";
  readonly input: Node;
  readonly branches: readonly { readonly name: string; readonly predicate: RowExpression }[];
}

export const branch: Verb<BranchNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: node => [...node.branches.map(b => b.name), OTHERWISE],
  schema(node, [input]) {
    for (const { predicate } of node.branches) typeOf(predicate, [input]);
    return input;
  },
  describe: node => `branch ${node.branches.map(b => b.name).join(", ")}`,
};
