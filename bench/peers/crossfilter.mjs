/** crossfilter2: a group over a composite dimension. Plain: no watermark, no retractions. */
import crossfilter from "crossfilter2";
import { KEYS } from "../baselines/data.mjs";
import { foldTable, windowOf } from "../baselines/plain.mjs";

function run(data) {
  const filter = crossfilter(data.rows);
  const cell = filter.dimension(row => (windowOf(row.t) / 60_000) * KEYS + Number(row.key.slice(1)));
  return cell
    .group()
    .reduce(
      (state, row) => {
        state.sum += row.v;
        state.count++;
        return state;
      },
      (state, row) => {
        state.sum -= row.v;
        state.count--;
        return state;
      },
      () => ({ sum: 0, count: 0 }),
    )
    .all();
}

export default {
  name: "crossfilter2",
  slow: true,
  W1: {
    plain: true,
    run,
    check: groups =>
      foldTable(
        groups.map(({ key, value }) => ({
          key: `k${key % KEYS}`,
          window: Math.floor(key / KEYS) * 60_000,
          a: value.sum,
          b: value.count,
        })),
      ),
  },
};
