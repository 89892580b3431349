/** Figures of a run for the inspector, the heads of tables and the transport bar. */
import type { Flow } from "../engine/flow.ts";
import type { SourceFeed } from "../engine/feed.ts";
import type { GraphNode } from "../engine/graph.ts";
import type { Run, Tap } from "../engine/run.ts";
import { identity } from "../pipeline/identity.ts";
import { type Node, topological, verbOf } from "../pipeline/node.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { NodeFigures, ViewUpdate } from "../protocol/session.ts";

/** Counts what comes out of a stream without keeping it. */
export class Counter implements Tap {
  readonly node: Node;
  count = 0;
  constructor(node: Node) {
    this.node = node;
  }
  apply(flow: Flow): void {
    this.count += flow.count;
  }
  reset(): void {
    this.count = 0;
  }
  snapshot(): number {
    return this.count;
  }
  restore(count: number): void {
    this.count = count;
  }
}

/** Dropped rows by the identity of the windowed aggregate that dropped them. */
export type Dropped = ReadonlyMap<string, Counter>;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** What the head of a table says: over everything that its stream is made from. */
export function tableFigures(
  run: Run | null,
  node: Node,
  dropped: Dropped,
): Extract<ViewUpdate, { kind: "table" }>["figures"] {
  const figures = { late: 0, dropped: 0, errors: 0 };
  for (const below of topological([node])) {
    figures.dropped += dropped.get(identity(below))?.count ?? 0;
    const feed = below.verb === "source" ? run?.feed(identity(below)) : undefined;
    figures.errors += feed?.log.errors.length ?? 0;
    figures.late += feed?.late ?? 0;
  }
  const running = run?.graph.find(identity(node));
  return {
    ...figures,
    rows: running?.rows ?? 0,
    watermark: finite(running?.watermark ?? NaN),
    complete: run !== null && run.progress.finished && run.behind === null,
  };
}

/**
 * What the transport bar says of the sources that cells name, each log counted once: rows late, and the least watermark.
 * A source whose watermark is left to the host, which has not set it, has none and does not hold back the others'.
 */
export function sourceFigures(run: Run, sources: readonly SourceNode[]): { late: number; watermark: number } {
  const seen = new Set<SourceLog>();
  let late = 0;
  let watermark = Infinity;
  for (const source of sources) {
    const feed = run.feed(identity(source));
    if (feed === undefined) continue;
    const unset = source.watermark.basis.kind === "manual" && feed.watermark === -Infinity;
    if (!unset) watermark = Math.min(watermark, feed.watermark);
    if (!seen.has(feed.log)) late += feed.late;
    seen.add(feed.log);
  }
  return { late, watermark };
}

/** Processing time of a run; null before its first row. */
export function clockOf(run: Run | null): number | null {
  const clock = run?.progress.clock ?? -Infinity;
  return clock === -Infinity ? null : clock;
}

/** Rows dropped by some nodes and all below them. */
export function droppedBelow(nodes: readonly Node[], dropped: Dropped): number {
  const ids = new Set(topological(nodes).map(identity));
  let sum = 0;
  for (const [id, counter] of dropped) if (ids.has(id)) sum += counter.count;
  return sum;
}

/**
 * Figures of all nodes for the dataflow graph. `names` holds the variables of nodes by identity; they are shown of the nodes in
 * `present`, which belong to the replay that is not pinned.
 */
export function graphFigures(
  run: Run,
  {
    names,
    present,
    dropped,
  }: {
    readonly names: Readonly<Record<string, readonly string[]>>;
    readonly present: ReadonlySet<string>;
    readonly dropped: Dropped;
  },
): NodeFigures[] {
  // The ports that only the counters of dropped rows read are no part of anybody's pipeline.
  return run.graph.nodes
    .filter(n => !(n.node.verb === "port" && n.node.port === "late" && !(n.id in names)))
    .map(n => nodeFigures(run, n, present.has(n.id) ? (names[n.id] ?? []) : [], dropped));
}

/** Figures of one node for the dataflow graph. */
function nodeFigures(run: Run, node: GraphNode, names: readonly string[], dropped: Dropped): NodeFigures {
  const size = node.operator?.size?.();
  const feed = run.feed(node.id);
  return {
    id: node.id,
    verb: node.node.verb,
    label: [...node.absorbs, node.node].map(n => verbOf(n).describe(n)).join(", "),
    names,
    // What a node reads: where it does the work of its input too, that is what the input would read.
    inputs: node.inputs.map(i => i.from.id),
    rows: node.rows,
    rate: feed === undefined ? 0 : recentRate(feed, run.progress.clock),
    late: feed?.late ?? 0,
    dropped: dropped.get(node.id)?.count ?? 0,
    errors: feed?.log.errors.length ?? 0,
    watermark: finite(node.watermark),
    keys: size?.keys ?? 0,
    windows: size?.windows ?? 0,
    entries: size?.entries ?? 0,
    partitions: (feed?.partitions() ?? []).map(p => ({
      name: p.name,
      watermark: finite(p.watermark),
      idle: p.idle,
      rows: p.rows,
      lastSeen: finite(p.lastSeen),
    })),
  };
}

const MINUTE = 60_000;

/** Rows per second of processing time over the last minute of it. */
function recentRate({ log, offset }: SourceFeed, clock: number): number {
  const { arrival, first = 0 } = log;
  let from = offset;
  while (from > 0 && arrival[from - 1] > clock - MINUTE) from--;
  // Of a log that is read in parts the rows of the whole minute may not be here any more.
  const seen = from === 0 && first > 0 && offset > 0 ? Math.max(1, clock - arrival[0]) : MINUTE;
  return (offset - from) / (seen / 1_000);
}
