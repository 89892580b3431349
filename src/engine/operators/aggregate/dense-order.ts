/** Keys in the order in which they first came: the order in which they speak where they do so at the same moment. */
import type { Cells } from "./dense-cells.ts";

export class KeyOrder {
  /** A key's number from 1, by its code + 1; 0: not met. */
  #ranks = new Int32Array(17);
  /** Codes by rank. */
  #met = new Int32Array(17);
  #count = 0;
  #ordered = new Int32Array(16);
  /** Where it is asked for: the position, from the start of the run, of each key's first row, by its code + 1. */
  #first: Float64Array | null = null;

  /** Makes room for key codes below `size`. */
  widen(size: number): void {
    if (size + 1 <= this.#ranks.length) return;
    const ranks = new Int32Array(2 * (size + 1));
    const met = new Int32Array(2 * (size + 1));
    ranks.set(this.#ranks);
    met.set(this.#met);
    this.#ranks = ranks;
    this.#met = met;
    if (this.#first === null) return;
    const first = new Float64Array(met.length);
    first.set(this.#first);
    this.#first = first;
  }

  /** Takes note of a key that may be new, and says whether it was. */
  meet(code: number): boolean {
    if (this.#ranks[code + 1] !== 0) return false;
    this.#met[this.#count++] = code;
    this.#ranks[code + 1] = this.#count;
    return true;
  }

  /** Keeps where keys came first, from now on. */
  keepFirst(): void {
    this.#first = new Float64Array(this.#met.length);
  }

  /** Whether it is kept where keys came first. */
  get keepsFirst(): boolean {
    return this.#first !== null;
  }

  /** Says at which position, from the start of the run, the first row of a key came. */
  cameFirst(code: number, position: number): void {
    if (this.#first !== null) this.#first[code + 1] = position;
  }

  /** Returns what `cameFirst` was told; 0 where it is not kept. */
  firstOf(code: number): number {
    return this.#first === null ? 0 : this.#first[code + 1];
  }

  rank(code: number): number {
    return this.#ranks[code + 1];
  }

  /** Key codes of the cells in a block that have rows, in order. Valid until the next call. */
  inBlock(cells: Cells, block: number): Int32Array {
    const used = cells.uses[block];
    const origin = cells.origin(block);
    const { rows, touched, stride } = cells;
    if (this.#ordered.length < stride) this.#ordered = new Int32Array(stride);
    const ordered = this.#ordered;
    let count = 0;
    // With few of many keys in use, sorting those is less work than asking all.
    if (used * Math.log2(used + 1) * 4 < this.#count) {
      for (let i = 0; i < used; i++) {
        const code = touched[block * stride + i];
        if (rows[origin + code] > 0) ordered[count++] = this.#ranks[code + 1];
      }
      ordered.subarray(0, count).sort();
      for (let i = 0; i < count; i++) ordered[i] = this.#met[ordered[i] - 1];
    } else
      for (let i = 0; i < this.#count; i++) {
        const code = this.#met[i];
        if (rows[origin + code] > 0) ordered[count++] = code;
      }
    return ordered.subarray(0, count);
  }

  snapshot(): Int32Array {
    return this.#met.slice(0, this.#count);
  }

  restore(met: Int32Array): void {
    for (const code of met) this.meet(code);
  }
}
