/**
 * Scaling over workers: the same pipelines by one run and by shards in threads, round by round in one process. Prints what it
 * measured as JSON. The log lies in shared memory from the start and the threads have been started, as the one run finds
 * its log in memory and its code warm; how rows are divided is worked out once for a log, and is in no figure.
 *
 * What the machine allows is measured beside: two whole runs at once, one of them in another thread, share nothing but the log, so
 * nothing that is divided over two threads can be expected to gain more than they do against one run after the other.
 *
 *     node bench/workers.ts [--workers 2] [--rounds 15] [--only W1,W5]
 */
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { ShardThreads } from "../src/cli/shard-threads.ts";
import { batchOf } from "../src/columns/builder.ts";
import type { Column, Schema } from "../src/columns/column.ts";
import { Dictionary } from "../src/columns/dictionary.ts";
import type { Flow } from "../src/engine/flow.ts";
import { Run, type RunOptions, type Tap } from "../src/engine/run.ts";
import { divide } from "../src/engine/shards/divide.ts";
import { ShardedRun } from "../src/engine/shards/sharded-run.ts";
import { openLog, shared, shareLog } from "../src/engine/shards/shared-log.ts";
import { PROFILES, type Profile } from "../src/model/profiles.ts";
import { afterCount, afterProcessingTime, afterWatermark } from "../src/model/triggers.ts";
import { fixed } from "../src/model/windows.ts";
import type { Node } from "../src/pipeline/node.ts";
import type { SourceLog } from "../src/pipeline/source-log.ts";
import type { Stream } from "../src/pipeline/stream.ts";
import { ERRORS_SCHEMA } from "../src/pipeline/verbs/source.ts";
import { load } from "./baselines/data.mjs";
import { median, ratio, rounds } from "./harness.mjs";
import { events, sumAndCount, W1, W3, W5 } from "./tidemark.ts";

const { values: options } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    rounds: { type: "string", default: "15" },
    only: { type: "string" },
  },
});
const workers = Number(options.workers);

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: false },
  { name: "t", type: "timestamp", nullable: false },
  { name: "v", type: "number", nullable: false },
];

/** The data set as a log in shared memory. Its order of arrival has no clock; the greatest event time so far serves as one. */
function logOfData(): SourceLog {
  const { n, key, t, v, keyNames } = load();
  const arrival = shared(new Float64Array(n));
  let clock = -Infinity;
  for (let i = 0; i < n; i++) arrival[i] = clock = Math.max(clock, t[i]);
  const time = shared(Float64Array.from(t));
  const columns: Column[] = [
    { type: "string", codes: shared(Int32Array.from(key)), dictionary: new Dictionary(keyNames) },
    { type: "timestamp", values: time, valid: null },
    { type: "number", values: shared(Float64Array.from(v)), valid: null },
  ];
  const batch = { schema: SCHEMA, length: n, columns };
  return { batch, time, arrival, partition: null, partitions: null, line: null, errors: batchOf(ERRORS_SCHEMA, []) };
}

