/**
 * Tells the story of a row in sentences with numbers: why it was dropped, what a window still waits for and who holds it,
 * what corrected it, which sessions it was merged from, what an unmatched row nearly met, where a row of a log ended up.
 *
 * Everything is read from what the run remembers and from the logs; nothing is guessed. Each kind of story is a file in
 * `explain/`; this one chooses by the node whose table the row stands in.
 */
import type { Slices } from "../engine/slices.ts";
import type { Value } from "../columns/column.ts";
import type { Run } from "../engine/run.ts";
import type { Order, Table } from "../engine/table.ts";
import type { Node } from "../pipeline/node.ts";
import { aboutStory } from "./explain/about.ts";
import type { ViewAsked } from "./explain/asked.ts";
import { droppedStory, latePortBelow } from "./explain/dropped.ts";
import type { Explanation } from "./explain/explanation.ts";
import { windowedBelow } from "./explain/history.ts";
import { joinBelow, joinStory } from "./explain/joins.ts";
import { aggregatesOf, namesRow, rowStory, windowOfAllKeys } from "./explain/mark.ts";
import { sourcesInPlace } from "./explain/sight.ts";
import { sourceRowStory } from "./explain/source-row.ts";
import { windowStory } from "./explain/window.ts";
import { valueText } from "./explain/words.ts";

export type { Explanation } from "./explain/explanation.ts";

const FORGOTTEN =
  'The log is read a group of rows at a time, so what has passed is not kept, and its story cannot be told. With memory: "whole" on the source it can, where there is memory enough.';

/** Explains row `row` of a table as it is shown in `order`. `nameOf` gives the variable that holds a node, if one does. */
export function* explainRow(
  table: Table,
  row: number,
  order: Order | null,
  run: Run,
  nameOf: (node: Node) => string | null = () => null,
): Slices<Explanation> {
  const page = table.page(row, 1, order);
  const facts: Record<string, Value> = {};
  for (const column of page.columns) facts[column.name] = column.values[0] ?? null;
  if (page.columns.length === 0 || page.columns[0].values.length === 0)
    return { sentences: ["There is no such row any more."], facts, lines: [] };
  const plain = Object.entries(facts)
    .map(([name, value]) => `${name}: ${valueText(value)}`)
    .join(" · ");
  // Why a row was dropped stands in the row itself; the other stories look back.
  if (!run.remembers && latePortBelow(table.node) === null) return { sentences: [plain, FORGOTTEN], facts, lines: [] };
  return (
    (yield* story(table, facts, table.placeOf(row, order), run, nameOf)) ?? { sentences: [plain], facts, lines: [] }
  );
}

/**
 * Explains what `values` name in a view: what their `about` says (see `explain/about.ts`); else a row by its times, or a window by
 * its key columns and bounds, of the outermost rollup that has it. Keys that are left out stand for all of them.
 */
export function* explainMark(
  { nodes, roles }: ViewAsked,
  values: Readonly<Record<string, Value>>,
  run: Run,
  nameOf: (node: Node) => string | null = () => null,
): Slices<Explanation> {
  const nothing = (sentence: string): Explanation => ({ sentences: [sentence], facts: { ...values }, lines: [] });
  if (!run.remembers) return { ...nothing(FORGOTTEN), facts: { ...values, nothing: true } };
  if (typeof values["about"] === "string")
    return (
      (yield* aboutStory({ nodes, roles }, values, run, nameOf)) ?? {
        ...nothing("Nothing more is known of this place."),
        facts: { ...values, nothing: true },
      }
    );
  if (namesRow(values))
    return (
      (yield* rowStory([...nodes, ...Object.values(roles)], values, run, nameOf)) ??
      nothing("No row at this place can be traced back to its log.")
    );
  // The streams that the cell names come first: a chart runs twins of its own, some of them without keys.
  for (const candidates of [aggregatesOf(Object.values(roles), run), aggregatesOf(nodes, run)]) {
    for (const node of candidates) {
      const told = yield* windowStory(values, node, run);
      if (told !== null) return told;
    }
    for (const node of candidates) {
      const told = yield* windowOfAllKeys(node, values, run);
      if (told !== null) return told;
    }
  }
  return nothing("No window of this stream has these keys and bounds.");
}

function* story(
  table: Table,
  row: Readonly<Record<string, Value>>,
  place: number,
  run: Run,
  nameOf: (node: Node) => string | null,
): Slices<Explanation | null> {
  const { node } = table;
  const late = latePortBelow(node);
  if (late !== null) return droppedStory(row, late, run);
  const windowed = windowedBelow(node);
  if (windowed !== null) return yield* windowStory(row, windowed, run);
  const join = joinBelow(node);
  if (join !== null) return yield* joinStory(row, join, run);
  if (table.kind.kind === "append" && sourcesInPlace(node).length > 0)
    return yield* sourceRowStory(row, node, place, run, nameOf);
  return null;
}
