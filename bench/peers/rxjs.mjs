/** RxJS: rows through an observable, the windows in an operator of one's own, which is what its users write for this. */
import { from, Observable } from "rxjs";
import { foldOut, foldSess, hopping, sessions, tumbling, W1opt } from "../baselines/hand.mjs";

/** An operator that keeps windows and emits changes. */
const windowed = (make, options, fields) => source =>
  new Observable(subscriber => {
    const emit =
      fields === 4
        ? (k, w, a, d) => subscriber.next({ k, w, a, b: 0, d })
        : (k, w, a, b, d) => subscriber.next({ k, w, a, b, d });
    const state = make({ ...options, emit });
    return source.subscribe({
      next: row => state.push(row),
      error: error => subscriber.error(error),
      complete: () => {
        state.end();
        subscriber.complete();
      },
    });
  });

const run = (data, make, options, fields) => {
  const out = [];
  let op;
  const keep = settings => (op = make(settings));
  from(data.rows)
    .pipe(windowed(keep, options, fields))
    .subscribe(change => out.push(change));
  return { out, op };
};

const MINUTE = 60_000;

export default {
  name: "RxJS, custom operator",
  W1: { run: data => run(data, tumbling, W1opt(), 5), check: foldOut },
  W2: { run: data => run(data, hopping, W1opt({ size: 5 * MINUTE, slide: MINUTE }), 4), check: foldOut },
  W3: { run: data => run(data, sessions, { gap: 30_000, lateness: 300_000, delay: 30_000 }, 5), check: foldSess },
};
