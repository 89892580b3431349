/** One column of a table whose rows come and go: cells by slot, which can be written, moved and compared. */
import type { Column, Schema, Value } from "../columns/column.ts";
import { valueAt } from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { canonical } from "../pipeline/identity.ts";

/** A dictionary of one's own for texts that come with codes of other dictionaries. */
export class OwnTexts {
  readonly dictionary = new Dictionary();
  /** Code here by code there, for the dictionary last seen. */
  #translation: Int32Array = new Int32Array(0);
  #foreign: Dictionary | null = null;

  /** Translates a code of another dictionary into one of this. */
  translate(dictionary: Dictionary, code: number): number {
    if (code < 0) return -1;
    if (this.#foreign !== dictionary) {
      this.#foreign = dictionary;
      this.#translation = new Int32Array(Math.max(16, dictionary.size)).fill(-1);
    }
    if (code >= this.#translation.length) {
      const grown = new Int32Array(Math.max(dictionary.size, 2 * this.#translation.length)).fill(-1);
      grown.set(this.#translation);
      this.#translation = grown;
    }
    let own = this.#translation[code];
    if (own < 0) this.#translation[code] = own = this.dictionary.code(dictionary.value(code));
    return own;
  }
}

/** Grows by doubling: random access to one array costs less than half of that to chunks. */
export class TableColumn {
  readonly type: Schema[number]["type"];
  numbers: Float64Array = new Float64Array(0);
  codes: Int32Array = new Int32Array(0);
  values: Value[] = [];
  readonly #texts = new OwnTexts();

  constructor(type: Schema[number]["type"]) {
    this.type = type;
  }

  reserve(capacity: number): void {
    if (this.type === "json") return;
    if (this.type === "string") {
      if (this.codes.length >= capacity) return;
      const codes = new Int32Array(Math.max(capacity, 2 * this.codes.length, 64));
      codes.set(this.codes);
      this.codes = codes;
    } else {
      if (this.numbers.length >= capacity) return;
      const numbers = new Float64Array(Math.max(capacity, 2 * this.numbers.length, 64));
      numbers.set(this.numbers);
      this.numbers = numbers;
    }
  }

  /** Texts by their code. */
  get texts(): readonly string[] {
    return this.#texts.dictionary.values;
  }

  write(slot: number, from: Column, row: number): void {
    switch (from.type) {
      case "number":
      case "timestamp":
        this.numbers[slot] = from.valid !== null && from.valid[row] === 0 ? NaN : from.values[row];
        return;
      case "boolean":
        this.numbers[slot] = from.valid !== null && from.valid[row] === 0 ? NaN : from.values[row];
        return;
      case "string":
        this.codes[slot] = this.#texts.translate(from.dictionary, from.codes[row]);
        return;
      case "json":
        this.values[slot] = valueAt(from, row);
    }
  }

  /** Copies the first `length` cells. Strings are codes of this column's dictionary, which never forgets one. */
  snapshot(length: number): Float64Array | Int32Array | Value[] {
    if (this.type === "json") return this.values.slice(0, length);
    return this.type === "string" ? this.codes.slice(0, length) : this.numbers.slice(0, length);
  }

  restore(cells: Float64Array | Int32Array | readonly Value[]): void {
    if (cells instanceof Float64Array) this.numbers.set(cells);
    else if (cells instanceof Int32Array) this.codes.set(cells);
    else this.values = [...cells];
  }

  move(from: number, to: number): void {
    if (this.type === "json") this.values[to] = this.values[from];
    else if (this.type === "string") this.codes[to] = this.codes[from];
    else this.numbers[to] = this.numbers[from];
  }

  /** Numbers of the slots `[from, to)`, or of those that `slots` has there; NaN where there is none. For numbers and times. */
  numbersOf(from: number, to: number, slots: Int32Array | null): Float64Array {
    const { numbers } = this;
    if (slots === null) return numbers.slice(from, to);
    const out = new Float64Array(to - from);
    for (let i = from; i < to; i++) out[i - from] = numbers[slots[i]];
    return out;
  }

  /** The numbers of slots `[from, to)`, not copied. */
  numbersIn(from: number, to: number): Float64Array {
    return this.numbers.subarray(from, to);
  }

  /** The codes of slots `[from, to)`, not copied. */
  codesIn(from: number, to: number): Int32Array {
    return this.codes.subarray(from, to);
  }

  read(slot: number): Value {
    if (this.type === "json") return this.values[slot] ?? null;
    if (this.type === "string") return this.codes[slot] < 0 ? null : this.#texts.dictionary.value(this.codes[slot]);
    const value = this.numbers[slot];
    if (Number.isNaN(value)) return null;
    return this.type === "boolean" ? value === 1 : value;
  }

  hash(slot: number): number {
    if (this.type === "string") return Math.imul(this.codes[slot] + 1, 0x9e3779b1);
    if (this.type === "json") {
      const text = canonical(this.values[slot] ?? null);
      let h = 0;
      for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
      return h;
    }
    // Adding 0 makes −0 and 0, which are the same, have the same bits.
    SCRATCH[0] = this.numbers[slot] + 0;
    return Math.imul(SCRATCH_BITS[0] ^ Math.imul(SCRATCH_BITS[1], 0x85ebca6b), 0xc2b2ae35);
  }

  same(a: number, b: number): boolean {
    if (this.type === "string") return this.codes[a] === this.codes[b];
    if (this.type === "json") return canonical(this.values[a] ?? null) === canonical(this.values[b] ?? null);
    return Object.is(this.numbers[a], this.numbers[b]) || this.numbers[a] === this.numbers[b];
  }
}

const SCRATCH = new Float64Array(1);
const SCRATCH_BITS = new Int32Array(SCRATCH.buffer);
