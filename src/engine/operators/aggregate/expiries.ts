/**
 * When things expire, looked at in lots: they lie in chains, one for each stretch of time, which are swept up when the watermark has left
 * their stretch behind. What expires later after all is found in its old chain, and moves on.
 */
import { passed } from "./due-queue.ts";

/** The end of a chain. Item 0 is nobody's. */
const NONE = 0;

export class Expiries {
  readonly #stretch: number;
  /** When each item expires; NaN: it does not, or is gone. */
  #expiry = new Float64Array(0);
  /** The first item of each stretch's chain; each item's next. */
  readonly #first = new Map<number, number>();
  #next = new Int32Array(0);
  /** 1 while an item lies in a chain, be it the wrong one; it can lie in one only. */
  #chained = new Uint8Array(0);
  /** The stretch that was reached last. */
  #swept = -Infinity;

  /** `stretch`: how long, in ms, things may be kept beyond their time. */
  constructor(stretch: number) {
    this.#stretch = stretch;
  }

  /** Makes room for items below `size`. */
  widen(size: number): void {
    const expiry = new Float64Array(size).fill(NaN);
    expiry.set(this.#expiry);
    this.#expiry = expiry;
    const next = new Int32Array(size);
    next.set(this.#next);
    this.#next = next;
    const chained = new Uint8Array(size);
    chained.set(this.#chained);
    this.#chained = chained;
  }

  /** Says when an item expires, which is not before the watermark of the last sweep; NaN: not any more. */
  put(item: number, at: number): void {
    this.#expiry[item] = at;
    if (!Number.isNaN(at) && this.#chained[item] === 0) this.#chain(item, at);
  }

  #chain(item: number, at: number): void {
    const stretch = Math.floor(at / this.#stretch);
    this.#next[item] = this.#first.get(stretch) ?? NONE;
    this.#first.set(stretch, item);
    this.#chained[item] = 1;
  }

  /** Gives out what expires in stretches that a watermark has left behind. Meanwhile things may only be put off for good. */
  sweep(watermark: number, expired: (item: number) => void): void {
    const reached = Math.floor(watermark / this.#stretch);
    if (reached <= this.#swept) return;
    const swept = this.#swept;
    this.#swept = reached;
    for (const stretch of passed(this.#first, swept, reached)) {
      const first = this.#first.get(stretch) as number;
      this.#first.delete(stretch);
      for (let item = first, next = NONE; item !== NONE; item = next) {
        next = this.#next[item];
        this.#chained[item] = 0;
        const at = this.#expiry[item];
        if (Number.isNaN(at)) continue;
        if (Math.floor(at / this.#stretch) >= reached) this.#chain(item, at);
        else expired(item);
      }
    }
  }
}
