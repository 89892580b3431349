/**
 * The fluent builder: what a cell's author writes. A `Stream` is a handle on a node; every method returns another
 * handle and changes nothing, so streams can be shared between cells, compared, and sent to a Worker as plain data.
 *
 * Relational verbs are Arquero's, windowing words are Beam's. `groupby`, `window`, `trigger`, `allowedLateness` and
 * `accumulation` only gather settings; `rollup` makes the node.
 */
import type { ColumnType, Value } from "../columns/column.ts";
import {
  type ExpressionInput,
  parseAggregates,
  parseExpression,
  parseFunction,
  type RowFunction,
} from "../expressions/parse.ts";
import { type DurationSpec, duration } from "../model/time.ts";
import {
  type Accumulation,
  DEFAULT_STRATEGY,
  type EmptyPanes,
  type TimestampCombiner,
  type WindowingStrategy,
} from "../model/strategy.ts";
import type { Trigger } from "../model/triggers.ts";
import type { WindowFunction } from "../model/windows.ts";
import { canonical, identity } from "./identity.ts";
import { matching, type On } from "./matching.ts";
import { type DelayInput, delayDistribution, shareOf } from "./delays.ts";
import { type JoinOptions, kindOf, SUFFIXES, withoutTrigger } from "./join-options.ts";
import { columnExpression, type Keys, named, namedKeys } from "./keys.ts";
import { nowcastNode } from "./nowcasts.ts";
import { type OrderInput, orders } from "./orders.ts";
import { statedFields } from "./stated-fields.ts";
import type { Node } from "./node.ts";
import type { AggregateCall } from "./verbs/aggregate.ts";
import type { NamedExpression } from "./verbs/derive.ts";
import type { Opening } from "./verbs/integrate.ts";
import { JOIN_KINDS, type JoinKind } from "./verbs/join.ts";
import { OTHERWISE } from "./verbs/branch.ts";
import { MAIN } from "./verb.ts";

/** Settings gathered before a `rollup`. */
interface Pending {
  readonly keys: readonly NamedExpression[];
  /** Null until a windowing word was said. */
  readonly strategy: WindowingStrategy | null;
}

const NOTHING_PENDING: Pending = { keys: [], strategy: null };

/** A handle on a stream of a pipeline. */
export class Stream {
  readonly node: Node;
  readonly #pending: Pending;

  constructor(node: Node, pending: Pending = NOTHING_PENDING) {
    this.node = node;
    this.#pending = pending;
  }

  /** The pipeline's identity: equal for equal pipelines. */
  get id(): string {
    return identity(this.node);
  }

