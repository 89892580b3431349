/**
 * Rows that an operator keeps, in columns and by slot: what joins, deduplication and rankings hold of their input.
 *
 * A slot is a small integer. Freed slots are used again, but only after `release`, so that a row that was forgotten in
 * the middle of a step can still be read when the step's output is gathered at its end. Strings are kept as codes of the
 * store's own dictionaries: inputs may come with any dictionary, and what is emitted always comes with the same one.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, ColumnType, Schema, Value } from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { Ints } from "../columns/growing.ts";
import { canonical } from "../pipeline/identity.ts";

/** Translates codes of any dictionary into codes of one. Codes never change their meaning, so each is looked up once. */
export class Translation {
  readonly into: Dictionary;
  readonly #known = new WeakMap<Dictionary, { codes: Int32Array }>();

  constructor(into: Dictionary = new Dictionary()) {
    this.into = into;
  }

  /** Returns a table from the codes of `from` to those of `into`, complete for all codes handed out so far. */
  table(from: Dictionary): Int32Array {
    let known = this.#known.get(from);
    if (known === undefined) this.#known.set(from, (known = { codes: new Int32Array(0) }));
    const done = known.codes.length;
    if (done < from.size) {
      const codes = new Int32Array(Math.max(from.size, 16));
      codes.set(known.codes);
      for (let code = done; code < from.size; code++) codes[code] = this.into.code(from.value(code));
      known.codes = codes.subarray(0, from.size);
    }
    return known.codes;
  }
}

/** The cells of one column, by slot. */
interface Cells {
  grow(capacity: number): void;
  put(slot: number, column: Column, row: number): void;
  equals(slot: number, column: Column, row: number): boolean;
  /** Hashes a cell of a column so that equal cells have equal hashes. */
  hash(column: Column, row: number): number;
  hashOf(slot: number): number;
  /** Copies slots into a column; slot −1 is null. */
  gather(slots: Int32Array, count: number): Column;
  snapshot(length: number): unknown;
  restore(snapshot: unknown): void;
}

const FLOAT = new Float64Array(1);
const WORDS = new Int32Array(FLOAT.buffer);

/** Hashes a number by its bits, with one zero and one NaN. */
export function hashNumber(value: number): number {
  FLOAT[0] = Number.isNaN(value) ? NaN : value + 0;
  return mix(Math.imul(WORDS[0], 0x85ebca6b) ^ Math.imul(WORDS[1], 0xc2b2ae35));
}

/** Spreads the bits of an integer (the finalizer of MurmurHash3). */
export function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

type Numbers = Extract<Column, { type: "number" }>;
type Booleans = Extract<Column, { type: "boolean" }>;
type Strings = Extract<Column, { type: "string" }>;
type Json = Extract<Column, { type: "json" }>;

