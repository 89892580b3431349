/**
 * How many rows a delay drops, without a replay.
 *
 * With the watermark of a delay of 0 known for each row, two things follow for every delay `d` and allowed lateness `A`.
 * Exactly: a row is dropped when that watermark is at least `d + A` past the end of its window (its margin). In closed form,
 * for fixed windows of size `s`: a row `L` out of order stands anywhere in its window, so it is dropped with probability
 * `clamp((L − d − A) / s, 0, 1)`.
 */
import type { Distribution } from "../distribution.ts";

/** The closed form's share of dropped rows: the mean of `clamp((L − delay − lateness) / size, 0, 1)`. All in ms. */
export function expectedDropped(disorder: Distribution, size: number, delay: number, lateness: number): number {
  let dropped = 0;
  for (const { mean, rows } of disorder.bins)
    dropped += rows * Math.min(Math.max((mean - delay - lateness) / size, 0), 1);
  return disorder.rows === 0 ? NaN : dropped / disorder.rows;
}

/** The number of rows whose margin is at least `beyond` ms; exact at the bounds of bins, and in proportion between them. */
export function rowsAtLeast({ bins }: Distribution, beyond: number): number {
  let count = 0;
  for (const { low, high, mean, rows } of bins) {
    if (low >= beyond || beyond <= 0) count += rows;
    else if (high > beyond) count += rows === 1 ? Number(mean >= beyond) : rows * ((high - beyond) / (high - low));
  }
  return count;
}

/** The interval that holds a share with 95 % confidence when `count` of `total` rows were seen to have it (Wilson 1927). */
export function wilson(count: number, total: number): readonly [number, number] {
  if (total === 0) return [0, 1];
  const z = 1.959964;
  const p = count / total;
  const middle = (p + (z * z) / (2 * total)) / (1 + (z * z) / total);
  const half = (z / (1 + (z * z) / total)) * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

export interface Suggestion {
  /** The least delay that kept the target share of this log, ms; 0 where none is needed. */
  readonly delay: number;
  /** Between these the delay that keeps the target of such data lies, with 95 % confidence; `high` is Infinity where the log is too short to say. */
  readonly low: number;
  readonly high: number;
}

/** Suggests a delay that drops at most `1 − target` of the rows, given the margins of those that a delay of 0 drops. */
export function suggestDelay(margins: Distribution, rows: number, target: number, lateness: number): Suggestion {
  const allowed = 1 - target;
  const least = (tooMany: (count: number) => boolean): number => {
    if (!tooMany(rowsAtLeast(margins, lateness))) return 0;
    let low = 0;
    let high = Math.max(margins.max * 1.0001 + 1 - lateness, 1);
    if (tooMany(rowsAtLeast(margins, high + lateness))) return Infinity;
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (tooMany(rowsAtLeast(margins, middle + lateness))) low = middle;
      else high = middle;
    }
    return high;
  };
  return {
    // A count within a bin is a proportion; half a row more or less is no reason for a longer delay.
    delay: least(count => count > allowed * rows + 1e-9),
    low: least(count => wilson(count, rows)[0] > allowed),
    high: least(count => wilson(count, rows)[1] > allowed),
  };
}
