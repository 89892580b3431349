/** d2ts, differential dataflow: sums and counts as one reduction, the whole log as one version, which is its fastest way. Plain. */
import { D2, map, MultiSet, output, reduce } from "@electric-sql/d2ts";
import { KEYS } from "../baselines/data.mjs";
import { foldTable, windowOf } from "../baselines/plain.mjs";

function run(data) {
  const graph = new D2({ initialFrontier: 0 });
  const input = graph.newInput();
  const table = new Map();
  input.pipe(
    map(row => [(windowOf(row.t) / 60_000) * KEYS + Number(row.key.slice(1)), row.v]),
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
  input.sendData(0, new MultiSet(data.rows.map(row => [row, 1])));
  input.sendFrontier(1);
  graph.run();
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
          return { key: `k${key % KEYS}`, window: Math.floor(key / KEYS) * 60_000, a, b };
        }),
      ),
  },
};
