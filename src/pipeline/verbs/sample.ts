/**
 * `sample`: keeps a share of the rows, the same ones in every run with the same seed. By row number each row decides for itself;
 * by a key all rows of a key stay together. A stream that can take rows back is sampled by the rows' contents, so that a
 * row and its retraction meet the same fate.
 */
import type { RowExpression } from "../../expressions/tree.ts";
import { typeOf } from "../../expressions/types.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

export interface SampleNode {
  readonly verb: "sample";
  readonly input: Node;
  /** Share of rows, or of keys, to keep: 0 to 1. */
  readonly fraction: number;
  readonly seed: number;
  readonly by: RowExpression | null;
}

export const sample: Verb<SampleNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema(node, [input]) {
    if (node.by !== null) typeOf(node.by, [input]);
    return input;
  },
  describe: node => `sample ${node.fraction * 100} %${node.by === null ? "" : ` of ${node.by.source}`}`,
};
