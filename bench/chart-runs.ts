/**
 * Runs each chart's plan over a large log as a session does, and measures what comes of it: the time of the replay, what is handed to
 * the page and what stays in memory, and the time to draw it. The log is that of the other benchmarks, with eight partitions.
 */
import type { Batch } from "../src/columns/batch.ts";
import { batchOf } from "../src/columns/builder.ts";
import type { Column, Schema } from "../src/columns/column.ts";
import { Dictionary } from "../src/columns/dictionary.ts";
import type { ChartSpec, Span } from "../src/charts/chart.ts";
import { CHARTS } from "../src/charts/index.ts";
import * as charts from "../src/charts/plans.ts";
import type { ChartName } from "../src/charts/plans.ts";
import { Run } from "../src/engine/run.ts";
import { Table } from "../src/engine/table.ts";
import { bounded } from "../src/model/watermarks.ts";
import { fixed, sessions } from "../src/model/windows.ts";
import { identity } from "../src/pipeline/identity.ts";
import { schemaOf } from "../src/pipeline/node.ts";
import type { SourceLog } from "../src/pipeline/source-log.ts";
import { source } from "../src/pipeline/sources.ts";
import type { Stream } from "../src/pipeline/stream.ts";
import { ERRORS_SCHEMA, type SourceNode } from "../src/pipeline/verbs/source.ts";
import { wirePage } from "../src/session/wire.ts";
import { BASE, generate, names } from "./baselines/data.mjs";

const PARTITIONS = 8;
const HOUR = 3_600_000;
const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: false },
  { name: "part", type: "string", nullable: false },
  { name: "t", type: "timestamp", nullable: false },
  { name: "v", type: "number", nullable: false },
];
const SNAPSHOTS: Schema = [
  { name: "t", type: "timestamp", nullable: false },
  { name: "balance", type: "number", nullable: false },
];
const NO_ERRORS: Batch = batchOf(ERRORS_SCHEMA, []);

/** What a chart came to. Times in ms, sizes in bytes. */
export interface ChartRun {
  readonly chart: ChartName;
  readonly rows: number;
  /** The replay of the whole log. */
  readonly replay: number;
  /** Taking the tables out and drawing them. */
  readonly draw: number;
  /** Rows of all tables that the page gets, and about their size. */
  readonly points: number;
  readonly handed: number;
  /** What the run and its tables hold at the end beyond the log; NaN where the collector cannot be called. */
  readonly held: number;
  /** Elements of the drawing, and whether it is one. */
  readonly elements: number;
  readonly empty: boolean;
  readonly summary: string;
}

/** A log of `rows` rows that spans so many `hours`: the same rows, further apart. */
export class ChartLogs {
  readonly rows: number;
  readonly span: Span;
  /** A key of which there are a few hundred rows, however long the log is. */
  readonly rareKey: number;
  readonly #logs: ReadonlyMap<string, SourceLog>;

  constructor(rows: number, { hours = 1 } = {}) {
    this.rows = rows;
    this.rareKey = Math.min(900, Math.max(3, Math.floor(rows / 14_000)));
    const { key, t, v } = generate(rows);
    const time = t.map(at => BASE + (at - BASE) * hours);
    const arrival = new Float64Array(rows);
    // The data set has an order of arrival and no clock; the greatest event time so far serves as one.
    for (let i = 0; i < rows; i++) arrival[i] = i === 0 ? time[0] : Math.max(time[i], arrival[i - 1]);
    const parts = new Dictionary(Array.from({ length: PARTITIONS }, (_, p) => `p${p}`));
    const partition = key.map(k => k % PARTITIONS);
    const columns: Column[] = [
      { type: "string", codes: key, dictionary: new Dictionary(names()) },
      { type: "string", codes: partition, dictionary: parts },
      { type: "timestamp", values: time, valid: null },
      { type: "number", values: v, valid: null },
    ];
    const rest = { partition: null, partitions: null, line: null, errors: NO_ERRORS };
    const log: SourceLog = {
      ...rest,
      batch: { schema: SCHEMA, length: rows, columns },
      time,
      arrival,
      partition,
      partitions: parts,
    };
    this.span = { start: arrival[0], end: arrival[rows - 1] };
    const at = Float64Array.from({ length: 60 }, (_, i) => BASE + ((i + 1) * hours * HOUR) / 60);
    const balances: Column[] = [
      { type: "timestamp", values: at, valid: null },
      { type: "number", values: at.map((_, i) => i * 1_000), valid: null },
    ];
    const snapshots: SourceLog = {
      ...rest,
      batch: { schema: SNAPSHOTS, length: 60, columns: balances },
      time: at,
      arrival: at,
    };
    this.#logs = new Map([
      ["events", log],
      ["snapshots", snapshots],
    ]);
  }

  log(node: SourceNode): SourceLog {
    const log = node.input.kind === "file" ? this.#logs.get(node.input.name) : undefined;
    if (log === undefined) throw new Error(`There is no log for ${identity(node)}.`);
    return log;
  }
}

