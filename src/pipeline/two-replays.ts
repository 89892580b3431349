/**
 * Two replays of the same log side by side: the rows in which a stream differs from the same stream as it was planned before.
 *
 * `difference(a, b)` in a cell asks its author which row is which. Here nobody can be asked, so streams are compared as they
 * are shown: rollups key by key, everything else as bags of rows, in which a row counts as often as it is there.
 *
 * ```
 * now     ─ side 0 ─┐
 *                   union ─ rollup per key ─ every key, both values, what became of it ─┬─ filter: rows that differ
 * pinned  ─ side 1 ─┘                                                                   └─ rollup: how many, and sums
 * ```
 *
 * A rollup rather than a join, because a key that is null is a key like any other here.
 */
import type { Schema } from "../columns/column.ts";
import { aggregateNamed } from "../expressions/aggregates.ts";
import { replacingSources } from "./rewrite.ts";
import { restating } from "./difference.ts";
import { identity } from "./identity.ts";
import { inputsOf, type Node } from "./node.ts";
import { Stream } from "./stream.ts";
import { hasWindowColumns } from "./verbs/aggregate.ts";
import type { SourceNode } from "./verbs/source.ts";

/** What becomes of a row between two replays; the values of the column `what`. */
export const WHAT = { same: "same", changed: "changed", onlyNow: "only now", onlyPinned: "only pinned" } as const;

/** Two streams compared. */
export interface ComparedStreams {
  /** Whether rows were matched by keys, or counted as they are. */
  readonly by: "key" | "row";
  /** Columns that say which row is which. */
  readonly on: readonly string[];
  /** Columns with a value on either side; none where rows are counted. */
  readonly values: readonly string[];
  /** Columns of which sums over all rows mean something: totals and counts. */
  readonly summed: readonly string[];
  /** Columns that were left out, because only one side has them or their values cannot be compared. */
  readonly left: readonly string[];
  /** The rows that differ: `what` became of them, the columns of `on`, then each value as `x pinned`, `x now` and, for numbers, `x Δ`. */
  readonly rows: Stream;
  /** One row: `rows`, `changed`, `only_now`, `only_pinned`, and for summed columns `x now` and `x pinned`. */
  readonly summary: Stream;
}

/**
 * Compares a stream as it is now with the one that was pinned. The schemas are theirs. Throws, in a sentence for its reader, where
 * rows cannot be matched.
 */
export function comparedStreams(now: Side, pinned: Side): ComparedStreams {
  const [a, b] = [shapeOf(now.node), shapeOf(pinned.node)];
  if (a !== null && b !== null && a.on.join("\n") === b.on.join("\n")) {
    const { kept, left } = comparable(now.schema, pinned.schema);
    const values = kept.filter(name => !a.on.includes(name));
    if (a.on.every(name => kept.includes(name))) {
      const summed = values.filter(name => a.summed.has(name) && b.summed.has(name));
      return { by: "key", on: a.on, values, summed, left, ...keyed(now, pinned, a.on, values, summed) };
    }
  }
  if (a !== null && b !== null)
    throw new Error(
      `Rows cannot be matched: they are told apart by ${listed(a.on)} now, and by ${listed(b.on)} in the pinned replay.`,
    );
  // How far a dropped row was behind the watermark is not part of the row: another watermark alone would make it another row.
  const measures = [now.node, pinned.node].every(isLatePort) ? MEASURES : [];
  const own = (schema: Schema): Schema => schema.filter(field => !measures.includes(field.name));
  const { kept, left } = comparable(own(now.schema), own(pinned.schema));
  if (kept.length === 0) throw new Error("The two have no column in common, so no row can be compared.");
  return { by: "row", on: kept, values: [], summed: [], left, ...counted(now, pinned, kept) };
}

const MEASURES: readonly string[] = ["watermark", "reason", "margin", "keeps_with_lateness", "keeps_with_delay"];

function isLatePort(node: Node): boolean {
  return node.verb === "orderby" ? isLatePort(node.input) : node.verb === "port" && node.port === "late";
}

const listed = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));

