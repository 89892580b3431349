/**
 * Divides a pipeline for its logs: what is worked in shards, and which rows are whose. Says in a sentence why nothing is, where
 * something stands in the way or it would not pay.
 */
import { PROFILES } from "../../model/profiles.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, topological } from "../../pipeline/node.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import type { RunOptions } from "../run.ts";
import { costsOf, pays, sharesOf, timesOf } from "./cost.ts";
import { sumsAreExact } from "./exact-sums.ts";
import { ownersOf } from "./owners.ts";
import { planShards, type ShardPlan } from "./plan.ts";

/** How a run is divided for its logs, as `divide` plans it. */
export interface Division {
  readonly plan: ShardPlan;
  /** In the order in which a run has them. */
  readonly sources: readonly SourceNode[];
  /** Side outputs of sources that somebody reads, because steps depend on that. */
  readonly sourcePorts: readonly Node[];
  /** By group, then by place of a source: the shard of each row. */
  readonly owners: readonly (readonly (Uint8Array | null)[])[];
}

export interface DivideOptions extends Pick<RunOptions, "logs" | "profile" | "specialize"> {
  /** How many shards, at least 2. */
  readonly shards: number;
  /** Whether the first of them is worked where they come together, as it is by a `ShardedRun` of the same options. Default true. */
  readonly here?: boolean;
  /**
   * What it takes to start the others and to share the logs, ms; 0 where both have been done. Where it is given, nothing is divided
   * that would hardly be faster. Default: whatever can be divided is.
   */
  readonly start?: number;
}

/** Why nothing is divided. */
export interface Undivided {
  /** A sentence. */
  readonly reason: string;
  /** Whether it could be, but would not pay. */
  readonly could?: boolean;
}

/** Divides what computes `roots` for so many shards, or says in a sentence why it is not. */
export function divide(roots: readonly Node[], options: DivideOptions): Division | Undivided {
  const { logs, shards, here = true, start } = options;
  const profile = options.profile ?? PROFILES.tidemark;
  const sources = sourcesOf(roots);
  if (sources.some(source => logs(source).whole !== undefined))
    return { reason: "A log is read in parts, and shards share logs that are whole in memory." };
  if (sources.some(source => logs(source).known !== undefined))
    return { reason: "A source may still grow, and shards work on logs that are complete." };
  const plan = planShards(roots, source => logs(source).batch.schema, profile);
  if ("reason" in plan) return plan;
  const costs = costsOf(roots, plan, { logs, profile, specialize: options.specialize });
  const shares = sharesOf(costs, shards, here);
  if (start !== undefined) {
    const times = timesOf(costs, shares, sources.map(logs), start);
    if (!pays(times)) return { reason: UNPAID, could: true };
  }
  for (const node of plan.sums)
    if (!sumsAreExact(node, logs, profile))
      return {
        reason: `The sums of ${node.value.source} are not exact, so that the last digits of a balance depend on other keys' flows.`,
      };
  const ids = sources.map(identity);
  for (const { parting } of plan.groups) {
    const byLog = new Map<SourceLog, string>();
    for (const [id, columns] of parting) {
      const log = logs(sources[ids.indexOf(id)]);
      const by = byLog.get(log) ?? columns.join();
      // Sources of one log may put out their row at one position, which has to be one shard's.
      if (by !== columns.join())
        return {
          reason: `Two sources read the same log, and what they meet in goes by ${by} of one and ${columns.join()} of the other.`,
        };
      byLog.set(log, by);
    }
  }
  const owners = plan.groups.map(({ parting }) => {
    const parted = [...parting].map(([id, columns]) => ({ log: logs(sources[ids.indexOf(id)]), columns }));
    const found = ownersOf(parted, shares);
    const places = [...parting.keys()];
    return ids.map(id => (places.includes(id) ? found[places.indexOf(id)] : null));
  });
  const sourcePorts = topological(roots).filter(node => node.verb === "port" && node.input.verb === "source");
  return { plan, sources, sourcePorts, owners };
}

const UNPAID =
  "It has too few rows, or too little to do for each, for threads to pay: starting them, sharing the log and bringing together what they put out would take longer than they save.";

/** The sources below roots, each once, in the order in which a run's graph has them. */
function sourcesOf(roots: readonly Node[]): SourceNode[] {
  const byId = new Map<string, SourceNode>();
  for (const node of topological(roots))
    if (node.verb === "source" && !byId.has(identity(node))) byId.set(identity(node), node);
  return [...byId.values()];
}
