/** Scaling over workers: the same pipelines by one run, and divided by key over two threads. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

const TARGET = 1.6;

/** How many times as fast the busiest thread of a divided run is done as the thread of one run, by their own work. */
function byTheBusiest({ processor: { one, here, others } }) {
  return one / Math.max(here, ...others);
}

export const workers = {
  name: "workers",
  long: true,
  measure: ({ count }) => inOwnProcess("workers.ts", { args: ["--rounds", String(2 * count + 1)] }),

  lines({ works, workers: threads }) {
    return [
      `## Scaling: one run, and ${threads} workers`,
      "",
      "What goes by key is worked in threads that share the log's memory, each with the rows of its own keys. The thread of the run works one",
      "share, and brings together what all of them put out, pane by pane in the order of one run; everything that comes out is compared by a",
      "hash over all columns in order. The log lies in shared memory and the threads have been started, as one run finds its log in",
      "memory; which rows are whose is worked out once for a log, and is in no figure. *Times* are medians of the ratios round by round.",
      "*Processor* is each thread's own work in one run, the least of several: nothing is done before the busiest of them.",
      "*Two whole runs at once* share nothing but the log, so what they gain over one after the other is what the machine allows: two cores",
      "have one path to memory, and share it with whatever else runs. What is *refused* has so little to do for a row that `--workers` does not",
      "divide it, unless one says `--divide always`; here it is divided all the same.",
      "",
      ...table(
        [
          "",
          "one run, ms",
          `${threads} workers, ms`,
          "times",
          "least and most",
          "processor of one run, ms",
          "of the run's thread",
          "of each other",
          "one by the busiest",
          "of one run beside another",
          "two whole runs at once, times",
        ],
        works.map(w => [
          `${w.name}: ${w.about}${w.refused === null ? "" : " (refused)"}`,
          figure(w.one),
          figure(w.several),
          `${w.ratio.toFixed(2)}`,
          `${Math.min(...w.ratios).toFixed(2)}, ${Math.max(...w.ratios).toFixed(2)}`,
          figure(w.processor.one),
          figure(w.processor.here),
          w.processor.others.map(figure).join(", "),
          byTheBusiest(w).toFixed(2),
          figure(w.processor.beside),
          w.twice.toFixed(2),
        ]),
      ),
    ];
  },

  targets: ({ works, workers: threads }) =>
    // What `--workers` refuses to divide is worked by one run, and has no target.
    works
      .filter(w => w.refused === null)
      .map(w => ({
        what: `${w.name} on ${threads} workers, times as fast as one run`,
        target: `≥ ${TARGET}`,
        got: w.ratio.toFixed(2),
        reached: w.ratio >= TARGET,
      })),
};
