/** The implementation of each aggregate. Exhaustive by its type: a declaration without one does not compile. */
import { type AggregateName, aggregateNamed } from "../../expressions/aggregates.ts";
import type { Aggregation, AggregationContext, AggregationFactory } from "./aggregation.ts";
import { any, collect, first, last } from "./arrivals.ts";
import { count, distinct, every, some } from "./counting.ts";
import { max, median, min, mode, quantile } from "./sorted.ts";
import { corr, mean, stdev, sum, variance } from "./sums.ts";

export const AGGREGATIONS: { readonly [A in AggregateName]: AggregationFactory } = {
  count,
  sum,
  mean,
  min,
  max,
  variance,
  stdev,
  distinct,
  median,
  quantile,
  first,
  last,
  collect,
  mode,
  corr,
  any,
  some,
  every,
};

/** Makes the state of an aggregate by name or alias. Throws when there is none of that name. */
export function aggregation(name: string, context: AggregationContext): Aggregation {
  const declaration = aggregateNamed(name);
  if (declaration === undefined)
    throw new Error(`There is no aggregate "${name}". There are: ${Object.keys(AGGREGATIONS).join(", ")}.`);
  return AGGREGATIONS[declaration.name](context);
}
