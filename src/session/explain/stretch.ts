/** The story of a cell of `knowledgeTriangle`: how much of a stretch of event time was known at an age, and what came later. */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import type { Node } from "../../pipeline/node.ts";
import { numberOf, rowsInto, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow } from "./history.ts";
import { type NamedRow, Origins, subjectOf } from "./lines.ts";
import { percent, Shares } from "./shares.ts";
import { Watch } from "./sight.ts";
import { counted, Words } from "./words.ts";
import { linesOf, zoneOf } from "./window.ts";

/** Rows that are told of one by one. */
const TOLD = 3;

/** Tells of the rows of `event_time` up to `event_time_until` at the `age` that the stretch's end has, ms. Null where it has no rows. */
export function* stretchStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const [start, end, age] = ["event_time", "event_time_until", "age"].map(name => numberOf(values, name));
  if ([start, end, age].some(Number.isNaN)) return null;
  const rows = rowsInto(stream);
  const origins = new Origins(rows, run);
  const limit = end + age;
  let all = 0;
  let early = 0;
  const later: NamedRow[] = [];
  const by = new Shares();
  yield* run.looking([
    ...origins.taps,
    new Watch(rows, row => {
      if (!(row.time >= start && row.time < end) || row.weight < 0) return;
      all++;
      if (row.clock < end) early++;
      if (row.clock <= limit) return;
      const origin = origins.of(row.position);
      by.add(origin.partition);
      later.push({ time: row.time, arrived: row.clock, ...origin });
    }),
  ]);
  if (all === 0) return null;
  const words = new Words(zoneOf(windowedBelow(stream)));
  const known = all - later.length;
  const { clock, finished } = run.progress;
  const sentences = [`${counted(all, "row")} of ${words.span(start, end)} ${all === 1 ? "has" : "have"} come so far.`];
  const when = age === 0 ? "At its end" : `${formatDuration(age)} after its end`;
  if (limit > clock && !finished)
    sentences.push(
      `${when} is still to come: at ${words.at(limit)}, in ${formatDuration(limit - clock)}. What is known by then nobody knows yet, so it is hatched and no number.`,
    );
  else {
    sentences.push(
      `${when}, at ${words.at(limit)}, ${known === all ? "all of them" : `${known.toLocaleString("en")} of them (${percent(known / all)})`} were known${age === 0 ? "" : `; at its end it had been ${percent(early / all)}`}.`,
    );
    if (later.length > 0) {
      const shares = by.text();
      later.sort((a, b) => b.arrived - a.arrived);
      sentences.push(
        `${counted(later.length, "row")} came after that${shares === "" ? "" : `: from ${shares}`}. The last of them:`,
        ...later
          .slice(0, TOLD)
          .map(
            row =>
              `${subjectOf(row)}, of ${words.at(row.time)}, arrived at ${words.at(row.arrived)}, ${formatDuration(row.arrived - end)} after the end.`,
          ),
      );
    }
  }
  return {
    sentences,
    facts: { ...values, rows: all, known, known_at_end: early, later: later.length },
    lines: linesOf(later),
    timeZone: words.timeZone,
  };
}
