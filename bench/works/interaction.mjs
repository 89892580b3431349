/** W6: what a change costs after the whole log has been seen. */
import { extra } from "../baselines/data.mjs";
import { figure, table } from "../figures.mjs";
import { helpers } from "../harness.mjs";

/** Rows that are appended one by one, the first half of them to warm up. */
const APPENDED = 2_000;

export const interaction = {
  name: "W6",

  async measure({ data, entries }) {
    const out = [];
    for (const entry of entries) {
      if (entry.W6 === undefined) continue;
      out.push({ name: entry.name, ...(await entry.W6(data, helpers(extra(data, APPENDED)))) });
      console.error(`W6: ${entry.name}`);
    }
    return { entries: out };
  },

  lines({ entries }) {
    return [
      "## W6: interaction after the whole log",
      "",
      "(a) one row is appended, a thousand times before it is timed; (b) the threshold of a filter before the windows changes; (c) the window changes from 1 to 5 min.",
      "",
      ...table(
        ["", "(a) p50, µs", "(a) p99, µs", "(b), ms", "(c), ms", ""],
        entries.map(e => [e.name, ...[e.a?.p50, e.a?.p99, e.b, e.c].map(figure), e.note ?? ""]),
      ),
    ];
  },

  targets({ entries }) {
    const tidemark = entries.find(e => e.name === "Tidemark");
    if (tidemark === undefined) return [];
    const most = (what, got, target, unit) => ({
      what,
      target: `≤ ${target} ${unit}`,
      got: `${figure(got)} ${unit}`,
      reached: got <= target,
    });
    return [
      most("W6 (a), one row appended, p50", tidemark.a.p50, 5, "µs"),
      most("W6 (b), threshold", tidemark.b, 10, "ms"),
      most("W6 (c), window", tidemark.c, 20, "ms"),
    ];
  },
};
