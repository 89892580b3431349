/**
 * One pipeline or more for every verb, kind of join, window, trigger, accumulation, aggregate and port that there is. The lists
 * are mapped types over the product's own, so that what is added there and not here does not compile; `missingWorks` says
 * the same at run time, where nobody compiled.
 */
import type { Column, Value } from "../src/columns/column.ts";
import { AGGREGATES, type AggregateName } from "../src/expressions/aggregates.ts";
import type { StatefulContext } from "../src/engine/operators/stateful.ts";
import type { Accumulation } from "../src/model/strategy.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  DEFAULT_TRIGGER,
  never,
  orFinally,
  repeatedly,
  type Trigger,
} from "../src/model/triggers.ts";
import { bounded } from "../src/model/watermarks.ts";
import { calendar, cumulating, fixed, global, sessions, sliding, type WindowFunction } from "../src/model/windows.ts";
import { identity } from "../src/pipeline/identity.ts";
import { type Node, topological, VERBS, type VerbName, verbOf } from "../src/pipeline/node.ts";
import { desc } from "../src/pipeline/orders.ts";
import type { SourceLog } from "../src/pipeline/source-log.ts";
import { source } from "../src/pipeline/sources.ts";
import { Stream } from "../src/pipeline/stream.ts";
import { OTHERWISE } from "../src/pipeline/verbs/branch.ts";
import { JOIN_KINDS, type JoinKind } from "../src/pipeline/verbs/join.ts";
import { BASE, type Data } from "./baselines/data.mjs";
import { Columns, type Row } from "./tidemark.ts";

/** What `stateful` keeps of a key here. */
interface State {
  n: number;
}

/** A pipeline that is measured. `about` says in a phrase what is special about it. */
export interface VerbWork {
  readonly about: string;
  readonly stream: Stream;
}

const named = (name: string): Stream => source(name, { eventTime: "t", watermark: bounded("30 s") });
/** All rows; the same with a column of arrays; the rows in two halves. */
const events = named("events");
const items = named("items");
const left = named("left");
const right = named("right");
/** One row for each key, and one for each key and minute. */
const accounts = named("accounts");
const snapshots = named("snapshots");

const minute = fixed("1 min");
const late = afterWatermark({ late: afterCount(1) });

function panes(
  window: WindowFunction = minute,
  trigger: Trigger = late,
  accumulation: Accumulation = "retracting",
  from: Stream = events,
): Stream {
  return from.groupby("key").window(window).trigger(trigger).allowedLateness("5 min").accumulation(accumulation);
}

const total = (stream: Stream): Stream => stream.rollup({ sum: "d => op.sum(d.v)", n: "op.count()" });
const work = (about: string, stream: Stream): VerbWork => ({ about, stream });

/** Left rows meet the one row of their key: with two long sides of a thousand keys every row would have half a thousand matches. */
const joins = (kind: JoinKind): VerbWork[] => {
  const join = {
    inner: "join",
    left: "joinLeft",
    right: "joinRight",
    full: "joinFull",
    semi: "semijoin",
    anti: "antijoin",
  } as const;
  const windowed = left.window(fixed("1 s")).allowedLateness("5 min");
  return [
    work(`${kind}, to one row of each key`, events[join[kind]](accounts, "key")),
    work(`${kind}, in windows of a second`, windowed[join[kind]](right, "key")),
    work(`${kind}, interval of a second`, left.intervalJoin(right, "key", { lower: "-500 ms", upper: "500 ms", kind })),
  ];
};

export const JOINS: { readonly [K in JoinKind]: readonly VerbWork[] } = {
  inner: joins("inner"),
  left: joins("left"),
  right: joins("right"),
  full: joins("full"),
  semi: joins("semi"),
  anti: joins("anti"),
};

const intervals = (list: { readonly [K in JoinKind]: readonly VerbWork[] }): VerbWork[] =>
  Object.values(list).flatMap(of => of.filter(w => w.stream.node.verb === "intervalJoin"));
const others = (list: { readonly [K in JoinKind]: readonly VerbWork[] }): VerbWork[] =>
  Object.values(list).flatMap(of => of.filter(w => w.stream.node.verb === "join"));

export const WINDOWS: { readonly [K in WindowFunction["kind"]]: readonly VerbWork[] } = {
  global: [work("global windows, every 1,000 rows", total(panes(global(), repeatedly(afterCount(1_000)))))],
  fixed: [work("fixed windows", total(panes()))],
  sliding: [work("sliding windows", total(panes(sliding("5 min", "1 min"))))],
  sessions: [work("sessions", total(panes(sessions("30 s"))))],
  cumulating: [work("cumulating windows", total(panes(cumulating("5 min", "1 min"))))],
  calendar: [work("calendar windows", total(panes(calendar("minute", { timeZone: "Europe/Berlin" }))))],
  custom: [
    work(
      "windows of a user's function",
      total(
        panes({
          kind: "custom",
          assign: { source: "t => [{start: t - t % 60000, end: t - t % 60000 + 60000}]", parameters: {} },
          merging: false,
        }),
      ),
    ),
  ],
};

