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

/** A watermark's course: moments of processing time and the watermark from each on, ms; ascending in both. */
export interface SteppedCourse {
  readonly at: readonly number[];
  readonly watermark: readonly number[];
  /** One moment from each step of this length, in which it moved we do not know how; 0: every move is there. */
  readonly step: number;
}

/**
 * When a watermark passed a moment of event time; NaN if it has not. Between two steps that follow on each other it is taken to
 * have moved steadily; after a pause it jumped.
 */
export function passedWhen({ at, watermark, step }: SteppedCourse, moment: number): number {
  let low = 0;
  let high = watermark.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (watermark[middle] >= moment) high = middle;
    else low = middle + 1;
  }
  if (low >= at.length) return NaN;
  if (step === 0) return at[low];
  const before = low === 0 ? NaN : watermark[low - 1];
  const steady = Number.isFinite(before) && Number.isFinite(watermark[low]) && at[low] - at[low - 1] < step * 2;
  if (!steady) return at[low];
  return at[low - 1] + ((at[low] - at[low - 1]) * (moment - before)) / (watermark[low] - before);
}

/** How long after the end of each window its on-time pane comes with a delay, ms; windows that are not complete yet have none. */
export function latencies(course: SteppedCourse, ends: readonly number[], delay: number): number[] {
  return ends.map(end => passedWhen(course, end + delay) - end).filter(wait => !Number.isNaN(wait));
}

/** A window over all its keys: how many of them opened it, and the sum of the moments at which they did, ms. */
export interface OpenedWindow {
  readonly end: number;
  readonly keys: number;
  readonly opened: number;
}

/** Windows that are followed one by one; of more, every so many stand for the others. */
const MOST_FOLLOWED = 2_000;

/**
 * How many windows of keys are held at a time, on the average over a stretch of processing time, when they are kept for `patience` ms
 * past their end: the delay and the allowed lateness together. NaN before any time has passed.
 */
export function heldOnAverage(
  course: SteppedCourse,
  windows: readonly OpenedWindow[],
  patience: number,
  { start, end: horizon }: { readonly start: number; readonly end: number },
): number {
  const length = horizon - start;
  if (!(length > 0)) return NaN;
  const stride = Math.ceil(windows.length / MOST_FOLLOWED);
  let [held, all, followed] = [0, 0, 0];
  windows.forEach(({ end, keys, opened }, i) => {
    all += keys;
    if (i % stride !== 0) return;
    const passed = passedWhen(course, end + patience);
    const closed = Number.isNaN(passed) ? horizon : Math.min(passed, horizon);
    followed += keys;
    held += Math.max(0, closed * keys - opened);
  });
  return followed === 0 ? 0 : (held * all) / followed / length;
}

/** Reads a binned course: for each step the greatest watermark, and when the last word of it came. */
export function steppedCourse(at: Float64Array, watermark: Float64Array, step: number): SteppedCourse {
  const order = Array.from(at.keys()).sort((a, b) => at[a] - at[b]);
  return { at: order.map(i => at[i]), watermark: order.map(i => watermark[i]), step };
}

/** The median of numbers; NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
