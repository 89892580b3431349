/**
 * Sums over event time that can be added to in the middle: the balance of one key.
 *
 * A late flow changes every later balance. Kept as a list of balances that would cost the number of them; kept as flows with
 * sums over stretches of them it costs O(log n), and the balance at any time is a walk from the root:
 *
 * ```
 *  body: a B+ tree of closed leaves                                         tail: sorted, still in motion
 *  [ sum 412 | sum 97 | sum 230 ]                                           t u a, t u a, t u a …
 *      │         │        │
 *   leaf 128   leaf 128  leaf 128   (time, units, arrival) side by side
 * ```
 *
 * Most flows belong near the end, so the newest stay in a small sorted array that is searched from its end; the balance
 * there is the total less what comes after. When the tail is full, its older half becomes a leaf of the body.
 */

/** Doubles per entry: event time, amount, arrival. */
const WIDTH = 3;
/** Entries in the tail before half of them move into the body. */
const TAIL = 256;
/** Entries with which a leaf is closed, and the most it may grow to by late rows. */
const FILL = TAIL / 2;
const LEAF = 160;
const FANOUT = 32;

/** Leaves per block of memory: many small arrays would keep the collector busy. */
const BLOCK = 64;

/** Hands out room for leaves, for all the trees of an operator. */
export class LeafPool {
  #block = new Float64Array(0);
  #used = 0;

  take(): Float64Array<ArrayBuffer> {
    if (this.#used === this.#block.length) {
      this.#block = new Float64Array(BLOCK * LEAF * WIDTH);
      this.#used = 0;
    }
    this.#used += LEAF * WIDTH;
    return this.#block.subarray(this.#used - LEAF * WIDTH, this.#used);
  }
}

const NO_ENTRIES = new Float64Array(0);

/** One node of the body. Leaves hold entries; inner nodes hold, for each child, what a query may skip it by. */
class TreeNode {
  /** Entries, or children. */
  count = 0;
  /** Leaves: the entries. Inner nodes: empty. */
  readonly entries: Float64Array;
  readonly children: TreeNode[] = [];
  sum = 0;
  /** Entries below. */
  size = 0;
  firstTime = Infinity;
  minArrival = Infinity;
  maxArrival = -Infinity;

  /** Makes a leaf with room from a pool, or an inner node without. */
  constructor(pool: LeafPool | null) {
    this.entries = pool === null ? NO_ENTRIES : pool.take();
  }

  get leaf(): boolean {
    return this.entries.length > 0;
  }

  /** Computes the summary anew from what is below. */
  refresh(): void {
    this.sum = 0;
    this.size = 0;
    this.minArrival = Infinity;
    this.maxArrival = -Infinity;
    if (this.leaf) {
      this.size = this.count;
      for (let i = 0; i < this.count * WIDTH; i += WIDTH) {
        this.sum += this.entries[i + 1];
        this.#arrival(this.entries[i + 2], this.entries[i + 2]);
      }
      this.firstTime = this.count > 0 ? this.entries[0] : Infinity;
      return;
    }
    this.count = this.children.length;
    for (const child of this.children) {
      this.sum += child.sum;
      this.size += child.size;
      this.#arrival(child.minArrival, child.maxArrival);
    }
    this.firstTime = this.children[0]?.firstTime ?? Infinity;
  }

  #arrival(min: number, max: number): void {
    if (min < this.minArrival) this.minArrival = min;
    if (max > this.maxArrival) this.maxArrival = max;
  }
}

export class SumTree {
  /** Sum of all amounts. */
  total = 0;
  /** After `insert`: the sum of the amounts up to and including the inserted one's time. */
  balance = 0;
  #tail = new Float64Array(8 * WIDTH);
  #tailCount = 0;
  #root: TreeNode | null = null;
  /** Time of the body's last entry. */
  #bodyEnd = -Infinity;
  /** Set on the way down of an insertion into the body: sum before it, entries after it. */
  #before = 0;
  #later = 0;
  readonly #pool: LeafPool;

