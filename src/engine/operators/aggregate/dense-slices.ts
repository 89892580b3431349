/**
 * Rows in slices of event time by key: the part that all dense operators share. A slice is a window of a grid; for fixed
 * windows slices are the windows, for sliding ones their common parts.
 *
 * Rows are taken in chunks: first each row's cell is found (the slice's place in a ring, plus the key's code), then every
 * argument adds its chunk. Rows whose slice is not open go one by one to the operator, which knows what being late means.
 * Rows of one slice and key keep their order on both ways, so that even sums of fractions do not depend on the way.
 */
import { type Flow, positionOf } from "../../flow.ts";
import type { OperatorContext } from "../../operator.ts";
import { Arguments } from "./dense-arguments.ts";
import { type BlockHolder, Cells, CHUNK, NOWHERE, type SavedBlock } from "./dense-cells.ts";
import type { KeyCodes } from "./dense-keys.ts";
import { KeyOrder } from "./dense-order.ts";
import type { DensePlan } from "./dense-plan.ts";
import type { Grid } from "./grid.ts";

/** Closed slices, which late rows alone come back to, are frozen where there are too many cells. */
export interface Slice extends BlockHolder {
  readonly start: number;
  readonly end: number;
  /** Whether its end lies beyond the watermark. */
  open: boolean;
}

/** The ring grows until at most half of it is open slices, up to this size; beyond, rows go one by one. */
const LARGEST_RING = 1 << 16;
const NEAR = 64;

export class Slices {
  readonly cells: Cells;
  readonly arguments: Arguments;
  readonly order = new KeyOrder();
  /** All slices with state, by start. */
  list: Slice[] = [];
  /** The watermark as far as slices know: none of their ends lies between it and the true one. */
  watermark = -Infinity;
  readonly #grid: Grid;
  readonly #mostCells: number;
  readonly #closed = (): Slice[] => this.list.filter(slice => !slice.open);
  readonly #size: number;
  readonly #offset: number;
  readonly #keys: KeyCodes;
  readonly #byStart = new Map<number, Slice>();
  /** Slices found lately, by their start in steps: quicker than a map, and forgetful. */
  readonly #near: (Slice | undefined)[] = Array.from({ length: NEAR }, () => undefined);
  readonly #step: number;
  #open = 0;
  /** Open slices by `number & mask`: their number (start in sizes, from the offset) and the cell of their key code 0. NaN: free. */
  #ring = new Float64Array(64).fill(NaN);
  #ringOrigin = new Int32Array(64);

  /**
   * Scratch of one chunk: each row's cell; in order the places of the rows that may be news, because they are the first of
   * their cell or were put aside; and the rows put aside.
   */
  readonly #located = new Int32Array(CHUNK);
  readonly #news = new Int32Array(CHUNK);
  #newsCount = 0;
  readonly #aside = new Int32Array(CHUNK);
  #asideCount = 0;

  /** The step's key codes. */
  codes: Int32Array = new Int32Array(0);
  #time: Float64Array = new Float64Array(0);
  #selection: Int32Array | null = null;
  #flow: Flow | null = null;
  /** Positions before the step. */
  #first = 0;

  constructor(context: OperatorContext, plan: DensePlan, keys: KeyCodes, grid: Grid, mostCells: number) {
    this.#mostCells = mostCells;
    this.#grid = grid;
    this.#size = grid.regular?.size ?? NaN;
    this.#offset = grid.regular?.offset ?? NaN;
    this.#step = grid.regular?.size ?? 3_600_000;
    this.#keys = keys;
    this.arguments = new Arguments(context, plan);
    this.cells = new Cells(plan.arguments);
    if (context.turns === true) this.order.keepFirst();
  }

  /** Computes keys and arguments of a step's batch, and makes room for new keys. `first`: positions before the step. */
  read(flow: Flow, first: number): void {
    const { batch } = flow;
    this.#flow = flow;
    this.#first = first;
    this.#time = flow.time;
    this.#selection = flow.selection;
    this.codes = this.#keys.codes(batch);
    this.#widen();
    this.arguments.read(batch, this.cells);
  }

