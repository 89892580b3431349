/**
 * `lookup`: adds to each row what a table says of its key at that moment. The table is the other stream: its newest row for
 * each key counts, and a row that is taken back no longer does. What has come out is not restated when the table changes
 * later; that is what `join` and `asofJoin` are for. Kinds: `left` (nulls where the table has no row) and `inner`.
 *
 * Position, time and watermark are those of the row; the table does not hold it back. A row that is taken back takes back what it
 * was given: for streams that can do that, rows and the table rows they found are remembered.
 */
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import { checkMatching, describeMatching, type Matching } from "../matching.ts";
import { joinColumns, plainFields } from "./join.ts";

export interface LookupNode {
  readonly verb: "lookup";
  readonly left: Node;
  readonly right: Node;
  readonly kind: "left" | "inner";
  readonly keys: Matching;
  readonly suffixes: readonly [string, string];
}

export const lookup: Verb<LookupNode> = {
  inputs: node => [node.left, node.right],
  withInputs: (node, [left, right]) => ({ ...node, left, right }),
  ports: () => [],
  schema(node, inputs) {
    checkMatching(node.keys, inputs);
    if (node.keys.residual !== null || node.keys.left.length === 0)
      throw new Error("lookup finds rows by equal keys alone. Filter afterwards for further conditions.");
    return plainFields(joinColumns(node, inputs));
  },
  describe: node => `lookup by ${describeMatching(node.keys)}`,
};
