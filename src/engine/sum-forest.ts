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
 * another. What is needed to come to a tree's tail lies in a few arrays for all trees, because a step goes to many of them.
 */
import { EntryPool, WIDTH } from "./entry-pool.ts";
import { LEAF, type SavedBody, SumBody } from "./sum-body.ts";

/** Entries with which a tail begins; it doubles up to `LEAF`. */
const SMALLEST = 8;
/** Entries of a full tail that become a leaf, with room for late rows; the others begin the next tail. */
const FILL = 112;

interface Saved {
  readonly total: number;
  readonly tail: Float64Array;
  readonly bodyEnd: number;
  readonly body: SavedBody | null;
}

/** The columns of a single row. */
const ROW = Int32Array.of(0);
const TIME = new Float64Array(1);
const AMOUNT = new Float64Array(1);
const ARRIVAL = new Float64Array(1);
const BALANCE = new Float64Array(1);
const LATER = new Float64Array(1);

export class SumForest {
  /** After `insertOne`: the sum of the tree's amounts up to and including the inserted one's time. */
  balance = 0;
  readonly #pool = new EntryPool();
  #trees = 0;
  /** By tree: the sum of all its amounts, and the time of its body's last entry. */
  #sums = new Float64Array(2 * 8);
  /** By tree: the place of its tail, its entries, and how many it has room for. */
  #tails = new Int32Array(3 * 8);
  readonly #bodies: (SumBody | null)[] = [];

