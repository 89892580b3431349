/**
 * Partitions that are filtered empty: their rows move, or hold, the watermark where the source reads them, and a filter behind it
 * lets none of them pass. A window then waits for rows of which it can take none.
 */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import { identity } from "../../pipeline/identity.ts";
import { inputsOf, type Node, verbOf } from "../../pipeline/node.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { partOf } from "./lines.ts";
import { sightsOf, Watch } from "./sight.ts";

export interface Passage {
  /** Rows of the partition that the source has brought, and those of them that came through. */
  readonly brought: number;
  readonly passed: number;
  /** What keeps rows out on the way, as written, from the source on. */
  readonly filters: readonly string[];
}

const KEEPS_OUT: ReadonlySet<string> = new Set(["filter", "dedupe", "sample", "branch"]);

/** Counts the rows of a partition before and behind the filters on the way to a node; null where nothing keeps rows out. */
export function* passageOf(node: Node, source: SourceNode, partition: string, run: Run): Slices<Passage | null> {
  const filters = filtersBelow(node);
  const feed = run.feed(identity(source));
  if (filters.length === 0 || feed === undefined) return null;
  const sights = sightsOf(node, run);
  const sight = sights.find(s => identity(s.node) === identity(source));
  if (sight === undefined) return null;
  const own = (row: number): boolean => partOf(feed, row) === partition;
  let brought = 0;
  for (let row = 0; row < feed.offset; row++) if (own(row)) brought++;
  let passed = 0;
  const watch = new Watch(node, seen => {
    const row = sight.rowAt(seen.position);
    if (row >= 0 && own(row)) passed++;
  });
  yield* run.looking([...sights, watch]);
  return { brought, passed, filters };
}

/** Says that a partition is filtered empty, and what it does to the watermark all the same; null where it is not. */
export function filteredEmpty(passage: Passage | null, partition: string): string | null {
  if (passage === null || passage.brought === 0 || passage.passed > 0) return null;
  const rows = passage.brought === 1 ? "The one row" : `None of the ${passage.brought.toLocaleString("en")} rows`;
  const passes = passage.brought === 1 ? "does not pass" : "passes";
  return (
    `Partition ${partition} is filtered empty: ${rows[0].toLowerCase()}${rows.slice(1)} that it has brought so far ${passes} ${passage.filters.join(", ")}, and yet its watermark counts. ` +
    `An idle timeout helps while it is silent; one watermark for the whole source, {per: "source"}, always.`
  );
}

function filtersBelow(node: Node): string[] {
  const below = inputsOf(node).flatMap(filtersBelow);
  return KEEPS_OUT.has(node.verb) ? [...below, verbOf(node).describe(node)] : below;
}
