/**
 * State of grouped windows as plain arrays: one cell per window and key, one array per quantity.
 *
 * A window's cells lie together in a block, at `origin + code` for each key code from −1 up, so that finding a row's cell is
 * an addition and not a hash. Blocks are handed out and taken back as windows open and expire. Rows are first given their
 * cells, a chunk at a time, and then each aggregate adds the chunk in a loop of its own; rows that need more care are given
 * cell 0, which nobody reads, so those loops need no condition.
 */

/** Rows per chunk: the scratch arrays of a chunk stay in the first-level cache. */
export const CHUNK = 1024;

/** The cell of rows that are to be added elsewhere, later or not at all. */
export const NOWHERE = 0;

/** What is kept of one argument; null where no aggregate asks for it. */
export interface ArgumentCells {
  sum: Float64Array | null;
  /** What rounding has cost each sum so far: sums are compensated, so whole or not they come out right. */
  rest: Float64Array | null;
  min: Float64Array | null;
  max: Float64Array | null;
  /** How many of the cell's rows had a value. Null until the first row without one: so long, `rows` says it. */
  valid: Int32Array | null;
}

export interface Reductions {
  readonly sum: boolean;
  readonly min: boolean;
  readonly max: boolean;
}

/** Who holds a block, or what was in it, packed together. */
export interface BlockHolder {
  /** −1 while frozen. */
  block: number;
  frozen: SavedBlock | null;
}

export type SavedBlock = ReturnType<Cells["save"]>;

export class Cells {
  /** Cells per block: one more than there may be keys, for the null key. A power of two. */
  stride: number;
  /** Number of blocks there is room for. */
  capacity: number;
  /** Rows in the pane of each cell. */
  rows: Int32Array;
  /** Panes that each cell has emitted. */
  panes: Int32Array;
  readonly values: readonly ArgumentCells[];
  /** Key codes of the block's cells in use, in order of first use: `touched[block * stride + 0 … uses[block])`. */
  touched: Int32Array;
  uses: Int32Array;
  #free: number[] = [];

  constructor(reductions: readonly Reductions[], stride = 16, capacity = 8) {
    this.stride = stride;
    this.capacity = capacity;
    const size = 1 + stride * capacity;
    this.rows = new Int32Array(size);
    this.panes = new Int32Array(size);
    this.touched = new Int32Array(stride * capacity);
    this.uses = new Int32Array(capacity);
    this.values = reductions.map(r => ({
      sum: r.sum ? new Float64Array(size) : null,
      rest: r.sum ? new Float64Array(size) : null,
      min: r.min ? new Float64Array(size).fill(NaN) : null,
      max: r.max ? new Float64Array(size).fill(-Infinity) : null,
      valid: null,
    }));
    for (let block = capacity - 1; block >= 0; block--) this.#free.push(block);
  }

  /** Whether `allocate` can serve without moving anything. */
  get roomy(): boolean {
    return this.#free.length > 0;
  }

  /** The cell of key code 0 in a block. */
  origin(block: number): number {
    return block * this.stride + 2;
  }

