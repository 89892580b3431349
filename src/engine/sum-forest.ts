/**
 * Sums over event time that can be added to in the middle, for many keys: the balance of each.
 *
 * A late flow changes every later balance. Kept as a list of balances that would cost the number of them; kept as flows with
 * sums over stretches of them it costs O(log n), and the balance at any time is a walk from the newest back:
 *
 * ```
 *  body: a B+ tree of closed leaves (`sum-body.ts`)                         tail: sorted, still in motion
 *  [ sum 412 | sum 97 | sum 230 ]                                           t u a, t u a, t u a …
 * ```
 *
 * Most flows belong near the end, so the newest stay in a small sorted array that is searched from its end; the balance
 * there is the total less what comes after. When it is full, it becomes a leaf of the body, and its newest entries begin
 * another. A step goes to many trees: what is needed of one lies side by side, its head, and the tails of all lie in one array.
 */
import { LEAF, Leaves, SUM as SUM_OF_LEAF, scaleAll, type Visit, visitAll, WIDTH } from "./leaves.ts";
import { type SavedBranch, SumBodies } from "./sum-body.ts";

/** Entries with which a tail begins, and how many times as large it becomes when it is full, up to `LEAF`. */
const SMALLEST = 8;
const GROWTH = 4;
/** Entries of a full tail that become a leaf, with room for late rows; the others begin the next tail. */
const FILL = 112;

/** Doubles of a head: the sums of all amounts and of the body's, the time of the body's last entry, the base, and integers. */
const HEAD = 8;
const SUM = 0;
const BODY_SUM = 1;
const BODY_END = 2;
const BASE = 3;
/** Integers of a head, in the same memory: the block of its tail, and where in it the entries begin, end, and may end; */
const BLOCK = 8;
const START = 9;
const END = 10;
const LIMIT = 11;
/** its body's root, −1 without a body, the root's level, and the number of entries in the body. */
const ROOT = 12;
const LEVEL = 13;
const IN_BODY = 14;

/** Entries per block of tails. */
const TAILS = 1 << 12;

interface Saved {
  readonly total: number;
  readonly tail: Float64Array;
  readonly bodyEnd: number;
  readonly body: { readonly sum: number; readonly root: SavedBranch } | null;
}

/** The columns of a single row. */
const ROW = Int32Array.of(0);
const TIME = new Float64Array(1);
const AMOUNT = new Float64Array(1);
const ARRIVAL = new Float64Array(1);
const BALANCE = new Float64Array(1);
const LATER = new Float64Array(1);

