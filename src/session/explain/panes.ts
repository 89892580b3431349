/** The story of one pane: why it came out, with which rows, what it says in each accumulation mode, and what adding up makes of it. */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import { windowRules } from "../../engine/windowing/rules.ts";
import type { Node } from "../../pipeline/node.ts";
import { type AggregateNode, hasWindowColumns } from "../../pipeline/verbs/aggregate.ts";
import { numberOf, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { type PaneSeen, windowedBelow, windowHistory } from "./history.ts";
import { counted, keysText, linesText, list, valueText, Words } from "./words.ts";
import { linesOf, zoneOf } from "./window.ts";

/**
 * Tells of the pane that `values` name: `mode`, the keys and bounds of its window, `emitted_at`, `weight` and its `place` among the
 * panes of that window and mode. Null where the stream has no windows or no such pane.
 */
export function* paneStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const own = windowedBelow(stream);
  const { mode } = values;
  if (own?.strategy == null || (mode !== "discarding" && mode !== "accumulating" && mode !== "retracting")) return null;
  const node: AggregateNode = { ...own, strategy: { ...own.strategy, accumulation: mode } };
  const windowed = hasWindowColumns(own.strategy);
  const start = windowed ? numberOf(values, "window_start") : -Infinity;
  const end = windowed ? numberOf(values, "window_end") : Infinity;
  const keys = node.keys.map(k => values[k.name] ?? null);
  const history = yield* windowHistory(run, node, keys, start, end);
  const panes = history.panes.filter(p => p.start === start && p.end === end);
  const place = panes.findIndex(
    (p, i) =>
      p.clock === values["emitted_at"] &&
      p.weight === values["weight"] &&
      (typeof values["place"] !== "number" || values["place"] === i),
  );
  const pane = panes[place];
  if (pane === undefined) return null;
  const words = new Words(zoneOf(own));
  const said = panes.filter(p => p.weight > 0);
  const subject = `the window ${words.span(start, end)}${keys.length > 0 ? ` of ${keysText(namesOf(node), keys)}` : ""}`;
  const value = (p: PaneSeen): string =>
    list(node.outputs.map(({ name }) => `${name} ${valueText(p.values[name] ?? null)}`));
  const sentences: string[] = [];
  if (pane.weight < 0) {
    const taken = panes.slice(0, place).findLast(p => p.weight > 0 && value(p) === value(pane));
    sentences.push(
      `This takes back what ${subject} had said${taken === undefined ? "" : ` at ${words.at(taken.clock)}`}: ${value(pane)}.`,
      `It came out at ${words.at(pane.clock)}, together with the pane that takes its place, so that whoever adds panes up stays right.`,
    );
  } else {
    const before = panes.slice(0, place).findLast(p => p.weight > 0);
    const since = history.rows.filter(r => r.position <= pane.position && r.position > (before?.position ?? -Infinity));
    const which = linesText(since.map(r => r.line));
    sentences.push(
      `Pane ${said.indexOf(pane) + 1} of ${said.length} of ${subject}, ${mode}: ${pane.timing.replace("-", " ")}, at ${words.at(pane.clock)}, with ${value(pane)}.`,
      reason(pane, windowRules(node.strategy!, run.profile).shownEnd + end, words),
      since.length === 0
        ? "No row had come since the pane before."
        : `${counted(since.length, "row")} had come since ${before === undefined ? "the window opened" : "the pane before"}${which === "" ? "" : `: ${which}`}.`,
    );
    if (before !== undefined) sentences.push(`The pane before said ${value(before)}.`);
  }
  const sums = additions(node, panes.slice(0, place + 1), history.rows, pane);
  if (sums !== null) sentences.push(sums);
  const last = said[said.length - 1];
  if (last !== undefined && pane !== last && mode !== "discarding")
    sentences.push(`It is not the last word: at ${words.at(last.clock)} the window said ${value(last)}.`);
  return {
    sentences,
    facts: { ...values, timing: pane.timing, rows: history.rows.length, panes: said.length },
    lines: linesOf(history.rows.filter(r => r.position <= pane.position)),
    timeZone: words.timeZone,
  };
}

const namesOf = (node: AggregateNode): string[] => node.keys.map(k => k.name);

function reason(pane: PaneSeen, complete: number, words: Words): string {
  switch (pane.timing) {
    case "early":
      return `It is early: the watermark had not reached ${words.at(complete)} yet, and its trigger did not wait for it.`;
    case "late":
      return `It is late: the watermark had passed ${words.at(complete)} before the row that it corrects the window by.`;
    default:
      return `It is on time: the watermark had just passed ${words.at(complete)}.`;
  }
}

/** What who adds up all panes has by then, for the first output where it is a sum or a count. */
function additions(
  node: AggregateNode,
  until: readonly PaneSeen[],
  rows: readonly { readonly position: number }[],
  pane: PaneSeen,
): string | null {
  const [output] = node.outputs;
  const { expr } = output.expression;
  const call = expr.kind === "column" ? node.aggregates.find(a => a.name === expr.name) : undefined;
  if (call === undefined || (call.aggregate !== "sum" && call.aggregate !== "count")) return null;
  const value = (p: PaneSeen): number =>
    typeof p.values[output.name] === "number" ? (p.values[output.name] as number) : 0;
  const added = Number(until.reduce((n, p) => n + value(p) * p.weight, 0).toPrecision(12));
  const latest = until.findLast(p => p.weight > 0);
  if (latest === undefined) return null;
  const right =
    node.strategy?.accumulation === "discarding"
      ? Number(until.reduce((n, p) => n + value(p), 0).toPrecision(12))
      : value(latest);
  const here = rows.filter(r => r.position <= pane.position).length;
  if (pane.weight < 0)
    return `Who adds panes up has ${valueText(added)} between the two, until the new pane comes at the same moment.`;
  return Math.abs(added - right) < 1e-9 * Math.max(1, Math.abs(right))
    ? `Who adds panes up has ${valueText(added)} by then, which is right for the ${counted(here, "row")} that had come.`
    : `Who adds panes up has ${valueText(added)} by then, ${valueText(Number((added - right).toPrecision(12)))} more than the ${valueText(right)} of the ${counted(here, "row")} that had come.`;
}
