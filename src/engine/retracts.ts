/**
 * Says whether a node's main output may take rows back, so that readers of one that cannot may keep less: deduplication,
 * rankings, lookups, minima. Says yes where it is not certain.
 */
import type { Profile } from "../model/profiles.ts";
import { inputsOf, type Node } from "../pipeline/node.ts";
import type { AggregateNode } from "../pipeline/verbs/aggregate.ts";
import { VIEWS } from "../pipeline/verbs/port.ts";

/** Side outputs that only ever report. `late` and `kept` hand on what the node read, weights included. */
const REPORTS: ReadonlySet<string> = new Set(["errors", "progress", "fates", "life"]);

export function retracts(node: Node, profile: Profile): boolean {
  switch (node.verb) {
    case "source":
      return false;
    case "filter":
    case "derive":
    case "select":
      return retracts(node.input, profile);
    case "port":
      // Shown as a column, a weight is data.
      if (node.port in VIEWS || REPORTS.has(node.port)) return false;
      return inputsOf(node.input).some(input => retracts(input, profile));
    case "aggregate":
      return aggregateRetracts(node, profile);
    case "union":
    case "flatMap":
    case "branch":
    case "sample":
    case "withLateness":
    case "orderby":
      return inputsOf(node).some(input => retracts(input, profile));
    // What these put out is a log of things that happened; it is never taken back.
    case "integrate":
    case "stateful":
      return false;
    // More rows can only give more pairs, and more left rows with a match; rows without one may find one.
    case "join":
    case "intervalJoin":
      return (node.kind !== "inner" && node.kind !== "semi") || inputsOf(node).some(input => retracts(input, profile));
    case "lookup":
      return retracts(node.left, profile);
    case "dedupe":
      return node.keep === "last" || retracts(node.input, profile);
    case "differentiate":
      return node.late === "next" || retracts(node.input, profile);
    // A result that a late row, or a better one, can replace.
    case "asofJoin":
    case "topN":
    case "reconcile":
    case "nowcast":
      return true;
  }
}

function aggregateRetracts({ strategy }: AggregateNode, profile: Profile): boolean {
  if (strategy === null || strategy.accumulation === "retracting") return true;
  return strategy.window.kind === "sessions" && profile.sessionEnd === "last-row";
}
