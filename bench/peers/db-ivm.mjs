/** TanStack db-ivm: its groupBy and join, the whole log as one batch, which is its fastest way. Plain. */
import { concat, D2, filter, groupBy, groupByOperators, join, map, MultiSet, output } from "@tanstack/db-ivm";
import { foldPairs, foldTable, windowOf } from "../baselines/plain.mjs";

const { count, sum } = groupByOperators;
const MINUTE = 60_000;

/** A graph of one input that goes on; `build` makes of it a stream of `[key, value]` rows, the latest of which stay in `table`. */
function graphOf(build) {
  const graph = new D2();
  const input = graph.newInput();
  const table = new Map();
  build(input).pipe(
    output(changes => {
      for (const [[key, value], weight] of changes.getInner()) if (weight > 0) table.set(key, value);
    }),
  );
  graph.finalize();
  let id = 0;
  const send = rows => {
    input.sendData(new MultiSet(rows.map(row => [{ ...row, id: id++ }, 1])));
    graph.run();
  };
  return { send, table };
}

const sums =
  (size = MINUTE, threshold = -Infinity) =>
  input =>
    input.pipe(
      filter(row => row.v > threshold),
      groupBy(row => ({ key: row.key, window: windowOf(row.t, size) }), { a: sum(row => row.v), b: count() }),
    );

/** Counts per minute first, each of which then counts in five windows. */
const sliding = input => {
  const minutes = input.pipe(
    groupBy(row => ({ key: row.key, minute: windowOf(row.t) }), { n: count() }),
    map(([, { key, minute, n }]) => ({ key, minute, n })),
  );
  return [0, 1, 2, 3, 4]
    .map(back => minutes.pipe(map(({ key, minute, n }) => ({ key, window: minute - back * MINUTE, n, back }))))
    .reduce((all, more) => all.pipe(concat(more)))
    .pipe(groupBy(({ key, window }) => ({ key, window }), { a: sum(({ n }) => n) }));
};

/** Counts of each side, joined: as many pairs as the product says. */
const pairs = input => {
  const of = side =>
    input.pipe(
      filter(row => row.side === side),
      groupBy(row => ({ key: row.key, window: windowOf(row.t) }), { n: count() }),
      map(([, { key, window, n }]) => [`${key} ${window}`, { window, n }]),
    );
  return of(0).pipe(
    join(of(1), "inner"),
    map(([key, [a, b]]) => ({ key, window: a.window, pairs: a.n * b.n })),
    groupBy(({ window }) => ({ window }), { pairs: sum(row => row.pairs) }),
  );
};

const run = build => data => {
  const { send, table } = graphOf(build);
  send(data.rows);
  return table;
};

export default {
  name: "TanStack db-ivm",
  slow: true,
  W1: { plain: true, run: run(sums()), check: table => foldTable(table.values()) },
  W2: { plain: true, run: run(sliding), check: table => foldTable(table.values()) },
  W4: { plain: true, run: run(pairs), check: table => foldPairs(table.values()) },
  async W6(data, { each, extra, rep }) {
    const { send } = graphOf(sums());
    send(data.rows);
    return {
      a: each(extra.slice(0, 100), row => send([row])),
      b: await rep(i => run(sums(MINUTE, 100 * i))(data), 2),
      c: await rep(() => run(sums(5 * MINUTE))(data), 2),
      note: "plain; b and c from the start again",
    };
  },
  W7(data, { batches }) {
    const { send } = graphOf(sums());
    return batches(Math.min(data.n, 100_000), 100, (from, to) => send(data.rows.slice(from, to)));
  },
};
