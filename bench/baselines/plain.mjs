/** Checks tables that know nothing of lateness: what all rows of a window and key come to. */
import { Fold, kid, wid } from "./check.mjs";
import { MIN } from "./data.mjs";

/** Folds `{key, window (start, ms), a, b}` rows. */
export function foldTable(rows) {
  const sum = new Fold();
  for (const { key, window, a, b } of rows) sum.add(kid(key), wid(window), a, b);
  return { chk: sum.chk };
}

export const windowOf = t => Math.floor(t / MIN) * MIN;