/** Columns that both have with the same type, and the others. What is nested has no equality to go by. */
function comparable(a: Schema, b: Schema): { kept: string[]; left: string[] } {
  const kept = a
    .filter(({ name, type }) => type !== "json" && b.some(other => other.name === name && other.type === type))
    .map(field => field.name);
  const left = [...a, ...b].map(field => field.name).filter(name => !kept.includes(name));
  return { kept, left: [...new Set(left)] };
}

const of = (name: string): string => `d[${JSON.stringify(name)}]`;

/** A stream with its columns. */
interface Side {
  readonly node: Node;
  readonly schema: Schema;
}

/** Both sides in one stream, with these columns alone; `its side` is 0 now, and 1 in the pinned replay. */
function bothSides(now: Side, pinned: Side, columns: readonly string[]): Stream {
  const side = ({ node, schema }: Side, number: string): Stream => {
    const stream = new Stream(node);
    const all = schema.length === columns.length;
    return (all ? stream : stream.select(...columns)).derive({ "its side": number });
  };
  return side(now, "0").union(side(pinned, "1"));
}

const OF_NOW = `${of("its side")} === 0`;

function keyed(
  now: Side,
  pinned: Side,
  on: readonly string[],
  values: readonly string[],
  summed: readonly string[],
): { rows: Stream; summary: Stream } {
  const numbers = values.filter(name => now.schema.some(f => f.name === name && f.type === "number"));
  const rolled: Record<string, string> = {
    "rows now": `d => op.sum(${OF_NOW} ? 1 : 0)`,
    "rows pinned": `d => op.sum(${OF_NOW} ? 0 : 1)`,
  };
  for (const name of values) {
    rolled[`${name} pinned`] = `d => op.any(${OF_NOW} ? null : ${of(name)})`;
    rolled[`${name} now`] = `d => op.any(${OF_NOW} ? ${of(name)} : null)`;
  }
  const unlike = values.map(name => `${of(`${name} now`)} !== ${of(`${name} pinned`)}`);
  // A refinement has to take back what it replaces: of each key there is one row on a side.
  const restated = ({ node, schema }: Side): Side => ({ node: restating(node), schema });
  const deltas = numbers.map(name => [`${name} Δ`, `d => ${of(`${name} now`)} - ${of(`${name} pinned`)}`] as const);
  const all = bothSides(restated(now), restated(pinned), [...on, ...values])
    .groupby(...on)
    .rollup(rolled)
    .derive({
      ...Object.fromEntries(deltas),
      what: `d => ${of("rows pinned")} === 0 ? "${WHAT.onlyNow}" : ${of("rows now")} === 0 ? "${WHAT.onlyPinned}" : ${
        unlike.length === 0 ? "false" : unlike.join(" || ")
      } ? "${WHAT.changed}" : "${WHAT.same}"`,
    });
  const shown = values.flatMap(name => [
    `${name} pinned`,
    `${name} now`,
    ...(numbers.includes(name) ? [`${name} Δ`] : []),
  ]);
  const rows = all.filter(`d => d.what !== "${WHAT.same}"`).select("what", ...on, ...shown);
  const sums = Object.fromEntries(
    summed.flatMap(name => ["now", "pinned"].map(side => [`${name} ${side}`, `d => op.sum(${of(`${name} ${side}`)})`])),
  );
  return { rows: on.length === 0 ? rows : rows.orderby(...on), summary: counts(all, "1", sums) };
}

const MORE = `${of("rows now")} - ${of("rows pinned")}`;

/** Rows as they are, each as often as it is there. */
function counted(now: Side, pinned: Side, columns: readonly string[]): { rows: Stream; summary: Stream } {
  const all = bothSides(now, pinned, columns)
    .groupby(...columns)
    .rollup({ "rows now": `d => op.sum(${OF_NOW} ? 1 : 0)`, "rows pinned": `d => op.sum(${OF_NOW} ? 0 : 1)` })
    .derive({
      more: `d => ${MORE}`,
      what: `d => ${MORE} === 0 ? "${WHAT.same}" : ${MORE} > 0 ? "${WHAT.onlyNow}" : "${WHAT.onlyPinned}"`,
    });
  const rows = all.filter(`d => d.what !== "${WHAT.same}"`).select("what", ...columns);
  const sums = {
    "rows now": `d => op.sum(${of("rows now")})`,
    "rows pinned": `d => op.sum(${of("rows pinned")})`,
  };
  return { rows, summary: counts(all, "(d.more < 0 ? 0 - d.more : d.more)", sums) };
}

