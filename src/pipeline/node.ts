/**
 * The one tree a user builds. Nodes are plain data, so that a pipeline can be hashed, printed, sent to a Worker and
 * exported; every node of it comes from one verb, and the registry below is exhaustive by its type.
 */
import type { Schema } from "../columns/column.ts";
import { type AggregateNode, aggregate } from "./verbs/aggregate.ts";
import { type DedupeNode, dedupe } from "./verbs/dedupe.ts";
import { type DeriveNode, derive } from "./verbs/derive.ts";
import { type DifferentiateNode, differentiate } from "./verbs/differentiate.ts";
import { type FilterNode, filter } from "./verbs/filter.ts";
import { type IntegrateNode, integrate } from "./verbs/integrate.ts";
import { type JoinNode, join } from "./verbs/join.ts";
import { type NowcastNode, nowcast } from "./verbs/nowcast.ts";
import { type PortNode, port } from "./verbs/port.ts";
import { type ReconcileNode, reconcile } from "./verbs/reconcile.ts";
import { type SelectNode, select } from "./verbs/select.ts";
import { type SourceNode, source } from "./verbs/source.ts";
import { type TopNNode, topN } from "./verbs/topN.ts";
import { type UnionNode, union } from "./verbs/union.ts";
import { type BranchNode, branch } from "./verbs/branch.ts";
import { type SampleNode, sample } from "./verbs/sample.ts";
import { type OrderbyNode, orderby } from "./verbs/orderby.ts";
import { type FlatMapNode, flatMap } from "./verbs/flatMap.ts";
import { type WithLatenessNode, withLateness } from "./verbs/withLateness.ts";
import { type LookupNode, lookup } from "./verbs/lookup.ts";
import { type IntervalJoinNode, intervalJoin } from "./verbs/intervalJoin.ts";
import { type AsofJoinNode, asofJoin } from "./verbs/asofJoin.ts";
import { type StatefulNode, stateful } from "./verbs/stateful.ts";
import { MAIN, type Port, type Verb } from "./verb.ts";

export type Node =
  | SourceNode
  | FilterNode
  | DeriveNode
  | SelectNode
  | AggregateNode
  | PortNode
  | UnionNode
  | JoinNode
  | DedupeNode
  | TopNNode
  | IntegrateNode
  | DifferentiateNode
  | ReconcileNode
  | NowcastNode
  | BranchNode
  | SampleNode
  | OrderbyNode
  | FlatMapNode
  | WithLatenessNode
  | LookupNode
  | IntervalJoinNode
  | AsofJoinNode
  | StatefulNode;

export type VerbName = Node["verb"];

export const VERBS: { readonly [V in VerbName]: Verb<Extract<Node, { verb: V }>> } = {
  source,
  filter,
  derive,
  select,
  aggregate,
  port,
  union,
  join,
  dedupe,
  topN,
  integrate,
  differentiate,
  reconcile,
  nowcast,
  branch,
  sample,
  orderby,
  flatMap,
  withLateness,
  lookup,
  intervalJoin,
  asofJoin,
  stateful,
};

/** The verb of a node, typed for it. */
export function verbOf(node: Node): Verb<Node> {
  return VERBS[node.verb] as Verb<Node>;
}

/** The nodes a node reads. */
export function inputsOf(node: Node): readonly Node[] {
  return verbOf(node).inputs(node);
}

/** Lists the nodes below and including `roots`, inputs before readers, each once (by identity of the object). */
export function topological(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const input of inputsOf(node)) visit(input);
    order.push(node);
  };
  for (const root of roots) visit(root);
  return order;
}

/** The output of its input that a node reads: `main`, except for ports. */
export function portRead(node: Node): Port {
  return node.verb === "port" && node.port !== "changes" && node.port !== "panes" ? node.port : MAIN;
}

/**
 * Returns the columns of a node's main output. `sources` gives the columns of each source, which only its data knows.
 * Throws where an expression names a missing column.
 */
export function schemaOf(node: Node, sources: (source: SourceNode) => Schema, port: Port = MAIN): Schema {
  const known = new Map<Node, Map<Port, Schema>>();
  const visit = (at: Node, output: Port): Schema => {
    const found = known.get(at)?.get(output);
    if (found !== undefined) return found;
    const inputs = at.verb === "source" ? [sources(at)] : inputsOf(at).map(input => visit(input, portRead(at)));
    const schema = verbOf(at).schema(at, inputs, output);
    if (!known.has(at)) known.set(at, new Map());
    known.get(at)?.set(output, schema);
    return schema;
  };
  return visit(node, port);
}
