/**
 * The body of a tree of sums: entries that lie well behind the newest, in a B+ tree of closed leaves. What a question or an
 * insertion may skip a child by lies beside the children in one array, and both go from the right, where most late rows belong:
 *
 * ```
 *  branch   first, sum, size, least and greatest arrival of each child
 *           [ 12:00 412 96 … | 12:07 97 101 … | 12:15 230 96 … ]
 *                 │                 │                │
 *  leaf      t u a, t u a …    t u a, t u a …   t u a, t u a …       (event time, units, arrival)
 * ```
 */
import { type EntryPool, WIDTH } from "./entry-pool.ts";

/** Entries with which a leaf splits. */
export const LEAF = 128;
const FANOUT = 32;

/** What a branch knows of each child: the time of its first entry, its sum, its entries, least and greatest arrival. */
const STATS = 5;
const SUM = 1;
const SIZE = 2;
const EARLIEST = 3;
const LATEST = 4;

class Branch {
  count = 0;
  /** Places of leaves, with room for `LEAF` entries each. Of these and the branches below, one is empty. */
  readonly leaves: number[] = [];
  readonly branches: Branch[] = [];
  /** By child, `STATS` each. */
  stats: number[] = [];

  /** Makes room for a child at an index. */
  open(at: number): void {
    // Halves, so that it is an array of doubles from the start.
    if (at === this.count) this.stats.push(0.5, 0.5, 0.5, 0.5, 0.5);
    else this.stats.splice(at * STATS, 0, 0.5, 0.5, 0.5, 0.5, 0.5);
    this.count++;
  }

  insertBranch(at: number, branch: Branch): void {
    this.open(at);
    this.branches.splice(at, 0, branch);
    statOfBranch(branch, this.stats, at * STATS);
  }
}

export interface SavedBody {
  readonly sum: number;
  readonly root: SavedBranch;
}

interface SavedBranch {
  readonly stats: readonly number[];
  readonly leaves: readonly Float64Array[];
  readonly branches: readonly SavedBranch[];
}

export class SumBody {
  /** After `insert`: the sum of the amounts behind the entry, and their number. */
  after = 0;
  later = 0;
  /** Sum of all amounts. */
  sum = 0;
  /** Entries. */
  size = 0;
  #root = new Branch();
  readonly #pool: EntryPool;

  constructor(pool: EntryPool) {
    this.#pool = pool;
  }

  /** Appends a leaf of the first `count` entries of a place with room for `LEAF`, which begin where the last ones end. */
  append(place: number, count: number): void {
    this.size += count;
    const sibling = this.#appendBelow(this.#root, place, count);
    if (sibling !== null) this.#raise(sibling);
  }

  /** Inserts an entry behind those of the same time. Leaves what comes after it in `after` and `later`. */
  insert(time: number, amount: number, arrival: number): void {
    this.after = 0;
    this.later = 0;
    this.sum += amount;
    this.size++;
    const sibling = this.#insertBelow(this.#root, time, amount, arrival);
    if (sibling !== null) this.#raise(sibling);
  }

  /** Returns the sum of the amounts up to a time. */
  sumUntil(time: number): number {
    let { sum } = this;
    let node = this.#root;
    for (;;) {
      const { stats } = node;
      let child = (node.count - 1) * STATS;
      for (; child > 0 && stats[child] > time; child -= STATS) sum -= stats[child + SUM];
      if (node.leaves.length === 0) {
        node = node.branches[child / STATS];
        continue;
      }
      const place = node.leaves[child / STATS];
      const block = this.#pool.blockOf(place);
      const start = this.#pool.startOf(place);
      for (let i = start + stats[child + SIZE] * WIDTH; i > start && block[i - 3] > time; i -= WIDTH)
        sum -= block[i - 2];
      return sum;
    }
  }

  /** Returns the sum of the amounts up to a time that had arrived by `arrival`. */
  sumKnown(time: number, arrival: number): number {
    return this.#knownBelow(this.#root, time, arrival);
  }

  forEach(visit: (time: number, amount: number, arrival: number) => void): void {
    this.#visitBelow(this.#root, visit);
  }

