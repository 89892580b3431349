/** RxJS: rows through an observable, the windows in an operator of one's own, which is what its users write for this. */
import { filter, from, Observable, Subject } from "rxjs";
import { GAP, KEYS, MIN } from "../baselines/data.mjs";
import {
  balances,
  foldBal,
  foldOut,
  foldSess,
  hopping,
  joinCount,
  sessions,
  tumbling,
  W1opt,
} from "../baselines/hand.mjs";

/** An operator that keeps windows and emits changes; `emits` makes of the loop's arguments what is sent on. */
const windowed = (make, options, emits) => source =>
  new Observable(subscriber => {
    const state = make({ ...options, emit: (...change) => subscriber.next(emits(...change)) });
    return source.subscribe({
      next: row => state.push(row),
      error: error => subscriber.error(error),
      complete: () => {
        state.end();
        subscriber.complete();
      },
    });
  });

const five = (k, w, a, b, d) => ({ k, w, a, b, d });
const four = (k, w, a, d) => ({ k, w, a, b: 0, d });
const three = (w, a, d) => ({ k: "k0", w, a, b: 0, d });

const run = (rows, make, options, emits) => {
  const out = [];
  let op;
  const keep = settings => (op = make(settings));
  rows.pipe(windowed(keep, options, emits)).subscribe(change => out.push(change));
  return { out, op };
};

export default {
  name: "RxJS, custom operator",
  W1: { run: data => run(from(data.rows), tumbling, W1opt(), five), check: foldOut },
  W2: { run: data => run(from(data.rows), hopping, W1opt({ size: 5 * MIN, slide: MIN }), four), check: foldOut },
  W3: {
    run: data => run(from(data.rows), sessions, { gap: GAP, lateness: 300_000, delay: 30_000 }, five),
    check: foldSess,
  },
  W4: { run: data => run(from(data.rows), joinCount, W1opt(), three), check: foldOut },
  W5: {
    run: data => {
      const state = balances();
      from(data.rows).subscribe(row => state.push(row));
      return state;
    },
    check: state =>
      foldBal(
        Array.from(state.byKey, ([key, { t, bal }]) => [Number(key.slice(1)) % KEYS, t, bal]),
        state.restated,
      ),
  },
  async W6(data, { each, extra, rep }) {
    const rows = new Subject();
    run(rows, tumbling, W1opt(), five);
    for (const row of data.rows) rows.next(row);
    return {
      a: each(extra, row => rows.next(row)),
      b: await rep(i => run(from(data.rows).pipe(filter(row => row.v > 100 * i)), tumbling, W1opt(), five), 5),
      c: await rep(() => run(from(data.rows), tumbling, W1opt({ size: 5 * MIN }), five), 5),
      note: "b and c from the start again",
    };
  },
  W7(data, { batches }) {
    const rows = new Subject();
    run(rows, tumbling, W1opt(), five);
    return batches(data.n, 100, (begin, end) => {
      for (let i = begin; i < end; i++) rows.next(data.rows[i]);
    });
  },
};
