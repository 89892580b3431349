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

/** The ways, the simplest first. */
const CHAIN_LADDER = 0;
const BORNHUETTER_FERGUSON = 1;
const BENKTANDER = 2;
const WAYS = [CHAIN_LADDER, BORNHUETTER_FERGUSON, BENKTANDER];

/** Fewest complete windows from which a band of this coverage can be had: with 0.8 they are 9. */
export function fewestWindows(coverage = COVERAGE): number {
  return Math.ceil(2 / (1 - coverage) - 1 - 1e-9);
}

/** Complete windows at one age, in columns: what many windows are judged by is read many times. */
export class Precedents {
  count = 0;
  /** Whether one of them has something of a sign. Of a sign that none has the columns are not read. */
  rises = false;
  falls = false;
  beforeUp = new Float64Array(32);
  beforeDown = new Float64Array(32);
  finalUp = new Float64Array(32);
  finalDown = new Float64Array(32);
  /** Room for what each way says that they come to, by sign, and for the errors of the one that is used. */
  waysUp = WAYS.map(() => new Float64Array(32));
  waysDown = WAYS.map(() => new Float64Array(32));
  errors = new Float64Array(32);

  clear(): void {
    this.count = 0;
    this.rises = this.falls = false;
  }

  add(beforeUp: number, beforeDown: number, finalUp: number, finalDown: number): void {
    const i = this.count++;
    if (i === this.beforeUp.length) this.#grow();
    this.beforeUp[i] = beforeUp;
    this.beforeDown[i] = beforeDown;
    this.finalUp[i] = finalUp;
    this.finalDown[i] = finalDown;
    if (beforeUp !== 0 || finalUp !== 0) this.rises = true;
    if (beforeDown !== 0 || finalDown !== 0) this.falls = true;
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
    this.waysUp = this.waysUp.map(grown);
    this.waysDown = this.waysDown.map(grown);
    this.errors = grown(this.errors);
  }
}

/** How windows of one age are developed: the way that erred least on the complete ones, and the ends of its band. */
export class Development {
  /** Index of the way among those that there are. */
  way = 0;
  /** What the complete windows held together then, and in the end, by sign. */
  beforeUp = NaN;
  finalUp = NaN;
  beforeDown = NaN;
  finalDown = NaN;
  windows = 0;
  /** The k-th least and k-th greatest error, each by the square root of its window's size. */
  least = NaN;
  greatest = NaN;
  /** Size below which no window is taken to be, so that none has errors without bounds. */
  smallest = NaN;

  /** Learns from complete windows how those of their age are developed. False where they are too few for the band. */
  learn(precedents: Precedents, coverage = COVERAGE): boolean {
    const n = precedents.count;
    const k = Math.floor(((n + 1) * (1 - coverage)) / 2 + 1e-9);
    if (k < 1) return false;
    const { rises, falls } = precedents;
    this.windows = n;
    this.beforeUp = rises ? sum(precedents.beforeUp, n) : 0;
    this.finalUp = rises ? sum(precedents.finalUp, n) : 0;
    this.beforeDown = falls ? sum(precedents.beforeDown, n) : 0;
    this.finalDown = falls ? sum(precedents.finalDown, n) : 0;
    this.smallest = Math.max((this.finalUp - this.finalDown) / n / 100, Number.MIN_VALUE);
    const fewest = this.#choose(precedents);
    // A way that never erred has no errors to put in order.
    if (fewest === 0) this.least = this.greatest = 0;
    else {
      this.#err(precedents);
      this.#bound(precedents.errors, n, k);
    }
    return true;
  }

