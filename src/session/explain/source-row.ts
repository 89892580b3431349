/** The story of a row of a log: when it happened and came, whether it was late, and what each window made of it. */
import type { Slices } from "../../engine/slices.ts";
import { valueAt, type Value } from "../../columns/column.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import { TIMINGS } from "../../model/panes.ts";
import { merges } from "../../model/windows.ts";
import { identity } from "../../pipeline/identity.ts";
import type { Node } from "../../pipeline/node.ts";
import { type AggregateNode, hasWindowColumns } from "../../pipeline/verbs/aggregate.ts";
import { after } from "./dropped.ts";
import type { Explanation } from "./explanation.ts";
import { columnsOf, evaluatorsOf, type SourceSight, sightsOf, sourcesInPlace, Watch } from "./sight.ts";
import { keysText, Words } from "./words.ts";
import { zoneOf } from "./window.ts";

interface Found {
  readonly sight: SourceSight;
  /** Row of the log, and position in the run. */
  readonly row: number;
  readonly position: number;
  readonly watermark: number;
}

/** Tells the story of the `place`-th row that came out of a node which hands on a log's rows; null when it is not to be found. */
export function* sourceRowStory(
  values: Readonly<Record<string, Value>>,
  node: Node,
  place: number,
  run: Run,
  nameOf: (node: Node) => string | null,
): Slices<Explanation | null> {
  const found = yield* findRow(node, place, run);
  if (found === null) return null;
  const { sight, row, watermark } = found;
  const { log } = sight;
  const all = run.graph.nodes.flatMap(({ node: reader }) =>
    reader.verb === "aggregate" &&
    reader.strategy !== null &&
    sourcesInPlace(reader.input).some(s => identity(s) === identity(sight.node))
      ? [reader]
      : [],
  );
  // Charts run twins of a stream, which nobody has named: they are told of only where nothing else reads the log.
  const named = all.filter(reader => nameOf(reader) !== null);
  const readers = named.length > 0 ? named : all;
  const words = new Words(zoneOf(readers.find(r => r.strategy?.window.kind === "calendar") ?? null));
  const time = log.time[row];
  const arrived = log.arrival[row];
  const line = sight.lineOf(row);
  const subject = line === null ? "The row" : `Line ${line.line.toLocaleString("en")} of ${line.file}`;
  let greatest = -Infinity;
  for (let i = 0; i < row; i++) if (log.time[i] > greatest) greatest = log.time[i];
  const outOfOrder = Math.max(0, greatest - time);
  const sentences = [
    `${subject} has the event time ${words.at(time)} and arrived at ${words.at(arrived)}, ${after(arrived - time)}.`,
    outOfOrder > 0
      ? `An earlier row had the event time ${words.at(greatest)}: it is out of order by ${formatDuration(outOfOrder)}.`
      : "No row before it had a later event time: it is in order.",
    watermark === -Infinity
      ? "There was no watermark yet when it arrived."
      : time < watermark
        ? `The watermark was at ${words.at(watermark)} when it arrived: it was late by ${formatDuration(watermark - time)}.`
        : `The watermark was at ${words.at(watermark)} when it arrived: it was in time.`,
  ];
  const { future } = sight.node.watermark;
  if (future !== null && time > arrived + future)
    sentences.push(
      `It claims to be from the future, by more than the guard allows (${formatDuration(future)}), so it did not move the watermark.`,
    );
  const fates: Fate[] = [];
  for (const reader of readers) fates.push(yield* fateIn(reader, found, run));
  fates.forEach((fate, i) => sentences.push(fateText(fate, readers[i], nameOf(readers[i]), words)));
  return {
    sentences,
    facts: {
      ...values,
      delay: arrived - time,
      out_of_orderness: outOfOrder,
      watermark_at_arrival: watermark,
      late: time < watermark,
      fates: fates.map((fate, i) => ({ stream: nameOf(readers[i]), ...fate })),
    },
    lines: line === null ? [] : [line],
    timeZone: words.timeZone,
    row: log.batch.schema.map((field, c) => ({
      name: field.name,
      type: field.type,
      value: valueAt(log.batch.columns[c], row),
    })),
  };
}

