/**
 * The bodies of trees of sums: entries that lie well behind the newest, in B+ trees of closed leaves. What a question or an
 * insertion may skip a child by lies beside the children, and both go from the right, where most late rows belong:
 *
 * ```
 *  node   count; first, sum, size, least and greatest arrival of each child, and the child
 *         [ 3 | 12:00 412 96 … | 12:07 97 101 … | 12:15 230 96 … ]
 *                  │                 │                │
 *  leaf      t u a, t u a …    t u a, t u a …   t u a, t u a …       (event time, units, arrival)
 * ```
 *
 * Nodes of all trees lie in a few large blocks, as leaves do: a late row goes to a key that nobody has looked at for a while, and
 * what it waits for is memory, not arithmetic. A node is a number; those of the lowest level, 0, have leaves as children.
 */
import { EARLIEST, LATEST, LEAF, type Leaves, SIZE, STATS, SUM, type Visit, WIDTH } from "./leaves.ts";

/** Children of a full node. */
const FANOUT = 32;
/** Doubles per child, and per node: for a moment, before it is split, it has one child too many. */
const CHILD = STATS + 1;
const REF = STATS;
const NODE = 1 + (FANOUT + 1) * CHILD;

/** Nodes per block, as a power of two. The first block grows up to it. */
const SHIFT = 6;
const BLOCK = 1 << SHIFT;
/** More levels than a tree can have. */
const DEEP = 16;

export interface SavedBranch {
  readonly stats: readonly number[];
  readonly leaves: readonly Float64Array[];
  readonly branches: readonly SavedBranch[];
}

export class SumBodies {
  /** After `insert`: the sum of the amounts behind the entry, and their number. */
  after = 0;
  later = 0;
  /** After `append`, `insert` and `load`: the tree's root and its level. */
  node = 0;
  level = 0;
  readonly #leaves: Leaves;
  readonly #blocks: Float64Array[] = [new Float64Array(NODE)];
  #nodes = 0;
  /** By level: the node that the last insertion or append went through, and where its child begins. */
  readonly #through = new Int32Array(DEEP);
  readonly #children = new Int32Array(DEEP);

  /** Makes room for bodies whose leaves lie in a store. */
  constructor(leaves: Leaves) {
    this.#leaves = leaves;
  }

  /** Makes a body without entries: a node of level 0. */
  plant(): number {
    return this.#take();
  }

  /** Appends the leaf that was just made, whose entries begin where the last ones end. */
  append(root: number, depth: number, leaf: number): void {
    this.node = root;
    this.level = depth;
    let node = root;
    for (let level = depth; ; level--) {
      this.#through[level] = node;
      if (level === 0) break;
      const block = this.#blockOf(node);
      const start = startOf(node);
      node = block[lastOf(block, start) + REF] | 0;
    }
    // A full node gets a sibling that begins with the leaf, and so on upwards.
    let sibling = this.#countOf(node) === FANOUT ? this.#take() : -1;
    const to = sibling < 0 ? node : sibling;
    const at = this.#open(to, this.#countOf(to));
    const block = this.#blockOf(to);
    const { made } = this.#leaves;
    for (let i = 0; i < STATS; i++) block[at + i] = made[i];
    block[at + REF] = leaf;
    for (let level = 1; level <= depth; level++) {
      const above = this.#through[level];
      this.#stat(this.#through[level - 1], above, lastOf(this.#blockOf(above), startOf(above)));
      if (sibling < 0) continue;
      const full = this.#countOf(above) === FANOUT;
      const into = full ? this.#take() : above;
      this.#insertNode(into, this.#countOf(into), sibling);
      sibling = full ? into : -1;
    }
    if (sibling >= 0) this.#raise(sibling);
  }

  /** Inserts an entry behind those of the same time. Leaves what comes after it in `after` and `later`. */
  insert(root: number, depth: number, time: number, amount: number, arrival: number): void {
    this.node = root;
    this.level = depth;
    const leaves = this.#leaves;
    let node = root;
    let after = 0;
    let later = 0;
    for (let level = depth; ; level--) {
      const block = this.#blockOf(node);
      const start = startOf(node);
      let child = lastOf(block, start);
      let behind = 0;
      for (; child > start + 1 && block[child] > time; child -= CHILD) {
        behind += block[child + SUM];
        later += block[child + SIZE];
      }
      after += behind;
      const count = block[child + SIZE] | 0;
      if (time < block[child]) block[child] = time;
      block[child + SUM] += amount;
      block[child + SIZE] = count + 1;
      if (arrival < block[child + EARLIEST]) block[child + EARLIEST] = arrival;
      if (arrival > block[child + LATEST]) block[child + LATEST] = arrival;
      this.#through[level] = node;
      this.#children[level] = child;
      node = block[child + REF] | 0;
      if (level > 0) continue;
      block[child + REF] = leaves.insert(node, count, time, amount, arrival);
      this.after = after + leaves.after;
      this.later = later + leaves.later;
      if (count + 1 === LEAF) this.#splitLeaf(depth);
      return;
    }
  }

