/**
 * What a step did to an arrangement, one entry for each change, so that several readers can go through it one after the
 * other: the changes are undone from the last to the first, and each reader does them again as it meets their rows.
 *
 * Undoing and doing again only moves links, totals and weights; rows are neither copied nor compared again.
 */
/** What happened to a slot. */
export const CAME = 0;
/** Its weight changed. */
export const CHANGED = 1;
/** Its weight came to nothing, and it was unlinked. */
export const CANCELLED = 2;
/** It was unlinked with the weight it had. */
export const LEFT = 3;
export type Change = typeof CAME | typeof CHANGED | typeof CANCELLED | typeof LEFT;

export class Journal {
  slot = new Int32Array(64);
  change = new Int32Array(64);
  /** By how much the weight changed; 0 where it did not. */
  delta = new Int32Array(64);
  length = 0;
  /** Entries that stand; those behind it are undone. */
  done = 0;
  /** Keys' entries that were empty at some moment of the step. */
  readonly emptied = new Set<number>();

  note(slot: number, change: Change, delta: number): void {
    const i = this.length++;
    if (i === this.slot.length) {
      this.slot = grown(this.slot, 2 * i);
      this.change = grown(this.change, 2 * i);
      this.delta = grown(this.delta, 2 * i);
    }
    this.slot[i] = slot;
    this.change[i] = change;
    this.delta[i] = delta;
    this.done = this.length;
  }

  clear(): void {
    this.length = 0;
    this.done = 0;
    this.emptied.clear();
  }
}

/** Copies integers into a longer array. */
export function grown(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}
