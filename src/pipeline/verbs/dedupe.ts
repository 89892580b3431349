/**
 * `dedupe`: keeps one row for each key. `first` keeps the first in order of arrival, and holds back the others; `last` keeps
 * the newest, and takes the one before back (weight −1).
 *
 * With `within` a key is forgotten after a while: a kept row of event time t stands for the rows of its key before
 * `t + within`, earlier ones among them; a row at or after that is kept anew. The key is forgotten when the watermark
 * reaches `t + within`, so state is bounded. Without `within` it is kept for ever.
 *
 * Retractions are followed: when the kept row is taken back, the next one (the one before, for `last`) takes its place. For
 * that all rows are remembered, if the stream can take rows back at all; `within` cannot be used then.
 */
import type { Duration } from "../../model/time.ts";
import { typeOf } from "../../expressions/types.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import type { NamedExpression } from "./derive.ts";

export interface DedupeNode {
  readonly verb: "dedupe";
  readonly input: Node;
  /** What makes rows the same; none: all columns. */
  readonly keys: readonly NamedExpression[];
  readonly keep: "first" | "last";
  /** Milliseconds of event time; null: for ever. */
  readonly within: Duration | null;
}

export const dedupe: Verb<DedupeNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema(node, [input]) {
    for (const key of node.keys) typeOf(key.expression, [input]);
    return input;
  },
  describe: node =>
    `dedupe ${node.keep === "last" ? "to the last " : ""}by ${node.keys.map(k => k.name).join(", ") || "all columns"}`,
};
