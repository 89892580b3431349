/**
 * Turns lines of CSV into JSON, one object per record, so that every live source is recorded in one form. Numbers keep their
 * digits as written, `true` and `false` are booleans, nothing between two delimiters is null, everything else is text; digits
 * with a leading zero are text, because they name something.
 */
import { findDelimiter, splitRecord } from "../csv/records.ts";
import type { Line } from "./lines.ts";

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const encoder = new TextEncoder();

export class CsvLines {
  #delimiter: number;
  #names: readonly string[] | null = null;
  /** A record whose quotes are not closed yet. */
  #open: Line | null = null;

  /** `delimiter`: one character; null: what the header uses most. */
  constructor(delimiter: string | null) {
    this.#delimiter = delimiter === null ? -1 : delimiter.charCodeAt(0);
  }

  /** Begins again with a header: the file is another one. */
  reset(): void {
    this.#names = null;
    this.#open = null;
  }

  /** Takes a line; returns a record as JSON, or null for the header and for a record that goes on. */
  push(line: Line): Line | null {
    const whole = this.#open === null ? line : { text: `${this.#open.text}\n${line.text}`, at: this.#open.at };
    this.#open = null;
    const bytes = encoder.encode(`${whole.text}\n`);
    if (this.#delimiter < 0) this.#delimiter = findDelimiter(bytes, 0, bytes.length);
    const { cells, problem } = splitRecord(bytes, 0, bytes.length, this.#delimiter);
    if (problem === "open" && whole.text.length < 1 << 20) {
      this.#open = whole;
      return null;
    }
    if (this.#names === null) {
      this.#names = cells.map((cell, i) => (cell ?? `column${i + 1}`).replace(/^\ufeff/, ""));
      return null;
    }
    const names = this.#names;
    // What is no record is handed on as it is, and found to be malformed by whoever reads it.
    if (problem !== null || cells.length !== names.length) return { ...whole, text: whole.text.replaceAll("\n", " ") };
    const fields = names.map((name, i) => `${JSON.stringify(name)}:${written(cells[i])}`);
    return { text: `{${fields.join(",")}}`, at: whole.at };
  }
}

function written(cell: string | null): string {
  if (cell === null) return "null";
  return cell === "true" || cell === "false" || JSON_NUMBER.test(cell) ? cell : JSON.stringify(cell);
}