  /** Returns the sum of a body's amounts up to a time, given the sum of all. */
  sumUntil(root: number, depth: number, all: number, time: number): number {
    let node = root;
    let sum = all;
    for (let level = depth; ; level--) {
      const block = this.#blockOf(node);
      const start = startOf(node);
      let child = lastOf(block, start);
      for (; child > start + 1 && block[child] > time; child -= CHILD) sum -= block[child + SUM];
      node = block[child + REF] | 0;
      if (level === 0) return this.#leaves.sumUntil(node, block[child + SIZE], sum, time);
    }
  }

  /** Returns the sum of the amounts below a node up to a time that had arrived by `arrival`. */
  sumKnown(node: number, level: number, time: number, arrival: number): number {
    const block = this.#blockOf(node);
    const start = startOf(node);
    const last = lastOf(block, start);
    let sum = 0;
    for (let child = start + 1; child <= last && block[child] <= time; child += CHILD) {
      if (block[child + EARLIEST] > arrival) continue;
      // A child that the next one begins within the time of is wholly within it.
      if (child < last && block[child + CHILD] <= time && block[child + LATEST] <= arrival) sum += block[child + SUM];
      else if (level === 0) sum += this.#leaves.sumKnown(block[child + REF], block[child + SIZE], time, arrival);
      else sum += this.sumKnown(block[child + REF], level - 1, time, arrival);
    }
    return sum;
  }

  /** Calls back for the entries below a node in order of time. */
  forEach(node: number, level: number, visit: Visit): void {
    const block = this.#blockOf(node);
    const start = startOf(node);
    const last = lastOf(block, start);
    for (let child = start + 1; child <= last; child += CHILD) {
      if (level === 0) this.#leaves.forEach(block[child + REF], block[child + SIZE], visit);
      else this.forEach(block[child + REF], level - 1, visit);
    }
  }

  /** Multiplies the amounts below a node. */
  scale(node: number, level: number, factor: number): void {
    const block = this.#blockOf(node);
    const start = startOf(node);
    const last = lastOf(block, start);
    for (let child = start + 1; child <= last; child += CHILD) {
      block[child + SUM] *= factor;
      if (level > 0) this.scale(block[child + REF], level - 1, factor);
      else block[child + REF] = this.#leaves.scale(block[child + REF], block[child + SIZE], factor);
    }
  }

  /** Number of entries below a node. */
  size(node: number): number {
    const block = this.#blockOf(node);
    const start = startOf(node);
    const last = lastOf(block, start);
    let size = 0;
    for (let child = start + 1; child <= last; child += CHILD) size += block[child + SIZE];
    return size;
  }

