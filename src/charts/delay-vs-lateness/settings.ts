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

/** The watermark without delay at moments of processing time, ms; ascending in both. */
export interface EagerCourse {
  readonly at: readonly number[];
  readonly watermark: readonly number[];
}

/**
 * How long after the end of each window its on-time pane comes with a delay, ms; windows that are not complete yet have none.
 * Between two moments the watermark is taken to have moved steadily.
 */
export function latencies(course: EagerCourse, ends: readonly number[], delay: number): number[] {
  const { at, watermark } = course;
  const out: number[] = [];
  for (const end of ends) {
    const wanted = end + delay;
    let low = 0;
    let high = watermark.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (watermark[middle] >= wanted) high = middle;
      else low = middle + 1;
    }
    if (low >= at.length) continue;
    const before = low === 0 ? NaN : watermark[low - 1];
    const steady = Number.isFinite(before) && Number.isFinite(watermark[low]);
    const part = steady ? (wanted - before) / (watermark[low] - before) : 1;
    out.push((low === 0 ? at[0] : at[low - 1] + (at[low] - at[low - 1]) * part) - end);
  }
  return out;
}

/** Reads a binned course: the greatest watermark of each step of `step` ms holds at the step's end. */
export function eagerCourse(at: Float64Array, watermark: Float64Array, step: number): EagerCourse {
  const order = Array.from(at.keys()).sort((a, b) => at[a] - at[b]);
  return { at: order.map(i => at[i] + step), watermark: order.map(i => watermark[i]) };
}

/** The median of numbers; NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
