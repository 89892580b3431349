/** The state of one key and window, and the windows of each key. */
import type { Value } from "../../../columns/column.ts";
import type { TriggerState } from "../../triggers/machine.ts";

/** A row that was emitted and may have to be taken back. */
export interface EmittedPane {
  /** Results of the aggregates. */
  readonly values: readonly Value[];
  /** The window's bounds as they were shown, ms. */
  readonly start: number;
  readonly end: number;
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
  /** Time of the entry that stands for this cell in the queue of ends; NaN: there is none. */
  queuedEnd = NaN;
  /** How many more rows its trigger need not be asked about, and how many it has not been told of. */
  quiet = 0;
  untold = 0;
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

/** Windows with different bounds that are told apart when cells are sorted; with more of them each pair is compared. */
const MOST_BOUNDS = 64;
/** By place on the list: key and place as one number to sort by. */
let places = new Float64Array(1_024);

/** Sorts cells as `byWindow` does. Many cells are mostly those of many keys in few windows, so keys are sorted as numbers. */
export function sortedByWindow(cells: Cell[]): Cell[] {
  const { length } = cells;
  if (length < 32) return cells.sort(byWindow);
  // One cell of each window, earliest first.
  const windows: Cell[] = [];
  let last = cells[0];
  windows.push(last);
  let greatest = 0;
  for (const cell of cells) {
    if (cell.key > greatest) greatest = cell.key;
    if (cell.end === last.end && cell.start === last.start) continue;
    last = cell;
    if (rankOf(cell, windows) < windows.length) continue;
    if (windows.length === MOST_BOUNDS) return cells.sort(byWindow);
    windows.push(cell);
  }
  windows.sort(byWindow);
  const keys = greatest + 1;
  if (windows.length * keys * length > Number.MAX_SAFE_INTEGER) return cells.sort(byWindow);
  if (places.length < length) places = new Float64Array(2 * length);
  let rank = 0;
  for (let i = 0; i < length; i++) {
    const cell = cells[i];
    const window = windows[rank];
    if (cell.end !== window.end || cell.start !== window.start) rank = rankOf(cell, windows);
    places[i] = (rank * keys + cell.key) * length + i;
  }
  const sorted = places.subarray(0, length).sort();
  const out: Cell[] = [];
  for (let i = 0; i < length; i++) out.push(cells[sorted[i] % length]);
  return out;
}

/** The place of a cell's window in a list, or the list's length. */
function rankOf({ start, end }: Cell, windows: readonly Cell[]): number {
  let rank = 0;
  while (rank < windows.length && (windows[rank].end !== end || windows[rank].start !== start)) rank++;
  return rank;
}

/** Hands the panes of merged windows, and a window's own where it is replaced too, to its next pane for taking back. */
export function takeOver(cell: Cell, others: readonly Cell[], itself = true): void {
  // Mostly there is nothing to take.
  if (others.length === 0 && (!itself || cell.emitted === null)) return;
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
  /** By key: its windows by their end, then by their start. Most keys have few, and rows come to the last ones. */
  readonly #lists: (Cell[] | undefined)[] = [];
  #count = 0;
  /** Where the window was that was found last. */
  #near: Cell[] | undefined;
  #place = 0;

  get count(): number {
    return this.#count;
  }

  /** The windows of a key, by their end. */
  of(key: number): readonly Cell[] {
    return this.#lists[key] ?? NONE;
  }

  /** The place of the first window of a key, by their end, that ends at `time` or later. */
  firstEnding(key: number, time: number): number {
    return placeOf(this.of(key), -Infinity, time);
  }

  find(key: number, start: number, end: number): Cell | null {
    const list = this.#lists[key];
    if (list === undefined) return null;
    if (list === this.#near && this.#place + 1 < list.length) {
      // The windows that a row falls into mostly follow each other.
      const next = list[this.#place + 1];
      if (next.end === end && next.start === start) {
        this.#place++;
        return next;
      }
    }
    const at = placeOf(list, start, end);
    if (at === list.length) return null;
    const cell = list[at];
    if (cell.end !== end || cell.start !== start) return null;
    this.#near = list;
    this.#place = at;
    return cell;
  }

  /** Finds the window that the time of a row lies in, where windows do not overlap. */
  around(key: number, times: Float64Array, row: number): Cell | null {
    const list = this.#lists[key];
    if (list === undefined) return null;
    const time = times[row];
    const last = list[list.length - 1];
    if (time >= last.start) return time < last.end ? last : null;
    const at = placeOf(list, Infinity, time);
    return list[at].start <= time ? list[at] : null;
  }

  add(cell: Cell): void {
    const list = (this.#lists[cell.key] ??= []);
    const at = placeOf(list, cell.start, cell.end);
    if (at === list.length) list.push(cell);
    else list.splice(at, 0, cell);
    this.#count++;
  }

  /** Forgets a cell. Its bounds have to be those it was added with. */
  remove(cell: Cell): void {
    const list = this.#lists[cell.key] as Cell[];
    this.#count--;
    if (list.length === 1) this.#lists[cell.key] = undefined;
    else if (list[0] === cell) list.shift();
    else list.splice(list.indexOf(cell, placeOf(list, cell.start, cell.end)), 1);
  }

  /** Changes the bounds of a cell. */
  resize(cell: Cell, start: number, end: number): void {
    const list = this.#lists[cell.key] as Cell[];
    const at = list.indexOf(cell, placeOf(list, cell.start, cell.end));
    // A window that grows mostly stays between its neighbours.
    const stays =
      (at === 0 || comesBefore(list[at - 1], start, end)) &&
      (at + 1 === list.length || !comesBefore(list[at + 1], start, end));
    if (!stays) this.remove(cell);
    cell.start = start;
    cell.end = end;
    if (!stays) this.add(cell);
  }

  *all(): Generator<Cell> {
    for (const list of this.#lists) if (list !== undefined) yield* list;
  }
}

const NONE: readonly Cell[] = [];

/** The first place in a list whose cell does not come before a window with these bounds. */
function placeOf(list: readonly Cell[], start: number, end: number): number {
  let high = list.length;
  // Looks near the end before it halves the rest.
  let low = high;
  for (let stride = 1; low > 0; stride *= 2) {
    const at = Math.max(0, low - stride);
    low = at;
    if (comesBefore(list[at], start, end)) {
      low = at + 1;
      break;
    }
    high = at;
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comesBefore(list[middle], start, end)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function comesBefore(cell: Cell, start: number, end: number): boolean {
  return cell.end < end || (cell.end === end && cell.start < start);
}
