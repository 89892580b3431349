/** The state of one key and window, and the windows of each key. */
import type { Value } from "../../../columns/column.ts";
import type { TriggerState } from "../../triggers/machine.ts";

/** A row that was emitted and may have to be taken back. */
export interface EmittedPane {
  readonly values: readonly Value[];
  /** The pane's timestamp, ms. */
  readonly time: number;
}

/**
 * One window of one key. It lives from its first row until the watermark passes its end by the allowed lateness; when its
 * trigger finishes before, only `finished` is left of it, so that later rows can be told why they are dropped.
 */
export class Cell {
  readonly key: number;
  start: number;
  end: number;
  /** Slot of the accumulators; −1 once the trigger has finished. */
  slot: number;
  trigger: TriggerState;
  /** Rows since the last pane. Merging adds them up; a pane sets it to 0. */
  rows = 0;
  /** Net number of rows in the accumulators. */
  weight = 0;
  /** Where rows of the coming pane hold the output watermark, ms; NaN: nowhere. */
  hold = NaN;
  /** Where the window itself holds it, for a pane when it expires; NaN: nowhere. */
  expiryHold = NaN;
  /** Time of the entry that stands for this cell in the queue of holds; NaN: there is none. */
  queuedHold = NaN;
  /** Numbers of the next pane, and the timing code of the last one (−1: none yet). A changed window starts afresh. */
  index = 0;
  nonSpeculative = 0;
  timing = -1;
  /** Whether the trigger has asked to be looked at when the watermark passes the end. */
  awaitsEnd = false;
  /** Whether the trigger has finished. */
  finished = false;
  /** Whether it was forgotten or merged into another one; timers that still point to it mean nothing. */
  gone = false;
  /** What the next pane replaces: the last pane, and those of windows that were merged into this one. */
  emitted: EmittedPane | null = null;
  replaced: EmittedPane[] | null = null;
  /** Another window with the same end, where windows of one key may share it. */
  sibling: Cell | null = null;
  /** Marks cells that are already on a list of cells to look at. */
  listed = false;

  constructor(key: number, start: number, end: number, slot: number, trigger: TriggerState) {
    this.key = key;
    this.start = start;
    this.end = end;
    this.slot = slot;
    this.trigger = trigger;
  }
}

/** The order in which windows speak where they do at the same moment: earliest end, earliest start, first key. */
export function byWindow(a: Cell, b: Cell): number {
  if (a.end !== b.end) return a.end < b.end ? -1 : 1;
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  return a.key - b.key;
}

/** Hands the panes of merged windows, and a window's own where it is replaced too, to its next pane for taking back. */
export function takeOver(cell: Cell, others: readonly Cell[], itself = true): void {
  const taken: EmittedPane[] = [...(cell.replaced ?? [])];
  if (itself && cell.emitted !== null) {
    taken.push(cell.emitted);
    cell.emitted = null;
  }
  for (const other of others) {
    taken.push(...(other.replaced ?? []));
    if (other.emitted !== null) taken.push(other.emitted);
  }
  cell.replaced = taken.length > 0 ? taken : null;
}

/** The windows of every key, finished ones included. */
export class Cells {
  /** By key: windows that cannot merge, by their end. */
  readonly #fixed: (Map<number, Cell> | undefined)[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  find(key: number, start: number, end: number): Cell | null {
    let cell: Cell | null = this.#fixed[key]?.get(end) ?? null;
    while (cell !== null && cell.start !== start) cell = cell.sibling;
    return cell;
  }

  add(cell: Cell): void {
    const windows = (this.#fixed[cell.key] ??= new Map());
    cell.sibling = windows.get(cell.end) ?? null;
    windows.set(cell.end, cell);
    this.#count++;
  }

  /** Forgets a cell. Its bounds have to be those it was added with. */
  remove(cell: Cell): void {
    const windows = this.#fixed[cell.key] as Map<number, Cell>;
    let at = windows.get(cell.end) as Cell;
    this.#count--;
    if (at === cell) {
      if (cell.sibling !== null) windows.set(cell.end, cell.sibling);
      else if (windows.size > 1) windows.delete(cell.end);
      else this.#fixed[cell.key] = undefined;
      return;
    }
    while (at.sibling !== null && at.sibling !== cell) at = at.sibling;
    at.sibling = cell.sibling;
  }

  /** The windows of a key that still take rows, in the order in which they were added. */
  *open(key: number): Generator<Cell> {
    for (const first of this.#fixed[key]?.values() ?? [])
      for (let cell: Cell | null = first; cell !== null; cell = cell.sibling) if (!cell.finished) yield cell;
  }

  *all(): Generator<Cell> {
    for (const windows of this.#fixed)
      for (const first of windows?.values() ?? [])
        for (let cell: Cell | null = first; cell !== null; cell = cell.sibling) yield cell;
  }
}
