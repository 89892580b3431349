/** How long to wait before connecting again: longer after each failure in a row, and never in step with others. */

const FIRST = 1_000;
const LONGEST = 30_000;

export class BackOff {
  #failures = 0;
  #base = FIRST;

  /** Takes the pause that a server asks for, ms, as the shortest one. */
  set base(pause: number) {
    this.#base = Math.min(Math.max(pause, 100), LONGEST);
  }

  /** Milliseconds until the next attempt: base, twice, four times …, half a minute at most, spread by a quarter. */
  next(random: () => number = Math.random): number {
    const pause = Math.min(this.#base * 2 ** this.#failures++, LONGEST);
    return Math.round(pause * (1 + 0.25 * random()));
  }

  /** The connection holds: the next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
