/**
 * Small integers for the groups of an aggregate, so that its state can be arrays: codes from −1 (the null key, where it
 * has no other) up to `size`, never reused.
 *
 * One string column needs no work at all, since its dictionary codes are such integers already. Other keys are numbered
 * by a `KeyIndex`, and a row of each kept to show them again.
 */
import type { Batch } from "../../../columns/batch.ts";
import type { Column, Schema, StringColumn } from "../../../columns/column.ts";
import { Dictionary } from "../../../columns/dictionary.ts";
import { type ColumnKernel, compileColumn } from "../../../expressions/compile.ts";
import { typeOf } from "../../../expressions/types.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { KeyIndex } from "../../key-index.ts";
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
  const kernels = node.keys.map(k => compileColumn(k.expression, context.inputs, { codegen: context.codegen }));
  return schema.length === 1 && schema[0].type === "string"
    ? new StringKey(kernels[0])
    : new InternedKeys(kernels, schema);
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

class InternedKeys implements KeyCodes {
  readonly #kernels: readonly ColumnKernel[];
  readonly #schema: Schema;
  readonly #index: KeyIndex;
  /** The first row of each key, and its slot by code; −1: not seen. */
  readonly #rows: RowStore;
  #slots = new Int32Array(16).fill(-1);
  size = 0;
  constructor(kernels: readonly ColumnKernel[], schema: Schema) {
    this.#kernels = kernels;
    this.#schema = schema;
    this.#index = new KeyIndex(kernels.length);
    this.#rows = new RowStore(schema);
  }
  codes(batch: Batch): Int32Array {
    const { length } = batch;
    const columns = this.#kernels.map(kernel => kernel(batch));
    const keys: Batch = { schema: this.#schema, length, columns };
    const codes = this.#index.ids(columns, length, true);
    for (let i = 0; i < length; i++) {
      const code = codes[i];
      if (code >= this.size) this.#grow(code + 1);
      if (this.#slots[code] < 0) this.#slots[code] = this.#rows.put(keys, i, 0);
    }
    return codes;
  }
  #grow(size: number): void {
    this.size = size;
    if (size <= this.#slots.length) return;
    const slots = new Int32Array(Math.max(size, 2 * this.#slots.length)).fill(-1);
    slots.set(this.#slots);
    this.#slots = slots;
  }
  columns(codes: Int32Array, count: number): Column[] {
    const slots = new Int32Array(count);
    for (let i = 0; i < count; i++) slots[i] = this.#slots[codes[i]];
    return this.#schema.map((_, c) => this.#rows.gather(c, slots, count));
  }
  snapshot(): unknown {
    return {
      index: this.#index.snapshot(),
      rows: this.#rows.snapshot(),
      slots: this.#slots.slice(0, this.size),
    };
  }
  restore(snapshot: unknown): void {
    const from = snapshot as { index: unknown; rows: unknown; slots: Int32Array };
    this.#index.restore(from.index);
    this.#rows.restore(from.rows);
    this.#grow(from.slots.length);
    this.#slots.set(from.slots);
  }
}
