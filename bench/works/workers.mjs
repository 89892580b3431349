/** Scaling over workers: the same pipelines by one run, and divided by key over two threads. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

const TARGET = 1.6;

export const workers = {
  name: "workers",
  long: true,
  measure: ({ count }) => inOwnProcess("workers.ts", { args: ["--rounds", String(2 * count + 1)] }),

  lines({ works, workers: threads }) {
    return [
      `## Scaling: one run, and ${threads} workers`,
      "",
      "What goes by key is worked in threads that share the log's memory, each with the rows of its own keys; the run brings together what they",
      "hand over, pane by pane in the order of one run, and everything that comes out is compared by a hash over all columns in",
      "order. The log lies in shared memory and the threads have been started, as one run finds its log in memory; which rows are whose is",
      "worked out once for a log, and is in no figure. *Times* are medians of the ratios round by round. *Processor* is each thread's own work in",
      "one run: with a core for every thread, none is done before the busiest; with two cores, three threads take half of their sum at best.",
      "",
      ...table(
        [
          "",
          "one run, ms",
          `${threads} workers, ms`,
          "times",
          "least and most",
          "processor of one run, ms",
          "of each worker",
          "of what brings them together",
        ],
        works.map(w => [
          `${w.name}: ${w.about}`,
          figure(w.one),
          figure(w.several),
          `${w.ratio.toFixed(2)}`,
          `${Math.min(...w.ratios).toFixed(2)}, ${Math.max(...w.ratios).toFixed(2)}`,
          figure(w.processor.one),
          w.processor.workers.map(figure).join(", "),
          figure(w.processor.merging),
        ]),
      ),
    ];
  },

  targets: ({ works, workers: threads }) =>
    works.map(w => ({
      what: `${w.name} on ${threads} workers, times as fast as one run`,
      target: `≥ ${TARGET}`,
      got: w.ratio.toFixed(2),
      reached: w.ratio >= TARGET,
    })),
};
