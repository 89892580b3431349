/**
 * `flatMap`: none, one or several rows for each row, at its position, with its time and weight. Either a function makes them,
 * which runs as it is and returns an array of objects with the stated columns; or a json column is unnested: one row for each
 * element of its array, which takes the column's place, and none for null or an empty array. What is no array counts as its
 * only element.
 */
import type { ColumnType, Field } from "../../columns/column.ts";
import { unknownColumn } from "../../expressions/types.ts";
import type { FunctionText } from "../../model/windows.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

export interface FlatMapNode {
  readonly verb: "flatMap";
  readonly input: Node;
  readonly by:
    | { readonly kind: "function"; readonly fn: FunctionText; readonly fields: readonly Field[] }
    | { readonly kind: "unnest"; readonly column: string; readonly as: string; readonly type: ColumnType };
}

export const flatMap: Verb<FlatMapNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema({ by }, [input]) {
    if (by.kind === "function") return by.fields;
    const field = input.find(f => f.name === by.column);
    if (field === undefined) throw new Error(unknownColumn(by.column, input));
    if (field.type !== "json")
      throw new Error(`The column "${by.column}" is a ${field.type}; only json columns hold arrays to unnest.`);
    if (by.as !== by.column && input.some(f => f.name === by.as))
      throw new Error(`There is a column "${by.as}" already. Choose another name: unnest("${by.column}", {as: "…"}).`);
    return input.map(f => (f === field ? { name: by.as, type: by.type, nullable: true } : f));
  },
  describe: ({ by }) => (by.kind === "unnest" ? `unnest ${by.column}` : "flatMap"),
};
