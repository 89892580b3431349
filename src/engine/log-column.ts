/** One column of the table of a log: cells by slot, which are written once and stay where they are. */
import type { Column, Schema, Value } from "../columns/column.ts";
import { valueAt } from "../columns/column.ts";
import { type Cells, CHUNK_BITS, CHUNK_MASK, floatCells, intCells } from "./table-cells.ts";
import { OwnTexts } from "./table-column.ts";

export class LogColumn {
  readonly type: Schema[number]["type"];
  readonly #texts = new OwnTexts();
  readonly #numbers: Cells<Float64Array> = floatCells();
  readonly #codes: Cells<Int32Array> = intCells();
  readonly #values: Value[] = [];

  constructor(type: Schema[number]["type"]) {
    this.type = type;
  }

  /** Texts by their code. */
  get texts(): readonly string[] {
    return this.#texts.dictionary.values;
  }

  /** Makes room for `capacity` slots. */
  reserve(capacity: number): void {
    if (this.type === "string") this.#codes.reserve(capacity);
    else if (this.type !== "json") this.#numbers.reserve(capacity);
  }

  /** Writes the first `count` rows of a column into slots from `slot` on. */
  writeAll(slot: number, from: Column, count: number): void {
    switch (from.type) {
      case "number":
      case "timestamp":
      case "boolean": {
        const { values, valid } = from;
        this.#numbers.set(slot, values.length === count ? values : values.subarray(0, count));
        if (valid === null) return;
        const { chunks } = this.#numbers;
        for (let row = 0, at = slot; row < count; row++, at++)
          if (valid[row] === 0) chunks[at >>> CHUNK_BITS][at & CHUNK_MASK] = NaN;
        return;
      }
      case "string": {
        const { chunks } = this.#codes;
        const { dictionary, codes } = from;
        for (let row = 0, at = slot; row < count; row++, at++)
          chunks[at >>> CHUNK_BITS][at & CHUNK_MASK] = this.#texts.translate(dictionary, codes[row]);
        return;
      }
      case "json":
        for (let row = 0; row < count; row++) this.#values[slot + row] = valueAt(from, row);
    }
  }

  /** Numbers of the slots `[from, to)`, or of those that `slots` has there; NaN where there is none. For numbers and times. */
  numbersOf(from: number, to: number, slots: Int32Array | null): Float64Array {
    if (slots === null) return this.#numbers.slice(from, to);
    const { chunks } = this.#numbers;
    const out = new Float64Array(to - from);
    for (let i = from; i < to; i++) out[i - from] = chunks[slots[i] >>> CHUNK_BITS][slots[i] & CHUNK_MASK];
    return out;
  }

  /** The numbers of slots `[from, to)` of one chunk, not copied. */
  numbersIn(from: number, to: number): Float64Array {
    return this.#numbers.within(from, to);
  }

  /** The codes of slots `[from, to)` of one chunk, not copied. */
  codesIn(from: number, to: number): Int32Array {
    return this.#codes.within(from, to);
  }

  read(slot: number): Value {
    if (this.type === "json") return this.#values[slot] ?? null;
    const [chunk, place] = [slot >>> CHUNK_BITS, slot & CHUNK_MASK];
    if (this.type === "string") {
      const code = this.#codes.chunks[chunk][place];
      return code < 0 ? null : this.#texts.dictionary.value(code);
    }
    const value = this.#numbers.chunks[chunk][place];
    if (Number.isNaN(value)) return null;
    return this.type === "boolean" ? value === 1 : value;
  }
}
