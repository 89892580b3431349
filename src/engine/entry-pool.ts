/**
 * Room for entries of sums: event time, amount and arrival side by side in a few large blocks that many trees share. Arrays of
 * their own would be small and many, which costs more to make than to fill, and keeps the collector busy. A place is a number:
 * the place's first entry, counted over all blocks.
 */

/** Doubles per entry: event time, amount, arrival. */
export const WIDTH = 3;

/** Entries per block, as a power of two. The first block grows up to it, so that a small pool stays small. */
const SHIFT = 13;
const BLOCK = 1 << SHIFT;
const SMALLEST = 64;

export class EntryPool {
  readonly #blocks: Float64Array[] = [new Float64Array(SMALLEST * WIDTH)];
  /** Entries of the last block that have been handed out. */
  #used = 0;
  /** Places that were given back, by the number of entries they have room for. */
  readonly #free = new Map<number, number[]>();

  /** Takes room for a number of entries, at most a block, which hold no particular values. May move the first block. */
  take(entries: number): number {
    const given = this.#free.get(entries)?.pop();
    if (given !== undefined) return given;
    const last = this.#blocks.length - 1;
    if ((this.#used + entries) * WIDTH > this.#blocks[last].length) {
      if (this.#used + entries <= BLOCK) this.#blocks[last] = larger(this.#blocks[last], this.#used + entries);
      else {
        this.#blocks.push(new Float64Array(BLOCK * WIDTH));
        this.#used = 0;
      }
    }
    const place = ((this.#blocks.length - 1) << SHIFT) + this.#used;
    this.#used += entries;
    return place;
  }

  /** Takes room back that was taken for as many entries. */
  giveBack(place: number, entries: number): void {
    const free = this.#free.get(entries);
    if (free === undefined) this.#free.set(entries, [place]);
    else free.push(place);
  }

  /** The block of a place; good until room is taken. */
  blockOf(place: number): Float64Array {
    return this.#blocks[place >>> SHIFT];
  }

  /** The index of a place's first double in its block. */
  startOf(place: number): number {
    return (place & (BLOCK - 1)) * WIDTH;
  }

  /** Copies entries from one place to another. */
  copy(from: number, to: number, entries: number): void {
    const source = this.blockOf(from);
    const target = this.blockOf(to);
    let at = this.startOf(to);
    const start = this.startOf(from);
    for (let i = start; i < start + entries * WIDTH; i++) target[at++] = source[i];
  }

  /** Copies entries out. */
  slice(place: number, entries: number): Float64Array {
    const start = this.startOf(place);
    return this.blockOf(place).slice(start, start + entries * WIDTH);
  }

  /** Copies entries that were sliced back in. */
  set(place: number, entries: Float64Array): void {
    this.blockOf(place).set(entries, this.startOf(place));
  }

  /** Calls back for entries in their order. */
  forEach(place: number, entries: number, visit: (time: number, amount: number, arrival: number) => void): void {
    const block = this.blockOf(place);
    const start = this.startOf(place);
    for (let i = start; i < start + entries * WIDTH; i += WIDTH) visit(block[i], block[i + 1], block[i + 2]);
  }

  /** Multiplies the amounts of entries. */
  scale(place: number, entries: number, factor: number): void {
    const block = this.blockOf(place);
    const start = this.startOf(place);
    for (let i = start + 1; i < start + entries * WIDTH; i += WIDTH) block[i] *= factor;
  }
}

function larger(block: Float64Array, entries: number): Float64Array {
  let room = block.length / WIDTH;
  while (room < entries) room *= 2;
  const to = new Float64Array(Math.min(room, BLOCK) * WIDTH);
  to.set(block);
  return to;
}
