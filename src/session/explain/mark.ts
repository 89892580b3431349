/**
 * The story of what a mark of a chart stands for: a row by its times, the first row of a cell of rows, or a window whose
 * keys the mark leaves open because it is drawn over all of them.
 */
import type { Slices } from "../../engine/slices.ts";
import type { Value } from "../../columns/column.ts";
import type { Run } from "../../engine/run.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, topological } from "../../pipeline/node.ts";
import { type AggregateNode, hasWindowColumns } from "../../pipeline/verbs/aggregate.ts";
import { droppedStory } from "./dropped.ts";
import type { Explanation } from "./explanation.ts";
import { fallsInto } from "./history.ts";
import { columnsOf, evaluatorsOf, type Seen, Watch } from "./sight.ts";
import { sourceRowStory } from "./source-row.ts";
import { windowStory } from "./window.ts";
import { counted, list, valueText } from "./words.ts";

type Values = Readonly<Record<string, Value>>;

/** Says whether values name a row by its times and not a window by its bounds. */
export function namesRow(values: Values): boolean {
  return typeof values["event_time"] === "number" && !("window_start" in values);
}

/**
 * Tells the story of the first row whose times lie in the stretches that `values` name: `event_time`, `arrived_at` and `delay`
 * in ms, each alone or up to `…_until`, and `fate`. Null when there is no such row, or nothing more is known of it.
 */
export function* rowStory(
  nodes: readonly Node[],
  values: Values,
  run: Run,
  nameOf: (node: Node) => string | null,
): Slices<Explanation | null> {
  const matches = within(values);
  for (const node of aggregatesOf(nodes, run)) {
    const found =
      values["fate"] === "dropped" ? yield* droppedRow(node, matches, run) : yield* readRow(node, matches, run, nameOf);
    if (found !== null) return found;
  }
  return null;
}

/** Tells the story of a window of all keys: how many rows of each key it holds, and the story of the fullest. */
export function* windowOfAllKeys(node: AggregateNode, values: Values, run: Run): Slices<Explanation | null> {
  const { window_start: start, window_end: end } = values;
  if (typeof start !== "number" || typeof end !== "number" || !hasWindowColumns(node.strategy)) return null;
  const falls = fallsInto(node, start, end, run.profile.sessionEnd === "last-row");
  const rowsOf = new Map<string, { readonly keys: readonly Value[]; rows: number }>();
  const keysOf = keysReader(node);
  yield* run.looking([
    new Watch(node.input, row => {
      if (!falls(row.time)) return;
      const keys = keysOf(row);
      const id = JSON.stringify(keys);
      const known = rowsOf.get(id);
      if (known === undefined) rowsOf.set(id, { keys, rows: 1 });
      else known.rows += 1;
    }),
  ]);
  const fullest = [...rowsOf.values()].sort((a, b) => b.rows - a.rows);
  if (fullest.length === 0) return null;
  const named = Object.fromEntries(node.keys.map((k, i) => [k.name, fullest[0].keys[i]]));
  const story = yield* windowStory({ ...named, ...values }, node, run);
  if (story === null || fullest.length === 1) return story;
  const said = fullest.slice(0, NAMED).map(f => `${f.keys.map(valueText).join(", ")} (${counted(f.rows, "row")})`);
  if (fullest.length > NAMED) said.push(`${fullest.length - NAMED} more`);
  return {
    ...story,
    sentences: [
      `${node.keys.map(k => k.name).join(" and ")} has ${counted(fullest.length, "value")} in this window: ${list(said)}. This is the story of the first.`,
      ...story.sentences,
    ],
  };
}

/** Keys that are named before the others are counted. */
const NAMED = 5;

/** The windowed aggregates below some nodes that run, the outermost first. */
export function aggregatesOf(nodes: readonly Node[], run: Run): AggregateNode[] {
  return topological(nodes)
    .reverse()
    .filter(n => n.verb === "aggregate")
    .filter(n => n.strategy !== null && run.graph.find(identity(n)) !== undefined);
}

function within(values: Values): (row: Seen) => boolean {
  const stretch = (name: string): readonly [number, number] | null => {
    const from = values[name];
    if (typeof from !== "number") return null;
    const until = values[`${name}_until`];
    // Without an end it is that moment alone.
    return [from, typeof until === "number" ? until : from];
  };
  const inside = (value: number, of: readonly [number, number] | null): boolean =>
    of === null || (of[0] === of[1] ? value === of[0] : value >= of[0] && value < of[1]);
  const [event, arrival, delay] = ["event_time", "arrived_at", "delay"].map(stretch);
  const { fate } = values;
  return row =>
    inside(row.time, event) &&
    inside(row.clock, arrival) &&
    inside(row.clock - row.time, delay) &&
    (fate === "late" || fate === "on-time" ? row.time < row.watermark === (fate === "late") : true);
}

/** Says which of several rows is told of. */
function amongOthers(story: Explanation | null, count: number, what: string): Explanation | null {
  if (story === null || count <= 1) return story;
  return { ...story, sentences: [`The first of ${counted(count, what)} at this place:`, ...story.sentences] };
}

function* droppedRow(node: AggregateNode, matches: (row: Seen) => boolean, run: Run): Slices<Explanation | null> {
  const port = { verb: "port", input: node, port: "late" } as const;
  if (run.graph.find(identity(port)) === undefined) return null;
  let first: Values | null = null;
  let count = 0;
  yield* run.looking([
    new Watch(port, row => {
      if (!matches(row)) return;
      count += 1;
      first ??= columnsOf(row);
    }),
  ]);
  return first === null ? null : amongOthers(droppedStory(first, port, run), count, "dropped row");
}

function* readRow(
  node: AggregateNode,
  matches: (row: Seen) => boolean,
  run: Run,
  nameOf: (node: Node) => string | null,
): Slices<Explanation | null> {
  let first: Values | null = null;
  let place = -1;
  let seen = 0;
  let count = 0;
  yield* run.looking([
    new Watch(node.input, row => {
      seen += 1;
      if (!matches(row)) return;
      count += 1;
      if (first !== null) return;
      first = columnsOf(row);
      place = seen - 1;
    }),
  ]);
  return first === null
    ? null
    : amongOthers(yield* sourceRowStory(first, node.input, place, run, nameOf), count, "row");
}

function keysReader(node: AggregateNode): (row: Seen) => readonly Value[] {
  let schema: Seen["batch"]["schema"] | null = null;
  let evaluate: ReturnType<typeof evaluatorsOf> = [];
  return row => {
    if (row.batch.schema !== schema) {
      ({ schema } = row.batch);
      evaluate = evaluatorsOf(
        node.keys.map(k => k.expression),
        schema,
      );
    }
    return evaluate.map(e => e(row));
  };
}
