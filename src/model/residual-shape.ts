/**
 * Names the shape of a cumulative residual, because the shape tells the cause (model: flow and balance):
 *
 * ```
 * step       ______┌──────    a flow that is missing, or counted twice
 * spike      ______▌______    a flow that came late, and heals
 * ramp       ____----‾‾‾‾     a rate that is wrong: a fee, an interest, a currency
 * saw-tooth  /|/|/|/|/|/|     a day that begins at another hour: a time zone
 * ```
 */

export type ResidualShape = "none" | "step" | "spike" | "ramp" | "saw-tooth" | "unknown";

export interface ResidualFinding {
  readonly shape: ResidualShape;
  /** Event time at which it begins: of the jump, of the spike, of the ramp; null where that says nothing. */
  readonly at: number | null;
  /** Size in the balance's unit: of the jump, of the spike, of the ramp per day, of the saw's teeth. 0 for none. */
  readonly size: number;
  /** Period of a saw-tooth, ms; null otherwise. */
  readonly period: number | null;
  /** Share of the residual's variation that the shape explains, 0 to 1. */
  readonly explained: number;
  /** What to look for, as a sentence. */
  readonly meaning: string;
}

const DAY = 86_400_000;

const MEANINGS: Readonly<Record<ResidualShape, string>> = {
  none: "Flows and snapshots agree.",
  step: "A flow is missing, or was counted twice.",
  spike: "A flow came late; its balance has healed since.",
  ramp: "A rate is wrong, or something small is missing all the time: a fee, interest, a currency.",
  "saw-tooth": "The days begin at different hours: a time zone differs between flows and snapshots.",
  unknown: "The residual has no shape that names its cause.",
};

/**
 * Classifies the cumulative residual of one key: `cumulative[i]` at event time `times[i]` (ms, ascending). `tolerance` is the
 * absolute size below which a residual counts as nothing (default half a unit in the ninth decimal). Shapes may lie over a
 * constant, and over noise of about a tenth of their size.
 */
export function residualShape(
  times: ArrayLike<number>,
  cumulative: ArrayLike<number>,
  tolerance = 5e-10,
): ResidualFinding {
  const n = times.length;
  const finding = (
    shape: ResidualShape,
    at: number | null,
    size: number,
    explained: number,
    period: number | null = null,
  ) => ({
    shape,
    at,
    size,
    period,
    explained,
    meaning: MEANINGS[shape],
  });
  const values = Array.from(cumulative);
  const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  if (n === 0 || largest <= tolerance) return finding("none", null, 0, 1);
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const variation = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  if (n < 3 || variation === 0) {
    // Too few snapshots to tell a step from anything else; a constant offset began before the first of them.
    return n < 3 ? finding("unknown", null, largest, 0) : finding("step", times[0], values[0], 1);
  }
  const share = (rest: number): number => Math.max(0, 1 - rest / variation);
  const fits = [bestStep(times, values), bestSpike(times, values), bestRamp(times, values), bestSaw(times, values)].map(
    fit => ({
      ...fit,
      explained: share(fit.rest),
    }),
  );
  // A richer shape has to earn its freedom: the simpler ones come first and win ties.
  let best = fits[0];
  for (const fit of fits) if (fit.explained > best.explained + 0.02) best = fit;
  return best.explained < 0.75
    ? finding("unknown", null, largest, best.explained)
    : finding(best.shape, best.at, best.size, best.explained, best.period);
}

interface Fit {
  readonly shape: ResidualShape;
  readonly at: number | null;
  readonly size: number;
  readonly period: number | null;
  /** Sum of squares that is left. */
  readonly rest: number;
}

/** Two levels with one jump between them, wherever that leaves least. */
function bestStep(times: ArrayLike<number>, values: readonly number[]): Fit {
  const n = values.length;
  let best: Fit = { shape: "step", at: null, size: 0, period: null, rest: Infinity };
  let left = 0;
  let leftSquares = 0;
  const sum = values.reduce((a, b) => a + b, 0);
  const squares = values.reduce((a, b) => a + b * b, 0);
  for (let i = 1; i < n; i++) {
    left += values[i - 1];
    leftSquares += values[i - 1] ** 2;
    const right = sum - left;
    const rest = Math.max(0, leftSquares - left ** 2 / i) + Math.max(0, squares - leftSquares - right ** 2 / (n - i));
    // A level of fewer than two snapshots at the end is no level yet, unless the whole series is short.
    if ((n - i < 2 || i < 1) && n > 3) continue;
    if (rest < best.rest) best = { ...best, at: times[i], size: right / (n - i) - left / i, rest };
  }
  return best;
}