  #widen(): void {
    const { stride } = this.cells;
    this.cells.widen(this.#keys.size);
    this.order.widen(this.#keys.size);
    if (this.cells.stride !== stride) this.#fillRing(this.#ring.length);
  }

  /** Adds the flow's rows `[from, to)` to open slices; `careful` gets the others, in order. */
  add(from: number, to: number, careful: (row: number) => void): void {
    const selection = this.#selection;
    for (let first = from; first < to; first += CHUNK) {
      const count = Math.min(CHUNK, to - first);
      this.#newsCount = 0;
      if (this.#grid.regular === null) this.#search(selection, first, count);
      else this.#locateAll(selection, first, count);
      this.#takeNote(selection, first);
      this.arguments.accumulate(this.cells, this.#located, selection, first, count);
      for (let i = 0; i < this.#asideCount; i++) careful(this.#aside[i]);
    }
  }

  /** Finds the cells of a chunk of rows, opening slices on the way. */
  #locateAll(selection: Int32Array | null, first: number, count: number): void {
    for (let at = 0; ; ) {
      at = selection === null ? this.#locate(first, at, count) : this.#locateSelected(selection, first, at, count);
      if (at === count) return;
      const row = selection === null ? first + at : selection[first + at];
      if (!this.#openNumber(Math.floor((this.#time[row] - this.#offset) / this.#size))) this.#putAside(at++);
    }
  }

  #putAside(at: number): void {
    this.#located[at] = NOWHERE;
    this.#news[this.#newsCount++] = at;
  }

  /**
   * Enters the cells that were used for the first time and the keys that came for the first time, in order, among the rows
   * of a chunk of which `first` is the first; and makes the list of those put aside.
   */
  #takeNote(selection: Int32Array | null, first: number): void {
    const { cells, codes } = this;
    const { keepsFirst } = this.order;
    // Cells begin at 1, and their number in a block is a power of two.
    const shift = 31 - Math.clz32(cells.stride);
    let from = first;
    let asideCount = 0;
    for (let n = 0; n < this.#newsCount; n++) {
      const at = this.#news[n];
      const row = selection === null ? first + at : selection[first + at];
      const code = codes[row];
      const cell = this.#located[at];
      if (cell === NOWHERE) this.#aside[asideCount++] = row;
      else cells.touch((cell - 1) >> shift, code);
      if (this.order.meet(code) && keepsFirst) from = this.#cameFirst(code, from);
    }
    this.#asideCount = asideCount;
  }

  /** Finds the first row of a new key, in the flow's own order and not before `from`, and returns its place. */
  #cameFirst(code: number, from: number): number {
    const selection = this.#selection;
    let place = from;
    while (this.codes[selection === null ? place : selection[place]] !== code) place++;
    const row = selection === null ? place : selection[place];
    this.order.cameFirst(code, this.#first + positionOf(this.#flow as Flow, row));
    return place;
  }

  /**
   * Finds the cells of rows `from … count` of a chunk and counts the rows; late ones are put aside. Returns the first row
   * whose slice might be opened. Most rows fall into the newest slice so far, so its bounds are compared before anything
   * is computed. Nothing is called from within the loop, and no row leaves it early: what every row reads and writes need
   * be looked up only once then (V8 lifts it out of the loop with the first round).
   */
  #locate(first: number, from: number, count: number): number {
    const time = this.#time;
    const { codes } = this;
    const located = this.#located;
    const news = this.#news;
    const size = this.#size;
    const offset = this.#offset;
    const ring = this.#ring;
    const mask = ring.length - 1;
    const origins = this.#ringOrigin;
    const { rows } = this.cells;
    const firstOpen = Math.floor((this.watermark - offset) / size);
    let newsCount = this.#newsCount;
    let start = NaN;
    let end = NaN;
    let newest = 0;
    let i = from;
    for (; i < count; i++) {
      const row = first + i;
      const t = time[row];
      const code = codes[row];
      let cell = newest + code;
      if (!(t >= start && t < end)) {
        const number = Math.floor((t - offset) / size);
        const place = number & mask;
        if (ring[place] === number) {
          const origin = origins[place];
          cell = origin + code;
          if (!(t < end)) {
            start = number * size + offset;
            end = start + size;
            newest = origin;
          }
        } else {
          if (number >= firstOpen) break;
          // The row goes on to cell 0, emptied so that it is news.
          cell = NOWHERE;
          rows[NOWHERE] = 0;
        }
      }
      const n = rows[cell];
      rows[cell] = n + 1;
      news[newsCount] = i;
      newsCount += (n - 1) >>> 31;
      located[i] = cell;
    }
    this.#newsCount = newsCount;
    return i;
  }

  /** As `#locate`, for rows named by a selection. */
  #locateSelected(selection: Int32Array, first: number, from: number, count: number): number {
    const time = this.#time;
    const { codes } = this;
    const located = this.#located;
    const news = this.#news;
    const size = this.#size;
    const offset = this.#offset;
    const ring = this.#ring;
    const mask = ring.length - 1;
    const origins = this.#ringOrigin;
    const { rows } = this.cells;
    const firstOpen = Math.floor((this.watermark - offset) / size);
    let newsCount = this.#newsCount;
    let start = NaN;
    let end = NaN;
    let newest = 0;
    let i = from;
    for (; i < count; i++) {
      const row = selection[first + i];
      const t = time[row];
      const code = codes[row];
      let cell = newest + code;
      if (!(t >= start && t < end)) {
        const number = Math.floor((t - offset) / size);
        const place = number & mask;
        if (ring[place] === number) {
          const origin = origins[place];
          cell = origin + code;
          if (!(t < end)) {
            start = number * size + offset;
            end = start + size;
            newest = origin;
          }
        } else {
          if (number >= firstOpen) break;
          // The row goes on to cell 0, emptied so that it is news.
          cell = NOWHERE;
          rows[NOWHERE] = 0;
        }
      }
      const n = rows[cell];
      rows[cell] = n + 1;
      news[newsCount] = i;
      newsCount += (n - 1) >>> 31;
      located[i] = cell;
    }
    this.#newsCount = newsCount;
    return i;
  }

