/** What a cell writes for keys and for new columns, as named expressions. */
import { type ExpressionInput, parseExpression } from "../expressions/parse.ts";
import type { NamedExpression } from "./verbs/derive.ts";

/** A column by its name, several by theirs, or new ones by expressions: `"branch"`, `["a", "b"]`, `{hour: d => op.hour(d.at)}`. */
export type Keys = string | readonly string[] | Readonly<Record<string, ExpressionInput>>;

/** Reads new columns: `{hour: d => op.hour(d.at)}`. */
export function named(columns: Readonly<Record<string, ExpressionInput>>): NamedExpression[] {
  return Object.entries(columns).map(([name, input]) => ({ name, expression: parseExpression(input) }));
}

/** Reads keys. A name stands for the column of that name. */
export function namedKeys(keys: Keys): NamedExpression[] {
  if (typeof keys === "string") return [{ name: keys, expression: columnExpression(keys) }];
  if (Array.isArray(keys)) return (keys as readonly string[]).flatMap(namedKeys);
  return named(keys as Readonly<Record<string, ExpressionInput>>);
}

/** Makes the expression that is a column. */
export function columnExpression(name: string): NamedExpression["expression"] {
  return { expr: { kind: "column", name, side: 0 }, parameters: {}, source: name };
}
