/**
 * What a shard hands over: the rows of a few steps, node by node, in arrays that can be transferred from one thread to another.
 * The rows of all steps lie one after the other; positions count from the beginning of their step.
 */
import type { Column, ColumnType, Schema, Value } from "../../columns/column.ts";
import type { Dictionary } from "../../columns/dictionary.ts";
import { dense, type Flow, type PaneColumns, type Turns } from "../flow.ts";
import { Translation } from "../row-store.ts";
import type { Step } from "../step.ts";

/** The output of a shard in some steps. */
export interface ShardPart {
  /** Positions before the first step, and the number of positions of each. */
  readonly first: number;
  readonly lengths: Int32Array;
  /** By cut, in the plan's order. */
  readonly outputs: readonly Packed[];
}

/** The rows of one node in some steps. */
export interface Packed {
  /** Rows up to and including each step. */
  readonly until: Int32Array;
  readonly at: Int32Array;
  readonly time: Float64Array;
  /** NaN stands for the clock of the row's position. */
  readonly clock: Float64Array | null;
  readonly weight: Int32Array | null;
  readonly pane: PaneColumns | null;
  readonly turns: Turns | null;
  readonly columns: readonly PackedColumn[];
  /** The watermark after each position of all steps, or the place among the sources of the one whose watermark it is. */
  readonly watermark: Float64Array | number;
}

export type PackedColumn =
  | { readonly type: "number" | "timestamp"; readonly values: Float64Array; readonly valid: Uint8Array | null }
  | { readonly type: "boolean"; readonly values: Uint8Array; readonly valid: Uint8Array | null }
  | {
      readonly type: "string";
      readonly codes: Int32Array;
      /** Place of its dictionary among those of the logs, or −1: one of the column's own, to which these strings are added. */
      readonly dictionary: number;
      readonly strings: readonly string[];
    }
  | { readonly type: "json"; readonly values: readonly Value[] };

/** Gathers what one node puts out, step by step, in memory that is handed over when it is packed. */
export class Packer {
  readonly #until: Gathered<Int32Array<ArrayBuffer>>;
  readonly #at: Gathered<Int32Array<ArrayBuffer>>;
  readonly #time: Gathered<Float64Array<ArrayBuffer>>;
  readonly #clock: Gathered<Float64Array<ArrayBuffer>>;
  readonly #weight: Gathered<Int32Array<ArrayBuffer>>;
  readonly #pane: ReturnType<typeof gatheredPanes>;
  readonly #turns: ReturnType<typeof gatheredTurns>;
  readonly #columns: readonly ColumnPacker[];
  readonly #watermark: Gathered<Float64Array<ArrayBuffer>>;
  /** The source whose watermark the node has; −1: its own. */
  #source = -1;
  #rows = 0;

  /** `logs`: the dictionaries of the logs, by their places. `steps`: how many are packed together. */
  constructor(schema: Schema, logs: ReadonlyMap<Dictionary, number>, steps: number) {
    this.#until = new Gathered(Int32Array, steps);
    this.#at = new Gathered(Int32Array, steps);
    this.#time = new Gathered(Float64Array, steps);
    this.#clock = new Gathered(Float64Array, steps);
    this.#weight = new Gathered(Int32Array, steps);
    this.#pane = gatheredPanes(steps);
    this.#turns = gatheredTurns(steps);
    this.#watermark = new Gathered(Float64Array, steps);
    this.#columns = schema.map(({ type }) => columnPacker(type, logs, steps));
  }

