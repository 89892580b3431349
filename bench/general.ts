/**
 * The operators that know everything, at work: rows per second of pipelines that no specialised operator fits, and hashes of
 * everything they put out, which show whether a change of the code changed an answer.
 *
 *     node bench/general.ts [--only W1,sessions] [--rounds 3] [--hash] [--rows 1000000]
 *
 * `--hash` prints hashes, of shorter logs and of more pipelines than are timed, instead of figures.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ChartSpec } from "../src/charts/chart.ts";
import { planChart } from "../src/charts/plans.ts";
import { batchOf } from "../src/columns/builder.ts";
import { type Column, valueAt } from "../src/columns/column.ts";
import { Dictionary } from "../src/columns/dictionary.ts";
import type { Flow } from "../src/engine/flow.ts";
import { Run, type Tap } from "../src/engine/run.ts";
import type { Step } from "../src/engine/step.ts";
import { Table } from "../src/engine/table.ts";
import { op } from "../src/expressions/op.ts";
import { PROFILES, type ProfileName } from "../src/model/profiles.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  orFinally,
  repeatedly,
} from "../src/model/triggers.ts";
import { bounded } from "../src/model/watermarks.ts";
import { cumulating, fixed, global, sessions, sliding, type WindowFunction } from "../src/model/windows.ts";
import type { Trigger } from "../src/model/triggers.ts";
import type { Accumulation } from "../src/model/strategy.ts";
import { type Node, schemaOf } from "../src/pipeline/node.ts";
import { source } from "../src/pipeline/sources.ts";
import type { Stream } from "../src/pipeline/stream.ts";
import type { SourceLog } from "../src/pipeline/source-log.ts";
import type { SourceNode } from "../src/pipeline/verbs/source.ts";
import { ERRORS_SCHEMA } from "../src/pipeline/verbs/source.ts";
import { sourcesBelow } from "../src/charts/twins.ts";
import { openStream } from "../src/session/headless.ts";
import { load } from "./baselines/data.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "3" },
    hash: { type: "boolean", default: false },
    rows: { type: "string" },
  },
});

type Row = Readonly<Record<string, number>>;
type Logs = (node: SourceNode) => SourceLog;

interface Work {
  readonly name: string;
  readonly logs: Logs;
  readonly streams: readonly Stream[];
  readonly profile?: ProfileName;
  readonly specialize?: boolean;
  /** Keeps tables of the results, as the app does. */
  readonly tables?: boolean;
  /** Whether it is timed, or only hashed. */
  readonly timed: boolean;
  readonly rows: number;
}

/** The first `count` rows of the benchmarks' data set; with partitions, eight of them by key. */
function logOf(count: number): SourceLog {
  const data = load();
  const time = data.t.subarray(0, count);
  const arrival = new Float64Array(count);
  const partition = new Int32Array(count);
  let clock = -Infinity;
  for (let i = 0; i < count; i++) {
    // The data set has an order of arrival and no clock; the greatest event time so far serves as one.
    if (time[i] > clock) clock = time[i];
    arrival[i] = clock;
    partition[i] = data.key[i] % 8;
  }
  const columns: Column[] = [
    { type: "string", codes: data.key.subarray(0, count), dictionary: new Dictionary(data.keyNames) },
    { type: "timestamp", values: time, valid: null },
    { type: "number", values: data.v.subarray(0, count), valid: null },
  ];
  return {
    batch: {
      schema: [
        { name: "key", type: "string", nullable: false },
        { name: "t", type: "timestamp", nullable: false },
        { name: "v", type: "number", nullable: false },
      ],
      length: count,
      columns,
    },
    time,
    arrival,
    partition,
    partitions: new Dictionary(Array.from({ length: 8 }, (_, i) => `p${i}`)),
    line: null,
    errors: batchOf(ERRORS_SCHEMA, []),
  };
}

const one = source("events", { eventTime: "t", watermark: bounded("30 s", { per: "source" }) });
const eight = source("events", {
  eventTime: "t",
  partition: "key",
  watermark: bounded("30 s", { per: "partition", idle: "2 s", future: "5 min" }),
});

function windowed(
  window: WindowFunction,
  trigger: Trigger,
  accumulation: Accumulation = "accumulating",
  from: Stream = one,
): Stream {
  return from.groupby("key").window(window).trigger(trigger).allowedLateness("5 min").accumulation(accumulation);
}

