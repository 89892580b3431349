/**
 * `asofJoin`: gives each left row the newest right row of its key at or before its own event time, optionally not older than a
 * tolerance. Of right rows at the same time the one that arrived last counts. Kinds: `left` (nulls where there is none) and
 * `inner`.
 *
 * The answer comes out when the watermark is past the left row's time, so that no right row is still to come that would change
 * it; a left row that is late itself is answered at once. Right rows that come late all the same restate the answers
 * that they change (weight −1, then the new one), as long as those are within the allowed lateness (default 0); a late
 * right row that cannot change any answer still to come is dropped, and so is a left row that is later than the allowed
 * lateness: both are said on the port `late`. Timestamp: the left row's. Watermark: the lesser of the inputs'.
 *
 * State: left rows until the watermark is past their time and the allowed lateness; of right rows all newer than that, and
 * one older one for each key. (Where that one is taken back, none that is older still takes its place.)
 */
import type { Duration } from "../../model/time.ts";
import { checkMatching, describeMatching, type Matching } from "../matching.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import { LATE_FIELDS } from "./aggregate.ts";
import { droppedColumns, joinColumns, plainFields, SIDE_FIELD } from "./join.ts";

export interface AsofJoinNode {
  readonly verb: "asofJoin";
  readonly left: Node;
  readonly right: Node;
  readonly kind: "left" | "inner";
  readonly keys: Matching;
  /** How much older the right row may be, ms; Infinity: any age. */
  readonly tolerance: Duration;
  readonly allowedLateness: Duration;
  readonly suffixes: readonly [string, string];
}

export const asofJoin: Verb<AsofJoinNode> = {
  inputs: node => [node.left, node.right],
  withInputs: (node, [left, right]) => ({ ...node, left, right }),
  ports: () => ["late"],
  schema(node, inputs, port) {
    checkMatching(node.keys, inputs);
    if (node.keys.residual !== null)
      throw new Error("asofJoin takes equal keys alone. Filter before or afterwards for further conditions.");
    if (port === "late") return [...plainFields(droppedColumns(node, inputs)), SIDE_FIELD, ...LATE_FIELDS];
    return plainFields(joinColumns(node, inputs));
  },
  describe: node => `as-of join on ${describeMatching(node.keys)}`,
};
