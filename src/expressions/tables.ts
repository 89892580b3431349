/**
 * Values of parts that depend on one text column, computed once per distinct text. A kernel reads them by the text's
 * code, so `d.kind.toUpperCase().startsWith("X")` costs a million rows a million loads and four calls.
 */
import type { Batch } from "../columns/batch.ts";
import type { ColumnType, JsonColumn, Schema, StringColumn, Value } from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { type ColumnSlot, HAS_VALUE, NO_VALUE, type TableSlot, UNKNOWN } from "./kernel-text.ts";
import { evaluator } from "./interpret.ts";
import { parametersOf, type RowExpression } from "./tree.ts";

/**
 * Keeps a part's tables, one per dictionary of its column, so that each distinct text is computed once, and only if a
 * row with it is looked at. All are dropped when a parameter they were computed with changes.
 */
export class TableKeeper {
  readonly #type: ColumnType;
  readonly #evaluate: (text: string | null) => Value;
  readonly #parameters: () => readonly Value[];
  #used: readonly Value[] = [];
  #tables = new WeakMap<Dictionary, Table>();

  constructor(slot: TableSlot, expression: RowExpression, schemas: readonly Schema[], column: ColumnSlot) {
    this.#type = slot.type;
    const names = parametersOf(slot.expr);
    this.#parameters = () => names.map(name => expression.parameters[name]);
    // The text is handed over as a json column's value, which saves a dictionary of its own.
    const values: Value[] = [null];
    const single: JsonColumn = { type: "json", values };
    const field = schemas[column.side][column.index];
    const row: Batch = { schema: [field], length: 1, columns: [single] };
    const evaluate = evaluator({ ...expression, expr: slot.expr }, [row.schema, row.schema]);
    const at = { batches: [row, row], rows: [0, 0] };
    this.#evaluate = text => {
      values[0] = text;
      return evaluate(at);
    };
  }

  /** Returns the table for a column's dictionary, with room for every text there is by now. */
  table(column: StringColumn): Table {
    const parameters = this.#parameters();
    if (parameters.length !== this.#used.length || parameters.some((p, i) => !Object.is(p, this.#used[i]))) {
      this.#tables = new WeakMap();
      this.#used = parameters;
    }
    let table = this.#tables.get(column.dictionary);
    if (table === undefined) {
      table = new Table(this.#type, column.dictionary, this.#evaluate);
      this.#tables.set(column.dictionary, table);
    }
    table.prepare();
    return table;
  }
}

/** How many new texts are computed before a loop rather than in it: well under a millisecond's worth. */
const FEW = 1_024;

/** The values of one part by the code of its text, plus one; entry 0 is null's. */
export class Table {
  readonly #type: ColumnType;
  readonly #texts: Dictionary;
  readonly #evaluate: (text: string | null) => Value;
  /** Codes of results that are text. */
  readonly dictionary = new Dictionary();
  values: Float64Array | Uint8Array | Int32Array | Value[];
  /** `NO_VALUE`, `HAS_VALUE` or `UNKNOWN` per entry. */
  states = new Uint8Array(16).fill(UNKNOWN);

  constructor(type: ColumnType, texts: Dictionary, evaluate: (text: string | null) => Value) {
    this.#type = type;
    this.#texts = texts;
    this.#evaluate = evaluate;
    this.values = arrayFor(type, 16);
  }

  /** Whether every text there is has its entry. */
  complete = false;
  #filled = 0;

  /**
   * Makes room before a loop starts, because the loop holds on to the arrays. Few new texts are computed at once, which
   * spares the loop from asking; many are left to the rows that have them, so that a long dictionary costs no pause.
   */
  prepare(): void {
    const length = this.#texts.size + 1;
    if (length > this.states.length) this.#reserve(Math.max(length, 2 * this.states.length));
    if (length - this.#filled <= FEW) this.#fillAll(length);
    this.complete = this.#filled >= length;
  }

  #fillAll(length: number): void {
    try {
      for (let entry = 0; entry < length && this.#filled < length; entry++)
        if (this.states[entry] === UNKNOWN) this.fill(entry);
    } catch {
      // A text on which the function throws may belong to no row that asks for it; if one does, it throws again there.
    }
  }

  #reserve(capacity: number): void {
    const states = new Uint8Array(capacity).fill(UNKNOWN);
    states.set(this.states);
    this.states = states;
    if (Array.isArray(this.values)) return;
    const values = arrayFor(this.#type, capacity) as Float64Array;
    values.set(this.values);
    this.values = values;
  }

  /** Computes one entry. */
  fill(entry: number): void {
    const value = this.#evaluate(entry === 0 ? null : this.#texts.value(entry - 1));
    this.#filled++;
    this.states[entry] = value === null ? NO_VALUE : HAS_VALUE;
    if (Array.isArray(this.values)) this.values[entry] = value;
    else if (this.#type === "string") this.values[entry] = value === null ? -1 : this.dictionary.code(value as string);
    else this.values[entry] = Number(value);
  }
}

/** Makes the array that holds a column's values. */
export function arrayFor(type: ColumnType, length: number): Float64Array | Uint8Array | Int32Array | Value[] {
  switch (type) {
    case "number":
    case "timestamp":
      return new Float64Array(length);
    case "boolean":
      return new Uint8Array(length);
    case "string":
      return new Int32Array(length);
    case "json":
      return Array.from<Value>({ length }).fill(null);
  }
}
