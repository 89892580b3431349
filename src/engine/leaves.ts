/**
 * Closed leaves of trees of sums: sorted entries, packed into three 32-bit numbers each where they can be. Times and arrivals of
 * a leaf lie close together, and amounts are mostly small whole units, so a leaf keeps what its entries are away from one time
 * and one arrival. That is half the memory: less to allocate, to clear, to collect, and to move when a late row is let in.
 *
 * ```
 *  packed  time − base, units, arrival − base   as 32-bit integers; such a leaf is a number ≥ 0
 *  wide    time, units, arrival                 as doubles; such a leaf is the complement of a number, < 0
 * ```
 *
 * An entry is packed only if what is read back is the very same. A leaf for which that does not hold is or becomes wide:
 * fractions of a unit, amounts beyond 2³¹ units, entries more than 24 days away from the leaf's first.
 *
 * Leaves lie in a few large blocks that many trees share. Arrays of their own would be small and many, which costs more to make
 * than to fill, and keeps the collector busy.
 */

/** Numbers per entry: event time, amount, arrival. */
export const WIDTH = 3;

/** Entries a leaf has room for. */
export const LEAF = 128;
const ROOM = LEAF * WIDTH;

/** What is known of a leaf beside it: the time of its first entry, its sum, its entries, least and greatest arrival. */
export const STATS = 5;
export const SUM = 1;
export const SIZE = 2;
export const EARLIEST = 3;
export const LATEST = 4;

/** Leaves per block, as a power of two. The first block grows up to it, so that few leaves take little. */
const SHIFT = 6;
const BLOCK = 1 << SHIFT;

export type Visit = (time: number, amount: number, arrival: number) => void;

export class Leaves {
  /** After `insert`: the sum of the amounts behind the entry, and their number. */
  after = 0;
  later = 0;
  /** After `make`: what is to be known of the leaf, `STATS` numbers. */
  readonly made = new Float64Array(STATS);
  readonly #packed: Int32Array[] = [new Int32Array(ROOM)];
  readonly #packedRooms = new Rooms();
  readonly #wide: Float64Array[] = [new Float64Array(ROOM)];
  readonly #wideRooms = new Rooms();
  /** By packed leaf: the time and the arrival from which those of its entries are counted. */
  #bases = new Float64Array(2);

  /** Makes a leaf of entries: `count` of them, from the index `start` of an array on, sorted by time. */
  make(entries: Float64Array, start: number, count: number): number {
    const leaf = this.#takePacked();
    if (this.#pack(leaf, entries, start, count)) return leaf;
    this.#packedRooms.giveBack(leaf);
    const wide = this.#takeWide();
    const block = this.#wide[wide >>> SHIFT];
    let to = startOf(wide);
    for (let i = start; i < start + count * WIDTH; i++) block[to++] = entries[i];
    this.stat(~wide, count, this.made, 0);
    return ~wide;
  }

  /**
   * Inserts an entry behind those of the same time into a leaf of `count` entries with room for one more. Leaves what comes after
   * it in `after` and `later`. Returns the leaf, which is another one when it had to become wide.
   */
  insert(leaf: number, count: number, time: number, amount: number, arrival: number): number {
    if (leaf < 0) {
      this.#insertWide(~leaf, count, time, amount, arrival);
      return leaf;
    }
    const fromTime = this.#bases[2 * leaf];
    const fromArrival = this.#bases[2 * leaf + 1];
    const t = (time - fromTime) | 0;
    const u = amount | 0;
    const a = (arrival - fromArrival) | 0;
    if (fromTime + t !== time || u !== amount || fromArrival + a !== arrival) {
      const wide = this.#widen(leaf, count);
      this.#insertWide(wide, count, time, amount, arrival);
      return ~wide;
    }
    const block = this.#packed[leaf >>> SHIFT];
    const start = startOf(leaf);
    const end = start + count * WIDTH;
    let after = 0;
    let i = end;
    while (i > start) {
      const before = block[i - 3];
      if (before <= t) break;
      const moved = block[i - 2];
      block[i] = before;
      block[i + 1] = moved;
      block[i + 2] = block[i - 1];
      after += moved;
      i -= WIDTH;
    }
    block[i] = t;
    block[i + 1] = u;
    block[i + 2] = a;
    this.after = after;
    this.later = (end - i) / WIDTH;
    return leaf;
  }

  /** The same for doubles, in a loop of its own: one that meets both kinds of arrays takes a tenth longer for a whole run. */
  #insertWide(leaf: number, count: number, time: number, amount: number, arrival: number): void {
    const block = this.#wide[leaf >>> SHIFT];
    const start = startOf(leaf);
    const end = start + count * WIDTH;
    let after = 0;
    let i = end;
    while (i > start) {
      const before = block[i - 3];
      if (!(before > time)) break;
      const moved = block[i - 2];
      block[i] = before;
      block[i + 1] = moved;
      block[i + 2] = block[i - 1];
      after += moved;
      i -= WIDTH;
    }
    block[i] = time;
    block[i + 1] = amount;
    block[i + 2] = arrival;
    this.after = after;
    this.later = (end - i) / WIDTH;
  }

