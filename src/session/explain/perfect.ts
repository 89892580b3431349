/** The story of a moment of `watermarkQuality`: which row the perfect watermark waited for, and what the actual one did to it. */
import type { Run } from "../../engine/run.ts";
import { upperBound } from "../../engine/bounds.ts";
import { formatDuration } from "../../model/time.ts";
import { identity } from "../../pipeline/identity.ts";
import type { Node } from "../../pipeline/node.ts";
import { numberOf, sourcesOf, type Values } from "./asked.ts";
import { after } from "./dropped.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow } from "./history.ts";
import { fileOf } from "./sight.ts";
import { counted, Words } from "./words.ts";
import { zoneOf } from "./window.ts";

/** Tells of processing time `at`, where the `actual` watermark was known to be, ms. Null where no row was still to come then. */
export function perfectStory(stream: Node, values: Values, run: Run): Explanation | null {
  const [at, actual] = ["at", "actual"].map(name => numberOf(values, name));
  let least: {
    readonly source: ReturnType<typeof sourcesOf>[number];
    readonly row: number;
    readonly time: number;
  } | null = null;
  let overtaken = 0;
  for (const source of sourcesOf(stream)) {
    const feed = run.feed(identity(source));
    if (feed === undefined) continue;
    const { time, arrival } = feed.log;
    // Hindsight knows what has arrived by now, and no more.
    for (let row = upperBound(arrival, at, 0, feed.offset); row < feed.offset; row++) {
      if (time[row] < actual) overtaken++;
      if (least === null || time[row] < least.time) least = { source, row, time: time[row] };
    }
  }
  if (least === null) return null;
  const words = new Words(zoneOf(windowedBelow(stream)));
  const { log } = run.feed(identity(least.source))!;
  const line = log.line?.[least.row];
  const arrived = log.arrival[least.row];
  const gap = actual - least.time;
  const sentences = [
    `At ${words.at(at)} the watermark was at ${words.at(actual)}.`,
    `The perfect one was at ${words.at(least.time)}: ${line === undefined ? "a row" : `line ${line.toLocaleString("en")}`} of that time was still to come, and arrived at ${words.at(arrived)}, ${after(arrived - least.time)}.`,
    gap > 0
      ? `So the watermark was too fast by ${formatDuration(gap)}: ${counted(overtaken, "row")} that came afterwards ${overtaken === 1 ? "was" : "were"} late.`
      : gap < 0
        ? `So the watermark was too slow by ${formatDuration(-gap)}: results waited that long for nothing.`
        : "So the watermark was right to the millisecond.",
  ];
  return {
    sentences,
    facts: { at, actual, perfect: least.time, overtaken },
    lines: line === undefined ? [] : [{ file: fileOf(least.source), line }],
    timeZone: words.timeZone,
  };
}