/** One row about all keys. `times`: how often a row that differs counts. */
function counts(all: Stream, times: string, sums: Readonly<Record<string, string>>): Stream {
  const how = (what: string): string => `d => op.sum(d.what === "${what}" ? ${times} : 0)`;
  return all.rollup({
    rows: "d => op.count()",
    changed: how(WHAT.changed),
    only_now: how(WHAT.onlyNow),
    only_pinned: how(WHAT.onlyPinned),
    ...sums,
  });
}

interface Shape {
  readonly on: readonly string[];
  readonly summed: ReadonlySet<string>;
  /** Whether a refinement takes back what it replaces, so that verbs above it show the newest alone. */
  readonly retracts: boolean;
}

/** The columns that tell the rows of a rollup apart, where its table shows one row for each of their values. Null elsewhere. */
function shapeOf(node: Node): Shape | null {
  switch (node.verb) {
    case "orderby":
      return shapeOf(node.input);
    case "filter": {
      const below = shapeOf(node.input);
      return below !== null && below.retracts ? below : null;
    }
    case "derive": {
      const below = shapeOf(node.input);
      const made = new Set(node.columns.map(c => c.name));
      if (below === null || !below.retracts || below.on.some(name => made.has(name))) return null;
      return { ...below, summed: new Set([...below.summed].filter(name => !made.has(name))) };
    }
    case "select": {
      const below = shapeOf(node.input);
      if (below === null || !below.retracts) return null;
      const { columns, rename } = node;
      if (columns !== null && below.on.some(name => !columns.includes(name))) return null;
      const renamed = (name: string): string => rename[name] ?? name;
      return { ...below, on: below.on.map(renamed), summed: new Set([...below.summed].map(renamed)) };
    }
    case "aggregate": {
      if (node.strategy?.accumulation === "discarding") return null;
      const window = hasWindowColumns(node.strategy) ? ["window_start", "window_end"] : [];
      const additive = node.outputs.filter(({ expression: { expr } }) => {
        const call = expr.kind === "column" ? node.aggregates.find(a => a.name === expr.name) : undefined;
        return call !== undefined && aggregateNamed(call.aggregate)?.additive === true;
      });
      return {
        on: [...node.keys.map(k => k.name), ...window],
        summed: new Set(additive.map(o => o.name)),
        retracts: node.strategy === null || node.strategy.accumulation === "retracting",
      };
    }
    default:
      return null;
  }
}

/**
 * Gives streams whose rows must be the same, whatever the watermark says, the same text: those over the same logs that are made
 * from rows one by one, or rolled up without windows. Another watermark changes nothing that one could see of them.
 */
export function rowsIdentity(node: Node): string {
  return identity(withoutWatermark(node));
}

function withoutWatermark(node: Node): Node {
  return readsRowsAlone(node) ? unmarked(node) : node;
}

const NO_WATERMARK: SourceNode["watermark"] = {
  basis: { kind: "manual" },
  idle: null,
  future: null,
  per: "partition",
  keyColumn: null,
  every: null,
  microBatch: null,
};
const bare = (source: SourceNode): SourceNode => ({ ...source, watermark: NO_WATERMARK });
const unmarked = replacingSources(bare, bare);

function readsRowsAlone(node: Node): boolean {
  switch (node.verb) {
    case "source":
      return true;
    case "port":
      return node.port === "errors" && node.input.verb === "source";
    case "aggregate":
      return node.strategy === null && readsRowsAlone(node.input);
    case "filter":
    case "derive":
    case "select":
    case "union":
    case "flatMap":
    case "sample":
    case "withLateness":
    case "orderby":
      return inputsOf(node).every(readsRowsAlone);
    default:
      return false;
  }
}
