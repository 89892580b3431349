/** W7: what a live source asks for: a batch of a hundred rows in W1. */
import { extra } from "../baselines/data.mjs";
import { figure, table } from "../figures.mjs";
import { helpers } from "../harness.mjs";

export const batches = {
  name: "W7",

  async measure({ data, entries }) {
    const out = [];
    for (const entry of entries) {
      if (entry.W7 === undefined) continue;
      out.push({ name: entry.name, ...(await entry.W7(data, helpers(extra(data)))) });
      console.error(`W7: ${entry.name}`);
    }
    return { entries: out };
  },

  lines({ entries }) {
    return [
      "## W7: a batch of 100 rows in W1",
      "",
      ...table(
        ["", "p50, µs", "p99, µs"],
        entries.map(e => [e.name, figure(e.p50), figure(e.p99)]),
      ),
    ];
  },

  targets({ entries }) {
    const tidemark = entries.find(e => e.name === "Tidemark");
    if (tidemark === undefined) return [];
    return [
      { what: "W7 p50", target: "≤ 3 µs", got: `${figure(tidemark.p50)} µs`, reached: tidemark.p50 <= 3 },
      { what: "W7 p99", target: "≤ 50 µs", got: `${figure(tidemark.p99)} µs`, reached: tidemark.p99 <= 50 },
    ];
  },
};