export class SumForest {
  /** After `insertOne`: the sum of the tree's amounts up to and including the inserted one's time, with its base. */
  balance = 0;
  readonly #leaves = new Leaves();
  readonly #bodies = new SumBodies(this.#leaves);
  #trees = 0;
  /** By tree, `HEAD` doubles, and the same memory as integers. */
  #heads = new Float64Array(8 * HEAD);
  #marks = new Int32Array(this.#heads.buffer);
  /** The tails of all trees. Before a tail's entries is one that is earlier than any, at which the search for a place ends. */
  readonly #tails: Float64Array[] = [new Float64Array(64 * WIDTH)];
  /** Doubles of the last block that are in use. */
  #used = 0;
  /** Tails that were grown out of, by their room: the block and where the entries begin. */
  readonly #free = new Map<number, number[]>([
    [SMALLEST, []],
    [SMALLEST * GROWTH, []],
  ]);

  /** Makes an empty tree and returns its number, from 0 on. */
  plant(): number {
    const tree = this.#trees++;
    if (tree * HEAD === this.#heads.length) {
      const heads = new Float64Array(2 * tree * HEAD);
      heads.set(this.#heads);
      this.#heads = heads;
      this.#marks = new Int32Array(heads.buffer);
    }
    this.#heads[tree * HEAD + BODY_END] = -Infinity;
    this.#marks[2 * tree * HEAD + ROOT] = -1;
    this.#layOut(tree, SMALLEST);
    return tree;
  }

  /** Number of a tree's entries. */
  size(tree: number): number {
    return this.#inTail(tree) + this.#marks[2 * tree * HEAD + IN_BODY];
  }

  /** What a tree's balances begin with: 0, until it is added to. */
  base(tree: number): number {
    return this.#heads[tree * HEAD + BASE];
  }

  /** Adds to what a tree's balances begin with. */
  addBase(tree: number, amount: number): void {
    this.#heads[tree * HEAD + BASE] += amount;
  }

  /**
   * Inserts the rows `rows[from, to)` into a tree in their order, each behind those of its time. Writes for each row the balance at
   * its time, the tree's base included, and how many entries are later, whose balances all move by the row's amount.
   */
  insert(
    tree: number,
    rows: Int32Array,
    from: number,
    to: number,
    time: Float64Array,
    amount: Float64Array,
    arrival: Float64Array,
    balance: Float64Array,
    later: Float64Array,
  ): void {
    const head = tree * HEAD;
    const mark = 2 * head;
    const heads = this.#heads;
    const marks = this.#marks;
    let tail = this.#tailOf(tree);
    let total = heads[head + SUM];
    let bodyEnd = heads[head + BODY_END];
    let end = marks[mark + END];
    let limit = marks[mark + LIMIT];
    const base = heads[head + BASE];
    for (let r = from; r < to; r++) {
      const row = rows[r];
      const t = time[row];
      const a = amount[row];
      if (end === limit) {
        marks[mark + END] = end;
        this.#makeRoom(tree);
        tail = this.#tailOf(tree);
        bodyEnd = heads[head + BODY_END];
        end = marks[mark + END];
        limit = marks[mark + LIMIT];
      }
      total += a;
      if (t < bodyEnd) {
        later[row] = this.#insertInBody(tree, t, a, arrival[row]) + (end - marks[mark + START]) / WIDTH;
        balance[row] = base + (heads[head + BODY_SUM] - this.#bodies.after);
        continue;
      }
      let i = end;
      let after = 0;
      let before = tail[i - 3];
      while (before > t) {
        const moved = tail[i - 2];
        tail[i] = before;
        tail[i + 1] = moved;
        tail[i + 2] = tail[i - 1];
        after += moved;
        i -= WIDTH;
        before = tail[i - 3];
      }
      tail[i] = t;
      tail[i + 1] = a;
      tail[i + 2] = arrival[row];
      balance[row] = base + (total - after);
      later[row] = (end - i) / WIDTH;
      end += WIDTH;
    }
    heads[head + SUM] = total;
    marks[mark + END] = end;
  }

  /** Inserts an entry into a tree's body and returns how many are later there; `after` of the bodies says their sum. */
  #insertInBody(tree: number, time: number, amount: number, arrival: number): number {
    const head = tree * HEAD;
    const mark = 2 * head;
    const marks = this.#marks;
    const bodies = this.#bodies;
    bodies.insert(marks[mark + ROOT], marks[mark + LEVEL], time, amount, arrival);
    marks[mark + ROOT] = bodies.node;
    marks[mark + LEVEL] = bodies.level;
    marks[mark + IN_BODY]++;
    this.#heads[head + BODY_SUM] += amount;
    return bodies.later;
  }

  /** Inserts a single row; leaves the balance at its time in `balance` and returns how many entries are later. */
  insertOne(tree: number, time: number, amount: number, arrival: number): number {
    TIME[0] = time;
    AMOUNT[0] = amount;
    ARRIVAL[0] = arrival;
    this.insert(tree, ROW, 0, 1, TIME, AMOUNT, ARRIVAL, BALANCE, LATER);
    this.balance = BALANCE[0];
    return LATER[0];
  }

  /** Returns the sum of a tree's amounts whose event time is at most `time`, without its base. O(log n). */
  sumUntil(tree: number, time: number): number {
    const head = tree * HEAD;
    const marks = this.#marks;
    if (time < this.#heads[head + BODY_END])
      return this.#bodies.sumUntil(marks[2 * head + ROOT], marks[2 * head + LEVEL], this.#heads[head + BODY_SUM], time);
    const tail = this.#tailOf(tree);
    let after = 0;
    for (let i = marks[2 * head + END]; tail[i - 3] > time; i -= WIDTH) after += tail[i - 2];
    return this.#heads[head + SUM] - after;
  }

  /**
   * Returns the sum of a tree's amounts whose event time is at most `time` and which had arrived by `arrival`. Stretches that
   * arrived before or after it as a whole are not looked into.
   */
  sumKnown(tree: number, time: number, arrival: number): number {
    const root = this.#marks[2 * tree * HEAD + ROOT];
    let sum = root < 0 ? 0 : this.#bodies.sumKnown(root, this.#marks[2 * tree * HEAD + LEVEL], time, arrival);
    visitAll(this.#tailOf(tree), this.#startOf(tree), this.#inTail(tree), (t, amount, arrived) => {
      if (t <= time && arrived <= arrival) sum += amount;
    });
    return sum;
  }

  /** Calls back for every entry of a tree in order of time. */
  forEach(tree: number, visit: Visit): void {
    const root = this.#marks[2 * tree * HEAD + ROOT];
    if (root >= 0) this.#bodies.forEach(root, this.#marks[2 * tree * HEAD + LEVEL], visit);
    visitAll(this.#tailOf(tree), this.#startOf(tree), this.#inTail(tree), visit);
  }

  /** Multiplies all amounts of all trees and their bases, which changes the unit they are counted in. O(n). */
  scale(factor: number): void {
    for (let tree = 0; tree < this.#trees; tree++) {
      const head = tree * HEAD;
      this.#heads[head + SUM] *= factor;
      this.#heads[head + BODY_SUM] *= factor;
      this.#heads[head + BASE] *= factor;
      scaleAll(this.#tailOf(tree), this.#startOf(tree), this.#inTail(tree), factor);
      const root = this.#marks[2 * head + ROOT];
      if (root >= 0) this.#bodies.scale(root, this.#marks[2 * head + LEVEL], factor);
    }
  }

  /** Takes a tree out as plain data, sums as they are, so that a restored one goes on to the last bit. Its base is left out. */
  snapshot(tree: number): unknown {
    const head = tree * HEAD;
    const mark = 2 * head;
    const root = this.#marks[mark + ROOT];
    const level = this.#marks[mark + LEVEL];
    const saved: Saved = {
      total: this.#heads[head + SUM],
      tail: this.#tailOf(tree).slice(this.#marks[mark + START], this.#marks[mark + END]),
      bodyEnd: this.#heads[head + BODY_END],
      body: root < 0 ? null : { sum: this.#heads[head + BODY_SUM], root: this.#bodies.save(root, level) },
    };
    return saved;
  }

  /** Plants a tree that `snapshot` took out, and returns its number. */
  restore(snapshot: unknown): number {
    const from = snapshot as Saved;
    const tree = this.plant();
    const head = tree * HEAD;
    const mark = 2 * head;
    this.#heads[head + SUM] = from.total;
    this.#heads[head + BODY_END] = from.bodyEnd;
    const count = from.tail.length / WIDTH;
    let room = SMALLEST;
    while (room < count) room *= GROWTH;
    if (room > SMALLEST) this.#layOut(tree, room);
    this.#fill(tree, from.tail, 0, count);
    if (from.body !== null) {
      this.#marks[mark + ROOT] = this.#bodies.load(from.body.root);
      this.#marks[mark + LEVEL] = this.#bodies.level;
      this.#marks[mark + IN_BODY] = this.#bodies.size(this.#bodies.node);
      this.#heads[head + BODY_SUM] = from.body.sum;
    }
    return tree;
  }

  #tailOf(tree: number): Float64Array {
    return this.#tails[this.#marks[2 * tree * HEAD + BLOCK]];
  }

  #startOf(tree: number): number {
    return this.#marks[2 * tree * HEAD + START];
  }

  /** Number of entries in a tree's tail. */
  #inTail(tree: number): number {
    return (this.#marks[2 * tree * HEAD + END] - this.#startOf(tree)) / WIDTH;
  }

  /** Number of entries a tree's tail has room for. */
  #roomOf(tree: number): number {
    return (this.#marks[2 * tree * HEAD + LIMIT] - this.#startOf(tree)) / WIDTH;
  }

  /** Grows a full tail, or lets it become a leaf and begins another with its newest entries. */
  #makeRoom(tree: number): void {
    const room = this.#roomOf(tree);
    if (room < LEAF) {
      const from = this.#tailOf(tree);
      const start = this.#startOf(tree);
      this.#free.get(room)?.push(this.#marks[2 * tree * HEAD + BLOCK], start);
      this.#layOut(tree, GROWTH * room);
      this.#fill(tree, from, start, room);
      return;
    }
    const head = tree * HEAD;
    const mark = 2 * head;
    const tail = this.#tailOf(tree);
    const start = this.#startOf(tree);
    const bodies = this.#bodies;
    if (this.#marks[mark + ROOT] < 0) this.#marks[mark + ROOT] = bodies.plant();
    const leaf = this.#leaves.make(tail, start, FILL);
    bodies.append(this.#marks[mark + ROOT], this.#marks[mark + LEVEL], leaf);
    this.#marks[mark + ROOT] = bodies.node;
    this.#marks[mark + LEVEL] = bodies.level;
    this.#marks[mark + IN_BODY] += FILL;
    this.#heads[head + BODY_SUM] += this.#leaves.made[SUM_OF_LEAF];
    this.#heads[head + BODY_END] = tail[start + (FILL - 1) * WIDTH];
    this.#fill(tree, tail, start + FILL * WIDTH, LEAF - FILL);
  }

  /** Gives a tree another tail, which is empty, with room for so many entries. */
  #layOut(tree: number, room: number): void {
    const mark = 2 * tree * HEAD;
    const marks = this.#marks;
    const free = this.#free.get(room);
    let start = free?.pop();
    let block = free?.pop();
    if (start === undefined || block === undefined) {
      block = this.#tails.length - 1;
      start = this.#used + WIDTH;
      if (start + room * WIDTH > TAILS * WIDTH) {
        block = this.#tails.push(new Float64Array(TAILS * WIDTH)) - 1;
        start = WIDTH;
      }
      this.#used = start + room * WIDTH;
      let { length } = this.#tails[block];
      if (this.#used > length) {
        // The first block grows, so that few trees take little.
        while (this.#used > length) length *= 2;
        const larger = new Float64Array(length);
        larger.set(this.#tails[block]);
        this.#tails[block] = larger;
      }
      this.#tails[block][start - WIDTH] = -Infinity;
    }
    marks[mark + BLOCK] = block;
    marks[mark + START] = start;
    marks[mark + END] = start;
    marks[mark + LIMIT] = start + room * WIDTH;
  }

  /** Makes entries the only ones of a tree's tail. */
  #fill(tree: number, from: Float64Array, start: number, count: number): void {
    const to = this.#tailOf(tree);
    const first = this.#startOf(tree);
    for (let i = 0; i < count * WIDTH; i++) to[first + i] = from[start + i];
    this.#marks[2 * tree * HEAD + END] = first + count * WIDTH;
  }
}