  /** As `#locate`, for grids without a regular size: the slice of the row before is tried first. */
  #search(selection: Int32Array | null, first: number, count: number): void {
    const time = this.#time;
    const { codes } = this;
    const { rows, stride } = this.cells;
    let start = NaN;
    let end = NaN;
    let block = -1;
    for (let i = 0; i < count; i++) {
      const row = selection === null ? first + i : selection[first + i];
      const t = time[row];
      if (!(t >= start && t < end)) {
        const slice = this.#at(t);
        start = slice?.start ?? NaN;
        end = slice?.end ?? NaN;
        block = slice?.block ?? -1;
        if (slice === undefined) {
          this.#putAside(i);
          continue;
        }
      }
      const code = codes[row];
      const cell = block * stride + 2 + code;
      this.#located[i] = cell;
      const n = rows[cell];
      if (n === 0) this.#news[this.#newsCount++] = i;
      rows[cell] = n + 1;
    }
  }

  /** The open slice that holds `t`, opened if that moves nothing. */
  #at(t: number): Slice | undefined {
    const { list } = this;
    for (let i = list.length - 1; i >= 0; i--) {
      const slice = list[i];
      if (t >= slice.start && t < slice.end) return slice.open ? slice : undefined;
    }
    const end = this.#grid.endOf(t);
    return end > this.watermark && this.cells.roomy ? this.create(this.#grid.startOf(t), end) : undefined;
  }

  /** Adds one batch row to a slice and returns its cell. */
  addRow(slice: Slice, row: number): number {
    const code = this.codes[row];
    const cell = this.cells.origin(slice.block) + code;
    if (this.cells.rows[cell] === 0 && this.cells.panes[cell] === 0) this.cells.touch(slice.block, code);
    this.arguments.addTo(this.cells, cell, row);
    return cell;
  }

  /** How many rows a slice has of a key. Others may freeze. */
  rowsOf(slice: Slice, code: number): number {
    if (slice.frozen !== null) this.thaw(slice);
    return this.cells.rows[this.cells.origin(slice.block) + code];
  }

  /** Index of the first slice that begins at `start` or later. */
  from(start: number): number {
    const { list } = this;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the first slice whose end the watermark has not passed. */
  firstOpen(): number {
    const { list, watermark } = this;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].end <= watermark) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Finds a slice, ready to be read and changed. */
  find(start: number): Slice | undefined {
    const slice = this.#findAny(start);
    if (slice !== undefined && slice.block < 0) this.thaw(slice);
    return slice;
  }

  #findAny(start: number): Slice | undefined {
    const place = (start / this.#step) & (NEAR - 1);
    const near = this.#near[place];
    if (near !== undefined && near.start === start) return near;
    const slice = this.#byStart.get(start);
    if (slice !== undefined) this.#near[place] = slice;
    return slice;
  }

  /** Opens a slice from within a loop over rows, where nothing may move; false leaves the row to `careful`. */
  #openNumber(number: number): boolean {
    if (!this.cells.roomy || !Number.isNaN(this.#ring[number & (this.#ring.length - 1)])) return false;
    const start = number * this.#size + this.#offset;
    const end = start + this.#size;
    if (!(end > this.watermark) || this.#open * 2 >= this.#ring.length || this.#byStart.has(start)) return false;
    this.create(start, end);
    return true;
  }

  /** Makes a slice's state. Arrays may move. */
  create(start: number, end: number): Slice {
    this.cells.makeRoom(this.#mostCells, this.#closed);
    const slice: Slice = { start, end, block: this.cells.allocate(), frozen: null, open: end > this.watermark };
    this.#byStart.set(start, slice);
    // Nearly every slice is the newest; among a hundred thousand others the place of a late one has to be searched for.
    const { list } = this;
    if (list.length === 0 || list[list.length - 1].start < start) list.push(slice);
    else list.splice(this.from(start), 0, slice);
    if (slice.open) {
      this.#open++;
      if (this.#open * 2 > this.#ring.length && this.#ring.length < LARGEST_RING) this.#fillRing(2 * this.#ring.length);
      else this.#enter(slice);
    }
    return slice;
  }

  /** Makes a slice of the list ready to be read and changed. Others may freeze. */
  thaw(slice: Slice): void {
    this.cells.thaw(slice, this.#mostCells, this.#closed);
  }

  /** Says that the watermark has passed a slice's end: its rows come one by one from now on. */
  close(slice: Slice): void {
    slice.open = false;
    this.#open--;
    const place = this.#place(slice);
    if (this.#ring[place] === this.#number(slice)) this.#ring[place] = NaN;
  }

  /** Forgets the first `count` slices, which are closed. */
  drop(count: number): void {
    for (let i = 0; i < count; i++) {
      const { start, block } = this.list[i];
      if (block >= 0) this.cells.release(block);
      this.#byStart.delete(start);
      this.#near[(start / this.#step) & (NEAR - 1)] = undefined;
    }
    if (count > 0) this.list.splice(0, count);
  }

  #number({ start }: Slice): number {
    return Math.round((start - this.#offset) / this.#size);
  }

  #place(slice: Slice): number {
    return this.#number(slice) & (this.#ring.length - 1);
  }

  /** Puts an open slice into the ring if its place is free; otherwise its rows go one by one. */
  #enter(slice: Slice): void {
    const place = this.#place(slice);
    if (!Number.isNaN(this.#ring[place])) return;
    this.#ring[place] = this.#number(slice);
    this.#ringOrigin[place] = this.cells.origin(slice.block);
  }

  #fillRing(size: number): void {
    this.#ring = new Float64Array(size).fill(NaN);
    this.#ringOrigin = new Int32Array(size);
    for (const slice of this.list) if (slice.open) this.#enter(slice);
  }

  snapshot(): SlicesSnapshot {
    return {
      watermark: this.watermark,
      keys: this.#keys.snapshot(),
      met: this.order.snapshot(),
      nulls: this.cells.values.map(v => v.valid !== null),
      slices: this.list.map(s => ({ start: s.start, end: s.end, cells: this.cells.saved(s) })),
    };
  }

  restore(from: SlicesSnapshot): void {
    this.#keys.restore(from.keys);
    this.#widen();
    this.order.restore(from.met);
    from.nulls.forEach((counted, a) => {
      if (counted) this.cells.countValues(a);
    });
    this.watermark = from.watermark;
    for (const { start, end, cells } of from.slices) this.cells.load(this.create(start, end).block, cells);
  }
}

export interface SlicesSnapshot {
  readonly watermark: number;
  readonly keys: unknown;
  readonly met: Int32Array;
  readonly nulls: readonly boolean[];
  readonly slices: readonly { readonly start: number; readonly end: number; readonly cells: SavedBlock }[];
}
