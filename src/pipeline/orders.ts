/** What a cell writes for an order of rows. */
import { type ExpressionInput, parseExpression } from "../expressions/parse.ts";
import type { Order } from "./verbs/topN.ts";

/** A criterion of an order: a column's name or an expression, ascending, or `desc(…)` of one. */
export type OrderInput = ExpressionInput | { readonly descending: ExpressionInput };

/** Orders from the greatest to the least: `topN(3, desc("amount"))`. Null comes last in either direction. */
export function desc(by: ExpressionInput): OrderInput {
  return { descending: by };
}

/** Reads an order: one criterion or several, the first of which counts most. */
export function orders(order: OrderInput | readonly OrderInput[]): Order[] {
  const list = (Array.isArray(order) ? order : [order]) as readonly OrderInput[];
  return list.map(by =>
    typeof by === "object" && "descending" in by
      ? { expression: parseExpression(by.descending), descending: true }
      : { expression: parseExpression(by), descending: false },
  );
}