  /** Moves the entries of a leaf from `kept` on into a leaf of their own, and returns that. */
  split(leaf: number, kept: number, count: number): number {
    if (leaf < 0) {
      const right = this.#takeWide();
      const start = startOf(~leaf);
      const moved = this.#wide[~leaf >>> SHIFT].subarray(start + kept * WIDTH, start + count * WIDTH);
      this.#wide[right >>> SHIFT].set(moved, startOf(right));
      return ~right;
    }
    const right = this.#takePacked();
    const start = startOf(leaf);
    const moved = this.#packed[leaf >>> SHIFT].subarray(start + kept * WIDTH, start + count * WIDTH);
    this.#packed[right >>> SHIFT].set(moved, startOf(right));
    this.#bases[2 * right] = this.#bases[2 * leaf];
    this.#bases[2 * right + 1] = this.#bases[2 * leaf + 1];
    return right;
  }

  /** Writes what is to be known of a leaf, `STATS` numbers. */
  stat(leaf: number, count: number, into: Float64Array, to: number): void {
    const packed = leaf >= 0;
    const block = packed ? this.#packed[leaf >>> SHIFT] : this.#wide[~leaf >>> SHIFT];
    const start = startOf(packed ? leaf : ~leaf);
    let sum = 0;
    let earliest = block[start + 2];
    let latest = earliest;
    for (let i = start; i < start + count * WIDTH; i += WIDTH) {
      const arrival = block[i + 2];
      sum += block[i + 1];
      if (arrival < earliest) earliest = arrival;
      if (arrival > latest) latest = arrival;
    }
    const fromArrival = packed ? this.#bases[2 * leaf + 1] : 0;
    into[to] = packed ? this.#bases[2 * leaf] + block[start] : block[start];
    into[to + SUM] = sum;
    into[to + SIZE] = count;
    into[to + EARLIEST] = fromArrival + earliest;
    into[to + LATEST] = fromArrival + latest;
  }

  /** Returns the sum of all that is up to a time, given the sum of all up to the end of a leaf. */
  sumUntil(leaf: number, count: number, all: number, time: number): number {
    const packed = leaf >= 0;
    const block = packed ? this.#packed[leaf >>> SHIFT] : this.#wide[~leaf >>> SHIFT];
    const start = startOf(packed ? leaf : ~leaf);
    const fromTime = packed ? this.#bases[2 * leaf] : 0;
    let sum = all;
    for (let i = start + count * WIDTH; i > start && fromTime + block[i - 3] > time; i -= WIDTH) sum -= block[i - 2];
    return sum;
  }

  /** Returns the sum of a leaf's amounts up to a time that had arrived by `arrival`. */
  sumKnown(leaf: number, count: number, time: number, arrival: number): number {
    let sum = 0;
    this.forEach(leaf, count, (t, amount, arrived) => {
      if (t <= time && arrived <= arrival) sum += amount;
    });
    return sum;
  }