  /** Finds the way that errs least, and returns by how much. */
  #choose(precedents: Precedents): number {
    const { count: n, rises, falls, finalUp, finalDown, waysUp, waysDown } = precedents;
    let fewest = Infinity;
    this.way = CHAIN_LADDER;
    if (!rises && !falls) return 0;
    for (let way = 0; way < WAYS.length && fewest !== 0; way++) {
      const up = waysUp[way];
      const down = waysDown[way];
      if (rises) expectAll(way, precedents.beforeUp, n, this.beforeUp, this.finalUp, up);
      if (falls) expectAll(way, precedents.beforeDown, n, this.beforeDown, this.finalDown, down);
      const erred = !falls
        ? distance(finalUp, up, n)
        : !rises
          ? distance(finalDown, down, n)
          : distanceOfBoth(finalUp, finalDown, up, down, n);
      // Of equals the simplest is taken.
      if (!(erred < fewest * (1 - 1e-9))) continue;
      fewest = erred;
      this.way = way;
    }
    return fewest;
  }

  /** Writes the errors of the way that is used. */
  #err({ count: n, rises, falls, finalUp, finalDown, waysUp, waysDown, errors }: Precedents): void {
    const up = waysUp[this.way];
    const down = waysDown[this.way];
    const { smallest } = this;
    if (!falls) for (let i = 0; i < n; i++) errors[i] = (finalUp[i] - up[i]) / Math.sqrt(Math.max(up[i], smallest));
    else if (!rises)
      for (let i = 0; i < n; i++) errors[i] = (finalDown[i] - down[i]) / Math.sqrt(Math.max(-down[i], smallest));
    else
      for (let i = 0; i < n; i++)
        errors[i] = (finalUp[i] + finalDown[i] - up[i] - down[i]) / Math.sqrt(Math.max(up[i] - down[i], smallest));
  }

  /** Finds the k-th least and the k-th greatest of the errors. */
  #bound(errors: Float64Array, n: number, k: number): void {
    if (k > ENDS) {
      this.#sort(errors, n, k);
      return;
    }
    // The three at either end, without a branch that chance would decide.
    let [least, less, low] = [Infinity, Infinity, Infinity];
    let [greatest, greater, high] = [-Infinity, -Infinity, -Infinity];
    for (let i = 0; i < n; i++) {
      const error = errors[i];
      low = Math.max(less, Math.min(low, error));
      less = Math.max(least, Math.min(less, error));
      least = Math.min(least, error);
      high = Math.min(greater, Math.max(high, error));
      greater = Math.min(greatest, Math.max(greater, error));
      greatest = Math.max(greatest, error);
    }
    // What is not a number has its place in the order after all others.
    if (Number.isNaN(least)) this.#sort(errors, n, k);
    else {
      this.least = k === 1 ? least : k === 2 ? less : low;
      this.greatest = k === 1 ? greatest : k === 2 ? greater : high;
    }
  }

  #sort(errors: Float64Array, n: number, k: number): void {
    const sorted = errors.subarray(0, n).sort();
    this.least = sorted[k - 1];
    this.greatest = sorted[n - k];
  }

  /**
   * Writes what a window is expected to come to, of many that hold `ups` and `downs`. Sums of what has both signs are developed each
   * sign by itself, so that flows that cancel out do no harm.
   */
  develop(ups: Float64Array, downs: Float64Array, i: number, into: Estimate): void {
    const up = ups[i];
    const down = downs[i];
    const a = expect(this.way, up, this.beforeUp, this.finalUp, this.windows);
    const b = expect(this.way, down, this.beforeDown, this.finalDown, this.windows);
    const scale = Math.sqrt(Math.max(a - b, this.smallest));
    const expected = a + b;
    const held = up + down;
    // What only ever grows is at least what is known.
    const floor = this.finalDown === 0 && down === 0 ? held : -Infinity;
    const ceiling = this.finalUp === 0 && up === 0 ? held : Infinity;
    const low = Math.min(Math.max(expected + this.least * scale, floor), ceiling);
    const high = Math.min(Math.max(expected + this.greatest * scale, floor), ceiling);
    const size = this.finalUp - this.finalDown;
    into.known = held;
    into.expected = Math.min(Math.max(expected, low), high);
    into.low = low;
    into.high = high;
    into.share = size > 0 ? Math.min(1, Math.max(0, (this.beforeUp - this.beforeDown) / size)) : 1;
    into.windows = this.windows;
  }
}

/** A nowcast that is written over by the next. */
export class Estimate implements Nowcast {
  known = NaN;
  expected = NaN;
  low = NaN;
  high = NaN;
  share = NaN;
  windows = 0;
}

/** Errors on either side up to which they are picked out; of more, all are sorted. */
const ENDS = 3;

/** Does both for one window. Null where complete windows are too few. */
export function nowcast(known: Amount, precedents: readonly Precedent[], coverage = COVERAGE): Nowcast | null {
  const development = new Development();
  if (!development.learn(inColumns(precedents), coverage)) return null;
  const estimate = new Estimate();
  development.develop(Float64Array.of(known.up), Float64Array.of(known.down), 0, estimate);
  return estimate;
}

function inColumns(list: readonly Precedent[]): Precedents {
  const precedents = new Precedents();
  for (const { before, final } of list) precedents.add(before.up, before.down, final.up, final.down);
  return precedents;
}

function sum(values: Float64Array, n: number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += values[i];
  return total;
}

function distance(final: Float64Array, expected: Float64Array, n: number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += Math.abs(final[i] - expected[i]);
  return total;
}

function distanceOfBoth(
  finalUp: Float64Array,
  finalDown: Float64Array,
  up: Float64Array,
  down: Float64Array,
  n: number,
): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += Math.abs(finalUp[i] + finalDown[i] - up[i] - down[i]);
  return total;
}

/** What a window that holds `known` comes to by one of the ways, of one sign; complete ones held `before` together, and then `final`. */
function expect(way: number, known: number, before: number, final: number, windows: number): number {
  // Bornhuetter and Ferguson's way is also what the others do where there is no proportion.
  const added = known + (final - before) / windows;
  if (way === CHAIN_LADDER) return known !== 0 && before !== 0 ? (known * final) / before : added;
  if (way === BENKTANDER) {
    const share = final === 0 ? 1 : before / final;
    return share > 0 ? known + (1 - share) * added : added;
  }
  return added;
}

/** Does the same for many windows, with everything that they share worked out before. */
function expectAll(
  way: number,
  known: Float64Array,
  windows: number,
  before: number,
  final: number,
  into: Float64Array,
): void {
  const more = (final - before) / windows;
  const share = final === 0 ? 1 : before / final;
  if (way === CHAIN_LADDER && before !== 0)
    for (let i = 0; i < windows; i++) into[i] = known[i] !== 0 ? (known[i] * final) / before : known[i] + more;
  else if (way === BENKTANDER && share > 0)
    for (let i = 0; i < windows; i++) into[i] = known[i] + (1 - share) * (known[i] + more);
  else for (let i = 0; i < windows; i++) into[i] = known[i] + more;
}

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
