/**
 * `reconcile`: holds flows against snapshots of the balance. For the k-th snapshot of a key, at event time Tₖ:
 *
 * - `change` Fₖ = S(Tₖ) − S(Tₖ₋₁), what the snapshots say;
 * - `flows` Σ of the flows in (Tₖ₋₁, Tₖ], what the flows say;
 * - `residual` rₖ = Fₖ − flows, what nobody explains;
 * - `cumulative` the sum of the residuals so far. Its shape names the cause: see `residualShape`.
 *
 * A row comes out when the watermark is past Tₖ, so that no flow of it is still to come. What arrives late all the same restates
 * the rows that it changes: each is taken back (weight −1) and given anew. A late flow changes the residual of one snapshot and
 * the cumulative residual of all after it. For a key's first snapshot there is nothing to compare with: `change`, `flows` and
 * `residual` are null, `cumulative` 0. Timestamp: that of the snapshot. Watermark: the lesser of the two.
 */
import type { Schema } from "../../columns/column.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import type { NamedExpression } from "./derive.ts";
import { checkNumber, keyFields } from "./integrate.ts";

export interface ReconcileNode {
  readonly verb: "reconcile";
  readonly flows: Node;
  readonly snapshots: Node;
  /** Keys of both sides, under the same names. */
  readonly flowKeys: readonly NamedExpression[];
  readonly snapshotKeys: readonly NamedExpression[];
  readonly flow: RowExpression;
  readonly balance: RowExpression;
}

export const RESIDUAL_FIELDS: Schema = [
  { name: "event_time", type: "timestamp", nullable: false },
  { name: "snapshot", type: "number", nullable: false },
  { name: "change", type: "number", nullable: true },
  { name: "flows", type: "number", nullable: true },
  { name: "residual", type: "number", nullable: true },
  { name: "cumulative", type: "number", nullable: false },
];

export const reconcile: Verb<ReconcileNode> = {
  inputs: node => [node.flows, node.snapshots],
  withInputs: (node, [flows, snapshots]) => ({ ...node, flows, snapshots }),
  ports: () => [],
  schema(node, [flows, snapshots]) {
    checkNumber(node.flow, flows, "flow");
    checkNumber(node.balance, snapshots, "balance");
    const fields = keyFields(node.snapshotKeys, snapshots, RESIDUAL_FIELDS);
    keyFields(node.flowKeys, flows, RESIDUAL_FIELDS).forEach((field, i) => {
      if (field.type !== fields[i].type)
        throw new Error(
          `The key "${field.name}" is a ${field.type} in the flows and a ${fields[i].type} in the snapshots.`,
        );
    });
    return [...fields, ...RESIDUAL_FIELDS];
  },
  describe: node =>
    `reconcile ${node.flow.source} with ${node.balance.source}${node.flowKeys.length > 0 ? ` by ${node.flowKeys.map(k => k.name).join(", ")}` : ""}`,
};
