/** `tidemark run FILE`: evaluates a notebook, runs one of its streams to the end, and prints what it comes to. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { formatDuration } from "../model/time.ts";
import type { Schema, Value } from "../columns/column.ts";
import type { Run } from "../engine/run.ts";
import { type Table, tableKind } from "../engine/table.ts";
import { topological } from "../pipeline/node.ts";
import { type HeadlessRunOptions, type HeadlessStream, runOfAll, shardedRunOfAll } from "../session/headless.ts";
import { OutputHash } from "../engine/output-hash.ts";
import { plainRow } from "../session/plain-rows.ts";
import { openSqlite } from "../session/sql/sqlite-node.ts";
import { rowsOf } from "../session/static-tables.ts";
import { openNotebookResult, reporting, UsageError } from "./arguments.ts";
import { CliLive, LIVE_OPTIONS, LIVE_USAGE, liveLine } from "./live.ts";
import { progressBar } from "./progress.ts";
import { ShardThreads } from "./shard-threads.ts";

const USAGE = `usage: tidemark run FILE [--cell NAME] [--param k=v]… [--format csv|jsonl|table] [--speed max|N] [--profile NAME] [--workers N] [--divide HOW] [--hash]

Evaluates the notebook FILE, replays its logs, or reads its live sources, and prints the table of a stream, or what a SQL cell gives, on standard output.
  --cell NAME     which stream, or the output of which SQL cell; default the last stream that is defined
  --param k=v     puts v in the place of what the notebook defines as k (a slider's value, for example)
  --format F      csv, jsonl or table; default table on a terminal, jsonl otherwise
  --speed S       max, or a factor of real time; default max
  --profile P     run by the rules of tidemark (default), beam, flink, flink-sql, spark, kafka or batch
  --workers N     work what goes by key on N threads, this one among them, with the same output; default 1.
                  Threads have to be started and logs to be shared, so this is for replays that take seconds
  --divide HOW    whether --workers divides only what is likely to be faster for it, and over no more threads than there are
                  cores, which is the default (pays), or whatever can be divided (always)
  --hash          also prints the output's hash on standard error: equal for equal rows, weights, panes and emission times
  --stdin NAME    reads the log that the notebook calls NAME from standard input; source("-") reads it live instead
${LIVE_USAGE}`;

const FORMATS = ["csv", "jsonl", "table"] as const;
type Format = (typeof FORMATS)[number];

/** Runs the command. Exit codes: 0 done, 1 the notebook or a file failed, 2 wrong usage. */
export function runCommand(args: readonly string[]): Promise<number> {
  return reporting("run", USAGE, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        cell: { type: "string" },
        param: { type: "string", multiple: true },
        format: { type: "string" },
        speed: { type: "string" },
        profile: { type: "string" },
        workers: { type: "string" },
        divide: { type: "string" },
        hash: { type: "boolean" },
        stdin: { type: "string" },
        ...LIVE_OPTIONS,
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (positionals.length !== 1)
      throw new UsageError(positionals.length === 0 ? "name a notebook" : "name one notebook");
    const format = formatOf(values.format);
    const speed = speedOf(values.speed);
    const workers = workersOf(values.workers, values.divide);
    const live = new CliLive({ notebook: positionals[0], allow: values.allow, for: values.for });
    const from = { live, ...(values.stdin === undefined ? {} : { stdin: values.stdin }) };
    const found = await openNotebookResult(positionals[0], values.cell ?? null, values.param ?? [], from);
    const hash = values.hash === true ? new OutputHash() : null;
    if ("query" in found) {
      if (hash !== null) throw new UsageError(`--hash: "${found.name}" is no stream, but what a SQL cell gives`);
      const streams = [...found.streams.values()];
      const tables = await replay(found.name, streams, { speed, workers, live, profile: values.profile });
      const byName = new Map(streams.map(({ name }, i) => [name, tables[i]]));
      const answer = await found.query.answer(byName, openSqlite);
      const schema = answer.columns.map(({ name, type }) => ({ name, type, nullable: true }));
      print(schema, rowsOf(answer) as Record<string, Value>[], format);
      return 0;
    }
    const drain = isLargeLog(found) && format !== "table" ? drainTo(found.schema, format) : undefined;
    const [table] = await replay(found.name, [found], { speed, workers, live, profile: values.profile, hash, drain });
    if (drain === undefined) print(found.schema, table.rows(), format);
    else drain(table, true);
    if (hash !== null) process.stderr.write(`output hash ${hash.digest()}\n`);
    return 0;
  });
}

