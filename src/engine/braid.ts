/**
 * The rows of two logs in one order of arrival, without a row being touched. Where each stands follows from both logs' times of
 * arrival, which ascend, so that a question about one row is a search:
 *
 * ```
 * left    10      12  13          16        rows up to the position of right's 12:  2 of the left, 2 of the right
 * right       11  12      14  15            (of equal arrivals the left one comes first)
 * position 0   1  2 3  4   5   6   7
 * ```
 *
 * Most operators want the positions of all rows and the watermark after each position: those arrays are made when they are
 * first read. One that works both sides apart, and needs their order only now and then, never pays for them.
 */
import { lowerBound, upperBound } from "./bounds.ts";
import { type Flow, LazyFlow } from "./flow.ts";

/** Arrays for a step's positions: fresh ones where steps are kept, and else the same again. */
export class Room {
  readonly #keeps: boolean;
  readonly #floats = new Map<string, Float64Array>();
  readonly #ints = new Map<string, Int32Array>();

  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  /** Returns `length` floats for a purpose. */
  floats(purpose: string, length: number): Float64Array {
    if (this.#keeps) return new Float64Array(length);
    let room = this.#floats.get(purpose);
    if (room === undefined || room.length < length)
      this.#floats.set(purpose, (room = new Float64Array(Math.max(length, 2 * (room?.length ?? 0)))));
    return room.length === length ? room : room.subarray(0, length);
  }

  /** Returns `length` integers for a purpose. */
  ints(purpose: string, length: number): Int32Array {
    if (this.#keeps) return new Int32Array(length);
    let room = this.#ints.get(purpose);
    if (room === undefined || room.length < length)
      this.#ints.set(purpose, (room = new Int32Array(Math.max(length, 2 * (room?.length ?? 0)))));
    return room.length === length ? room : room.subarray(0, length);
  }
}

/** One of the two logs in a step. */
export interface Strand {
  /** Arrival of its rows in the step. */
  readonly arrival: Float64Array;
  /** Its watermark before the step, then that after each of its rows. */
  readonly watermark: Float64Array;
}

export type Side = 0 | 1;

export class Braid {
  readonly left: Strand;
  readonly right: Strand;
  /** Number of positions. */
  readonly length: number;
  readonly #before: number;
  readonly #room: Room;
  #turns: Int32Array | null = null;
  #clock: Float64Array | null = null;
  readonly #at: [Int32Array | null, Int32Array | null] = [null, null];
  readonly #watermark: [Float64Array | null, Float64Array | null] = [null, null];

  /** `before` is the clock before the step, which does not go back behind it. */
  constructor(left: Strand, right: Strand, before: number, room: Room) {
    this.left = left;
    this.right = right;
    this.length = left.arrival.length + right.arrival.length;
    this.#before = before;
    this.#room = room;
  }

  /** Returns the position of a row of a side. */
  positionOf(side: Side, row: number): number {
    const a = this.left.arrival;
    const b = this.right.arrival;
    return row + (side === 0 ? lowerBound(b, a[row], 0, b.length) : upperBound(a, b[row], 0, a.length));
  }

  /** Returns the clock at the position of a row of a side. */
  clockAt(side: Side, row: number): number {
    return Math.max(this.#before, (side === 0 ? this.left : this.right).arrival[row]);
  }

  /** Whether a row of the left side comes before one of the right. */
  leftFirst(left: number, right: number): boolean {
    return this.left.arrival[left] <= this.right.arrival[right];
  }

  /** The clock at each position. */
  get clock(): Float64Array {
    if (this.#clock === null) this.#unroll();
    return this.#clock as Float64Array;
  }

  /** The position of each row of a side; null where it has all of them. */
  at(side: Side): Int32Array | null {
    if ((side === 0 ? this.left : this.right).arrival.length === this.length) return null;
    if (this.#turns === null) this.#unroll();
    return this.#at[side];
  }

  /** The watermark of a side after each position. */
  watermark(side: Side): Float64Array {
    const known = this.#watermark[side];
    if (known !== null) return known;
    if (this.#turns === null) this.#unroll();
    const { length } = this;
    const turns = this.#turns as Int32Array;
    const own = (side === 0 ? this.left : this.right).watermark;
    const out = this.#room.floats(side === 0 ? "watermark of the left" : "watermark of the right", length);
    if (side === 0) for (let p = 0; p < length; p++) out[p] = own[turns[p]];
    else for (let p = 0; p < length; p++) out[p] = own[p + 1 - turns[p]];
    this.#watermark[side] = out;
    return out;
  }

  /** Merges the rows of both sides one by one. */
  #unroll(): void {
    const { length } = this;
    const a = this.left.arrival;
    const b = this.right.arrival;
    const clock = this.#room.floats("clock", length);
    const turns = this.#room.ints("turns", length);
    // One place more than there are rows: the place of either side's next row is written at each position.
    const atLeft = this.#room.ints("left", a.length + 1);
    const atRight = this.#room.ints("right", b.length + 1);
    interleave(a, b, this.#before, clock, turns, atLeft, atRight);
    this.#clock = clock;
    this.#turns = turns;
    this.#at[0] = atLeft.subarray(0, a.length);
    this.#at[1] = atRight.subarray(0, b.length);
  }
}

/** The rows of one side, at the positions that the braid gives them. */
export class BraidedFlow extends LazyFlow {
  readonly #braid: Braid;
  readonly #side: Side;

  constructor(flow: Omit<Flow, "at" | "watermark">, braid: Braid, side: Side) {
    const { watermark } = side === 0 ? braid.left : braid.right;
    super(
      flow,
      () => braid.at(side),
      () => braid.watermark(side),
      watermark[watermark.length - 1],
    );
    this.#braid = braid;
    this.#side = side;
  }

  get side(): Side {
    return this.#side;
  }

  get braid(): Braid {
    return this.#braid;
  }
}

/** Returns the braid whose left and right side two flows are, rows and watermark as they left their logs; null: they are not. */
export function braidOf(left: Flow, right: Flow): Braid | null {
  if (!(left instanceof BraidedFlow && right instanceof BraidedFlow) || left.braid !== right.braid) return null;
  return left !== right && left.side === 0 ? left.braid : null;
}

/** Returns how many of the first `count` rows of two logs in order of arrival are of the left one. */
export function leftOf(left: Float64Array, right: Float64Array, count: number): number {
  let low = Math.max(0, count - right.length);
  let high = Math.min(count, left.length);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (left[middle] <= right[count - middle - 1]) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Lays two ascending lists into one: writes its values, how many are of `a` up to each, and the places of both. */
function interleave(
  a: Float64Array,
  b: Float64Array,
  before: number,
  values: Float64Array,
  turns: Int32Array,
  atA: Int32Array,
  atB: Int32Array,
): void {
  const { length } = values;
  let taken = 0;
  let p = 0;
  while (taken < a.length && p - taken < b.length) {
    const safe = p + Math.min(a.length - taken, b.length - (p - taken));
    for (; p < safe; p++) {
      const x = a[taken];
      const y = b[p - taken];
      // Whose turn it is cannot be foreseen, so there is no branch: both places are written, and the next row takes one of them.
      values[p] = Math.max(before, Math.min(x, y));
      atA[taken] = p;
      atB[p - taken] = p;
      taken += y < x ? 0 : 1;
      turns[p] = taken;
    }
  }
  for (; p < length; p++) {
    const isOfA = taken < a.length;
    values[p] = Math.max(before, isOfA ? a[taken] : b[p - taken]);
    if (isOfA) atA[taken++] = p;
    else atB[p - taken] = p;
    turns[p] = taken;
  }
}
