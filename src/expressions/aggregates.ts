/**
 * The declarations of aggregates: what they take, what they give, and what their state can do. The engine holds one
 * implementation per name, in a mapped type over `AggregateName`, so that a missing one does not compile.
 *
 * All of them ignore null arguments, as SQL's and Arquero's do; `count()` without an argument counts rows.
 */
import type { ColumnType } from "../columns/column.ts";
import { printTypeScript } from "./printers/typescript.ts";
import type { AggregateExpr, Expr, RowExpression } from "./tree.ts";
import { mapParts, parametersOf } from "./tree.ts";
import type { ValueType } from "./types.ts";

export type AggregateName =
  | "count"
  | "sum"
  | "mean"
  | "min"
  | "max"
  | "variance"
  | "stdev"
  | "distinct"
  | "median"
  | "quantile"
  | "first"
  | "last"
  | "collect"
  | "mode"
  | "corr"
  | "any"
  | "some"
  | "every";

export interface AggregateDeclaration {
  readonly name: AggregateName;
  /** Says in a phrase what it gives. */
  readonly about: string;
  /** Fewest and most arguments. */
  readonly arity: readonly [number, number];
  /** The result's type, or `argument` for the first argument's own. */
  readonly result: ColumnType | "argument";
  /** Whether a group with no value that is not null gives null (count and distinct give 0). */
  readonly nullable: boolean;
  /** Whether a constant-size state can take a value back; the others keep the values they need to. */
  readonly invertible: boolean;
  /** Whether two states can be merged into one. */
  readonly mergeable: boolean;
  /** Whether it depends on event time. */
  readonly ordered: boolean;
  /** Whether results can be differenced into flows: sums and counts can; distinct counts, maxima and means cannot. */
  readonly additive: boolean;
  readonly sql?: string;
}

type Rest = Partial<Pick<AggregateDeclaration, "invertible" | "ordered" | "additive" | "sql">> & { notNull?: true };

function aggregate(
  name: AggregateName,
  about: string,
  arity: readonly [number, number],
  result: ColumnType | "argument",
  { notNull, ...rest }: Rest = {},
): AggregateDeclaration {
  return {
    invertible: false,
    ordered: false,
    additive: false,
    ...rest,
    name,
    about,
    arity,
    result,
    mergeable: true,
    nullable: notNull !== true,
  };
}

/** Every aggregate by name. */
export const AGGREGATES: Readonly<Record<AggregateName, AggregateDeclaration>> = {
  count: aggregate("count", "how many rows, or how many values that are not null", [0, 1], "number", {
    invertible: true,
    additive: true,
    notNull: true,
    sql: "COUNT($*)",
  }),
  sum: aggregate("sum", "the sum", [1, 1], "number", { invertible: true, additive: true, sql: "SUM($1)" }),
  mean: aggregate("mean", "the mean", [1, 1], "number", { invertible: true, sql: "AVG($1)" }),
  min: aggregate("min", "the least value", [1, 1], "argument", { sql: "MIN($1)" }),
  max: aggregate("max", "the greatest value", [1, 1], "argument", { sql: "MAX($1)" }),
  variance: aggregate("variance", "the sample variance", [1, 1], "number", { invertible: true, sql: "VAR_SAMP($1)" }),
  stdev: aggregate("stdev", "the sample standard deviation", [1, 1], "number", {
    invertible: true,
    sql: "STDDEV_SAMP($1)",
  }),
  distinct: aggregate("distinct", "how many different values", [1, 1], "number", {
    notNull: true,
    sql: "COUNT(DISTINCT $1)",
  }),
  median: aggregate("median", "the median", [1, 1], "number", {
    sql: "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY $1)",
  }),
  quantile: aggregate("quantile", "the value at a fraction of the sorted values", [2, 2], "number", {
    sql: "PERCENTILE_CONT($2) WITHIN GROUP (ORDER BY $1)",
  }),
  first: aggregate("first", "the value of the earliest row in event time", [1, 1], "argument", { ordered: true }),
  last: aggregate("last", "the value of the latest row in event time", [1, 1], "argument", { ordered: true }),
  collect: aggregate("collect", "an array of all values", [1, 1], "json", { notNull: true, sql: "ARRAY_AGG($1)" }),
  mode: aggregate("mode", "the most frequent value", [1, 1], "argument", { sql: "MODE() WITHIN GROUP (ORDER BY $1)" }),
  corr: aggregate("corr", "the correlation of two values", [2, 2], "number", {
    invertible: true,
    sql: "CORR($1, $2)",
  }),
  any: aggregate("any", "one of the values, the same one in every run", [1, 1], "argument", { sql: "ANY_VALUE($1)" }),
  some: aggregate("some", "whether the condition holds for some row", [1, 1], "boolean", {
    invertible: true,
    notNull: true,
    sql: "BOOL_OR($1)",
  }),
  every: aggregate("every", "whether the condition holds for all rows", [1, 1], "boolean", {
    invertible: true,
    notNull: true,
    sql: "BOOL_AND($1)",
  }),
};

