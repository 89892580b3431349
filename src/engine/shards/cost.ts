/**
 * What a run is likely to cost by one thread, and divided over several: how many of the rows the thread should take that also
 * brings the shards together, and whether dividing pays at all. The figures are nanoseconds for a row by the project's own
 * benchmarks of verbs on one machine. On others all of them are larger or smaller together, and only how they compare matters.
 */
import type { Profile } from "../../model/profiles.ts";
import { identity } from "../../pipeline/identity.ts";
import { inputsOf, type Node, schemaOf, topological } from "../../pipeline/node.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { Graph } from "../graph.ts";
import { DenseFixed } from "../operators/aggregate/dense-fixed.ts";
import { DenseSessions } from "../operators/aggregate/dense-sessions.ts";
import { DenseSliding } from "../operators/aggregate/dense-sliding.ts";
import type { Operator } from "../operator.ts";
import type { ShardPlan } from "./plan.ts";
import { logBytes } from "./shared-log.ts";

/** Nanoseconds for each row of the sources, all of them taken together. */
export interface Costs {
  /** Of what is divided. */
  readonly divided: number;
  /** Of what is worked where the shards come together, however many there are. */
  readonly after: number;
  /** Of bringing them together, and of copying what is brought together. */
  readonly merging: number;
  readonly copying: number;
}

/** The watermark after a row, and its place among the rows of a shard. */
const POSITION = 2;
const PLACE = 4;

/** Keeping step with the others, where the shards come together. */
const MEETING = 4;

/** Finding whose a row is and copying it for its shard, once for a log, and putting a byte into memory that threads share. */
const PREPARED = 15;
const BYTE = 0.4;

/** How many times as fast several threads have to be at least. */
const WORTHWHILE = 1.15;

/** Estimates what the parts of a divided pipeline cost. */
export function costsOf(
  roots: readonly Node[],
  plan: ShardPlan,
  options: {
    readonly logs: (source: SourceNode) => SourceLog;
    readonly profile: Profile;
    readonly specialize?: boolean;
  },
): Costs {
  const { logs, profile, specialize } = options;
  const schema = (source: SourceNode) => logs(source).batch.schema;
  const order = topological(roots);
  const rates = ratesOf(order, logs);
  const rate = (node: Node): number => rates.get(identity(node)) ?? 0;
  const cuts = plan.groups.flatMap(group => group.cuts);
  const inside = new Set(topological(cuts).map(identity));
  const graph = new Graph(roots, { profile, sources: schema, specialize, remembers: false });
  let divided = 0;
  let after = 0;
  for (const { id, node, absorbs, operator } of graph.nodes) {
    const read = inputsOf(absorbs[0] ?? node).reduce((sum, input) => sum + rate(input), 0);
    const cost = read * costOf(node, operator);
    if (inside.has(id)) divided += cost;
    else after += cost;
  }
  let merging = 0;
  let copying = 0;
  for (const cut of cuts) {
    const columns = schemaOf(cut, schema).length + (cut.verb === "aggregate" ? 8 : 2);
    merging += rate(cut) * (6 + 1.5 * columns);
    copying += rate(cut) * columns * 0.8;
  }
  return { divided, after, merging, copying };
}

/** How many rows each node puts out for each row of the sources. Of windows and conditions nobody knows it beforehand. */
function ratesOf(order: readonly Node[], logs: (source: SourceNode) => SourceLog): Map<string, number> {
  const rows = (node: Node): number => (node.verb === "source" ? logs(node).time.length : 0);
  const sources = new Map(order.filter(node => node.verb === "source").map(node => [identity(node), rows(node)]));
  const total = [...sources.values()].reduce((sum, n) => sum + n, 0);
  const rates = new Map<string, number>();
  for (const node of order) {
    const read = inputsOf(node).reduce((sum, input) => sum + (rates.get(identity(input)) ?? 0), 0);
    const rate = node.verb === "source" ? (total === 0 ? 0 : rows(node) / total) : read * share(node);
    rates.set(identity(node), rate);
  }
  return rates;
}

/** Rows that a node puts out for one that it reads. */
function share(node: Node): number {
  switch (node.verb) {
    case "filter":
    case "sample":
    case "dedupe":
    case "topN":
      return 0.5;
    case "aggregate": {
      const trigger = node.strategy?.trigger;
      if (trigger === undefined) return 0.5;
      const once = trigger.kind === "default" || (trigger.kind === "afterWatermark" && trigger.early === null);
      return once ? 0.1 : 0.4;
    }
    default:
      return 1;
  }
}

/** Nanoseconds for a row that a node reads. */
function costOf(node: Node, operator: Operator | null): number {
  switch (node.verb) {
    case "source":
    case "port":
      return 0;
    case "select":
    case "orderby":
      return 2;
    case "filter":
    case "branch":
      return 6;
    case "derive":
    case "union":
      return 10;
    case "aggregate":
      if (operator instanceof DenseFixed) return 10;
      if (operator instanceof DenseSliding) return 18;
      if (operator instanceof DenseSessions) return 30;
      return node.strategy === null ? 75 : 250;
    case "integrate":
      return 60;
    default:
      return 150;
  }
}

/** The share of the rows that each shard should take so that all threads are done together. `here`: the first one is worked where they come together. */
export function sharesOf({ divided, after, merging, copying }: Costs, shards: number, here: boolean): number[] {
  const others = shards - 1;
  const even = 1 / shards;
  const more = MEETING + after + merging - copying;
  const first = here && divided > 0 ? Math.max(0, even - (more * others) / (divided * shards)) : even;
  return Array.from({ length: shards }, (_, shard) => (shard === 0 ? first : (1 - first) / others));
}

/** Milliseconds that one thread is likely to need, and several, with what it takes to start them. */
export interface Times {
  readonly one: number;
  readonly several: number;
}

/** Estimates the times of a run over these logs. `start`: what it takes to start the threads, ms. */
export function timesOf(costs: Costs, shares: readonly number[], logs: readonly SourceLog[], start: number): Times {
  const { divided, after, merging, copying } = costs;
  const [first, ...others] = shares;
  const here = first * divided + after + merging + MEETING;
  const there = Math.max(...others) * divided + copying;
  const each = POSITION + Math.max(here, there) + PLACE;
  const distinct = [...new Set(logs)];
  const rows = distinct.reduce((sum, log) => sum + log.time.length, 0);
  const bytes = distinct.reduce((sum, log) => sum + logBytes(log), 0);
  return {
    one: (rows * (divided + after + POSITION)) / 1e6,
    several: start + (rows * (each + (start > 0 ? PREPARED : 0)) + (start > 0 ? bytes * BYTE : 0)) / 1e6,
  };
}

/** Whether dividing is likely to pay. */
export function pays({ one, several }: Times): boolean {
  return several * WORTHWHILE <= one;
}
