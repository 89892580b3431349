/** Checks tables that know nothing of lateness: what all rows of a window and key come to. Times are ms since the epoch. */
import { Fold, kid, wid } from "./check.mjs";
import { BASE, MIN } from "./data.mjs";
import { foldBal } from "./hand.mjs";

/** Folds `{key, window (its start), a, b}` rows: what W1 and W2 come to. */
export function foldTable(rows) {
  const sum = new Fold();
  for (const { key, window, a, b = 0 } of rows) sum.add(kid(key), wid(window), Number(a), Number(b));
  return { chk: sum.chk };
}

/** Folds `{key, start, end, sum}` rows: sessions. */
export function foldSessions(rows) {
  const sum = new Fold();
  for (const { key, start, end, sum: of } of rows) sum.add(kid(key), start - BASE, Number(of), end - BASE);
  return { chk: sum.chk };
}

/** Folds `{window, pairs}` rows: pairs of a windowed join. */
export function foldPairs(rows) {
  return foldTable(Array.from(rows, ({ window, pairs }) => ({ key: "k0", window, a: pairs })));
}

/** Folds `{key, t, balance}` rows, in order of time in each key: running balances. */
export function foldBalances(rows) {
  const byKey = new Map();
  for (const { key, t, balance } of rows) {
    let own = byKey.get(key);
    if (own === undefined) byKey.set(key, (own = [kid(key), [], []]));
    own[1].push(t);
    own[2].push(balance);
  }
  const { chk, series } = foldBal(byKey.values(), undefined);
  return { chk, series };
}

export const windowOf = (t, size = MIN) => Math.floor(t / size) * size;
