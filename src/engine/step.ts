/**
 * The timeline of a step.
 *
 * A run is cut into steps; in each step every node of the graph works once. A step is a stretch of **positions**, one for
 * each moment at which something can happen to a source: a row arrives, a partition turns idle, a micro-batch ends. All
 * nodes share the positions, so rows that went different ways meet again in the order in which they arrived, and results
 * do not depend on where a run was cut into steps:
 *
 * ```
 * position        0        1        2        3
 * clock       12:00:00 12:00:01 12:00:01 12:00:31
 * rows            a        b        c        (none: a partition turned idle)
 * watermark   11:59:30 11:59:30 11:59:31 11:59:45    after the position
 * ```
 *
 * At a position, in this order: the clock moves on, and processing-time timers that were due before it fire; the rows of
 * the position are processed, meeting the watermark of the position before; where the bundle ends, triggers are evaluated
 * that wait for it; the watermark moves on, and event-time timers fire.
 */
import type { Timestamp } from "../model/time.ts";

export interface Step {
  /** Number of positions; may be 0. */
  readonly length: number;
  /** Number of positions before this step, counted from the start of the run. */
  readonly first: number;
  /** Of steps that were put together: the number of each position; moments without one have that of the next. Absent: `first` and those that follow. */
  readonly numbers?: Int32Array;
  /** Processing time at each position; never goes back. */
  readonly clock: Float64Array;
  /** 1 where a bundle ends; null: every position is a bundle of its own. Only profiles that evaluate per bundle look. */
  readonly bundleEnd: Uint8Array | null;
  /** Whether the run's input ends with this step: timers of processing time still armed will find no later moment. */
  readonly last: boolean;
}

/** The number of a position of a step, counted from the start of the run. */
export function numberOf(step: Step, position: number): number {
  return step.numbers === undefined ? step.first + position : step.numbers[position];
}

/** Makes the step of a single moment without rows, such as a tick of the clock. */
export function moment(first: number, clock: Timestamp, last = false): Step {
  return { length: 1, first, clock: Float64Array.of(clock), bundleEnd: null, last };
}

/** A step whose clock is worked out once somebody reads it; `clocks` keeps what it makes. */
export class LazyStep implements Step {
  readonly length: number;
  readonly first: number;
  declare readonly clock: Float64Array;
  readonly bundleEnd = null;
  readonly last = false;
  readonly #clocks: () => Float64Array;
  #plain: Step | null = null;

  constructor(length: number, first: number, clocks: () => Float64Array) {
    this.length = length;
    this.first = first;
    this.#clocks = clocks;
    // A property of its own, so that a spread takes it along.
    Object.defineProperty(this, "clock", LazyStep.#clock);
  }

  /** The same with its clock worked out. */
  get plain(): Step {
    const { length, first, bundleEnd, last } = this;
    this.#plain ??= { length, first, clock: this.clock, bundleEnd, last };
    return this.#plain;
  }

  static readonly #clock = {
    enumerable: true,
    get(this: LazyStep): Float64Array {
      return this.#clocks();
    },
  };
}

/** Returns a step with its clock worked out, for those who read it position by position. */
export function plainStep(step: Step): Step {
  return step instanceof LazyStep ? step.plain : step;
}
