/** arquero: the whole table again. It knows no watermark, so the result is that of all rows. */
import * as aq from "arquero";
import { foldTable } from "../baselines/plain.mjs";

const tables = new WeakMap();

function tableOf(data) {
  let table = tables.get(data);
  if (table === undefined) {
    table = aq.table({ key: Array.from(data.key, k => data.keyNames[k]), t: data.t, v: data.v });
    tables.set(data, table);
  }
  return table;
}

const grouped = table =>
  table
    .groupby("key", { window: d => aq.op.floor(d.t / 60000) * 60000 })
    .rollup({ a: d => aq.op.sum(d.v), b: () => aq.op.count() });

export default {
  name: "arquero, recompute",
  slow: true,
  W1: { plain: true, run: data => grouped(tableOf(data)), check: table => foldTable(table.objects()) },
};