  /** Multiplies all amounts. */
  scale(factor: number): void {
    this.sum *= factor;
    this.#scaleBelow(this.#root, factor);
  }

  save(): SavedBody {
    return { sum: this.sum, root: this.#saveBelow(this.#root) };
  }

  load({ sum, root }: SavedBody): void {
    this.sum = sum;
    this.#root = this.#loadBelow(root);
    const { stats, count } = this.#root;
    for (let i = 0; i < count; i++) this.size += stats[i * STATS + SIZE];
  }

  /** Puts a new root above the old one and its sibling. */
  #raise(sibling: Branch): void {
    const root = new Branch();
    root.insertBranch(0, this.#root);
    root.insertBranch(1, sibling);
    this.#root = root;
  }

  /** Appends a leaf at the right end below a branch; a full branch gets a sibling that begins with the leaf. */
  #appendBelow(node: Branch, place: number, count: number): Branch | null {
    const full = node.count === FANOUT;
    if (node.branches.length === 0) {
      const to = full ? new Branch() : node;
      this.sum += this.#insertLeaf(to, to.count, place, count);
      return full ? to : null;
    }
    const last = node.count - 1;
    const sibling = this.#appendBelow(node.branches[last], place, count);
    statOfBranch(node.branches[last], node.stats, last * STATS);
    if (sibling === null) return null;
    const to = full ? new Branch() : node;
    to.insertBranch(to.count, sibling);
    return full ? to : null;
  }