  /** Makes an empty tree and returns its number, from 0 on. */
  plant(): number {
    const tree = this.#trees++;
    if (2 * tree === this.#sums.length) {
      const sums = new Float64Array(4 * tree);
      sums.set(this.#sums);
      this.#sums = sums;
      const tails = new Int32Array(6 * tree);
      tails.set(this.#tails);
      this.#tails = tails;
    }
    this.#sums[2 * tree + 1] = -Infinity;
    this.#tails[3 * tree] = this.#pool.take(SMALLEST);
    this.#tails[3 * tree + 2] = SMALLEST;
    this.#bodies.push(null);
    return tree;
  }

  /** Number of a tree's entries. */
  size(tree: number): number {
    return this.#tails[3 * tree + 1] + (this.#bodies[tree]?.size ?? 0);
  }

  /**
   * Inserts the rows `rows[from, to)` into a tree in their order, each after those of its time. Writes for each row the balance
   * at its time, with `base` added, and how many entries are later, whose balances all move by the row's amount.
   */
  insert(
    tree: number,
    rows: Int32Array,
    from: number,
    to: number,
    time: Float64Array,
    amount: Float64Array,
    arrival: Float64Array,
    base: number,
    balance: Float64Array,
    later: Float64Array,
  ): void {
    let r = from;
    for (;;) {
      r = this.#insertInTail(tree, rows, r, to, time, amount, arrival, base, balance, later);
      if (r === to) return;
      const row = rows[r];
      if (this.#tails[3 * tree + 1] === this.#tails[3 * tree + 2]) this.#makeRoom(tree);
      if (!(time[row] < this.#sums[2 * tree + 1])) continue;
      const body = this.#bodies[tree] as SumBody;
      body.insert(time[row], amount[row], arrival[row]);
      this.#sums[2 * tree] += amount[row];
      balance[row] = base + (body.sum - body.after);
      later[row] = body.later + this.#tails[3 * tree + 1];
      r++;
    }
  }

  /** Inserts a single row; leaves the balance at its time in `balance` and returns how many entries are later. */
  insertOne(tree: number, time: number, amount: number, arrival: number): number {
    TIME[0] = time;
    AMOUNT[0] = amount;
    ARRIVAL[0] = arrival;
    this.insert(tree, ROW, 0, 1, TIME, AMOUNT, ARRIVAL, 0, BALANCE, LATER);
    this.balance = BALANCE[0];
    return LATER[0];
  }

  /** Inserts rows as long as they belong into the tail and it has room for them; returns the first that is left. */
  #insertInTail(
    tree: number,
    rows: Int32Array,
    from: number,
    to: number,
    time: Float64Array,
    amount: Float64Array,
    arrival: Float64Array,
    base: number,
    balance: Float64Array,
    later: Float64Array,
  ): number {
    const tails = this.#tails;
    const place = tails[3 * tree];
    const count = tails[3 * tree + 1];
    const until = Math.min(to, from + tails[3 * tree + 2] - count);
    let total = this.#sums[2 * tree];
    const bodyEnd = this.#sums[2 * tree + 1];
    const block = this.#pool.blockOf(place);
    const start = this.#pool.startOf(place);
    let end = start + count * WIDTH;
    let r = from;
    for (; r < until; r++) {
      const row = rows[r];
      const t = time[row];
      if (t < bodyEnd) break;
      let after = 0;
      let i = end;
      while (i > start) {
        const before = block[i - 3];
        if (!(before > t)) break;
        const moved = block[i - 2];
        block[i] = before;
        block[i + 1] = moved;
        block[i + 2] = block[i - 1];
        after += moved;
        i -= WIDTH;
      }
      const a = amount[row];
      block[i] = t;
      block[i + 1] = a;
      block[i + 2] = arrival[row];
      total += a;
      balance[row] = base + (total - after);
      later[row] = (end - i) / WIDTH;
      end += WIDTH;
    }
    tails[3 * tree + 1] = count + r - from;
    this.#sums[2 * tree] = total;
    return r;
  }

  /** Returns the sum of a tree's amounts whose event time is at most `time`. O(log n). */
  sumUntil(tree: number, time: number): number {
    const body = this.#bodies[tree];
    if (body !== null && time < this.#sums[2 * tree + 1]) return body.sumUntil(time);
    const place = this.#tails[3 * tree];
    const block = this.#pool.blockOf(place);
    const start = this.#pool.startOf(place);
    let after = 0;
    for (let i = start + this.#tails[3 * tree + 1] * WIDTH; i > start && block[i - 3] > time; i -= WIDTH)
      after += block[i - 2];
    return this.#sums[2 * tree] - after;
  }

  /**
   * Returns the sum of a tree's amounts whose event time is at most `time` and which had arrived by `arrival`. Stretches that
   * arrived before or after it as a whole are not looked into.
   */
  sumKnown(tree: number, time: number, arrival: number): number {
    let sum = this.#bodies[tree]?.sumKnown(time, arrival) ?? 0;
    this.#pool.forEach(this.#tails[3 * tree], this.#tails[3 * tree + 1], (t, amount, arrived) => {
      if (t <= time && arrived <= arrival) sum += amount;
    });
    return sum;
  }

  /** Calls back for every entry of a tree in order of time. */
  forEach(tree: number, visit: (time: number, amount: number, arrival: number) => void): void {
    this.#bodies[tree]?.forEach(visit);
    this.#pool.forEach(this.#tails[3 * tree], this.#tails[3 * tree + 1], visit);
  }

  /** Multiplies all amounts of all trees, which changes the unit they are counted in. O(n). */
  scale(factor: number): void {
    for (let tree = 0; tree < this.#trees; tree++) {
      this.#sums[2 * tree] *= factor;
      this.#pool.scale(this.#tails[3 * tree], this.#tails[3 * tree + 1], factor);
      this.#bodies[tree]?.scale(factor);
    }
  }

  /** Takes a tree out as plain data, sums as they are, so that a restored one goes on to the last bit. */
  snapshot(tree: number): unknown {
    const saved: Saved = {
      total: this.#sums[2 * tree],
      tail: this.#pool.slice(this.#tails[3 * tree], this.#tails[3 * tree + 1]),
      bodyEnd: this.#sums[2 * tree + 1],
      body: this.#bodies[tree]?.save() ?? null,
    };
    return saved;
  }

  /** Plants a tree that `snapshot` took out, and returns its number. */
  restore(snapshot: unknown): number {
    const from = snapshot as Saved;
    const tree = this.plant();
    this.#sums[2 * tree] = from.total;
    this.#sums[2 * tree + 1] = from.bodyEnd;
    const count = from.tail.length / WIDTH;
    while (this.#tails[3 * tree + 2] < count) this.#grow(tree);
    this.#tails[3 * tree + 1] = count;
    this.#pool.set(this.#tails[3 * tree], from.tail);
    if (from.body !== null) (this.#bodies[tree] = new SumBody(this.#pool)).load(from.body);
    return tree;
  }

  /** Grows a full tail, or lets it become a leaf and begins another with its newest entries. */
  #makeRoom(tree: number): void {
    if (this.#tails[3 * tree + 2] < LEAF) {
      this.#grow(tree);
      return;
    }
    const leaf = this.#tails[3 * tree];
    const next = this.#pool.take(LEAF);
    this.#pool.copy(leaf + FILL, next, LEAF - FILL);
    const body = (this.#bodies[tree] ??= new SumBody(this.#pool));
    body.append(leaf, FILL);
    this.#sums[2 * tree + 1] = this.#pool.blockOf(leaf)[this.#pool.startOf(leaf + FILL - 1)];
    this.#tails[3 * tree] = next;
    this.#tails[3 * tree + 1] = LEAF - FILL;
  }

  #grow(tree: number): void {
    const tails = this.#tails;
    const room = tails[3 * tree + 2];
    const larger = this.#pool.take(2 * room);
    this.#pool.copy(tails[3 * tree], larger, tails[3 * tree + 1]);
    this.#pool.giveBack(tails[3 * tree], room);
    tails[3 * tree] = larger;
    tails[3 * tree + 2] = 2 * room;
  }
}
