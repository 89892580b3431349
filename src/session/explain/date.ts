/** The story of a bar or a day of `wholeDay`: which of its rows have another date in the zone than in UTC. */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import { zone } from "../../model/zones.ts";
import type { Node } from "../../pipeline/node.ts";
import { numberOf, rowsInto, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { type NamedRow, Origins } from "./lines.ts";
import { Shares } from "./shares.ts";
import { Watch } from "./sight.ts";
import { counted, linesText, Words } from "./words.ts";
import { linesOf } from "./window.ts";

/** Tells of the rows of `event_time` up to `event_time_until`, a day of `of` where that is named, held against the days of `zone`. */
export function* dateStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const [start, end] = ["event_time", "event_time_until"].map(name => numberOf(values, name));
  if (typeof values["zone"] !== "string" || Number.isNaN(start) || Number.isNaN(end)) return null;
  const local = zone(values["zone"]);
  const dateIn = (time: number): string => new Date(time + local.offsetAt(time)).toISOString().slice(0, 10);
  const dateUtc = (time: number): string => new Date(time).toISOString().slice(0, 10);
  const rows = rowsInto(stream);
  const origins = new Origins(rows, run);
  const moved: NamedRow[] = [];
  const dates = new Shares();
  let all = 0;
  yield* run.looking([
    ...origins.taps,
    new Watch(rows, row => {
      if (!(row.time >= start && row.time < end) || row.weight < 0) return;
      all++;
      const [here, there] = [dateIn(row.time), dateUtc(row.time)];
      if (here === there) return;
      dates.add(`${here} in ${local.name} and ${there} in UTC`);
      moved.push({ time: row.time, arrived: row.clock, ...origins.of(row.position) });
    }),
  ]);
  if (all === 0) return null;
  const day = typeof values["of"] === "string" ? values["of"] : null;
  const words = new Words(day ?? local.name);
  const hours = Math.round((end - start) / 3_600_000);
  const sentences = [
    day === null
      ? `${counted(all, "row")} happened ${words.span(start, end)}.`
      : `The day of ${day} from ${words.span(start, end)} holds ${counted(all, "row")}${hours === 24 ? "" : `; it has ${hours} hours, because the clocks change`}.`,
  ];
  if (moved.length === 0) sentences.push(`All of them have the same date in ${local.name} and in UTC.`);
  else {
    sentences.push(
      `${moved.length === all ? (all === 1 ? "It has" : "All of them have") : `${moved.length.toLocaleString("en")} of them ${moved.length === 1 ? "has" : "have"}`} another date there than in UTC: ${dates.text()}.`,
    );
    const which = linesText(moved.map(row => row.line));
    if (which !== "") sentences.push(`They are ${which}.`);
    const [first, last] = [moved, moved].map((list, i) =>
      list.reduce((a, row) => (i === 0 ? Math.min(a, row.time) : Math.max(a, row.time)), list[0].time),
    );
    if (moved.length > 1 && last > first)
      sentences.push(`They happened within ${formatDuration(last - first)}, ${words.at(first)} to ${words.at(last)}.`);
  }
  return {
    sentences,
    facts: { ...values, rows: all, moved: moved.length },
    lines: linesOf(moved),
    timeZone: words.timeZone,
  };
}
