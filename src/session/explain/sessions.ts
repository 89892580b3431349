/**
 * Sessions under the knife: which row opened a session, which one joined sessions that were apart, and what of their panes was
 * taken back. The sessions of one key are put together again from its rows in order of arrival.
 */
import type { WindowRules } from "../../engine/windowing/rules.ts";
import type { WindowHistory } from "./history.ts";
import { counted, linesText, list, type SourceLine, type Words } from "./words.ts";

export interface Session {
  readonly start: number;
  readonly end: number;
}

/** What one row did to the sessions of its key. */
export interface Operation {
  readonly line: SourceLine | null;
  readonly time: number;
  readonly arrived: number;
  readonly position: number;
  /** The sessions that it met, by their starts: none, where it opened one. */
  readonly merged: readonly Session[];
  readonly into: Session;
}

/** Follows the sessions of one key from row to row. `gap` in ms; `touching` merges sessions that only touch. */
export function operationsOf(rows: WindowHistory["rows"], gap: number, touching: boolean): Operation[] {
  let sessions: Session[] = [];
  const operations: Operation[] = [];
  for (const row of rows) {
    if (row.weight < 0) continue;
    const own = { start: row.time, end: row.time + gap };
    const meets = (s: Session): boolean =>
      touching ? s.start <= own.end && own.start <= s.end : s.start < own.end && own.start < s.end;
    const merged = sessions.filter(meets);
    const into = {
      start: Math.min(own.start, ...merged.map(s => s.start)),
      end: Math.max(own.end, ...merged.map(s => s.end)),
    };
    sessions = [...sessions.filter(s => !meets(s)), into];
    merged.sort((a, b) => a.start - b.start);
    operations.push({ line: row.line, time: row.time, arrived: row.arrived, position: row.position, merged, into });
  }
  return operations;
}

/** Finds the rows that joined two or more sessions. */
export function mergesOf(rows: WindowHistory["rows"], gap: number, touching: boolean): Operation[] {
  return operationsOf(rows, gap, touching).filter(operation => operation.merged.length > 1);
}

const TOLD = 3;

/** Tells how a session grew together. */
export function sessionStory(words: Words, history: WindowHistory, rules: WindowRules): string[] {
  const { window } = rules.strategy;
  if (window.kind !== "sessions") return [];
  const merges = mergesOf(history.rows, window.gap, rules.touching);
  if (merges.length === 0) return [];
  const out = merges.slice(-TOLD).map(merge => mergeText(words, merge, history, rules));
  if (merges.length > TOLD)
    out.unshift(`It grew together from sessions ${counted(merges.length, "time")}; the last ${TOLD} were:`);
  return out;
}

/** Says which row merged which sessions, and what became of what they had put out. */
export function mergeText(words: Words, merge: Operation, history: WindowHistory, rules: WindowRules): string {
  const which = linesText([merge.line]);
  const row = which === "" ? "The row" : which[0].toUpperCase() + which.slice(1);
  const told = `${row} (${words.at(merge.time)}, arrived at ${words.at(merge.arrived)}) merged ${counted(merge.merged.length, "session")}: ${list(merge.merged.map(s => words.span(s.start, s.end - rules.shownEnd)))}.`;
  return `${told}${withdrawn(merge, history, rules, words)}`;
}

/** Says what became of the panes that the merged sessions had put out. */
function withdrawn(merge: Operation, history: WindowHistory, rules: WindowRules, words: Words): string {
  const fates = merge.merged.map(session => {
    const end = session.end - rules.shownEnd;
    const panes = history.panes.filter(p => p.start === session.start && p.end === end);
    if (!panes.some(p => p.position < merge.position && p.weight > 0)) return "had not been put out";
    const back = panes.find(p => p.position >= merge.position && p.weight < 0);
    return back === undefined
      ? `had been put out and stands beside it, since "${rules.strategy.accumulation}" takes nothing back`
      : `had been put out and was withdrawn at ${words.at(back.clock)}`;
  });
  const [first] = fates;
  if (fates.every(fate => fate === first)) return ` Each of them ${first}.`;
  return ` ${fates.map((fate, i) => `The ${i + 1}${["st", "nd", "rd"][i] ?? "th"} ${fate}.`).join(" ")}`;
}