  /** Hands out an empty block. Arrays move when there is none left. */
  allocate(): number {
    if (this.#free.length === 0) this.#move(this.stride, this.capacity * 2);
    return this.#free.pop() as number;
  }

  /** Takes a block back, emptied. */
  release(block: number): void {
    this.clear(block);
    this.#free.push(block);
  }

  /** Empties the cells of a block that are in use. */
  clear(block: number): void {
    const from = this.origin(block) - 1;
    const to = from + this.stride;
    if (this.uses[block] * 8 > this.stride) {
      this.rows.fill(0, from, to);
      this.panes.fill(0, from, to);
      for (const { sum, rest, min, max, valid } of this.values) {
        sum?.fill(0, from, to);
        rest?.fill(0, from, to);
        min?.fill(NaN, from, to);
        max?.fill(-Infinity, from, to);
        valid?.fill(0, from, to);
      }
    } else {
      const first = block * this.stride;
      for (let n = 0; n < this.uses[block]; n++) {
        const cell = from + 1 + this.touched[first + n];
        this.panes[cell] = 0;
        this.empty(cell);
      }
    }
    this.uses[block] = 0;
  }

  /** Forgets the rows of a cell, though not that it had panes. */
  empty(cell: number): void {
    this.rows[cell] = 0;
    for (const { sum, rest, min, max, valid } of this.values) {
      if (sum !== null) sum[cell] = 0;
      if (rest !== null) rest[cell] = 0;
      if (min !== null) min[cell] = NaN;
      if (max !== null) max[cell] = -Infinity;
      if (valid !== null) valid[cell] = 0;
    }
  }

  /** Adds one value to a cell whose row has been counted. */
  addValue(argument: number, cell: number, value: number): void {
    const { sum, rest, min, max, valid } = this.values[argument];
    if (valid !== null) valid[cell]++;
    if (sum !== null && rest !== null) addOne(sum, rest, cell, value);
    if (min !== null && isLess(value, min[cell])) min[cell] = value;
    if (max !== null && isGreater(value, max[cell])) max[cell] = value;
  }

  /** Adds what another set of cells, with the same reductions, holds in one of its cells. */
  merge(cell: number, from: Cells, other: number): void {
    const rows = from.rows[other];
    if (rows === 0) return;
    for (let a = 0; a < this.values.length; a++) {
      const to = this.values[a];
      const { sum, rest, min, max, valid } = from.values[a];
      if (to.sum !== null && to.rest !== null && sum !== null && rest !== null) {
        addOne(to.sum, to.rest, cell, sum[other]);
        to.rest[cell] += rest[other];
      }
      if (to.min !== null && min !== null && isLess(min[other], to.min[cell])) to.min[cell] = min[other];
      if (to.max !== null && max !== null && isGreater(max[other], to.max[cell])) to.max[cell] = max[other];
      if (to.valid !== null) to.valid[cell] += valid === null ? rows : valid[other];
    }
    this.rows[cell] += rows;
  }

  /** Adds what another set of cells, with the same reductions, holds in one of its blocks. */
  mergeBlock(block: number, from: Cells, other: number): void {
    const first = other * from.stride;
    const codes = from.touched.subarray(first, first + from.uses[other]);
    const there = from.origin(other);
    const here = this.origin(block);
    const { rows } = this;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i];
      const n = rows[here + code];
      if (n === 0) this.touch(block, code);
      rows[here + code] = n + from.rows[there + code];
    }
    for (let a = 0; a < this.values.length; a++) {
      const to = this.values[a];
      const { sum, rest, min, max, valid } = from.values[a];
      if (to.sum !== null && to.rest !== null && sum !== null && rest !== null)
        mergeSums(codes, here, there, to.sum, to.rest, sum, rest);
      if (to.min !== null && min !== null) mergeMins(codes, here, there, to.min, min);
      if (to.max !== null && max !== null) mergeMaxs(codes, here, there, to.max, max);
      if (to.valid !== null) mergeCounts(codes, here, there, to.valid, valid ?? from.rows);
    }
  }

  /** Makes room for key codes below `size` in every block. */
  widen(size: number): void {
    if (size + 1 <= this.stride) return;
    let stride = this.stride;
    while (stride < size + 1) stride *= 2;
    this.#move(stride, this.capacity);
  }

  /** Notes that a cell is used from now on. */
  touch(block: number, code: number): void {
    this.touched[block * this.stride + this.uses[block]++] = code;
  }

  /** Counts values apart from rows from now on, because a row without a value has come. */
  countValues(argument: number): Int32Array {
    const values = this.values[argument];
    // All rows so far had a value, so their number is the number of rows.
    values.valid ??= this.rows.slice();
    return values.valid;
  }

  /**
   * Sees to it that a block is free without the arrays growing beyond `most` cells: if they would, the older half of
   * `holders` give theirs up.
   */
  makeRoom(most: number, holders: () => readonly BlockHolder[]): void {
    if (this.roomy || 2 * this.capacity * this.stride <= most) return;
    const loose = holders().filter(holder => holder.block >= 0);
    for (let i = 0; i * 2 < loose.length; i++) {
      const holder = loose[i];
      holder.frozen = this.save(holder.block);
      this.release(holder.block);
      holder.block = -1;
    }
  }

  /** Gives a frozen holder a block again. Arrays may move, and other holders freeze. */
  thaw(holder: BlockHolder, most: number, holders: () => readonly BlockHolder[]): void {
    if (holder.frozen === null) return;
    this.makeRoom(most, holders);
    holder.block = this.allocate();
    this.load(holder.block, holder.frozen);
    holder.frozen = null;
  }

  /** Number of cells in use of a holder. */
  used({ block, frozen }: BlockHolder): number {
    return frozen === null ? this.uses[block] : frozen.codes.length;
  }

  /** What `save` gives for a holder. */
  saved({ block, frozen }: BlockHolder): SavedBlock {
    return frozen ?? this.save(block);
  }

  /** Copies out the cells of a block that are in use. */
  save(block: number) {
    const first = block * this.stride;
    const codes = this.touched.slice(first, first + this.uses[block]);
    const origin = this.origin(block);
    return { codes, ...this.saveCells(codes.map(code => origin + code)) };
  }

  /** Fills an empty block with what `save` gave. */
  load(block: number, from: ReturnType<Cells["save"]>): void {
    const origin = this.origin(block);
    for (const code of from.codes) this.touch(block, code);
    this.loadCells(
      from.codes.map(code => origin + code),
      from,
    );
  }

  /** Copies out some cells. */
  saveCells(cells: Int32Array) {
    const ints = (from: Int32Array): Int32Array => cells.map(cell => from[cell]);
    const floats = (from: Float64Array | null): Float64Array | null =>
      from === null ? null : Float64Array.from(cells, cell => from[cell]);
    return {
      rows: ints(this.rows),
      panes: ints(this.panes),
      values: this.values.map(({ sum, rest, min, max, valid }) => ({
        sum: floats(sum),
        rest: floats(rest),
        min: floats(min),
        max: floats(max),
        valid: valid === null ? null : ints(valid),
      })),
    };
  }

  /** Fills empty cells with what `saveCells` gave. */
  loadCells(cells: Int32Array, from: ReturnType<Cells["saveCells"]>): void {
    cells.forEach((cell, i) => {
      this.rows[cell] = from.rows[i];
      this.panes[cell] = from.panes[i];
      from.values.forEach(({ sum, rest, min, max, valid }, a) => {
        const to = this.values[a];
        if (to.sum !== null && sum !== null) to.sum[cell] = sum[i];
        if (to.rest !== null && rest !== null) to.rest[cell] = rest[i];
        if (to.min !== null && min !== null) to.min[cell] = min[i];
        if (to.max !== null && max !== null) to.max[cell] = max[i];
        if (to.valid !== null) to.valid[cell] = valid === null ? from.rows[i] : valid[i];
      });
    });
  }

  #move(stride: number, capacity: number): void {
    const { stride: was } = this;
    const size = 1 + stride * capacity;
    const blocks = this.capacity;
    const ints = (from: Int32Array): Int32Array => spread(from, new Int32Array(size), 1, was, stride, blocks);
    const floats = (from: Float64Array | null, empty: number): Float64Array | null =>
      from === null ? null : spread(from, new Float64Array(size).fill(empty), 1, was, stride, blocks);
    this.rows = ints(this.rows);
    this.panes = ints(this.panes);
    this.touched = spread(this.touched, new Int32Array(stride * capacity), 0, was, stride, blocks);
    const uses = new Int32Array(capacity);
    uses.set(this.uses);
    this.uses = uses;
    for (const values of this.values) {
      values.sum = floats(values.sum, 0);
      values.rest = floats(values.rest, 0);
      values.min = floats(values.min, NaN);
      values.max = floats(values.max, -Infinity);
      if (values.valid !== null) values.valid = ints(values.valid);
    }
    for (let block = blocks; block < capacity; block++) this.#free.unshift(block);
    this.stride = stride;
    this.capacity = capacity;
  }
}

