/** `select`: keeps, reorders and renames columns. `rename` is written with it. */
import { columnIndex } from "../../columns/batch.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

export interface SelectNode {
  readonly verb: "select";
  readonly input: Node;
  /** Columns to keep, in order. Null keeps all and applies `rename` alone. */
  readonly columns: readonly string[] | null;
  /** Old name → new name. */
  readonly rename: Readonly<Record<string, string>>;
}

/** Pairs the kept input columns with their new names, in output order. Throws when one does not exist. */
export function selection(node: SelectNode, names: readonly string[]): { from: string; to: string }[] {
  for (const name of [...(node.columns ?? []), ...Object.keys(node.rename)])
    if (!names.includes(name))
      throw new Error(`There is no column "${name}" to select. There are: ${names.join(", ")}.`);
  return (node.columns ?? names).map(from => ({ from, to: node.rename[from] ?? from }));
}

export const select: Verb<SelectNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema: (node, [input]) =>
    selection(
      node,
      input.map(f => f.name),
    ).map(({ from, to }) => ({ ...input[columnIndex(input, from)], name: to })),
  describe: node =>
    node.columns === null
      ? `rename ${Object.entries(node.rename)
          .map(([from, to]) => `${from} to ${to}`)
          .join(", ")}`
      : `select ${node.columns.join(", ")}`,
};
