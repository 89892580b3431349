/** The story of a partition at a moment of `watermarkHold`: whether it held the watermark, from when to when, why, and what released it. */
import type { Slices } from "../../engine/slices.ts";
import { type Hold, holdsOf, type Said } from "../../charts/watermark-hold/holders.ts";
import type { SourceFeed } from "../../engine/feed.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import { identity } from "../../pipeline/identity.ts";
import type { Node } from "../../pipeline/node.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { numberOf, rowsInto, sourcesOf, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { filteredEmpty, passageOf } from "./filtered.ts";
import { windowedBelow } from "./history.ts";
import { partOf } from "./lines.ts";
import { columnsOf, fileOf, Watch } from "./sight.ts";
import { counted, type SourceLine, Words } from "./words.ts";
import { zoneOf } from "./window.ts";

/** One lane of the chart: a partition of the only source, or one source of several. */
interface Lane {
  readonly name: string;
  readonly subject: string;
  /** Names another lane in the midst of a sentence. */
  readonly named: (name: string) => string;
  readonly source: SourceNode;
  readonly feed: SourceFeed;
  /** Says whether a row of the log is the lane's own. */
  readonly owns: (row: number) => boolean;
}

/**
 * Tells of the partition `values` name, at the moment `at` or where it held the watermark longest until `until`, ms of processing
 * time. Null where no source below has said anything of such a partition.
 */
export function* partitionStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const name = String(values["partition"]);
  const at = numberOf(values, "at");
  const until = Number.isNaN(numberOf(values, "until")) ? at : numberOf(values, "until");
  const sources = sourcesOf(stream);
  const said = yield* saidBy(sources, run);
  const own = said.filter(s => s.partition === name);
  const lane = laneOf(name, sources, run);
  if (own.length === 0 || lane === null) return null;
  const now = Math.min(Math.max(run.progress.clock, ...own.map(s => s.at)), lastArrival(sources, run));
  const holds = holdsOf(said, now);
  const overlap = (h: Hold): number => Math.min(h.to, until) - Math.max(h.from, at);
  const mine = holds.filter(h => h.partition === name);
  const hold = mine.filter(h => h.from <= until && h.to >= at).sort((a, b) => overlap(b) - overlap(a))[0];
  const words = new Words(zoneOf(windowedBelow(stream)));
  const told =
    hold === undefined
      ? elsewhere(lane, said, holds, at, words)
      : held(lane, hold, said, holds, hold.to >= now && !run.progress.finished, words);
  const sum = mine.reduce((n, h) => n + h.to - h.from, 0);
  const all = holds.reduce((n, h) => n + h.to - h.from, 0);
  const sentences = [...told.sentences];
  if (mine.length > 1 || hold === undefined)
    sentences.push(
      mine.length === 0
        ? `${lane.subject} has never held it.`
        : `In all it held it for ${Math.round((1000 * sum) / all) / 10} % of the time so far, in ${counted(mine.length, "stretch").replace("stretchs", "stretches")}.`,
    );
  const empty =
    sources.length > 1 ? null : filteredEmpty(yield* passageOf(rowsInto(stream), lane.source, name, run), lane.name);
  if (empty !== null) sentences.push(empty);
  return {
    sentences,
    facts: { partition: name, held_from: hold?.from ?? null, held_until: hold?.to ?? null, held_for: sum },
    lines: told.lines,
    timeZone: words.timeZone,
  };
}

interface Told {
  readonly sentences: readonly string[];
  readonly lines: readonly SourceLine[];
}

function* saidBy(sources: readonly SourceNode[], run: Run): Slices<Said[]> {
  const said: Said[] = [];
  const several = sources.length > 1;
  yield* run.looking(
    sources.map(
      source =>
        new Watch({ verb: "port", input: source, port: "progress" }, row => {
          const { partition, watermark, idle } = columnsOf(row);
          // What is said at the end of time is about the end, not about who held the watermark.
          if ((partition === null) !== several || watermark === Infinity) return;
          said.push({
            at: row.clock,
            partition: several ? fileOf(source) : (partition as string),
            watermark: watermark as number,
            idle: idle === true,
          });
        }),
    ),
  );
  return said.sort((a, b) => a.at - b.at);
}