const sumAndCount = (stream: Stream): Stream => stream.rollup({ sum: (d: Row) => op.sum(d.v), n: () => op.count() });
const several = (stream: Stream): Stream =>
  stream.rollup({
    least: (d: Row) => op.min(d.v),
    mean: (d: Row) => op.mean(d.v),
    median: (d: Row) => op.median(d.v),
    last: (d: Row) => op.last(d.v),
    n: (d: Row) => op.distinct(d.v),
  });

const late = afterWatermark({ late: afterCount(1) });
const early = afterWatermark({ early: afterProcessingTime("10 s", { aligned: true }), late: afterCount(1) });
const counted = afterWatermark({ early: afterCount(10), late: afterCount(1) });

const bin = (name: string): string => `d => floor(d.${name} / 60000) * 60000`;

function relational(from: Stream = one): Stream {
  return from.groupby("key", { at: bin("t") }).rollup({ n: () => op.count() });
}

/** The tables that the time map of a stream is drawn from. */
function mapOf(stream: Stream, { arrival }: SourceLog): Stream[] {
  const chart: ChartSpec = { tidemark: "chart", chart: "timeMap", streams: { stream: stream.node }, options: {} };
  return Object.values(planChart(chart, { start: arrival[0], end: arrival[arrival.length - 1] }).tables);
}

async function bank(): Promise<Work> {
  const root = resolve(import.meta.dirname, "..");
  const text = await readFile(resolve(root, "notebooks/bank-day-totals.html"), "utf8");
  const { stream, sources } = await openStream(text, "daily", {
    file: "bank-day-totals.html",
    read: async file => readFile(resolve(root, "samples", file)),
    now: () => 0,
    defer: work => void setImmediate(work),
  });
  const logs: Logs = node => sources.log(node);
  const log = logs(sourcesBelow(stream.node)[0]);
  const streams = [stream, stream.late(), ...mapOf(stream, log)];
  return { name: "bank-day-totals", logs, streams, tables: true, timed: true, rows: log.time.length };
}

function works(rows: number): Work[] {
  const log = logOf(rows);
  const logs: Logs = () => log;
  const timed = (name: string, streams: Stream[], more: Partial<Work> = {}): Work => ({
    name,
    logs,
    streams,
    specialize: false,
    timed: true,
    rows,
    ...more,
  });
  const hashed = (name: string, stream: Stream, profile: ProfileName = "tidemark"): Work =>
    timed(name, [stream, stream.late(), stream.fates(), stream.life()], { timed: false, profile });
  const minute = fixed("1 min");
  const composite = afterEach(
    afterAny(afterCount(5), afterProcessingTime("3 s")),
    orFinally(repeatedly(afterAll(afterCount(3), afterProcessingTime("1 s"))), afterCount(40)),
    repeatedly(afterCount(7)),
  );
  const list = [
    timed("W1", [sumAndCount(windowed(minute, late, "retracting"))]),
    timed("early", [sumAndCount(windowed(minute, early))]),
    timed("sessions", [sumAndCount(windowed(sessions("30 s"), counted))]),
    timed("sliding", [sumAndCount(windowed(sliding("5 min", "1 min"), early))]),
    timed("relational", [relational()]),
    timed("fates", [sumAndCount(windowed(minute, late)).fates()]),
    timed("timeMap", mapOf(sumAndCount(windowed(minute, late)), log), { tables: true }),
    timed("partitions", [sumAndCount(windowed(minute, early, "accumulating", eight))]),
    timed("bundles", [sumAndCount(windowed(minute, early))], { profile: "beam" }),
    timed("log", [one.filter("d => d.v > 0")], { tables: true }),
  ];
  const checked = [
    hashed("W1 with ports", sumAndCount(windowed(minute, late, "retracting"))),
    hashed("early with ports", sumAndCount(windowed(minute, early))),
    hashed("early discarding", sumAndCount(windowed(minute, early, "discarding"))),
    hashed("early retracting", several(windowed(minute, early, "retracting"))),
    hashed("early earliest", sumAndCount(windowed(minute, early).timestamp("earliest"))),
    hashed("early latest", sumAndCount(windowed(minute, early).timestamp("latest"))),
    hashed("early always", sumAndCount(windowed(minute, early).emptyPanes({ onTime: "always", closing: "always" }))),
    hashed("early partitions", sumAndCount(windowed(minute, early, "retracting", eight))),
    hashed("finishing", sumAndCount(windowed(minute, afterWatermark()))),
    hashed("composite", several(windowed(minute, composite))),
    hashed("sliding", several(windowed(sliding("5 min", "1 min"), early))),
    hashed("cumulating", sumAndCount(windowed(cumulating("5 min", "1 min"), counted))),
    hashed("global", sumAndCount(windowed(global(), repeatedly(afterProcessingTime("7 s"))))),
    hashed("sessions", several(windowed(sessions("30 s"), counted, "retracting"))),
    hashed("sessions early", sumAndCount(windowed(sessions("30 s"), early))),
    hashed("sessions composite", sumAndCount(windowed(sessions("30 s"), composite))),
    hashed(
      "of panes",
      relational(sumAndCount(windowed(minute, early, "retracting")).derive({ t: "d => d.window_end" })),
    ),
    hashed(
      "again",
      windowed(fixed("5 min"), early, "retracting", sumAndCount(windowed(minute, early, "retracting"))).rollup({
        sum: "d => op.sum(d.sum)",
        n: "d => op.count()",
        most: "d => op.max(d.n)",
      }),
    ),
    ...(Object.keys(PROFILES) as ProfileName[]).flatMap(profile => [
      hashed(`early as ${profile}`, sumAndCount(windowed(minute, early)), profile),
      hashed(`sessions as ${profile}`, sumAndCount(windowed(sessions("30 s"), counted)), profile),
    ]),
  ];
  return options.hash ? [...list, ...checked] : list;
}

