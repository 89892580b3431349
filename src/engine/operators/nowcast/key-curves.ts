/**
 * Curves of the latest closed windows of one key, by place: what they all had come to at one age lies side by side, so that it is
 * read in one go. When a window closes its curve takes the place of the oldest; nothing else is touched.
 */
import { PLACES, type Precedents } from "../../../model/nowcast.ts";

export interface SavedCurves {
  readonly count: number;
  readonly oldest: number;
  readonly up: Float32Array | null;
  readonly down: Float32Array | null;
  readonly finalUp: Float64Array;
  readonly finalDown: Float64Array;
}

/** Curves for which there is room at first. */
const FEW = 4;

export class KeyCurves {
  count = 0;
  readonly #most: number;
  #oldest = 0;
  #room: number;
  /** What had come by each place, of one place after the other; null where nothing of the sign ever came. */
  #up: Float32Array | null = null;
  #down: Float32Array | null = null;
  /** Exact, as the curves' ends are not. */
  #finalUp: Float64Array;
  #finalDown: Float64Array;
  /** Whether a snapshot holds the arrays as well: then they are copied before they change. */
  #shared = false;

  /** Remembers up to `most` curves; `from` is what `snapshot` gave. */
  constructor(most: number, from: SavedCurves | null = null) {
    this.#most = most;
    if (from === null) {
      this.#room = Math.min(FEW, most);
      this.#finalUp = new Float64Array(this.#room);
      this.#finalDown = new Float64Array(this.#room);
      return;
    }
    this.count = from.count;
    this.#oldest = from.oldest;
    this.#room = from.finalUp.length;
    this.#up = from.up;
    this.#down = from.down;
    this.#finalUp = from.finalUp;
    this.#finalDown = from.finalDown;
    this.#shared = true;
  }

  /** Takes in a window's curve, from what came to it at each place of age, by sign. */
  add(up: Float64Array, down: Float64Array | null, slot: number): void {
    if (this.count === this.#room && this.#room < this.#most) this.#resize(Math.min(2 * this.#room, this.#most));
    else if (this.#shared) this.#resize(this.#room);
    let at = this.count;
    if (at < this.#room) this.count++;
    else {
      at = this.#oldest;
      this.#oldest = (at + 1) % this.#room;
    }
    if (this.#up === null && some(up, slot)) this.#up = new Float32Array(this.#room * PLACES);
    this.#finalUp[at] = this.#up === null ? 0 : sumUp(up, slot, this.#up, at, this.#room);
    if (this.#down === null && down !== null && some(down, slot)) this.#down = new Float32Array(this.#room * PLACES);
    if (this.#down === null) this.#finalDown[at] = 0;
    else if (down !== null) this.#finalDown[at] = sumUp(down, slot, this.#down, at, this.#room);
    else {
      this.#finalDown[at] = 0;
      for (let place = 0; place < PLACES; place++) this.#down[place * this.#room + at] = 0;
    }
  }

  /** Reads them at a place of age into `precedents`, the oldest first. */
  read(place: number, precedents: Precedents): Precedents {
    precedents.clear();
    precedents.count = this.count;
    precedents.rises = this.#up !== null;
    precedents.falls = this.#down !== null;
    if (this.#up !== null) this.#readSign(this.#up, this.#finalUp, place, precedents.beforeUp, precedents.finalUp);
    if (this.#down !== null)
      this.#readSign(this.#down, this.#finalDown, place, precedents.beforeDown, precedents.finalDown);
    return precedents;
  }

  #readSign(
    curves: Float32Array,
    finals: Float64Array,
    place: number,
    before: Float64Array,
    final: Float64Array,
  ): void {
    const { count } = this;
    const oldest = this.#oldest;
    const below = Math.floor(place);
    const part = place - below;
    const from = below * this.#room;
    const to = from + this.#room;
    const late = count - oldest;
    for (let i = 0; i < late; i++) final[i] = finals[oldest + i];
    for (let i = late; i < count; i++) final[i] = finals[i - late];
    if (below >= PLACES - 1) for (let i = 0; i < count; i++) before[i] = final[i];
    else if (part === 0) {
      for (let i = 0; i < late; i++) before[i] = curves[from + oldest + i];
      for (let i = late; i < count; i++) before[i] = curves[from + i - late];
    } else {
      for (let i = 0; i < late; i++) {
        const lower = curves[from + oldest + i];
        before[i] = lower + (curves[to + oldest + i] - lower) * part;
      }
      for (let i = late; i < count; i++) {
        const lower = curves[from + i - late];
        before[i] = lower + (curves[to + i - late] - lower) * part;
      }
    }
  }

  /** Copies everything into arrays with this much room; they are full only where nothing was overwritten yet. */
  #resize(room: number): void {
    const before = this.#room;
    const curves = (from: Float32Array | null): Float32Array | null => {
      if (from === null || room === before) return from === null ? null : from.slice();
      const to = new Float32Array(room * PLACES);
      for (let place = 0; place < PLACES; place++)
        to.set(from.subarray(place * before, (place + 1) * before), place * room);
      return to;
    };
    const finals = (from: Float64Array): Float64Array => {
      const to = new Float64Array(room);
      to.set(from);
      return to;
    };
    this.#up = curves(this.#up);
    this.#down = curves(this.#down);
    this.#finalUp = finals(this.#finalUp);
    this.#finalDown = finals(this.#finalDown);
    this.#room = room;
    this.#shared = false;
  }

  snapshot(): SavedCurves {
    this.#shared = true;
    return {
      count: this.count,
      oldest: this.#oldest,
      up: this.#up,
      down: this.#down,
      finalUp: this.#finalUp,
      finalDown: this.#finalDown,
    };
  }
}

function some(parts: Float64Array, slot: number): boolean {
  for (let i = slot * PLACES; i < (slot + 1) * PLACES; i++) if (parts[i] !== 0) return true;
  return false;
}

/** Writes the sums of a window's parts as a curve, and returns the last, exactly. */
function sumUp(parts: Float64Array, slot: number, curves: Float32Array, at: number, room: number): number {
  let total = 0;
  for (let place = 0; place < PLACES; place++) {
    total += parts[slot * PLACES + place];
    curves[place * room + at] = total;
  }
  return total;
}
