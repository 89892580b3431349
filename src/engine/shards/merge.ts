/**
 * Brings the rows of shards together, node by node and step by step, in the order in which one run would have put them out: by
 * position, and at one position by whose turn it is.
 */
import type { Column, Schema, Value } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import type { Flow, Turns } from "../flow.ts";
import { Translation } from "../row-store.ts";
import type { Step } from "../step.ts";
import type { Packed, PackedColumn } from "./part.ts";

type Strings = Extract<PackedColumn, { type: "string" }>;

/** Merges what shards put out of one node. Flows are valid until the next. */
export class Merger {
  readonly #schema: Schema;
  /** Dictionaries of the logs by their places. */
  readonly #logs: readonly Dictionary[];
  /** By column: the dictionary of what is merged, where the shards have dictionaries of their own. */
  readonly #translations: (Translation | undefined)[] = [];
  /** By shard and column: the shard's own dictionary as far as it has told. */
  readonly #dictionaries: Dictionary[][];
  #parts: readonly Packed[] = [];
  /** Of each shard: its rows in the step, and where they go. */
  readonly #from: Int32Array;
  readonly #until: Int32Array;
  readonly #next: Int32Array;
  readonly #to: Int32Array[];
  readonly #room = new Room();

  constructor(schema: Schema, shards: number, logs: readonly Dictionary[]) {
    this.#schema = schema;
    this.#logs = logs;
    this.#dictionaries = Array.from({ length: shards }, () => schema.map(() => new Dictionary()));
    this.#from = new Int32Array(shards);
    this.#until = new Int32Array(shards);
    this.#next = new Int32Array(shards);
    this.#to = Array.from({ length: shards }, () => new Int32Array(64));
  }

  /** Goes on with the next part of each shard. */
  begin(parts: readonly Packed[]): void {
    this.#parts = parts;
    this.#from.fill(0);
    this.#until.fill(0);
    parts.forEach(({ columns }, shard) => {
      columns.forEach((column, c) => {
        if (column.type === "string") for (const text of column.strings) this.#dictionaries[shard][c].code(text);
      });
    });
  }

  /** Merges the rows of the part's next step, number `index`. */
  step(step: Step, index: number, watermark: Float64Array): Flow {
    const parts = this.#parts;
    const from = this.#from;
    let count = 0;
    let speaking = 0;
    let only = 0;
    for (let shard = 0; shard < parts.length; shard++) {
      from[shard] = this.#until[shard];
      this.#until[shard] = parts[shard].until[index];
      const own = this.#until[shard] - from[shard];
      count += own;
      if (own === 0) continue;
      speaking++;
      only = shard;
    }
    const to = speaking > 1 ? this.#place(step) : null;
    return this.#flow(new Placing(parts, from, this.#until, to, only, count, this.#room.begin()), step, watermark);
  }