/** Copies blocks of `was` to the start of blocks of `stride`. */
function spread<A extends Int32Array | Float64Array>(
  from: A,
  to: A,
  first: number,
  was: number,
  stride: number,
  blocks: number,
): A {
  for (let b = 0; b < blocks; b++)
    to.set(from.subarray(first + b * was, first + (b + 1) * was) as never, first + b * stride);
  return to;
}

/** Adds to a compensated sum: what the addition rounds off goes to `rest` (Knuth's TwoSum, exact and without a branch). */
function addOne(sum: Float64Array, rest: Float64Array, cell: number, value: number): void {
  const before = sum[cell];
  const after = before + value;
  const added = after - before;
  rest[cell] += before - (after - added) + (value - added);
  sum[cell] = after;
}

/** The value of a compensated sum. One that is not finite has lost its compensation, and needs none. */
export function sumAt({ sum, rest }: ArgumentCells, cell: number): number {
  const value = (sum as Float64Array)[cell];
  return Number.isFinite(value) ? value + (rest as Float64Array)[cell] : value;
}

/** NaN orders after all numbers, so the least value is NaN only where there is nothing else. */
function isLess(value: number, least: number): boolean {
  return value < least || least !== least;
}

function isGreater(value: number, greatest: number): boolean {
  return value > greatest || value !== value;
}

