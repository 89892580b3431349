/**
 * `integrate`: from flow to balance. Each flow comes out once, with the balance of its key at its own event time as far as it
 * is known then: `balance = opening + Σ flows with event time ≤ its own, so far`.
 *
 * A late flow moves all later balances of its key by its amount. They are not said again one by one; the row says it for all
 * of them: `restated` is the number of later flows of the key whose balance it moved, from `event_time` on, each by `flow`.
 * So a late row costs O(log n), and the changes can be undone: `differentiate` over this gives the flows back exactly.
 *
 * The balance at any event time T as known at any processing time p, `B(T; p) = B₀ + Σ { x : event time ≤ T, arrival ≤ p }`,
 * and what was restated between two processing times, are asked of the running operator (`Balances` in the engine).
 *
 * A flow of negative weight counts as its negative. Null counts as 0. Decimals of up to nine places are summed exactly.
 * An opening balance is a number for every key, numbers by key, or a stream of opening rows with the same key columns; these
 * are added to the balance from their arrival on, whatever their event time, and do not come out. Time, position and watermark
 * of the flows pass through.
 */
import type { Field, Schema } from "../../columns/column.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import { typeOf } from "../../expressions/types.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import type { NamedExpression } from "./derive.ts";

export type Opening =
  | { readonly kind: "number"; readonly value: number }
  /** By the text of the key, for streams with one key column. */
  | { readonly kind: "numbers"; readonly values: Readonly<Record<string, number>> }
  | {
      readonly kind: "stream";
      readonly node: Node;
      readonly keys: readonly NamedExpression[];
      readonly value: RowExpression;
    };

export interface IntegrateNode {
  readonly verb: "integrate";
  readonly input: Node;
  readonly keys: readonly NamedExpression[];
  readonly value: RowExpression;
  readonly opening: Opening;
}

export const BALANCE_FIELDS: Schema = [
  { name: "event_time", type: "timestamp", nullable: false },
  { name: "flow", type: "number", nullable: true },
  /** The balance of the key at `event_time`, this flow included. */
  { name: "balance", type: "number", nullable: false },
  /** Later flows of the key whose balance moved by `flow`. */
  { name: "restated", type: "number", nullable: false },
];

/** Checks that an expression is a number. Throws with what it is instead. */
export function checkNumber(expression: RowExpression, input: Schema, what: string): void {
  const { type } = typeOf(expression, [input]);
  if (type !== "number") throw new Error(`The ${what} ${expression.source} is a ${type}; it has to be a number.`);
}

/** The key columns of a balance, checked against the columns beside them. */
export function keyFields(keys: readonly NamedExpression[], input: Schema, beside: Schema): Field[] {
  return keys.map(key => {
    if (beside.some(f => f.name === key.name))
      throw new Error(`A key cannot be named "${key.name}", which is a column of the result. Group by another name.`);
    return { name: key.name, ...typeOf(key.expression, [input]) };
  });
}

export const integrate: Verb<IntegrateNode> = {
  inputs: ({ input, opening }) => (opening.kind === "stream" ? [input, opening.node] : [input]),
  withInputs: (node, [input, second]) => ({
    ...node,
    input,
    opening: node.opening.kind === "stream" ? { ...node.opening, node: second } : node.opening,
  }),
  ports: () => [],
  schema({ keys, value, opening }, [input, second]) {
    checkNumber(value, input, "flow");
    const fields = keyFields(keys, input, BALANCE_FIELDS);
    if (opening.kind === "numbers" && keys.length !== 1)
      throw new Error(
        `Opening balances by name need one key column, not ${keys.length}. Give them as a stream with the key columns.`,
      );
    if (opening.kind === "stream") {
      checkNumber(opening.value, second, "opening balance");
      keyFields(opening.keys, second, []).forEach((field, i) => {
        if (field.type !== fields[i].type)
          throw new Error(
            `The key "${field.name}" is a ${fields[i].type} in the flows and a ${field.type} in the opening balances.`,
          );
      });
    }
    return [...fields, ...BALANCE_FIELDS];
  },
  describe: node =>
    `integrate ${node.value.source}${node.keys.length > 0 ? ` by ${node.keys.map(k => k.name).join(", ")}` : ""}`,
};
