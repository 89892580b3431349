/**
 * The join as a function of changes: how the result changes when one row comes or goes on one side. The relational join is
 * this for all time; the windowed join is this within each window.
 *
 * ```
 * a row of weight d on side s, key k
 *   pairs      d × w(c) for every row c of k on the other side that satisfies the condition
 *   own side   without a match, and preserved: the row with nulls, weight d
 *   other side c had no match and now has one: c with nulls is taken back; c has lost its last one: it comes out again
 * ```
 */
import type { Batch } from "../../../columns/batch.ts";
import type { JoinKind } from "../../../pipeline/verbs/join.ts";
import type { Arrangement } from "../../arrangement.ts";
import { grown } from "../../journal.ts";
import type { RowStore } from "../../row-store.ts";
import { type Residual, SlotList } from "./sides.ts";

/** What rows without a key are kept under, and where their matches are looked for: nobody is there. Other keys follow. */
const KEYLESS = 0;
const NOWHERE = 1;
const FIRST_KEY = 2;

/** Returns what the rows of a key are kept under, −1 standing for rows without one. */
export function keptUnder(key: number): number {
  return key < 0 ? KEYLESS : key + FIRST_KEY;
}

/** How many rows of the other side match each row, by slot, where a condition beside the key makes that differ within a key. */
export interface Marks {
  readonly mark: Int32Array;
  /** Makes room for so many slots. */
  fit?(capacity: number): void;
}

/** Marks of a join's own, beside rows that others hold too. */
export class OwnMarks implements Marks {
  mark = new Int32Array(0);

  fit(capacity: number): void {
    if (this.mark.length < capacity) this.mark = grown(this.mark, capacity);
  }
}

/** Receives a change of the result: slots of both sides, −1 for nulls. */
export type Emit = (left: number, right: number, weight: number, time: number) => void;

export class IncrementalJoin {
  readonly sides: readonly [Arrangement, Arrangement];
  readonly #stores: readonly [RowStore, RowStore];
  readonly #residual: Residual | null;
  readonly #marks: readonly [Marks, Marks];
  /** What to put out: pairs, left rows by themselves, right rows by themselves; and whether those are rows with or without a match. */
  readonly #pairs: boolean;
  readonly #alone: readonly [boolean, boolean];
  readonly #matched: boolean;
  readonly #candidates = new SlotList();

  /** Marks are those of the sides, unless the join has its own. */
  constructor(
    kind: JoinKind,
    sides: readonly [Arrangement, Arrangement],
    residual: Residual | null,
    marks: readonly [Marks, Marks] = sides,
  ) {
    this.sides = sides;
    this.#marks = marks;
    this.#stores = [sides[0].store, sides[1].store];
    this.#residual = residual;
    this.#pairs = kind !== "semi" && kind !== "anti";
    this.#alone = [kind !== "inner" && kind !== "right", kind === "right" || kind === "full"];
    this.#matched = kind === "semi";
  }

