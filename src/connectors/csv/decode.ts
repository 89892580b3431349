/**
 * Decodes CSV and its kin with other delimiters (RFC 4180, with a header row), straight from bytes into columns.
 *
 * The first thousand rows decide each field's type: number, boolean (true, false) or text; times are stated. Digits with a
 * leading zero (007) are text, because they name something. Then, as for JSON lines, two readers share each record: a
 * scanner that knows the types and writes without making strings, and the plain splitter for whatever the scanner does not
 * expect. Nothing between two delimiters is null; `""` is the empty text. Blank lines are skipped.
 */
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { Value } from "../../columns/column.ts";
import {
  BOOLEAN,
  COLUMN_TYPES,
  type GrowingColumn,
  JSON_VALUE,
  KIND_NAMES,
  type Kind,
  NUMBER,
  OPEN,
  STRING,
  TIMESTAMP,
} from "../growing-column.ts";
import { LogDecoder } from "../log-decoder.ts";
import { type DecodeOptions, type Decoder, type LineProblem, SourceError, without } from "../log.ts";
import { readBoolean, readNumber, readPlain, readQuoted, readTime } from "./fields.ts";
import { type Cell, findDelimiter, type RecordSplit, splitRecord } from "./records.ts";

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;
/** A record longer than this has a quote that was never meant to open one. */
const RECORD_LIMIT = 1 << 24;
const NUMBER_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const NAME_LIKE = /^[+-]?0\d/;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export interface CsvOptions extends DecodeOptions {
  /** One character. Default: the one of comma, tab, semicolon and bar that the header uses most. */
  readonly delimiter?: string;
}

/** Makes a decoder of CSV. Throws when an option is wrong (an unknown zone, a delimiter that cannot be one). */
export function csvDecoder(options: CsvOptions = {}): Decoder {
  return new CsvDecoder(options);
}

class CsvDecoder extends LogDecoder implements Decoder {
  /** The delimiter's byte; -1 until the header is known. */
  #delimiter: number;
  #carry: Uint8Array = new Uint8Array(0);
  #headerRead = false;
  /** The line on which the next record starts. */
  #line = 1;

