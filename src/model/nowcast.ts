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

/** Complete windows at one age, in columns: what many windows are judged by is read many times. */
export class Precedents {
  count = 0;
  beforeUp = new Float64Array(32);
  beforeDown = new Float64Array(32);
  finalUp = new Float64Array(32);
  finalDown = new Float64Array(32);

  clear(): void {
    this.count = 0;
  }

  add(beforeUp: number, beforeDown: number, finalUp: number, finalDown: number): void {
    const i = this.count++;
    if (i === this.beforeUp.length) this.#grow();
    this.beforeUp[i] = beforeUp;
    this.beforeDown[i] = beforeDown;
    this.finalUp[i] = finalUp;
    this.finalDown[i] = finalDown;
  }

  #grow(): void {
    const grown = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(2 * from.length);
      to.set(from);
      return to;
    };
    this.beforeUp = grown(this.beforeUp);
    this.beforeDown = grown(this.beforeDown);
    this.finalUp = grown(this.finalUp);
    this.finalDown = grown(this.finalDown);
  }
}

/** How windows of one age are developed: the way that erred least on the complete ones, and the ends of its band. */
export interface Development {
  readonly way: Way;
  readonly up: Totals;
  readonly down: Totals;
  /** The k-th least and k-th greatest error, each by the square root of its window's size. */
  readonly least: number;
  readonly greatest: number;
  /** Size below which no window is taken to be, so that none has errors without bounds. */
  readonly smallest: number;
}

/** Learns from complete windows how those of their age are developed. Null where they are too few for the band. */
export function developmentOf(precedents: Precedents, coverage = COVERAGE): Development | null {
  const n = precedents.count;
  const k = Math.floor(((n + 1) * (1 - coverage)) / 2 + 1e-9);
  if (k < 1) return null;
  const { beforeUp, beforeDown, finalUp, finalDown } = precedents;
  const up = { before: 0, final: 0, windows: n };
  const down = { before: 0, final: 0, windows: n };
  for (let i = 0; i < n; i++) {
    up.before += beforeUp[i];
    up.final += finalUp[i];
    down.before += beforeDown[i];
    down.final += finalDown[i];
  }
  const smallest = Math.max((up.final - down.final) / n / 100, Number.MIN_VALUE);
  let fewest = Infinity;
  let way = WAYS[0];
  for (const other of WAYS) {
    let sum = 0;
    for (let i = 0; i < n; i++)
      sum += Math.abs(finalUp[i] + finalDown[i] - other(beforeUp[i], up) - other(beforeDown[i], down));
    // Of equals the simplest is taken.
    if (!(sum < fewest * (1 - 1e-9))) continue;
    fewest = sum;
    way = other;
  }
  const errors = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const [a, b] = [way(beforeUp[i], up), way(beforeDown[i], down)];
    errors[i] = (finalUp[i] + finalDown[i] - a - b) / Math.sqrt(Math.max(a - b, smallest));
  }
  errors.sort();
  return { way, up, down, least: errors[k - 1], greatest: errors[n - k], smallest };
}

/**
 * Says what a window is expected to come to that holds `known`. Sums of what has both signs are developed each sign by itself, so that
 * flows that cancel out do no harm.
 */
export function develop(known: Amount, { way, up, down, least, greatest, smallest }: Development): Nowcast {
  const [a, b] = [way(known.up, up), way(known.down, down)];
  const scale = Math.sqrt(Math.max(a - b, smallest));
  const expected = a + b;
  const held = known.up + known.down;
  // What only ever grows is at least what is known.
  const floor = down.final === 0 && known.down === 0 ? held : -Infinity;
  const ceiling = up.final === 0 && known.up === 0 ? held : Infinity;
  const low = Math.min(Math.max(expected + least * scale, floor), ceiling);
  const high = Math.min(Math.max(expected + greatest * scale, floor), ceiling);
  const size = up.final - down.final;
  return {
    known: held,
    expected: Math.min(Math.max(expected, low), high),
    low,
    high,
    share: size > 0 ? Math.min(1, Math.max(0, (up.before - down.before) / size)) : 1,
    windows: up.windows,
  };
}

/** Does both for one window. Null where complete windows are too few. */
export function nowcast(known: Amount, precedents: readonly Precedent[], coverage = COVERAGE): Nowcast | null {
  const development = developmentOf(inColumns(precedents), coverage);
  return development === null ? null : develop(known, development);
}

function inColumns(list: readonly Precedent[]): Precedents {
  const precedents = new Precedents();
  for (const { before, final } of list) precedents.add(before.up, before.down, final.up, final.down);
  return precedents;
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

type Way = typeof chainLadder;

const WAYS: readonly Way[] = [chainLadder, bornhuetterFerguson, benktander];

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
