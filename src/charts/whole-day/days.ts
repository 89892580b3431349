/** Days of a zone from quarters of an hour, and what moves between two reckonings. */
import { zone } from "../../model/zones.ts";
import { QUARTER } from "./plan.ts";

export interface Quarter {
  readonly at: number;
  readonly rows: number;
  readonly total: number;
}

export interface Day {
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  readonly total: number;
  /** Of these, what UTC's day of the same date does not have. */
  readonly gained: number;
}

/** Cuts quarters into the days of a zone. */
export function daysOf(quarters: readonly Quarter[], zoneName: string): readonly Day[] {
  const z = zone(zoneName);
  const days = new Map<number, { start: number; end: number; rows: number; total: number; gained: number }>();
  for (const q of quarters) {
    const start = z.startOfDay(q.at);
    let day = days.get(start);
    if (day === undefined) {
      // 36 hours on is always within the next day, whichever of 23, 24 or 25 hours this one has.
      day = { start, end: z.startOfDay(start + 36 * 3_600_000), rows: 0, total: 0, gained: 0 };
      days.set(start, day);
    }
    day.rows += q.rows;
    day.total += q.total;
    if (moves(q.at, zoneName)) day.gained += q.rows;
  }
  return [...days.values()].sort((a, b) => a.start - b.start);
}

/** Whether a quarter has another date in the zone than in UTC. */
export function moves(at: number, zoneName: string): boolean {
  const local = at + zone(zoneName).offsetAt(at);
  const day = 86_400_000;
  return Math.floor(local / day) !== Math.floor(at / day);
}

/** Merges quarters into bars of `count` of them, so that a chart has at most a few hundred. */
export function bars(quarters: readonly Quarter[], count: number): readonly Quarter[] {
  const size = QUARTER * count;
  const made = new Map<number, { at: number; rows: number; total: number }>();
  for (const q of quarters) {
    const at = Math.floor(q.at / size) * size;
    const bar = made.get(at) ?? { at, rows: 0, total: 0 };
    made.set(at, bar);
    bar.rows += q.rows;
    bar.total += q.total;
  }
  return [...made.values()].sort((a, b) => a.at - b.at);
}