  #flow(order: Placing, step: Step, watermark: Float64Array): Flow {
    const { count } = order;
    const at = order.ints(p => p.at) as Int32Array;
    const clock = order.floats(p => p.clock, NaN);
    // Of a single shard these are its own arrays, which nobody reads again.
    if (clock !== null) for (let i = 0; i < count; i++) if (Number.isNaN(clock[i])) clock[i] = step.clock[at[i]];
    const timing = order.bytes(p => p.pane?.timing ?? null);
    return {
      batch: {
        schema: this.#schema,
        length: count,
        columns: this.#schema.map((_, c) => this.#column(order, c)),
      },
      selection: null,
      count,
      at,
      time: order.floats(p => p.time) ?? new Float64Array(0),
      clock,
      weight: order.ints(p => p.weight, 1),
      pane:
        timing === null
          ? null
          : {
              timing,
              index: order.ints(p => p.pane?.index ?? null) as Int32Array,
              nonSpeculativeIndex: order.ints(p => p.pane?.nonSpeculativeIndex ?? null) as Int32Array,
              first: order.bytes(p => p.pane?.first ?? null) as Uint8Array,
              last: order.bytes(p => p.pane?.last ?? null) as Uint8Array,
            },
      watermark,
    };
  }

  #column(order: Placing, c: number): Column {
    const { type } = this.#schema[c];
    switch (type) {
      case "number":
      case "timestamp":
        return {
          type,
          values: order.floats(p => (p.columns[c] as { values: Float64Array }).values) ?? new Float64Array(0),
          valid: order.bytes(p => (p.columns[c] as { valid: Uint8Array | null }).valid, 1),
        };
      case "boolean":
        return {
          type,
          values: order.bytes(p => (p.columns[c] as { values: Uint8Array }).values) ?? new Uint8Array(0),
          valid: order.bytes(p => (p.columns[c] as { valid: Uint8Array | null }).valid, 1),
        };
      case "json":
        return { type, values: order.values(p => (p.columns[c] as { values: readonly Value[] }).values) };
      case "string":
        return this.#strings(order, c);
    }
  }

  #strings(order: Placing, c: number): Column {
    const columns = this.#parts.map(p => p.columns[c] as Strings);
    const [first] = columns;
    const codes = (p: Packed): Int32Array => (p.columns[c] as Strings).codes;
    // As long as every shard means a log's dictionary, so does what they make together.
    if (
      this.#translations[c] === undefined &&
      columns.every(p => p.dictionary >= 0 && p.dictionary === first.dictionary)
    )
      return { type: "string", codes: order.ints(codes) as Int32Array, dictionary: this.#logs[first.dictionary] };
    const translation = (this.#translations[c] ??= new Translation());
    const tables = columns.map(({ dictionary }, shard) =>
      translation.table(dictionary >= 0 ? this.#logs[dictionary] : this.#dictionaries[shard][c]),
    );
    return { type: "string", codes: order.codes(codes, tables), dictionary: translation.into };
  }

  /** Finds the place of each shard's rows among all. */
  #place(step: Step): readonly Int32Array[] {
    const parts = this.#parts;
    const next = this.#next;
    next.set(this.#from);
    for (let shard = 0; shard < parts.length; shard++) {
      const own = this.#until[shard] - this.#from[shard];
      if (this.#to[shard].length < own) this.#to[shard] = new Int32Array(2 * own);
    }
    if (parts.length === 2) this.#placeTwo(step);
    else this.#placeAll(step);
    return this.#to;
  }

  #placeTwo(step: Step): void {
    const [a, b] = this.#parts;
    const [to, and] = this.#to;
    const [fromA, fromB] = this.#from;
    const [untilA, untilB] = this.#until;
    let i = fromA;
    let j = fromB;
    let place = 0;
    while (i < untilA && j < untilB) {
      const difference = a.at[i] - b.at[j];
      if (difference === 0) {
        if (isBefore(a, i, b, j, step)) to[i++ - fromA] = place++;
        else and[j++ - fromB] = place++;
        continue;
      }
      // Whose turn it is cannot be foreseen, so there is no branch: the sign says it, and both places are written.
      const first = difference >>> 31;
      to[i - fromA] = place;
      and[j - fromB] = place++;
      i += first;
      j += 1 - first;
    }
    while (i < untilA) to[i++ - fromA] = place++;
    while (j < untilB) and[j++ - fromB] = place++;
  }

  #placeAll(step: Step): void {
    const parts = this.#parts;
    const next = this.#next;
    for (let place = 0; ; place++) {
      let best = -1;
      for (let shard = 0; shard < parts.length; shard++) {
        const row = next[shard];
        if (row === this.#until[shard]) continue;
        if (best >= 0) {
          const x = parts[shard].at[row];
          const y = parts[best].at[next[best]];
          if (x > y || (x === y && !isBefore(parts[shard], row, parts[best], next[best], step))) continue;
        }
        best = shard;
      }
      if (best < 0) return;
      this.#to[best][next[best]++ - this.#from[best]] = place;
    }
  }
}

/** Whether a row comes before another one at the same position. Two shards never speak in the same turn. */
function isBefore(a: Packed, i: number, b: Packed, j: number, step: Step): boolean {
  const x = a.turns;
  const y = b.turns;
  if (x === null || y === null)
    throw new Error("Two shards put out rows at one position, and do not say whose turn it is.");
  if (x.cause[i] !== y.cause[j]) return x.cause[i] < y.cause[j];
  const clockA = clockOf(a, i, step);
  const clockB = clockOf(b, j, step);
  if (clockA !== clockB) return clockA < clockB;
  return compareWindows(x, i, y, j) < 0;
}

function compareWindows(x: Turns, i: number, y: Turns, j: number): number {
  if (x.end[i] !== y.end[j]) return x.end[i] < y.end[j] ? -1 : 1;
  if (x.start[i] !== y.start[j]) return x.start[i] < y.start[j] ? -1 : 1;
  return x.key[i] - y.key[j];
}

function clockOf({ clock, at }: Packed, row: number, step: Step): number {
  if (clock === null || Number.isNaN(clock[row])) return step.clock[at[row]];
  return clock[row];
}

/** Arrays that are used again with each step, in the order in which a step asks for them. */
class Room {
  readonly #floats: Float64Array[] = [];
  readonly #ints: Int32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  #used = { floats: 0, ints: 0, bytes: 0 };

  begin(): this {
    this.#used = { floats: 0, ints: 0, bytes: 0 };
    return this;
  }

  floats(count: number): Float64Array {
    const at = this.#used.floats++;
    let array = this.#floats[at];
    if (array === undefined || array.length < count) this.#floats[at] = array = new Float64Array(count + (count >> 1));
    return array.subarray(0, count);
  }

  ints(count: number): Int32Array {
    const at = this.#used.ints++;
    let array = this.#ints[at];
    if (array === undefined || array.length < count) this.#ints[at] = array = new Int32Array(count + (count >> 1));
    return array.subarray(0, count);
  }

  bytes(count: number): Uint8Array {
    const at = this.#used.bytes++;
    let array = this.#bytes[at];
    if (array === undefined || array.length < count) this.#bytes[at] = array = new Uint8Array(count + (count >> 1));
    return array.subarray(0, count);
  }
}

/** The rows of a step in the parts of all shards, and where they go. */
class Placing {
  readonly #parts: readonly Packed[];
  readonly #from: Int32Array;
  readonly #until: Int32Array;
  /** By shard: the place of each of its rows. Null where one shard alone has rows, which stay as they are. */
  readonly #to: readonly Int32Array[] | null;
  readonly #only: number;
  readonly #room: Room;
  readonly count: number;

  constructor(
    parts: readonly Packed[],
    from: Int32Array,
    until: Int32Array,
    to: readonly Int32Array[] | null,
    only: number,
    count: number,
    room: Room,
  ) {
    this.#parts = parts;
    this.#from = from;
    this.#until = until;
    this.#to = to;
    this.#only = only;
    this.#room = room;
    this.count = count;
  }

  /** Makes an array of all rows' values. Null where no shard has any; `otherwise` where some shard has none. */
  floats(of: (part: Packed) => Float64Array | null, otherwise = 0): Float64Array | null {
    if (this.#to === null) return this.#cut(of);
    if (this.#lacks(of)) return null;
    const out = this.#room.floats(this.count);
    for (let s = 0; s < this.#parts.length; s++) {
      const values = of(this.#parts[s]);
      if (values === null) this.#fill(out, s, otherwise);
      else scatterFloats(values, this.#from[s], this.#until[s], this.#to[s], out);
    }
    return out;
  }

  /** As `floats`. */
  ints(of: (part: Packed) => Int32Array | null, otherwise = 0): Int32Array | null {
    if (this.#to === null) return this.#cut(of);
    if (this.#lacks(of)) return null;
    const out = this.#room.ints(this.count);
    for (let s = 0; s < this.#parts.length; s++) {
      const values = of(this.#parts[s]);
      if (values === null) this.#fill(out, s, otherwise);
      else scatterInts(values, this.#from[s], this.#until[s], this.#to[s], out);
    }
    return out;
  }

  /** As `floats`. */
  bytes(of: (part: Packed) => Uint8Array | null, otherwise = 0): Uint8Array | null {
    if (this.#to === null) return this.#cut(of);
    if (this.#lacks(of)) return null;
    const out = this.#room.bytes(this.count);
    for (let s = 0; s < this.#parts.length; s++) {
      const values = of(this.#parts[s]);
      if (values === null) this.#fill(out, s, otherwise);
      else scatterBytes(values, this.#from[s], this.#until[s], this.#to[s], out);
    }
    return out;
  }

  /** Makes an array of codes, each shard's looked up in its table. */
  codes(of: (part: Packed) => Int32Array, tables: readonly Int32Array[]): Int32Array {
    const out = this.#room.ints(this.count);
    this.#each((shard, row, place) => {
      const code = of(this.#parts[shard])[row];
      out[place] = code < 0 ? -1 : tables[shard][code];
    });
    return out;
  }

  values(of: (part: Packed) => readonly Value[]): Value[] {
    const out: Value[] = new Array<Value>(this.count).fill(null);
    this.#each((shard, row, place) => {
      out[place] = of(this.#parts[shard])[row];
    });
    return out;
  }

  #each(visit: (shard: number, row: number, place: number) => void): void {
    for (let s = 0; s < this.#parts.length; s++) {
      const from = this.#from[s];
      const places = this.#to === null ? null : this.#to[s];
      for (let row = from; row < this.#until[s]; row++)
        visit(s, row, places === null ? row - from : places[row - from]);
    }
  }

  #cut<A extends Float64Array | Int32Array | Uint8Array>(of: (part: Packed) => A | null): A | null {
    const values = of(this.#parts[this.#only]);
    return values === null ? null : (values.subarray(this.#from[this.#only], this.#until[this.#only]) as A);
  }

  #lacks(of: (part: Packed) => object | null): boolean {
    for (const part of this.#parts) if (of(part) !== null) return false;
    return true;
  }

  #fill(out: Float64Array | Int32Array | Uint8Array, shard: number, value: number): void {
    const to = (this.#to as readonly Int32Array[])[shard];
    const own = this.#until[shard] - this.#from[shard];
    for (let i = 0; i < own; i++) out[to[i]] = value;
  }
}

function scatterFloats(values: Float64Array, from: number, until: number, to: Int32Array, out: Float64Array): void {
  for (let row = from, i = 0; row < until; row++, i++) out[to[i]] = values[row];
}

function scatterInts(values: Int32Array, from: number, until: number, to: Int32Array, out: Int32Array): void {
  for (let row = from, i = 0; row < until; row++, i++) out[to[i]] = values[row];
}

function scatterBytes(values: Uint8Array, from: number, until: number, to: Int32Array, out: Uint8Array): void {
  for (let row = from, i = 0; row < until; row++, i++) out[to[i]] = values[row];
}