  constructor(options: CsvOptions) {
    super(options);
    const { delimiter } = options;
    this.#delimiter = delimiter === undefined ? -1 : delimiter.charCodeAt(0);
    if (delimiter !== undefined && (delimiter.length !== 1 || this.#delimiter > 126 || /["\r\n]/.test(delimiter)))
      throw new SourceError(
        `${this.log.file}: ${JSON.stringify(delimiter)} cannot be a delimiter. Give one ASCII character, such as ";" or "\\t".`,
        { file: this.log.file, value: delimiter },
      );
  }

  push(bytes: Uint8Array, final = false): void {
    this.bytesRead += bytes.length;
    let buffer = bytes;
    if (this.#carry.length > 0 || (final && bytes[bytes.length - 1] !== NEWLINE)) {
      // The scanner relies on a last newline, so a file without one is given it.
      const closing = final && (bytes.length > 0 ? bytes : this.#carry).at(-1) !== NEWLINE ? 1 : 0;
      buffer = new Uint8Array(this.#carry.length + bytes.length + closing);
      buffer.set(this.#carry);
      buffer.set(bytes, this.#carry.length);
      if (closing === 1) buffer[buffer.length - 1] = NEWLINE;
      this.#carry = new Uint8Array(0);
    }
    const to = buffer.lastIndexOf(NEWLINE) + 1;
    let from = 0;
    if (!this.#headerRead) {
      if (!final && !this.#canInfer(buffer, to)) {
        this.#carry = buffer === bytes ? bytes.slice() : buffer;
        return;
      }
      from = this.#readHeader(buffer, to);
    }
    if (from < to) from = this.#scan(buffer, from, to, final);
    this.#carry = final ? new Uint8Array(0) : buffer.slice(from);
  }

  /** Says whether there are enough whole lines to tell the types. */
  #canInfer(bytes: Uint8Array, to: number): boolean {
    if (to > RECORD_LIMIT) return true;
    let lines = 0;
    for (let p = 0; p < to; p++) if (bytes[p] === NEWLINE && ++lines > this.log.inferRows) return true;
    return false;
  }

  #readHeader(bytes: Uint8Array, to: number): number {
    const log = this.log;
    this.#headerRead = true;
    let from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    while (from < to && (bytes[from] === NEWLINE || (bytes[from] === RETURN && bytes[from + 1] === NEWLINE)))
      if (bytes[from++] === NEWLINE) this.#line++;
    if (from >= to) return to;
    if (this.#delimiter < 0) this.#delimiter = findDelimiter(bytes, from, to);
    const header = splitRecord(bytes, from, to, this.#delimiter);
    if (header.problem !== null)
      throw new SourceError(
        `${log.file}, line ${this.#line}: the header has a quote that is ${header.problem === "open" ? "not closed" : "followed by text"}. Each name is either without quotes or wholly between two.`,
        { file: log.file, line: this.#line },
      );
    header.cells.forEach((cell, i) => log.addColumn(log.nameOf(cell ?? `column${i + 1}`), this.#line));
    for (const column of log.columns) column.times.commaFractions = this.#delimiter !== 44;
    const line = this.#line;
    this.#line += header.lines;
    log.objectsSeen++;
    for (const name of log.required)
      if (!log.columns.some(column => column.name === name))
        throw new SourceError(
          `${log.file}, line ${line}: there is no field "${name}"; there are: ${log.columns.map(c => c.name).join(", ")}. Name one of them, or use rename.`,
          { file: log.file, line, field: name },
        );
    this.#inferTypes(bytes, header.end, to);
    return header.end;
  }

  #inferTypes(bytes: Uint8Array, from: number, to: number): void {
    const columns = this.log.columns;
    const numbers = new Int32Array(columns.length);
    const booleans = new Int32Array(columns.length);
    const texts = new Int32Array(columns.length);
    let rows = 0;
    for (let p = from; p < to && rows < this.log.inferRows; ) {
      const record = splitRecord(bytes, p, to, this.#delimiter);
      p = record.end;
      if (record.cells.length !== columns.length) continue;
      rows++;
      record.cells.forEach((cell, i) => {
        if (cell === null || cell === "") return;
        if (NUMBER_TEXT.test(cell) && !NAME_LIKE.test(cell)) numbers[i]++;
        else if (/^(true|false)$/i.test(cell)) booleans[i]++;
        else texts[i]++;
      });
    }
    columns.forEach((column, i) => {
      const kinds = [numbers[i], booleans[i], texts[i]].filter(n => n > 0).length;
      if (column.stated || kinds === 0) return;
      column.open(kinds > 1 || texts[i] > 0 ? STRING : numbers[i] > 0 ? NUMBER : BOOLEAN);
      column.firstRow = 0;
      if (kinds > 1)
        this.log.notes.push(
          `${column.name} holds ${numbers[i]} numbers, ${booleans[i]} booleans and ${texts[i]} other texts in its first ${rows} rows: it is kept as text. To have the others as errors, state its type: types: {${JSON.stringify(column.name)}: "number"}.`,
        );
    });
  }

  /** Reads the records in `[from, to)`, whose last byte is a newline. Returns where the first incomplete one starts. */
  #scan(bytes: Uint8Array, from: number, to: number, final: boolean): number {
    const log = this.log;
    const columns = log.columns;
    const last = columns.length - 1;
    const delimiter = this.#delimiter;
    let line = this.#line;
    let row = log.rows;
    let p = from;
    while (p < to) {
      const start = p;
      let c = bytes[p];
      if (c === NEWLINE || (c === RETURN && bytes[p + 1] === NEWLINE)) {
        p += c === NEWLINE ? 1 : 2;
        line++;
        continue;
      }
      if (row === log.capacity) log.grow(row, this.bytesRead - (to - p));
      scanned: {
        let sawNull = false;
        for (let index = 0; ; index++) {
          const column = columns[index];
          c = bytes[p];
          if (c === delimiter || c === NEWLINE || c === RETURN) {
            column.writeNull(row);
            sawNull = true;
          } else {
            const quoted = c === QUOTE;
            if (quoted) p++;
            switch (column.kind) {
              case STRING:
                p = quoted ? readQuoted(column, bytes, p, row) : readPlain(column, bytes, p, row, delimiter);
                break;
              case NUMBER:
                p = readNumber(column, bytes, p, row);
                break;
              case TIMESTAMP:
                p = readTime(column, bytes, p, row);
                break;
              case BOOLEAN:
                p = readBoolean(column, bytes, p, row);
                break;
              default:
                break scanned;
            }
            if (p < 0) break scanned;
            c = bytes[p];
            if (quoted) {
              if (c !== QUOTE) break scanned;
              c = bytes[++p];
            }
          }
          if (c === delimiter) {
            if (index === last) break scanned;
            p++;
            continue;
          }
          if (c === RETURN) c = bytes[++p];
          if (c !== NEWLINE || index !== last) break scanned;
          break;
        }
        if (sawNull && log.missingRequired(row) !== null) break scanned;
        p++;
        log.lines[row++] = line;
        line++;
        continue;
      }
      const record = splitRecord(bytes, start, to, delimiter);
      if (record.problem === "open" && !final && to - start < RECORD_LIMIT) {
        p = start;
        break;
      }
      log.rows = row;
      this.#readSlowly(bytes, start, record, line);
      row = log.rows;
      line += record.lines;
      p = record.end;
    }
    this.#line = line;
    log.rows = row;
    return p;
  }

  /** Reads one record that has been split: adds it as a row, or keeps it as an error. */
  #readSlowly(bytes: Uint8Array, start: number, record: RecordSplit, line: number): void {
    const log = this.log;
    const columns = log.columns;
    const problem = this.#problemOf(record, line);
    if (problem !== null) {
      let end = record.end;
      while (end > start && (bytes[end - 1] === NEWLINE || bytes[end - 1] === RETURN)) end--;
      log.errors.add(line, problem, () => utf8.decode(bytes.subarray(start, end)));
      return;
    }
    const row = log.rows;
    record.cells.forEach((cell, i) => writeCell(columns[i], cell, row, line));
    log.lines[row] = line;
    log.rows = row + 1;
  }

  #problemOf(record: RecordSplit, line: number): LineProblem | null {
    const columns = this.log.columns;
    if (record.problem === "open") return { field: null, value: null, reason: "A quote is opened and never closed." };
    if (record.problem === "after quote")
      return {
        field: null,
        value: null,
        reason: "Text follows a closing quote. A quote inside quotes is written twice.",
      };
    const { cells } = record;
    if (cells.length !== columns.length)
      return {
        field: null,
        value: null,
        reason: `The row has ${fields(cells.length)}, the header ${fields(columns.length)}.`,
      };
    for (let i = 0; i < cells.length; i++) {
      const problem = this.#fit(columns[i], cells[i], line);
      if (problem !== null) return problem;
    }
    const missing = this.log.required.find(name => {
      const i = columns.findIndex(column => column.name === name);
      return isNull(cells[i], columns[i].kind);
    });
    return missing === undefined ? null : without(missing, "row");
  }

  #fit(column: GrowingColumn, cell: Cell, line: number): LineProblem | null {
    if (isNull(cell, column.kind) || column.kind === OPEN || column.kind === STRING) return null;
    const text = cell as string;
    if (column.kind === TIMESTAMP) {
      if (!Number.isNaN(column.times.string(text))) return null;
      return this.log.timeProblem(column, JSON.stringify(text), text, line);
    }
    if (valueOf(text, column.kind) !== undefined) return null;
    const expected = column.kind === JSON_VALUE ? "JSON" : KIND_NAMES[column.kind];
    return column.mismatch(text, `not ${singular(column.kind)}`, expected, "in its first rows", "string");
  }
}

function fields(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

function singular(kind: Kind): string {
  return kind === NUMBER ? "a number" : kind === BOOLEAN ? "true or false" : COLUMN_TYPES[kind];
}

/** Nothing is null; between quotes, nothing is still a text where texts are held, and null elsewhere. */
function isNull(cell: Cell, kind: Kind): boolean {
  return cell === null || (cell === "" && kind !== STRING && kind !== OPEN);
}

function valueOf(text: string, kind: Kind): Value | undefined {
  switch (kind) {
    case NUMBER:
      return NUMBER_TEXT.test(text) ? Number(text) : undefined;
    case BOOLEAN:
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
    case JSON_VALUE:
      try {
        return JSON.parse(text) as Value;
      } catch {
        return undefined;
      }
    default:
      return text;
  }
}

/** Writes a cell that is known to fit. A field that was empty so far holds text from here on. */
function writeCell(column: GrowingColumn, cell: Cell, row: number, line: number): void {
  if (isNull(cell, column.kind)) {
    column.writeNull(row);
    return;
  }
  const text = cell as string;
  if (column.kind === OPEN) column.open(STRING);
  if (column.firstRow < 0) {
    column.firstRow = row;
    column.firstLine = line;
  }
  switch (column.kind) {
    case NUMBER: {
      const value = Number(text);
      column.floats[row] = value;
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) column.inexact++;
      break;
    }
    case TIMESTAMP:
      column.floats[row] = column.times.string(text);
      break;
    case BOOLEAN:
      column.codes[row] = /^true$/i.test(text) ? 1 : 0;
      break;
    case STRING:
      column.codes[row] = (column.dictionary as ByteDictionary).code(text);
      break;
    case JSON_VALUE:
      column.values[row] = JSON.parse(text) as Value;
      break;
  }
}