  constructor(pool: LeafPool = new LeafPool()) {
    this.#pool = pool;
  }

  /** Number of entries. */
  get size(): number {
    return this.#tailCount + (this.#root?.size ?? 0);
  }

  /**
   * Adds an amount at an event time, after those of the same time. Leaves the balance at that time in `balance` and returns
   * how many later entries there are, whose balances all move by the amount.
   */
  insert(time: number, amount: number, arrival: number): number {
    this.total += amount;
    let tail = this.#tail;
    if (time < this.#bodyEnd) return this.#insertBody(time, amount, arrival);
    if (this.#tailCount * WIDTH === tail.length) tail = this.#makeRoom();
    if (time < this.#bodyEnd) return this.#insertBody(time, amount, arrival);
    const end = this.#tailCount * WIDTH;
    let i = end;
    let after = 0;
    while (i > 0 && tail[i - 3] > time) {
      after += tail[i - 2];
      tail[i] = tail[i - 3];
      tail[i + 1] = tail[i - 2];
      tail[i + 2] = tail[i - 1];
      i -= 3;
    }
    tail[i] = time;
    tail[i + 1] = amount;
    tail[i + 2] = arrival;
    this.#tailCount++;
    this.balance = this.total - after;
    return (end - i) / 3;
  }

  /**
   * Inserts a chain of rows: `first`, then `next[first]` and so on to −1, and writes what `insert` says of each. Taking one
   * key's rows of a step together keeps its tail in the cache.
   */
  insertChain(
    first: number,
    next: Int32Array,
    time: Float64Array,
    amount: Float64Array,
    arrival: Float64Array,
    balance: Float64Array,
    later: Float64Array,
  ): void {
    for (let row = first; row >= 0; row = next[row]) {
      later[row] = this.insert(time[row], amount[row], arrival[row]);
      balance[row] = this.balance;
    }
  }

  /** Returns the sum of the amounts whose event time is at most `time`. O(log n). */
  sumUntil(time: number): number {
    if (time >= this.#bodyEnd) return this.total - this.#tailAfter(time);
    let sum = 0;
    let node = this.#root as TreeNode;
    while (!node.leaf) {
      const at = childAt(node, time);
      if (at < 0) return sum;
      for (let i = 0; i < at; i++) sum += node.children[i].sum;
      node = node.children[at];
    }
    for (let i = 0; i < node.count * WIDTH && node.entries[i] <= time; i += WIDTH) sum += node.entries[i + 1];
    return sum;
  }

  /**
   * Returns the sum of the amounts whose event time is at most `time` and which had arrived by `arrival`. Stretches that
   * arrived before or after it as a whole are not looked into.
   */
  sumKnown(time: number, arrival: number): number {
    let sum = this.#root === null ? 0 : knownBelow(this.#root, time, arrival);
    const tail = this.#tail;
    for (let i = 0; i < this.#tailCount * WIDTH && tail[i] <= time; i += WIDTH)
      if (tail[i + 2] <= arrival) sum += tail[i + 1];
    return sum;
  }

  /** Calls back for every entry in order of time. */
  forEach(visit: (time: number, amount: number, arrival: number) => void): void {
    if (this.#root !== null) visitBelow(this.#root, visit);
    visitEntries(this.#tail, this.#tailCount, visit);
  }

  /** Multiplies all amounts, which changes the unit they are counted in. O(n). */
  scale(factor: number): void {
    this.total *= factor;
    for (let i = 1; i < this.#tailCount * WIDTH; i += WIDTH) this.#tail[i] *= factor;
    if (this.#root !== null) scaleBelow(this.#root, factor);
  }

  /** Takes the tree out as plain data, sums as they are, so that a restored one goes on to the last bit. */
  snapshot(): unknown {
    const { total } = this;
    const tail = this.#tail.slice(0, this.#tailCount * WIDTH);
    return { total, tail, bodyEnd: this.#bodyEnd, root: this.#root === null ? null : saveNode(this.#root) };
  }

  /** Puts back what `snapshot` gave into an empty tree. */
  restore(snapshot: unknown): void {
    const from = snapshot as { total: number; tail: Float64Array; bodyEnd: number; root: SavedNode | null };
    this.total = from.total;
    this.#tailCount = from.tail.length / WIDTH;
    this.#tail = new Float64Array(capacityFor(this.#tailCount) * WIDTH);
    this.#tail.set(from.tail);
    this.#bodyEnd = from.bodyEnd;
    this.#root = from.root === null ? null : loadNode(from.root, this.#pool);
  }

  #tailAfter(time: number): number {
    const tail = this.#tail;
    let after = 0;
    for (let i = this.#tailCount * WIDTH; i > 0 && tail[i - 3] > time; i -= WIDTH) after += tail[i - 2];
    return after;
  }

  /** Grows the tail, or moves its older half into the body. */
  #makeRoom(): Float64Array<ArrayBuffer> {
    if (this.#tailCount < TAIL) {
      const tail = new Float64Array(this.#tail.length * 2);
      tail.set(this.#tail);
      this.#tail = tail;
      return tail;
    }
    this.#append(this.#tail.subarray(0, FILL * WIDTH));
    this.#tail.copyWithin(0, FILL * WIDTH, TAIL * WIDTH);
    this.#tailCount = TAIL - FILL;
    return this.#tail;
  }

  /** Appends a leaf to the body. */
  #append(entries: Float64Array): void {
    const leaf = new TreeNode(this.#pool);
    leaf.entries.set(entries);
    leaf.count = entries.length / WIDTH;
    leaf.refresh();
    this.#bodyEnd = entries[entries.length - WIDTH];
    if (this.#root === null) this.#root = leaf;
    else {
      const sibling = appendBelow(this.#root, leaf);
      if (sibling !== null) this.#raise(sibling);
    }
  }

  /** Puts a new root above the old one and its sibling. */
  #raise(sibling: TreeNode): void {
    const root = new TreeNode(null);
    root.children.push(this.#root as TreeNode, sibling);
    root.refresh();
    this.#root = root;
  }

  #insertBody(time: number, amount: number, arrival: number): number {
    const root = this.#root as TreeNode;
    this.#before = 0;
    this.#later = this.#tailCount;
    const sibling = this.#insertBelow(root, time, amount, arrival);
    if (sibling !== null) this.#raise(sibling);
    this.balance = this.#before + amount;
    return this.#later;
  }

  /** Inserts below a node and returns the new right sibling when it had to split. */
  #insertBelow(node: TreeNode, time: number, amount: number, arrival: number): TreeNode | null {
    node.sum += amount;
    node.size++;
    if (time < node.firstTime) node.firstTime = time;
    if (arrival < node.minArrival) node.minArrival = arrival;
    if (arrival > node.maxArrival) node.maxArrival = arrival;
    if (node.leaf) {
      const { entries } = node;
      let i = node.count * WIDTH;
      while (i > 0 && entries[i - WIDTH] > time) i -= WIDTH;
      for (let j = 0; j < i; j += WIDTH) this.#before += entries[j + 1];
      this.#later += node.count - i / WIDTH;
      entries.copyWithin(i + WIDTH, i, node.count * WIDTH);
      entries[i] = time;
      entries[i + 1] = amount;
      entries[i + 2] = arrival;
      return ++node.count === LEAF ? splitLeaf(node, this.#pool) : null;
    }
    const at = Math.max(0, childAt(node, time));
    const { children } = node;
    for (let i = 0; i < at; i++) this.#before += children[i].sum;
    for (let i = at + 1; i < children.length; i++) this.#later += children[i].size;
    const sibling = this.#insertBelow(children[at], time, amount, arrival);
    if (sibling === null) return null;
    children.splice(at + 1, 0, sibling);
    node.count++;
    return node.count > FANOUT ? splitInner(node) : null;
  }
}

/** The last child that begins at or before a time, or −1. */
function childAt(node: TreeNode, time: number): number {
  let low = 0;
  let high = node.children.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (node.children[middle].firstTime <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function splitLeaf(node: TreeNode, pool: LeafPool): TreeNode {
  const right = new TreeNode(pool);
  const kept = node.count >> 1;
  right.entries.set(node.entries.subarray(kept * WIDTH, node.count * WIDTH));
  right.count = node.count - kept;
  node.count = kept;
  node.refresh();
  right.refresh();
  return right;
}

function splitInner(node: TreeNode): TreeNode {
  const right = new TreeNode(null);
  right.children.push(...node.children.splice(node.count >> 1));
  node.refresh();
  right.refresh();
  return right;
}

/** Appends a leaf at the right end below a node; a full node gets a sibling that begins with the leaf. */
function appendBelow(node: TreeNode, leaf: TreeNode): TreeNode | null {
  // A leaf as root, or the level just above the leaves: the new leaf stands beside.
  if (node.leaf) return leaf;
  const sibling = appendBelow(node.children[node.children.length - 1], leaf);
  if (sibling !== null) {
    if (node.count === FANOUT) {
      const right = new TreeNode(null);
      right.children.push(sibling);
      right.refresh();
      return right;
    }
    node.children.push(sibling);
    node.count++;
  }
  node.sum += leaf.sum;
  node.size += leaf.size;
  if (leaf.minArrival < node.minArrival) node.minArrival = leaf.minArrival;
  if (leaf.maxArrival > node.maxArrival) node.maxArrival = leaf.maxArrival;
  return null;
}

function knownBelow(node: TreeNode, time: number, arrival: number): number {
  if (node.firstTime > time || node.minArrival > arrival) return 0;
  let sum = 0;
  if (node.leaf) {
    for (let i = 0; i < node.count * WIDTH && node.entries[i] <= time; i += WIDTH)
      if (node.entries[i + 2] <= arrival) sum += node.entries[i + 1];
    return sum;
  }
  const { children } = node;
  for (let i = 0; i < children.length && children[i].firstTime <= time; i++) {
    // A child that the next one begins within the time of is wholly within it.
    const within = i + 1 < children.length && children[i + 1].firstTime <= time;
    sum += within && children[i].maxArrival <= arrival ? children[i].sum : knownBelow(children[i], time, arrival);
  }
  return sum;
}

function visitEntries(
  entries: Float64Array,
  count: number,
  visit: (time: number, amount: number, arrival: number) => void,
): void {
  for (let i = 0; i < count * WIDTH; i += WIDTH) visit(entries[i], entries[i + 1], entries[i + 2]);
}

function visitBelow(node: TreeNode, visit: (time: number, amount: number, arrival: number) => void): void {
  if (node.leaf) visitEntries(node.entries, node.count, visit);
  else for (const child of node.children) visitBelow(child, visit);
}

function scaleBelow(node: TreeNode, factor: number): void {
  node.sum *= factor;
  for (let i = 1; i < node.count * WIDTH && node.leaf; i += WIDTH) node.entries[i] *= factor;
  for (const child of node.children) scaleBelow(child, factor);
}

interface SavedNode {
  readonly sum: number;
  /** Null for inner nodes. */
  readonly entries: Float64Array | null;
  readonly children: readonly SavedNode[];
}

function saveNode(node: TreeNode): SavedNode {
  return {
    sum: node.sum,
    entries: node.leaf ? node.entries.slice(0, node.count * WIDTH) : null,
    children: node.children.map(saveNode),
  };
}

function loadNode(saved: SavedNode, pool: LeafPool): TreeNode {
  const node = new TreeNode(saved.entries === null ? null : pool);
  if (saved.entries !== null) {
    node.entries.set(saved.entries);
    node.count = saved.entries.length / WIDTH;
  }
  for (const child of saved.children) node.children.push(loadNode(child, pool));
  node.refresh();
  node.sum = saved.sum;
  return node;
}

function capacityFor(count: number): number {
  let capacity = 8;
  while (capacity < count) capacity *= 2;
  return capacity;
}
