/** Memory: what ten million rows hold, and what a replay of them leaves behind. */
import { gigabytes, figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

export const memory = {
  name: "memory",
  long: true,
  measure: () => inOwnProcess("memory.ts", { size: 10_000_000 }),

  lines(m) {
    return [
      "## Memory: W1 over ten million rows",
      "",
      ...table(
        ["", ""],
        [
          ["rows", m.rows.toLocaleString("en")],
          ["columns of the log, bytes per row", figure(m.logBytes / m.rows)],
          ["replay, ms", figure(m.milliseconds)],
          ["million rows/s", figure(m.rows / m.milliseconds / 1000)],
          ["heap allocated during the replay, bytes per row", figure(m.allocated / m.rows)],
          ["process at its peak", gigabytes(m.peak)],
        ],
      ),
    ];
  },

  targets: m => [
    {
      what: "bytes per row of four columns",
      target: "≤ 40",
      got: figure(m.logBytes / m.rows),
      reached: m.logBytes / m.rows <= 40,
    },
    { what: "10 M rows replayed within", target: "1 GiB", got: gigabytes(m.peak), reached: m.peak <= 2 ** 30 },
  ],
};
