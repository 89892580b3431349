/**
 * A column while a decoder fills it: arrays that double as they grow, a type that may still be open, and nothing allocated
 * per row. All kinds share one class, so that a decoder's loop stays monomorphic and switches on `kind` alone.
 *
 * Decoders write at a row number and may write it again: a row counts once the decoder moves on to the next. `stamp` tells
 * which attempt at a row wrote last, so that a field missing from a row, or there twice, is noticed.
 */
import { ByteDictionary } from "../columns/byte-dictionary.ts";
import type { Column, ColumnType, Value } from "../columns/column.ts";
import { TimeReader } from "./timestamps.ts";
import type { DecodeOptions, LineProblem } from "./log.ts";

/** Nothing but nulls so far. */
export const OPEN = 0;
export const NUMBER = 1;
export const TIMESTAMP = 2;
export const BOOLEAN = 3;
export const STRING = 4;
export const JSON_VALUE = 5;

export type Kind = typeof OPEN | typeof NUMBER | typeof TIMESTAMP | typeof BOOLEAN | typeof STRING | typeof JSON_VALUE;

const KINDS: Readonly<Record<ColumnType, Kind>> = {
  number: NUMBER,
  timestamp: TIMESTAMP,
  boolean: BOOLEAN,
  string: STRING,
  json: JSON_VALUE,
};

/** What a value of each kind is called in messages. */
export const KIND_NAMES: readonly string[] = [
  "nothing",
  "numbers",
  "times",
  "booleans",
  "text",
  "nested or mixed values",
];

export const COLUMN_TYPES: readonly ColumnType[] = ["string", "number", "timestamp", "boolean", "string", "json"];

export class GrowingColumn {
  readonly name: string;
  /** Whether the type was stated, so that no value may change it. */
  readonly stated: boolean;
  kind: Kind;
  /** Numbers and timestamps; NaN where there is none. */
  floats = new Float64Array(0);
  /** String codes, or booleans as 0 and 1; -1 where there is none. */
  codes = new Int32Array(0);
  /** JSON values. */
  values: Value[] = [];
  dictionary: ByteDictionary | null = null;
  readonly times: TimeReader;
  /** The attempt at a row that wrote here last. */
  stamp = 0;
  /** The first row with a value, or -1: how many rows have confirmed the inferred type since. */
  firstRow = -1;
  /** Whether any row was left without a value, even one that was written again later. */
  nulls = false;
  /** The line of the first value, for notes. */
  firstLine = 0;
  /** Integers that a double cannot hold. */
  inexact = 0;
  #capacity = 0;

  constructor(name: string, options: DecodeOptions, capacity: number) {
    this.name = name;
    const type = options.types !== undefined && Object.hasOwn(options.types, name) ? options.types[name] : undefined;
    this.stated = type !== undefined;
    this.kind = type === undefined ? OPEN : KINDS[type];
    const own = options.times !== undefined && Object.hasOwn(options.times, name) ? options.times[name] : {};
    this.times = new TimeReader({
      unit: own.unit ?? options.timeUnit,
      timeZone: own.timeZone ?? options.timeZone,
      ambiguous: own.ambiguous ?? options.ambiguous,
    });
    this.reserve(capacity);
    this.#allocate();
  }

  /** Says that a value does not fit: what it is, what is `expected`, since when, and the type that would hold both. */
  mismatch(value: string, found: string, expected: string, since: string, wider: ColumnType): LineProblem {
    const wayOut = this.stated
      ? `The field is stated to hold ${expected}.`
      : `The field held ${expected} ${since}; to keep both, state types: {${JSON.stringify(this.name)}: "${wider}"}.`;
    return { field: this.name, value, reason: `${this.name} is ${found} here. ${wayOut}` };
  }

  /** Makes room for `capacity` rows. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    this.#capacity = capacity;
    if (this.floats.length > 0) {
      const floats = new Float64Array(capacity).fill(NaN, this.floats.length);
      floats.set(this.floats);
      this.floats = floats;
    }
    if (this.codes.length > 0) {
      const codes = new Int32Array(capacity).fill(-1, this.codes.length);
      codes.set(this.codes);
      this.codes = codes;
    }
  }

  /** Gives an open column its type. The rows before stay null. */
  open(kind: Kind): void {
    this.kind = kind;
    this.#allocate();
  }

  /** Turns what was read so far into JSON values. */
  widen(rows: number): void {
    const column = this.#column(rows);
    this.values = [];
    for (let row = 0; row < rows; row++) this.values.push(cell(column, row));
    this.kind = JSON_VALUE;
    this.floats = new Float64Array(0);
    this.codes = new Int32Array(0);
    this.dictionary = null;
  }

  /** Leaves a row without a value. */
  writeNull(row: number): void {
    this.nulls = true;
    switch (this.kind) {
      case NUMBER:
      case TIMESTAMP:
        this.floats[row] = NaN;
        break;
      case BOOLEAN:
      case STRING:
        this.codes[row] = -1;
        break;
      case JSON_VALUE:
        this.values[row] = null;
        break;
    }
  }

