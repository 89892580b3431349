/**
 * Decodes JSON lines: one flat object per line, straight from bytes into columns.
 *
 * Two readers share each line. The scanner knows the columns there are and their types, guesses that fields come in the
 * order of the line before, and writes numbers, times and dictionary codes without making an object or a string. Whatever
 * it does not expect (a new field, another type, a field twice, a syntax error) it leaves to the second reader, which takes
 * the line through `JSON.parse`, learns the new field or widens a type, and lets the scanner try again; or keeps the line as
 * an error. So the scanner may be narrow, and what a line means is what `JSON.parse` says it means.
 */
import { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { Batch } from "../../columns/batch.ts";
import type { Column, Value } from "../../columns/column.ts";
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
import { type DecodeOptions, type Decoder, type LineProblem, show, without } from "../log.ts";
import { endOfNull, readBoolean, readJson, readNumber, readString, readTime } from "./fields.ts";
import { kindOf, syntaxReason, valueName, write } from "./values.ts";

const NEWLINE = 10;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** A decoder whose rows can be looked at while more are to follow. */
export interface GrowingDecoder extends Decoder {
  /** Views the fields that were stated beforehand, as far as rows were read. Costs what has come since the last view. */
  view(): { readonly columns: readonly Column[]; readonly line: Int32Array; readonly rows: number };
  /** Takes out the lines that could not be read since this was last asked. */
  takeErrors(): Batch;
}

/** Makes a decoder whose fields and types are all stated in `types`; other fields of a line are not looked at by whoever views. */
export function growingJsonLinesDecoder(
  options: DecodeOptions & { readonly types: NonNullable<DecodeOptions["types"]> },
): GrowingDecoder {
  return new JsonLinesDecoder(options, Object.keys(options.types));
}

/** Makes a decoder of JSON lines. Throws when an option is wrong (an unknown zone). */
export function jsonLinesDecoder(options: DecodeOptions = {}): Decoder {
  return new JsonLinesDecoder(options);
}

class JsonLinesDecoder extends LogDecoder implements GrowingDecoder {
  #carry = new Uint8Array(0);
  #carried = 0;
  #started = false;
  #line = 0;
  #attempt = 0;
  /** The fields' names as bytes; a name's code is its column's index. */
  readonly #keys = new ByteDictionary();
  /** Each name between quotes, one after the other, to compare with the bytes at hand. */
  #patterns = new Uint8Array(0);
  #patternStarts: number[] = [0];
  /** The column that followed column i - 1 in the last line that had it; `next[0]` is a line's first. */
  #next: number[] = [0];

  readonly #stated: readonly string[];

  /** `stated`: fields that are there from the start, and in this order. */
  constructor(options: DecodeOptions, stated: readonly string[] = []) {
    super(options);
    this.#stated = stated;
    for (const name of stated) this.#addColumn(name, 0);
  }

  view(): { readonly columns: readonly Column[]; readonly line: Int32Array; readonly rows: number } {
    const { columns, lines, rows } = this.log;
    return { columns: this.#stated.map((_, i) => columns[i].view(rows)), line: lines.subarray(0, rows), rows };
  }

  takeErrors(): Batch {
    return this.log.errors.take();
  }

  push(bytes: Uint8Array, final = false): void {
    this.bytesRead += bytes.length;
    let from = 0;
    if (!this.#started) {
      // A byte order mark may be cut by the first chunks, so wait until it can be told.
      if (this.#carried > 0 || (bytes.length < 3 && !final)) {
        this.#keep(bytes, 0, bytes.length);
        if (this.#carried < 3 && !final) return;
        bytes = this.#carry.slice(0, this.#carried);
        this.#carried = 0;
      }
      this.#started = true;
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) from = 3;
    }
    if (this.#carried > 0) {
      const newline = bytes.indexOf(NEWLINE, from);
      if (newline >= 0) {
        this.#keep(bytes, from, newline + 1);
        const length = this.#carried;
        this.#carried = 0;
        this.#scan(this.#carry, 0, length);
        from = newline + 1;
      }
    }
    const last = bytes.lastIndexOf(NEWLINE) + 1;
    if (last > from && this.#carried === 0) {
      this.#scan(bytes, from, last);
      from = last;
    }
    if (from < bytes.length) this.#keep(bytes, from, bytes.length);
    if (final && this.#carried > 0) {
      this.#keep(new Uint8Array([NEWLINE]), 0, 1);
      const length = this.#carried;
      this.#carried = 0;
      this.#scan(this.#carry, 0, length);
    }
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#carried + to - from;
    if (length > this.#carry.length) {
      const carry = new Uint8Array(Math.max(length, this.#carry.length * 2, 4096));
      carry.set(this.#carry.subarray(0, this.#carried));
      this.#carry = carry;
    }
    this.#carry.set(bytes.subarray(from, to), this.#carried);
    this.#carried = length;
  }

  /** Reads the lines in `[from, to)`. The last byte is a newline, so looking for one needs no bounds. */
  #scan(bytes: Uint8Array, from: number, to: number): void {
    const log = this.log;
    const columns = log.columns;
    const keys = this.#keys;
    let patterns = this.#patterns;
    const patternStarts = this.#patternStarts;
    const next = this.#next;
    let line = this.#line;
    let attempt = this.#attempt;
    let row = log.rows;
    let learned = -1;
    let p = from;
    while (p < to) {
      const start = p;
      line++;
      let c = bytes[p];
      while (c === 32 || c === 9 || c === 13) c = bytes[++p];
      if (c === NEWLINE) {
        p++;
        continue;
      }
      if (row === log.capacity) log.grow(row, this.bytesRead - (to - p));
      scanned: {
        if (c !== 123) break scanned;
        attempt++;
        let written = 0;
        let sawNull = false;
        let previous = -1;
        c = bytes[++p];
        while (c === 32 || c === 9) c = bytes[++p];
        if (c === 125) p++;
        else
          for (;;) {
            if (c !== 34) break scanned;
            let index = next[previous + 1];
            const patternEnd = patternStarts[index + 1];
            let o = patternStarts[index];
            let q = p;
            while (o < patternEnd && patterns[o] === bytes[q]) {
              o++;
              q++;
            }
            if (o === patternEnd && patternEnd !== undefined) p = q;
            else {
              q = p + 1;
              let hash = 0x811c9dc5 | 0;
              c = bytes[q];
              while (c !== 34 && c !== 92 && c >= 32) {
                hash = Math.imul(hash ^ c, 0x01000193);
                c = bytes[++q];
              }
              if (c !== 34) break scanned;
              index = keys.findBytes(bytes, p + 1, q, hash);
              if (index < 0) break scanned;
              next[previous + 1] = index;
              p = q + 1;
            }
            previous = index;
            c = bytes[p];
            while (c === 32 || c === 9) c = bytes[++p];
            if (c !== 58) break scanned;
            c = bytes[++p];
            while (c === 32 || c === 9) c = bytes[++p];
            const column = columns[index];
            if (column.stamp === attempt) break scanned;
            column.stamp = attempt;
            written++;
            if (c === 110) {
              p = endOfNull(bytes, p);
              column.writeNull(row);
              sawNull = true;
            } else
              switch (column.kind) {
                case NUMBER:
                  p = readNumber(column, bytes, p, row);
                  break;
                case STRING:
                  p = readString(column, bytes, p, row);
                  break;
                case TIMESTAMP:
                  p = readTime(column, bytes, p, row);
                  break;
                case BOOLEAN:
                  p = readBoolean(column, bytes, p, row);
                  break;
                case JSON_VALUE:
                  p = readJson(column, bytes, p, row);
                  break;
                default:
                  break scanned;
              }
            if (p < 0) break scanned;
            c = bytes[p];
            while (c === 32 || c === 9) c = bytes[++p];
            if (c === 44) {
              c = bytes[++p];
              while (c === 32 || c === 9) c = bytes[++p];
              continue;
            }
            if (c !== 125) break scanned;
            p++;
            break;
          }
        c = bytes[p];
        while (c === 32 || c === 9 || c === 13) c = bytes[++p];
        if (c !== NEWLINE) break scanned;
        if (written < columns.length) {
          sawNull = true;
          for (let i = 0; i < columns.length; i++) if (columns[i].stamp !== attempt) columns[i].writeNull(row);
        }
        if (sawNull && log.missingRequired(row) !== null) break scanned;
        p++;
        log.lines[row++] = line;
        continue;
      }
      const end = bytes.indexOf(NEWLINE, start);
      log.rows = row;
      if (this.#readSlowly(bytes, start, end, line, learned !== line)) {
        // The columns have been made to fit: let the scanner read the line again.
        learned = line;
        patterns = this.#patterns;
        p = start;
        line--;
        continue;
      }
      row = log.rows;
      p = end + 1;
    }
    this.#line = line;
    this.#attempt = attempt;
    log.rows = row;
  }

  /**
   * Reads one line through `JSON.parse`: adds it as a row, or keeps it as an error, or, when the columns had to be changed
   * to fit and `mayLearn`, returns true and leaves the line to be read again.
   */
  #readSlowly(bytes: Uint8Array, start: number, end: number, line: number, mayLearn: boolean): boolean {
    const log = this.log;
    let to = end;
    while (to > start && (bytes[to - 1] === 13 || bytes[to - 1] === 32 || bytes[to - 1] === 9)) to--;
    const text = (): string => utf8.decode(bytes.subarray(start, to));
    let object: { readonly [key: string]: Value };
    try {
      const value = JSON.parse(text()) as Value;
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        const what = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
        log.errors.add(line, { field: null, value: null, reason: `The line is ${what}, not a JSON object.` }, text);
        return false;
      }
      object = value as { readonly [key: string]: Value };
    } catch (error) {
      log.errors.add(line, { field: null, value: null, reason: syntaxReason(text(), error) }, text);
      return false;
    }
    log.objectsSeen++;

    const row = log.rows;
    const fields = Object.keys(object);
    const widened: GrowingColumn[] = [];
    const opened: [GrowingColumn, Kind][] = [];
    const added: string[] = [];
    for (const key of fields) {
      const index = this.#keys.find(key);
      // A new field takes any value, unless its type is stated: then it is tried on a column that is not kept.
      if (index < 0) added.push(key);
      const column = index >= 0 ? log.columns[index] : log.trialColumn(log.nameOf(key));
      const problem = column === null ? null : this.#fit(column, object[key], row, line, opened, widened);
      if (problem !== null) {
        log.saw(fields.map(name => log.nameOf(name)));
        log.errors.add(line, problem, text);
        return false;
      }
    }
    const missing = log.required.find(name => !fields.some(key => log.nameOf(key) === name && object[key] !== null));
    if (missing !== undefined) {
      log.saw(fields.map(key => log.nameOf(key)));
      log.errors.add(line, without(missing, "line"), text);
      return false;
    }

    for (const key of added) {
      const column = this.#addColumn(key, line);
      if (object[key] !== null && column.kind === OPEN) opened.push([column, kindOf(object[key])]);
    }
    for (const [column, kind] of opened) {
      column.open(kind);
      column.firstRow = row;
      column.firstLine = line;
    }
    for (const column of widened) {
      log.notes.push(
        `${column.name} holds ${KIND_NAMES[column.kind]} from line ${column.firstLine} on and something else on line ${line}: it is kept as json. To have the others as errors, state its type: types: {${JSON.stringify(column.name)}: "${COLUMN_TYPES[column.kind]}"}.`,
      );
      column.widen(row);
    }
    for (const key of fields) {
      const column = log.columns[this.#keys.find(key)];
      if (column.kind === TIMESTAMP && column.firstRow < 0 && object[key] !== null) column.firstRow = row;
    }
    if (mayLearn) return true;

    for (const column of log.columns) column.writeNull(row);
    for (const key of fields) write(log.columns[this.#keys.find(key)], object[key], row);
    log.lines[row] = line;
    log.rows = row + 1;
    return false;
  }

  #addColumn(key: string, line: number): GrowingColumn {
    const column = this.log.addColumn(this.log.nameOf(key), line);
    this.#keys.code(key);
    const pattern = encoder.encode(JSON.stringify(key));
    const start = this.#patternStarts[this.#patternStarts.length - 1];
    const patterns = new Uint8Array(start + pattern.length);
    patterns.set(this.#patterns);
    patterns.set(pattern, start);
    this.#patterns = patterns;
    this.#patternStarts.push(patterns.length);
    // A guess that is wrong costs one lookup: columns follow each other in the order they were met.
    this.#next.push(this.log.columns.length);
    return column;
  }

  /** Says what keeps a value out of a column, or null; notes which columns have to be opened or widened for it. */
  #fit(
    column: GrowingColumn,
    value: Value,
    row: number,
    line: number,
    opened: [GrowingColumn, Kind][],
    widened: GrowingColumn[],
  ): LineProblem | null {
    if (value === null || column.kind === JSON_VALUE) return null;
    const kind = kindOf(value);
    if (column.kind === OPEN) {
      opened.push([column, kind]);
      return null;
    }
    if (column.kind === kind) return null;
    if (column.kind === TIMESTAMP) {
      const time =
        kind === NUMBER
          ? column.times.epoch(value as number)
          : kind === STRING
            ? column.times.string(value as string)
            : NaN;
      if (!Number.isNaN(time)) return null;
      if (kind !== NUMBER && kind !== STRING) column.times.problem = "unparsable";
      return this.log.timeProblem(column, show(value), typeof value === "string" ? value : JSON.stringify(value), line);
    }
    if (column.kind === STRING && column.stated && kind !== JSON_VALUE) return null;
    if (!column.stated && row - column.firstRow < this.log.inferRows) {
      widened.push(column);
      return null;
    }
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return column.mismatch(text, valueName(kind), KIND_NAMES[column.kind], `since line ${column.firstLine}`, "json");
  }
}