/** One stretch, at most a quarter of the series, away from a level that comes back after it. */
function bestSpike(times: ArrayLike<number>, values: readonly number[]): Fit {
  const n = values.length;
  let best: Fit = { shape: "spike", at: null, size: 0, period: null, rest: Infinity };
  const sums = [0];
  const squares = [0];
  for (const v of values) {
    sums.push(sums[sums.length - 1] + v);
    squares.push(squares[squares.length - 1] + v * v);
  }
  const longest = Math.max(1, Math.floor(n / 4));
  for (let from = 1; from < n - 1; from++)
    for (let to = from + 1; to <= Math.min(n - 1, from + longest); to++) {
      const inside = sums[to] - sums[from];
      const outside = sums[n] - inside;
      const rest =
        Math.max(0, squares[to] - squares[from] - inside ** 2 / (to - from)) +
        Math.max(0, squares[n] - (squares[to] - squares[from]) - outside ** 2 / (n - (to - from)));
      if (rest < best.rest)
        best = { ...best, at: times[from], size: inside / (to - from) - outside / (n - (to - from)), rest };
    }
  return best;
}

/** A level that turns into a straight line at some snapshot, or a straight line from the first on. */
function bestRamp(times: ArrayLike<number>, values: readonly number[]): Fit {
  const n = values.length;
  let best: Fit = { shape: "ramp", at: null, size: 0, period: null, rest: Infinity };
  for (let from = 0; from < n - 2; from++) {
    const x = Array.from({ length: n }, (_, i) => Math.max(0, times[i] - times[from]) / DAY);
    const { slope, rest } = regression(x, values);
    if (best.at === null || rest < best.rest * (1 - 1e-9)) best = { ...best, at: times[from], size: slope, rest };
  }
  return best;
}

/** Something that comes back every day (or half-day): the mean of each time of day, over a level. */
function bestSaw(times: ArrayLike<number>, values: readonly number[]): Fit {
  const none: Fit = { shape: "saw-tooth", at: null, size: 0, period: null, rest: Infinity };
  const n = values.length;
  const days = (times[n - 1] - times[0]) / DAY;
  // A day that came once does not come back; without several snapshots a day nothing can be seen within it.
  if (days < 2 || n / days < 2.5) return none;
  const bins = Math.min(24, Math.max(2, Math.floor(n / days)));
  const sum = new Float64Array(bins);
  const count = new Float64Array(bins);
  const binOf = (t: number): number => Math.min(bins - 1, Math.floor(((((t % DAY) + DAY) % DAY) / DAY) * bins));
  for (let i = 0; i < n; i++) {
    sum[binOf(times[i])] += values[i];
    count[binOf(times[i])]++;
  }
  let rest = 0;
  for (let i = 0; i < n; i++) {
    const b = binOf(times[i]);
    rest += (values[i] - sum[b] / count[b]) ** 2;
  }
  const means = Array.from(sum, (s, b) => s / count[b]).filter(m => !Number.isNaN(m));
  return { ...none, size: Math.max(...means) - Math.min(...means), period: DAY, rest };
}

function regression(x: readonly number[], y: readonly number[]): { slope: number; rest: number } {
  const n = x.length;
  const mx = x.reduce((a, b) => a + b, 0) / n;
  const my = y.reduce((a, b) => a + b, 0) / n;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < n; i++) {
    xx += (x[i] - mx) ** 2;
    xy += (x[i] - mx) * (y[i] - my);
    yy += (y[i] - my) ** 2;
  }
  const slope = xx === 0 ? 0 : xy / xx;
  return { slope, rest: Math.max(0, yy - slope * xy) };
}
