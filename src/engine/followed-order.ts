/**
 * The rows of a table in order, kept so while the table changes: a row that comes, goes or changes costs the logarithm of the
 * table and a move within one block, and not another sort.
 *
 * Slots lie in blocks in order; of each slot it is known in which block it lies, so that it is found when what it holds has changed
 * already. Rows compare as in `table-order.ts`, which also makes the first order; those that are alike stand in the order of slots.
 */
import type { Slices } from "./slices.ts";
import { type Cells, CHUNK_BITS, CHUNK_MASK, intCells } from "./table-cells.ts";
import type { OrderBy } from "./table-order.ts";

/** Slots of a full block, which is halved when another comes. */
const FULL = 4_096;
/** Blocks taken over between two chances to stop. */
const STRETCH = 16;

export class FollowedOrder {
  readonly #by: readonly OrderBy[];
  readonly #full: number;
  #length = 0;
  /** Slots by block, and how many there are in each. A block may be shorter than a full one until it has to grow. */
  readonly #blocks: Int32Array[] = [];
  readonly #counts: number[] = [];
  /** The blocks that are in use, in order, and those that are free. */
  readonly #sequence: number[] = [];
  readonly #free: number[] = [];
  /** By slot: its block and 1 more, or 0 where it has none. */
  readonly #blockOf: Cells<Int32Array> = intCells();

  /** Makes an order without rows. `full`, an even number: slots of a block. */
  constructor(by: readonly OrderBy[], full = FULL) {
    this.#by = by;
    this.#full = full;
  }

  /** Takes over slots that are in order, in slices, into an order without rows. The array is this order's own from then on. */
  *take(slots: Int32Array): Slices<void> {
    const half = this.#full / 2;
    for (let room = 0; room < slots.length; ) {
      room = Math.min(slots.length, room + STRETCH * half);
      this.#blockOf.reserve(room);
      yield;
    }
    for (let from = 0; from < slots.length; from += half) {
      // Blocks begin as parts of the array that is taken over, and get one of their own when they grow.
      const part = slots.subarray(from, from + half);
      const block = this.#blocks.push(part) - 1;
      this.#counts.push(part.length);
      this.#sequence.push(block);
      for (let i = 0; i < part.length; i++) this.#settle(part[i], block);
      if (this.#sequence.length % STRETCH === 0) yield;
    }
    this.#length = slots.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Follows a table that has `length` rows now: `changed` slots hold something else, and those behind the former length are new. */
  change(changed: Int32Array, length: number): void {
    const before = this.#length;
    this.#blockOf.reserve(Math.max(before, length));
    // Nothing may be compared with a row whose place is not yet that of what it holds.
    for (let i = 0; i < changed.length; i++) if (changed[i] < before) this.#remove(changed[i]);
    for (let slot = length; slot < before; slot++) this.#remove(slot);
    for (let i = 0; i < changed.length; i++) if (changed[i] < length) this.#insert(changed[i]);
    for (let slot = before; slot < length; slot++) this.#insert(slot);
    this.#length = length;
  }

  /** Returns the slots of rows `[from, from + count)`. */
  slots(from: number, count: number): Int32Array {
    const start = Math.max(0, Math.min(from, this.#length));
    const out = new Int32Array(Math.max(0, Math.min(count, this.#length - start)));
    let skip = start;
    let at = 0;
    for (const block of this.#sequence) {
      const rows = this.#counts[block];
      if (skip >= rows) {
        skip -= rows;
        continue;
      }
      const part = this.#blocks[block].subarray(skip, Math.min(rows, skip + out.length - at));
      out.set(part, at);
      at += part.length;
      skip = 0;
      if (at === out.length) break;
    }
    return out;
  }

  /** Returns a block without slots that has room for a full one. */
  #block(): number {
    const free = this.#free.pop();
    if (free === undefined) {
      this.#counts.push(0);
      return this.#blocks.push(new Int32Array(this.#full)) - 1;
    }
    if (this.#blocks[free].length < this.#full) this.#blocks[free] = new Int32Array(this.#full);
    return free;
  }

  #settle(slot: number, block: number): void {
    this.#blockOf.chunks[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = block + 1;
  }

  /** The block of a slot, or −1. */
  #placeOf(slot: number): number {
    return this.#blockOf.chunks[slot >>> CHUNK_BITS][slot & CHUNK_MASK] - 1;
  }

  #remove(slot: number): void {
    const block = this.#placeOf(slot);
    if (block < 0) return;
    this.#settle(slot, -1);
    const slots = this.#blocks[block];
    const count = --this.#counts[block];
    const at = slots.indexOf(slot);
    slots.copyWithin(at, at + 1, count + 1);
    if (count > 0) return;
    this.#sequence.splice(this.#sequence.indexOf(block), 1);
    this.#free.push(block);
  }

  #insert(slot: number): void {
    if (this.#placeOf(slot) >= 0) return;
    const sequence = this.#sequence;
    if (sequence.length === 0) sequence.push(this.#block());
    // The last block whose first row does not come behind.
    let low = 0;
    let high = sequence.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#compare(this.#blocks[sequence[middle]][0], slot) <= 0) low = middle;
      else high = middle - 1;
    }
    let block = sequence[low];
    if (this.#counts[block] === this.#full) {
      const next = this.#halve(block);
      sequence.splice(low + 1, 0, next);
      if (this.#compare(this.#blocks[next][0], slot) <= 0) block = next;
    }
    let slots = this.#blocks[block];
    const count = this.#counts[block]++;
    if (count === slots.length) {
      slots = new Int32Array(this.#full);
      slots.set(this.#blocks[block]);
      this.#blocks[block] = slots;
    }
    let from = 0;
    let to = count;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#compare(slots[middle], slot) < 0) from = middle + 1;
      else to = middle;
    }
    slots.copyWithin(from + 1, from, count);
    slots[from] = slot;
    this.#settle(slot, block);
  }

  /** Moves the second half of a block into one of its own. */
  #halve(block: number): number {
    const next = this.#block();
    const moved = this.#blocks[block].subarray(this.#full / 2);
    this.#blocks[next].set(moved);
    this.#counts[block] = this.#counts[next] = this.#full / 2;
    for (let i = 0; i < moved.length; i++) this.#settle(moved[i], next);
    return next;
  }

  /** Compares the rows of two slots; never 0 for different ones. */
  #compare(a: number, b: number): number {
    for (const { column, descending } of this.#by) {
      const x = cellOf(column, a);
      const y = cellOf(column, b);
      if (x === y) continue;
      // What is null comes last in either direction.
      if (x === null || y === null) return x === null ? 1 : -1;
      return x < y !== descending ? -1 : 1;
    }
    return a - b;
  }
}

/** A cell as what it is ordered by: values of JSON by their text. */
function cellOf(column: OrderBy["column"], slot: number): number | string | boolean | null {
  const value = column.read(slot);
  if (column.type !== "json" || typeof value === "string" || value === null) return value as number | string | null;
  return JSON.stringify(value);
}
