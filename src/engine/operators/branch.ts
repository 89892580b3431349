/** `branch`: one selection of the same batch for each branch; nothing is copied. */
import { compilePredicate } from "../../expressions/compile.ts";
import { type BranchNode, OTHERWISE } from "../../pipeline/verbs/branch.ts";
import { dense, type Flow } from "../flow.ts";
import type { Operator, OperatorFactory, Outputs } from "../operator.ts";

export const branch: OperatorFactory<BranchNode> = (node, context): Operator => {
  const predicates = node.branches.map(b =>
    compilePredicate(b.predicate, context.inputs, { codegen: context.codegen }),
  );
  return {
    stateless: true,
    step(_step, [input]): Outputs {
      const flow = dense(input);
      const { count } = flow;
      const outputs: Record<string, Flow> = { main: input };
      const taken = new Uint8Array(count);
      const part = (name: string, selection: Int32Array, of: number): void => {
        outputs[name] = { ...flow, selection: of === count ? null : selection, count: of };
      };
      node.branches.forEach(({ name }, b) => {
        const selection = new Int32Array(count);
        const found = count === 0 ? 0 : predicates[b](flow.batch, selection);
        let own = 0;
        for (let i = 0; i < found; i++) {
          const row = selection[i];
          if (taken[row] === 1) continue;
          taken[row] = 1;
          selection[own++] = row;
        }
        part(name, selection, own);
      });
      const rest = new Int32Array(count);
      let left = 0;
      for (let row = 0; row < count; row++) if (taken[row] === 0) rest[left++] = row;
      part(OTHERWISE, rest, left);
      return outputs;
    },
    snapshot: () => null,
    restore: () => {},
  };
};
