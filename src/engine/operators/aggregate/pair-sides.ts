/**
 * Both sides of a step as pairs are counted: cut where the watermark of both passes something, rows of each side taken in
 * stretches between two cuts, and their order asked for only where it matters.
 *
 * Sides that come straight from their logs are a braid, whose positions nobody needs as a whole; others have theirs given.
 */
import { type Braid, braidOf, type Side } from "../../braid.ts";
import { dense, type Flow, LazyFlow, positionOf } from "../../flow.ts";
import type { Step } from "../../step.ts";
import { minimumWatermark } from "../../walk.ts";
import { firstAtLeast, rowsThrough } from "./cuts.ts";

/** The sides of one step. */
export interface PairSides {
  readonly flows: readonly Flow[];
  /** Rows of each side up to the latest cut, at its position and before. */
  readonly through: [number, number];
  /** The latest cut: its position, its clock, and the watermark after it. */
  readonly position: number;
  readonly clock: number;
  readonly watermark: number;
  /** Goes on to the first position whose watermark is at least `tick`, or to the end of the step; says whether there is one. */
  cut(tick: number): boolean;
  /** Returns less than 0 where a row of the left side comes before one of the right, more where after, 0 for one position. */
  compare(left: number, right: number): number;
  positionOf(side: Side, row: number): number;
  clockOf(side: Side, row: number): number;
  /** Lends rows that came out in this step the sides' watermark: the least of both. */
  flow(out: Flow): Flow;
}

export function pairSides(step: Step, inputs: readonly Flow[]): PairSides {
  const braid = braidOf(inputs[0], inputs[1]);
  return braid === null ? new GivenSides(step, inputs) : new BraidedSides(braid, inputs);
}

class GivenSides implements PairSides {
  readonly flows: readonly Flow[];
  readonly through: [number, number] = [0, 0];
  position = -1;
  clock = NaN;
  watermark = NaN;
  readonly #step: Step;
  readonly #watermarks: Float64Array;

  constructor(step: Step, inputs: readonly Flow[]) {
    this.#step = step;
    this.flows = inputs.map(dense);
    this.#watermarks = minimumWatermark(inputs);
  }

  cut(tick: number): boolean {
    const { through, flows } = this;
    const { length, clock } = this.#step;
    const next = firstAtLeast(this.#watermarks, this.position + 1, length, tick);
    const ends = next >= length;
    through[0] = ends ? flows[0].count : rowsThrough(flows[0], through[0], next);
    through[1] = ends ? flows[1].count : rowsThrough(flows[1], through[1], next);
    this.position = next;
    if (ends) return false;
    this.clock = clock[next];
    this.watermark = this.#watermarks[next];
    return true;
  }

  compare(left: number, right: number): number {
    return positionOf(this.flows[0], left) - positionOf(this.flows[1], right);
  }

  positionOf(side: Side, row: number): number {
    return positionOf(this.flows[side], row);
  }

  clockOf(side: Side, row: number): number {
    return this.#step.clock[positionOf(this.flows[side], row)];
  }

  flow(out: Flow): Flow {
    return { ...out, watermark: this.#watermarks };
  }
}

class BraidedSides implements PairSides {
  readonly flows: readonly Flow[];
  readonly through: [number, number] = [0, 0];
  position = -1;
  clock = NaN;
  watermark = NaN;
  readonly #braid: Braid;

  constructor(braid: Braid, inputs: readonly Flow[]) {
    this.#braid = braid;
    this.flows = inputs;
  }

  cut(tick: number): boolean {
    const { through } = this;
    const { left, right, length } = this.#braid;
    // The watermark of both has come to the tick when that of either side has: it is the later of two rows.
    const ofLeft = firstAtLeast(left.watermark, through[0], left.arrival.length + 1, tick) - 1;
    const ofRight = firstAtLeast(right.watermark, through[1], right.arrival.length + 1, tick) - 1;
    if (ofLeft >= left.arrival.length || ofRight >= right.arrival.length) {
      through[0] = left.arrival.length;
      through[1] = right.arrival.length;
      this.position = length;
      return false;
    }
    const later = this.#later(ofLeft, ofRight);
    const row = later === 0 ? ofLeft : ofRight;
    this.position = this.#braid.positionOf(later, row);
    this.clock = this.#braid.clockAt(later, row);
    through[later] = row + 1;
    through[1 - later] = this.position - row;
    this.watermark = Math.min(left.watermark[through[0]], right.watermark[through[1]]);
    return true;
  }

  /** The side of the later of two rows, of which one may be gone already. */
  #later(ofLeft: number, ofRight: number): Side {
    if (ofLeft < this.through[0]) return 1;
    if (ofRight < this.through[1]) return 0;
    return this.#braid.leftFirst(ofLeft, ofRight) ? 1 : 0;
  }

  compare(left: number, right: number): number {
    return this.#braid.leftFirst(left, right) ? -1 : 1;
  }

  positionOf(side: Side, row: number): number {
    return this.#braid.positionOf(side, row);
  }

  clockOf(side: Side, row: number): number {
    return this.#braid.clockAt(side, row);
  }

  flow(out: Flow): Flow {
    const { left, right } = this.#braid;
    const last = Math.min(left.watermark[left.watermark.length - 1], right.watermark[right.watermark.length - 1]);
    let least: Float64Array | null = null;
    return new LazyFlow(
      out,
      () => out.at,
      () => (least ??= minimumWatermark(this.flows)),
      last,
    );
  }
}
