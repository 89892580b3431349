/** crossfilter2: a group over a composite dimension. Plain: no watermark, no retractions. */
import crossfilter from "crossfilter2";
import { KEYS } from "../baselines/data.mjs";
import { foldTable } from "../baselines/plain.mjs";

const MINUTE = 60_000;

const add = (state, row) => {
  state.sum += row.v;
  state.count++;
  return state;
};

const remove = (state, row) => {
  state.sum -= row.v;
  state.count--;
  return state;
};

const grouped = (filter, size) => {
  const cell = filter.dimension(row => Math.floor(row.t / size) * KEYS + Number(row.key.slice(1)));
  return { cell, group: cell.group().reduce(add, remove, () => ({ sum: 0, count: 0 })) };
};

export default {
  name: "crossfilter2",
  slow: true,
  W1: {
    plain: true,
    run: data => grouped(crossfilter(data.rows), MINUTE).group.all(),
    check: groups =>
      foldTable(
        groups.map(({ key, value }) => ({
          key: `k${key % KEYS}`,
          window: Math.floor(key / KEYS) * MINUTE,
          a: value.sum,
          b: value.count,
        })),
      ),
  },
  async W6(data, { rep, extra }) {
    const filter = crossfilter(data.rows);
    const { group } = grouped(filter, MINUTE);
    const value = filter.dimension(row => row.v);
    group.all();
    const a = await rep(i => {
      filter.add([extra[i]]);
      group.all();
    }, 5);
    const b = await rep(i => {
      value.filterRange([100 * i, Infinity]);
      group.all();
    }, 7);
    value.filterAll();
    const c = await rep(() => {
      const other = grouped(filter, 5 * MINUTE);
      other.group.all();
      other.cell.dispose();
    }, 3);
    return { a: { p50: a * 1000 }, b, c, note: "plain; b moves a range, c is another dimension" };
  },
};
