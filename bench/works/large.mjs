/** Logs that are larger than what memory is given to them: how fast they are read in groups, and how much of them is in memory. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

const ROWS = 12_000_000;
const NAMES = { parquet: "Parquet (Snappy)", arrow: "Arrow IPC" };
const megabytes = bytes => `${figure(bytes / 1e6)} MB`;

export const large = {
  name: "large",
  long: true,
  measure: () => ({
    files: Object.keys(NAMES).map(format => inOwnProcess("large.ts", { args: [String(ROWS), format] })),
  }),

  lines: ({ files }) => [
    "## Logs larger than memory: W1 from a file, a group of rows at a time",
    "",
    `${ROWS.toLocaleString("en")} rows in groups of 131,072, read from the disk as the replay needs them, without the first pass that warms up. *Held* is the most that was on the heap and beside it at once, for rows, state and everything else.`,
    "",
    ...table(
      ["log", "file", "rows decoded would be", "held", "million rows/s"],
      files.map(f => [
        NAMES[f.format],
        megabytes(f.fileBytes),
        megabytes(f.decodedBytes),
        megabytes(f.peakBytes),
        figure(f.rows / f.milliseconds / 1_000),
      ]),
    ),
  ],

  targets: ({ files }) =>
    files.map(f => ({
      what: `${NAMES[f.format]} in groups, share of the rows held`,
      target: "≤ 0.33",
      got: figure(f.peakBytes / f.decodedBytes),
      reached: f.peakBytes * 3 <= f.decodedBytes,
    })),
};
