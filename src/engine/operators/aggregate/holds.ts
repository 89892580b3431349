/**
 * How far the output watermark may go, and with it the timestamps of panes (Beam's `WatermarkHold`).
 *
 * A row holds the output watermark at its own time, or at the end of its window, until the pane with it is out; so the
 * pane is not late for whoever reads it. A row that comes too late for that, or a window that will emit a last pane in
 * any case, holds it where the window expires.
 */
import { TimeHeap } from "../../windowing/time-heap.ts";
import type { WindowRules } from "../../windowing/rules.ts";
import type { Cell } from "./cell.ts";
import type { Now } from "./now.ts";

export class Holds {
  readonly #rules: WindowRules;
  readonly #now: Now;
  /** Every cell that holds has one entry that counts, at its hold or before it. What it says is checked when it comes up. */
  readonly #heap = new TimeHeap<Cell>();
  /** The earliest hold, as it was found last. */
  readonly #least = Float64Array.of(Infinity);
  readonly #atEnd: boolean;
  readonly #latest: boolean;
  /** Whether a row's hold must not be behind what readers know of the output watermark, instead of behind the input's. */
  readonly #byOutput: boolean;

  constructor(rules: WindowRules, now: Now) {
    this.#rules = rules;
    this.#now = now;
    const { timestampCombiner } = rules.strategy;
    this.#atEnd = timestampCombiner === "endOfWindow";
    this.#latest = timestampCombiner === "latest";
    this.#byOutput = rules.profile.outputWatermark === "operator";
  }

  /** Moves the output watermark as far as the input's and the holds let it. */
  follow(): void {
    const now = this.#now;
    // Every hold has an entry that is not later than it.
    let limit = now.watermark;
    if (this.#heap.head[0] < limit) {
      this.#look();
      limit = Math.min(limit, this.#least[0]);
    }
    if (limit > now.outputWatermark) now.outputWatermark = limit;
  }

  /** A moment that no hold is earlier than. */
  get atLeast(): number {
    return this.#heap.size === 0 ? Infinity : this.#heap.first;
  }

  /** The earliest hold, or Infinity. */
  earliest(): number {
    this.#look();
    return this.#least[0];
  }

  /** Finds the earliest hold. */
  #look(): void {
    const heap = this.#heap;
    while (heap.size > 0) {
      const time = heap.head[0];
      const cell = heap.firstItem;
      const hold = holdOf(cell);
      if (cell.queuedHold === time && hold === time) {
        this.#least[0] = time;
        return;
      }
      heap.pop();
      // An entry that another one has replaced means nothing; a hold that has moved on gets a new one.
      if (cell.queuedHold !== time) continue;
      cell.queuedHold = NaN;
      this.watch(cell);
    }
    this.#least[0] = Infinity;
  }

  /** Sees to it that a cell's hold is found when it is the earliest. */
  watch(cell: Cell): void {
    const hold = holdOf(cell);
    // An entry that comes up too early is put right then.
    if (hold === Infinity || cell.queuedHold <= hold) return;
    cell.queuedHold = hold;
    this.#heap.push(hold, cell);
  }

  /** Holds for the pane of a row, which has its time in `times`. */
  add(cell: Cell, times: Float64Array, row: number): void {
    if (!this.#hold(cell, this.#atEnd ? this.lastMoment(cell) : times[row])) this.#untilExpiry(cell, false);
  }

  /** Holds for all rows of a merged window. `cell.hold` combines those of the windows it was made of. */
  merged(cell: Cell): void {
    if (this.#atEnd) {
      cell.hold = NaN;
      this.#hold(cell, this.lastMoment(cell));
    } else this.watch(cell);
    cell.expiryHold = NaN;
    this.#untilExpiry(cell, false);
  }

  /** Combines the hold of a window that is merged away with that of the one it becomes part of. */
  combine(cell: Cell, other: Cell): void {
    if (Number.isNaN(other.hold)) return;
    if (Number.isNaN(cell.hold)) cell.hold = other.hold;
    else cell.hold = this.#latest ? Math.max(cell.hold, other.hold) : Math.min(cell.hold, other.hold);
  }

  /** Lets go for a pane and returns the pane's timestamp. */
  release(cell: Cell, last: boolean): number {
    const { hold } = cell;
    cell.hold = NaN;
    cell.expiryHold = NaN;
    if (!last) this.#untilExpiry(cell, true);
    return Number.isNaN(hold) || hold >= cell.end ? this.lastMoment(cell) : hold;
  }

  /** The last moment of a window, which is the timestamp of panes that have no other. */
  lastMoment(cell: Cell): number {
    return this.#rules.shownEnd > 0 ? cell.end - this.#rules.shownEnd : cell.end - 1;
  }

  /** Holds for a pane with the timestamp `hold`. Says whether it still can. */
  #hold(cell: Cell, hold: number): boolean {
    const { watermark, outputWatermark } = this.#now;
    if (hold < (this.#byOutput ? outputWatermark : watermark) || cell.end <= watermark) return false;
    const before = cell.hold;
    if (hold === before) return true;
    if (Number.isNaN(before) || this.#atEnd) cell.hold = hold;
    else cell.hold = this.#latest ? Math.max(before, hold) : Math.min(before, hold);
    this.watch(cell);
    return true;
  }

  #untilExpiry(cell: Cell, paneIsEmpty: boolean): void {
    const hold = cell.end - 1 + this.#rules.lateness;
    if (hold < this.#now.watermark || hold === Infinity || (paneIsEmpty && this.#rules.closing !== "always")) return;
    cell.expiryHold = hold;
    this.watch(cell);
  }
}

/** Where a cell holds, or Infinity. */
function holdOf(cell: Cell): number {
  if (cell.gone) return Infinity;
  const hold = Number.isNaN(cell.hold) ? Infinity : cell.hold;
  return Number.isNaN(cell.expiryHold) ? hold : Math.min(hold, cell.expiryHold);
}
