/** The story of a window of a key: what it waits for, when it fired, what corrected it, what came too late for it. */
import type { Slices } from "../../engine/slices.ts";
import type { Value } from "../../columns/column.ts";
import type { Run } from "../../engine/run.ts";
import { type WindowRules, windowRules } from "../../engine/windowing/rules.ts";
import { formatDuration } from "../../model/time.ts";
import type { Trigger } from "../../model/triggers.ts";
import type { Nowcast } from "../../model/nowcast.ts";
import { merges } from "../../model/windows.ts";
import { additiveOutputs } from "../../pipeline/additive.ts";
import { identity } from "../../pipeline/identity.ts";
import { type AggregateNode, hasWindowColumns } from "../../pipeline/verbs/aggregate.ts";
import type { Explanation } from "./explanation.ts";
import { type Contribution, type PaneSeen, type WindowHistory, windowHistory } from "./history.ts";
import { holders } from "./holders.ts";
import { Completeness } from "./nowcast.ts";
import { sessionStory } from "./sessions.ts";
import { counted, keysText, linesText, list, type SourceLine, times, Words } from "./words.ts";

/** The zone in which a windowing counts its days. */
export function zoneOf(node: AggregateNode | null): string {
  return node?.strategy?.window.kind === "calendar" ? node.strategy.window.timeZone : "UTC";
}

/** Tells the story of the window that a row of a windowed aggregate is about; null when its keys are not in the row. */
export function* windowStory(
  row: Readonly<Record<string, Value>>,
  node: AggregateNode,
  run: Run,
): Slices<Explanation | null> {
  const { strategy } = node;
  if (strategy === null) return null;
  const keyNames = node.keys.map(k => k.name);
  if (!keyNames.every(name => name in row)) return null;
  const windowed = hasWindowColumns(strategy);
  const start = windowed ? row["window_start"] : -Infinity;
  const end = windowed ? row["window_end"] : Infinity;
  if (typeof start !== "number" || typeof end !== "number") return null;
  const keys = keyNames.map(name => row[name]);
  const rules = windowRules(strategy, run.profile);
  const words = new Words(zoneOf(node));
  const complete = end + rules.shownEnd;
  const read = run.graph.find(identity(node))?.inputs.map(i => i.from.watermark) ?? [];
  const watermark = read.length === 0 ? -Infinity : Math.min(...read);
  const { clock } = run.progress;
  const completeness = watermark < complete ? new Completeness(node, clock - start, watermark - rules.lateness) : null;
  const history = yield* windowHistory(run, node, keys, start, end, (seen, own) => completeness?.see(seen, own));
  const { rows, dropped, scanned } = history;
  const sentences = [opening(words, start, end, keyNames, keys, rows)];
  const facts: Record<string, unknown> = {
    ...row,
    rows: rows.length,
    rows_dropped: dropped.length,
    scanned,
    input_watermark: watermark,
    needs_watermark: complete,
  };
  const own = history.panes.filter(p => p.start === start && p.end === end && p.weight > 0);
  const early = own.filter(p => p.timing === "early");
  const onTime = own.find(p => p.timing === "on-time");
  if (watermark < complete) {
    const short = complete - watermark;
    sentences.push(
      watermark === -Infinity
        ? `Not on time yet: it needs a watermark of ${words.at(complete)} or later; there is no watermark yet.`
        : `Not on time yet: it needs a watermark of ${words.at(complete)} or later; the watermark is at ${words.at(watermark)}, ${formatDuration(short)} short.`,
    );
    const holding = yield* holders(node.input, complete, run, words);
    sentences.push(...holding.sentences);
    Object.assign(facts, holding.facts, { short_by: short });
  }
  if (early.length > 0)
    sentences.push(`It has fired early ${times(early.length)}, last at ${words.at(early[early.length - 1].clock)}.`);
  const last = own[own.length - 1];
  const since = last === undefined ? 0 : rows.filter(r => r.position > last.position).length;
  if (since > 0 && watermark < complete)
    sentences.push(
      `${counted(since, "row")} ${since === 1 ? "has" : "have"} come since, and ${since === 1 ? "is" : "are"} not in what is shown.`,
    );
  const expected = expectation(completeness?.nowcast(rows.length) ?? null, row, node, rows, last, clock - start);
  if (expected !== null) {
    sentences.push(expected.sentence);
    facts["nowcast"] = expected.facts;
  }
  const waits = otherTrigger(rules.trigger);
  if (waits !== null) sentences.push(waits);
  if (watermark >= complete) sentences.push(...afterEnd(words, history, own, onTime, complete, rules));
  if (merges(strategy.window)) sentences.push(...sessionStory(words, history, rules));
  if (dropped.length > 0) {
    const which = linesText(dropped.map(d => d.line));
    sentences.push(
      `${counted(dropped.length, "row")} came too late for it and ${dropped.length === 1 ? "was" : "were"} dropped${which === "" ? "" : `: ${which}`}.`,
    );
  }
  if (watermark >= complete || rules.lateness > 0) sentences.push(closing(words, complete, watermark, rules));
  return { sentences, facts, lines: linesOf([...rows, ...dropped]), timeZone: words.timeZone };
}

