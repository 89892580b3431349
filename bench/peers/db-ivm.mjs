/** TanStack db-ivm: its groupBy with sum and count, the whole log as one batch, which is its fastest way. Plain. */
import { D2, groupBy, groupByOperators, MultiSet, output } from "@tanstack/db-ivm";
import { foldTable, windowOf } from "../baselines/plain.mjs";

const { count, sum } = groupByOperators;

function run(data) {
  const graph = new D2();
  const input = graph.newInput();
  const table = new Map();
  input.pipe(
    groupBy(row => ({ key: row.key, window: windowOf(row.t) }), { a: sum(row => row.v), b: count() }),
    output(changes => {
      for (const [[key, value], weight] of changes.getInner()) if (weight > 0) table.set(key, value);
    }),
  );
  graph.finalize();
  input.sendData(new MultiSet(data.rows.map((row, id) => [{ ...row, id }, 1])));
  graph.run();
  return table;
}

export default {
  name: "TanStack db-ivm",
  slow: true,
  W1: { plain: true, run, check: table => foldTable(table.values()) },
};
