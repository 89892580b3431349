/** Partitions in the order in which they were last heard, as a doubly linked list in arrays: every move is O(1). */
export class SilenceList {
  /** Neighbours of each partition; -1: none. */
  #before = new Int32Array(8);
  #after = new Int32Array(8);
  #inside = new Uint8Array(8);
  #first = -1;
  #last = -1;

  /** The partition that was heard the longest ago, or -1. */
  get first(): number {
    return this.#first;
  }

  /** Makes a partition the one heard last. */
  hear(partition: number): void {
    if (partition === this.#last) return;
    if (partition >= this.#inside.length) this.#grow(partition + 1);
    this.leave(partition);
    this.#inside[partition] = 1;
    this.#before[partition] = this.#last;
    this.#after[partition] = -1;
    if (this.#last < 0) this.#first = partition;
    else this.#after[this.#last] = partition;
    this.#last = partition;
  }

  /** Takes a partition out, if it is in. */
  leave(partition: number): void {
    if (this.#inside[partition] === 0) return;
    this.#inside[partition] = 0;
    const before = this.#before[partition];
    const after = this.#after[partition];
    if (before < 0) this.#first = after;
    else this.#after[before] = after;
    if (after < 0) this.#last = before;
    else this.#before[after] = before;
  }

  clear(): void {
    this.#inside.fill(0);
    this.#first = this.#last = -1;
  }

  #grow(needed: number): void {
    const size = Math.max(needed, 2 * this.#inside.length);
    const widened = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.#before = widened(this.#before);
    this.#after = widened(this.#after);
    const inside = new Uint8Array(size);
    inside.set(this.#inside);
    this.#inside = inside;
  }
}
