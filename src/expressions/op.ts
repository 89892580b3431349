/**
 * `op` outside of row functions, as in Arquero: `rollup({n: op.count(), total: op.sum("amount")})`. Inside a row function
 * (`d => op.sum(d.amount)`) `op` is syntax and nothing here is called.
 */
import { AGGREGATE_ALIASES, AGGREGATES, aggregateNamed } from "./aggregates.ts";
import { checkArity, FUNCTIONS, functionNamed } from "./functions.ts";
import { type ExpressionInput, parseExpression } from "./parse.ts";
import { printTypeScript } from "./printers/typescript.ts";
import type { Expr, RowExpression } from "./tree.ts";
import type { Value } from "../columns/column.ts";
import { ALIASES } from "./vocabulary.ts";

/**
 * What `op.name(…)` gives. It is also a number to TypeScript, because the same words are written in row functions,
 * where `op.sum(d.a) / op.count()` is arithmetic; nothing ever computes with it.
 */
export type Operation = RowExpression & number;

/** Makes an expression of a column's name, a constant, another expression or a row function. */
export type OperationBuilder = (...args: (ExpressionInput | null)[]) => Operation;

/** Text is a column's name where a row's value is wanted: in aggregates, and first in scalar functions. */
function argument(input: ExpressionInput | null, isColumn: boolean): RowExpression {
  if (input === null) return { expr: { kind: "literal", value: null }, parameters: {}, source: "null" };
  if (typeof input === "string")
    return {
      expr: isColumn ? { kind: "column", name: input, side: 0 } : { kind: "literal", value: input },
      parameters: {},
      source: input,
    };
  return parseExpression(input);
}

function operation(
  make: (args: readonly Expr[]) => Expr,
  inputs: readonly (ExpressionInput | null)[],
  allColumns: boolean,
): Operation {
  const args = inputs.map((input, i) => argument(input, allColumns || i === 0));
  const parameters: Record<string, Value> = {};
  for (const a of args)
    for (const [name, value] of Object.entries(a.parameters)) {
      if (Object.hasOwn(parameters, name) && !Object.is(parameters[name], value))
        throw new Error(
          `Two arguments capture different values under the name "${name}". Write them as one row function.`,
        );
      parameters[name] = value;
    }
  const expression = { expr: make(args.map(a => a.expr)), parameters, source: "" };
  return { ...expression, source: printTypeScript(expression) } as Operation;
}

function scalarBuilder(name: string): OperationBuilder {
  return (...inputs) =>
    operation(
      args => {
        checkArity(functionNamed(name), args.length);
        return { kind: "call", name, arguments: args };
      },
      inputs,
      false,
    );
}

function aggregateBuilder(name: string): OperationBuilder {
  const declaration = aggregateNamed(name) ?? AGGREGATES.count;
  const [fewest, most] = declaration.arity;
  return (...inputs) => {
    if (inputs.length < fewest || inputs.length > most)
      throw new Error(
        `op.${name} takes ${fewest === most ? fewest : `${fewest} or ${most}`} arguments, not ${inputs.length}.`,
      );
    return operation(args => ({ kind: "aggregate", name: declaration.name, arguments: args }), inputs, true);
  };
}

/** Every function and aggregate by name, aliases included. */
export const op: Readonly<Record<string, OperationBuilder>> = Object.freeze(
  Object.fromEntries([
    ...[...FUNCTIONS.keys()].map(name => [name, scalarBuilder(name)]),
    ...Object.entries(ALIASES).map(([alias, name]) => [alias, scalarBuilder(name)]),
    ...[...Object.keys(AGGREGATES), ...Object.keys(AGGREGATE_ALIASES)].map(name => [name, aggregateBuilder(name)]),
  ]) as Record<string, OperationBuilder>,
);
