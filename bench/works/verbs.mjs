/** Every verb: rows per second, what it allocates for a row, and what one more row costs after the log. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

/** Bytes of objects for a row up to which a verb counts as one that allocates none: what a batch takes, shared by its rows. */
const NONE = 32;

export const verbs = {
  name: "verbs",
  long: true,

  measure: () => ({
    works: inOwnProcess("verbs.ts", { args: ["--list"] }).map(({ verb, about }) => {
      console.error(`verbs: ${verb}, ${about}`);
      return inOwnProcess("verbs.ts", { args: ["--json", "--only", verb, "--about", about] });
    }),
  }),

  lines: ({ works }) => [
    "## Every verb",
    "",
    "A pipeline or more for each verb, kind of join, window, trigger, accumulation, aggregate and port; one that is missing is an error. Each in a",
    `process of its own over ${works[0].rows.toLocaleString("en")} rows of 1,000 keys (those with two inputs over two halves), by processor time, the best of several runs.`,
    "*Objects* are bytes allocated on the heap for a row, *arrays* bytes of typed arrays, both in the second half of the log, state that grows",
    "included. *Append* is one row more after the log, in a run that can be edited.",
    "",
    ...table(
      ["verb", "pipeline", "million rows/s", "objects, B/row", "arrays, B/row", "append p50, µs", "rows out"],
      works.map(w => [
        w.verb,
        w.about,
        figure(w.rows / w.milliseconds / 1000),
        figure(w.objects),
        figure(w.arrays),
        figure(w.append),
        figure(w.out),
      ]),
    ),
  ],

  targets({ works }) {
    const free = works.filter(w => w.objects <= NONE);
    return [
      {
        what: `pipelines of verbs with at most ${NONE} bytes of objects for a row`,
        target: "all",
        got: `${free.length} of ${works.length}`,
        reached: free.length === works.length,
      },
    ];
  },
};
