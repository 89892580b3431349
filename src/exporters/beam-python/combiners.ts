/**
 * Aggregates in Beam Python: each is a named `CombineFn` that answers as the notebook does, null for no values included. Beam's
 * own combiners know no null, and its sums lose the last digits of long logs.
 */
import type { AggregateName } from "../../expressions/aggregates.ts";
import type { Node } from "../../pipeline/node.ts";
import type { AggregateCall } from "../../pipeline/verbs/aggregate.ts";
import { differs, notImplemented, type PythonScript } from "./script.ts";

/** How an aggregate is said: the definitions it needs, the last of them its own, or why it cannot be said. */
type Combiner = { readonly classes: readonly string[]; readonly warn?: string } | { readonly cannot: string };

const SUM = `class Sum(beam.CombineFn):
    """Adds values with Neumaier's compensation, so that no digits get lost; None without values."""

    def create_accumulator(self):
        return 0.0, 0.0, 0

    def add_input(self, accumulator, value):
        if value is None:
            return accumulator
        total, rest, count = accumulator
        following = total + value
        if abs(total) >= abs(value):
            rest += total - following + value
        else:
            rest += value - following + total
        return following, rest, count + 1

    def merge_accumulators(self, accumulators):
        merged = self.create_accumulator()
        for total, rest, count in accumulators:
            if count > 0:
                following, error, before = self.add_input(merged, total)
                merged = following, error + rest, before - 1 + count
        return merged

    def extract_output(self, accumulator):
        total, rest, count = accumulator
        return total + rest if count > 0 else None`;

const MEAN = `class Mean(Sum):
    """The mean of the values; None without values."""

    def extract_output(self, accumulator):
        total, rest, count = accumulator
        return (total + rest) / count if count > 0 else None`;

const COUNT = `class CountValues(beam.CombineFn):
    """Counts the values that are not None."""

    def create_accumulator(self):
        return 0

    def add_input(self, count, value):
        return count if value is None else count + 1

    def merge_accumulators(self, counts):
        return sum(counts)

    def extract_output(self, count):
        return count`;

const VALUES = `class Values(beam.CombineFn):
    """Keeps the values that are not None, for combiners that look at all of them together."""

    def create_accumulator(self):
        return []

    def add_input(self, values, value):
        if value is not None:
            values.append(value)
        return values

    def merge_accumulators(self, lists):
        return [value for values in lists for value in values]

    def extract_output(self, values):
        return values`;

const LEAST = `class Least(beam.CombineFn):
    """The least value; None without values. NaN comes after all numbers."""

    def create_accumulator(self):
        return None

    def add_input(self, least, value):
        return self.better(least, value)

    def merge_accumulators(self, values):
        least = None
        for value in values:
            least = self.better(least, value)
        return least

    def extract_output(self, least):
        return least

    def better(self, a, b):
        if a is None or b is None:
            return b if a is None else a
        return b if self.rank(b) < self.rank(a) else a

    def rank(self, value):
        return (value != value, 0 if value != value else value)`;

const GREATEST = `class Greatest(Least):
    """The greatest value; None without values. NaN comes after all numbers."""

    def better(self, a, b):
        if a is None or b is None:
            return b if a is None else a
        return b if self.rank(b) > self.rank(a) else a`;

const DISTINCT = `class Distinct(beam.CombineFn):
    """Counts different values; None is none."""

    def create_accumulator(self):
        return set()

    def add_input(self, values, value):
        if value is not None:
            values.add(value)
        return values

    def merge_accumulators(self, sets):
        return set().union(*sets)

    def extract_output(self, values):
        return len(values)`;

const QUANTILE = `class Median(Values):
    """The median, between the two middle values where there are two; None without values."""

    def extract_output(self, values):
        return statistics.median(values) if values else None`;

const MODE = `class Mode(Values):
    """The most frequent value, of several the least; None without values."""

    def extract_output(self, values):
        counts = collections.Counter(values)
        return min(counts, key=lambda value: (-counts[value], value)) if counts else None`;

const VARIANCE = `class Variance(Values):
    """The sample variance; None for fewer than two values."""

    def extract_output(self, values):
        return statistics.variance(values) if len(values) > 1 else None`;

const STDEV = `class Stdev(Values):
    """The sample standard deviation; None for fewer than two values."""

    def extract_output(self, values):
        return statistics.stdev(values) if len(values) > 1 else None`;

const SOME = `class Some(Values):
    """Whether the condition holds for some row."""

    def extract_output(self, values):
        return any(values)`;

const EVERY = `class Every(Values):
    """Whether the condition holds for all rows."""

    def extract_output(self, values):
        return all(values)`;

const TOGETHER = `class Together(beam.combiners.TupleCombineFn):
    """Combines tuples part by part; for panes without rows too, which Beam's own TupleCombineFn does not expect."""

    def merge_accumulators(self, accumulators):
        accumulators = list(accumulators)
        return super().merge_accumulators(accumulators) if accumulators else self.create_accumulator()`;

const ORDER = "Beam promises no order of values within a pane: the list has the same values in another order.";
const BY_TIME = "it depends on event time, which Beam does not hand to combiners";

const COMBINERS: Readonly<Record<AggregateName, Combiner>> = {
  count: { classes: [COUNT] },
  sum: { classes: [SUM] },
  mean: { classes: [SUM, MEAN] },
  min: { classes: [LEAST] },
  max: { classes: [LEAST, GREATEST] },
  variance: {
    classes: [VALUES, VARIANCE],
    warn: "Variances are computed in another way, and may differ in their last digits.",
  },
  stdev: {
    classes: [VALUES, STDEV],
    warn: "Deviations are computed in another way, and may differ in their last digits.",
  },
  distinct: { classes: [DISTINCT] },
  median: { classes: [VALUES, QUANTILE] },
  quantile: { cannot: "its fraction may differ from row to row" },
  first: { cannot: BY_TIME },
  last: { cannot: BY_TIME },
  collect: { classes: [VALUES], warn: ORDER },
  mode: { classes: [VALUES, MODE] },
  corr: { cannot: "no combiner for it has been written yet" },
  any: { cannot: "Beam promises no order of values, so that none is the first" },
  some: { classes: [VALUES, SOME] },
  every: { classes: [VALUES, EVERY] },
};

/** Prints the combiner of several aggregates of one group. */
export function beamCombiners(calls: readonly AggregateCall[], node: Node, script: PythonScript): string {
  const combiners = calls.map(call => beamCombiner(call, node, script));
  return combiners.length === 1 ? combiners[0] : `${script.define("Together", TOGETHER)}(${combiners.join(", ")})`;
}

const MODULES = ["collections", "statistics"];

/** Prints the combiner of one aggregate, such as `Sum()`, or notes why it cannot be said. */
function beamCombiner(call: AggregateCall, node: Node, script: PythonScript): string {
  if (call.aggregate === "count" && call.arguments.length === 0) return "beam.combiners.CountCombineFn()";
  const combiner = COMBINERS[call.aggregate as AggregateName];
  if ("cannot" in combiner)
    return script.cannot(node, notImplemented(`op.${call.aggregate} is not written for Beam: ${combiner.cannot}.`));
  if (combiner.warn !== undefined) script.cannot(node, differs(combiner.warn));
  let name = "";
  for (const text of combiner.classes) {
    name = /^class (\w+)/.exec(text)?.[1] ?? "";
    script.define(name, text);
    for (const module of MODULES) if (text.includes(`${module}.`)) script.import(`import ${module}`);
  }
  return `${name}()`;
}