function* findRow(node: Node, place: number, run: Run): Slices<Found | null> {
  const sights = sightsOf(node, run);
  if (sights.length === 0) return null;
  let found: Found | null = null;
  let seen = 0;
  const watch = new Watch(node, ({ position, watermark }) => {
    if (seen++ !== place) return;
    for (const sight of sights) {
      const row = sight.rowAt(position);
      if (row >= 0) found = { sight, row, position, watermark };
    }
  });
  yield* run.looking([...sights, watch]);
  return found;
}

interface Fate {
  /** `filtered`, `dropped`, `waiting`, or the timing of the first pane that it was in. */
  readonly fate: string;
  readonly keys: readonly Value[];
  readonly start: number | null;
  readonly end: number | null;
  /** When that pane came out. */
  readonly at: number | null;
  /** How far the watermark was past end and lateness, of a dropped row. */
  readonly margin: number | null;
}

/** Finds what a windowed aggregate made of a row; of several windows, the first that has something to say. */
function* fateIn(node: AggregateNode, found: Found, run: Run): Slices<Fate> {
  let keys: readonly Value[] | null = null;
  let time = NaN;
  let dropped: Record<string, Value> | null = null;
  let pane: { start: number; end: number; at: number; timing: string } | null = null;
  const late: Node = { verb: "port", input: node, port: "late" };
  const input = new Watch(node.input, row => {
    if (row.position !== found.position) return;
    ({ time } = row);
    keys = evaluatorsOf(
      node.keys.map(k => k.expression),
      row.batch.schema,
    ).map(evaluate => evaluate(row));
  });
  const lateWatch = new Watch(late, row => {
    if (row.position === found.position) dropped = columnsOf(row);
  });
  const windowed = hasWindowColumns(node.strategy);
  const lastRow = run.profile.sessionEnd === "last-row" && node.strategy !== null && merges(node.strategy.window);
  const output = new Watch(node, row => {
    if (pane !== null || keys === null || row.position < found.position || row.weight < 0) return;
    const values = columnsOf(row);
    const start = windowed ? (values["window_start"] as number) : -Infinity;
    const end = windowed ? (values["window_end"] as number) : Infinity;
    if (
      !(time >= start && (lastRow ? time <= end : time < end)) ||
      !node.keys.every((k, i) => JSON.stringify(values[k.name]) === JSON.stringify(keys?.[i] ?? null))
    )
      return;
    pane = { start, end, at: row.clock, timing: TIMINGS[row.pane?.timing ?? 1] };
  });
  const knowsDropped = run.graph.find(identity(late)) !== undefined;
  yield* run.looking([input, ...(knowsDropped ? [lateWatch] : []), output]);
  return fateOf(keys, dropped, pane);
}

function fateOf(
  keys: readonly Value[] | null,
  dropped: Readonly<Record<string, Value>> | null,
  pane: { start: number; end: number; at: number; timing: string } | null,
): Fate {
  if (keys === null) return { fate: "filtered", keys: [], start: null, end: null, at: null, margin: null };
  if (dropped !== null)
    return {
      fate: "dropped",
      keys,
      start: dropped["window_start"] as number,
      end: dropped["window_end"] as number,
      at: null,
      margin: dropped["margin"] as number,
    };
  if (pane === null) return { fate: "waiting", keys, start: null, end: null, at: null, margin: null };
  return { fate: pane.timing, keys, start: pane.start, end: pane.end, at: pane.at, margin: null };
}

function fateText(fate: Fate, node: AggregateNode, name: string | null, words: Words): string {
  const stream = name ?? "a rollup";
  const { start, end } = fate;
  const keys = keysText(
    node.keys.map(k => k.name),
    fate.keys,
  );
  const window = start === null || end === null ? "its window" : `the window ${words.span(start, end)}`;
  const where = keys === "" ? window : `${window} of ${keys}`;
  switch (fate.fate) {
    case "filtered":
      return `In ${stream}: kept out before the windows.`;
    case "dropped":
      return `In ${stream}: dropped from ${where}, too late by ${formatDuration(fate.margin ?? 0)}.`;
    case "waiting":
      return `In ${stream}: taken in, and nothing has come out with it yet.`;
    case "late":
      return `In ${stream}: late, in a late pane of ${where}, at ${words.at(fate.at ?? NaN)}.`;
    case "early":
      return `In ${stream}: first seen in an early pane of ${where}, at ${words.at(fate.at ?? NaN)}.`;
    default:
      return `In ${stream}: in the on-time pane of ${where}, at ${words.at(fate.at ?? NaN)}.`;
  }
}
