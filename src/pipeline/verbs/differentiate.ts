/**
 * `differentiate`: from balance to flow, key by key. A row's flow is its balance less the balance before it in event time (the
 * opening balance for the first; null when there is none).
 *
 * What a late balance means for the ones after it depends on what the balances are:
 *
 * - `"next"`, for snapshots: each row says a balance that stays as it is. A late one comes between two others, so the flow of
 *   the next one is taken back (weight −1) and given anew. The flows of a key always sum to its last balance.
 * - `"later"`, for running balances such as `integrate` gives: a late row moves all later balances, so the later flows stay
 *   what they were. This inverts `integrate` exactly, row by row: D(I(x)) = x.
 *
 * By default it is `"later"` right after `integrate` and `"next"` otherwise. Only what adds up can be differentiated: sums and
 * counts; not distinct counts, maxima or means. Decimals of up to nine places are subtracted exactly.
 */
import type { Schema } from "../../columns/column.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import type { NamedExpression } from "./derive.ts";
import { checkNumber, keyFields } from "./integrate.ts";

export interface DifferentiateNode {
  readonly verb: "differentiate";
  readonly input: Node;
  readonly keys: readonly NamedExpression[];
  readonly value: RowExpression;
  /** Which flows a late balance changes: its own and the next one's, or its own alone because later balances move with it. */
  readonly late: "next" | "later";
  /** Balance before a key's first row; null: unknown, and the first flow is null. */
  readonly opening: number | null;
}

export const FLOW_FIELDS: Schema = [
  { name: "event_time", type: "timestamp", nullable: false },
  { name: "balance", type: "number", nullable: true },
  { name: "flow", type: "number", nullable: true },
];

export const differentiate: Verb<DifferentiateNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema(node, [input]) {
    checkNumber(node.value, input, "balance");
    return [...keyFields(node.keys, input, FLOW_FIELDS), ...FLOW_FIELDS];
  },
  describe: node =>
    `differentiate ${node.value.source}${node.keys.length > 0 ? ` by ${node.keys.map(k => k.name).join(", ")}` : ""}`,
};