  /** Takes in what came out in a step. `source` is the place of the source whose watermark it has, or −1. */
  add(given: Flow, step: Step, source: number): void {
    const first = this.#until.count === 0;
    if (first) this.#source = source;
    else if (this.#source !== source)
      throw new Error("A node has had the watermark of a source in one step, and not in the next.");
    if (source < 0) this.#watermark.append(given.watermark, step.length);
    const { count } = given;
    this.#until.push(this.#rows + count);
    if (count === 0) return;
    const flow = dense(given);
    const before = this.#rows;
    if (flow.at === null) this.#at.appendCounting(count);
    else this.#at.append(flow.at, count);
    this.#time.append(flow.time, count);
    this.#clock.appendOr(flow.clock, count, NaN, before);
    this.#weight.appendOr(flow.weight, count, 1, before);
    for (const name of PANE) this.#pane[name].appendOr(flow.pane?.[name] ?? null, count, 0, before);
    for (const name of TURNS) this.#turns[name].appendOr(flow.turns?.[name] ?? null, count, 0, before);
    const { columns } = flow.batch;
    for (let c = 0; c < columns.length; c++) this.#columns[c].add(columns[c], count, before);
    this.#rows = before + count;
  }

  /** Hands over what has been taken in. Adds the memory that goes with it to `transfer`. */
  take(transfer: ArrayBuffer[]): Packed {
    const packed: Packed = {
      until: this.#until.take(transfer),
      at: this.#at.take(transfer),
      time: this.#time.take(transfer),
      clock: this.#clock.takeAny(transfer),
      weight: this.#weight.takeAny(transfer),
      pane: this.#pane.timing.empty
        ? null
        : {
            timing: this.#pane.timing.take(transfer),
            index: this.#pane.index.take(transfer),
            nonSpeculativeIndex: this.#pane.nonSpeculativeIndex.take(transfer),
            first: this.#pane.first.take(transfer),
            last: this.#pane.last.take(transfer),
          },
      turns: this.#turns.cause.empty
        ? null
        : {
            cause: this.#turns.cause.take(transfer),
            end: this.#turns.end.take(transfer),
            start: this.#turns.start.take(transfer),
            key: this.#turns.key.take(transfer),
          },
      columns: this.#columns.map(column => column.take(transfer)),
      watermark: this.#source >= 0 ? this.#source : this.#watermark.take(transfer),
    };
    this.#rows = 0;
    return packed;
  }
}

function gatheredPanes(steps: number) {
  return {
    timing: new Gathered(Uint8Array, steps),
    index: new Gathered(Int32Array, steps),
    nonSpeculativeIndex: new Gathered(Int32Array, steps),
    first: new Gathered(Uint8Array, steps),
    last: new Gathered(Uint8Array, steps),
  };
}

function gatheredTurns(steps: number) {
  return {
    cause: new Gathered(Uint8Array, steps),
    end: new Gathered(Float64Array, steps),
    start: new Gathered(Float64Array, steps),
    key: new Gathered(Float64Array, steps),
  };
}

const PANE = ["timing", "index", "nonSpeculativeIndex", "first", "last"] as const;
const TURNS = ["cause", "end", "start", "key"] as const;

type Numbers = Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** An array that is appended to, handed over with its memory, and begun anew. */
class Gathered<A extends Numbers> {
  readonly #make: new (
    length: number,
  ) => A;
  #values: A;
  /** How many times what comes first is likely to come before it is handed over. */
  readonly #times: number;
  /** What the last array needed. */
  #room = 0;
  count = 0;

  constructor(make: new (length: number) => A, times: number) {
    this.#make = make;
    this.#times = times;
    this.#values = new make(0);
  }

  get empty(): boolean {
    return this.count === 0;
  }

  push(value: number): void {
    this.#reserve(1);
    this.#values[this.count++] = value;
  }

  append(from: ArrayLike<number>, count: number): void {
    this.#reserve(count);
    this.#values.set(from.length === count ? from : (from as Float64Array).subarray(0, count), this.count);
    this.count += count;
  }

  appendCounting(count: number): void {
    this.#reserve(count);
    for (let i = 0; i < count; i++) this.#values[this.count + i] = i;
    this.count += count;
  }

  /** Appends values, or as many times `otherwise`; nothing as long as there were none among the `before` rows before. */
  appendOr(from: ArrayLike<number> | null, count: number, otherwise: number, before: number): void {
    if (from === null && this.count === 0) return;
    if (this.count < before) this.#fill(before - this.count, otherwise);
    if (from === null) this.#fill(count, otherwise);
    else this.append(from, count);
  }

  #fill(count: number, value: number): void {
    this.#reserve(count);
    this.#values.fill(value, this.count, this.count + count);
    this.count += count;
  }

  #reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.#values.length) return;
    const grown = new this.#make(
      Math.max(2 * this.#values.length, this.#room, this.#values.length === 0 ? this.#times * more : needed),
    );
    grown.set(this.#values.subarray(0, this.count));
    this.#values = grown;
  }

  take(transfer: ArrayBuffer[]): A {
    const { count } = this;
    const out = this.#values.subarray(0, count) as A;
    if (count > 0) transfer.push(out.buffer);
    this.#values = new this.#make(0);
    this.#room = count + (count >> 4);
    this.count = 0;
    return out;
  }

  takeAny(transfer: ArrayBuffer[]): A | null {
    return this.count === 0 ? null : this.take(transfer);
  }
}

