/**
 * Small integers for the groups of an aggregate, so that its state can be arrays: codes from −1 (the null key, where it
 * has no other) up to `size`, never reused.
 *
 * One string column needs no work at all, since its dictionary codes are such integers already. Other keys are numbered
 * for all who read them (`numbering.ts`), and a row of each kept to show them again.
 */
import type { Batch } from "../../../columns/batch.ts";
import type { Column, Schema, StringColumn } from "../../../columns/column.ts";
import { Dictionary } from "../../../columns/dictionary.ts";
import { type ColumnKernel, compileColumn } from "../../../expressions/compile.ts";
import { typeOf } from "../../../expressions/types.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { type Claim, type Held, readKeys } from "../../holdings.ts";
import { grown } from "../../journal.ts";
import type { OperatorContext } from "../../operator.ts";
import { RowStore, Translation } from "../../row-store.ts";

export interface KeyCodes {
  /** Codes are below this. */
  readonly size: number;
  /** Returns the code of every row of a batch. The array is valid until the next call, and may be longer than the batch. */
  codes(batch: Batch): Int32Array;
  /** Returns the key columns of the groups named by `codes[0 … count)`. */
  columns(codes: Int32Array, count: number): Column[];
  snapshot(): unknown;
  restore(snapshot: unknown): void;
}

/** Chooses how the keys of a node are numbered. */
export function keyCodes(node: AggregateNode, context: OperatorContext): KeyCodes {
  const schema: Schema = node.keys.map(k => ({ name: k.name, ...typeOf(k.expression, context.inputs) }));
  if (schema.length === 0) return new NoKey();
  if (schema.length === 1 && schema[0].type === "string")
    return new StringKey(compileColumn(node.keys[0].expression, context.inputs, { codegen: context.codegen }));
  const numbers = readKeys([{ input: 0, keys: node.keys.map(k => k.expression) }], context);
  return new NumberedKeys(numbers, schema);
}

/** All rows in one group, code 0. */
class NoKey implements KeyCodes {
  readonly size = 1;
  #zeros = new Int32Array(0);
  codes(batch: Batch): Int32Array {
    if (this.#zeros.length < batch.length) this.#zeros = new Int32Array(batch.length);
    return this.#zeros;
  }
  columns(): Column[] {
    return [];
  }
  snapshot(): unknown {
    return null;
  }
  restore(): void {}
}

/** One string column: the codes of the first dictionary seen. Batches with another one are translated. */
class StringKey implements KeyCodes {
  readonly #kernel: ColumnKernel;
  #dictionary: Dictionary | null = null;
  #translation: Translation | null = null;
  /** Strings by code as a snapshot had them, until a batch brings a dictionary. */
  #restored: readonly string[] = [];
  #scratch = new Int32Array(0);
  constructor(kernel: ColumnKernel) {
    this.#kernel = kernel;
  }
  get size(): number {
    return this.#dictionary === null ? this.#restored.length : this.#dictionary.size;
  }
  codes(batch: Batch): Int32Array {
    const { codes, dictionary } = this.#kernel(batch) as StringColumn;
    this.#dictionary ??= this.#adopt(dictionary);
    return dictionary === this.#dictionary ? codes : this.#translate(codes, dictionary, batch.length);
  }
  /** After a restore the codes must mean what they meant: the stream's dictionary serves if it begins as the old one did. */
  #adopt(dictionary: Dictionary): Dictionary {
    if (this.#restored.every((value, code) => code < dictionary.size && dictionary.value(code) === value))
      return dictionary;
    return new Dictionary(this.#restored);
  }
  #translate(codes: Int32Array, dictionary: Dictionary, length: number): Int32Array {
    this.#translation ??= new Translation(this.#dictionary as Dictionary);
    const table = this.#translation.table(dictionary);
    if (this.#scratch.length < length) this.#scratch = new Int32Array(length);
    for (let i = 0; i < length; i++) this.#scratch[i] = codes[i] < 0 ? -1 : table[codes[i]];
    return this.#scratch;
  }
  columns(codes: Int32Array, count: number): Column[] {
    // After a restore, panes may be due before any batch was seen.
    const dictionary = this.#dictionary ?? new Dictionary(this.#restored);
    return [{ type: "string", codes: codes.subarray(0, count), dictionary }];
  }
  snapshot(): unknown {
    return this.#dictionary === null ? [...this.#restored] : [...this.#dictionary.values];
  }
  restore(snapshot: unknown): void {
    this.#restored = snapshot as string[];
    this.#dictionary = null;
    this.#translation = null;
  }
}

/**
 * Other keys, by the numbers that all readers of the keys have. Those are the codes, unless keys of other streams are numbered among
 * them; then codes are handed out in the order in which keys first appear, so that arrays by code have no gaps.
 */
class NumberedKeys implements KeyCodes {
  readonly #schema: Schema;
  readonly #numbers: Claim<Held>;
  /** Slot + 1 by the key's number; 0: not seen. */
  #slotOf: Int32Array = new Int32Array(64);
  #codes = new Int32Array(0);
  /** The first row of each key. */
  readonly #rows: RowStore;
  size = 0;
  constructor(numbers: Claim<Held>, schema: Schema) {
    this.#numbers = numbers;
    this.#schema = schema;
    this.#rows = new RowStore(schema);
  }
  codes(batch: Batch): Int32Array {
    const { length } = batch;
    const ids = this.#numbers.keys[0].ids(batch);
    let slotOf = this.#slotOf;
    if (this.#numbers.isOfOne) {
      // Beyond the array's end nothing is found either.
      for (let row = 0; row < length; row++) if (!(slotOf[ids[row]] > 0)) slotOf = this.#meet(batch, row, ids[row]);
      return ids;
    }
    if (this.#codes.length < length) this.#codes = new Int32Array(Math.max(length, 2 * this.#codes.length));
    const codes = this.#codes;
    for (let row = 0; row < length; row++) {
      if (!(slotOf[ids[row]] > 0)) slotOf = this.#meet(batch, row, ids[row]);
      codes[row] = slotOf[ids[row]] - 1;
    }
    return codes;
  }
  /** Keeps the first row of a key, and returns the array of slots, which may have grown. */
  #meet(batch: Batch, row: number, id: number): Int32Array {
    if (id >= this.#slotOf.length) this.#slotOf = grown(this.#slotOf, Math.max(id + 1, 2 * this.#slotOf.length));
    const { length } = batch;
    const slot = this.#rows.put(
      { schema: this.#schema, length, columns: this.#numbers.keys[0].columns(batch) },
      row,
      0,
    );
    this.#slotOf[id] = slot + 1;
    this.size = Math.max(this.size, (this.#numbers.isOfOne ? id : slot) + 1);
    return this.#slotOf;
  }
  columns(codes: Int32Array, count: number): Column[] {
    const slots = new Int32Array(count);
    const direct = this.size > 0 && this.#numbers.isOfOne;
    for (let i = 0; i < count; i++) slots[i] = direct ? this.#slotOf[codes[i]] - 1 : codes[i];
    return this.#schema.map((_, c) => this.#rows.gather(c, slots, count));
  }
  snapshot(): unknown {
    return {
      numbers: this.#numbers.snapshot(),
      rows: this.#rows.snapshot(),
      slotOf: this.#slotOf.slice(),
      size: this.size,
    };
  }
  restore(snapshot: unknown): void {
    const from = snapshot as { numbers: unknown; rows: unknown; slotOf: Int32Array; size: number };
    this.#numbers.restore(from.numbers);
    this.#rows.restore(from.rows);
    this.#slotOf = from.slotOf.slice();
    this.size = from.size;
  }
}