/** Keeps what comes out as columns: what any reader of the changes would have to do. */
class Collected implements Tap {
  readonly node: Node;
  count = 0;
  #columns: (Float64Array | Int32Array)[] = [];
  constructor(stream: Stream) {
    this.node = stream.node;
  }
  apply({ batch, count, weight, time }: Flow): void {
    if (count === 0) return;
    const arrays = batch.columns.map(column => {
      if (column.type === "string") return column.codes;
      if (column.type === "json" || column.type === "boolean") throw new Error("No work here has such columns.");
      return column.values;
    });
    if (this.#columns.length === 0)
      this.#columns = [...arrays, time].map(array =>
        array instanceof Int32Array ? new Int32Array(1 << 18) : new Float64Array(1 << 18),
      );
    [...arrays, time].forEach((array, c) => {
      let into = this.#columns[c];
      if (this.count + count > into.length) {
        const grown = array instanceof Int32Array ? new Int32Array(2 * into.length) : new Float64Array(2 * into.length);
        grown.set(into);
        this.#columns[c] = into = grown;
      }
      into.set(array.subarray(0, count), this.count);
    });
    this.#weights += weight === null ? count : weight.reduce((sum, w) => sum + w, 0);
    this.count += count;
  }
  #weights = 0;
  reset(): void {
    this.count = 0;
    this.#weights = 0;
  }
  /** A hash of all columns in order: equal for equal rows in equal order. */
  get hash(): string {
    let a = this.count | 0;
    let b = this.#weights | 0;
    const word = new Float64Array(1);
    const bits = new Int32Array(word.buffer);
    for (const column of this.#columns)
      for (let i = 0; i < this.count; i++) {
        word[0] = column[i];
        a = Math.imul(a ^ bits[0], 2654435761) ^ (b >>> 15);
        b = Math.imul(b ^ bits[1], 1597334677) ^ (a >>> 13);
      }
    return `${this.count}:${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`;
  }
}

interface Work {
  readonly name: string;
  readonly about: string;
  readonly stream: Stream;
  readonly specialize?: boolean;
  readonly profile?: Profile;
}

const early = (stream: Stream): Stream =>
  stream
    .groupby("key")
    .window(fixed("1 min"))
    .trigger(afterWatermark({ early: afterProcessingTime("10 s", { aligned: true }), late: afterCount(1) }))
    .allowedLateness("5 min")
    .accumulation("retracting");

const WORKS: readonly Work[] = [
  { name: "W1", about: "fixed windows, sums and counts", stream: W1() },
  {
    name: "W3",
    about: "sessions, sums",
    stream: W3(),
    profile: { ...PROFILES.tidemark, sessionLateness: "after-merge" },
  },
  { name: "W5", about: "balances with restatements", stream: W5() },
  { name: "general", about: "W1 by the general operator", stream: W1(), specialize: false },
  { name: "early", about: "fixed windows with early panes every 10 s", stream: sumAndCount(early(events())) },
];

const log = isMainThread ? logOfData() : openLog(workerData);

/** Works one by one run, into what keeps what comes out. */
function workAlone({ stream, specialize, profile }: Work, into: Collected): void {
  into.reset();
  const single = new Run([stream.node], { logs: () => log, remember: false, specialize, profile });
  single.tap(into);
  single.finish();
}

/** A thread that works whole runs when it is told to. */
class Twin {
  readonly #worker = new Worker(new URL(import.meta.url), { workerData: shareLog(log) });
  run(name: string): Promise<void> {
    const done = new Promise<void>(resolve => {
      this.#worker.once("message", () => resolve());
    });
    this.#worker.postMessage(name);
    return done;
  }
  close(): Promise<number> {
    return this.#worker.terminate();
  }
}

function serveTwin(): void {
  const kept = new Map(WORKS.map(work => [work.name, new Collected(work.stream)]));
  parentPort?.on("message", (name: string) => {
    workAlone(WORKS.find(work => work.name === name) as Work, kept.get(name) as Collected);
    parentPort?.postMessage("done");
  });
}

const own = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

interface Processor {
  /** Of one run, and of one beside another. */
  readonly one: number;
  readonly beside: number;
  /** Of a divided run: of the thread that the run is in, and of each other. */
  readonly here: number;
  readonly others: readonly number[];
}

/** The least processor time of a few runs, ms. */
async function processor(
  threads: ShardThreads,
  alone: () => void,
  together: () => Promise<void>,
  twice: () => Promise<number>,
): Promise<Processor> {
  let one = Infinity;
  let beside = Infinity;
  let here = Infinity;
  const others = Array.from({ length: workers - 1 }, () => Infinity);
  for (let i = 0; i < 12; i++) {
    let from = own();
    alone();
    one = Math.min(one, own() - from);
    beside = Math.min(beside, await twice());
    const before = await threads.processorTimes();
    from = own();
    await together();
    here = Math.min(here, own() - from);
    const after = await threads.processorTimes();
    after.forEach((time, t) => (others[t] = Math.min(others[t], time - before[t])));
  }
  return { one, beside, here, others };
}

async function measure(): Promise<void> {
  const threads = new ShardThreads();
  const twin = new Twin();
  const only = options.only?.split(",");
  const results = [];
  for (const work of WORKS) {
    if (only !== undefined && !only.includes(work.name)) continue;
    const { stream, specialize, profile } = work;
    const run: RunOptions = { logs: () => log, remember: false, specialize, profile };
    const division = divide([stream.node], { ...run, shards: workers });
    if ("reason" in division) throw new Error(`${work.name} cannot be divided: ${division.reason}`);
    const judged = divide([stream.node], { ...run, shards: workers, start: 0 });
    const one = new Collected(stream);
    const several = new Collected(stream);
    const alone = (): void => workAlone(work, one);
    const together = async (): Promise<void> => {
      several.reset();
      const sharded = new ShardedRun([stream.node], division, { ...run, host: threads, shards: workers });
      sharded.run.tap(several);
      await sharded.finish();
    };
    /** Works two whole runs at once, and returns the processor time of the one that is worked here. */
    const twice = async (): Promise<number> => {
      const other = twin.run(work.name);
      const from = own();
      alone();
      const took = own() - from;
      await other;
      return took;
    };
    alone();
    await together();
    if (one.hash !== several.hash)
      throw new Error(`${work.name}: ${one.hash} by one run, ${several.hash} by ${workers}.`);
    const entries = [alone, together, async () => void (await twice())];
    const [single, sharded, both] = await rounds(entries, { count: Number(options.rounds), warmup: 6 });
    if (one.hash !== several.hash) throw new Error(`${work.name}: the last round differs.`);
    results.push({
      processor: await processor(threads, alone, together, twice),
      name: work.name,
      about: work.about,
      rows: log.batch.length,
      panes: one.count,
      refused: "reason" in judged ? judged.reason : null,
      one: median(single),
      several: median(sharded),
      ratio: ratio(sharded, single),
      ratios: sharded.map((time, round) => single[round] / time),
      /** How many times as fast two whole runs are at once as one after the other. */
      twice: 2 * ratio(both, single),
    });
  }
  await Promise.all([threads.close(), twin.close()]);
  console.log(JSON.stringify({ workers, works: results }));
}

if (isMainThread) await measure();
else serveTwin();
