/** `wholeDay`, the engine's half: rows by quarters of an hour of event time, which every zone's days are made of. */
import type { RowExpression } from "../../expressions/tree.ts";
import { zone } from "../../model/zones.ts";
import { timeBin } from "../bins.ts";
import type { ChartPlan } from "../chart.ts";
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

export const wholeDay: ChartPlan<WholeDayOptions> = {
  name: "wholeDay",
  title: "Whose day is it?",
  question:
    "Whose day is it? The same rows in days of UTC and of a zone: which change their day, and which days have 23 or 25 hours.",
  plan({ streams, options }) {
    const amount = options.amount ?? null;
    const rows = amount === null ? fatesOf(streams.stream) : timedRows(streams.stream, "wholeDay", amount);
    return {
      quarters: rows.groupby({ at: timeBin("event_time", QUARTER) }).rollup({
        rows: "d => op.count()",
        total: amount === null ? "d => op.count()" : "d => op.sum(d.amount)",
      }),
    };
  },
  facts({ streams, options }) {
    const facts = windowFacts(streams.stream);
    const name = options.zone ?? facts.zone;
    if (name === null)
      throw new Error('wholeDay needs a zone to hold against UTC: wholeDay(payments, {zone: "Europe/London"}).');
    // Asking for the zone says at once when there is none of that name.
    return { ...facts, zone: zone(name).name, summed: options.amount?.source ?? null };
  },
};
