/**
 * Builds columns by appending, with arrays that double as they grow. A builder is reused from step to step: `take`
 * hands out what was appended and starts again with fresh arrays of the same capacity, so nobody downstream sees a
 * batch change under its hands.
 */
import type { Batch } from "./batch.ts";
import type { Column, Field, Schema, Value } from "./column.ts";
import { Dictionary } from "./dictionary.ts";

/** Appends values of one column. `null` and `undefined` are null. */
export interface ColumnBuilder {
  readonly field: Field;
  append(value: Value | undefined): void;
  /** Hands out the first `length` values as a column and empties the builder. */
  take(length: number): Column;
}

/** Places that a builder's first array has. There is none before the first value: most steps of most side outputs have no row. */
const FIRST = 16;

/** Makes the builder for a field. String builders keep their dictionary for their whole life. */
export function columnBuilder(field: Field, dictionary: Dictionary = new Dictionary()): ColumnBuilder {
  switch (field.type) {
    case "number":
    case "timestamp":
      return new NumberBuilder(field, field.type);
    case "boolean":
      return new BooleanBuilder(field);
    case "string":
      return new StringBuilder(field, dictionary);
    case "json":
      return new JsonBuilder(field);
  }
}

class NumberBuilder implements ColumnBuilder {
  readonly field: Field;
  readonly #type: "number" | "timestamp";
  #values = new Float64Array(0);
  #valid: Uint8Array | null = null;
  #length = 0;
  constructor(field: Field, type: "number" | "timestamp") {
    this.field = field;
    this.#type = type;
  }
  append(value: Value | undefined): void {
    if (this.#length === this.#values.length) this.#grow();
    if (value === null || value === undefined) {
      this.#valid ??= new Uint8Array(this.#values.length).fill(1);
      this.#valid[this.#length] = 0;
      this.#values[this.#length++] = NaN;
    } else this.#values[this.#length++] = value as number;
  }
  #grow(): void {
    const values = new Float64Array(Math.max(FIRST, this.#values.length * 2));
    values.set(this.#values);
    this.#values = values;
    if (this.#valid !== null) {
      const valid = new Uint8Array(values.length).fill(1);
      valid.set(this.#valid);
      this.#valid = valid;
    }
  }
  take(length: number): Column {
    if (this.#length === 0) return { type: this.#type, values: new Float64Array(0), valid: null };
    const column: Column = {
      type: this.#type,
      values: this.#values.subarray(0, length),
      valid: this.#valid === null ? null : this.#valid.subarray(0, length),
    };
    this.#values = new Float64Array(this.#values.length);
    this.#valid = null;
    this.#length = 0;
    return column;
  }
}

class BooleanBuilder implements ColumnBuilder {
  readonly field: Field;
  #values: number[] = [];
  #nulls = false;
  constructor(field: Field) {
    this.field = field;
  }
  append(value: Value | undefined): void {
    if (value === null || value === undefined) {
      this.#nulls = true;
      this.#values.push(2);
    } else this.#values.push(value ? 1 : 0);
  }
  take(length: number): Column {
    const values = new Uint8Array(length);
    const valid = this.#nulls ? new Uint8Array(length) : null;
    for (let i = 0; i < length; i++) {
      values[i] = this.#values[i] === 1 ? 1 : 0;
      if (valid !== null) valid[i] = this.#values[i] === 2 ? 0 : 1;
    }
    this.#values = [];
    this.#nulls = false;
    return { type: "boolean", values, valid };
  }
}

class StringBuilder implements ColumnBuilder {
  readonly field: Field;
  readonly #dictionary: Dictionary;
  #codes = new Int32Array(0);
  #length = 0;
  constructor(field: Field, dictionary: Dictionary) {
    this.field = field;
    this.#dictionary = dictionary;
  }
  append(value: Value | undefined): void {
    if (this.#length === this.#codes.length) {
      const codes = new Int32Array(Math.max(FIRST, this.#codes.length * 2));
      codes.set(this.#codes);
      this.#codes = codes;
    }
    this.#codes[this.#length++] = value === null || value === undefined ? -1 : this.#dictionary.code(String(value));
  }
  take(length: number): Column {
    if (this.#length === 0) return { type: "string", codes: new Int32Array(0), dictionary: this.#dictionary };
    const column: Column = { type: "string", codes: this.#codes.subarray(0, length), dictionary: this.#dictionary };
    this.#codes = new Int32Array(this.#codes.length);
    this.#length = 0;
    return column;
  }
}

class JsonBuilder implements ColumnBuilder {
  readonly field: Field;
  #values: Value[] = [];
  constructor(field: Field) {
    this.field = field;
  }
  append(value: Value | undefined): void {
    this.#values.push(value === undefined ? null : value);
  }
  take(length: number): Column {
    const values = this.#values.slice(0, length);
    this.#values = [];
    return { type: "json", values };
  }
}

/** Appends whole rows. The columns' builders can also be driven one by one, as long as every row fills all of them. */
export class BatchBuilder {
  readonly schema: Schema;
  readonly columns: readonly ColumnBuilder[];
  #length = 0;

  constructor(schema: Schema, dictionaries: readonly (Dictionary | undefined)[] = []) {
    this.schema = schema;
    this.columns = schema.map((field, i) => columnBuilder(field, dictionaries[i]));
  }

  get length(): number {
    return this.#length;
  }

  /** Says that one more row has been appended to every column. */
  endRow(): void {
    this.#length++;
  }

  /** Appends one row given as values in the schema's order. */
  append(values: readonly (Value | undefined)[]): void {
    for (let i = 0; i < this.columns.length; i++) this.columns[i].append(values[i]);
    this.#length++;
  }

  /** Hands out the rows appended so far and empties the builder; dictionaries live on. */
  take(): Batch {
    const length = this.#length;
    this.#length = 0;
    return { schema: this.schema, length, columns: this.columns.map(c => c.take(length)) };
  }
}

/** Builds a batch from rows given as objects; fields that a row lacks are null. */
export function batchOf(schema: Schema, rows: readonly Readonly<Record<string, Value | undefined>>[]): Batch {
  const builder = new BatchBuilder(schema);
  for (const row of rows) builder.append(schema.map(f => row[f.name]));
  return builder.take();
}

const EMPTY = new WeakMap<Schema, Batch>();

/** Returns the batch of a schema that has no rows: the same one for the same schema. */
export function emptyBatch(schema: Schema): Batch {
  let batch = EMPTY.get(schema);
  if (batch === undefined) EMPTY.set(schema, (batch = batchOf(schema, [])));
  return batch;
}