const triggered = (about: string, trigger: Trigger): VerbWork[] => [
  work(about, total(panes(minute, trigger, "accumulating"))),
];

export const TRIGGERS: { readonly [K in Trigger["kind"]]: readonly VerbWork[] } = {
  default: triggered("default trigger", DEFAULT_TRIGGER),
  never: triggered("never", never()),
  afterWatermark: triggered(
    "watermark, early and late",
    afterWatermark({ early: afterCount(10), late: afterCount(1) }),
  ),
  afterCount: triggered("every ten rows", repeatedly(afterCount(10))),
  afterProcessingTime: [
    ...triggered(
      "early, aligned to 10 s",
      afterWatermark({ early: afterProcessingTime("10 s", { aligned: true }), late: afterCount(1) }),
    ),
    ...triggered(
      "early, 10 s after the first row",
      afterWatermark({ early: afterProcessingTime("10 s"), late: afterCount(1) }),
    ),
  ],
  repeatedly: triggered("every 7 s", repeatedly(afterProcessingTime("7 s"))),
  afterEach: triggered("one after the other", afterEach(afterCount(5), repeatedly(afterCount(7)))),
  afterAny: triggered("whichever comes first", repeatedly(afterAny(afterCount(5), afterProcessingTime("3 s")))),
  afterAll: triggered("when all have come", repeatedly(afterAll(afterCount(3), afterProcessingTime("1 s")))),
  orFinally: triggered("until 40 rows", orFinally(repeatedly(afterCount(5)), afterCount(40))),
};

export const ACCUMULATIONS: { readonly [K in Accumulation]: readonly VerbWork[] } = {
  discarding: [
    work(
      "discarding, early every ten rows",
      total(panes(minute, afterWatermark({ early: afterCount(10), late: afterCount(1) }), "discarding")),
    ),
  ],
  accumulating: [
    work(
      "sessions, early every ten rows",
      total(panes(sessions("30 s"), afterWatermark({ early: afterCount(10), late: afterCount(1) }), "accumulating")),
    ),
  ],
  retracting: [
    work(
      "retracting, early every ten rows",
      total(panes(minute, afterWatermark({ early: afterCount(10), late: afterCount(1) }))),
    ),
  ],
};

const CALLS: Readonly<Record<AggregateName, string>> = {
  count: "op.count()",
  sum: "op.sum(d.v)",
  mean: "op.mean(d.v)",
  min: "op.min(d.v)",
  max: "op.max(d.v)",
  variance: "op.variance(d.v)",
  stdev: "op.stdev(d.v)",
  distinct: "op.distinct(d.v)",
  median: "op.median(d.v)",
  quantile: "op.quantile(d.v, 0.9)",
  first: "op.first(d.v)",
  last: "op.last(d.v)",
  collect: "op.collect(d.v)",
  mode: "op.mode(d.v)",
  corr: "op.corr(d.v, d.t)",
  any: "op.any(d.v)",
  some: "op.some(d.v > 9000)",
  every: "op.every(d.v > -4000)",
};

const counted = afterWatermark({ early: afterCount(10), late: afterCount(1) });
/** Each in windows that close, and over everything so far. */
const aggregated = (name: AggregateName): VerbWork[] => [
  work(`${name}, windows, early and late`, panes(minute, counted).rollup({ it: `d => ${CALLS[name]}` })),
  work(
    `${name}, no window`,
    events.groupby("key", { at: "d => floor(d.t / 60000)" }).rollup({ it: `d => ${CALLS[name]}` }),
  ),
];

const allOf = (lists: Readonly<Record<string, readonly VerbWork[]>>): VerbWork[] => Object.values(lists).flat();

const balances = events.groupby("key").integrate((d: Row) => d.v);
const branches = events.branch({ big: (d: Row) => d.v > 5_000, small: (d: Row) => d.v < 0 });
const disturbed = events.withLateness({
  delay: { exponential: "1 s" },
  share: 0.1,
  duplicate: 0.01,
  drop: 0.01,
  seed: 3,
});
const top = events.groupby("key").window(minute).allowedLateness("5 min").topN(3, desc("v"));
const asof = left.asofJoin(right, "key", { tolerance: "1 min" });

