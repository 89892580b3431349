/** Gathers a column from its row groups: numbers, times and texts' codes into one array, the rest as values. */
import type { DecodedArray } from "hyparquet";
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { Column, ColumnType } from "../../columns/column.ts";
import { columnOfValues } from "../whole-columns.ts";
import type { ColumnRoom } from "./pages.ts";

export class Filling implements ColumnRoom {
  readonly floats: Float64Array | null;
  readonly codes: Int32Array | null;
  readonly dictionary: ByteDictionary;
  readonly per: number;
  inexact = 0;
  readonly #type: ColumnType;
  readonly #rows: number;
  readonly #values: unknown[] = [];

  /** Makes room for `rows` rows. `per`: units of the file per number. */
  constructor(type: ColumnType, rows: number, dictionary: ByteDictionary, per: number) {
    this.per = per;
    this.dictionary = dictionary;
    this.#type = type;
    this.#rows = rows;
    this.floats = type === "number" || type === "timestamp" ? new Float64Array(rows) : null;
    this.codes = type === "string" ? new Int32Array(rows) : null;
  }

  /** Whether values can be written into `floats` or `codes`. */
  get direct(): boolean {
    return this.floats !== null || this.codes !== null;
  }

  /** Takes in what hyparquet has decoded, from row `at` on. */
  put(data: DecodedArray, at: number): void {
    const { floats, codes } = this;
    if (codes !== null) {
      for (let i = 0; i < data.length; i++) codes[at + i] = (data[i] as number | null | undefined) ?? -1;
    } else if (floats === null) {
      for (let i = 0; i < data.length; i++) this.#values[at + i] = data[i];
    } else if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      for (let i = 0; i < data.length; i++) floats[at + i] = this.#exact(data[i]) / this.per;
    } else
      for (let i = 0; i < data.length; i++) {
        const value = data[i] as number | bigint | null | undefined;
        floats[at + i] =
          typeof value === "number" ? value : typeof value === "bigint" ? this.#exact(value) / this.per : NaN;
      }
  }

  take(): { readonly column: Column; readonly inexact: number } {
    const { floats, codes, inexact } = this;
    if (codes !== null) return { column: { type: "string", codes, dictionary: this.dictionary }, inexact: 0 };
    if (floats === null) return columnOfValues(this.#values, this.#type, this.#rows);
    // pandas writes NaN where there is no value: here that is null.
    const type = this.#type === "timestamp" ? "timestamp" : "number";
    return { column: { type, values: floats, valid: validOf(floats) }, inexact };
  }

  #exact(value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) this.inexact++;
    return number;
  }
}

function validOf(values: Float64Array): Uint8Array | null {
  let row = 0;
  while (row < values.length && values[row] === values[row]) row++;
  if (row === values.length) return null;
  const valid = new Uint8Array(values.length).fill(1);
  for (; row < values.length; row++) if (values[row] !== values[row]) valid[row] = 0;
  return valid;
}
