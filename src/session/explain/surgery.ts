/** The story of a row of `sessionSurgery`: which sessions of its key it met, what it made of them, and what was withdrawn for it. */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import { windowRules } from "../../engine/windowing/rules.ts";
import { formatDuration } from "../../model/time.ts";
import type { Node } from "../../pipeline/node.ts";
import { numberOf, type Values } from "./asked.ts";
import { after } from "./dropped.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow, windowHistory } from "./history.ts";
import { mergeText, operationsOf } from "./sessions.ts";
import { counted, keysText, linesText, type SourceLine, Words } from "./words.ts";

/** Tells of the row with the keys, `event_time` and `arrived_at` of `values`. Null where the windows are no sessions or it is not there. */
export function* surgeryStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const node = windowedBelow(stream);
  if (node?.strategy == null || node.strategy.window.kind !== "sessions") return null;
  const { gap } = node.strategy.window;
  const [time, arrived] = ["event_time", "arrived_at"].map(name => numberOf(values, name));
  const names = node.keys.map(k => k.name);
  const keys = names.map(name => values[name] ?? null);
  const rules = windowRules(node.strategy, run.profile);
  // All of time is asked for: every session of the key, and every pane.
  const history = yield* windowHistory(run, node, keys, -Infinity, Infinity);
  const words = new Words("UTC");
  const of = names.length === 0 ? "" : ` of ${keysText(names, keys)}`;
  const dropped = history.dropped.find(row => row.time === time && row.arrived === arrived);
  if (dropped !== undefined)
    return {
      sentences: [
        `${row(dropped.line)}${of} (${words.at(time)}, arrived at ${words.at(arrived)}) changed no session: it came too late, when the watermark was at ${words.at(dropped.watermark)}, and was dropped.`,
      ],
      facts: { ...values, dropped: true },
      lines: dropped.line === null ? [] : [dropped.line],
      timeZone: words.timeZone,
    };
  const operations = operationsOf(history.rows, gap, rules.touching);
  const at = operations.findIndex(o => o.time === time && o.arrived === arrived);
  const own = operations[at];
  if (own === undefined) return null;
  const span = (s: { start: number; end: number }): string => words.span(s.start, s.end - rules.shownEnd);
  const subject = `${row(own.line)}${of} happened at ${words.at(time)} and arrived at ${words.at(arrived)}, ${after(arrived - time)}.`;
  const sentences = [subject];
  const [met] = own.merged;
  if (own.merged.length > 1) {
    sentences.push(mergeText(words, own, history, rules));
    sentences.push(`Since then they are one session: ${span(own.into)}.`);
  } else if (met === undefined)
    sentences.push(`No session was within ${formatDuration(gap)} of it, so it opened one: ${span(own.into)}.`);
  else if (met.start === own.into.start && met.end === own.into.end)
    sentences.push(`It fell into the session ${span(met)}, whose bounds it did not change.`);
  else sentences.push(`It extended the session ${span(met)} to ${span(own.into)}.`);
  const next = operations
    .slice(at + 1)
    .find(o => o.merged.length > 1 && o.merged.some(s => s.start <= time && s.end > time));
  if (next !== undefined)
    sentences.push(
      `${row(next.line)} (${words.at(next.time)}, arrived at ${words.at(next.arrived)}) merged that session with ${next.merged.length === 2 ? "another" : `${next.merged.length - 1} others`} afterwards.`,
    );
  const last = operations.findLast(o => o.into.start <= time && o.into.end > time) ?? own;
  const inside = history.rows.filter(r => r.time >= last.into.start && r.time < last.into.end);
  sentences.push(`Its session is now ${span(last.into)}, with ${counted(inside.length, "row")}.`);
  return {
    sentences,
    facts: { ...values, met: own.merged, into: own.into, merged: own.merged.length },
    lines: [own.line, ...inside.map(r => r.line)].filter(
      (l, i, all): l is SourceLine => l !== null && all.indexOf(l) === i,
    ),
    timeZone: words.timeZone,
  };
}

function row(line: SourceLine | null): string {
  const which = linesText([line]);
  return which === "" ? "The row" : which[0].toUpperCase() + which.slice(1);
}