/** Other names people know them by. */
export const AGGREGATE_ALIASES: Readonly<Record<string, AggregateName>> = {
  average: "mean",
  avg: "mean",
  array_agg: "collect",
  stddev: "stdev",
};

/** Finds a declaration by name or alias. */
export function aggregateNamed(name: string): AggregateDeclaration | undefined {
  if (Object.hasOwn(AGGREGATES, name)) return AGGREGATES[name as AggregateName];
  return Object.hasOwn(AGGREGATE_ALIASES, name) ? AGGREGATES[AGGREGATE_ALIASES[name]] : undefined;
}

/** Returns the type of an aggregate's result. Throws on an unknown name, a wrong count, or text where numbers are meant. */
export function aggregateType(name: string, args: readonly ValueType[]): ValueType {
  const declaration = aggregateNamed(name);
  if (declaration === undefined)
    throw new Error(`There is no aggregate "${name}". There are: ${Object.keys(AGGREGATES).join(", ")}.`);
  const [fewest, most] = declaration.arity;
  if (args.length < fewest || args.length > most)
    throw new Error(
      `${name} takes ${fewest === most ? fewest : `${fewest} or ${most}`} arguments, not ${args.length}.`,
    );
  if (
    declaration.result === "number" &&
    args.length > 0 &&
    args[0].type === "string" &&
    !countsAnything(declaration.name)
  )
    throw new Error(
      `${name} needs numbers, but its argument is text. Convert it first: op.${name}(op.parse_float(…)).`,
    );
  return {
    type: declaration.result === "argument" ? args[0].type : declaration.result,
    nullable: declaration.nullable,
  };
}

function countsAnything(name: AggregateName): boolean {
  return name === "count" || name === "distinct";
}

/** One aggregate taken out of an expression: `output` reads its result as the column `name`. */
export interface SplitAggregate {
  readonly name: string;
  readonly aggregate: AggregateName;
  readonly arguments: readonly RowExpression[];
}

/**
 * Takes the aggregates out of an expression: `op.sum(d.a) / op.count()` becomes two calls and `$total.0 / $total.1`.
 * Equal aggregates are computed once. Throws when one aggregate is an argument of another.
 */
export function splitAggregates(
  expression: RowExpression,
  name: string,
): { readonly aggregates: readonly SplitAggregate[]; readonly output: RowExpression } {
  const aggregates: SplitAggregate[] = [];
  const columns = new Map<string, string>();
  const split = (expr: Expr): Expr => {
    if (expr.kind !== "aggregate") return mapParts(expr, split);
    const key = JSON.stringify(expr);
    let column = columns.get(key);
    if (column === undefined) {
      column = `$${name}.${aggregates.length}`;
      columns.set(key, column);
      aggregates.push({
        name: column,
        aggregate: aggregateNamed(expr.name)?.name as AggregateName,
        arguments: expr.arguments.map(argument => rowArgument(argument, expr, expression)),
      });
    }
    return { kind: "column", name: column, side: 0 };
  };
  const output = split(expression.expr);
  return { aggregates, output: withUsedParameters(output, expression) };
}

function rowArgument(argument: Expr, outer: AggregateExpr, expression: RowExpression): RowExpression {
  const inner = findAggregate(argument);
  if (inner !== undefined)
    throw new Error(
      `${outer.name} cannot aggregate ${inner.name}: an aggregate's argument is computed row by row. Use two rollups, one after the other.`,
    );
  return withUsedParameters(argument, expression);
}

function findAggregate(expr: Expr): AggregateExpr | undefined {
  if (expr.kind === "aggregate") return expr;
  let found: AggregateExpr | undefined;
  mapParts(expr, part => {
    found ??= findAggregate(part);
    return part;
  });
  return found;
}

/**
 * Makes a row expression of a part: with those parameters only that it uses, and its own text as its source, so that
 * equal parts of different expressions are equal and state can be kept for them.
 */
function withUsedParameters(expr: Expr, { parameters }: RowExpression): RowExpression {
  const used = Object.fromEntries(parametersOf(expr).map(name => [name, parameters[name]]));
  const part = { expr, parameters: used, source: "" };
  return { ...part, source: printTypeScript(part) };
}
