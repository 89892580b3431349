/** The earliest time to which any window holds the output watermark back. */
import { TimeHeap } from "../../windowing/time-heap.ts";
import type { Cell } from "./cell.ts";

export class Holds {
  /** Every cell that holds has an entry at its hold or before it; what the entry says is checked when it comes up. */
  readonly #heap = new TimeHeap<Cell>();

  /** Takes note that a cell holds at `time`. */
  add(time: number, cell: Cell): void {
    this.#heap.push(time, cell);
  }

  /** The earliest hold, or Infinity. */
  earliest(): number {
    const heap = this.#heap;
    while (heap.size > 0) {
      const time = heap.first;
      const cell = heap.firstItem;
      const now = holdOf(cell);
      if (now === time) return time;
      heap.pop();
      if (now > time && now < Infinity) heap.push(now, cell);
    }
    return Infinity;
  }
}

/** Where a cell holds, or Infinity. */
export function holdOf(cell: Cell): number {
  if (cell.gone) return Infinity;
  const hold = Number.isNaN(cell.hold) ? Infinity : cell.hold;
  return Number.isNaN(cell.expiryHold) ? hold : Math.min(hold, cell.expiryHold);
}
