/** Puts other nodes in the place of a pipeline's sources, and leaves everything else as it is. */
import { inputsOf, type Node, verbOf } from "./node.ts";
import type { SourceNode } from "./verbs/source.ts";

/**
 * Returns a function that rewrites pipelines, the same node always to the same node. `rows` gives what is read in the place of a
 * source; `own` what says the source's side outputs (errors, progress), by default the source itself.
 */
export function replacingSources(
  rows: (source: SourceNode) => Node,
  own: (source: SourceNode) => Node = source => source,
): (node: Node) => Node {
  const known = new Map<Node, Node>();
  const rewritten = (node: Node): Node => {
    if (node.verb === "source") return rows(node);
    if (node.verb === "port" && node.input.verb === "source" && node.port !== "changes" && node.port !== "panes")
      return { ...node, input: own(node.input) };
    return verbOf(node).withInputs(node, inputsOf(node).map(visit));
  };
  const visit = (node: Node): Node => {
    let made = known.get(node);
    if (made === undefined) known.set(node, (made = rewritten(node)));
    return made;
  };
  return visit;
}
