/**
 * The table of a stream: what its changes sum to, kept up to date step by step, with rows that can be paged and sorted.
 *
 * Three kinds of stream have three kinds of table. A log only grows: its rows are appended. Panes that refine each other
 * replace each other: the newest of a key and window is the row, and a retraction takes it out. Any other changes are a
 * Z-set: a row is there as often as its weights sum to.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, Schema, Value } from "../columns/column.ts";
import { PROFILES } from "../model/profiles.ts";
import { compileColumn } from "../expressions/compile.ts";
import { typeOf } from "../expressions/types.ts";
import { hasWindowColumns } from "../pipeline/verbs/aggregate.ts";
import type { Node } from "../pipeline/node.ts";
import { inputsOf } from "../pipeline/node.ts";
import { ChangedSlots } from "./changed-slots.ts";
import { dense, type Flow } from "./flow.ts";
import type { GraphNode } from "./graph.ts";
import { retracts } from "./retracts.ts";
import type { Tap } from "./run.ts";
import type { Step } from "./step.ts";
import { LogColumn } from "./log-column.ts";
import { TableColumn } from "./table-column.ts";
import { type OrderBy, TableOrder } from "./table-order.ts";

export type TableKind =
  | { readonly kind: "append" }
  /** Rows are the same when these columns are: by index. */
  | { readonly kind: "upsert"; readonly columns: readonly number[] }
  | { readonly kind: "z-set" };

/** Says which kind of table a node's main output has. */
export function tableKind(node: Node): TableKind {
  switch (node.verb) {
    case "source":
      return { kind: "append" };
    case "aggregate": {
      const columns = node.keys.length + (hasWindowColumns(node.strategy) ? 2 : 0);
      if (node.strategy?.accumulation === "discarding") return { kind: "append" };
      return { kind: "upsert", columns: Array.from({ length: columns }, (_, i) => i) };
    }
    case "orderby":
      return tableKind(node.input);
    case "filter":
    case "derive":
    case "select": {
      // What a stateless verb makes of panes no longer tells key columns from others: only their sum is sure.
      const below = tableKind(inputsOf(node)[0]);
      return below.kind === "append" ? below : { kind: "z-set" };
    }
    default: {
      // Where no row is ever taken back, and none replaces another, the sum is the log itself.
      const log = node.verb === "port" || inputsOf(node).every(input => tableKind(input).kind === "append");
      return log && !retracts(node, PROFILES.tidemark) ? { kind: "append" } : { kind: "z-set" };
    }
  }
}

/** How a table is to be ordered. */
export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

/** A table's state at one moment of a replay. */
export interface TableSnapshot {
  readonly length: number;
  readonly received: number;
  /** Cells of each column; null for a log, whose rows stay in the table. */
  readonly columns: readonly (Float64Array | Int32Array | readonly Value[])[] | null;
  readonly weights: Int32Array | null;
}

export class Table implements Tap {
  readonly node: Node;
  readonly schema: Schema;
  readonly kind: TableKind;
  /** Columns of rows that come and go, or of a log's, which only come; the other is empty. */
  readonly #columns: readonly TableColumn[];
  readonly #log: readonly LogColumn[];
  readonly #identity: readonly number[];
  /** Number of slots in use; slots are dense, a removed row's place is taken by the last one. */
  #length = 0;
  #capacity = 0;
  /** How often the row of each slot is there; negative where a retraction came before its row. */
  #weights: Int32Array = new Int32Array(0);
  /** Slot by hash, open addressing with linear probing; -1 is free. */
  #index: Int32Array = new Int32Array(64).fill(-1);
  #changes = 0;
  #rows = 0;
  /** Who is told of each slot that changes. */
  #followers: ChangedSlots[] = [];
  /** What has changed since `changedSince` was asked; null until it is asked for the first time, and then at which version. */
  #changed: ChangedSlots | null = null;
  #changedSince = 0;
  /** The order that was asked for last. */
  #order: { readonly order: Order | null; readonly slots: TableOrder } | null = null;
  /** What an `orderby` orders by: columns behind those of the schema, and the direction of each. */
  readonly #natural: readonly { readonly of: (batch: Batch) => Column; readonly descending: boolean }[];

  /**
   * Rows of a log that are kept; of a longer one only the number of rows is known, and pages end at the limit. Other
   * tables keep every row, because any of them may still be taken back.
   */
  readonly #limit: number;

