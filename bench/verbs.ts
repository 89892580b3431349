/**
 * What each verb costs: rows per second, what it allocates for a row once it is at work, and what one more row costs after the
 * whole log.
 *
 *     node --expose-gc bench/verbs.ts [--only dedupe,topN] [--about "of each key"] [--list]
 *
 * `--list` prints what there is as JSON, `--json` the figures; without it they are printed for people.
 */
import { parseArgs } from "node:util";
import { getHeapStatistics } from "node:v8";
import type { Flow } from "../src/engine/flow.ts";
import { Run, type Tap } from "../src/engine/run.ts";
import { identity } from "../src/pipeline/identity.ts";
import type { Node, VerbName } from "../src/pipeline/node.ts";
import { type Data, extra, load } from "./baselines/data.mjs";
import { figure } from "./figures.mjs";
import { median, processorTime } from "./harness.mjs";
import { grows, missingWorks, type VerbWork, VerbLogs, WORKS } from "./verb-works.ts";

/** Rows appended, of which the first half warms up. */
const APPENDED = 1_000;
/** Runs of one work that are timed, and the milliseconds after which no other begins. */
const RUNS = 4;
const LONG = 800;
/** Milliseconds that a measurement takes at least. */
const SHORT = 200;

/** What a work came to. Bytes are of the second half of the log's steps: objects on the heap, and arrays beside it. */
export interface VerbFigures {
  readonly verb: string;
  readonly about: string;
  readonly rows: number;
  readonly out: number;
  readonly milliseconds: number;
  readonly objects: number;
  readonly arrays: number;
  readonly append: number;
}

class Counted implements Tap {
  readonly node: Node;
  rows = 0;
  constructor(node: Node) {
    this.node = node;
  }
  apply(flow: Flow): void {
    this.rows += flow.count;
  }
  reset(): void {
    this.rows = 0;
  }
}

/** Runs a work over its logs and returns the rows that came out; `after` is called after each step. */
function replay({ stream }: VerbWork, logs: VerbLogs, after: (rows: number) => void = () => {}): number {
  const run = new Run([stream.node], { logs: node => logs.log(node), remember: false });
  const counted = new Counted(stream.node);
  run.tap(counted);
  while (run.advance()) after(run.progress.rows);
  return counted.rows;
}

/** Bytes allocated per row, by the growth of the heap between two steps; steps in which the collector came are left out. */
function allocated(work: VerbWork, logs: VerbLogs, total: number): { objects: number; arrays: number } {
  globalThis.gc?.();
  const of = { objects: 0, arrays: 0, rows: 0 };
  let before = { rows: 0, heap: Infinity, beside: Infinity };
  replay(work, logs, rows => {
    const { used_heap_size: heap, external_memory: beside } = getHeapStatistics();
    if (before.rows >= total / 2 && heap >= before.heap && beside >= before.beside) {
      of.objects += heap - before.heap;
      of.arrays += beside - before.beside;
      of.rows += rows - before.rows;
    }
    before = { rows, heap, beside };
  });
  return { objects: of.objects / of.rows, arrays: of.arrays / of.rows };
}

/** Median microseconds of one row appended after the log. */
function appended(work: VerbWork, data: Data): number {
  const logs = new VerbLogs(data, APPENDED);
  const growing = grows(work);
  const columns = logs.of(growing[0]);
  const run = new Run([work.stream.node], { logs: n => logs.log(n), remember: true });
  run.tap(new Counted(work.stream.node));
  while (run.advance({ until: logs.known }));
  const took = extra(data, APPENDED).map(({ key, t, v }) => {
    logs.known = (logs.known as number) + 1;
    columns.append(Number(key.slice(1)), t, v, logs.known);
    const from = performance.now();
    for (const node of growing) run.extend(identity(node), logs.log(node));
    while (run.advance({ until: logs.known }));
    return 1_000 * (performance.now() - from);
  });
  return median(took.slice(APPENDED >> 1));
}

function measure(verb: VerbName, work: VerbWork, data: Data): VerbFigures {
  const logs = new VerbLogs(data);
  const out = replay(work, logs);
  const began = performance.now();
  let milliseconds = Infinity;
  let runs = 1;
  for (let i = 0; i < RUNS && (i === 0 || performance.now() - began < LONG); i++) {
    const from = performance.now();
    const took = processorTime(() => {
      const again = replay(work, logs);
      if (again !== out) throw new Error(`${verb}, ${work.about}: ${again} rows came out, and ${out} before.`);
    }, runs);
    // The first may still be compiling; of what is quick several runs are one measurement, because processor time comes in ticks.
    if (i > 0 || took > LONG / RUNS) milliseconds = Math.min(milliseconds, took);
    runs = Math.max(1, Math.min(50, Math.ceil((runs * SHORT) / (performance.now() - from))));
  }
  const { objects, arrays } = allocated(work, logs, data.n);
  return {
    verb,
    about: work.about,
    rows: data.n,
    out,
    milliseconds,
    objects,
    arrays,
    append: appended(work, data),
  };
}

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    about: { type: "string" },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const missing = missingWorks();
if (missing.length > 0) throw new Error(`No work measures ${missing.join(", ")}. Add one to verb-works.ts.`);
const only = options.only?.split(",");
const chosen = (Object.keys(WORKS) as VerbName[])
  .filter(verb => only === undefined || only.includes(verb))
  .flatMap(verb => WORKS[verb].map(work => ({ verb, work })))
  .filter(({ work }) => options.about === undefined || work.about === options.about);
if (options.list) console.log(JSON.stringify(chosen.map(({ verb, work }) => ({ verb, about: work.about }))));
else {
  const data = load();
  for (const { verb, work } of chosen) {
    const of = measure(verb, work, data);
    if (options.json) console.log(JSON.stringify(of));
    else
      console.log(
        `${verb.padEnd(14)} ${of.about.padEnd(36)} ${figure(of.rows / of.milliseconds / 1000).padStart(6)} M rows/s  ${figure(of.objects).padStart(6)} B  ${figure(of.arrays).padStart(6)} B beside  ${figure(of.append).padStart(6)} µs  ${of.out} out`,
      );
  }
}