/** Adds the values of a chunk to their cells. Row `first + i` belongs to `cells[i]`. */
export function addSums(
  cells: Int32Array,
  values: Float64Array,
  first: number,
  count: number,
  sum: Float64Array,
  rest: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const cell = cells[i];
    const value = values[first + i];
    const before = sum[cell];
    const after = before + value;
    const added = after - before;
    rest[cell] += before - (after - added) + (value - added);
    sum[cell] = after;
  }
}

/** As `addSums`, for rows named by a selection. */
export function addSelectedSums(
  cells: Int32Array,
  values: Float64Array,
  selection: Int32Array,
  first: number,
  count: number,
  sum: Float64Array,
  rest: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const cell = cells[i];
    const value = values[selection[first + i]];
    const before = sum[cell];
    const after = before + value;
    const added = after - before;
    rest[cell] += before - (after - added) + (value - added);
    sum[cell] = after;
  }
}

export function lowerMins(
  cells: Int32Array,
  values: Float64Array,
  first: number,
  count: number,
  min: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const value = values[first + i];
    const cell = cells[i];
    if (isLess(value, min[cell])) min[cell] = value;
  }
}

export function raiseMaxs(
  cells: Int32Array,
  values: Float64Array,
  first: number,
  count: number,
  max: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const value = values[first + i];
    const cell = cells[i];
    if (isGreater(value, max[cell])) max[cell] = value;
  }
}

/** Counts one more value in each cell. */
export function countAll(cells: Int32Array, count: number, valid: Int32Array): void {
  for (let i = 0; i < count; i++) valid[cells[i]]++;
}

/**
 * Sends the rows of a chunk that have no value nowhere and counts the others: `kept[i]` is the cell of a row with a
 * value, else `NOWHERE`.
 */
export function keepValid(
  cells: Int32Array,
  mask: Uint8Array,
  first: number,
  count: number,
  valid: Int32Array,
  kept: Int32Array,
): void {
  for (let i = 0; i < count; i++) {
    const cell = mask[first + i] === 0 ? NOWHERE : cells[i];
    kept[i] = cell;
    valid[cell]++;
  }
}

function mergeSums(
  codes: Int32Array,
  here: number,
  there: number,
  sum: Float64Array,
  rest: Float64Array,
  fromSum: Float64Array,
  fromRest: Float64Array,
): void {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    addOne(sum, rest, here + code, fromSum[there + code]);
    rest[here + code] += fromRest[there + code];
  }
}

function mergeMins(codes: Int32Array, here: number, there: number, min: Float64Array, from: Float64Array): void {
  for (let i = 0; i < codes.length; i++) {
    const value = from[there + codes[i]];
    if (isLess(value, min[here + codes[i]])) min[here + codes[i]] = value;
  }
}

function mergeMaxs(codes: Int32Array, here: number, there: number, max: Float64Array, from: Float64Array): void {
  for (let i = 0; i < codes.length; i++) {
    const value = from[there + codes[i]];
    if (isGreater(value, max[here + codes[i]])) max[here + codes[i]] = value;
  }
}

function mergeCounts(codes: Int32Array, here: number, there: number, count: Int32Array, from: Int32Array): void {
  for (let i = 0; i < codes.length; i++) count[here + codes[i]] += from[there + codes[i]];
}