  /** Calls back for the entries of a leaf in their order. */
  forEach(leaf: number, count: number, visit: Visit): void {
    if (leaf < 0) {
      visitAll(this.#wide[~leaf >>> SHIFT], startOf(~leaf), count, visit);
      return;
    }
    const block = this.#packed[leaf >>> SHIFT];
    const start = startOf(leaf);
    const fromTime = this.#bases[2 * leaf];
    const fromArrival = this.#bases[2 * leaf + 1];
    for (let i = start; i < start + count * WIDTH; i += WIDTH)
      visit(fromTime + block[i], block[i + 1], fromArrival + block[i + 2]);
  }

  /** Multiplies the amounts of a leaf. Returns the leaf, which is another one when it had to become wide or could be packed. */
  scale(leaf: number, count: number, factor: number): number {
    const entries = this.slice(leaf, count);
    scaleAll(entries, 0, count, factor);
    if (leaf < 0) this.#wideRooms.giveBack(~leaf);
    else this.#packedRooms.giveBack(leaf);
    return this.make(entries, 0, count);
  }

  /** Copies the entries of a leaf out; `make` takes them back in. */
  slice(leaf: number, count: number): Float64Array {
    const entries = new Float64Array(count * WIDTH);
    let i = 0;
    this.forEach(leaf, count, (time, amount, arrival) => {
      entries[i++] = time;
      entries[i++] = amount;
      entries[i++] = arrival;
    });
    return entries;
  }

  /** Packs entries into a leaf, or says that one of them would not come back as it was. */
  #pack(leaf: number, from: Float64Array, start: number, count: number): boolean {
    const to = this.#packed[leaf >>> SHIFT];
    let j = startOf(leaf);
    const fromTime = from[start];
    const fromArrival = from[start + 2];
    let sum = 0;
    let earliest = fromArrival;
    let latest = fromArrival;
    for (let i = start; i < start + count * WIDTH; i += WIDTH) {
      const time = from[i];
      const amount = from[i + 1];
      const arrival = from[i + 2];
      const t = (time - fromTime) | 0;
      const u = amount | 0;
      const a = (arrival - fromArrival) | 0;
      if (fromTime + t !== time || u !== amount || fromArrival + a !== arrival) return false;
      to[j] = t;
      to[j + 1] = u;
      to[j + 2] = a;
      j += WIDTH;
      sum += amount;
      if (arrival < earliest) earliest = arrival;
      if (arrival > latest) latest = arrival;
    }
    const { made } = this;
    made[0] = fromTime;
    made[SUM] = sum;
    made[SIZE] = count;
    made[EARLIEST] = earliest;
    made[LATEST] = latest;
    this.#bases[2 * leaf] = fromTime;
    this.#bases[2 * leaf + 1] = fromArrival;
    return true;
  }

  /** Makes a packed leaf wide and returns its number among those. */
  #widen(leaf: number, count: number): number {
    const wide = this.#takeWide();
    this.#wide[wide >>> SHIFT].set(this.slice(leaf, count), startOf(wide));
    this.#packedRooms.giveBack(leaf);
    return wide;
  }

  #takePacked(): number {
    const leaf = this.#packedRooms.take();
    const last = this.#packed.length - 1;
    const room = roomFor(leaf, last, this.#packed[last].length);
    if (room > 0) {
      const block = new Int32Array(room);
      if (leaf >>> SHIFT === last) block.set(this.#packed[last]);
      this.#packed[leaf >>> SHIFT] = block;
    }
    if (2 * leaf >= this.#bases.length) {
      const bases = new Float64Array(4 * leaf);
      bases.set(this.#bases);
      this.#bases = bases;
    }
    return leaf;
  }

  #takeWide(): number {
    const leaf = this.#wideRooms.take();
    const last = this.#wide.length - 1;
    const room = roomFor(leaf, last, this.#wide[last].length);
    if (room > 0) {
      const block = new Float64Array(room);
      if (leaf >>> SHIFT === last) block.set(this.#wide[last]);
      this.#wide[leaf >>> SHIFT] = block;
    }
    return leaf;
  }
}

/** Hands out numbers of leaves, those first that were given back. */
class Rooms {
  #used = 0;
  readonly #free: number[] = [];

  take(): number {
    return this.#free.pop() ?? this.#used++;
  }

  giveBack(leaf: number): void {
    this.#free.push(leaf);
  }
}

/** The index of a leaf's first number in its block. */
function startOf(leaf: number): number {
  return (leaf & (BLOCK - 1)) * ROOM;
}

/** How long the block of a leaf has to become for it, given the last block; 0 where it is long enough. */
function roomFor(leaf: number, last: number, length: number): number {
  if (leaf >>> SHIFT > last) return BLOCK * ROOM;
  return leaf >>> SHIFT === last && startOf(leaf) >= length ? 2 * length : 0;
}

/** Calls back for entries from the index `start` of an array on. */
export function visitAll(entries: Float64Array, start: number, count: number, visit: Visit): void {
  for (let i = start; i < start + count * WIDTH; i += WIDTH) visit(entries[i], entries[i + 1], entries[i + 2]);
}

/** Multiplies the amounts of entries from the index `start` of an array on. */
export function scaleAll(entries: Float64Array, start: number, count: number, factor: number): void {
  for (let i = start + 1; i < start + count * WIDTH; i += WIDTH) entries[i] *= factor;
}
