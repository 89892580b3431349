/**
 * Nowcasting: what an incomplete window is expected to come to. Of windows that are complete it is known how much of them had
 * come by each age, so what a younger one holds can be developed as they did. This is the reporting triangle of actuaries, who know
 * three ways to do it:
 *
 * - **chain ladder**: it grows in proportion to what has come (T. Mack, *Distribution-free calculation of the standard error of chain
 *   ladder reserve estimates*, ASTIN Bulletin 23, 1993). Right where windows differ in size and come in alike;
 * - **Bornhuetter–Ferguson**: what others still had to come is added (R. Bornhuetter and R. Ferguson, *The actuary and IBNR*, 1972).
 *   Right early on, and the only one that has something to say where nothing has come: silence is not zero;
 * - **Benktander**: between the two, by the share that is known (T. Mack, *Credible claims reserves*, ASTIN Bulletin 30, 2000).
 *
 * Each is asked what the complete windows would have come to, and the one that erred least is used. Its errors, by the square root of
 * a window's size as in Mack's model, are the band: of n errors in order and the unknown one each place is as likely as another, so
 * that the k-th least and the k-th greatest hold it with probability (n + 1 − 2k) / (n + 1) (S. Wilks, *Determination of sample sizes
 * for setting tolerance limits*, 1941). With too few windows there is no such k, and nothing is said.
 */

/** What came to a window, by sign: sums of what was positive, and of what was negative. */
export interface Amount {
  readonly up: number;
  /** 0 or less. */
  readonly down: number;
}

/** A complete window as it was at the age in question, and as it is now. */
export interface Precedent {
  readonly before: Amount;
  readonly final: Amount;
}

export interface Nowcast {
  readonly known: number;
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  /** Share of their final value, by size, that complete windows had at this age: 0 to 1. */
  readonly share: number;
  /** Complete windows it is learned from. */
  readonly windows: number;
}

/** How often the band holds the final value. */
export const COVERAGE = 0.8;

/** Fewest complete windows from which a band of this coverage can be had: with 0.8 they are 9. */
export function fewestWindows(coverage = COVERAGE): number {
  return Math.ceil(2 / (1 - coverage) - 1 - 1e-9);
}

/**
 * Says what a window is expected to come to that holds `known` at some age, from complete windows at the same age. Null where these are
 * too few for the band. Sums of what has both signs are developed each sign by itself, so that flows that cancel out do no harm.
 */
export function nowcast(known: Amount, precedents: readonly Precedent[], coverage = COVERAGE): Nowcast | null {
  const n = precedents.length;
  const k = Math.floor(((n + 1) * (1 - coverage)) / 2 + 1e-9);
  if (k < 1) return null;
  const up = { before: 0, final: 0, windows: n };
  const down = { before: 0, final: 0, windows: n };
  for (const { before, final } of precedents) {
    up.before += before.up;
    up.final += final.up;
    down.before += before.down;
    down.final += final.down;
  }
  const size = up.final - down.final;
  const smallest = Math.max(size / n / 100, Number.MIN_VALUE);
  let errors = new Float64Array(n);
  let other = new Float64Array(n);
  let least = Infinity;
  let chosen = WAYS[0];
  for (const way of WAYS) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const { before, final } = precedents[i];
      const [a, b] = [way(before.up, up), way(before.down, down)];
      const error = final.up + final.down - (a + b);
      sum += Math.abs(error);
      other[i] = error / Math.sqrt(Math.max(a - b, smallest));
    }
    // Of equals the simplest is taken.
    if (!(sum < least * (1 - 1e-9))) continue;
    least = sum;
    chosen = way;
    [errors, other] = [other, errors];
  }
  errors.sort();
  const [a, b] = [chosen(known.up, up), chosen(known.down, down)];
  const scale = Math.sqrt(Math.max(a - b, smallest));
  const expected = a + b;
  const held = known.up + known.down;
  // What only ever grows is at least what is known.
  const floor = down.final === 0 && known.down === 0 ? held : -Infinity;
  const ceiling = up.final === 0 && known.up === 0 ? held : Infinity;
  const within = (value: number): number => Math.min(Math.max(value, floor), ceiling);
  const low = within(expected + errors[k - 1] * scale);
  const high = within(expected + errors[n - k] * scale);
  return {
    known: held,
    expected: Math.min(Math.max(expected, low), high),
    low,
    high,
    share: size > 0 ? Math.min(1, Math.max(0, (up.before - down.before) / size)) : 1,
    windows: n,
  };
}

/** What the complete windows held together then, and in the end, of one sign. */
interface Totals {
  readonly before: number;
  readonly final: number;
  readonly windows: number;
}

const bornhuetterFerguson = (known: number, { before, final, windows }: Totals): number =>
  known + (final - before) / windows;

const chainLadder = (known: number, totals: Totals): number =>
  known !== 0 && totals.before !== 0 ? (known * totals.final) / totals.before : bornhuetterFerguson(known, totals);

const benktander = (known: number, totals: Totals): number => {
  const share = totals.final === 0 ? 1 : totals.before / totals.final;
  return share > 0 ? known + (1 - share) * bornhuetterFerguson(known, totals) : bornhuetterFerguson(known, totals);
};

const WAYS = [chainLadder, bornhuetterFerguson, benktander] as const;

/** Steps of age within a window's length; after its end they grow, two to a doubling. */
const WITHIN = 24;
const AFTER = 24;

/** Places of a curve of growth: place k holds what had come by `ageOf(k)`, the last one everything. */
export const PLACES = WITHIN + AFTER + 1;

/** Where an age lies among the places of a curve, as a fraction; ages and the window's `length` in ms, counted from its start. */
export function placeOf(age: number, length: number): number {
  if (!(age > 0)) return 0;
  if (age <= length) return (age / length) * WITHIN;
  const steps = ((age - length) / length) * WITHIN;
  const place = steps <= Math.SQRT2 ? steps / Math.SQRT2 : 2 * Math.log2(steps);
  return Math.min(WITHIN + place, PLACES - 1);
}

/** Reads a curve of sums between its places. */
export function curveAt(curve: ArrayLike<number>, place: number): number {
  const below = Math.floor(place);
  const before = curve[below];
  return below >= curve.length - 1 ? before : before + (curve[below + 1] - before) * (place - below);
}
