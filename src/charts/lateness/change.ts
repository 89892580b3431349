/**
 * When a series of delays took another level: the cut that leaves least behind when each side is told by its median. In
 * logarithms, since delays differ by factors; with absolute deviations, so that a spike is no new level.
 */

export interface Change {
  /** Index of the first point of the new level. */
  readonly index: number;
  readonly before: number;
  readonly after: number;
}

/** Fewest points on either side of a cut: less is a spike. */
const SIDE = 5;
/** How much of the deviations a cut has to explain, and by what factor the level has to differ. */
const EXPLAINED = 0.25;
const FACTOR = 1.5;

/** Finds the one cut of `values` (ms, greater than 0, in order of time) at which their level changed most; null for none. */
export function changeOf(values: readonly number[]): Change | null {
  const logs = values.map(Math.log);
  const whole = deviation(logs);
  let best: Change | null = null;
  let least = whole * (1 - EXPLAINED);
  for (let index = SIDE; index <= logs.length - SIDE; index++) {
    const sides = [logs.slice(0, index), logs.slice(index)];
    const left = deviation(sides[0]) + deviation(sides[1]);
    const [before, after] = sides.map(side => Math.exp(median(side)));
    if (left < least && Math.max(before / after, after / before) >= FACTOR) {
      least = left;
      best = { index, before, after };
    }
  }
  return best;
}

function deviation(values: readonly number[]): number {
  const middle = median(values);
  return values.reduce((n, v) => n + Math.abs(v - middle), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
