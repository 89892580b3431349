/**
 * `union`: the rows of several streams as one, in the order in which they arrived (position, then clock, then the order
 * in which the streams are named). Columns are matched by name; all streams have the same ones. The output's watermark is
 * the least of the inputs'.
 */
import { columnIndex } from "../../columns/batch.ts";
import type { Schema } from "../../columns/column.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

export interface UnionNode {
  readonly verb: "union";
  readonly inputs: readonly Node[];
}

function unionSchema(inputs: readonly Schema[]): Schema {
  const [first, ...others] = inputs;
  return first.map(field => {
    let nullable = field.nullable;
    for (const other of others) {
      const found = other[columnIndex(other, field.name)];
      if (found === undefined || other.length !== first.length) throw new Error(mismatch(first, other));
      if (found.type !== field.type)
        throw new Error(
          `The column "${field.name}" is a ${field.type} in one stream of the union and a ${found.type} in another. Derive it anew in one of them.`,
        );
      nullable ||= found.nullable;
    }
    return { ...field, nullable };
  });
}

function mismatch(first: Schema, other: Schema): string {
  const lacks = (a: Schema, b: Schema): string[] => a.map(f => f.name).filter(name => columnIndex(b, name) < 0);
  const missing = [...lacks(first, other), ...lacks(other, first)];
  return `The streams of a union need the same columns; not all of them have ${missing.join(", ")}. Select the columns they share, or derive what is missing.`;
}

export const union: Verb<UnionNode> = {
  inputs: node => node.inputs,
  withInputs: (node, inputs) => ({ ...node, inputs }),
  ports: () => [],
  schema: (_node, inputs) => unionSchema(inputs),
  describe: node => `union of ${node.inputs.length}`,
};