function lastArrival(sources: readonly SourceNode[], run: Run): number {
  const ends = sources.flatMap(source => {
    const feed = run.feed(identity(source));
    return feed === undefined || feed.log.arrival.length === 0 ? [] : [feed.log.arrival[feed.log.arrival.length - 1]];
  });
  return ends.length === 0 ? Infinity : Math.max(...ends);
}

function laneOf(name: string, sources: readonly SourceNode[], run: Run): Lane | null {
  const source = sources.length === 1 ? sources[0] : sources.find(s => fileOf(s) === name);
  const feed = source === undefined ? undefined : run.feed(identity(source));
  if (source === undefined || feed === undefined) return null;
  const part = source.watermark.per === "key" ? "Key" : "Partition";
  return {
    name,
    subject: sources.length > 1 ? name : `${part} ${name}`,
    named: other => (sources.length > 1 ? other : `${part.toLowerCase()} ${other}`),
    source,
    feed,
    owns: sources.length > 1 ? () => true : row => partOf(feed, row) === name,
  };
}

/** The row itself, by its line where the log has lines. */
function rowText(lane: Lane, row: number, words: Words): string {
  const line = lane.feed.log.line?.[row];
  const name = line === undefined ? "the row" : `line ${line.toLocaleString("en")}`;
  return `${name} (of ${words.at(lane.feed.log.time[row])}, arrived at ${words.at(lane.feed.log.arrival[row])})`;
}

function lineOf(lane: Lane, row: number): SourceLine[] {
  const line = row < 0 ? undefined : lane.feed.log.line?.[row];
  return line === undefined ? [] : [{ file: fileOf(lane.source), line }];
}

/** Rows of a lane that arrived in a stretch: the last before it, those within, and the first at its end or after. */
function rowsAround(
  { feed, owns }: Lane,
  from: number,
  to: number,
): { before: number; within: number[]; after: number } {
  const { arrival } = feed.log;
  let before = -1;
  let after = -1;
  const within: number[] = [];
  for (let row = 0; row < feed.offset; row++) {
    if (!owns(row)) continue;
    if (arrival[row] <= from) before = row;
    else if (arrival[row] < to) within.push(row);
    else {
      after = row;
      break;
    }
  }
  return { before, within, after };
}

/** What a partition said last, at or before a moment. */
function stateAt(said: readonly Said[], partition: string, at: number): Said | undefined {
  return said.findLast(s => s.partition === partition && s.at <= at);
}

/** The least watermark of the others that were awake at a moment. */
function nextOf(said: readonly Said[], except: string, at: number): Said | undefined {
  const newest = new Map<string, Said>();
  for (const s of said) if (s.at <= at && s.partition !== except) newest.set(s.partition, s);
  return [...newest.values()].filter(s => !s.idle).sort((a, b) => a.watermark - b.watermark)[0];
}