class NumberCells implements Cells {
  readonly #type: "number" | "timestamp";
  #values = new Float64Array(0);
  /** 1 where there is a value; made with the first null. */
  #valid: Uint8Array | null = null;
  constructor(type: "number" | "timestamp") {
    this.#type = type;
  }
  grow(capacity: number): void {
    const values = new Float64Array(capacity);
    values.set(this.#values);
    this.#values = values;
    if (this.#valid !== null) {
      const valid = new Uint8Array(capacity).fill(1);
      valid.set(this.#valid);
      this.#valid = valid;
    }
  }
  put(slot: number, column: Column, row: number): void {
    const { values, valid } = column as Numbers;
    this.#values[slot] = values[row];
    if (valid !== null && valid[row] === 0) {
      this.#valid ??= new Uint8Array(this.#values.length).fill(1);
      this.#valid[slot] = 0;
      this.#values[slot] = NaN;
    } else if (this.#valid !== null) this.#valid[slot] = 1;
  }
  equals(slot: number, column: Column, row: number): boolean {
    const { values, valid } = column as Numbers;
    const there = this.#valid === null || this.#valid[slot] === 1;
    if (there !== (valid === null || valid[row] === 1)) return false;
    const a = this.#values[slot];
    const b = values[row];
    return !there || a === b || (Number.isNaN(a) && Number.isNaN(b));
  }
  hash(column: Column, row: number): number {
    const { values, valid } = column as Numbers;
    return valid !== null && valid[row] === 0 ? 1 : hashNumber(values[row]);
  }
  hashOf(slot: number): number {
    return this.#valid !== null && this.#valid[slot] === 0 ? 1 : hashNumber(this.#values[slot]);
  }
  gather(slots: Int32Array, count: number): Column {
    const values = new Float64Array(count);
    let valid: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const slot = slots[i];
      if (slot < 0 || (this.#valid !== null && this.#valid[slot] === 0)) {
        valid ??= new Uint8Array(count).fill(1);
        valid[i] = 0;
        values[i] = NaN;
      } else values[i] = this.#values[slot];
    }
    return { type: this.#type, values, valid };
  }
  snapshot(length: number): unknown {
    return { values: this.#values.slice(0, length), valid: this.#valid === null ? null : this.#valid.slice(0, length) };
  }
  restore(snapshot: unknown): void {
    const { values, valid } = snapshot as { values: Float64Array; valid: Uint8Array | null };
    this.#values.set(values);
    if (valid === null) return;
    this.#valid = new Uint8Array(this.#values.length).fill(1);
    this.#valid.set(valid);
  }
}

/** Booleans as 0 and 1, null as 2. */
class BooleanCells implements Cells {
  #values = new Uint8Array(0);
  static #code(column: Column, row: number): number {
    const { values, valid } = column as Booleans;
    return valid !== null && valid[row] === 0 ? 2 : values[row];
  }
  grow(capacity: number): void {
    const values = new Uint8Array(capacity);
    values.set(this.#values);
    this.#values = values;
  }
  put(slot: number, column: Column, row: number): void {
    this.#values[slot] = BooleanCells.#code(column, row);
  }
  equals(slot: number, column: Column, row: number): boolean {
    return this.#values[slot] === BooleanCells.#code(column, row);
  }
  hash(column: Column, row: number): number {
    return mix(BooleanCells.#code(column, row) + 7);
  }
  hashOf(slot: number): number {
    return mix(this.#values[slot] + 7);
  }
  gather(slots: Int32Array, count: number): Column {
    const values = new Uint8Array(count);
    let valid: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const code = slots[i] < 0 ? 2 : this.#values[slots[i]];
      if (code === 2) {
        valid ??= new Uint8Array(count).fill(1);
        valid[i] = 0;
      } else values[i] = code;
    }
    return { type: "boolean", values, valid };
  }
  snapshot(length: number): unknown {
    return this.#values.slice(0, length);
  }
  restore(snapshot: unknown): void {
    this.#values.set(snapshot as Uint8Array);
  }
}

class StringCells implements Cells {
  #codes = new Int32Array(0);
  #translation = new Translation();
  #code(column: Column, row: number): number {
    const { codes, dictionary } = column as Strings;
    const code = codes[row];
    return code < 0 ? -1 : this.#translation.table(dictionary)[code];
  }
  grow(capacity: number): void {
    const codes = new Int32Array(capacity);
    codes.set(this.#codes);
    this.#codes = codes;
  }
  put(slot: number, column: Column, row: number): void {
    this.#codes[slot] = this.#code(column, row);
  }
  equals(slot: number, column: Column, row: number): boolean {
    return this.#codes[slot] === this.#code(column, row);
  }
  hash(column: Column, row: number): number {
    return mix(this.#code(column, row) + 3);
  }
  hashOf(slot: number): number {
    return mix(this.#codes[slot] + 3);
  }
  gather(slots: Int32Array, count: number): Column {
    const codes = new Int32Array(count);
    for (let i = 0; i < count; i++) codes[i] = slots[i] < 0 ? -1 : this.#codes[slots[i]];
    return { type: "string", codes, dictionary: this.#translation.into };
  }
  snapshot(length: number): unknown {
    return { codes: this.#codes.slice(0, length), strings: [...this.#translation.into.values] };
  }
  restore(snapshot: unknown): void {
    const { codes, strings } = snapshot as { codes: Int32Array; strings: string[] };
    this.#translation = new Translation(new Dictionary(strings));
    this.#codes.set(codes);
  }
}

class JsonCells implements Cells {
  #values: Value[] = [];
  grow(): void {}
  put(slot: number, column: Column, row: number): void {
    this.#values[slot] = (column as Json).values[row] ?? null;
  }
  equals(slot: number, column: Column, row: number): boolean {
    return canonical(this.#values[slot]) === canonical((column as Json).values[row] ?? null);
  }
  hash(column: Column, row: number): number {
    return hashText(canonical((column as Json).values[row] ?? null));
  }
  hashOf(slot: number): number {
    return hashText(canonical(this.#values[slot]));
  }
  gather(slots: Int32Array, count: number): Column {
    const values = Array.from({ length: count }, (_, i) => (slots[i] < 0 ? null : this.#values[slots[i]]));
    return { type: "json", values };
  }
  snapshot(length: number): unknown {
    return this.#values.slice(0, length);
  }
  restore(snapshot: unknown): void {
    this.#values = [...(snapshot as Value[])];
  }
}

/** Hashes text (FNV-1a over UTF-16 units). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

function cellsOf(type: ColumnType): Cells {
  switch (type) {
    case "number":
    case "timestamp":
      return new NumberCells(type);
    case "boolean":
      return new BooleanCells();
    case "string":
      return new StringCells();
    case "json":
      return new JsonCells();
  }
}

export class RowStore {
  readonly schema: Schema;
  /** Event time of each slot, ms. */
  time = new Float64Array(0);
  readonly #cells: readonly Cells[];
  /** Slots ever used. */
  #used = 0;
  /** Slots free for use, and those freed since the last `release`. */
  readonly #free = new Ints();
  readonly #freed = new Ints();

  constructor(schema: Schema) {
    this.schema = schema;
    this.#cells = schema.map(field => cellsOf(field.type));
  }

  /** Number of slots for which arrays beside the store need room. */
  get capacity(): number {
    return this.time.length;
  }

  /** Rows held. */
  get size(): number {
    return this.#used - this.#free.count - this.#freed.count;
  }

  /** Keeps a copy of a row and returns its slot. */
  put(batch: Batch, row: number, time: number): number {
    const slot = this.copy(batch, row);
    this.time[slot] = time;
    return slot;
  }

  /** Keeps a copy of a row as `put` does, but for its time, which the caller says in `time`. */
  copy(batch: Batch, row: number): number {
    const free = this.#free;
    const slot = free.count > 0 ? free.values[--free.count] : this.#used++;
    if (slot >= this.time.length) this.#grow(Math.max(16, 2 * this.time.length));
    const cells = this.#cells;
    for (let c = 0; c < cells.length; c++) cells[c].put(slot, batch.columns[c], row);
    return slot;
  }

  /** Forgets a row; its slot stays readable until `release`. */
  free(slot: number): void {
    this.#freed.push(slot);
  }

  /** Makes the slots freed since the last call available. Call it once a step's output has been gathered. */
  release(): void {
    const freed = this.#freed;
    for (let i = 0; i < freed.count; i++) this.#free.push(freed.values[i]);
    freed.count = 0;
  }

  /** Tells whether the row in a slot equals a row of a batch in every column. */
  equals(slot: number, batch: Batch, row: number): boolean {
    const cells = this.#cells;
    for (let c = 0; c < cells.length; c++) if (!cells[c].equals(slot, batch.columns[c], row)) return false;
    return true;
  }

  /** Hashes a row of a batch over all columns; equal rows have equal hashes. */
  hash(batch: Batch, row: number): number {
    let hash = 17;
    for (let c = 0; c < this.#cells.length; c++)
      hash = Math.imul(hash, 31) + this.#cells[c].hash(batch.columns[c], row);
    return mix(hash);
  }

  /** Hashes the row in a slot as `hash` does. */
  hashOf(slot: number): number {
    let hash = 17;
    for (let c = 0; c < this.#cells.length; c++) hash = Math.imul(hash, 31) + this.#cells[c].hashOf(slot);
    return mix(hash);
  }

  /** Copies one column of the rows in `slots[0 … count)`; slot −1 gives null. */
  gather(column: number, slots: Int32Array, count: number): Column {
    return this.#cells[column].gather(slots, count);
  }

  snapshot(): unknown {
    return {
      used: this.#used,
      free: this.#free.values.slice(0, this.#free.count),
      freed: this.#freed.values.slice(0, this.#freed.count),
      time: this.time.slice(0, this.#used),
      cells: this.#cells.map(c => c.snapshot(this.#used)),
    };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as {
      used: number;
      free: Int32Array;
      freed: Int32Array;
      time: Float64Array;
      cells: unknown[];
    };
    this.#grow(Math.max(16, from.used));
    this.#used = from.used;
    this.#free.count = 0;
    this.#freed.count = 0;
    for (const slot of from.free) this.#free.push(slot);
    for (const slot of from.freed) this.#freed.push(slot);
    this.time.set(from.time);
    this.#cells.forEach((c, i) => c.restore(from.cells[i]));
  }

  #grow(capacity: number): void {
    const time = new Float64Array(capacity);
    time.set(this.time);
    this.time = time;
    for (const cells of this.#cells) cells.grow(capacity);
  }
}
