/**
 * Goes through a step position by position, so that an operator with several inputs, or with state that the watermark
 * changes, meets everything in the order in which it happened, however the run was cut into steps.
 */
import { dense, type Flow } from "./flow.ts";
import type { Step } from "./step.ts";

export interface Walker {
  /** The clock moves to a position, before its rows. */
  begin?(position: number, clock: number): void;
  /** A row of an input (index into its dense flow). `clock` is NaN unless the row has one of its own. */
  row(input: number, row: number, position: number, clock: number): void;
  /** The rows of a position have passed. */
  end?(position: number, clock: number): void;
  /** The watermark has moved past a position's rows. */
  advance?(position: number, watermark: number): void;
}

/** Copies selected rows together in every flow; the others are handed on. */
export function denseAll(flows: readonly Flow[]): Flow[] {
  return flows.map(dense);
}

/** The least of several watermarks at each position: what an operator with several inputs can promise. */
export function minimumWatermark(flows: readonly Flow[]): Float64Array {
  if (flows.length === 1) return flows[0].watermark;
  const least = flows[0].watermark.slice();
  for (let f = 1; f < flows.length; f++) {
    const { watermark } = flows[f];
    for (let p = 0; p < least.length; p++) if (watermark[p] < least[p]) least[p] = watermark[p];
  }
  return least;
}

/**
 * Visits the rows of dense flows by position, then clock, then order of the inputs, and the watermark whenever it
 * moves. `before` is the watermark with which the step began.
 */
export function walk(
  step: Step,
  flows: readonly Flow[],
  watermark: Float64Array,
  before: number,
  walker: Walker,
): number {
  let current = before;
  const next = new Int32Array(flows.length);
  for (let p = 0; p < step.length; p++) {
    walker.begin?.(p, step.clock[p]);
    if (flows.length === 1) {
      const flow = flows[0];
      const { at, clock, count } = flow;
      let i = next[0];
      while (i < count && (at === null ? i : at[i]) === p) {
        // Two calls, because a number that is chosen before the call is put into a box for each row.
        if (clock === null) walker.row(0, i, p, NaN);
        else walker.row(0, i, p, clock[i]);
        i++;
      }
      next[0] = i;
    } else
      for (;;) {
        let best = -1;
        let earliest = Infinity;
        for (let f = 0; f < flows.length; f++) {
          const flow = flows[f];
          const i = next[f];
          if (i >= flow.count || (flow.at === null ? i : flow.at[i]) !== p) continue;
          const clock = flow.clock === null ? step.clock[p] : flow.clock[i];
          if (best < 0 || clock < earliest) {
            best = f;
            earliest = clock;
          }
        }
        if (best < 0) break;
        const { clock } = flows[best];
        if (clock === null) walker.row(best, next[best], p, NaN);
        else walker.row(best, next[best], p, clock[next[best]]);
        next[best]++;
      }
    walker.end?.(p, step.clock[p]);
    if (watermark[p] > current) {
      current = watermark[p];
      walker.advance?.(p, current);
    }
  }
  return current;
}

/** Returns the processing time of a row of a dense flow. */
export function clockAt(flow: Flow, step: Step, row: number): number {
  if (flow.clock !== null) return flow.clock[row];
  return step.clock[flow.at === null ? row : flow.at[row]];
}
