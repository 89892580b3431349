/** Tables that several charts read; equal pipelines are one in the engine, so each is computed once for all of them. */
import { additiveOutputs } from "../pipeline/additive.ts";
import { isExpectable } from "../pipeline/nowcasts.ts";
import type { NowcastNode } from "../pipeline/verbs/nowcast.ts";
import { Stream } from "../pipeline/stream.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { stepFor, timeBin } from "./bins.ts";
import type { ChartArguments } from "./chart.ts";
import { fatesOf, sourcesBelow, type WindowedNode, windowFacts } from "./twins.ts";

/** Steps of the watermark's course at most: about one for each pixel of a wide chart. */
const COURSE = 640;

/** Step of the watermark's binned course, ms. */
export function courseStep({ span, streams }: ChartArguments<unknown>): number {
  return stepFor(span, COURSE, windowFacts(streams.stream).windowSize);
}

/**
 * The course of the watermark, move by move (`progress`) and in bins (`course`): that of the source and of its partitions. With
 * several sources it is the one that the rows met, and each source has a line of its own. Nothing without a source.
 */
export function courseTables(args: ChartArguments<unknown>): Record<string, Stream> {
  const { stream } = args.streams;
  const sources = sourcesBelow(stream.node);
  if (sources.length === 0) return {};
  const progress = sources.length === 1 ? new Stream(sources[0]).progress() : combined(stream, sources);
  const course = progress.groupby({ at: timeBin("processing_time", courseStep(args)) }, "partition").rollup({
    watermark: "d => op.max(d.watermark)",
    idle: "d => op.every(d.idle)",
    last: "d => op.max(d.processing_time)",
  });
  return { progress, course };
}

/** Courses of several sources under their names; that of them all, which only the rows have met, under no name. */
function combined(stream: Stream, sources: readonly SourceNode[]): Stream {
  const columns = ["processing_time", "partition", "watermark", "idle"];
  const each = sources.map((source, i) => {
    const name = source.input.kind === "rows" ? `source ${i + 1}` : source.input.name;
    return new Stream(source)
      .progress()
      .filter("d => d.partition == null")
      .derive({ partition: `d => ${JSON.stringify(name)}` })
      .select(columns);
  });
  const met = fatesOf(stream)
    .filter("d => op.is_finite(d.watermark)")
    .derive({ processing_time: "d => d.arrived_at", partition: 'd => ""', idle: "d => false" })
    .select(columns);
  return met.union(...each);
}

/** Open windows that a chart may have to say something of; where there are more, it draws them over all keys. */
const MOST_EXPECTED = 300;

/**
 * What open windows are expected to come to: of each key, or of all keys together. Nothing where windows have no one length, or
 * nothing is added up in them.
 */
export function expectedTables(
  node: WindowedNode,
  { keyed, value, name = "expected" }: { keyed: boolean; value?: string; name?: string },
): Record<string, Stream> {
  const output = value ?? additiveOutputs(node)[0]?.name;
  if (!isExpectable(node, output)) return {};
  const stream = new Stream(node).nowcast({ value: output, most: MOST_EXPECTED });
  // Over all keys the same rows are read, those that the windows of all keys took in; no other windows need to be kept for it.
  return { [name]: keyed ? stream : new Stream({ ...(stream.node as NowcastNode), keys: [] }) };
}

/** When each window was first opened, fired and last closed, over its keys: at most six rows to a window. */
export function windowLives(node: WindowedNode): Stream {
  return new Stream(node)
    .life()
    .groupby("window_start", "window_end", "what")
    .rollup({ first: "d => op.min(d.processing_time)", last: "d => op.max(d.processing_time)", n: "d => op.count()" });
}
