/**
 * Exact sums of decimal numbers. Money is written with a few decimals, which binary doubles only approximate: 0.1 + 0.2 is not
 * 0.3, and a running balance would drift away from the sum of its flows. Amounts are therefore counted in whole units of
 * 10⁻ᵏ, for the smallest k up to 9 that holds them all, and sums of whole numbers are exact up to 2⁵³.
 *
 * When an amount is no decimal of at most nine places, or the sums grow too large, counting goes on in plain doubles.
 */

/** The most decimals that are counted exactly. */
const MOST_DECIMALS = 9;

export class Unit {
  /** Units per 1; 1 for whole numbers and for plain doubles. */
  factor = 1;
  /** Whether amounts are counted in whole units. */
  exact = true;

  /**
   * Returns an amount in units. When the unit has to change for it, calls `rescale` with what everything counted so far is to
   * be multiplied by. `bound` is the sum of the absolute amounts counted so far, in units.
   */
  count(amount: number, bound: number, rescale: (factor: number) => void): number {
    if (!this.exact) return amount;
    const factor = this.factorFor(amount, bound);
    if (factor === 0) {
      rescale(1 / this.factor);
      this.factor = 1;
      this.exact = false;
      return amount;
    }
    if (factor !== this.factor) {
      rescale(factor / this.factor);
      this.factor = factor;
    }
    return Math.round(amount * factor);
  }

  /** Returns the units per 1 with which an amount can be counted: those of now, finer ones, or 0 where none can. */
  factorFor(amount: number, bound: number): number {
    for (let { factor } = this; factor <= 10 ** MOST_DECIMALS; factor *= 10) {
      const units = Math.round(amount * factor);
      if (bound * (factor / this.factor) + Math.abs(units) > Number.MAX_SAFE_INTEGER) return 0;
      if (units / factor === amount) return factor;
    }
    return 0;
  }

  /** Returns the amount of some units, as the nearest double: 30 units of 0.01 are 0.3. */
  amount(units: number): number {
    return units / this.factor;
  }

  snapshot(): unknown {
    return { factor: this.factor, exact: this.exact };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { factor: number; exact: boolean };
    this.factor = from.factor;
    this.exact = from.exact;
  }
}

/** Subtracts decimals exactly: the decimal that was added to `before` to make `after`. */
export function difference(after: number, before: number): number {
  for (let factor = 1; factor <= 10 ** MOST_DECIMALS; factor *= 10) {
    const a = Math.round(after * factor);
    const b = Math.round(before * factor);
    if (Math.abs(a) > Number.MAX_SAFE_INTEGER || Math.abs(b) > Number.MAX_SAFE_INTEGER) break;
    if (a / factor === after && b / factor === before) return (a - b) / factor;
  }
  return after - before;
}