/** The pipelines of each verb. A port is measured with the node that it belongs to. */
export const WORKS: { readonly [V in VerbName]: readonly VerbWork[] } = {
  source: [work("rows as they come", events)],
  filter: [
    work(
      "a condition on a number",
      events.filter((d: Row) => d.v > 0),
    ),
    work("a condition on a text", events.filter('d => d.key === "k1"')),
  ],
  derive: [
    work("two columns of arithmetic", events.derive({ w: (d: Row) => d.v + 1, x: (d: Row) => d.v * 2 })),
    work("text of numbers", events.derive({ text: 'd => d.key + ":" + floor(d.v / 1000)' })),
  ],
  select: [work("two columns of three", events.select("key", { v: "value" }))],
  aggregate: [
    ...allOf(WINDOWS),
    ...allOf(TRIGGERS),
    ...allOf(ACCUMULATIONS),
    ...(Object.keys(CALLS) as AggregateName[]).flatMap(aggregated),
    work(
      "of a rollup's changes",
      total(panes(fixed("5 min"), counted, "retracting", panes().rollup({ v: "d => op.sum(d.v)" }))),
    ),
  ],
  port: [
    work("branch", branches["big"]),
    work("branch, the others", branches[OTHERWISE]),
    work("errors", events.errors()),
    work("progress", events.progress()),
    work("changes", balances.changes()),
    work("panes", total(panes()).panes()),
    work("late", total(panes()).late()),
    work("kept", total(panes()).kept()),
    work("fates", total(panes()).fates()),
    work("life", total(panes()).life()),
    work("late of sessions", total(panes(sessions("30 s"))).late()),
    work("life of sessions", total(panes(sessions("30 s"))).life()),
    work("faults", disturbed.faults()),
    work("late of topN", top.late()),
    work("late of a join", left.window(fixed("1 s")).join(right, "key").late()),
    work("late of an interval join", left.intervalJoin(right, "key", { lower: "-500 ms", upper: "500 ms" }).late()),
    work("late of an as-of join", asof.late()),
  ],
  union: [work("two halves", left.union(right))],
  join: [...others(JOINS)],
  dedupe: [
    work("first of each key", events.dedupe("key")),
    work("first of each row", events.dedupe()),
    work("last of each key", events.dedupe("key", { keep: "last" })),
    work("within a minute", events.dedupe("key", { within: "1 min" })),
    work("of changes", total(panes(minute, counted)).dedupe("key", { keep: "last" })),
  ],
  topN: [
    work("of each key and minute", top),
    work("of each key", events.groupby("key").topN(3, desc("v"))),
    work("of changes", total(panes(minute, counted)).topN(10, desc("sum"))),
  ],
  integrate: [work("balances", balances)],
  differentiate: [
    work("of balances", balances.differentiate()),
    work(
      "of snapshots",
      events.groupby("key").differentiate((d: Row) => d.v),
    ),
  ],
  reconcile: [
    work(
      "against a snapshot a minute",
      events.groupby("key").reconcile(snapshots, { flow: (d: Row) => d.v, balance: (d: Row) => d.v }),
    ),
  ],
  nowcast: [
    work("of each key and minute", total(panes()).nowcast({ value: "n" })),
    work("of all keys", total(events.window(minute).trigger(late).allowedLateness("5 min")).nowcast({ value: "sum" })),
  ],
  branch: [work("two conditions", branches["small"])],
  sample: [
    work("a tenth of the rows", events.sample(0.1)),
    work("a tenth of the keys", events.sample(0.1, { by: (d: Row) => d.key })),
  ],
  orderby: [work("shown in another order", events.orderby(desc("v")))],
  flatMap: [
    work(
      "two rows of each",
      events.flatMap(
        (d: Row) => [
          { a: d.v, b: d.key },
          { a: d.t, b: d.key },
        ],
        { columns: { a: "number", b: "string" } },
      ),
    ),
    work(
      "one row of each",
      events.flatMap((d: Row) => ({ a: d.v + 1 }), { columns: { a: "number" } }),
    ),
    work("elements of arrays", items.unnest("items", { as: "item", type: "number" })),
  ],
  withLateness: [work("a tenth held back", disturbed)],
  lookup: [
    work("left, one row of each key", events.lookup(accounts, "key")),
    work("inner, newest row of each key", left.lookup(right, "key", { kind: "inner" })),
  ],
  intervalJoin: intervals(JOINS),
  asofJoin: [work("left", asof), work("inner", left.asofJoin(right, "key", { kind: "inner" }))],
  stateful: [
    work(
      "a count of each key",
      events.groupby("key").stateful({
        initial: { n: 0 },
        onRow: (state: State, _row: Row, ctx: StatefulContext) => {
          state.n++;
          ctx.emit({ n: state.n });
          return state;
        },
        columns: { n: "number" },
      }),
    ),
    work(
      "a timer of each key",
      events.groupby("key").stateful({
        initial: { n: 0 },
        onRow: (state: State, _row: Row, ctx: StatefulContext) => {
          if (state.n++ === 0) ctx.eventTimer(ctx.time + 60_000);
          return state;
        },
        onTimer: (state: State, _timer: unknown, ctx: StatefulContext) => {
          ctx.emit({ n: state.n });
          state.n = 0;
          return state;
        },
        columns: { n: "number" },
      }),
    ),
  ],
};

