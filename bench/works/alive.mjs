/** Whether the engine of a long log stays alive: its longest stretches of work, and the first paint after an edit. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

export const alive = {
  name: "alive",
  asked: true,

  measure: () => ({
    sizes: [1_000_000, 10_000_000].map(size => {
      console.error(`alive: ${size} rows`);
      return inOwnProcess("alive.ts", { size });
    }),
  }),

  lines({ sizes }) {
    const [first] = sizes;
    const of = (size, name) => size.phases.find(p => p.name === name) ?? {};
    return [
      "## Edits on long logs: does the engine stay alive?",
      "",
      "An engine as the app has it in its Worker, with the log's rows and the panes of W1 behind a filter with a threshold: three nodes. Of a million",
      "rows also a map of time and the lateness, which are pipelines of their own: twenty more nodes, half of them aggregates, and tables that",
      "are sent whole; so that log takes longer than ten times as many rows without charts. *Work*: the longest time of the processor",
      "between two chances to hear a message, garbage collections among it. *First*: when the first rows were painted after somebody did",
      "something, and *whole*: when all was done. A slider is",
      "dragged to twenty positions, 40 ms apart.",
      "",
      ...table(
        ["", ...sizes.flatMap(({ rows }) => [`${rows.toLocaleString("en")} rows: work, ms`, "first, ms", "whole, ms"])],
        first.phases.map(({ name }) => [
          name,
          ...sizes.flatMap(size => {
            const { work, first: painted, whole } = of(size, name);
            return [figure(work), figure(painted), figure(whole)];
          }),
        ]),
      ),
    ];
  },

  targets({ sizes }) {
    return sizes.flatMap(({ rows, phases }) => {
      const edits = phases.filter(({ name }) => ["threshold changed", "window changed"].includes(name));
      const first = Math.max(...edits.map(p => p.first));
      const worst = phases.reduce((most, p) => (p.work > most.work ? p : most));
      const of = `at ${rows / 1_000_000} M rows`;
      return [
        {
          what: `first paint after an edit, ${of}`,
          target: "≤ 32 ms",
          got: `${figure(first)} ms`,
          reached: first <= 32,
        },
        {
          what: `longest work without hearing a message, ${of} (${worst.name})`,
          target: "≤ 30 ms",
          got: `${figure(worst.work)} ms`,
          reached: worst.work <= 30,
        },
      ];
    });
  },
};
