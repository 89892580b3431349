/** What is said of windows, in columns. */
import type { Estimate } from "../../../model/nowcast.ts";

export class Words {
  at = new Float64Array(16);
  known = new Float64Array(16);
  expected = new Float64Array(16);
  low = new Float64Array(16);
  high = new Float64Array(16);
  share = new Float64Array(16);
  windows = new Float64Array(16);
  /** Code of whom it is learned from. */
  from = new Int32Array(16);

  /** Makes room for so many. */
  room(size: number): void {
    if (size <= this.at.length) return;
    const length = Math.max(size, 2 * this.at.length);
    const grown = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(length);
      to.set(from);
      return to;
    };
    this.at = grown(this.at);
    this.known = grown(this.known);
    this.expected = grown(this.expected);
    this.low = grown(this.low);
    this.high = grown(this.high);
    this.share = grown(this.share);
    this.windows = grown(this.windows);
    const from = new Int32Array(length);
    from.set(this.from);
    this.from = from;
  }

  /** Writes what is said at a time. */
  set(i: number, at: number, { known, expected, low, high, share, windows }: Estimate, from: number): void {
    this.at[i] = at;
    this.known[i] = known;
    this.expected[i] = expected;
    this.low[i] = low;
    this.high[i] = high;
    this.share[i] = share;
    this.windows[i] = windows;
    this.from[i] = from;
  }

  /** Says again what other words say. */
  copy(i: number, words: Words, j: number): void {
    this.room(i + 1);
    this.at[i] = words.at[j];
    this.known[i] = words.known[j];
    this.expected[i] = words.expected[j];
    this.low[i] = words.low[j];
    this.high[i] = words.high[j];
    this.share[i] = words.share[j];
    this.windows[i] = words.windows[j];
    this.from[i] = words.from[j];
  }

  /** Whether a window was told the same. */
  says(i: number, { known, expected, low, high }: Estimate): boolean {
    return this.known[i] === known && this.expected[i] === expected && this.low[i] === low && this.high[i] === high;
  }
}
