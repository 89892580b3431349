/** `wholeDay`, the engine's half: rows by quarters of an hour of event time, which every zone's days are made of. */
import type { RowExpression } from "../../expressions/tree.ts";
import { zone } from "../../model/zones.ts";
import { ratioBin, timeBin } from "../bins.ts";
import type { ChartArguments, ChartPlan } from "../chart.ts";
import { reachedTable } from "../completeness.ts";
import { timedRows } from "../row-times.ts";
import { fatesOf, windowFacts } from "../twins.ts";

export interface WholeDayOptions {
  /** The zone whose days are held against UTC's. Default: that of the calendar windows. */
  readonly zone?: string;
  /** What to add up. Default: rows are counted. */
  readonly amount?: RowExpression | null;
}

/** All zones of today are whole quarters of an hour away from UTC. 35,000 groups to a year. */
export const QUARTER = 900_000;

/** Bins of age to a doubling: within 9 %. */
export const AGE_BINS = 8;

const BARS = 400;
const DAY = 86_400_000;

export const wholeDay: ChartPlan<WholeDayOptions> = {
  name: "wholeDay",
  title: "Whose day is it?",
  question:
    "Whose day is it? The same rows in days of UTC and of a zone: which change their day, and which days have 23 or 25 hours.",
  plan(args) {
    const { streams, options } = args;
    const amount = options.amount ?? null;
    const rows = amount === null ? fatesOf(streams.stream) : timedRows(streams.stream, "wholeDay", amount);
    const bar = barOf(args);
    return {
      // Rows of each bar by how old it was when they came: what the latest bars are still to get is told from it.
      growth: rows
        .groupby({
          at: timeBin("event_time", bar),
          age: ratioBin(`(d.arrived_at - op.bin(d.event_time, ${bar}))`, AGE_BINS),
        })
        .rollup({ rows: "d => op.count()" }),
      reached: reachedTable(streams.stream),
      quarters: rows.groupby({ at: timeBin("event_time", QUARTER) }).rollup({
        rows: "d => op.count()",
        total: amount === null ? "d => op.count()" : "d => op.sum(d.amount)",
      }),
    };
  },
  facts(args) {
    const { streams, options } = args;
    const facts = windowFacts(streams.stream);
    const name = options.zone ?? facts.zone;
    if (name === null)
      throw new Error('wholeDay needs a zone to hold against UTC: wholeDay(payments, {zone: "Europe/London"}).');
    // Asking for the zone says at once when there is none of that name.
    return { ...facts, zone: zone(name).name, summed: options.amount?.source ?? null, bar: barOf(args) };
  },
};

/** Length of a bar, ms: whole quarters, of which the log's span, with days begun and ended, has at most 400. */
function barOf({ span }: ChartArguments<unknown>): number {
  const length = span === null ? 0 : span.end - span.start + 2 * DAY;
  return QUARTER * Math.max(1, Math.ceil(length / QUARTER / BARS));
}