  /** Inserts a leaf into a branch and returns its sum. */
  #insertLeaf(node: Branch, at: number, place: number, count: number): number {
    node.open(at);
    node.leaves.splice(at, 0, place);
    return this.#statOfLeaf(place, count, node.stats, at * STATS);
  }

  /** Inserts below a branch and returns the new right sibling when it had to split. */
  #insertBelow(node: Branch, time: number, amount: number, arrival: number): Branch | null {
    const { stats } = node;
    let child = (node.count - 1) * STATS;
    let after = 0;
    let later = 0;
    for (; child > 0 && stats[child] > time; child -= STATS) {
      after += stats[child + SUM];
      later += stats[child + SIZE];
    }
    this.after += after;
    this.later += later;
    const count = stats[child + SIZE];
    if (time < stats[child]) stats[child] = time;
    stats[child + SUM] += amount;
    stats[child + SIZE] = count + 1;
    if (arrival < stats[child + EARLIEST]) stats[child + EARLIEST] = arrival;
    if (arrival > stats[child + LATEST]) stats[child + LATEST] = arrival;
    const at = child / STATS;
    if (node.leaves.length > 0) {
      this.#insertInLeaf(node.leaves[at], count, time, amount, arrival);
      if (count + 1 === LEAF) this.#splitLeaf(node, at);
    } else {
      const branch = node.branches[at];
      const right = this.#insertBelow(branch, time, amount, arrival);
      if (right === null) return null;
      statOfBranch(branch, stats, child);
      node.insertBranch(at + 1, right);
    }
    return node.count > FANOUT ? splitBranch(node) : null;
  }

  /** Inserts an entry into a leaf of `count`. */
  #insertInLeaf(place: number, count: number, time: number, amount: number, arrival: number): void {
    const block = this.#pool.blockOf(place);
    const start = this.#pool.startOf(place);
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
    this.after += after;
    this.later += (end - i) / WIDTH;
  }

  /** Moves the newer half of a full leaf into one of its own. */
  #splitLeaf(node: Branch, at: number): void {
    const place = node.leaves[at];
    const half = LEAF / 2;
    const right = this.#pool.take(LEAF);
    this.#pool.copy(place + half, right, half);
    this.#statOfLeaf(place, half, node.stats, at * STATS);
    this.#insertLeaf(node, at + 1, right, half);
  }

  /** Writes what is to be known of a leaf and returns its sum. */
  #statOfLeaf(place: number, count: number, stats: number[], to: number): number {
    const block = this.#pool.blockOf(place);
    const start = this.#pool.startOf(place);
    let sum = 0;
    let earliest = Infinity;
    let latest = -Infinity;
    for (let i = start; i < start + count * WIDTH; i += WIDTH) {
      const arrival = block[i + 2];
      sum += block[i + 1];
      if (arrival < earliest) earliest = arrival;
      if (arrival > latest) latest = arrival;
    }
    stats[to] = block[start];
    stats[to + SUM] = sum;
    stats[to + SIZE] = count;
    stats[to + EARLIEST] = earliest;
    stats[to + LATEST] = latest;
    return sum;
  }

  #knownBelow({ stats, count, leaves, branches }: Branch, time: number, arrival: number): number {
    let sum = 0;
    for (let c = 0; c < count && stats[c * STATS] <= time; c++) {
      const stat = c * STATS;
      if (stats[stat + EARLIEST] > arrival) continue;
      // A child that the next one begins within the time of is wholly within it.
      if (c + 1 < count && stats[stat + STATS] <= time && stats[stat + LATEST] <= arrival) sum += stats[stat + SUM];
      else if (leaves.length > 0) sum += this.#knownInLeaf(leaves[c], stats[stat + SIZE], time, arrival);
      else sum += this.#knownBelow(branches[c], time, arrival);
    }
    return sum;
  }

  #knownInLeaf(place: number, count: number, time: number, arrival: number): number {
    const block = this.#pool.blockOf(place);
    const start = this.#pool.startOf(place);
    let sum = 0;
    for (let i = start; i < start + count * WIDTH && block[i] <= time; i += WIDTH)
      if (block[i + 2] <= arrival) sum += block[i + 1];
    return sum;
  }

  #visitBelow(
    { leaves, branches, stats }: Branch,
    visit: (time: number, amount: number, arrival: number) => void,
  ): void {
    for (let c = 0; c < leaves.length; c++) this.#pool.forEach(leaves[c], stats[c * STATS + SIZE], visit);
    for (const branch of branches) this.#visitBelow(branch, visit);
  }

  #scaleBelow({ stats, count, leaves, branches }: Branch, factor: number): void {
    for (let c = 0; c < count; c++) stats[c * STATS + SUM] *= factor;
    for (let c = 0; c < leaves.length; c++) this.#pool.scale(leaves[c], stats[c * STATS + SIZE], factor);
    for (const branch of branches) this.#scaleBelow(branch, factor);
  }

  #saveBelow({ stats, leaves, branches }: Branch): SavedBranch {
    return {
      stats: stats.slice(),
      leaves: leaves.map((place, c) => this.#pool.slice(place, stats[c * STATS + SIZE])),
      branches: branches.map(branch => this.#saveBelow(branch)),
    };
  }

  #loadBelow({ stats, leaves, branches }: SavedBranch): Branch {
    const branch = new Branch();
    branch.count = stats.length / STATS;
    for (const stat of stats) branch.stats.push(stat);
    for (const entries of leaves) {
      const place = this.#pool.take(LEAF);
      this.#pool.set(place, entries);
      branch.leaves.push(place);
    }
    for (const below of branches) branch.branches.push(this.#loadBelow(below));
    return branch;
  }
}

function statOfBranch({ stats, count }: Branch, into: number[], to: number): void {
  let sum = 0;
  let size = 0;
  let earliest = Infinity;
  let latest = -Infinity;
  for (let i = 0; i < count * STATS; i += STATS) {
    sum += stats[i + SUM];
    size += stats[i + SIZE];
    earliest = Math.min(earliest, stats[i + EARLIEST]);
    latest = Math.max(latest, stats[i + LATEST]);
  }
  into[to] = stats[0];
  into[to + SUM] = sum;
  into[to + SIZE] = size;
  into[to + EARLIEST] = earliest;
  into[to + LATEST] = latest;
}

function splitBranch(node: Branch): Branch {
  const right = new Branch();
  const kept = node.count >> 1;
  right.leaves.push(...node.leaves.splice(kept));
  right.branches.push(...node.branches.splice(kept));
  right.count = node.count - kept;
  right.stats = node.stats.splice(kept * STATS);
  node.count = kept;
  return right;
}
