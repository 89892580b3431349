/** d2ts, differential dataflow: sums and counts as one reduction, the whole log as one version, which is its fastest way. Plain. */
import { D2, filter, map, MultiSet, output, reduce } from "@electric-sql/d2ts";
import { KEYS } from "../baselines/data.mjs";
import { foldTable } from "../baselines/plain.mjs";

const MINUTE = 60_000;

/** A graph of W1 that goes on: `send` hands it rows as a version of their own. */
function graphOf({ size = MINUTE, threshold = -Infinity } = {}) {
  const graph = new D2({ initialFrontier: 0 });
  const input = graph.newInput();
  const table = new Map();
  let version = 0;
  input.pipe(
    filter(row => row.v > threshold),
    map(row => [Math.floor(row.t / size) * KEYS + Number(row.key.slice(1)), row.v]),
    reduce(values => {
      let sum = 0;
      let count = 0;
      for (const [value, weight] of values) {
        sum += value * weight;
        count += weight;
      }
      return [[`${sum} ${count}`, 1]];
    }),
    output(({ data: message }) => {
      // DATA messages carry collections of changes; frontiers say that a version is complete.
      if (message.collection === undefined) return;
      for (const [[key, value], weight] of message.collection.getInner()) if (weight > 0) table.set(key, value);
    }),
  );
  graph.finalize();
  const send = rows => {
    input.sendData(version, new MultiSet(rows.map(row => [row, 1])));
    input.sendFrontier(++version);
    graph.run();
  };
  return { send, table };
}

function run(data, options) {
  const { send, table } = graphOf(options);
  send(data.rows);
  return table;
}

export default {
  name: "d2ts",
  slow: true,
  W1: {
    plain: true,
    run,
    check: table =>
      foldTable(
        Array.from(table, ([key, value]) => {
          const [a, b] = value.split(" ").map(Number);
          return { key: `k${key % KEYS}`, window: Math.floor(key / KEYS) * MINUTE, a, b };
        }),
      ),
  },
  async W6(data, { each, extra, rep }) {
    const { send } = graphOf();
    send(data.rows);
    return {
      a: each(extra.slice(0, 100), row => send([row])),
      b: await rep(i => run(data, { threshold: 100 * i }), 2),
      c: await rep(() => run(data, { size: 5 * MINUTE }), 2),
      note: "plain; b and c from the start again",
    };
  },
  W7(data, { batches }) {
    // A hundred thousand rows: its cost grows with what a key's windows hold.
    const { send } = graphOf();
    return batches(Math.min(data.n, 100_000), 100, (from, to) => send(data.rows.slice(from, to)));
  },
};