  /** Takes what is below a node out as plain data. */
  save(node: number, level: number): SavedBranch {
    const block = this.#blockOf(node);
    const start = startOf(node);
    const last = lastOf(block, start);
    const stats: number[] = [];
    const leaves: Float64Array[] = [];
    const branches: SavedBranch[] = [];
    for (let child = start + 1; child <= last; child += CHILD) {
      for (let i = 0; i < STATS; i++) stats.push(block[child + i]);
      if (level === 0) leaves.push(this.#leaves.slice(block[child + REF], block[child + SIZE]));
      else branches.push(this.save(block[child + REF], level - 1));
    }
    return { stats, leaves, branches };
  }

  /** Makes a node of what was saved. Leaves its level in `level` and returns it. */
  load({ stats, leaves, branches }: SavedBranch): number {
    const node = this.#take();
    const refs = leaves.map(entries => this.#leaves.make(entries, 0, entries.length / WIDTH));
    this.level = -1;
    for (const branch of branches) refs.push(this.load(branch));
    this.level++;
    const block = this.#blockOf(node);
    const start = startOf(node);
    block[start] = refs.length;
    refs.forEach((ref, c) => {
      const child = start + 1 + c * CHILD;
      for (let i = 0; i < STATS; i++) block[child + i] = stats[c * STATS + i];
      block[child + REF] = ref;
    });
    this.node = node;
    return node;
  }

  /** Moves the newer half of the full leaf that the last insertion went into, and splits what has too many children then. */
  #splitLeaf(depth: number): void {
    const half = LEAF / 2;
    const node = this.#through[0];
    const child = this.#children[0];
    const block = this.#blockOf(node);
    const right = this.#leaves.split(block[child + REF], half, LEAF);
    this.#leaves.stat(block[child + REF], half, block, child);
    const at = this.#open(node, this.#indexOf(node, child) + 1);
    block[at + REF] = right;
    this.#leaves.stat(right, LEAF - half, block, at);
    for (let level = 0; this.#countOf(this.#through[level]) > FANOUT; level++) {
      const left = this.#through[level];
      const sibling = this.#splitNode(left);
      if (level === depth) {
        this.#raise(sibling);
        return;
      }
      const above = this.#through[level + 1];
      this.#stat(left, above, this.#children[level + 1]);
      this.#insertNode(above, this.#indexOf(above, this.#children[level + 1]) + 1, sibling);
    }
  }

  /** Moves the right half of a node's children into a node of their own. */
  #splitNode(node: number): number {
    const right = this.#take();
    const from = this.#blockOf(node);
    const start = startOf(node);
    const to = this.#blockOf(right);
    const target = startOf(right);
    const count = from[start];
    const kept = count >> 1;
    to.set(from.subarray(start + 1 + kept * CHILD, start + 1 + count * CHILD), target + 1);
    to[target] = count - kept;
    from[start] = kept;
    return right;
  }

  /** Puts a new root above the old one and its sibling. */
  #raise(sibling: number): void {
    const root = this.#take();
    this.#insertNode(root, 0, this.node);
    this.#insertNode(root, 1, sibling);
    this.node = root;
    this.level++;
  }

  #insertNode(into: number, index: number, node: number): void {
    const at = this.#open(into, index);
    this.#blockOf(into)[at + REF] = node;
    this.#stat(node, into, at);
  }

  /** Makes room for a child of a node and returns where it begins in the node's block. */
  #open(node: number, index: number): number {
    const block = this.#blockOf(node);
    const start = startOf(node);
    const at = start + 1 + index * CHILD;
    block.copyWithin(at + CHILD, at, start + 1 + block[start] * CHILD);
    block[start]++;
    return at;
  }

  /** Writes what is to be known of a node beside it, from the index `to` on in the block of the one above. */
  #stat(node: number, above: number, to: number): void {
    const block = this.#blockOf(node);
    const start = startOf(node);
    const last = lastOf(block, start);
    let sum = 0;
    let size = 0;
    let earliest = Infinity;
    let latest = -Infinity;
    for (let child = start + 1; child <= last; child += CHILD) {
      sum += block[child + SUM];
      size += block[child + SIZE];
      earliest = Math.min(earliest, block[child + EARLIEST]);
      latest = Math.max(latest, block[child + LATEST]);
    }
    const into = this.#blockOf(above);
    into[to] = block[start + 1];
    into[to + SUM] = sum;
    into[to + SIZE] = size;
    into[to + EARLIEST] = earliest;
    into[to + LATEST] = latest;
  }

  #indexOf(node: number, child: number): number {
    return (child - startOf(node) - 1) / CHILD;
  }

  #countOf(node: number): number {
    return this.#blockOf(node)[startOf(node)];
  }

  #blockOf(node: number): Float64Array {
    return this.#blocks[node >>> SHIFT];
  }

  /** Takes a node without children. May move the first block. */
  #take(): number {
    const node = this.#nodes++;
    const last = this.#blocks.length - 1;
    if (node >>> SHIFT > last) this.#blocks.push(new Float64Array(BLOCK * NODE));
    else if (startOf(node) >= this.#blocks[last].length) {
      const block = new Float64Array(2 * this.#blocks[last].length);
      block.set(this.#blocks[last]);
      this.#blocks[last] = block;
    }
    return node;
  }
}

/** The index of a node's count in its block; its children follow. */
function startOf(node: number): number {
  return (node & (BLOCK - 1)) * NODE;
}

/** Where the last child of a node begins, or before the first where it has none. */
function lastOf(block: Float64Array, start: number): number {
  return start + 1 + (block[start] - 1) * CHILD;
}