/** Says what a window is expected to come to, from how complete others were at its age. */
function expectation(
  nowcast: Nowcast | null,
  row: Readonly<Record<string, Value>>,
  node: AggregateNode,
  rows: readonly Contribution[],
  shown: PaneSeen | undefined,
  age: number,
): { sentence: string; facts: Readonly<Record<string, unknown>> } | null {
  if (nowcast === null || nowcast.share >= 1 || rows.length === 0) return null;
  const { share, expected: final, low, high, windows } = nowcast;
  // What is shown counts the rows up to its pane; the others are taken to be like them.
  const within = shown === undefined ? 0 : rows.filter(r => r.position <= shown.position).length;
  const values: Record<string, number> = {};
  if (within > 0 && node.strategy?.accumulation !== "discarding")
    for (const { name } of additiveOutputs(node)) {
      const value = row[name];
      if (typeof value === "number") values[name] = (value / within) * final;
    }
  const told = Object.entries(values).map(([name, value]) => `${name} ${rounded(value)}`);
  const band =
    Math.round(low) === Math.round(high)
      ? ""
      : ` (${Math.round(low).toLocaleString("en")} to ${Math.round(high).toLocaleString("en")} in four of five cases)`;
  return {
    sentence: `At this age (${formatDuration(age)}) windows had ${Math.round(100 * share)} % of their rows (${counted(windows, "closed window")}): about ${counted(Math.round(final), "row")} are to be expected${band}${told.length > 0 ? `, and so ${list(told)}` : ""}.`,
    facts: { ...nowcast, age, rows: final, values },
  };
}

/** Three figures: a guess has no more. */
function rounded(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}

function opening(
  words: Words,
  start: number,
  end: number,
  names: readonly string[],
  keys: readonly Value[],
  rows: readonly Contribution[],
): string {
  const subject = `The window ${words.span(start, end)}${names.length > 0 ? ` of ${keysText(names, keys)}` : ""}`;
  if (rows.length === 0) return `${subject} holds no row.`;
  const which = linesText(rows.map(r => r.line));
  return `${subject} holds ${counted(rows.length, "row")}${which === "" ? "" : `: ${which}`}.`;
}

function afterEnd(
  words: Words,
  { rows }: WindowHistory,
  own: readonly PaneSeen[],
  onTime: PaneSeen | undefined,
  complete: number,
  rules: WindowRules,
): string[] {
  const out: string[] = [];
  const late = own.filter(p => p.timing === "late");
  const behind = rows.filter(r => r.watermark >= complete);
  if (onTime !== undefined)
    out.push(`It fired on time at ${words.at(onTime.clock)}, when the watermark passed its end.`);
  else if (own.length === 0) out.push("The watermark has passed its end, and its trigger has let nothing out.");
  else if (late.length === 0 && behind.length === 0)
    out.push(
      "Nothing new was there when the watermark passed its end, so no other pane came out: the last early one is final so far.",
    );
  else if (late.length > 0 && rows.length === behind.length)
    out.push("All of its rows came after the watermark had passed its end.");
  if (late.length > 0) {
    const which = linesText(behind.map(r => r.line));
    out.push(
      `Since then it was ${onTime === undefined ? "put out" : "corrected"} ${times(late.length)}, last at ${words.at(late[late.length - 1].clock)}, by ${counted(behind.length, "late row")}${which === "" ? "" : ` (${which})`}.`,
    );
  } else if (behind.length > 0 && rules.lateness > 0)
    out.push(
      `${counted(behind.length, "late row")} came since, and its trigger has not fired for ${behind.length === 1 ? "it" : "them"}.`,
    );
  return out;
}

function closing(words: Words, complete: number, watermark: number, rules: WindowRules): string {
  if (rules.lateness === Infinity) return "It takes late rows for ever.";
  const limit = complete + rules.lateness;
  if (watermark >= limit)
    return watermark === Infinity
      ? "It is closed: its input is complete."
      : `It is closed since the watermark reached ${words.at(limit)}; what still comes for it is dropped.`;
  return `It takes late rows until the watermark reaches ${words.at(limit)}.`;
}

/** Says what a trigger waits for that does not wait for the watermark. */
function otherTrigger(trigger: Trigger): string | null {
  switch (trigger.kind) {
    case "default":
    case "afterWatermark":
      return null;
    case "never":
      return "Its trigger never fires by itself.";
    default:
      return `Its trigger is ${triggerText(trigger)}: it does not wait for the watermark alone.`;
  }
}

function triggerText(trigger: Trigger): string {
  switch (trigger.kind) {
    case "repeatedly":
      return `repeatedly ${triggerText(trigger.trigger)}`;
    case "afterCount":
      return `after ${counted(trigger.count, "row")}`;
    case "afterProcessingTime":
      return trigger.aligned
        ? `every ${formatDuration(trigger.delay)} of processing time`
        : `${formatDuration(trigger.delay)} of processing time after a row`;
    case "afterEach":
      return list(trigger.triggers.map(triggerText)).replace(" and ", " and then ");
    case "afterAny":
      return `any of ${list(trigger.triggers.map(triggerText))}`;
    case "afterAll":
      return `all of ${list(trigger.triggers.map(triggerText))}`;
    case "orFinally":
      return `${triggerText(trigger.trigger)}, until ${triggerText(trigger.until)}`;
    case "afterWatermark":
      return "the watermark";
    case "default":
      return "the default one";
    case "never":
      return "never";
  }
}

const LINKS = 1_000;

/** The lines of rows, for links: a thousand at most. */
export function linesOf(rows: readonly { readonly line: SourceLine | null }[]): SourceLine[] {
  return rows.flatMap(r => r.line ?? []).slice(0, LINKS);
}
