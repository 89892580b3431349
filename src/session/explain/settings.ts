/** The story of a pair of settings: what a delay and an allowed lateness would have corrected and dropped, row by row. */
import type { Slices } from "../../engine/slices.ts";
import { eagerFates } from "../../charts/twins.ts";
import type { Run } from "../../engine/run.ts";
import { assigned, assigner } from "../../engine/windowing/assign.ts";
import { windowRules } from "../../engine/windowing/rules.ts";
import { formatDuration } from "../../model/time.ts";
import { merges } from "../../model/windows.ts";
import { inputsOf, type Node } from "../../pipeline/node.ts";
import { Stream } from "../../pipeline/stream.ts";
import { numberOf, sourcesOf, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow } from "./history.ts";
import { type NamedRow, Origins, subjectOf } from "./lines.ts";
import { percent, Shares } from "./shares.ts";
import { Watch } from "./sight.ts";
import { counted, setting, Words } from "./words.ts";
import { linesOf, zoneOf } from "./window.ts";

const TOLD = 3;

/** Tells what a watermark delay of `delay` and an allowed lateness of `lateness`, ms, do. Null where windows merge or there are none. */
export function* settingStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const node = windowedBelow(stream);
  const delay = numberOf(values, "delay");
  // What is unbounded does not survive the way as a number.
  const lateness = values["lateness"] === null ? Infinity : numberOf(values, "lateness");
  if (node?.strategy == null || merges(node.strategy.window) || Number.isNaN(delay) || Number.isNaN(lateness))
    return null;
  const source = sourcesOf(stream)[0];
  const now = {
    delay: source?.watermark.basis.kind === "bounded" ? source.watermark.basis.delay : NaN,
    lateness: windowRules(node.strategy, run.profile).lateness,
  };
  // The watermark of a delay is that of no delay, so much earlier; the chart's own twin runs already.
  const rows = inputsOf(inputsOf(eagerFates(new Stream(stream)).node)[0])[0];
  const origins = new Origins(rows, run);
  const assign = assigner(node.strategy.window);
  const out = assigned();
  const lost: (NamedRow & { readonly over: number })[] = [];
  const by = new Shares();
  let [all, corrected, newly, saved] = [0, 0, 0, 0];
  yield* run.looking([
    ...origins.taps,
    new Watch(rows, row => {
      if (row.weight < 0) return;
      assign(row.time, out);
      for (let i = 0; i < out.count; i++) {
        all++;
        const margin = row.watermark - out.end[i];
        const isLost = margin >= delay + lateness;
        const wasLost = margin >= now.delay + now.lateness;
        if (wasLost && !isLost) saved++;
        if (isLost && !wasLost) newly++;
        if (isLost) {
          const origin = origins.of(row.position);
          by.add(origin.partition);
          lost.push({ time: row.time, arrived: row.clock, over: margin - delay - lateness, ...origin });
        } else if (margin >= delay) corrected++;
      }
    }),
  ]);
  if (all === 0) return null;
  const words = new Words(zoneOf(node));
  const same = delay === now.delay && lateness === now.lateness;
  const pair = (d: number, l: number): string =>
    `a watermark delay of ${setting(d)} and ${l === 0 ? "no allowed lateness" : `an allowed lateness of ${l === Infinity ? "any length" : setting(l)}`}`;
  const [first, ...rest] = pair(delay, lateness);
  const sentences = [
    same ? `These are the present settings: ${pair(delay, lateness)}.` : `${first.toUpperCase()}${rest.join("")}:`,
    `Of ${counted(all, "row")} ${corrected === 0 ? "none corrects" : `${corrected.toLocaleString("en")} (${percent(corrected / all)}) ${corrected === 1 ? "corrects" : "correct"}`} a result that was out already, and ${lost.length === 0 ? "none is" : `${lost.length.toLocaleString("en")} (${percent(lost.length / all)}) ${lost.length === 1 ? "is" : "are"}`} dropped.`,
  ];
  if (!same && Number.isFinite(now.delay))
    sentences.push(
      newly === 0 && saved === 0
        ? "The present settings drop the same rows."
        : `The present settings, ${pair(now.delay, now.lateness)}, drop ${(lost.length + saved - newly).toLocaleString("en")}: ${saved > 0 ? `${counted(saved, "row")} more` : `${counted(newly, "row")} fewer`}.`,
    );
  if (lost.length > 0) {
    lost.sort((a, b) => b.over - a.over);
    const shares = by.text();
    if (shares !== "") sentences.push(`They are of ${shares}.`);
    sentences.push(
      "The latest of them:",
      ...lost
        .slice(0, TOLD)
        .map(
          row =>
            `${subjectOf(row)}, of ${words.at(row.time)}, arrived at ${words.at(row.arrived)}, too late by ${formatDuration(row.over)}.`,
        ),
    );
  }
  return {
    sentences,
    facts: { delay, lateness, rows: all, corrected, dropped: lost.length, saved, newly },
    lines: linesOf(lost),
    timeZone: words.timeZone,
  };
}