/** Says what the product has that no work measures. Empty when everything is there. */
export function missingWorks(): string[] {
  const all = allOf(WORKS).flatMap(({ stream }) => topological([stream.node]));
  const missing: string[] = [];
  for (const verb of Object.keys(VERBS) as VerbName[]) {
    const works = WORKS[verb] ?? [];
    if (works.length === 0 || !works.every(w => topological([w.stream.node]).some(n => n.verb === verb)))
      missing.push(`the verb ${verb}`);
  }
  for (const kind of JOIN_KINDS)
    for (const verb of ["join", "intervalJoin"] as const)
      if (!all.some(n => n.verb === verb && n.kind === kind)) missing.push(`${verb} of the kind ${kind}`);
  for (const name of Object.keys(AGGREGATES) as AggregateName[])
    if (!all.some(n => n.verb === "aggregate" && n.aggregates.some(a => a.aggregate === name)))
      missing.push(`the aggregate ${name}`);
  // Ports of branches have the user's names; they are all alike.
  const read = new Set(all.flatMap(n => (n.verb === "port" ? [portName(n.input, n.port)] : [])));
  for (const node of all)
    for (const port of verbOf(node).ports(node))
      if (!read.has(portName(node, port))) missing.push(`the port ${port} of ${node.verb}`);
  return [...new Set(missing)];
}

function portName(node: Node, port: string): string {
  return node.verb === "branch" ? "branch" : `${node.verb}.${port}`;
}

/** The logs of the works, and which of them grows when rows are appended. */
export class VerbLogs {
  readonly #columns = new Map<string, Columns>();
  readonly #items: readonly (readonly Value[])[];
  /** Up to when the logs that grow are known, ms; undefined where none does. */
  known: number | undefined;

  /** Makes the logs from the benchmarks' rows, with room for `spare` more; those that have room may grow. */
  constructor(data: Data, spare = 0) {
    const make = (stream: Stream, capacity: number): Columns => {
      const columns = new Columns(data.keyNames, capacity);
      this.#columns.set(stream.id, columns);
      return columns;
    };
    const size = data.n + spare;
    const [all, itemised, ...sides] = [events, items, left, right].map(stream => make(stream, size));
    for (let i = 0; i < data.n; i++) {
      const { key, t, v, side } = data;
      all.append(key[i], t[i], v[i]);
      itemised.append(key[i], t[i], v[i]);
      sides[side[i]].append(key[i], t[i], v[i], all.clock);
    }
    this.#items = Array.from({ length: size }, (_, i) => [i, -i]);
    const keys = data.keyNames.length;
    const each = make(accounts, keys);
    for (let k = 0; k < keys; k++) each.append(k, BASE, k, BASE);
    const minutes = make(snapshots, 60 * keys);
    for (let m = 1; m <= 60; m++)
      for (let k = 0; k < keys; k++) minutes.append(k, BASE + m * 60_000, (m * k) % 997, BASE + m * 60_000 + 2_000);
    this.known = spare === 0 ? undefined : all.clock;
  }

  of(node: Node): Columns {
    return this.#columns.get(identity(node)) as Columns;
  }

  log(node: Node): SourceLog {
    const complete = identity(node) === accounts.id || identity(node) === snapshots.id;
    const log = { ...this.of(node).log(), ...(complete ? {} : { known: this.known }) };
    if (identity(node) !== items.id) return log;
    const { length, schema, columns } = log.batch;
    const arrays: Column = { type: "json", values: this.#items };
    return {
      ...log,
      batch: {
        length,
        schema: [...schema, { name: "items", type: "json", nullable: false }],
        columns: [...columns, arrays],
      },
    };
  }
}

/** The sources of a work that may grow; rows are appended to the first. */
export function grows({ stream }: VerbWork): Node[] {
  const below = topological([stream.node]).map(identity);
  return [events, items, left, right].filter(s => below.includes(s.id)).map(s => s.node);
}
