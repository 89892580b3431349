/**
 * The open windows of a nowcast, in columns: what came to each by age, and what was last said of it. Windows of all keys that begin
 * at one time share a frame, so that what follows from their age is worked out once.
 */
import { PLACES } from "../../../model/nowcast.ts";
import { Words } from "./words.ts";

/** Windows of one time. All windows are of one kind, so that those that begin together end together. */
export interface Frame {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  /** The slots of the windows, by key. */
  readonly slots: Map<number, number>;
  /** Where their age lies among the places of a curve, at the moment of which something is said. */
  place: number;
  /** The place that is not above it. */
  whole: number;
}

interface SavedWindows {
  readonly slots: Int32Array;
  readonly key: Int32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly up: Float64Array;
  readonly down: Float64Array | null;
  readonly knownUp: Float64Array;
  readonly knownDown: Float64Array;
  readonly place: Int8Array;
  readonly spoken: Uint8Array;
  readonly said: unknown;
}

export class OpenWindows {
  /** How many are open, and of how many something is said. */
  count = 0;
  told = 0;
  /** By slot: the key, and what came to the window by sign. */
  key = new Int32Array(16);
  knownUp = new Float64Array(16);
  knownDown = new Float64Array(16);
  /** By slot and place of age; what goes down is null until something does. */
  up = new Float64Array(16 * PLACES);
  down: Float64Array | null = null;
  /** By slot: the place of age at which it was judged last, −1 before that. */
  place = new Int8Array(16);
  /** By slot: whether something is said of it, and what. */
  spoken = new Uint8Array(16);
  readonly said = new Words();
  #frame = new Int32Array(16);
  /** Slots in the order in which their windows opened; −1 where it has closed since. */
  #order = new Int32Array(16);
  #ordered = 0;
  #position = new Int32Array(16);
  readonly #free: number[] = [];
  #slots = 0;
  readonly #byStart = new Map<number, Frame>();
  readonly #frames: (Frame | null)[] = [];
  #last: Frame | null = null;

  /** The times at which windows are open. */
  get frames(): Iterable<Frame> {
    return this.#byStart.values();
  }

  frameOf(slot: number): Frame {
    return this.#frames[this.#frame[slot]] as Frame;
  }

