/** How fast logs are read, in each format. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

/** Million rows/s. */
const TARGETS = {
  "JSON lines, epoch times": 6,
  "JSON lines, ISO times": 4,
  "CSV, epoch times": 6,
  "Arrow IPC": 25,
  "Parquet (Snappy)": 5,
  "Parquet, columns nullable": 5,
};

export const ingestion = {
  name: "ingestion",
  long: true,
  measure: () => inOwnProcess("ingest.ts", { args: ["--json"] }),

  lines({ rows, readers }) {
    return [
      "## Reading logs",
      "",
      `${rows.toLocaleString("en")} rows of id, time, key and amount; *against JSON.parse* is the loop that everybody writes first, in the same run. *Cold* is the first round.`,
      "",
      ...table(
        ["log", "million rows/s", "MB/s", "against JSON.parse", "cold, million rows/s"],
        readers.map(r => [r.name, figure(r.perSecond), figure(r.megabytes), figure(r.ratio), figure(r.cold)]),
      ),
    ];
  },

  targets: ({ readers }) =>
    readers
      .filter(r => r.name in TARGETS)
      .map(r => ({
        what: `reading ${r.name}`,
        target: `≥ ${TARGETS[r.name]} M rows/s`,
        got: figure(r.perSecond),
        reached: r.perSecond >= TARGETS[r.name],
      })),
};
