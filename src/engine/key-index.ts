/**
 * Gives each distinct combination of key values a small integer, for as long as the operator lives. Every key column is
 * first turned into codes of its own; two codes at a time are then folded into one, so that a key of any width costs one
 * probe per column, and a key of one string column costs no probe at all.
 *
 * Null is a key value like any other (`nulls: true`, for grouping) or belongs to no key (id −1, for joins).
 */
import { type Batch, columnIndex } from "../columns/batch.ts";
import type { Column, Schema } from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { compileColumn } from "../expressions/compile.ts";
import type { RowExpression } from "../expressions/tree.ts";
import { hashNumber, mix, Translation } from "./row-store.ts";
import { canonical } from "../pipeline/identity.ts";

/** Distinct numbers → 1, 2, 3 …; open addressing on the bits, one zero, one NaN. */
class NumberCodes {
  values = new Float64Array(16);
  size = 0;
  #slots = new Int32Array(32);
  /** Returns the code of `values[i]`. The number is read here, because one that is handed over is put into a box. */
  code(values: Float64Array, i: number): number {
    const value = values[i] + 0;
    const mask = this.#slots.length - 1;
    let at = hashNumber(value) & mask;
    for (;;) {
      const code = this.#slots[at];
      if (code === 0) break;
      const known = this.values[code - 1];
      if (known === value || (Number.isNaN(known) && Number.isNaN(value))) return code;
      at = (at + 1) & mask;
    }
    if (this.size === this.values.length) this.#grow();
    this.values[this.size++] = value;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    else this.#slots[at] = this.size;
    return this.size;
  }
  load(values: Float64Array): void {
    for (let i = 0; i < values.length; i++) this.code(values, i);
  }
  #grow(): void {
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.values = values;
  }
  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < this.size; i++) {
      let at = hashNumber(this.values[i]) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = i + 1;
    }
    this.#slots = slots;
  }
}

/** Distinct pairs of non-negative integers → 0, 1, 2 … */
export class PairCodes {
  a = new Int32Array(16);
  b = new Int32Array(16);
  size = 0;
  #slots = new Int32Array(32);
  code(a: number, b: number): number {
    const mask = this.#slots.length - 1;
    let at = mix(Math.imul(a, 0x9e3779b1) ^ b) & mask;
    for (;;) {
      const code = this.#slots[at] - 1;
      if (code < 0) break;
      if (this.a[code] === a && this.b[code] === b) return code;
      at = (at + 1) & mask;
    }
    if (this.size === this.a.length) {
      const a2 = new Int32Array(2 * this.size);
      a2.set(this.a);
      this.a = a2;
      const b2 = new Int32Array(2 * this.size);
      b2.set(this.b);
      this.b = b2;
    }
    const code = this.size++;
    this.a[code] = a;
    this.b[code] = b;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    else this.#slots[at] = code + 1;
    return code;
  }
  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < this.size; i++) {
      let at = mix(Math.imul(this.a[i], 0x9e3779b1) ^ this.b[i]) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = i + 1;
    }
    this.#slots = slots;
  }
}

/** Codes of one key column, from 1 on; null has the code that is asked for, whatever the column's type. */
class ColumnCodes {
  readonly numbers = new NumberCodes();
  readonly strings = new Dictionary();
  readonly #translation = new Translation(this.strings);
  codes(column: Column, count: number, out: Int32Array, none: 0 | -1): void {
    switch (column.type) {
      case "number":
      case "timestamp": {
        const { values, valid } = column;
        // Times that were cut into steps are mostly equal to the one before.
        let last = NaN;
        let code = 0;
        for (let i = 0; i < count; i++) {
          if (valid !== null && valid[i] === 0) {
            out[i] = none;
            continue;
          }
          const value = values[i];
          if (value !== last) {
            code = this.numbers.code(values, i);
            last = value;
          }
          out[i] = code;
        }
        return;
      }
      case "boolean": {
        const { values, valid } = column;
        for (let i = 0; i < count; i++) out[i] = valid !== null && valid[i] === 0 ? none : values[i] + 1;
        return;
      }
      case "string": {
        const { codes } = column;
        const table = this.#translation.table(column.dictionary);
        for (let i = 0; i < count; i++) out[i] = codes[i] < 0 ? none : table[codes[i]] + 1;
        return;
      }
      case "json": {
        for (let i = 0; i < count; i++) {
          const value = column.values[i] ?? null;
          out[i] = value === null ? none : this.strings.code(canonical(value)) + 1;
        }
      }
    }
  }
}