interface ColumnPacker {
  /** Takes in `count` values; `before` came before them. */
  add(column: Column, count: number, before: number): void;
  take(transfer: ArrayBuffer[]): PackedColumn;
}

function columnPacker(type: ColumnType, logs: ReadonlyMap<Dictionary, number>, steps: number): ColumnPacker {
  switch (type) {
    case "number":
    case "timestamp":
      return plainPacker(new Gathered(Float64Array, steps), steps, (values, valid) => ({ type, values, valid }));
    case "boolean":
      return plainPacker(new Gathered(Uint8Array, steps), steps, (values, valid) => ({ type, values, valid }));
    case "string":
      return new StringPacker(logs, steps);
    case "json": {
      let all: Value[] = [];
      return {
        add(column, count) {
          if (column.type !== "json") throw new Error(`A json column came as one of ${column.type}.`);
          for (let i = 0; i < count; i++) all.push(column.values[i] ?? null);
        },
        take() {
          const values = all;
          all = [];
          return { type: "json", values };
        },
      };
    }
  }
}

function plainPacker<A extends Numbers>(
  values: Gathered<A>,
  steps: number,
  make: (values: A, valid: Uint8Array | null) => PackedColumn,
): ColumnPacker {
  const valid = new Gathered(Uint8Array, steps);
  return {
    add(column, count, before) {
      if (column.type === "string" || column.type === "json")
        throw new Error(`A column of numbers came as one of ${column.type}.`);
      values.append(column.values, count);
      valid.appendOr(column.valid, count, 1, before);
    },
    take: transfer => make(values.take(transfer), valid.takeAny(transfer)),
  };
}

/** Codes of a log's dictionary stay as they are as long as no other dictionary comes; the column's own takes in all others. */
class StringPacker implements ColumnPacker {
  readonly #logs: ReadonlyMap<Dictionary, number>;
  readonly #codes: Gathered<Int32Array<ArrayBuffer>>;
  /** The log's dictionary that all codes so far are of; null: the column's own. */
  #of: Dictionary | null = null;
  #begun = false;
  readonly #own = new Translation();
  #told = 0;
  #scratch = new Int32Array(0);

  constructor(logs: ReadonlyMap<Dictionary, number>, steps: number) {
    this.#logs = logs;
    this.#codes = new Gathered(Int32Array, steps);
  }

  add(column: Column, count: number): void {
    if (column.type !== "string") throw new Error(`A column of strings came as one of ${column.type}.`);
    const { codes, dictionary } = column;
    if (!this.#begun) {
      this.#begun = true;
      this.#of = this.#logs.has(dictionary) ? dictionary : null;
    }
    if (this.#of === dictionary) this.#codes.append(codes, count);
    else {
      if (this.#of !== null) this.#turn(this.#of);
      if (this.#scratch.length < count) this.#scratch = new Int32Array(2 * count);
      const table = this.#own.table(dictionary);
      for (let i = 0; i < count; i++) this.#scratch[i] = codes[i] < 0 ? -1 : table[codes[i]];
      this.#codes.append(this.#scratch, count);
    }
  }

  /** Puts the codes so far into the column's own dictionary. */
  #turn(from: Dictionary): void {
    const table = this.#own.table(from);
    const codes = this.#codes.take([]);
    for (let i = 0; i < codes.length; i++) if (codes[i] >= 0) codes[i] = table[codes[i]];
    this.#codes.append(codes, codes.length);
    this.#of = null;
  }

  take(transfer: ArrayBuffer[]): PackedColumn {
    const strings = this.#own.into.values.slice(this.#told);
    this.#told += strings.length;
    const dictionary = this.#of === null ? -1 : (this.#logs.get(this.#of) as number);
    this.#begun = this.#of === null && this.#told > 0;
    return { type: "string", codes: this.#codes.take(transfer), dictionary, strings };
  }
}
