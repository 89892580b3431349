/** How costs grow with the log, from 100,000 rows to ten million. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

/** What is measured, and what its cost should grow with. */
const CURVES = [
  ["replay", "replay of W1, ms", "rows: 1"],
  ["append", "one row appended to W1, µs", "the change: 0"],
  ["threshold", "threshold of a filter changed, ms", "rows: 1"],
  ["window", "window changed from 1 to 5 min, ms", "rows: 1"],
  ["chainReplay", "replay through ten operators, ms", "rows: 1"],
  ["chainAppend", "one row appended to ten operators, µs", "the change: 0"],
  ["balances", "balance, µs per row", "the logarithm: 0"],
  ["balancesTail", "balance, latest rows ten times as late, µs per row", "the logarithm: 0"],
];

export const curves = {
  name: "curves",
  asked: true,

  measure: () => ({
    sizes: [100_000, 1_000_000, 10_000_000].map(size => {
      console.error(`curves: ${size} rows`);
      return inOwnProcess("curves.ts", { size });
    }),
  }),

  lines({ sizes }) {
    const slope = (of, from, to) =>
      Math.log(sizes[to][of] / sizes[from][of]) / Math.log(sizes[to].rows / sizes[from].rows);
    const last = sizes.length - 1;
    const tails = sizes.map(m => figure(m.balancesTail / m.balances));
    return [
      "## Cost curves",
      "",
      "How costs grow with the log: medians, each size in a process of its own. A slope of 1 is proportional to the rows, 0 does not depend on",
      "them; it is taken between the sizes on both sides of it. *Expected* says what the cost should follow.",
      "",
      ...table(
        [
          "rows",
          ...sizes.flatMap(({ rows }, i) => [...(i === 0 ? [] : ["slope"]), rows.toLocaleString("en")]),
          "expected",
        ],
        CURVES.map(([of, name, expected]) => [
          name,
          ...sizes.flatMap((m, i) => [...(i === 0 ? [] : [slope(of, i - 1, i).toFixed(2)]), figure(m[of])]),
          expected,
        ]),
      ),
      `From the smallest log to the largest, one row appended to ten operators has a slope of ${slope("chainAppend", 0, last).toFixed(2)}. With the latest`,
      `rows ten times as late, a balance costs ${tails.join(", ")} times as much.`,
      "",
    ];
  },

  targets({ sizes }) {
    const { threshold, window } = sizes[sizes.length - 1];
    const first = sizes[0];
    const last = sizes[sizes.length - 1];
    const slope = Math.log(last.chainAppend / first.chainAppend) / Math.log(last.rows / first.rows);
    const tail = last.balancesTail / last.balances;
    return [
      { what: "threshold at 10 M rows", target: "≤ 200 ms", got: `${figure(threshold)} ms`, reached: threshold <= 200 },
      { what: "window at 10 M rows", target: "≤ 200 ms", got: `${figure(window)} ms`, reached: window <= 200 },
      { what: "ten operators deep, slope of an append", target: "0", got: slope.toFixed(2), reached: slope < 0.1 },
      {
        what: "balances, ten times the tail costs",
        target: "the same",
        got: `× ${figure(tail)}`,
        reached: tail <= 1.2,
      },
    ];
  },
};
