/** The story of a bar of `lateness`: whose rows were as late as that, and the worst of them. */
import type { Slices } from "../../engine/slices.ts";
import { eagerFates } from "../../charts/twins.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import { inputsOf, type Node } from "../../pipeline/node.ts";
import { Stream } from "../../pipeline/stream.ts";
import { after } from "./dropped.ts";
import { numberOf, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow } from "./history.ts";
import { type NamedRow, Origins, subjectOf } from "./lines.ts";
import { percent, Shares } from "./shares.ts";
import { Watch } from "./sight.ts";
import { counted, Words } from "./words.ts";
import { linesOf, zoneOf } from "./window.ts";

/** Rows that are told of one by one. */
const TOLD = 5;

/**
 * Tells of the rows whose `measure` is at least `low` and less than `high` ms, of those that arrived from `arrived_at` to
 * `arrived_at_until` where these are given. The measure is `delay` (arrival less event time) or
 * `disorder`: how far they were behind the watermark that a delay of 0 would have had. Null where there are none.
 */
export function* latenessStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const low = numberOf(values, "low");
  const high = typeof values["high"] === "number" ? values["high"] : Infinity;
  const [from, until] = ["arrived_at", "arrived_at_until"].map(name => numberOf(values, name));
  const disorder = values["measure"] === "disorder";
  // The chart's own twin runs already: the same rows behind a watermark without delay.
  const rows = inputsOf(inputsOf(eagerFates(new Stream(stream)).node)[0])[0];
  const origins = new Origins(rows, run);
  const found: (NamedRow & { readonly late: number })[] = [];
  const by = new Shares();
  let all = 0;
  yield* run.looking([
    ...origins.taps,
    new Watch(rows, row => {
      if (row.weight < 0 || row.clock < from || row.clock >= until) return;
      all++;
      const late = disorder ? Math.max(0, row.watermark - row.time) : row.clock - row.time;
      if (!(late >= low && late < high)) return;
      const origin = origins.of(row.position);
      by.add(origin.partition);
      found.push({ time: row.time, arrived: row.clock, late, ...origin });
    }),
  ]);
  if (found.length === 0) return null;
  found.sort((a, b) => b.late - a.late || a.arrived - b.arrived);
  const words = new Words(zoneOf(windowedBelow(stream)));
  const one = found.length === 1;
  const what = disorder
    ? `${one ? "was" : "were"} out of order by ${formatDuration(found[found.length - 1].late)}${one ? "" : ` to ${formatDuration(found[0].late)}`}`
    : `arrived ${one ? after(found[0].late) : `${formatDuration(found[found.length - 1].late)} to ${formatDuration(found[0].late)} after ${found.length === 1 ? "it" : "they"} happened`}`;
  const shares = by.text();
  const told = found.slice(0, TOLD).map(row => {
    const behind = disorder
      ? `, ${formatDuration(row.late)} behind rows that had overtaken it`
      : `, ${after(row.arrived - row.time)}`;
    return `${subjectOf(row)}: of ${words.at(row.time)}, arrived at ${words.at(row.arrived)}${behind}.`;
  });
  return {
    sentences: [
      `${counted(found.length, "row")} of ${all.toLocaleString("en")} (${percent(found.length / all)}) ${what}.`,
      ...(shares === "" ? [] : [`They came from ${shares}.`]),
      ...(found.length > 1 ? ["The latest of them:"] : []),
      ...told,
    ],
    facts: { ...values, rows: found.length, of: all, partitions: Object.fromEntries(by.sorted()) },
    lines: linesOf(found),
    timeZone: words.timeZone,
  };
}
