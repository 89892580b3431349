/**
 * Tidemark's entry: the pipelines of the benchmarks as a user writes them, on logs that are columns in memory, run by the
 * engine's own run with full semantics. Panes are collected as columns, as the columnar loop collects its own.
 */
import { batchOf } from "../src/columns/builder.ts";
import { type Batch, columnNamed } from "../src/columns/batch.ts";
import type { Column, NumberColumn, Schema, StringColumn } from "../src/columns/column.ts";
import { Dictionary } from "../src/columns/dictionary.ts";
import type { Flow } from "../src/engine/flow.ts";
import { type Balances, balancesOf } from "../src/engine/operators/integrate.ts";
import { Run, type RunOptions, type Tap } from "../src/engine/run.ts";
import { op } from "../src/expressions/op.ts";
import { captured } from "../src/expressions/parse.ts";
import { PROFILES, type Profile } from "../src/model/profiles.ts";
import { afterCount, afterWatermark } from "../src/model/triggers.ts";
import { bounded } from "../src/model/watermarks.ts";
import { fixed, sessions, sliding, type WindowFunction } from "../src/model/windows.ts";
import { identity } from "../src/pipeline/identity.ts";
import type { Node } from "../src/pipeline/node.ts";
import type { SourceLog } from "../src/pipeline/source-log.ts";
import { source } from "../src/pipeline/sources.ts";
import type { Stream } from "../src/pipeline/stream.ts";
import { ERRORS_SCHEMA } from "../src/pipeline/verbs/source.ts";
import { Fold, kid, wid } from "./baselines/check.mjs";
import { BASE, type Data } from "./baselines/data.mjs";

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: false },
  { name: "t", type: "timestamp", nullable: false },
  { name: "v", type: "number", nullable: false },
];

const NO_ERRORS: Batch = batchOf(ERRORS_SCHEMA, []);

/** Columns that more rows can be appended to, and the log of what is there. */
export class Columns {
  count = 0;
  readonly #names: Dictionary;
  readonly #keys: Int32Array;
  readonly #time: Float64Array;
  readonly #arrival: Float64Array;
  readonly #values: Float64Array;

  constructor(names: readonly string[], capacity: number) {
    this.#names = new Dictionary(names);
    this.#keys = new Int32Array(capacity);
    this.#time = new Float64Array(capacity);
    this.#arrival = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  append(key: number, time: number, value: number, arrival?: number): void {
    const i = this.count++;
    this.#keys[i] = key;
    this.#time[i] = time;
    // The data set has an order of arrival and no clock; the greatest event time so far serves as one.
    this.#arrival[i] = arrival ?? (i === 0 ? time : Math.max(time, this.#arrival[i - 1]));
    this.#values[i] = value;
  }

  arrivalOf(row: number): number {
    return this.#arrival[row];
  }

  get clock(): number {
    return this.#arrival[this.count - 1];
  }