  /** Says whether another handle means the same: the same pipeline, with the same settings gathered for the next `rollup`. */
  equals(other: Stream): boolean {
    return this.id === other.id && canonical(this.#pending) === canonical(other.#pending);
  }

  /** Keeps the rows for which `predicate` is true. */
  filter(predicate: ExpressionInput): Stream {
    return this.#then({ verb: "filter", input: this.node, predicate: parseExpression(predicate) });
  }

  /** Adds columns computed from each row, or replaces those of the same name. */
  derive(columns: Readonly<Record<string, ExpressionInput>>): Stream {
    return this.#then({ verb: "derive", input: this.node, columns: named(columns) });
  }

  /** Keeps columns by name, in this order; an object renames as it keeps. */
  select(...columns: (string | readonly string[] | Readonly<Record<string, string>>)[]): Stream {
    const kept: string[] = [];
    const rename: Record<string, string> = {};
    for (const entry of columns.flat() as (string | Record<string, string>)[]) {
      if (typeof entry === "string") kept.push(entry);
      else
        for (const [from, to] of Object.entries(entry)) {
          kept.push(from);
          rename[from] = to;
        }
    }
    return this.#then({ verb: "select", input: this.node, columns: kept, rename });
  }

  /** Gives columns other names: `{old: "new"}`. */
  rename(names: Readonly<Record<string, string>>): Stream {
    return this.#then({ verb: "select", input: this.node, columns: null, rename: names });
  }

  /** Says what the groups of the next `rollup` are. */
  groupby(...keys: Keys[]): Stream {
    return this.#gather({ keys: keys.flatMap(namedKeys) });
  }

  /** Forgets the groups said before. */
  ungroup(): Stream {
    return this.#gather({ keys: [] });
  }

  /** Says which windows of event time the next `rollup` computes. */
  window(window: WindowFunction): Stream {
    return this.#strategy({ window });
  }

  /** Says when panes come out. Default: at the watermark, and again for each late row. */
  trigger(trigger: Trigger): Stream {
    return this.#strategy({ trigger });
  }

  /** Says how long after its end a window still takes rows; default none. */
  allowedLateness(lateness: DurationSpec): Stream {
    return this.#strategy({ allowedLateness: duration(lateness, "allowed lateness") });
  }

  /** Says how refinements of a pane relate; default `accumulating`. */
  accumulation(accumulation: Accumulation): Stream {
    if (!["discarding", "accumulating", "retracting"].includes(accumulation))
      throw new Error(`There is no accumulation "${accumulation}". There are: discarding, accumulating, retracting.`);
    return this.#strategy({ accumulation });
  }

  /** Says which timestamp panes get; default the end of the window. */
  timestamp(combiner: TimestampCombiner): Stream {
    return this.#strategy({ timestampCombiner: combiner });
  }

  /** Says whether empty panes are emitted on time and at closing; default: as the profile does. */
  emptyPanes(options: { onTime?: EmptyPanes; closing?: EmptyPanes }): Stream {
    return this.#strategy({ onTime: options.onTime ?? null, closing: options.closing ?? null });
  }

  /** Aggregates each group (and window): `{total: d => op.sum(d.amount), n: op.count()}`. */
  rollup(outputs: Readonly<Record<string, ExpressionInput>>): Stream {
    const aggregates: AggregateCall[] = [];
    const columns: NamedExpression[] = [];
    for (const [name, input] of Object.entries(outputs)) {
      // Each aggregate inside an output expression becomes a call with a name of its own, which the output refers to.
      const parsed = parseAggregates(input, name);
      aggregates.push(...parsed.aggregates);
      columns.push({ name, expression: parsed.output });
    }
    const { keys, strategy } = this.#pending;
    return new Stream({ verb: "aggregate", input: this.node, keys, strategy, aggregates, outputs: columns });
  }

  /**
   * Puts the rows of other streams among this one's, in order of arrival. All have the same columns; the result's watermark
   * is the least of theirs.
   */
  union(...others: Stream[]): Stream {
    return this.#then({ verb: "union", inputs: [this.node, ...others.map(o => o.node)] });
  }

  /**
   * Joins rows with equal keys: `orders.join(payments, "order_id")`, `{seller: "id"}` for other names on the right, or
   * `(l, r) => l.seller === r.id && l.at <= r.until`. Rows meet everything so far, and results that stop being true are taken
   * back; after `.window(fixed("1 h"))` they meet only rows of the same window, and results come out when it is complete. A
   * name that both sides have gets a suffix, default `_left` and `_right`.
   */
  join(other: Stream, on: On, options: JoinOptions = {}): Stream {
    return this.#join("inner", other, on, options);
  }

  /** Joins as `join` does, and keeps left rows without a match, with nulls. */
  joinLeft(other: Stream, on: On, options: JoinOptions = {}): Stream {
    return this.#join("left", other, on, options);
  }

  /** Joins as `join` does, and keeps right rows without a match, with nulls. */
  joinRight(other: Stream, on: On, options: JoinOptions = {}): Stream {
    return this.#join("right", other, on, options);
  }

  /** Joins as `join` does, and keeps rows of both sides without a match, with nulls. */
  joinFull(other: Stream, on: On, options: JoinOptions = {}): Stream {
    return this.#join("full", other, on, options);
  }

  /** Keeps the rows that have a match in the other stream, each once. */
  semijoin(other: Stream, on: On, options: JoinOptions = {}): Stream {
    return this.#join("semi", other, on, options);
  }

  /** Keeps the rows that have no match in the other stream. */
  antijoin(other: Stream, on: On, options: JoinOptions = {}): Stream {
    return this.#join("anti", other, on, options);
  }

  /**
   * Joins rows with equal keys whose event times are near each other: `orders.intervalJoin(payments, "order", {lower: 0, upper:
   * "1 h"})` pairs each order with the payments of the hour after it. `kind` as for `join`, default `inner`.
   */
  intervalJoin(
    other: Stream,
    on: On,
    options: {
      lower: DurationSpec;
      upper: DurationSpec;
      kind?: JoinKind;
      allowedLateness?: DurationSpec;
      suffixes?: readonly [string, string];
    },
  ): Stream {
    const lower = duration(options.lower, "lower bound");
    const upper = duration(options.upper, "upper bound");
    if (!(lower <= upper))
      throw new Error(`The lower bound of an interval join (${lower} ms) lies above the upper one (${upper} ms).`);
    return new Stream({
      verb: "intervalJoin",
      left: this.node,
      right: other.node,
      kind: kindOf(options.kind ?? "inner", JOIN_KINDS),
      keys: matching(on),
      lower,
      upper,
      allowedLateness: duration(options.allowedLateness ?? 0, "allowed lateness"),
      suffixes: options.suffixes ?? SUFFIXES,
    });
  }

  /**
   * Adds to each row the newest row of the other stream for its key at or before its own event time: `trades.asofJoin(quotes,
   * "symbol", {tolerance: "1 min"})`. Nulls where there is none, or with `{kind: "inner"}` no row.
   */
  asofJoin(
    other: Stream,
    on: On,
    options: {
      kind?: "left" | "inner";
      tolerance?: DurationSpec;
      allowedLateness?: DurationSpec;
      suffixes?: readonly [string, string];
    } = {},
  ): Stream {
    return new Stream({
      verb: "asofJoin",
      left: this.node,
      right: other.node,
      kind: kindOf(options.kind ?? "left", ["left", "inner"]),
      keys: matching(on),
      tolerance: duration(options.tolerance ?? Infinity, "tolerance"),
      allowedLateness: duration(options.allowedLateness ?? 0, "allowed lateness"),
      suffixes: options.suffixes ?? SUFFIXES,
    });
  }

  /**
   * Adds to each row what a table says of its key at that moment: `payments.lookup(accounts, "account")`. The table's newest row
   * counts; later changes of the table do not restate what came out. Nulls where there is none, or `{kind: "inner"}`.
   */
  lookup(
    table: Stream,
    on: On,
    options: { kind?: "left" | "inner"; suffixes?: readonly [string, string] } = {},
  ): Stream {
    return new Stream({
      verb: "lookup",
      left: this.node,
      right: table.node,
      kind: kindOf(options.kind ?? "left", ["left", "inner"]),
      keys: matching(on),
      suffixes: options.suffixes ?? SUFFIXES,
    });
  }

  /**
   * Makes none, one or several rows of each row: `flatMap(d => d.text.split(" ").map(word => ({word})), {columns: {word:
   * "string"}})`. The function runs as it is; its rows have the stated columns and no others.
   */
  flatMap(fn: RowFunction, options: { columns: Readonly<Record<string, ColumnType>> }): Stream {
    if (options?.columns === undefined)
      throw new Error(`flatMap needs the columns it makes: flatMap(fn, {columns: {word: "string"}}).`);
    return this.#then({
      verb: "flatMap",
      input: this.node,
      by: { kind: "function", fn: parseFunction(fn), fields: statedFields(options.columns) },
    });
  }

  /** Makes a row of each element of a json column's array: `unnest("items", {as: "item", type: "string"})`. */
  unnest(column: string, options: { as?: string; type?: ColumnType } = {}): Stream {
    const { as = column, type = "json" } = options;
    return this.#then({ verb: "flatMap", input: this.node, by: { kind: "unnest", column, as, type } });
  }

  /**
   * Parts the stream: `const {big, small, otherwise} = s.branch({big: d => d.n > 9, small: d => d.n > 0})`. Each row goes to the
   * first branch that takes it, or to `otherwise`.
   */
  branch(predicates: Readonly<Record<string, ExpressionInput>>): Readonly<Record<string, Stream>> {
    const branches = Object.entries(predicates).map(([name, predicate]) => {
      if ([MAIN, OTHERWISE, "changes", "panes"].includes(name))
        throw new Error(`A branch cannot be named "${name}", which means something else. Choose another name.`);
      return { name, predicate: parseExpression(predicate) };
    });
    const node: Node = { verb: "branch", input: this.node, branches };
    return Object.fromEntries(
      [...branches.map(b => b.name), OTHERWISE].map(port => [
        port,
        new Stream({ verb: "port", input: node, port }, this.#pending),
      ]),
    );
  }

  /** Keeps a share of the rows, 0 to 1, or of the keys: `sample(0.1, {by: "account", seed: 7})`. The same ones in every run. */
  sample(fraction: number, options: { seed?: number; by?: ExpressionInput } = {}): Stream {
    const { seed = 0, by } = options;
    return this.#then({
      verb: "sample",
      input: this.node,
      fraction: shareOf(fraction, "fraction to sample"),
      seed,
      by: by === undefined ? null : parseExpression(by),
    });
  }

  /**
   * Disturbs a replay, the same way for the same seed: holds back a `share` of the rows (default all) by an extra delay
   * (`"10 s"`, `{uniform: ["1 s", "1 min"]}`, `{exponential: "10 s"}`, `{pareto: ["1 s", 1.5]}`), sends some twice (`duplicate`), loses
   * some (`drop`). `.faults()` says what was done.
   */
  withLateness(options: {
    delay?: DelayInput;
    share?: number;
    duplicate?: number;
    drop?: number;
    seed?: number;
  }): Stream {
    const { delay = 0, share = 1, duplicate = 0, drop = 0, seed = 0 } = options;
    return this.#then({
      verb: "withLateness",
      input: this.node,
      seed,
      delay: delayDistribution(delay),
      share: shareOf(share, "share of rows held back"),
      duplicate: shareOf(duplicate, "share of rows sent twice"),
      drop: shareOf(drop, "share of rows lost"),
    });
  }

  /** What `withLateness` did to which rows. */
  faults(): Stream {
    return this.#port("faults");
  }

  /**
   * Keeps a state of its own for each key of `groupby`, and timers: `stateful({initial: {n: 0}, onRow: (state, row, ctx) => …,
   * onTimer: (state, timer, ctx) => …, columns: {n: "number"}})`. The functions run as they are; `ctx.emit(row, {time})` puts rows
   * out, `ctx.eventTimer(time, name)` and `ctx.processingTimer(time, name)` set timers.
   */
  stateful(options: {
    initial?: Value;
    onRow: RowFunction;
    onTimer?: RowFunction;
    columns: Readonly<Record<string, ColumnType>>;
  }): Stream {
    const { initial = {}, onRow, onTimer, columns } = options;
    if (onRow === undefined || columns === undefined)
      throw new Error(`stateful needs onRow and the columns it puts out: stateful({onRow, columns: {n: "number"}}).`);
    return new Stream({
      verb: "stateful",
      input: this.node,
      keys: this.#pending.keys,
      initial,
      onRow: parseFunction(onRow),
      onTimer: onTimer === undefined ? null : parseFunction(onTimer),
      fields: statedFields(columns),
    });
  }

  /** Says in which order the stream is shown as a table: `orderby(desc("amount"), "account")`. */
  orderby(...order: OrderInput[]): Stream {
    return this.#then({ verb: "orderby", input: this.node, order: orders(order) });
  }

  /**
   * Keeps one row for each key (default: the columns of `groupby`, or all), the first to arrive or with `{keep: "last"}` the
   * newest. `{within: "1 h"}` forgets a key once the watermark is that much past its kept row.
   */
  dedupe(keys: Keys | null = null, options: { keep?: "first" | "last"; within?: DurationSpec | null } = {}): Stream {
    const { keep = "first", within = null } = options;
    if (keep !== "first" && keep !== "last")
      throw new Error(`dedupe keeps the "first" or the "last" row, not "${String(keep)}".`);
    return this.#then({
      verb: "dedupe",
      input: this.node,
      keys: keys === null ? this.#pending.keys : namedKeys(keys),
      keep,
      within: within === null ? null : duration(within, "time to remember keys"),
    });
  }

  /**
   * Keeps the first `n` rows in an order: `topN(3, desc("amount"))`, `topN(1, [desc("at"), "id"])`; of each group after
   * `groupby`, of each window after `window`. Rows that compare equal keep their order of arrival.
   */
  topN(n: number, order: OrderInput | readonly OrderInput[], options: { by?: Keys } = {}): Stream {
    if (!Number.isInteger(n) || n < 1) throw new Error(`topN needs a whole number of rows from 1, not ${n}.`);
    const { keys, strategy } = this.#pending;
    withoutTrigger(strategy, "topN");
    return new Stream({
      verb: "topN",
      input: this.node,
      n,
      keys: options.by === undefined ? keys : namedKeys(options.by),
      order: orders(order),
      strategy,
    });
  }

  /**
   * Turns flows into running balances, by the keys of `groupby`: `payments.groupby("account").integrate(d => d.amount)`. Each
   * flow comes out with the balance of its key at its own event time, and with the number of later balances it restated.
   * `opening` is a number, numbers by key (`{alice: 100}`), or a stream of opening rows and its value.
   */
  integrate(
    value: ExpressionInput,
    options: {
      opening?: number | Readonly<Record<string, number>> | { from: Stream; value: ExpressionInput; by?: Keys };
    } = {},
  ): Stream {
    const { keys } = this.#pending;
    return new Stream({
      verb: "integrate",
      input: this.node,
      keys,
      value: parseExpression(value),
      opening: openingOf(options.opening ?? 0, keys),
    });
  }

  /**
   * Turns balances back into flows, by the keys of `groupby`, or of the `integrate` before it: each balance less the one before
   * it in event time. A late snapshot changes the next flow too (`{late: "next"}`); after `integrate` a late row moves all
   * later balances with it, and only its own flow is new (`{late: "later"}`). `opening` is the balance before the first
   * row, default 0; null: unknown.
   */
  differentiate(
    value: ExpressionInput = "balance",
    options: { late?: "next" | "later"; opening?: number | null } = {},
  ): Stream {
    const source = this.node.verb === "integrate" ? this.node : null;
    const keys =
      this.#pending.keys.length > 0 || source === null
        ? this.#pending.keys
        : source.keys.map(({ name }) => ({ name, expression: columnExpression(name) }));
    const known = source?.opening.kind === "number" ? source.opening.value : 0;
    const { late = source === null ? "next" : "later", opening = known } = options;
    return new Stream({ verb: "differentiate", input: this.node, keys, value: parseExpression(value), late, opening });
  }

  /**
   * Holds the flows of this stream against snapshots of the balance, by the keys of `groupby` (or `{by}` for the snapshots, where
   * they have other names): change between snapshots, flows in between, the residual, and its sum so far.
   */
  reconcile(snapshots: Stream, options: { flow: ExpressionInput; balance: ExpressionInput; by?: Keys }): Stream {
    const { keys } = this.#pending;
    const others = options.by === undefined ? keys : namedKeys(options.by);
    if (others.length !== keys.length)
      throw new Error(
        `reconcile needs as many keys for the snapshots (${others.length}) as for the flows (${keys.length}).`,
      );
    return new Stream({
      verb: "reconcile",
      flows: this.node,
      snapshots: snapshots.node,
      flowKeys: keys,
      snapshotKeys: others.map((key, i) => ({ ...key, name: keys[i].name })),
      flow: parseExpression(options.flow),
      balance: parseExpression(options.balance),
    });
  }

  /**
   * Says what the open windows of a rollup are expected to come to, learned from closed ones: known so far, expected, and bounds that
   * hold four fifths of all final values. `value` names the sum or count (default: the first); `every` is the processing time
   * between two words, by default a twelfth of a window. Nothing is said before nine windows have closed,
   * nor while more than `most` windows are open (default: however many there are).
   */
  nowcast(options: { value?: string; every?: DurationSpec; most?: number | null } = {}): Stream {
    return new Stream(nowcastNode(this.node, options));
  }

  /** Counts the rows of each group (and window) as `count`. */
  count(): Stream {
    return this.rollup({ count: "count()" });
  }

  /** The rows that a windowed aggregate dropped, each with the reason and the smallest setting that would have kept it. */
  late(): Stream {
    return this.#port("late");
  }

  /**
   * The rows that a windowed aggregate took in, each with its window, its arrival and the watermark it met; one that several windows
   * took stands there once for each. Sessions have the bounds that they had then.
   */
  kept(): Stream {
    return this.#port("kept");
  }

  /** The rows that a source could not read: line, field, value, reason. */
  errors(): Stream {
    return this.#port("errors");
  }

  /** The panes, with timing, index, weight and the processing time at which each came out. */
  panes(): Stream {
    return this.#port("panes");
  }

  /** The changes, with their weights. */
  changes(): Stream {
    return this.#port("changes");
  }

  /** What became of each row of a windowed aggregate: event time, arrival, watermark, and on-time, late or dropped. */
  fates(): Stream {
    return this.#port("fates");
  }

  /** The life of each window: opened, fired, merged, closed. */
  life(): Stream {
    return this.#port("life");
  }

  /** The course of a source's watermark, by partition. */
  progress(): Stream {
    return this.#port("progress");
  }

  /** The newest state as a table: what the changes sum to. A stream is shown so by itself. */
  table(): Stream {
    return this;
  }

  #join(kind: JoinKind, other: Stream, on: On, options: JoinOptions): Stream {
    const { strategy } = this.#pending;
    const { window, allowedLateness, suffixes = SUFFIXES } = options;
    const settings: Partial<WindowingStrategy> = {
      ...(window === undefined ? {} : { window }),
      ...(allowedLateness === undefined ? {} : { allowedLateness: duration(allowedLateness, "allowed lateness") }),
    };
    withoutTrigger(strategy, "A join");
    return new Stream({
      verb: "join",
      left: this.node,
      right: other.node,
      kind,
      keys: matching(on),
      strategy: strategy === null && window === undefined ? null : { ...(strategy ?? DEFAULT_STRATEGY), ...settings },
      suffixes,
    });
  }

  #port(port: string): Stream {
    return new Stream({ verb: "port", input: this.node, port });
  }

  #then(node: Node): Stream {
    return new Stream(node, this.#pending);
  }

  #gather(pending: Partial<Pending>): Stream {
    return new Stream(this.node, { ...this.#pending, ...pending });
  }

  #strategy(settings: Partial<WindowingStrategy>): Stream {
    return this.#gather({ strategy: { ...(this.#pending.strategy ?? DEFAULT_STRATEGY), ...settings } });
  }
}

function openingOf(
  opening: number | Readonly<Record<string, number>> | { from: Stream; value: ExpressionInput; by?: Keys },
  keys: readonly NamedExpression[],
): Opening {
  if (typeof opening === "number") return { kind: "number", value: opening };
  if (opening.from instanceof Stream) {
    const { from, value, by } = opening as { from: Stream; value: ExpressionInput; by?: Keys };
    return {
      kind: "stream",
      node: from.node,
      keys: by === undefined ? keys : namedKeys(by),
      value: parseExpression(value),
    };
  }
  return { kind: "numbers", values: opening as Readonly<Record<string, number>> };
}
