/** Long work cut into pieces, so that whoever does it can listen in between. Loops stay in plain functions; generators string them together. */

/** Work that pauses now and then, saying which share of it is done, from 0 to 1. */
export type Pieces<Result> = Generator<number, Result, void>;

/** Rows between two pauses of work that is a few nanoseconds per row. */
export const STRETCH = 1 << 18;

/** Does all of it at once. */
export function atOnce<Result>(work: Pieces<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Does it piece by piece, and awaits what `pause` returns after each; it is told shares that never fall. */
export async function inPieces<Result>(
  work: Pieces<Result>,
  pause: (share: number) => void | Promise<void>,
): Promise<Result> {
  let share = 0;
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    share = Math.max(share, value);
    await pause(share);
  }
}

/** Calls `work` for each stretch of `[0, length)`; `share` says what it all is of a larger work, from where to where. */
export function* stretches(
  length: number,
  work: (from: number, to: number) => void,
  [begin, end]: readonly [number, number] = [0, 1],
): Pieces<void> {
  for (let from = 0; from < length; from += STRETCH) {
    const to = Math.min(length, from + STRETCH);
    work(from, to);
    yield begin + ((end - begin) * to) / length;
  }
}
