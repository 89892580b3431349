/** The story of a dropped row: where it belonged, what it met, by how much it missed, and what would have kept it. */
import type { Value } from "../../columns/column.ts";
import { upperBound } from "../../engine/bounds.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import { identity } from "../../pipeline/identity.ts";
import { inputsOf, type Node } from "../../pipeline/node.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import { LATE_FIELDS } from "../../pipeline/verbs/aggregate.ts";
import type { PortNode } from "../../pipeline/verbs/port.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { valueAt } from "../../columns/column.ts";
import type { Explanation } from "./explanation.ts";
import { fileOf, sourcesInPlace } from "./sight.ts";
import { atLeast, setting, type SourceLine, Words } from "./words.ts";
import { zoneOf } from "./window.ts";

/** The `late` port whose rows a node shows; null when there is none. */
export function latePortBelow(node: Node): PortNode | null {
  if (node.verb === "port") return node.port === "late" ? node : null;
  if (node.verb === "filter" || node.verb === "derive" || node.verb === "select" || node.verb === "orderby")
    return latePortBelow(node.input);
  return null;
}

/** Tells why a row was dropped; null when the row lacks what the story needs. */
export function droppedStory(row: Readonly<Record<string, Value>>, port: PortNode, run: Run): Explanation | null {
  const number = (name: string): number => (typeof row[name] === "number" ? (row[name] as number) : NaN);
  const [start, end, arrived, watermark] = ["window_start", "window_end", "arrived_at", "watermark"].map(number);
  const [margin, lateness, delay] = ["margin", "keeps_with_lateness", "keeps_with_delay"].map(number);
  if ([end, arrived, watermark, margin].some(Number.isNaN)) return null;
  const { input: dropping } = port;
  const words = new Words(dropping.verb === "aggregate" ? zoneOf(dropping) : "UTC");
  const origin = originOf(row, arrived, port, run);
  const windowed =
    dropping.verb === "aggregate" ||
    (dropping.verb === "join" && dropping.strategy !== null) ||
    dropping.verb === "topN";
  const sentences: string[] = [];
  if (origin !== null) {
    const { line, time } = origin;
    sentences.push(
      `${line === null ? "The row" : `Line ${line.line.toLocaleString("en")} of ${line.file}`} has the event time ${words.at(time)} and arrived at ${words.at(arrived)}, ${after(arrived - time)}.`,
    );
  } else sentences.push(`The row arrived at ${words.at(arrived)}.`);
  if (windowed) sentences.push(`It belongs to the window ${words.span(start, end)}.`);
  sentences.push(
    `The watermark it met was at ${words.at(watermark)}, ${formatDuration(watermark - end)} past the ${windowed ? "end of the window" : "last time that it could match"}.`,
  );
  const allowed = latenessOf(dropping);
  const facts: Record<string, unknown> = {
    ...row,
    ...(origin === null ? {} : { event_time: origin.time, delay: arrived - origin.time }),
    allowed_lateness: allowed,
  };
  if (row["reason"] === "finished")
    sentences.push(
      "The window's trigger had finished, so nothing more was taken into it. A late trigger, such as afterWatermark({late: afterCount(1)}), would have kept it open.",
    );
  else {
    if (allowed > 0)
      sentences.push(`The allowed lateness of ${formatDuration(allowed)} was over by ${formatDuration(margin)}.`);
    const now = origin?.source.watermark.basis.kind === "bounded" ? origin.source.watermark.basis.delay : null;
    const longer =
      now === null
        ? `a watermark delay longer by ${atLeast(delay)}`
        : `a watermark delay of at least ${atLeast(now + delay)} (now ${setting(now)})`;
    if (now !== null) facts["keeps_with_watermark_delay"] = now + delay;
    sentences.push(
      `An allowed lateness of at least ${atLeast(lateness)} (now ${setting(allowed)}) would have kept it, or ${longer}.`,
    );
  }
  return { sentences, facts, lines: origin?.line == null ? [] : [origin.line], timeZone: words.timeZone };
}

/** `12 min later`, or that it was before its time. */
export function after(delay: number): string {
  if (delay === 0) return "at once";
  return delay > 0 ? `${formatDuration(delay)} later` : `${formatDuration(-delay)} before its time`;
}

function latenessOf(node: Node): number {
  if (node.verb === "intervalJoin" || node.verb === "asofJoin") return node.allowedLateness;
  return "strategy" in node ? (node.strategy?.allowedLateness ?? 0) : 0;
}

interface Origin {
  readonly source: SourceNode;
  readonly time: number;
  readonly line: SourceLine | null;
}

/** Finds a row in the logs by its arrival and its columns. */
function originOf(row: Readonly<Record<string, Value>>, arrived: number, port: PortNode, run: Run): Origin | null {
  const told = new Set([...LATE_FIELDS.map(f => f.name), "side"]);
  for (const input of inputsOf(port.input))
    for (const source of sourcesInPlace(input)) {
      const log = run.feed(identity(source))?.log;
      if (log === undefined) continue;
      const found = findRow(log, row, arrived, told);
      if (found < 0) continue;
      const line = log.line?.[found];
      return {
        source,
        time: log.time[found],
        line: line === undefined ? null : { file: fileOf(source), line },
      };
    }
  return null;
}

function findRow(
  log: SourceLog,
  row: Readonly<Record<string, Value>>,
  arrived: number,
  except: ReadonlySet<string>,
): number {
  const columns = log.batch.schema.flatMap((field, c) =>
    field.name in row && !except.has(field.name)
      ? [{ column: log.batch.columns[c], value: JSON.stringify(row[field.name]) }]
      : [],
  );
  if (columns.length === 0) return -1;
  const to = upperBound(log.arrival, arrived, 0, log.arrival.length);
  for (let i = to - 1; i >= 0 && log.arrival[i] === arrived; i--)
    if (columns.every(({ column, value }) => JSON.stringify(valueAt(column, i)) === value)) return i;
  return -1;
}
