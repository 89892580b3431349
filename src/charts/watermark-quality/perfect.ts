/**
 * How good a watermark was, against the perfect one that hindsight knows: `W*(p) = min { t : arrival > p }`, the least
 * event time still to arrive. Too fast where it is ahead of that (rows will be late), too slow where it is behind
 * (results wait for nothing).
 */

/** Both watermarks at one moment of processing time, ms. */
export interface Comparison {
  readonly at: number;
  readonly actual: number;
  readonly perfect: number;
}

/**
 * Compares the watermarks at the bounds of steps. `least` is the least event time of each step's arrivals, `said` what the
 * watermark was in the last move of each step; both by the step's start.
 */
export function compareWatermarks(
  least: ReadonlyMap<number, number>,
  said: ReadonlyMap<number, number>,
  step: number,
): readonly Comparison[] {
  const starts = [...new Set([...least.keys(), ...said.keys()])].sort((a, b) => a - b);
  if (starts.length === 0) return [];
  // Bounds: the start of every step in which something happens, and its end.
  const bounds = [...new Set(starts.flatMap(s => [s, s + step]))].sort((a, b) => a - b);
  const arrivals = [...least].sort(([a], [b]) => a - b);
  const moves = [...said].sort(([a], [b]) => a - b);
  const suffix: number[] = Array.from({ length: arrivals.length + 1 }, () => Infinity);
  for (let i = arrivals.length - 1; i >= 0; i--) suffix[i] = Math.min(suffix[i + 1], arrivals[i][1]);
  const out: Comparison[] = [];
  let a = 0;
  let m = 0;
  let actual = -Infinity;
  for (const at of bounds) {
    while (a < arrivals.length && arrivals[a][0] < at) a++;
    while (m < moves.length && moves[m][0] < at) actual = Math.max(actual, moves[m++][1]);
    if (actual === -Infinity || suffix[a] === Infinity || actual === Infinity) continue;
    out.push({ at, actual, perfect: suffix[a] });
  }
  return out;
}

export interface Quality {
  /** Area in which the watermark is ahead of the perfect one, ms × ms; divided by `duration` it is the mean lead. */
  readonly tooFast: number;
  readonly tooSlow: number;
  /** Share of the time in which it is ahead. */
  readonly fastShare: number;
  readonly duration: number;
}

/** Integrates the two areas over processing time, by trapezoids between the moments compared. */
export function qualityOf(compared: readonly Comparison[]): Quality {
  let tooFast = 0;
  let tooSlow = 0;
  let fast = 0;
  let duration = 0;
  for (let i = 1; i < compared.length; i++) {
    const [a, b] = [compared[i - 1], compared[i]];
    const width = b.at - a.at;
    const [da, db] = [a.actual - a.perfect, b.actual - b.perfect];
    duration += width;
    if (da >= 0 === db >= 0) {
      const area = (width * (da + db)) / 2;
      if (area > 0 || (area === 0 && da > 0)) {
        tooFast += area;
        fast += width;
      } else tooSlow -= area;
    } else {
      // The lines cross: a triangle on either side.
      const first = (width * Math.abs(da)) / (Math.abs(da) + Math.abs(db));
      const areas = [(first * Math.abs(da)) / 2, ((width - first) * Math.abs(db)) / 2];
      tooFast += da > 0 ? areas[0] : areas[1];
      tooSlow += da > 0 ? areas[1] : areas[0];
      fast += da > 0 ? first : width - first;
    }
  }
  return { tooFast, tooSlow, fastShare: duration === 0 ? 0 : fast / duration, duration };
}
