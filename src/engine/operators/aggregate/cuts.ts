/** Cuts a step where the watermark passes something, so that everything between two cuts can be worked on at once. */
import type { Flow } from "../../flow.ts";

export interface Cutting {
  /** The first watermark at which anything can happen; NaN: nothing ever will. */
  tick(): number;
  /** Takes the flow's rows `[from, to)`, during which nothing happens. */
  add(from: number, to: number): void;
  /** Moves the watermark, at a position. */
  advance(watermark: number, position: number): void;
}

/** Goes through a step from cut to cut. Rows at a cut's own position still meet the watermark before it. */
export function cut(flow: Flow, cutting: Cutting): void {
  const { watermark, count } = flow;
  const { length } = watermark;
  let row = 0;
  let position = 0;
  for (;;) {
    const next = firstAtLeast(watermark, position, length, cutting.tick());
    const until = next === length ? count : rowsThrough(flow, row, next);
    if (until > row) cutting.add(row, until);
    if (next === length) return;
    row = until;
    cutting.advance(watermark[next], next);
    position = next + 1;
  }
}

/**
 * Returns the first index of ascending `values[from, to)` that is at least `bound`; `to` if there is none, or it is NaN.
 * Looks near `from` first.
 */
export function firstAtLeast(values: Float64Array, from: number, to: number, bound: number): number {
  if (from >= to || !(values[to - 1] >= bound)) return to;
  let low = from;
  let high = from;
  for (let stride = 1; high < to - 1 && values[high] < bound; stride *= 2) {
    low = high + 1;
    high = Math.min(to - 1, high + stride);
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] >= bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Returns the first row of a flow, in its own order and from `from` on, that lies beyond a position. */
export function rowsThrough({ at, selection, count }: Flow, from: number, position: number): number {
  if (at === null && selection === null) return Math.min(count, position + 1);
  let low = from;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = selection === null ? middle : selection[middle];
    if ((at === null ? row : at[row]) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}