function formatOf(given: string | undefined): Format {
  if (given === undefined) return process.stdout.isTTY ? "table" : "jsonl";
  const found = FORMATS.find(f => f === given);
  if (found === undefined) throw new UsageError(`there is no format "${given}"; there are ${FORMATS.join(", ")}`);
  return found;
}

function speedOf(given: string | undefined): number {
  if (given === undefined || given === "max") return Infinity;
  const factor = Number(given);
  if (!(factor > 0)) throw new UsageError(`--speed takes max or a factor above 0, not "${given}"`);
  return factor;
}

function workersOf(given: string | undefined, how: string | undefined): AskedWorkers {
  if (how !== undefined && how !== "pays" && how !== "always")
    throw new UsageError(`--divide takes pays or always, not "${how}"`);
  if (given === undefined) {
    if (how !== undefined) throw new UsageError("--divide is about --workers, which is missing");
    return { count: 1, always: false };
  }
  const count = Number(given);
  if (!(Number.isInteger(count) && count >= 1 && count <= 64))
    throw new UsageError(`--workers takes a whole number from 1 to 64, not "${given}"`);
  return { count, always: how === "always" };
}

/** How many threads were asked for, and whether also where they are not likely to be faster. */
interface AskedWorkers {
  readonly count: number;
  readonly always: boolean;
}

/** How many threads to work on: no more than there are cores, as they would take turns, unless that is asked for. */
export function threadsFor({ count, always }: AskedWorkers, cores: number): number {
  return always ? count : Math.min(count, cores);
}

/** What it takes to start a thread and to plan its pipeline there, ms. */
const START = 80;

interface Replay {
  readonly speed: number;
  readonly workers: AskedWorkers;
  readonly live: CliLive;
  readonly profile?: string;
  readonly hash?: OutputHash | null;
  /** Takes rows out of the table as they come, where they are too many to be kept until the end. */
  readonly drain?: (table: Table) => void;
}

/** Replays streams to the end and returns the table of each. */
async function replay(name: string, streams: readonly HeadlessStream[], how: Replay): Promise<Table[]> {
  if (streams.length === 0) return [];
  const { profile, hash = null } = how;
  const options: HeadlessRunOptions = {
    profile,
    ...(hash === null ? {} : { onChanges: (flow, step) => hash.apply(flow, step) }),
  };
  const began = performance.now();
  const done = how.live.live
    ? await followLive(streams, how.live, options)
    : ((await replayOnWorkers(name, streams, how, options)) ?? (await replayHere(streams, how, options)));
  const { run, tables } = done;
  const { rows, late } = run.progress;
  let malformed = 0;
  for (const node of run.graph.nodes) malformed += run.feed(node.id)?.log.errors.length ?? 0;
  const where = done.workers > 1 ? ` on ${done.workers} workers` : "";
  process.stderr.write(
    `${name}: ${rows.toLocaleString("en")} rows in ${formatDuration(performance.now() - began)}${where}, ${late.toLocaleString("en")} behind the watermark, ${malformed} malformed\n`,
  );
  return tables;
}

interface Replayed {
  readonly run: Run;
  readonly tables: Table[];
  readonly workers: number;
}

/** Replays on threads; null where that was not asked for, or cannot be, which is said. */
async function replayOnWorkers(
  name: string,
  streams: readonly HeadlessStream[],
  how: Replay,
  options: HeadlessRunOptions,
): Promise<Replayed | null> {
  const { count, always } = how.workers;
  if (count === 1) return null;
  const shards = threadsFor(how.workers, availableParallelism());
  const refused = (reason: string): null => {
    process.stderr.write(`${name} is worked on one thread. ${reason}\n`);
    return null;
  };
  if (how.speed !== Infinity) return refused("At a speed other than max there is nothing to gain.");
  if (shards === 1)
    return refused("The machine has one core. Say --divide always to work on more threads all the same.");
  const threads = new ShardThreads();
  try {
    const made = shardedRunOfAll(streams, { host: threads, shards, start: always ? undefined : START }, options);
    if ("reason" in made)
      return refused(
        made.could === true ? `${made.reason} Say --divide always to divide it all the same.` : made.reason,
      );
    if (shards < count) process.stderr.write(`${name} is worked on ${shards} threads, one for each core.\n`);
    const { sharded, tables } = made;
    const { run } = sharded;
    const bar = barOf(run);
    while (await sharded.advance()) bar.show();
    bar.clear();
    return { run, tables, workers: shards };
  } finally {
    await threads.close();
  }
}

