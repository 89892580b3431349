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
  ["table", "one row appended, into a table, µs", "the change: 0"],
  ["sorted", "one row appended, into a sorted table, µs", "the logarithm: 0"],
  ["timeMapEngine", "one row appended, into the tables of a time map, µs", "the change: 0"],
  ["timeMap", "… and all of them handed to the page, µs", "the points"],
  ["latenessEngine", "one row appended, into the tables of a lateness chart, µs", "the change: 0"],
  ["lateness", "… and all of them handed to the page, µs", "the points"],
  ["sql", "one row appended, into a table of SQL, µs", "the change: 0"],
  ["asked", "a SQL query over that table, ms", "its rows: 1"],
  ["balances", "balance, µs per row", "the logarithm: 0"],
  ["balancesTail", "balance, latest rows ten times as late, µs per row", "the logarithm: 0"],
];

function outlets(sizes) {
  if (sizes.some(m => m.sql === undefined)) return [];
  const listed = of => sizes.map(m => m[of].toLocaleString("en")).join(", ");
  return [
    `A time map has ${listed("timeMapPoints")} points, a lateness chart ${listed("latenessPoints")}. What a chart is drawn from is kept up to date by`,
    "what changes; the page gets it whole, at most once per frame, because it draws it whole: that costs the chart's points, which are bounded,",
    `and not the log. The table of SQL has the newest pane of each key and two seconds, ${listed("mirrored")} rows: SQLite gets the rows that`,
    "changed in one transaction. The query itself is asked again and costs what it costs SQLite, at most a tenth of the time.",
    "",
  ];
}

export const curves = {
  name: "curves",
  asked: true,

  measure: () => ({
    sizes: [100_000, 1_000_000, 10_000_000].map(size => {
      console.error(`curves: ${size} rows`);
      const { timeMap, lateness, ...outlets } = inOwnProcess("outlets.ts", { size });
      return {
        ...inOwnProcess("curves.ts", { size }),
        ...outlets,
        timeMap: timeMap.all,
        timeMapEngine: timeMap.engine,
        timeMapPoints: timeMap.points,
        lateness: lateness.all,
        latenessEngine: lateness.engine,
        latenessPoints: lateness.points,
      };
    }),
  }),

  lines({ sizes }) {
    // What was measured before a row was added to the list has no figures of it.
    const known = CURVES.filter(([of]) => sizes.every(m => m[of] !== undefined));
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
        known.map(([of, name, expected]) => [
          name,
          ...sizes.flatMap((m, i) => [...(i === 0 ? [] : [slope(of, i - 1, i).toFixed(2)]), figure(m[of])]),
          expected,
        ]),
      ),
      `From the smallest log to the largest, one row appended to ten operators has a slope of ${slope("chainAppend", 0, last).toFixed(2)}. With the latest`,
      `rows ten times as late, a balance costs ${tails.join(", ")} times as much.`,
      "",
      ...outlets(sizes),
    ];
  },

  targets({ sizes }) {
    const { threshold, window } = sizes[sizes.length - 1];
    const first = sizes[0];
    const last = sizes[sizes.length - 1];
    const slope = Math.log(last.chainAppend / first.chainAppend) / Math.log(last.rows / first.rows);
    const tail = last.balancesTail / last.balances;
    const outlet = (of, what, { target, most } = { target: "0", most: 0.1 }) => {
      if (first[of] === undefined) return [];
      const found = Math.log(last[of] / first[of]) / Math.log(last.rows / first.rows);
      return [{ what, target, got: found.toFixed(2), reached: found < most }];
    };
    // The logarithm alone comes to 0.07 from a hundred thousand rows to ten million, and to more as rows outgrow the caches; the
    // square root to 0.5.
    const logarithm = { target: "at most the logarithm, ≤ 0.25", most: 0.25 };
    return [
      ...outlet("table", "one row appended into a table, slope"),
      ...outlet("sorted", "one row appended into a sorted table, slope", logarithm),
      ...outlet("timeMapEngine", "one row appended into a chart's tables, slope"),
      ...outlet("sql", "one row appended into a table of SQL, slope"),
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
