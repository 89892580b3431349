/**
 * Rows of two sides by window and key. Few keys are counted in arrays that a key is an index of; with many, each window
 * numbers the keys that it has.
 */
import { periodStart } from "../../../model/windows.ts";
import { IntMap } from "../../int-map.ts";

/** Keys up to which a window has a place for each. */
const MOST_DENSE = 1 << 14;

/** Windows that rows find by their number; more than are usually open at once. */
const NEAR = 64;

const NO_ROWS = new Int32Array(0);

export interface Counted {
  readonly start: number;
  readonly end: number;
  open: boolean;
  /** Pairs so far, once it is complete. */
  pairs: number;
  /** Panes so far. */
  panes: number;
  /** Rows of the left side at 2k, of the right one at 2k + 1, for the key's place k. */
  rows: Int32Array;
  /** The place of each key; null: its own number. */
  places: IntMap | null;
}

export interface SavedWindows {
  /** Keys below this have been seen. */
  readonly keys: number;
  readonly windows: readonly SavedCounts[];
}

interface SavedCounts {
  readonly start: number;
  readonly end: number;
  readonly open: boolean;
  readonly pairs: number;
  readonly panes: number;
  readonly rows: Int32Array;
  readonly places: readonly (readonly [number, number])[] | null;
}

export class PairWindows {
  /** In order of time. */
  readonly list: Counted[] = [];
  /** Keys below this have been seen. */
  keys = 0;
  /** Rows of a stretch that no open window took: those of the left side, then those of the right one. */
  readonly aside = { rows: new Int32Array(64), count: 0, ofLeft: 0 };
  readonly #size: number;
  readonly #offset: number;
  readonly #byStart = new Map<number, Counted>();
  /** The numbers of open windows with a place for each key, and the windows' rows, by number modulo their length. */
  readonly #numbers = new Float64Array(NEAR).fill(NaN);
  readonly #rows: Int32Array[] = Array.from({ length: NEAR }, () => new Int32Array(0));
  #spare: Int32Array[] = [];
  #capacity = 64;

  readonly #mostDense: number;

  /** Makes no windows yet, of `size` ms from `offset` on. Windows have a place for each of up to `mostDense` keys. */
  constructor(size: number, offset: number, mostDense = MOST_DENSE) {
    this.#size = size;
    this.#offset = offset;
    this.#mostDense = mostDense;
  }

  /** Begins a stretch of rows during which the watermark does not move. */
  begin(): void {
    this.aside.count = 0;
    this.aside.ofLeft = 0;
  }

  /** Counts the rows `[from, to)` of a side in open windows, the left side's first, and sets late ones aside. */
  count(side: 0 | 1, ids: Int32Array, time: Float64Array, from: number, to: number, watermark: number): void {
    for (let row = from; row < to; row++) {
      row = this.#run(side, ids, time, row, to);
      // Rows without a key are in no pair.
      if (row < to && ids[row] >= 0) this.#takeOne(side, ids[row], row, time[row], watermark);
    }
    if (side === 0) this.aside.ofLeft = this.aside.count;
  }

