/** Tables that several charts read; equal pipelines are one in the engine, so each is computed once for all of them. */
import { Stream } from "../pipeline/stream.ts";
import { stepFor, timeBin } from "./bins.ts";
import type { ChartArguments } from "./chart.ts";
import { sourcesBelow, type WindowedNode, windowFacts } from "./twins.ts";

/** Steps of the watermark's course at most: about one for each pixel of a wide chart. */
const COURSE = 640;

/** Step of the watermark's binned course, ms. */
export function courseStep({ span, streams }: ChartArguments<unknown>): number {
  return stepFor(span, COURSE, windowFacts(streams.stream).windowSize);
}

/** The course of the first source's watermark, move by move (`progress`) and in bins (`course`). Nothing without a source. */
export function courseTables(args: ChartArguments<unknown>): Record<string, Stream> {
  const source = sourcesBelow(args.streams.stream.node)[0];
  if (source === undefined) return {};
  const progress = new Stream(source).progress();
  const course = progress.groupby({ at: timeBin("processing_time", courseStep(args)) }, "partition").rollup({
    watermark: "d => op.max(d.watermark)",
    idle: "d => op.every(d.idle)",
    last: "d => op.max(d.processing_time)",
  });
  return { progress, course };
}

/** When each window was first opened, fired and last closed, over its keys: at most six rows to a window. */
export function windowLives(node: WindowedNode): Stream {
  return new Stream(node)
    .life()
    .groupby("window_start", "window_end", "what")
    .rollup({ first: "d => op.min(d.processing_time)", last: "d => op.max(d.processing_time)", n: "d => op.count()" });
}
