/** What a pair of settings does, from margins and the course of the watermark without delay. */
import type { Distribution } from "../distribution.ts";
import { rowsAtLeast } from "../drop-curve/closed-form.ts";

/** Share of rows that are too late for the on-time pane but still accepted, and of those that are dropped. */
export function outcome(
  margins: Distribution,
  rows: number,
  delay: number,
  lateness: number,
): { readonly corrected: number; readonly dropped: number } {
  const missed = rowsAtLeast(margins, delay) / rows;
  const dropped = rowsAtLeast(margins, delay + lateness) / rows;
  return { corrected: Math.max(missed - dropped, 0), dropped };
}

/** The watermark without delay: from `at[i]` on it is `watermark[i]`, ms; ascending in both. */
export interface EagerCourse {
  readonly at: readonly number[];
  readonly watermark: readonly number[];
}

/** How long after the end of each window its on-time pane comes with a delay, ms; windows that are not complete yet have none. */
export function latencies(course: EagerCourse, ends: readonly number[], delay: number): number[] {
  const out: number[] = [];
  for (const end of ends) {
    let low = 0;
    let high = course.watermark.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (course.watermark[middle] >= end + delay) high = middle;
      else low = middle + 1;
    }
    if (low < course.at.length) out.push(course.at[low] - end);
  }
  return out;
}

/** The median of numbers; NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
