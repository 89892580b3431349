/**
 * In which order rows may arrive without changing what is known in the end, as far as a transcript's watermark allows it.
 *
 * The rule: rows between two events that move the watermark or the clock are one stretch, and any order of a stretch
 * gives the same final table: the last pane of every key and window that was not taken back, and where panes discard what
 * was shown, all of them together. It holds where
 * - rows do not move the watermark themselves, as they do under Kafka's stream time (there, order is what is computed), and
 * - no part of the trigger counts rows. A count of one does not matter where it fires again and again: it fires after
 *   every row in any order; but with merging windows it then shows sessions on their way, which only retracting takes back.
 *
 * Where a profile looks at whole bundles, each bundle is a stretch of its own, which stays one bundle; there triggers may
 * count as well, because they are asked when all of its rows are in.
 */
import type { Accumulation } from "../../src/model/strategy.ts";
import type { Trigger } from "../../src/model/triggers.ts";
import { merges } from "../../src/model/windows.ts";
import type { ConformPane } from "../../src/session/conform.ts";
import type { Trace, TraceEvent, TraceRow } from "../../src/session/trace.ts";

/** Says why the order of a trace's rows matters, or null where any order within a stretch gives the same final table. */
export function orderMatters({ profile, strategy, events }: Trace): string | null {
  if (profile.evaluate === "bundle")
    return stretches(events, true).some(part => part.rows.length > 1) ? null : "no bundle has two rows";
  if (profile.streamTime) return "rows move the watermark themselves";
  const firing = countsRows(strategy.trigger, false);
  if (firing === "some") return "the trigger counts rows";
  const eachRow = firing === "each" || profile.latePanes === "each-row";
  if (eachRow && merges(strategy.window) && strategy.accumulation !== "retracting")
    return "sessions are shown on their way to being merged";
  if (!stretches(events, false).some(part => part.rows.length > 1))
    return "no two rows arrive between the same two moments";
  return null;
}

/** Whether parts of a trigger fire at `each` row, at `some` that are counted, or at `none`. */
function countsRows(trigger: Trigger, again: boolean): "none" | "each" | "some" {
  const all = (parts: readonly (Trigger | null)[], repeats: boolean): "none" | "each" | "some" => {
    const said = parts.map(part => (part === null ? "none" : countsRows(part, repeats)));
    return said.includes("some") ? "some" : said.includes("each") ? "each" : "none";
  };
  switch (trigger.kind) {
    case "default":
      // Beam's default trigger fires again for each late row.
      return "each";
    case "never":
    case "afterProcessingTime":
      return "none";
    case "afterCount":
      return trigger.count === 1 && again ? "each" : "some";
    case "afterWatermark":
      return all([trigger.early, trigger.late], true);
    case "repeatedly":
      return all([trigger.trigger], true);
    case "orFinally":
      return all([trigger.trigger, trigger.until], false);
    case "afterEach":
    case "afterAny":
    case "afterAll":
      return all(trigger.triggers, false);
  }
}

/** Rows whose order is free, and the event that ends them; null where the next rows or nothing follow. */
export interface Stretch {
  readonly rows: readonly TraceRow[];
  readonly end: TraceEvent | null;
}

/** Cuts a trace's events into stretches, each bundle into one of its own if they are to stay as they are. */
export function stretches(events: readonly TraceEvent[], keepBundles: boolean): Stretch[] {
  const out: Stretch[] = [];
  let rows: TraceRow[] = [];
  for (const event of events)
    if (event.kind === "input" && keepBundles) out.push({ rows: event.rows, end: null });
    else if (event.kind === "input") rows.push(...event.rows);
    else {
      out.push({ rows, end: event });
      rows = [];
    }
  return rows.length === 0 ? out : [...out, { rows, end: null }];
}

/** The events of a trace, as JSON, from stretches: each row by itself, or the rows of each as one bundle. */
export function eventsFrom(parts: readonly Stretch[], bundled: boolean): object[] {
  return parts.flatMap(({ rows, end }) => {
    const given = rows.map(row => ({ ...row }));
    const events: object[] = bundled ? (given.length === 0 ? [] : [{ input: given }]) : given.map(input => ({ input }));
    if (end?.kind === "watermark") events.push({ watermark: end.time === Infinity ? "MAX" : end.time });
    if (end?.kind === "processingTime") events.push({ processingTime: end.time });
    return events;
  });
}

/** What is known in the end of each key and window, in an order of their own. */
export function finalTable(panes: readonly ConformPane[], accumulation: Accumulation): unknown[] {
  const table = new Map<string, unknown>();
  for (const { key, window, value, weight } of panes) {
    const name = JSON.stringify([key, window]);
    // What a list holds is a bag: the order in which rows arrived is the one thing that a permutation changes.
    const shown = Array.isArray(value) ? value.map(each => JSON.stringify(each)).sort() : value;
    if (weight < 0) table.delete(name);
    else table.set(name, accumulation === "discarding" ? together(table.get(name), shown) : shown);
  }
  return [...table].sort(([a], [b]) => (a < b ? -1 : 1));
}

function together(before: unknown, more: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(more)) return [...(before as unknown[]), ...(more as unknown[])].sort();
  return typeof before === "number" && typeof more === "number" ? before + more : more;
}