  /** The log of the first `count` rows. */
  log(count = this.count): SourceLog {
    const time = this.#time.subarray(0, count);
    const columns: Column[] = [
      { type: "string", codes: this.#keys.subarray(0, count), dictionary: this.#names },
      { type: "timestamp", values: time, valid: null },
      { type: "number", values: this.#values.subarray(0, count), valid: null },
    ];
    return {
      batch: { schema: SCHEMA, length: count, columns },
      time,
      arrival: this.#arrival.subarray(0, count),
      partition: null,
      partitions: null,
      line: null,
      errors: NO_ERRORS,
    };
  }
}

const filled = new WeakMap<Data, Columns>();

function columnsOf(data: Data): Columns {
  let columns = filled.get(data);
  if (columns === undefined) {
    columns = fill(data, data.n);
    filled.set(data, columns);
  }
  return columns;
}

function fill(data: Data, capacity: number): Columns {
  const columns = new Columns(data.keyNames, capacity);
  for (let i = 0; i < data.n; i++) columns.append(data.key[i], data.t[i], data.v[i]);
  return columns;
}

/** The changes that came out, as columns. */
class Changes implements Tap {
  readonly node: Node;
  readonly #width: number;
  count = 0;
  keys: Int32Array;
  start: Float64Array;
  end: Float64Array | null;
  weight: Int32Array;
  readonly values: Float64Array[];
  /** Rows that came out on the port `late`. */
  dropped = 0;

  readonly #keyed: boolean;

  /** Collects changes of `width` values, by key unless they have none, in the arrays of `previous` if there is one. */
  constructor(stream: Stream, width: number, ends = false, previous: Changes | null = null, keyed = true) {
    this.#keyed = keyed;
    this.node = stream.node;
    this.#width = width;
    this.values = previous?.values ?? Array.from({ length: width }, () => new Float64Array(1 << 17));
    this.keys = previous?.keys ?? new Int32Array(1 << 17);
    this.start = previous?.start ?? new Float64Array(1 << 17);
    // Only of sessions does the start not say the end.
    this.end = ends ? (previous?.end ?? new Float64Array(1 << 17)) : null;
    this.weight = previous?.weight ?? new Int32Array(1 << 17);
  }

  apply(flow: Flow): void {
    const { count, batch, weight } = flow;
    if (count === 0) return;
    while (this.count + count > this.keys.length) this.#grow();
    const [start, end, ...values] = this.#keyed ? batch.columns.slice(1) : batch.columns;
    if (this.#keyed) this.keys.set((batch.columns[0] as StringColumn).codes, this.count);
    this.start.set((start as NumberColumn).values, this.count);
    this.end?.set((end as NumberColumn).values, this.count);
    for (let i = 0; i < this.#width; i++) this.values[i].set((values[i] as NumberColumn).values, this.count);
    if (weight === null) this.weight.fill(1, this.count, this.count + count);
    else this.weight.set(weight, this.count);
    this.count += count;
  }

  reset(): void {
    this.count = 0;
  }

  #grow(): void {
    const size = 2 * this.keys.length;
    const floats = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    const ints = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.keys = ints(this.keys);
    this.weight = ints(this.weight);
    this.start = floats(this.start);
    if (this.end !== null) this.end = floats(this.end);
    for (let i = 0; i < this.#width; i++) this.values[i] = floats(this.values[i]);
  }
}

/** Counts what comes out of the port `late`. */
class Count implements Tap {
  readonly node: Node;
  count = 0;
  constructor(stream: Stream) {
    this.node = stream.node;
  }
  apply(flow: Flow): void {
    this.count += flow.count;
  }
  reset(): void {
    this.count = 0;
  }
}

export function events(): Stream {
  return source("events", { eventTime: "t", watermark: bounded("30 s") });
}

/** The identity of the source, by which a run knows its log. */
const EVENTS = events().id;

export function windowed(stream: Stream, window: WindowFunction): Stream {
  return stream
    .groupby("key")
    .window(window)
    .trigger(afterWatermark({ late: afterCount(1) }))
    .allowedLateness("5 min")
    .accumulation("retracting");
}

export type Row = Readonly<Record<string, number>>;

export const sumAndCount = (stream: Stream): Stream =>
  stream.rollup({ sum: (d: Row) => op.sum(d.v), n: () => op.count() });

export const W1 = (): Stream => sumAndCount(windowed(events(), fixed("1 min")));
export const W2 = (): Stream => windowed(events(), sliding("5 min", "1 min")).rollup({ n: () => op.count() });
export const W3 = (): Stream =>
  windowed(events(), sessions("30 s", { inclusive: true })).rollup({ sum: (d: Row) => op.sum(d.v) });

/**
 * The work of W3 asks whether a session is still there after a row has merged with it, as Kafka does; Tidemark's own
 * profile, with Beam, asks it of the row's own window before.
 */
const AFTER_MERGE: Profile = { ...PROFILES.tidemark, sessionLateness: "after-merge" };

export const W5 = (): Stream =>
  events()
    .groupby("key")
    .integrate((d: Row) => d.v);

/** Sums the restatements that balances come with. */
class Restatements implements Tap {
  readonly node: Node;
  sum = 0;
  constructor(stream: Stream) {
    this.node = stream.node;
  }
  apply({ batch, count }: Flow): void {
    const { values } = columnNamed(batch, "restated") as NumberColumn;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[i];
    this.sum += sum;
  }
  reset(): void {
    this.sum = 0;
  }
}

/**
 * Both sides of W4 as sources of their own, each with its watermark. A row's place in the data set is its time of arrival,
 * so that the rows of both arrive in the order of the data set.
 */
const SIDES = ["left", "right"].map(name => source(name, { eventTime: "t", watermark: bounded("30 s") }));

export const W4 = (): Stream => {
  const [left, right] = SIDES.map(side => side.window(fixed("1 min")).allowedLateness("5 min"));
  return left
    .join(right, "key")
    .window(fixed("1 min"))
    .trigger(afterWatermark({ late: afterCount(1) }))
    .allowedLateness("5 min")
    .accumulation("retracting")
    .rollup({ pairs: () => op.count() });
};

const sides = new WeakMap<Data, ReadonlyMap<string, SourceLog>>();

function sidesOf(data: Data): ReadonlyMap<string, SourceLog> {
  let logs = sides.get(data);
  if (logs === undefined) {
    const columns = SIDES.map(() => new Columns(data.keyNames, data.n));
    for (let i = 0; i < data.n; i++) columns[data.side[i]].append(data.key[i], data.t[i], data.v[i], BASE + i);
    logs = new Map(SIDES.map((side, i) => [side.id, columns[i].log()]));
    sides.set(data, logs);
  }
  return logs;
}

function countPairs(data: Data): Outcome {
  const logs = sidesOf(data);
  const stream = W4();
  const run = new Run([stream.node], { logs: node => logs.get(identity(node)) as SourceLog, remember: false });
  const changes = new Changes(stream, 1, false, null, false);
  run.tap(changes);
  run.finish();
  return { changes, dropped: null };
}

interface BalancesKept {
  readonly balances: Balances;
  readonly restated: number;
}

function integrate(data: Data): BalancesKept {
  const log = columnsOf(data).log();
  const stream = W5();
  const run = new Run([stream.node], { logs: () => log, remember: false });
  const restatements = new Restatements(stream);
  run.tap(restatements);
  run.finish();
  return {
    balances: balancesOf(run.graph.of(stream.node).operator) as Balances,
    restated: restatements.sum,
  };
}

function foldBalances({ balances, restated }: BalancesKept): { chk: number; series: number; restated: number } {
  const last = new Fold();
  const all = new Fold();
  for (const key of balances.keys()) {
    const { time, balance } = balances.series(key);
    const id = kid(key[0]);
    last.add(id, 0, balance[balance.length - 1], balance.length);
    for (let i = 0; i < time.length; i++) all.add(id, time[i] - BASE, balance[i], 0);
  }
  return { chk: last.chk, series: all.chk, restated };
}

interface Outcome {
  readonly changes: Changes;
  readonly dropped: number | null;
}

function execute(data: Data, stream: Stream, width: number, ends = false, options: Partial<RunOptions> = {}): Outcome {
  const log = columnsOf(data).log();
  const run = new Run([stream.node], { logs: () => log, remember: false, ...options });
  const changes = new Changes(stream, width, ends);
  run.tap(changes);
  run.finish();
  return { changes, dropped: null };
}

/** Runs a pipeline with its `late` port read too, to count what it dropped. */
function executeWithLate(
  data: Data,
  stream: Stream,
  width: number,
  ends = false,
  options: Partial<RunOptions> = {},
): Outcome {
  const log = columnsOf(data).log();
  const late = stream.late();
  const run = new Run([stream.node, late.node], { logs: () => log, remember: false, ...options });
  const changes = new Changes(stream, width, ends);
  const dropped = new Count(late);
  run.tap(changes);
  run.tap(dropped);
  run.finish();
  return { changes, dropped: dropped.count };
}

interface Checked {
  readonly chk: number;
  readonly plus: number;
  readonly minus: number;
  readonly dropped: number | null;
}

function fold({ changes, dropped }: Outcome, second: boolean): Checked {
  const sum = new Fold();
  for (let i = 0; i < changes.count; i++)
    sum.add(
      changes.keys[i],
      wid(changes.start[i]),
      changes.values[0][i],
      second ? changes.values[1][i] : 0,
      changes.weight[i],
    );
  return { chk: sum.chk, plus: sum.plus, minus: sum.minus, dropped };
}

function foldSessions({ changes, dropped }: Outcome): Checked {
  const sum = new Fold();
  for (let i = 0; i < changes.count; i++)
    sum.add(
      changes.keys[i],
      changes.start[i] - BASE,
      changes.values[0][i],
      (changes.end as Float64Array)[i] - BASE,
      changes.weight[i],
    );
  return { chk: sum.chk, plus: sum.plus, minus: sum.minus, dropped };
}

interface Helpers {
  readonly extra: readonly { readonly key: string; readonly t: number; readonly v: number }[];
  each<T>(events: readonly T[], work: (event: T) => void): { p50: number; p99: number };
  rep(work: (i: number) => void, times: number): Promise<number>;
  batches(rows: number, size: number, work: (from: number, to: number) => void): { p50: number; p99: number };
}

/** A run that has seen the whole log and waits for more. */
export class Live {
  readonly columns: Columns;
  readonly run: Run;
  changes: Changes;
  #stream: Stream;

  constructor(data: Data, stream: Stream, spare = 2_000) {
    this.columns = fill(data, data.n + spare);
    this.#stream = stream;
    let log = this.columns.log();
    this.run = new Run([stream.node], { logs: () => log, remember: true });
    this.changes = new Changes(stream, 2);
    this.run.tap(this.changes);
    while (this.run.advance({ until: this.columns.clock }));
    this.extend = (): void => {
      log = this.columns.log();
      this.run.extend(EVENTS, log);
      this.run.advance({ until: this.columns.clock });
    };
  }

  /** Lets the run see the rows appended since. */
  readonly extend: () => void;

  /** Changes the pipeline; the run catches up. */
  edit(stream: Stream): void {
    this.#stream = stream;
    this.changes = new Changes(stream, 2, false, this.changes);
    this.run.replan([stream.node], [this.changes]);
    this.run.catchUp();
  }

  get stream(): Stream {
    return this.#stream;
  }
}

export default {
  name: "Tidemark",
  needs: "cols",
  W1: {
    run: (data: Data) => execute(data, W1(), 2),
    check: (outcome: Outcome) => fold(outcome, true),
    late: (data: Data) => executeWithLate(data, W1(), 2),
  },
  W2: {
    run: (data: Data) => execute(data, W2(), 1),
    check: (outcome: Outcome) => fold(outcome, false),
    late: (data: Data) => executeWithLate(data, W2(), 1),
  },
  W3: {
    run: (data: Data) => execute(data, W3(), 1, true, { profile: AFTER_MERGE }),
    check: foldSessions,
    late: (data: Data) => executeWithLate(data, W3(), 1, true, { profile: AFTER_MERGE }),
  },
  W4: { run: countPairs, check: (outcome: Outcome) => fold(outcome, false) },
  W5: { run: integrate, check: foldBalances },
  async W6(data: Data, helpers: Helpers) {
    // A threshold that comes from another cell is captured by the function that names it, as the notebook does.
    const above = (threshold: number): Stream => {
      const kept = events().filter(captured({ threshold }, (d: Row) => d.v > threshold));
      return sumAndCount(windowed(kept, fixed("1 min")));
    };
    const live = new Live(data, W1());
    const a = helpers.each(helpers.extra, event => {
      live.columns.append(Number(event.key.slice(1)), event.t, event.v);
      live.extend();
    });
    const filtered = new Live(data, above(-10_000));
    for (let i = 0; i < 5; i++) filtered.edit(above(i));
    const b = await helpers.rep(i => filtered.edit(above(100 * (i + 1))), 9);
    const wide = sumAndCount(windowed(events(), fixed("5 min")));
    const c = await helpers.rep(i => live.edit(i % 2 === 0 ? wide : W1()), 10);
    return { a, b, c, note: "the running graph is edited; b and c until every pane is there again" };
  },
  W7(data: Data, helpers: Helpers) {
    const columns = columnsOf(data);
    const stream = W1();
    const run = new Run([stream.node], { logs: () => columns.log(0), remember: false });
    const changes = new Changes(stream, 2);
    run.tap(changes);
    return helpers.batches(data.n, 100, (_from, to) => {
      run.extend(EVENTS, columns.log(to));
      run.advance({ until: columns.arrivalOf(to - 1) });
    });
  },
};
