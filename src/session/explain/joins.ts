/**
 * The story of a row of a join: the two rows that met, or, for a row that met none, the closest one with the same key on the
 * other side and the bound that would have let them meet.
 */
import type { Slices } from "../../engine/slices.ts";
import type { Schema, Value } from "../../columns/column.ts";
import type { Run } from "../../engine/run.ts";
import { assigned, assigner } from "../../engine/windowing/assign.ts";
import { formatDuration } from "../../model/time.ts";
import { identity } from "../../pipeline/identity.ts";
import { inputsOf, type Node } from "../../pipeline/node.ts";
import type { AsofJoinNode } from "../../pipeline/verbs/asofJoin.ts";
import type { IntervalJoinNode } from "../../pipeline/verbs/intervalJoin.ts";
import { joinColumns, type JoinNode, leftOnly } from "../../pipeline/verbs/join.ts";
import { WINDOW_FIELDS } from "../../pipeline/verbs/aggregate.ts";
import { matching } from "../../pipeline/matching.ts";
import { rowsInto, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { columnsOf, evaluatorsOf, having, lineAt, type Seen, sightsOf, Watch } from "./sight.ts";
import { atLeast, counted, keysText, type SourceLine, Words } from "./words.ts";

export type AnyJoin = JoinNode | IntervalJoinNode | AsofJoinNode;

/** The join whose rows a node shows; null when there is none. */
export function joinBelow(node: Node): AnyJoin | null {
  if (node.verb === "join" || node.verb === "intervalJoin" || node.verb === "asofJoin") return node;
  if (node.verb === "filter" || node.verb === "derive" || node.verb === "select" || node.verb === "orderby")
    return joinBelow(node.input);
  return null;
}

/** A row of one input. */
interface Side {
  readonly time: number;
  readonly arrived: number;
  readonly watermark: number;
  readonly line: SourceLine | null;
  readonly keys: readonly Value[];
}

const LEFT = 0;
const RIGHT = 1;

/** Tells how a row of a join came to be; null when its own row is not to be found on either side. */
export function* joinStory(row: Readonly<Record<string, Value>>, node: AnyJoin, run: Run): Slices<Explanation | null> {
  const running = run.graph.find(identity(node));
  if (running === undefined) return null;
  const schemas = running.inputs.map(i => i.from.schema(i.port));
  const own = [LEFT, RIGHT].map(side => ownColumns(row, node, schemas, side));
  const known = own.map(columns => Object.values(columns).some(v => v !== null));
  const words = new Words("UTC");
  const sides: (Side | null)[] = [];
  for (const side of [LEFT, RIGHT]) sides.push(known[side] ? yield* findSide(own[side], node, side, run) : null);
  const [left, right] = sides;
  if (left !== null && right !== null) return pairStory(row, left, right, words);
  const side = left !== null ? LEFT : RIGHT;
  const found = sides[side];
  if (found === null) return null;
  return leftOnly(node.kind as JoinNode["kind"]) && node.kind === "semi"
    ? {
        sentences: [`${subject(found, words)} It has a match.`],
        facts: { ...row },
        lines: lines(found),
        timeZone: words.timeZone,
      }
    : yield* unmatchedStory(row, found, side, node, run, words);
}

/**
 * Tells of a row of `left` that met none of `right` within a bound, as `joinMisses` draws it: no join needs to run for it. `values`
 * name its keys (`key 0` …), its `event_time` and, where the source says it, its `arrived_at`; `on` pairs key columns, and `within`
 * is the bound, ms, or null. Null where there is no such row.
 */
export function* missStory(left: Node, right: Node, values: Values, run: Run): Slices<Explanation | null> {
  const on = values["on"] as unknown as readonly (readonly [string, string])[];
  const within = typeof values["within"] === "number" ? values["within"] : Infinity;
  const node: IntervalJoinNode = {
    verb: "intervalJoin",
    left: rowsInto(left),
    right: rowsInto(right),
    kind: "anti",
    keys: matching([on.map(([l]) => l), on.map(([, r]) => r)]),
    lower: -within,
    upper: within,
    allowedLateness: Infinity,
    suffixes: ["", ""],
  };
  const keys = on.map((_, i) => values[`key ${i}`] ?? null);
  const ofKey = having(node.keys.left, keys);
  const sights = sightsOf(node.left, run);
  const arrived = values["arrived_at"];
  let own: Side | null = null;
  const watch = new Watch(node.left, seen => {
    if (own !== null || seen.time !== values["event_time"] || !ofKey(seen)) return;
    if (typeof arrived === "number" && seen.clock !== arrived) return;
    own = sideOf(seen, sights, node, LEFT);
  });
  yield* run.looking([...sights, watch]);
  return own === null ? null : yield* unmatchedStory({}, own, LEFT, node, run, new Words("UTC"));
}

/** The values that a row of the result has from one side alone. */
function ownColumns(
  row: Readonly<Record<string, Value>>,
  node: AnyJoin,
  schemas: readonly Schema[],
  side: number,
): Record<string, Value> {
  const windowed = node.verb === "join" && node.strategy !== null ? WINDOW_FIELDS.map(f => f.name) : [];
  const out: Record<string, Value> = {};
  for (const column of joinColumns(node, schemas, windowed)) {
    const index = side === LEFT ? column.left : column.right;
    const other = side === LEFT ? column.right : column.left;
    // A key that both sides share says nothing of which of them was there.
    if (index >= 0 && other < 0 && column.name in row) out[schemas[side][index].name] = row[column.name];
  }
  return out;
}

function* findSide(
  columns: Readonly<Record<string, Value>>,
  node: AnyJoin,
  side: number,
  run: Run,
): Slices<Side | null> {
  const input = inputsOf(node)[side];
  const wanted = Object.entries(columns).map(([name, value]) => [name, JSON.stringify(value)] as const);
  let found: Side | null = null;
  const sights = sightsOf(input, run);
  const watch = new Watch(input, seen => {
    if (found !== null || seen.weight < 0) return;
    const values = columnsOf(seen);
    if (wanted.every(([name, value]) => JSON.stringify(values[name]) === value))
      found = sideOf(seen, sights, node, side);
  });
  yield* run.looking([...sights, watch]);
  return found;
}

function sideOf(seen: Seen, sights: ReturnType<typeof sightsOf>, node: AnyJoin, side: number): Side {
  const expressions = side === LEFT ? node.keys.left : node.keys.right;
  return {
    time: seen.time,
    arrived: seen.clock,
    watermark: seen.watermark,
    line: lineAt(sights, seen.position),
    keys: evaluatorsOf(expressions, seen.batch.schema).map(e => e(seen)),
  };
}

function nameOf(side: Side): string {
  return side.line === null ? "the row" : `line ${side.line.line.toLocaleString("en")} of ${side.line.file}`;
}

function subject(side: Side, words: Words): string {
  const name = nameOf(side);
  return `${name[0].toUpperCase()}${name.slice(1)} is of ${words.at(side.time)}.`;
}

function lines(...sides: readonly Side[]): SourceLine[] {
  return sides.flatMap(s => s.line ?? []);
}

function apart(left: Side, right: Side): string {
  const gap = right.time - left.time;
  return gap === 0 ? "at the same time" : `${formatDuration(Math.abs(gap))} ${gap > 0 ? "after" : "before"} it`;
}

function pairStory(row: Readonly<Record<string, Value>>, left: Side, right: Side, words: Words): Explanation {
  const later = Math.max(left.arrived, right.arrived);
  return {
    sentences: [
      `It joins ${nameOf(left)} (${words.at(left.time)}) and ${nameOf(right)} (${words.at(right.time)}), ${apart(left, right)}.`,
      `Both were there at ${words.at(later)}.`,
    ],
    facts: { ...row, left_time: left.time, right_time: right.time, apart: right.time - left.time },
    lines: lines(left, right),
    timeZone: words.timeZone,
  };
}

function* unmatchedStory(
  row: Readonly<Record<string, Value>>,
  own: Side,
  side: number,
  node: AnyJoin,
  run: Run,
  words: Words,
): Slices<Explanation> {
  const there = side === LEFT ? "right" : "left";
  const facts: Record<string, unknown> = { ...row, time: own.time, keys: own.keys };
  const sentences = [subject(own, words)];
  if (own.keys.some(k => k === null)) {
    sentences.push("Its key is null, and null matches nothing.");
    return { sentences, facts, lines: lines(own), timeZone: words.timeZone };
  }
  const { closest, count } = yield* closestOn(own, side, node, run);
  const expressions = side === LEFT ? node.keys.left : node.keys.right;
  const keys = keysText(
    expressions.map(({ expr }) => (expr.kind === "column" ? expr.name : "key")),
    own.keys,
  );
  facts["candidates"] = count;
  if (closest === null) {
    sentences.push(`No row of ${keys} has come on the ${there} so far.`);
    return { sentences, facts, lines: lines(own), timeZone: words.timeZone };
  }
  const [l, r] = side === LEFT ? [own, closest] : [closest, own];
  const gap = r.time - l.time;
  sentences.push(
    `${count === 1 ? `The one row of ${keys} on the ${there}` : `Of ${counted(count, "row")} of ${keys} on the ${there} the closest`} is ${nameOf(closest)}, of ${words.at(closest.time)}, ${apart(own, closest)}.`,
    verdict(node, l, r, closest, words),
  );
  Object.assign(facts, { closest_time: closest.time, apart: gap });
  return { sentences, facts, lines: lines(own, closest), timeZone: words.timeZone };
}

/** The row with the same key nearest in time on the other side, and how many there are. */
function* closestOn(own: Side, side: number, node: AnyJoin, run: Run): Slices<{ closest: Side | null; count: number }> {
  const other = side === LEFT ? RIGHT : LEFT;
  const input = inputsOf(node)[other];
  const ofKey = having(other === LEFT ? node.keys.left : node.keys.right, own.keys);
  const sights = sightsOf(input, run);
  let closest: Side | null = null;
  let count = 0;
  const watch = new Watch(input, seen => {
    if (seen.weight < 0 || !ofKey(seen)) return;
    count++;
    if (closest === null || Math.abs(seen.time - own.time) < Math.abs(closest.time - own.time))
      closest = sideOf(seen, sights, node, other);
  });
  yield* run.looking([...sights, watch]);
  return { closest, count };
}

/** Says which bound kept two rows apart. */
function verdict(node: AnyJoin, left: Side, right: Side, closest: Side, words: Words): string {
  const gap = right.time - left.time;
  if (node.verb === "intervalJoin") {
    const bounds = `The bounds are ${formatDuration(node.lower)} to ${formatDuration(node.upper)}`;
    if (gap > node.upper) return `${bounds}: an upper bound of at least ${atLeast(gap)} would have matched it.`;
    if (gap < node.lower)
      return `${bounds}: a lower bound of ${gap < 0 ? `−${atLeast(-gap)}` : formatDuration(gap)} or less would have matched it.`;
    return (
      dropped(closest, node.allowedLateness, words) ?? `${bounds}, which it keeps: a further condition kept them apart.`
    );
  }
  if (node.verb === "asofJoin") {
    if (gap > 0) return "It is later, and an as-of join looks back only.";
    if (-gap > node.tolerance)
      return `The tolerance is ${formatDuration(node.tolerance)}; one of at least ${atLeast(-gap)} would have matched it.`;
    return dropped(closest, node.allowedLateness, words) ?? "It had not come yet when the answer was given.";
  }
  if (node.strategy === null) return "A further condition kept them apart.";
  const windows = [left, right].map(s => windowOf(node, s.time));
  const [a, b] = windows;
  if (a[0] === b[0] && a[1] === b[1])
    return (
      dropped(closest, node.strategy.allowedLateness + a[1] - closest.time, words) ??
      "They lie in the same window: a further condition kept them apart, or it has not fired yet."
    );
  return `They lie in different windows, ${words.span(a[0], a[1])} and ${words.span(b[0], b[1])}: an interval join that reaches ${atLeast(Math.abs(gap))} would have matched them.`;
}

function dropped(closest: Side, lateness: number, words: Words): string | null {
  if (!(closest.watermark > closest.time + lateness)) return null;
  return `It came too late and was dropped: it arrived at ${words.at(closest.arrived)}, when the watermark was at ${words.at(closest.watermark)}.`;
}

function windowOf(node: JoinNode, time: number): [number, number] {
  const out = assigned();
  if (node.strategy !== null) assigner(node.strategy.window)(time, out);
  return [out.start[0] ?? NaN, out.end[0] ?? NaN];
}