/** Runs on what comes of live sources, until they are over or somebody stops them. */
async function followLive(
  streams: readonly HeadlessStream[],
  live: CliLive,
  options: HeadlessRunOptions,
): Promise<Replayed> {
  const { run, tables } = runOfAll(streams, options);
  const line = liveLine();
  await live.drive(run, line.show);
  line.clear();
  return { run, tables, workers: 1 };
}

async function replayHere(
  streams: readonly HeadlessStream[],
  { speed, drain }: Replay,
  options: HeadlessRunOptions,
): Promise<Replayed> {
  const { run, tables } = runOfAll(streams, options);
  const bar = barOf(run);
  const began = performance.now();
  const first = run.next;
  for (;;) {
    const due = speed === Infinity ? Infinity : first + (performance.now() - began) * speed;
    const until = run.next === Infinity || run.next <= due ? due : null;
    if (until === null) await new Promise(resolve => setTimeout(resolve, 20));
    else if (!run.advance({ until: run.next === Infinity ? Infinity : until })) {
      // A log that is read in groups has more to come.
      if (run.waiting === null && !run.open) break;
      await (run.waiting ?? new Promise(resolve => setTimeout(resolve, 20)));
    }
    drain?.(tables[0]);
    bar.show();
    if (speed === Infinity && process.stderr.isTTY) await new Promise(resolve => setImmediate(resolve));
  }
  bar.clear();
  return { run, tables, workers: 1 };
}

function barOf(run: Run): { show(): void; clear(): void } {
  const total = run.totalRows;
  const bar = progressBar("Replaying");
  return {
    show() {
      const { rows } = run.progress;
      bar.show(total === 0 ? 1 : rows / total, `${rows.toLocaleString("en")} of ${total.toLocaleString("en")} rows`);
    },
    clear: () => bar.clear(),
  };
}

/** Whether a stream is a log that only grows, made from one that is too large for memory. */
function isLargeLog({ stream, sources }: HeadlessStream): boolean {
  const large = topological([stream.node]).some(n => n.verb === "source" && sources.log(n).whole !== undefined);
  return large && stream.node.verb !== "orderby" && tableKind(stream.node).kind === "append";
}

/** Rows that are printed together of a log that is not kept. */
const DRAINED = 65_536;

/** Returns a function that prints a table's rows and empties it, once there are many of them or `all` are to be printed. */
function drainTo(schema: Schema, format: Exclude<Format, "table">): (table: Table, all?: boolean) => void {
  let begun = false;
  return (table, all = false) => {
    if (table.length < DRAINED && !all) return;
    print(schema, table.rows(), format, !begun);
    begun = true;
    table.reset();
  };
}

function print(schema: Schema, rows: readonly Record<string, Value>[], format: Format, header = true): void {
  const names = schema.map(f => f.name);
  const plain = rows.map(row => plainRow(schema, row));
  if (format === "jsonl") for (const row of plain) process.stdout.write(`${JSON.stringify(row)}\n`);
  else if (format === "csv") {
    if (header) process.stdout.write(`${names.map(csvField).join(",")}\n`);
    for (const row of plain) process.stdout.write(`${names.map(name => csvField(row[name])).join(",")}\n`);
  } else printTable(names, plain, new Set(schema.filter(f => f.type === "number").map(f => f.name)));
}

function csvField(value: Value): string {
  if (value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function printTable(
  names: readonly string[],
  rows: readonly Record<string, Value>[],
  numbers: ReadonlySet<string>,
): void {
  const text = (value: Value): string =>
    value === null
      ? ""
      : typeof value === "number"
        ? value.toLocaleString("en", { maximumFractionDigits: 6 })
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
  const cells = rows.map(row => names.map(name => text(row[name])));
  const widths = names.map((name, c) => cells.reduce((most, row) => Math.max(most, row[c].length), name.length));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => (numbers.has(names[c]) ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join("  ")
      .trimEnd();
  process.stdout.write(`${line(names)}\n${widths.map(w => "─".repeat(w)).join("  ")}\n`);
  for (const row of cells) process.stdout.write(`${line(row)}\n`);
}