  /** Says whether a row has no value. */
  isNull(row: number): boolean {
    switch (this.kind) {
      case OPEN:
        return true;
      case NUMBER:
      case TIMESTAMP:
        return Number.isNaN(this.floats[row]);
      case BOOLEAN:
      case STRING:
        return this.codes[row] < 0;
      case JSON_VALUE:
        return this.values[row] === null || this.values[row] === undefined;
    }
  }

  /** Says whether any of the first `rows` rows has no value. */
  hasNulls(rows: number): boolean {
    if (!this.nulls) return false;
    for (let row = 0; row < rows; row++) if (this.isNull(row)) return true;
    return false;
  }

  /** Of views: whether there is a value, a boolean's values, and how many rows of both have been written. */
  #valid: Uint8Array | null = null;
  #truth = new Uint8Array(0);
  #viewed = 0;

  /**
   * Views the first `rows` rows as a column, while more are to follow: costs what has come since the last view, not what was
   * there before. The column's type must be stated, and `rows` must not go back.
   */
  view(rows: number): Column {
    const from = this.#viewed;
    this.#viewed = rows;
    const widened = <T extends Uint8Array>(array: T): T => {
      if (array.length >= rows) return array;
      const wider = new Uint8Array(this.#capacity) as T;
      wider.set(array);
      return wider;
    };
    if (this.kind === STRING) {
      return { type: "string", codes: this.codes.subarray(0, rows), dictionary: this.dictionary as ByteDictionary };
    }
    if (this.kind === JSON_VALUE) {
      for (let row = from; row < rows; row++) this.values[row] ??= null;
      return { type: "json", values: this.values };
    }
    const wasNull = this.#valid !== null;
    if (this.nulls || wasNull) {
      const valid = widened(this.#valid ?? new Uint8Array(0));
      for (let row = wasNull ? from : 0; row < rows; row++) valid[row] = this.isNull(row) ? 0 : 1;
      this.#valid = valid;
    }
    const valid = this.#valid === null ? null : this.#valid.subarray(0, rows);
    if (this.kind === BOOLEAN) {
      this.#truth = widened(this.#truth);
      for (let row = from; row < rows; row++) this.#truth[row] = this.codes[row] === 1 ? 1 : 0;
      return { type: "boolean", values: this.#truth.subarray(0, rows), valid };
    }
    return { type: this.kind === NUMBER ? "number" : "timestamp", values: this.floats.subarray(0, rows), valid };
  }

  /** Hands out the first `rows` rows as a column; arrays with much slack are copied to their size. */
  take(rows: number): Column {
    return this.#column(rows);
  }

  #allocate(): void {
    if (this.kind === NUMBER || this.kind === TIMESTAMP) this.floats = new Float64Array(this.#capacity).fill(NaN);
    if (this.kind === BOOLEAN || this.kind === STRING) this.codes = new Int32Array(this.#capacity).fill(-1);
    if (this.kind === STRING) this.dictionary ??= new ByteDictionary();
    // Rows that came before this column was known have no value.
    if (this.kind === JSON_VALUE) this.values = [];
  }

  #column(rows: number): Column {
    switch (this.kind) {
      case NUMBER:
      case TIMESTAMP: {
        let valid: Uint8Array | null = null;
        if (this.nulls) {
          valid = new Uint8Array(rows);
          let missing = 0;
          for (let row = 0; row < rows; row++)
            if (Number.isNaN(this.floats[row])) missing++;
            else valid[row] = 1;
          if (missing === 0) valid = null;
        }
        return { type: this.kind === NUMBER ? "number" : "timestamp", values: trimmed(this.floats, rows), valid };
      }
      case BOOLEAN: {
        const values = new Uint8Array(rows);
        let valid: Uint8Array | null = null;
        for (let row = 0; row < rows; row++) {
          if (this.codes[row] < 0) {
            valid ??= new Uint8Array(rows).fill(1);
            valid[row] = 0;
          } else values[row] = this.codes[row];
        }
        return { type: "boolean", values, valid };
      }
      case STRING:
        return {
          type: "string",
          codes: trimmed(this.codes, rows),
          dictionary: this.dictionary ?? new ByteDictionary(),
        };
      case OPEN:
        return { type: "string", codes: new Int32Array(rows).fill(-1), dictionary: new ByteDictionary() };
      case JSON_VALUE: {
        const values = this.values.slice(0, rows);
        for (let row = 0; row < rows; row++) values[row] ??= null;
        while (values.length < rows) values.push(null);
        return { type: "json", values };
      }
    }
  }
}

function cell(column: Column, row: number): Value {
  switch (column.type) {
    case "number":
    case "timestamp":
      return Number.isNaN(column.values[row]) ? null : column.values[row];
    case "boolean":
      return column.valid !== null && column.valid[row] === 0 ? null : column.values[row] === 1;
    case "string":
      return column.codes[row] < 0 ? null : column.dictionary.value(column.codes[row]);
    case "json":
      return column.values[row];
  }
}

function trimmed<T extends Float64Array | Int32Array>(array: T, rows: number): T {
  return (array.length > rows * 1.25 + 64 ? array.slice(0, rows) : array.subarray(0, rows)) as T;
}
