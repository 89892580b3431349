/**
 * Seeded chance for the sample logs. Only arithmetic, `Math.exp` and `Math.sqrt` stand behind it, never `Math.pow` or the
 * trigonometric functions, so that every host writes the same bytes.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Returns the next number, uniform in [0, 1) (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Returns a number uniform in [low, high). */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Returns an integer uniform in low … high, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Returns true with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns one of the values, each as likely as the others. */
  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)];
  }

  /** Returns an index with probability in proportion to its weight. */
  weighted(weights: readonly number[]): number {
    let total = 0;
    for (const weight of weights) total += weight;
    let at = this.next() * total;
    for (let i = 0; i < weights.length; i++) {
      at -= weights[i];
      if (at < 0) return i;
    }
    return weights.length - 1;
  }

  /** Returns a number that is nearly normal, of mean 0 and deviation 1: the sum of twelve uniforms. */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.next();
    return sum;
  }

  /** Returns a log-normal number with the given median; `spread` is the deviation of its logarithm. */
  logNormal(median: number, spread: number): number {
    return median * Math.exp(spread * this.normal());
  }
}

/** Draws ranks 0 … count − 1 with probability in proportion to 1 / (rank + 1): a few are met often, most rarely. */
export class Zipf {
  readonly #cumulative: Float64Array;

  constructor(count: number) {
    this.#cumulative = new Float64Array(count);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += 1 / (i + 1);
      this.#cumulative[i] = sum;
    }
  }

  draw(random: Random): number {
    const at = random.next() * this.#cumulative[this.#cumulative.length - 1];
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cumulative[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Writes an instant as ISO 8601 in UTC with milliseconds: `2026-03-28T23:55:04.120Z`. */
export function isoUtc(ms: number): string {
  return new Date(ms).toISOString();
}

/** Writes an instant as a wall clock shows it to the second, with the clock's offset: `2026-03-29T02:10:00+01:00`. */
export function isoWithOffset(ms: number, offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (n: number): string => String(n).padStart(2, "0");
  const sign = offsetMs < 0 ? "-" : "+";
  return `${new Date(ms + offsetMs).toISOString().slice(0, 19)}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Writes objects as JSON lines, with a last newline. */
export function jsonLines(rows: readonly object[]): string {
  return `${rows.map(row => JSON.stringify(row)).join("\n")}\n`;
}
