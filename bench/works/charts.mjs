/** Every chart of ten million rows: what the replay takes, what the page gets, what is held, and how long it takes to draw. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

const megabytes = bytes => figure(bytes / 2 ** 20);

export const charts = {
  name: "charts",
  asked: true,
  measure: () => inOwnProcess("charts.ts", { size: 10_000_000 }),

  lines({ rows, charts: measured }) {
    return [
      `## Charts: every one of ${rows.toLocaleString("en")} rows`,
      "",
      "The log of the other benchmarks with eight partitions; windows of a minute for each of 1,000 keys, five minutes of allowed lateness.",
      "*Replay* is the run of the chart's own pipelines, twins included. *Points* are the rows of all tables that the page gets, which is refused",
      "beyond 60,000; *handed* is about their size. *Held* is what the run and its tables keep at the end beyond the log itself: state of open",
      "windows, keys, groups. *Draw* takes the tables out and draws them, without a browser (jsdom), so that layout and paint are not in it.",
      "`panes`, `sessionSurgery` and `joinMisses` are asked for one window or key, as they are of logs of this size. Where a chart compares each",
      "window of each key (`corrections`, `profiles`, `stability`, `waterfall`), what is held grows with these and not with the rows; only",
      "`balanceVsFlow` with snapshots keeps every flow, because a snapshot that comes late has to be explained too.",
      "",
      ...table(
        ["", "replay, s", "points", "handed, MiB", "held, MiB", "elements", "draw, ms"],
        measured.map(c => [
          c.chart,
          figure(c.replay / 1_000),
          c.points.toLocaleString("en"),
          megabytes(c.handed),
          megabytes(Math.max(0, c.held)),
          c.elements.toLocaleString("en"),
          figure(c.draw),
        ]),
      ),
    ];
  },

  targets({ charts: measured }) {
    const slowest = measured.reduce((a, b) => (b.draw > a.draw ? b : a));
    const most = measured.reduce((a, b) => (b.points > a.points ? b : a));
    return [
      {
        what: "10 M rows, slowest chart drawn within",
        target: "≤ 1 s",
        got: `${figure(slowest.draw)} ms (${slowest.chart})`,
        reached: slowest.draw <= 1_000,
      },
      {
        what: "10 M rows, most points of a chart",
        target: "≤ 60,000",
        got: `${most.points.toLocaleString("en")} (${most.chart})`,
        reached: most.points <= 60_000,
      },
    ];
  },
};