  /**
   * Adds a row (weight ±1) to one side and says what changes. Without `emit` it only keeps the row. Returns its slot,
   * or −1 for a row without a key (−1) that can never come out.
   */
  change(side: 0 | 1, key: number, batch: Batch, row: number, time: number, weight: number, emit: Emit | null): number {
    const own = this.sides[side];
    const other = this.sides[1 - side];
    if (key < 0 && (!this.#alone[side] || this.#matched)) return -1;
    const kept = keptUnder(key);
    const slot = own.add(kept, batch, row, time, weight);
    if (emit === null) return slot;
    if (this.#residual === null) this.#byKey(side, own, other, kept, slot, weight, emit);
    else this.#byPair(side, other, kept, slot, weight, emit, this.#residual);
    return slot;
  }

  /** Without a condition all rows of a key have the same matches, so that totals tell who is alone. */
  #byKey(
    side: 0 | 1,
    own: Arrangement,
    other: Arrangement,
    key: number,
    slot: number,
    weight: number,
    emit: Emit,
  ): void {
    const sought = key === KEYLESS ? NOWHERE : key;
    const matches = other.total(sought);
    const after = own.total(key);
    const before = after - weight;
    const turned = this.#alone[1 - side] && before > 0 !== after > 0;
    if (turned && after > 0) this.#turn(side, other, sought, true, emit);
    if (this.#pairs)
      for (let c = other.first(sought); c >= 0; c = other.next(c))
        this.#pair(side, slot, c, weight * other.weight(c), emit);
    if (turned && after <= 0) this.#turn(side, other, sought, false, emit);
    if (this.#alone[side] && matches > 0 === this.#matched) this.#emitAlone(side, slot, weight, emit);
  }

  /** All rows of a key on the side opposite `side` have just found, or lost, their match. */
  #turn(side: 0 | 1, other: Arrangement, key: number, found: boolean, emit: Emit): void {
    const sign = found === this.#matched ? 1 : -1;
    for (let c = other.first(key); c >= 0; c = other.next(c))
      this.#emitAlone((1 - side) as 0 | 1, c, sign * other.weight(c), emit);
  }

  /** With a condition every row counts its own matches, in its mark. */
  #byPair(
    side: 0 | 1,
    other: Arrangement,
    key: number,
    slot: number,
    weight: number,
    emit: Emit,
    residual: Residual,
  ): void {
    const list = this.#candidates;
    list.count = 0;
    if (key !== KEYLESS) for (let c = other.first(key); c >= 0; c = other.next(c)) list.push(c);
    const count = list.count === 0 ? 0 : residual.keep(this.#stores, side, slot, list.slots, list.count);
    const candidates = list.slots;
    const theirs = (1 - side) as 0 | 1;
    const own = this.#marks[side];
    own.fit?.(this.#stores[side].capacity);
    const { mark } = this.#marks[theirs];
    let matches = 0;
    for (let i = 0; i < count; i++) {
      const c = candidates[i];
      matches += other.weight(c);
      mark[c] += weight;
      if (weight > 0 && mark[c] === weight && this.#alone[theirs])
        this.#emitAlone(theirs, c, (this.#matched ? 1 : -1) * other.weight(c), emit);
    }
    own.mark[slot] = matches;
    if (this.#pairs)
      for (let i = 0; i < count; i++) this.#pair(side, slot, candidates[i], weight * other.weight(candidates[i]), emit);
    if (weight < 0 && this.#alone[theirs])
      for (let i = 0; i < count; i++)
        if (mark[candidates[i]] === 0)
          this.#emitAlone(theirs, candidates[i], (this.#matched ? -1 : 1) * other.weight(candidates[i]), emit);
    if (this.#alone[side] && matches > 0 === this.#matched) this.#emitAlone(side, slot, weight, emit);
  }

  #pair(side: 0 | 1, slot: number, candidate: number, weight: number, emit: Emit): void {
    const left = side === 0 ? slot : candidate;
    const right = side === 0 ? candidate : slot;
    const a = this.#stores[0].time[left];
    const b = this.#stores[1].time[right];
    emit(left, right, weight, a > b ? a : b);
  }

  #emitAlone(side: 0 | 1, slot: number, weight: number, emit: Emit): void {
    emit(side === 0 ? slot : -1, side === 0 ? -1 : slot, weight, this.#stores[side].time[slot]);
  }

  /**
   * Gives the whole result over the rows held, counting matches on the way: left rows in the order in which they came, each
   * with its matches; then the right rows without one. `order` lists the slots of each side in that order.
   */
  all(order: readonly [SlotList, SlotList], emit: Emit): void {
    const [left, right] = this.sides;
    const list = this.#candidates;
    for (let o = 0; o < order[0].count; o++) {
      const slot = order[0].slots[o];
      const key = left.keyOf(slot);
      list.count = 0;
      if (key !== KEYLESS) for (let c = right.first(key); c >= 0; c = right.next(c)) list.push(c);
      const count =
        list.count === 0 || this.#residual === null
          ? list.count
          : this.#residual.keep(this.#stores, 0, slot, list.slots, list.count);
      let matches = 0;
      const weight = left.weight(slot);
      for (let i = 0; i < count; i++) {
        const c = list.slots[i];
        matches += right.weight(c);
        this.#marks[1].mark[c] += weight;
        if (this.#pairs) this.#pair(0, slot, c, weight * right.weight(c), emit);
      }
      this.#marks[0].mark[slot] = matches;
      if (this.#alone[0] && matches > 0 === this.#matched) this.#emitAlone(0, slot, weight, emit);
    }
    if (this.#alone[1])
      for (let o = 0; o < order[1].count; o++) {
        const slot = order[1].slots[o];
        if (this.#marks[1].mark[slot] <= 0) this.#emitAlone(1, slot, right.weight(slot), emit);
      }
  }

  /** Forgets all rows; others can come in their place. */
  clear(): void {
    for (const side of this.sides) side.clear();
  }

  snapshot(): unknown {
    return this.sides.map(side => side.snapshot());
  }

  restore(snapshot: unknown): void {
    (snapshot as unknown[]).forEach((side, i) => this.sides[i].restore(side));
  }
}
