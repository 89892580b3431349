/**
 * Says which streams can take rows back. Operators that have to remember more in order to undo (deduplication, rankings,
 * lookups) ask here first, so that streams that only ever add rows do not pay for it.
 */
import { inputsOf, type Node } from "./node.ts";

/** Tells whether the rows of a node's output can have negative weights. Says yes where it is not certain. */
export function mayRetract(node: Node): boolean {
  switch (node.verb) {
    case "source":
      return false;
    case "port":
      // Views show weights as data; side outputs hand on rows of the input.
      return node.port !== "changes" && node.port !== "panes" && inputsOf(node.input).some(mayRetract);
    case "aggregate":
      return node.strategy === null || node.strategy.accumulation === "retracting";
    case "filter":
    case "derive":
    case "select":
    case "union":
      return inputsOf(node).some(mayRetract);
    case "join":
      return node.kind !== "inner" || node.strategy !== null || inputsOf(node).some(mayRetract);
    case "dedupe":
      return node.keep === "last" || mayRetract(node.input);
    case "topN":
    case "reconcile":
      return true;
    case "integrate":
      return false;
    case "differentiate":
      return node.late === "next" || mayRetract(node.input);
  }
}
