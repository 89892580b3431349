/** Checks rows that a user's function made against the columns it was said to make. */
import type { Batch } from "../../columns/batch.ts";
import { BatchBuilder } from "../../columns/builder.ts";
import type { Field, Value } from "../../columns/column.ts";
import { asValue } from "../../expressions/values.ts";

/** Takes in the rows that a user's function makes, in the order of the stated fields. */
export class MadeRows {
  readonly #fields: readonly Field[];
  readonly #what: string;
  readonly #builder: BatchBuilder;
  /** The values of one row: all are checked before any is taken. */
  readonly #values: Value[];

  /** `what` makes the rows, in the words of messages. */
  constructor(fields: readonly Field[], what: string) {
    this.#fields = fields;
    this.#what = what;
    // The columns keep their dictionaries for as long as this is there.
    this.#builder = new BatchBuilder(fields);
    this.#values = fields.map(() => null);
  }

  /** Takes a row. Throws when it, or one of its values, does not fit. */
  append(row: unknown): void {
    const fields = this.#fields;
    const values = this.#values;
    if (row === null || typeof row !== "object" || Array.isArray(row))
      throw new Error(
        `${this.#what} made ${shown(row)}, which is no row. A row is an object such as {${fields.map(f => f.name).join(", ")}}.`,
      );
    for (const name in row) if (!this.#has(name) && Object.hasOwn(row, name)) throw this.#unstated(name);
    for (let i = 0; i < fields.length; i++)
      values[i] = this.#fitting((row as Record<string, unknown>)[fields[i].name], fields[i]);
    this.#builder.append(values);
  }

  /** Takes a row of one value. */
  appendValue(value: unknown): void {
    this.#values[0] = this.#fitting(value, this.#fields[0]);
    this.#builder.append(this.#values);
  }

  /** Hands out the columns of the rows taken so far and begins anew. */
  take(): Batch {
    return this.#builder.take();
  }

  #has(name: string): boolean {
    const fields = this.#fields;
    for (let i = 0; i < fields.length; i++) if (fields[i].name === name) return true;
    return false;
  }

  #fitting(made: unknown, field: Field): Value {
    const value = asValue(made);
    if (value === null || field.type === "json" || typeof value === TYPES[field.type]) return value;
    throw new Error(
      `${this.#what} made ${shown(value)} for the column "${field.name}", which was stated as a ${field.type}. Convert it, or state another type.`,
    );
  }

  #unstated(name: string): Error {
    return new Error(
      `${this.#what} made a column "${name}" that was not stated. There are: ${this.#fields.map(f => f.name).join(", ")}. Add it to {columns: {…}}.`,
    );
  }
}

const TYPES: Readonly<Record<string, string>> = {
  number: "number",
  timestamp: "number",
  boolean: "boolean",
  string: "string",
};

function shown(value: unknown): string {
  const text = typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