function held(
  lane: Lane,
  hold: Hold,
  said: readonly Said[],
  holds: readonly Hold[],
  goesOn: boolean,
  words: Words,
): Told {
  const { subject } = lane;
  const length = formatDuration(hold.to - hold.from);
  const sentences = [
    goesOn
      ? `${subject} has held the watermark since ${words.at(hold.from)}, for ${length}.`
      : `${subject} held the watermark from ${words.at(hold.from)} to ${words.at(hold.to)}, for ${length}.`,
  ];
  const { before, within, after } = rowsAround(lane, hold.from, hold.to);
  const released = !goesOn && after >= 0 && lane.feed.log.arrival[after] === hold.to;
  const { idle, basis } = lane.source.watermark;
  const end = goesOn ? hold.to : hold.to - 1;
  const own = stateAt(said, lane.name, end);
  const next = nextOf(said, lane.name, end);
  if (own !== undefined && Number.isFinite(own.watermark))
    sentences.push(
      `Its own watermark was at ${words.at(own.watermark)} by then${next === undefined ? "" : `; the next, that of ${lane.named(next.partition)}, was at ${words.at(next.watermark)}, ${formatDuration(next.watermark - own.watermark)} ahead`}.`,
    );
  const heard = [before, ...within, ...(after >= 0 && lane.feed.log.arrival[after] <= hold.to ? [after] : [])];
  const quiet = longestSilence(
    lane,
    heard.filter(row => row >= 0),
    hold,
  );
  if (within.length > 0)
    sentences.push(
      `It brought ${counted(within.length, "row")} meanwhile, none of them newer than what all the others had brought.`,
    );
  // Short gaps are the rhythm of a source; one of half the time is what the others waited for.
  if (within.length === 0 || quiet.length >= (hold.to - hold.from) / 2)
    sentences.push(
      `It was silent for ${formatDuration(quiet.length)}${quiet.after < 0 ? "" : `: its last row before was ${rowText(lane, quiet.after, words)}`}.`,
    );
  if (released) sentences.push(`${sentence(rowText(lane, after, words))} released it.`);
  else if (goesOn) {
    const last = within.at(-1) ?? before;
    const from = next !== undefined && basis.kind === "bounded" ? next.watermark + basis.delay : null;
    sentences.push(
      `The next row of ${lane.named(lane.name)}${from === null ? "" : ` from ${words.at(from)} on`}${idle === null ? "" : `, or the idle timeout of ${formatDuration(idle)}${last < 0 ? "" : ` at ${words.at(lane.feed.log.arrival[last] + idle)}`},`} would release it.`,
    );
  } else if (stateAt(said, lane.name, hold.to)?.idle === true && idle !== null)
    sentences.push(`The idle timeout of ${formatDuration(idle)} released it.`);
  const then = holds.find(h => h.from >= hold.to);
  if (then !== undefined)
    sentences.push(
      then.partition === null ? "Then all of them were idle." : `Then ${lane.named(then.partition)} held it.`,
    );
  return { sentences, lines: [...lineOf(lane, quiet.after), ...(released ? lineOf(lane, after) : [])] };
}

const sentence = (text: string): string => text[0].toUpperCase() + text.slice(1);

/** The longest stretch without a row, up to the end of a hold, and the row after which it began; -1 where none is known. */
function longestSilence(
  { feed }: Lane,
  rows: readonly number[],
  { from, to }: Hold,
): { readonly length: number; readonly after: number } {
  let best = { length: rows.length === 0 ? to - from : 0, after: -1 };
  rows.forEach((row, i) => {
    const until = i + 1 < rows.length ? feed.log.arrival[rows[i + 1]] : to;
    const length = until - feed.log.arrival[row];
    if (length > best.length) best = { length, after: row };
  });
  return best;
}

/** What a partition does at a moment at which it does not hold the watermark. */
function elsewhere(lane: Lane, said: readonly Said[], holds: readonly Hold[], at: number, words: Words): Told {
  const own = stateAt(said, lane.name, at);
  if (own === undefined)
    return {
      sentences: [
        `At ${words.at(at)} ${lane.subject} had not been seen yet: a partition counts from its first row on, and cannot hold the watermark before.`,
      ],
      lines: [],
    };
  const holder = holds.find(h => h.from <= at && h.to > at)?.partition ?? null;
  const { before, after } = rowsAround(lane, at, at);
  const last = before < 0 ? "" : `: its last row was ${rowText(lane, before, words)}`;
  const lines = lineOf(lane, before);
  if (own.idle) {
    const next = after < 0 ? "" : ` Its next row was ${rowText(lane, after, words)}.`;
    return {
      sentences: [`At ${words.at(at)} ${lane.subject} was idle and held nobody back${last}.${next}`],
      lines: [...lines, ...lineOf(lane, after)],
    };
  }
  const theirs = holder === null ? undefined : stateAt(said, holder, at);
  const lead = theirs === undefined ? NaN : own.watermark - theirs.watermark;
  const ahead =
    theirs === undefined
      ? ""
      : lead > 0
        ? `, ${formatDuration(lead)} ahead of that of ${lane.named(theirs.partition)}, which held it`
        : `, no further back than that of ${lane.named(theirs.partition)}, which held it before`;
  return {
    sentences: [
      `At ${words.at(at)} ${lane.subject} did not hold the watermark: its own was at ${words.at(own.watermark)}${ahead}${last}.`,
    ],
    lines,
  };
}