/** Takes in everything that a stream puts out, bit by bit. */
class Hash implements Tap {
  readonly node: Node;
  #hash = 0;
  #rows = 0;

  constructor(node: Node) {
    this.node = node;
  }

  apply(flow: Flow, step: Step): void {
    for (let i = 0; i < flow.count; i++) {
      const row = flow.selection === null ? i : flow.selection[i];
      const at = flow.at === null ? row : flow.at[row];
      for (const column of flow.batch.columns) {
        const value = valueAt(column, row);
        if (typeof value === "number") this.#number(value);
        else this.#text(JSON.stringify(value));
      }
      this.#number(step.first + at);
      this.#number(flow.time[row]);
      this.#number(flow.clock === null ? step.clock[at] : flow.clock[row]);
      this.#number(flow.weight === null ? 1 : flow.weight[row]);
      if (flow.pane !== null)
        for (const numbers of Object.values(flow.pane) as (Uint8Array | Int32Array)[]) this.#number(numbers[row]);
      this.#rows++;
    }
    for (let p = 0; p < step.length; p++) this.#number(flow.watermark[p]);
  }

  #number(value: number): void {
    SCRATCH[0] = value;
    this.#word(BITS[0]);
    this.#word(BITS[1]);
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#word(text.charCodeAt(i));
  }

  #word(word: number): void {
    let h = Math.imul(this.#hash ^ word, 0x85ebca6b);
    h ^= h >>> 13;
    this.#hash = Math.imul(h, 0xc2b2ae35) + 0x9e3779b9;
  }

  reset(): void {
    throw new Error("A run that is hashed does not begin again.");
  }

  digest(): string {
    return `${this.#rows}:${(this.#hash >>> 0).toString(16).padStart(8, "0")}`;
  }
}

const SCRATCH = new Float64Array(1);
const BITS = new Int32Array(SCRATCH.buffer);

function runOf(work: Work): Run {
  const { logs, streams, profile, specialize } = work;
  return new Run(
    streams.map(s => s.node),
    { logs, remember: false, specialize, profile: PROFILES[profile ?? "tidemark"] },
  );
}

function execute(work: Work): number {
  const run = runOf(work);
  if (work.tables === true)
    for (const { node } of work.streams)
      run.tap(
        new Table(
          node,
          schemaOf(node, s => work.logs(s).batch.schema),
        ),
      );
  // Time of the processor, not of the wall: other programs may be at work.
  const began = process.cpuUsage();
  run.finish();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

function hash(work: Work): string {
  const run = runOf(work);
  const hashes = work.streams.map(s => new Hash(s.node));
  for (const tap of hashes) run.tap(tap);
  run.finish();
  return hashes.map(h => h.digest()).join(" ");
}

const rows = Number(options.rows ?? (options.hash ? 60_000 : 1_000_000));
const only = options.only?.split(",");
for (const work of [...works(rows), await bank()]) {
  if (only !== undefined && !only.includes(work.name)) continue;
  if (options.hash) {
    console.log(`${work.name}: ${hash(work)}`);
    continue;
  }
  const times = Array.from({ length: Number(options.rounds) }, () => execute(work));
  const best = Math.min(...times);
  console.log(`${work.name.padEnd(16)} ${(work.rows / best / 1000).toFixed(2)} M rows/s   (${best.toFixed(0)} ms)`);
}