  /** Finds the frame of windows with these bounds, or makes it. */
  at(start: number, end: number): Frame {
    if (this.#last !== null && this.#last.start === start) return this.#last;
    let frame = this.#byStart.get(start);
    if (frame === undefined) {
      const free = this.#frames.indexOf(null);
      const id = free < 0 ? this.#frames.length : free;
      this.#frames[id] = frame = { id, start, end, slots: new Map(), place: NaN, whole: 0 };
      this.#byStart.set(start, frame);
    }
    return (this.#last = frame);
  }

  /** Opens the window of a key in a frame that has none of it, and returns its slot. */
  open(frame: Frame, key: number): number {
    const slot = this.#free.pop() ?? this.#slots++;
    this.#put(frame, key, slot);
    return slot;
  }

  #put(frame: Frame, key: number, slot: number): void {
    while (slot >= this.key.length) this.#grow();
    if (this.#ordered === this.#order.length) {
      this.inOrder();
      if (2 * this.#ordered > this.#order.length) this.#order = larger(this.#order, Int32Array);
    }
    frame.slots.set(key, slot);
    this.key[slot] = key;
    this.#frame[slot] = frame.id;
    this.knownUp[slot] = this.knownDown[slot] = 0;
    this.place[slot] = -1;
    this.spoken[slot] = 0;
    this.up.fill(0, slot * PLACES, (slot + 1) * PLACES);
    this.down?.fill(0, slot * PLACES, (slot + 1) * PLACES);
    this.#position[slot] = this.#ordered;
    this.#order[this.#ordered++] = slot;
    this.count++;
  }

  /** Adds what goes up. */
  rise(slot: number, place: number, amount: number): void {
    this.up[slot * PLACES + place] += amount;
    this.knownUp[slot] += amount;
  }

  /** Adds what goes down. */
  fall(slot: number, place: number, amount: number): void {
    this.down ??= new Float64Array(this.up.length);
    this.down[slot * PLACES + place] += amount;
    this.knownDown[slot] += amount;
  }

  /** Forgets a window. */
  close(slot: number): void {
    const frame = this.frameOf(slot);
    frame.slots.delete(this.key[slot]);
    if (frame.slots.size === 0) {
      this.#byStart.delete(frame.start);
      this.#frames[frame.id] = null;
      if (this.#last === frame) this.#last = null;
    }
    this.#order[this.#position[slot]] = -1;
    this.#free.push(slot);
    this.count--;
  }

  /** The slots in the order in which their windows opened: the first `count`. */
  inOrder(): Int32Array {
    const order = this.#order;
    if (this.#ordered === this.count) return order;
    let n = 0;
    for (let i = 0; i < this.#ordered; i++) {
      const slot = order[i];
      if (slot < 0) continue;
      this.#position[slot] = n;
      order[n++] = slot;
    }
    this.#ordered = n;
    return order;
  }

  #grow(): void {
    this.key = larger(this.key, Int32Array);
    this.knownUp = larger(this.knownUp, Float64Array);
    this.knownDown = larger(this.knownDown, Float64Array);
    this.up = larger(this.up, Float64Array);
    if (this.down !== null) this.down = larger(this.down, Float64Array);
    this.place = larger(this.place, Int8Array);
    this.spoken = larger(this.spoken, Uint8Array);
    this.#frame = larger(this.#frame, Int32Array);
    this.#position = larger(this.#position, Int32Array);
    this.said.room(this.key.length);
  }

  snapshot(): unknown {
    const slots = this.inOrder().slice(0, this.count);
    const { count } = this;
    const parts = (from: Float64Array): Float64Array => {
      const to = new Float64Array(count * PLACES);
      for (let i = 0; i < count; i++) to.set(from.subarray(slots[i] * PLACES, (slots[i] + 1) * PLACES), i * PLACES);
      return to;
    };
    const said = new Words();
    for (let i = 0; i < count; i++) said.copy(i, this.said, slots[i]);
    return {
      slots,
      key: Int32Array.from(slots, s => this.key[s]),
      start: Float64Array.from(slots, s => this.frameOf(s).start),
      end: Float64Array.from(slots, s => this.frameOf(s).end),
      up: parts(this.up),
      down: this.down === null ? null : parts(this.down),
      knownUp: Float64Array.from(slots, s => this.knownUp[s]),
      knownDown: Float64Array.from(slots, s => this.knownDown[s]),
      place: Int8Array.from(slots, s => this.place[s]),
      spoken: Uint8Array.from(slots, s => this.spoken[s]),
      said,
    } satisfies SavedWindows;
  }

  /** Puts back what `snapshot` gave, where nothing is open yet. Windows have the slots that they had. */
  restore(snapshot: unknown): void {
    const from = snapshot as SavedWindows;
    const said = from.said as Words;
    from.slots.forEach((slot, i) => {
      this.#put(this.at(from.start[i], from.end[i]), from.key[i], slot);
      this.up.set(from.up.subarray(i * PLACES, (i + 1) * PLACES), slot * PLACES);
      if (from.down !== null) {
        this.down ??= new Float64Array(this.up.length);
        this.down.set(from.down.subarray(i * PLACES, (i + 1) * PLACES), slot * PLACES);
      }
      this.knownUp[slot] = from.knownUp[i];
      this.knownDown[slot] = from.knownDown[i];
      this.place[slot] = from.place[i];
      this.spoken[slot] = from.spoken[i];
      this.told += from.spoken[i];
      this.said.copy(slot, said, i);
      this.#slots = Math.max(this.#slots, slot + 1);
    });
    const taken = new Set(from.slots);
    for (let slot = this.#slots - 1; slot >= 0; slot--) if (!taken.has(slot)) this.#free.push(slot);
  }
}

type Values = Int32Array | Float64Array | Int8Array | Uint8Array;

function larger<A extends Values>(from: A, Kind: new (length: number) => A): A {
  const to = new Kind(2 * from.length);
  to.set(from);
  return to;
}
