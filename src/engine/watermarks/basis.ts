/**
 * How the watermark of one partition follows its rows: one class for each basis of a watermark strategy.
 *
 * A basis sees the rows of one partition in order of arrival and answers the watermark it would give after each. It
 * need not be monotone; whoever combines partitions takes the greatest answer so far.
 */
import type { WatermarkBasis } from "../../model/watermarks.ts";
import { AdaptiveWindow } from "./adaptive-window.ts";
import { quantileOf } from "./quantile.ts";

export interface BasisTracker {
  /** Takes note of a row and returns the watermark after it. */
  observe(time: number): number;
  snapshot(): unknown;
  restore(snapshot: unknown): void;
}

/** Makes the tracker of a basis for one partition. `perfect`, `punctuated` and `manual` are not followed row by row. */
export function basisTracker(basis: WatermarkBasis): BasisTracker {
  switch (basis.kind) {
    case "bounded":
      return new Bounded(basis.delay);
    case "percentile":
      return new Percentile(basis.quantile, basis.window);
    case "adaptive":
      return new Adaptive(basis.quantile, basis.sensitivity);
    case "punctuated":
      return new Bounded(0);
    case "perfect":
    case "manual":
      throw new Error(`A ${basis.kind} watermark is not followed row by row.`);
  }
}

/** The greatest timestamp seen, less a constant. */
class Bounded implements BasisTracker {
  readonly #delay: number;
  #max = -Infinity;
  constructor(delay: number) {
    this.#delay = delay;
  }
  observe(time: number): number {
    if (time > this.#max) this.#max = time;
    return this.#max - this.#delay;
  }
  snapshot(): unknown {
    return this.#max;
  }
  restore(snapshot: unknown): void {
    this.#max = snapshot as number;
  }
}

/**
 * The greatest timestamp seen, less a quantile of the out-of-orderness of the last rows. The quantile is taken anew
 * when a sixteenth of the window has been replaced, so a row costs O(1) on average.
 */
class Percentile implements BasisTracker {
  readonly #quantile: number;
  readonly #recent: Float64Array;
  #seen = 0;
  #max = -Infinity;
  #delay = 0;
  constructor(quantile: number, window: number) {
    if (!(quantile >= 0 && quantile <= 1))
      throw new Error(`A watermark's quantile lies between 0 and 1, not at ${quantile}.`);
    this.#quantile = quantile;
    this.#recent = new Float64Array(Math.max(1, Math.floor(window)));
  }
  observe(time: number): number {
    this.#recent[this.#seen % this.#recent.length] = Math.max(0, this.#max - time);
    if (this.#max === -Infinity) this.#recent[0] = 0;
    this.#seen++;
    if (time > this.#max) this.#max = time;
    const every = Math.max(1, this.#recent.length >> 4);
    if (this.#seen % every === 0 || this.#seen <= every)
      this.#delay = quantileOf(this.#recent.subarray(0, Math.min(this.#seen, this.#recent.length)), this.#quantile);
    return this.#max - this.#delay;
  }
  snapshot(): unknown {
    return { recent: this.#recent.slice(), seen: this.#seen, max: this.#max, delay: this.#delay };
  }
  restore(snapshot: unknown): void {
    const from = snapshot as { recent: Float64Array; seen: number; max: number; delay: number };
    this.#recent.set(from.recent);
    this.#seen = from.seen;
    this.#max = from.max;
    this.#delay = from.delay;
  }
}

/** The greatest timestamp seen, less a quantile of the out-of-orderness since it last changed its ways (ADWIN). */
class Adaptive implements BasisTracker {
  readonly #quantile: number;
  readonly #window: AdaptiveWindow;
  #max = -Infinity;
  #delay = 0;
  #seen = 0;
  constructor(quantile: number, sensitivity: number) {
    this.#quantile = quantile;
    this.#window = new AdaptiveWindow(sensitivity);
  }
  observe(time: number): number {
    const changed = this.#window.add(this.#max === -Infinity ? 0 : Math.max(0, this.#max - time));
    this.#seen++;
    if (time > this.#max) this.#max = time;
    if (changed || this.#seen % 64 === 0 || this.#seen <= 64)
      this.#delay = quantileOf(this.#window.values(), this.#quantile);
    return this.#max - this.#delay;
  }
  snapshot(): unknown {
    return { window: this.#window.snapshot(), max: this.#max, delay: this.#delay, seen: this.#seen };
  }
  restore(snapshot: unknown): void {
    const from = snapshot as { window: unknown; max: number; delay: number; seen: number };
    this.#window.restore(from.window);
    this.#max = from.max;
    this.#delay = from.delay;
    this.#seen = from.seen;
  }
}
