/** arquero: the whole table again. It knows no watermark, so the result is that of all rows. */
import * as aq from "arquero";
import { foldBalances, foldPairs, foldSessions, foldTable } from "../baselines/plain.mjs";

const tables = new WeakMap();

function tableOf(data) {
  let table = tables.get(data);
  if (table === undefined) {
    table = aq.table({
      key: Array.from(data.key, k => data.keyNames[k]),
      t: data.t,
      v: data.v,
      side: data.side,
      row: Int32Array.from(data.t, (_, i) => i),
    });
    tables.set(data, table);
  }
  return table;
}

const sums = (table, size) =>
  table
    .params({ size })
    .groupby("key", { window: (d, $) => aq.op.floor(d.t / $.size) * $.size })
    .rollup({ a: d => aq.op.sum(d.v), b: () => aq.op.count() });

/** Counts per minute first, each of which then counts in five windows. */
const sliding = table =>
  table
    .groupby("key", { minute: d => aq.op.floor(d.t / 60000) * 60000 })
    .count()
    .ungroup()
    .derive({ window: d => [d.minute, d.minute - 60000, d.minute - 120000, d.minute - 180000, d.minute - 240000] })
    .unroll("window")
    .groupby("key", "window")
    .rollup({ a: d => aq.op.sum(d.count) });

const sessions = table =>
  table
    .orderby("key", "t")
    .groupby("key")
    .derive({ before: d => aq.op.lag(d.t, 1, -Infinity) })
    .derive({ begins: d => (d.t - d.before > 30000 ? 1 : 0) })
    .derive({ session: aq.rolling(d => aq.op.sum(d.begins)) })
    .groupby("key", "session")
    .rollup({ start: d => aq.op.min(d.t), end: d => aq.op.max(d.t) + 30000, sum: d => aq.op.sum(d.v) });

/** Counts of each side, joined: as many pairs as the product says. */
const pairs = table => {
  const counts = table
    .groupby("key", "side", { window: d => aq.op.floor(d.t / 60000) * 60000 })
    .count()
    .ungroup();
  const left = counts.filter(d => d.side === 0);
  const right = counts.filter(d => d.side === 1);
  return left
    .join(right, [
      ["key", "window"],
      ["key", "window"],
    ])
    .groupby("window")
    .rollup({ pairs: d => aq.op.sum(d.count_1 * d.count_2) });
};

const balances = table =>
  table
    .orderby("key", "t", "row")
    .groupby("key")
    .derive({ balance: aq.rolling(d => aq.op.sum(d.v)) });

export default {
  name: "arquero, recompute",
  slow: true,
  W1: { plain: true, run: data => sums(tableOf(data), 60_000), check: table => foldTable(table.objects()) },
  W2: { plain: true, run: data => sliding(tableOf(data)), check: table => foldTable(table.objects()) },
  W3: { plain: true, run: data => sessions(tableOf(data)), check: table => foldSessions(table.objects()) },
  W4: { plain: true, run: data => pairs(tableOf(data)), check: table => foldPairs(table.objects()) },
  W5: { plain: true, run: data => balances(tableOf(data)), check: table => foldBalances(table.objects()) },
  async W6(data, { rep, extra }) {
    const table = tableOf(data);
    const one = i =>
      aq.table({ key: [extra[i].key], t: [extra[i].t], v: [extra[i].v], side: [extra[i].side], row: [data.n] });
    const appended = await rep(i => sums(table.concat(one(i)), 60_000), 3);
    return {
      a: { p50: appended * 1000 },
      b: await rep(
        i =>
          sums(
            table.params({ thr: 100 * i }).filter((d, $) => d.v > $.thr),
            60_000,
          ),
        3,
      ),
      c: await rep(() => sums(table, 300_000), 3),
      note: "plain; the whole table again",
    };
  },
};
