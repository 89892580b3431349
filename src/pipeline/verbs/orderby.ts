/**
 * `orderby`: says in which order the stream is shown as a table. Rows arrive as before; nothing downstream depends on it.
 */
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import { checkOrder, describeOrder, type Order } from "./topN.ts";

export interface OrderbyNode {
  readonly verb: "orderby";
  readonly input: Node;
  readonly order: readonly Order[];
}

export const orderby: Verb<OrderbyNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema(node, [input]) {
    checkOrder(node.order, input);
    return input;
  },
  describe: node => `order by ${describeOrder(node.order)}`,
};