export class KeyIndex {
  readonly #columns: readonly ColumnCodes[];
  readonly #pairs: readonly PairCodes[];
  #out = new Int32Array(0);
  #next = new Int32Array(0);

  /** Makes an index for keys of `width` columns; without columns every row has the same key. */
  constructor(width: number) {
    this.#columns = Array.from({ length: width }, () => new ColumnCodes());
    this.#pairs = Array.from({ length: Math.max(0, width - 1) }, () => new PairCodes());
  }

  /**
   * Returns the key of each of `count` rows. The array is used again by the next call, so copy it to keep it, or give one to
   * write `into` that has room for them. Rows with a null in their key get −1 unless `nulls`.
   */
  ids(columns: readonly Column[], count: number, nulls: boolean, into: Int32Array | null = null): Int32Array {
    const out = into ?? this.#roomFor(count);
    if (this.#columns.length === 0) return out.fill(0, 0, count);
    const none = nulls ? 0 : -1;
    this.#columns[0].codes(columns[0], count, out, none);
    if (this.#columns.length > 1 && this.#next.length < count)
      this.#next = new Int32Array(Math.max(count, 2 * this.#next.length));
    const next = this.#next;
    for (let c = 1; c < this.#columns.length; c++) {
      this.#columns[c].codes(columns[c], count, next, none);
      const pairs = this.#pairs[c - 1];
      for (let i = 0; i < count; i++) out[i] = out[i] < 0 || next[i] < 0 ? -1 : pairs.code(out[i], next[i]);
    }
    return out;
  }

  /** Writes −1 for ids of keys that have a null, and the others as they are; `ids` were made with `nulls`. */
  withoutNulls(ids: Int32Array, count: number, into: Int32Array): void {
    const pairs = this.#pairs;
    for (let i = 0; i < count; i++) {
      let id = ids[i];
      let whole = true;
      for (let p = pairs.length - 1; p >= 0 && whole; p--) {
        whole = pairs[p].b[id] !== 0;
        id = pairs[p].a[id];
      }
      into[i] = whole && (id !== 0 || this.#columns.length === 0) ? ids[i] : -1;
    }
  }

  #roomFor(count: number): Int32Array {
    if (this.#out.length < count) this.#out = new Int32Array(Math.max(count, 2 * this.#out.length));
    return this.#out;
  }

  snapshot(): unknown {
    return {
      columns: this.#columns.map(c => ({
        numbers: c.numbers.values.slice(0, c.numbers.size),
        strings: [...c.strings.values],
      })),
      pairs: this.#pairs.map(p => ({ a: p.a.slice(0, p.size), b: p.b.slice(0, p.size) })),
    };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as {
      columns: { numbers: Float64Array; strings: string[] }[];
      pairs: { a: Int32Array; b: Int32Array }[];
    };
    from.columns.forEach(({ numbers, strings }, i) => {
      this.#columns[i].numbers.load(numbers);
      for (const string of strings) this.#columns[i].strings.code(string);
    });
    from.pairs.forEach(({ a, b }, i) => {
      for (let j = 0; j < a.length; j++) this.#pairs[i].code(a[j], b[j]);
    });
  }
}

/** Prepares key expressions of one input: the columns whose values make the key of each row. */
export function keyColumns(
  expressions: readonly RowExpression[],
  schema: Schema,
  codegen: boolean,
): (batch: Batch) => Column[] {
  const readers = expressions.map((expression): ((batch: Batch) => Column) => {
    // A key that is a column is read where it lies.
    if (expression.expr.kind === "column") {
      const index = columnIndex(schema, expression.expr.name);
      if (index >= 0) return batch => batch.columns[index];
    }
    return compileColumn(expression, [schema], { codegen });
  });
  return batch => readers.map(read => read(batch));
}
