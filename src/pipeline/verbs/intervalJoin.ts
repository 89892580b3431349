/**
 * `intervalJoin`: joins rows with equal keys whose event times are near each other:
 * `left time + lower ≤ right time ≤ left time + upper`.
 *
 * A pair comes out as soon as both rows are there, with the later of their timestamps. A row without a match comes out (kinds
 * `left`, `right`, `full`, `anti`) when the watermark is past the last time that a match could have, with its own
 * timestamp; a late match takes it back. `semi` gives a left row with its first match. Rows with a null key match nothing.
 *
 * A row is dropped, and said on the port `late`, when the watermark is more than the allowed lateness (default 0) past its
 * timestamp. A row is kept as long as an accepted row could match it: for a left row of time t until the watermark is
 * past `t + upper + lateness`, for a right one until it is past `t − lower + lateness`.
 *
 * The watermark is the lesser of the inputs', and for kinds that wait with unmatched rows as much earlier as such a row may
 * come out after its time: `upper` for left rows, `−lower` for right ones. The idea is Flink's interval join.
 */
import type { Duration } from "../../model/time.ts";
import { checkMatching, describeMatching, type Matching } from "../matching.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import { LATE_FIELDS } from "./aggregate.ts";
import { droppedColumns, joinColumns, type JoinKind, plainFields, SIDE_FIELD } from "./join.ts";

export interface IntervalJoinNode {
  readonly verb: "intervalJoin";
  readonly left: Node;
  readonly right: Node;
  readonly kind: JoinKind;
  readonly keys: Matching;
  /** Bounds of `right time − left time`, ms. */
  readonly lower: Duration;
  readonly upper: Duration;
  readonly allowedLateness: Duration;
  readonly suffixes: readonly [string, string];
}

export const intervalJoin: Verb<IntervalJoinNode> = {
  inputs: node => [node.left, node.right],
  withInputs: (node, [left, right]) => ({ ...node, left, right }),
  ports: () => ["late"],
  schema(node, inputs, port) {
    checkMatching(node.keys, inputs);
    if (port === "late") return [...plainFields(droppedColumns(node, inputs)), SIDE_FIELD, ...LATE_FIELDS];
    return plainFields(joinColumns(node, inputs));
  },
  describe: node => `${node.kind} interval join on ${describeMatching(node.keys)}`,
};
