/**
 * `join`: brings rows of two streams together where their keys are equal. Kinds: `inner`, `left`, `right` and `full` (rows
 * without a match come out with nulls), `semi` (left rows that have a match) and `anti` (left rows that have none).
 *
 * **Without a window** it is the relational join, kept up to date by changes: every row meets everything that the other
 * side holds, and each change of either side changes the result at once. A row that comes out because nothing matched it is
 * taken back (weight −1) when a match appears, and comes out again when the match is taken away. A pair has the later of
 * its rows' timestamps, a row without a match its own. State is both inputs, for ever; joins that hold the same input by the
 * same keys hold it together.
 *
 * **With a window** (fixed, sliding, cumulating, calendar, custom without merging, or global) rows join only rows of the
 * same window. The result of a window comes out once, when the watermark passes its end: pairs in the order of the left
 * rows, then of the right ones; then right rows without a match. A row that is late but within the allowed lateness changes
 * that result by additions and retractions, as in the relational join. A row whose windows have all expired is dropped, and
 * said on the port `late` with its side and the reason. Every result has the timestamp `end − 1 ms` and the columns
 * `window_start` and `window_end` (not for the global window). State is freed when a window expires. Triggers and
 * accumulation modes other than the default do not apply, since what comes out are rows and not panes.
 *
 * The watermark of the result is the lesser of the two inputs'. Rows with a null in their key match nothing. Sources:
 * Z-set joins as in DBSP (Budiu et al., VLDB 2023); windowed joins as in Flink, which gives inner ones on time only.
 */
import type { Field, Schema } from "../../columns/column.ts";
import type { WindowingStrategy } from "../../model/strategy.ts";
import { merges } from "../../model/windows.ts";
import { checkMatching, describeMatching, joinedColumns, type JoinedColumn, type Matching } from "../matching.ts";
import type { Node } from "../node.ts";
import type { Port, Verb } from "../verb.ts";
import { hasWindowColumns, LATE_FIELDS, WINDOW_FIELDS } from "./aggregate.ts";

export type JoinKind = "inner" | "left" | "right" | "full" | "semi" | "anti";

export const JOIN_KINDS: readonly JoinKind[] = ["inner", "left", "right", "full", "semi", "anti"];

export interface JoinNode {
  readonly verb: "join";
  readonly left: Node;
  readonly right: Node;
  readonly kind: JoinKind;
  readonly keys: Matching;
  readonly strategy: WindowingStrategy | null;
  readonly suffixes: readonly [string, string];
}

/** Whether a kind's result has the columns of the left side alone. */
export function leftOnly(kind: JoinKind): boolean {
  return kind === "semi" || kind === "anti";
}

/** The columns of a join's result but for the window's bounds. */
export function joinColumns(
  node: { readonly keys: Matching; readonly kind: JoinKind; readonly suffixes: readonly [string, string] },
  inputs: readonly Schema[],
  reserved: readonly string[] = [],
): JoinedColumn[] {
  if (leftOnly(node.kind)) return inputs[0].map((field, left) => ({ ...field, left, right: -1 }));
  const preserved = {
    left: node.kind === "left" || node.kind === "full",
    right: node.kind === "right" || node.kind === "full",
  };
  return joinedColumns(node.keys, inputs, preserved, node.suffixes, reserved);
}

/** Columns of a dropped row of a join: those of its own side filled, the other side's null, and what became of it. */
export function droppedColumns(
  node: { readonly keys: Matching; readonly suffixes: readonly [string, string] },
  inputs: readonly Schema[],
): JoinedColumn[] {
  return joinedColumns(node.keys, inputs, { left: true, right: true }, node.suffixes, [
    "side",
    ...LATE_FIELDS.map(f => f.name),
  ]).map(column => ({ ...column, nullable: true }));
}

export const SIDE_FIELD: Field = { name: "side", type: "string", nullable: false };

export function plainFields(columns: readonly JoinedColumn[]): Field[] {
  return columns.map(({ name, type, nullable }) => ({ name, type, nullable }));
}

export const join: Verb<JoinNode> = {
  inputs: node => [node.left, node.right],
  withInputs: (node, [left, right]) => ({ ...node, left, right }),
  ports: node => (node.strategy === null ? [] : ["late"]),
  schema(node, inputs, port: Port) {
    checkMatching(node.keys, inputs);
    if (node.strategy !== null && merges(node.strategy.window))
      throw new Error(
        "A join cannot use sessions, whose bounds would depend on the other side's rows. Use fixed windows, or intervalJoin.",
      );
    if (port === "late") return [...plainFields(droppedColumns(node, inputs)), SIDE_FIELD, ...LATE_FIELDS];
    const window = hasWindowColumns(node.strategy) ? WINDOW_FIELDS : [];
    const columns = joinColumns(
      node,
      inputs,
      window.map(f => f.name),
    );
    return [...plainFields(columns), ...window];
  },
  describe: node =>
    `${node.kind} join on ${describeMatching(node.keys)}${node.strategy === null ? "" : ` per ${node.strategy.window.kind} window`}`,
};