  /** Counts rows as long as they fall into open windows that have a place for their key; returns the first that does not. */
  #run(side: 0 | 1, ids: Int32Array, time: Float64Array, from: number, to: number): number {
    const capacity = this.#capacity;
    // Most rows fall into the window of the row before.
    let start = NaN;
    let end = NaN;
    let rows: Int32Array = NO_ROWS;
    for (let row = from; row < to; row++) {
      const t = time[row];
      const key = ids[row];
      if (key < 0 || key >= capacity) return row;
      if (!(t >= start && t < end)) {
        const number = Math.floor((t - this.#offset) / this.#size);
        const place = number & (NEAR - 1);
        if (this.#numbers[place] !== number) return row;
        rows = this.#rows[place];
        start = number * this.#size + this.#offset;
        end = start + this.#size;
      }
      rows[2 * key + side]++;
    }
    return to;
  }

  /** Takes a row that is no common case: into an open window, which it may open, or aside. */
  #takeOne(side: 0 | 1, key: number, row: number, time: number, watermark: number): void {
    const start = periodStart(time, this.#size, this.#offset);
    if (start + this.#size > watermark) {
      this.add(this.find(start) ?? this.create(start, start + this.#size, true), side, key);
      return;
    }
    const { aside } = this;
    if (aside.count === aside.rows.length) {
      const rows = new Int32Array(2 * aside.count);
      rows.set(aside.rows);
      aside.rows = rows;
    }
    aside.rows[aside.count++] = row;
  }

  find(start: number): Counted | undefined {
    return this.#byStart.get(start);
  }

  /** Makes a window without rows. */
  create(start: number, end: number, open: boolean): Counted {
    const sparse = this.#capacity > this.#mostDense;
    const window: Counted = {
      start,
      end,
      open,
      pairs: 0,
      panes: 0,
      rows: sparse ? new Int32Array(32) : (this.#spare.pop() ?? new Int32Array(2 * this.#capacity)),
      places: sparse ? new IntMap() : null,
    };
    let at = this.list.length;
    while (at > 0 && this.list[at - 1].start > start) at--;
    this.list.splice(at, 0, window);
    this.#byStart.set(start, window);
    this.#enter(window);
    return window;
  }

  /** Counts one row of a key and returns the rows that the other side has of it. */
  add(window: Counted, side: 0 | 1, key: number): number {
    if (key >= this.keys) this.#widen(key + 1);
    const { places } = window;
    let place = key;
    if (places !== null) {
      place = places.get(key);
      if (place < 0) {
        place = places.size;
        places.set(key, place);
        if (2 * place + 1 >= window.rows.length) window.rows = resized(window.rows, 2 * window.rows.length);
      }
    }
    window.rows[2 * place + side]++;
    return window.rows[2 * place + 1 - side];
  }

  /** Says that a window takes rows one by one from now on, and returns its pairs. */
  close(window: Counted): number {
    window.open = false;
    const number = this.#number(window);
    const place = number & (NEAR - 1);
    if (this.#numbers[place] === number) this.#numbers[place] = NaN;
    const { rows } = window;
    let pairs = 0;
    for (let i = 0; i < rows.length; i += 2) pairs += rows[i] * rows[i + 1];
    return pairs;
  }

  /** Forgets the first `count` windows. */
  drop(count: number): void {
    for (const window of this.list.splice(0, count)) {
      this.#byStart.delete(window.start);
      if (window.places === null && this.#spare.length < NEAR) this.#spare.push(window.rows.fill(0));
    }
  }

  /** How many keys a window has rows of. */
  used({ rows }: Counted): number {
    let used = 0;
    for (let i = 0; i < rows.length; i += 2) if (rows[i] > 0 || rows[i + 1] > 0) used++;
    return used;
  }

  #number({ start }: Counted): number {
    return Math.floor((start - this.#offset) / this.#size);
  }

  /** Lets rows find an open window by its number, if its place is free; otherwise its rows go one by one. */
  #enter(window: Counted): void {
    if (!window.open || window.places !== null) return;
    const number = this.#number(window);
    const place = number & (NEAR - 1);
    if (!Number.isNaN(this.#numbers[place]) && this.#numbers[place] !== number) return;
    this.#numbers[place] = number;
    this.#rows[place] = window.rows;
  }

  /** Makes room for keys up to `keys`; beyond the most, windows number their own. */
  #widen(keys: number): void {
    this.keys = keys;
    if (keys <= this.#capacity) return;
    while (this.#capacity < keys) this.#capacity *= 2;
    this.#spare = [];
    this.#numbers.fill(NaN);
    for (const window of this.list) {
      if (window.places === null && this.#capacity > this.#mostDense) number(window);
      else if (window.places === null) window.rows = resized(window.rows, 2 * this.#capacity);
      this.#enter(window);
    }
  }

  snapshot(): SavedWindows {
    const windows = this.list.map(window => ({
      ...window,
      rows: window.rows.slice(),
      places: window.places?.entries() ?? null,
    }));
    return { keys: this.keys, windows };
  }

  restore({ keys, windows }: SavedWindows): void {
    this.#widen(keys);
    for (const { start, end, open, pairs, panes, rows, places } of windows) {
      const window = this.create(start, end, open);
      window.pairs = pairs;
      window.panes = panes;
      if (window.places === null) window.rows.set(rows);
      else window.rows = rows.slice();
      for (const [key, place] of places ?? []) window.places?.set(key, place);
    }
  }
}

/** Gives the keys of a window, which had a place each, places in the order of their numbers. */
function number(window: Counted): void {
  const { rows } = window;
  const places = new IntMap();
  let kept = new Int32Array(32);
  for (let key = 0; 2 * key < rows.length; key++) {
    if (rows[2 * key] === 0 && rows[2 * key + 1] === 0) continue;
    const place = places.size;
    places.set(key, place);
    if (2 * place + 1 >= kept.length) kept = resized(kept, 2 * kept.length);
    kept[2 * place] = rows[2 * key];
    kept[2 * place + 1] = rows[2 * key + 1];
  }
  window.rows = kept;
  window.places = places;
}

function resized(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}
