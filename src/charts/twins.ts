/**
 * Twins: the pipeline at hand with another watermark or another strategy, so that a chart can measure what would have
 * been. A twin is a pipeline like any other; the engine runs it beside the first, over the same log.
 *
 * The watermark of a bounded source with delay `d` is that of its twin with delay 0, less `d`, at every moment. So one run of
 * the twin answers for every delay: out-of-orderness is how far a row is behind the twin's watermark.
 */
import type { WindowingStrategy } from "../model/strategy.ts";
import { bounded, type WatermarkStrategy } from "../model/watermarks.ts";
import { global, type WindowFunction, windowSize } from "../model/windows.ts";
import { inputsOf, type Node, topological, verbOf } from "../pipeline/node.ts";
import { Stream } from "../pipeline/stream.ts";
import type { AggregateNode } from "../pipeline/verbs/aggregate.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";

/** An aggregate that has windows. */
export type WindowedNode = AggregateNode & { readonly strategy: WindowingStrategy };

/** Finds the windowed aggregate that a stream shows: itself, or the nearest one below it. Undefined when there is none. */
export function windowedBelow(node: Node): WindowedNode | undefined {
  if (node.verb === "aggregate" && node.strategy !== null) return node as WindowedNode;
  for (const input of inputsOf(node)) {
    const found = windowedBelow(input);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Finds the windowed aggregate that a stream shows. Throws, naming the chart and the way out, when there is none. */
export function windowed(stream: Stream, chart: string): WindowedNode {
  const node = windowedBelow(stream.node);
  if (node !== undefined) return node;
  throw new Error(
    `${chart} needs a stream with windows, such as payments.window(fixed("1 h")).rollup({n: op.count()}). This stream has none.`,
  );
}

/** The rows that a chart of rows looks at: those that go into the windowed aggregate, or the stream's own. */
export function rowsInto(stream: Stream): Stream {
  const node = windowedBelow(stream.node);
  return node === undefined ? new Stream(plainBelow(stream.node)) : new Stream(node.input);
}

/** Steps down from ports and from aggregates without windows, whose rows have no arrival of their own. */
function plainBelow(node: Node): Node {
  return node.verb === "port" || node.verb === "aggregate" ? plainBelow(node.input) : node;
}

/** What became of each row: of the windowed aggregate, or as one global window would see the rows. */
export function fatesOf(stream: Stream): Stream {
  const node = windowedBelow(stream.node);
  return node === undefined ? inOneWindow(rowsInto(stream)).fates() : new Stream(node).fates();
}

/** Puts all rows into one window, in which none is ever dropped. */
export function inOneWindow(rows: Stream): Stream {
  return rows.ungroup().window(global()).rollup({ n: "d => op.count()" });
}

/** Lists the sources below a stream, in the order in which they are read. */
export function sourcesBelow(node: Node): readonly SourceNode[] {
  return topological([node]).filter(n => n.verb === "source");
}

/** Rebuilds a pipeline with other watermarks at its sources. */
export function withWatermark<N extends Node>(node: N, change: (source: SourceNode) => WatermarkStrategy): N {
  const known = new Map<Node, Node>();
  const rebuild = (at: Node): Node => {
    let made = known.get(at);
    if (made === undefined) {
      made =
        at.verb === "source" ? { ...at, watermark: change(at) } : verbOf(at).withInputs(at, inputsOf(at).map(rebuild));
      known.set(at, made);
    }
    return made;
  };
  return rebuild(node) as N;
}

/** The watermark of a source as if its delay were 0: the same partitions, idleness and guard. */
export function eager({ watermark }: SourceNode): WatermarkStrategy {
  return { ...watermark, basis: bounded(0).basis, every: null, microBatch: null };
}

/**
 * What became of each row under a watermark without delay: `watermark − event_time` is then the row's out-of-orderness,
 * and `arrived_at − event_time` its delay.
 */
export function eagerFates(stream: Stream): Stream {
  return new Stream(withWatermark(inOneWindow(rowsInto(stream)).node, eager)).fates();
}

/** The windowed aggregate with other settings. */
export function withStrategy(node: WindowedNode, change: Partial<WindowingStrategy>): WindowedNode {
  return { ...node, strategy: { ...node.strategy, ...change } };
}

/** What `draw` has to know of a windowed aggregate. */
export interface WindowFacts {
  readonly windowKind: WindowFunction["kind"] | null;
  /** Ms; null where windows have no one length. */
  readonly windowSize: number | null;
  readonly allowedLateness: number;
  readonly accumulation: string;
  readonly keys: readonly string[];
  /** The result columns; the first is the one charts show. */
  readonly outputs: readonly string[];
  /** The delay of the source's watermark, ms; null where it is not a fixed one. */
  readonly delay: number | null;
  readonly zone: string | null;
}

/** Tells the facts of the windowed aggregate that a stream shows; those of one global window where there is none. */
export function windowFacts(stream: Stream): WindowFacts {
  const node = windowedBelow(stream.node);
  const basis = sourcesBelow(stream.node)[0]?.watermark.basis;
  const window = node?.strategy.window;
  return {
    windowKind: window?.kind ?? null,
    windowSize: window === undefined ? null : windowSize(window),
    allowedLateness: node?.strategy.allowedLateness ?? 0,
    accumulation: node?.strategy.accumulation ?? "accumulating",
    keys: node?.keys.map(k => k.name) ?? [],
    outputs: node?.outputs.map(o => o.name) ?? [],
    delay: basis?.kind === "bounded" ? basis.delay : null,
    zone: window?.kind === "calendar" ? window.timeZone : null,
  };
}