  /** Makes an empty table for a node's main output. `limit` bounds the rows kept of a log; default none. */
  constructor(node: Node, schema: Schema, kind: TableKind = tableKind(node), limit = Infinity) {
    this.#limit = kind.kind === "append" ? limit : Infinity;
    this.node = node;
    this.schema = schema;
    this.kind = kind;
    const order = node.verb === "orderby" ? node.order : [];
    this.#natural = order.map(o => ({ of: compileColumn(o.expression, [schema]), descending: o.descending }));
    const types = [...schema.map(f => f.type), ...order.map(o => typeOf(o.expression, [schema]).type)];
    const appends = kind.kind === "append";
    this.#columns = appends ? [] : types.map(type => new TableColumn(type));
    this.#log = appends ? types.map(type => new LogColumn(type)) : [];
    this.#identity = kind.kind === "upsert" ? kind.columns : schema.map((_, i) => i);
  }

  /** Rows in the table. */
  get length(): number {
    return this.#length;
  }

  /** Rows that are here; fewer than there are of a log that is longer than the limit. */
  get kept(): number {
    return Math.min(this.#length, this.#limit);
  }

  /** Whether rows that come later may be shown before others: the order is that of an `orderby`. */
  get isOrdered(): boolean {
    return this.#natural.length > 0;
  }

  /** Goes up whenever the table changes. */
  get version(): number {
    return this.#changes;
  }

  /** Changes received since the start, retractions included. */
  get received(): number {
    return this.#rows;
  }

  apply(given: Flow, _step?: Step, _node?: GraphNode): void {
    if (given.count === 0) return;
    const flow = dense(given);
    this.#changes++;
    this.#rows += flow.count;
    this.#reserve(Math.min(this.#limit, this.#length + flow.count) + 1);
    const columns = this.#natural.length === 0 ? flow.batch.columns : this.#withOrder(flow.batch);
    if (this.kind.kind === "append") {
      const kept = Math.min(flow.count, Math.max(0, this.#limit - this.#length));
      if (kept > 0) for (let c = 0; c < this.#log.length; c++) this.#log[c].writeAll(this.#length, columns[c], kept);
      this.#length += flow.count;
      return;
    }
    for (let row = 0; row < flow.count; row++) this.#change(columns, row, flow.weight === null ? 1 : flow.weight[row]);
  }

  get #shown(): readonly (TableColumn | LogColumn)[] {
    return this.kind.kind === "append" ? this.#log : this.#columns;
  }

  #withOrder(batch: Batch): readonly Column[] {
    return [...batch.columns, ...this.#natural.map(({ of }) => of(batch))];
  }

  #change(columns: readonly Column[], row: number, weight: number): void {
    const candidate = this.#length;
    this.#write(candidate, columns, row);
    const place = this.#find(candidate);
    const found = this.#index[place];
    if (this.kind.kind === "upsert") {
      // A retraction takes out the row it names; if a newer one has already taken its place it stays.
      if (weight < 0) {
        if (found >= 0 && this.#wholeRowSame(found, candidate)) this.#remove(found);
      } else if (found >= 0) {
        for (let c = 0; c < this.#columns.length; c++) this.#columns[c].move(candidate, found);
        this.#tell(found);
      } else this.#insert(candidate, place, 1);
      return;
    }
    if (found < 0) this.#insert(candidate, place, weight);
    else {
      this.#weights[found] += weight;
      if (this.#weights[found] === 0) this.#remove(found);
      else this.#tell(found);
    }
  }

  #write(slot: number, columns: readonly Column[], row: number): void {
    for (let c = 0; c < this.#columns.length; c++) this.#columns[c].write(slot, columns[c], row);
  }

  #insert(slot: number, place: number, weight: number): void {
    this.#weights[slot] = weight;
    this.#index[place] = slot;
    this.#tell(slot);
    this.#length++;
    if (2 * this.#length > this.#index.length) this.#rehash(this.#index.length * 4);
  }

  #tell(slot: number): void {
    for (let i = 0; i < this.#followers.length; i++) this.#followers[i].add(slot);
  }

  #hash(slot: number): number {
    let h = 0x2f0b4327;
    for (const c of this.#identity) h = Math.imul(h ^ this.#columns[c].hash(slot), 0x85ebca6b) ^ (h >>> 13);
    return (h ^ (h >>> 16)) >>> 0;
  }

  /** Place in the index of the row equal to that in `slot`, or the free place where it belongs. */
  #find(slot: number): number {
    const mask = this.#index.length - 1;
    let place = this.#hash(slot) & mask;
    for (; this.#index[place] >= 0; place = (place + 1) & mask) {
      const other = this.#index[place];
      let same = true;
      for (const c of this.#identity)
        if (!this.#columns[c].same(other, slot)) {
          same = false;
          break;
        }
      if (same) return place;
    }
    return place;
  }

  #wholeRowSame(a: number, b: number): boolean {
    for (const column of this.#columns) if (!column.same(a, b)) return false;
    return true;
  }

  #remove(slot: number): void {
    this.#vacate(this.#find(slot));
    const last = --this.#length;
    if (slot === last) return;
    // The candidate row was written behind the last one; the last row itself moves into the gap.
    const place = this.#find(last);
    for (const column of this.#columns) column.move(last, slot);
    this.#weights[slot] = this.#weights[last];
    this.#index[place] = slot;
    this.#tell(slot);
  }

  /** Frees a place and closes the run behind it, so that probing never meets a hole too early (Knuth, 6.4 R). */
  #vacate(place: number): void {
    const mask = this.#index.length - 1;
    let hole = place;
    for (let at = (hole + 1) & mask; this.#index[at] >= 0; at = (at + 1) & mask) {
      const home = this.#hash(this.#index[at]) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        this.#index[hole] = this.#index[at];
        hole = at;
      }
    }
    this.#index[hole] = -1;
  }

  #rehash(size: number): void {
    this.#index = new Int32Array(size).fill(-1);
    const mask = size - 1;
    for (let slot = 0; slot < this.#length; slot++) {
      let place = this.#hash(slot) & mask;
      while (this.#index[place] >= 0) place = (place + 1) & mask;
      this.#index[place] = slot;
    }
  }

  #reserve(capacity: number): void {
    if (this.kind.kind === "append") {
      for (const column of this.#log) column.reserve(capacity);
      return;
    }
    if (capacity <= this.#capacity) return;
    this.#capacity = Math.max(capacity, 2 * this.#capacity, 64);
    for (const column of this.#columns) column.reserve(this.#capacity);
    const weights = new Int32Array(this.#capacity);
    weights.set(this.#weights);
    this.#weights = weights;
  }

  reset(): void {
    this.#length = 0;
    this.#rows = 0;
    this.#index.fill(-1);
    this.#changes++;
    for (const follower of this.#followers) follower.addAll();
    this.#order = null;
  }

  /**
   * Takes the table's state out, for this very table. Of a log nothing but its length is kept: its rows never change and
   * stay where they are, so going back is forgetting the last ones.
   */
  snapshot(): TableSnapshot {
    const { kind } = this.kind;
    if (kind === "append") return { length: this.#length, received: this.#rows, columns: null, weights: null };
    return {
      length: this.#length,
      received: this.#rows,
      columns: this.#columns.map(c => c.snapshot(this.#length)),
      weights: this.#weights.slice(0, this.#length),
    };
  }

  /** Puts back what `snapshot` of this table gave, earlier or later in the same replay. */
  restore(from: TableSnapshot): void {
    this.#length = from.length;
    this.#rows = from.received;
    this.#changes++;
    for (const follower of this.#followers) follower.addAll();
    this.#order = null;
    if (from.columns === null || from.weights === null) return;
    this.#reserve(from.length + 1);
    from.columns.forEach((cells, c) => this.#columns[c].restore(cells));
    this.#weights.set(from.weights);
    let size = this.#index.length;
    while (2 * this.#length > size) size *= 4;
    this.#rehash(size);
  }

  /** Notes from now on which slots change, but for those that are appended to a log, for whoever reads it. */
  follow(): ChangedSlots {
    const follower = new ChangedSlots();
    this.#followers.push(follower);
    return follower;
  }

  /** Notes no more for a reader. */
  unfollow(follower: ChangedSlots): void {
    this.#followers = this.#followers.filter(f => f !== follower);
  }

  /**
   * Says which slots hold another row, or hold it more or less often, than when this was last asked at the version `since`; slots
   * from `length` on are gone. Null where that is not known, or would be half the table: then take all rows. For one reader, of a table
   * that does not only grow.
   */
  changedSince(since: number): Int32Array | null {
    this.#changed ??= this.follow();
    const slots = this.#changed.take(this.#length);
    const known = this.#changedSince === since;
    this.#changedSince = this.#changes;
    return known ? slots : null;
  }

  /** Returns rows `[from, from + count)` in the given order (null: that of an `orderby`, or the table's own) as plain columns of values. */
  page(
    from: number,
    count: number,
    order: Order | null,
  ): { from: number; columns: { name: string; type: Schema[number]["type"]; values: Value[] }[] } {
    const { from: start, columns } = this.cells(from, count, this.slots(order));
    const plain = (type: string, values: Float64Array | Value[]): Value[] =>
      Array.isArray(values) ? values : Array.from(values, v => (Number.isNaN(v) ? null : v));
    return {
      from: start,
      columns: columns.map(({ name, type, values }) => ({ name, type, values: plain(type, values) })),
    };
  }

  /** Returns as `page` does the rows that `slots` names (null: the table's own order), numbers and times as arrays with NaN for null. */
  cells(
    from: number,
    count: number,
    slots: Int32Array | null,
  ): { from: number; columns: { name: string; type: Schema[number]["type"]; values: Float64Array | Value[] }[] } {
    const kept = slots === null ? Math.min(this.#length, this.#limit) : slots.length;
    const start = Math.max(0, Math.min(from, kept));
    const end = Math.min(kept, start + count);
    const shown = this.#shown;
    const slot = (i: number): number => (slots === null ? i : slots[i]);
    return {
      from: start,
      columns: this.schema.map(({ name, type }, c) => ({
        name,
        type,
        values:
          type === "number" || type === "timestamp"
            ? shown[c].numbersOf(start, end, slots)
            : Array.from({ length: end - start }, (_, i) => shown[c].read(slot(start + i))),
      })),
    };
  }

  /** Place of a row, as it is shown in an order, in the table's own order; of a log, the number of rows before it. */
  placeOf(row: number, order: Order | null): number {
    return this.slots(order)?.[row] ?? row;
  }

  /** Slots in an order; null where that is the table's own and there is no `orderby`, or no such column. */
  slots(order: Order | null): Int32Array | null {
    const ordering = this.ordering(order);
    ordering?.work();
    return ordering?.slots ?? null;
  }

  /**
   * The order of the rows, which may have to be worked yet; null where it is the table's own and there is no `orderby`, or no such
   * column. What is asked for again is the same until the table changes.
   */
  ordering(order: Order | null): TableOrder | null {
    if (order === null && !this.isOrdered) return null;
    const known = this.#order;
    if (
      known !== null &&
      known.slots.version === this.#changes &&
      known.order?.column === order?.column &&
      known.order?.descending === order?.descending
    )
      return known.slots;
    const by = this.orderedBy(order);
    if (by.length === 0) return null;
    const slots = new TableOrder(by, this.kept, this.#changes);
    this.#order = { order, slots };
    return slots;
  }

  /** What rows are ordered by; nothing where that is the table's own order, or there is no such column. */
  orderedBy(order: Order | null): OrderBy[] {
    const shown = this.#shown;
    return order === null
      ? this.#natural.map(({ descending }, i) => ({ column: shown[this.schema.length + i], descending }))
      : this.schema.flatMap(({ name }, c) =>
          name === order.column ? [{ column: shown[c], descending: order.descending }] : [],
        );
  }

  /** All rows as objects, in the order of an `orderby` or the table's own. For exports, tests and small tables. */
  rows(): Record<string, Value>[] {
    const out: Record<string, Value>[] = [];
    const slots = this.slots(null);
    const shown = this.#shown;
    for (let i = 0; i < this.#length; i++) {
      const slot = slots === null ? i : slots[i];
      const row: Record<string, Value> = {};
      this.schema.forEach((field, c) => {
        row[field.name] = shown[c].read(slot);
      });
      // A Z-set holds a row as often as its weight says.
      const times = this.kind.kind === "z-set" ? Math.max(0, this.#weights[slot]) : 1;
      for (let n = 0; n < times; n++) out.push(row);
    }
    return out;
  }

  /** Weights of the rows `[from, to)` of a Z-set, as `slots` has them (null: the table's own order). */
  weights(from = 0, to = this.#length, slots: Int32Array | null = null): Int32Array {
    if (slots === null) return this.#weights.slice(from, to);
    return Int32Array.from({ length: to - from }, (_, i) => this.#weights[slots[from + i]]);
  }
}