const events = (): Stream => source("events", { eventTime: "t", partition: "part", watermark: bounded("30 s") });
const snapshots = (): Stream => source("snapshots", { eventTime: "t", watermark: bounded(0) });
const minutes = (): Stream =>
  events()
    .groupby("key")
    .window(fixed("1 min"))
    .allowedLateness("5 min")
    .rollup({ sum: "d => op.sum(d.v)", n: "d => op.count()" });
const visits = (): Stream =>
  events().groupby("key").window(sessions("30 s")).allowedLateness("5 min").rollup({ sum: "d => op.sum(d.v)" });

/** Every chart of the large log, in the order of the list of charts; those of one window or one key are asked for one. */
export const CHART_WORKS: Readonly<Record<ChartName, (key: number) => ChartSpec>> = {
  timeMap: () => charts.timeMap(minutes()),
  delayMap: () => charts.delayMap(minutes()),
  lateness: () => charts.lateness(minutes()),
  dropCurve: () => charts.dropCurve(minutes()),
  corrections: () => charts.corrections(minutes()),
  windowLanes: () => charts.windowLanes(minutes()),
  panes: () => charts.panes(minutes(), { window: BASE + 600_000, key: "k7" }),
  balanceVsFlow: () =>
    charts.balanceVsFlow(events(), { amount: "d => d.v", snapshots: snapshots(), balance: "d => d.balance" }),
  watermarkHold: () => charts.watermarkHold(minutes()),
  watermarkQuality: () => charts.watermarkQuality(minutes()),
  stability: () => charts.stability(minutes()),
  delayVsLateness: () => charts.delayVsLateness(minutes()),
  pareto: () => charts.pareto(minutes()),
  sessionSurgery: key => charts.sessionSurgery(visits(), { key: `k${key}` }),
  joinMisses: key =>
    charts.joinMisses(events().filter(`d => d.key == 'k${key}'`), events().filter(`d => d.key == 'k${key + 1}'`), {
      on: [["key", "key"]],
      within: "1 s",
    }),
  stateCost: () => charts.stateCost(minutes()),
  wholeDay: () => charts.wholeDay(minutes(), { zone: "America/Los_Angeles" }),
  profiles: () => charts.profiles(minutes()),
  knowledgeTriangle: () => charts.knowledgeTriangle(minutes()),
  waterfall: () => charts.waterfall(minutes()),
};

const collect = (globalThis as { gc?: () => void }).gc;

function memory(): number {
  if (collect === undefined) return NaN;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Runs one chart over a log to its end and draws it in a document. */
export function runChart(chart: ChartName, logs: ChartLogs, document: Document): ChartRun {
  const before = memory();
  const { tables: streams, limits, options } = charts.planChart(CHART_WORKS[chart](logs.rareKey), logs.span);
  const from = performance.now();
  const run = new Run(
    Object.values(streams).map(s => s.node),
    { logs: node => logs.log(node), remember: false },
  );
  const taps = Object.entries(streams).map(([name, { node }]) => {
    const schema = schemaOf(node, of => logs.log(of).batch.schema);
    const table = new Table(node, schema, undefined, limits[name]);
    run.tap(table);
    return [name, table] as const;
  });
  run.finish();
  const replay = performance.now() - from;
  const held = memory() - before;
  const drawn = performance.now();
  const tables = Object.fromEntries(
    taps.map(([name, table]) => {
      const length = table.length > (limits[name] ?? Infinity) ? 0 : table.length;
      return [name, wirePage(table, 0, length, null).page];
    }),
  );
  const settings = { span: logs.span, ...options, now: logs.span.end, finished: true, width: 720, document };
  const element = CHARTS[chart].draw(tables, settings as never);
  const draw = performance.now() - drawn;
  const pages = Object.values(tables);
  return {
    chart,
    rows: logs.rows,
    replay,
    draw,
    points: pages.reduce((n, t) => n + t.length, 0),
    handed: pages.reduce((n, t) => n + t.length * t.columns.length * 8, 0),
    held,
    elements: element.querySelectorAll("*").length,
    empty: element.classList.contains("tm-chart-empty"),
    summary: element.getAttribute("aria-label") ?? element.textContent ?? "",
  };
}
