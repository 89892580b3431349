/**
 * The scanner's readers of single fields, one per kind of column. Each reads the field whose text starts at `p` (after the
 * opening quote, where `quoted`), writes it into the column at `row`, and returns the position after the text, or -1 when the
 * bytes are not what the kind expects: then the plain splitter decides. What has to follow the text, the scanner checks.
 *
 * The bytes end with a newline, which no reader goes past.
 */
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { GrowingColumn } from "../growing-column.ts";
import { scanned, scanNumber } from "../numbers.ts";

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;
const DASH = 45;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads text up to the delimiter or the line's end. */
export function readPlain(
  column: GrowingColumn,
  bytes: Uint8Array,
  from: number,
  row: number,
  delimiter: number,
): number {
  let p = from;
  let hash = 0x811c9dc5 | 0;
  let high = 0;
  for (let c = bytes[p]; c !== delimiter && c !== NEWLINE && c !== RETURN; c = bytes[++p]) {
    hash = Math.imul(hash ^ c, 0x01000193);
    high |= c;
  }
  writeText(column, bytes, from, p, row, hash, high);
  return p;
}

/** Reads text up to the next quote. Text of several lines is left to the splitter, which counts them. */
export function readQuoted(column: GrowingColumn, bytes: Uint8Array, from: number, row: number): number {
  let p = from;
  let hash = 0x811c9dc5 | 0;
  let high = 0;
  for (let c = bytes[p]; c !== QUOTE; c = bytes[++p]) {
    if (c === NEWLINE) return -1;
    hash = Math.imul(hash ^ c, 0x01000193);
    high |= c;
  }
  writeText(column, bytes, from, p, row, hash, high);
  return p;
}

function writeText(
  column: GrowingColumn,
  bytes: Uint8Array,
  from: number,
  to: number,
  row: number,
  hash: number,
  high: number,
): void {
  const dictionary = column.dictionary as ByteDictionary;
  if (high < 128) {
    column.codes[row] = dictionary.codeOfBytes(bytes, from, to, hash);
    return;
  }
  const known = dictionary.findBytes(bytes, from, to, hash);
  column.codes[row] = known >= 0 ? known : dictionary.code(utf8.decode(bytes.subarray(from, to)));
}

export function readNumber(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  const end = scanNumber(bytes, p);
  if (end < 0) return -1;
  const value = scanned[0];
  column.floats[row] = value;
  if ((value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) && Number.isInteger(value))
    column.inexact++;
  return end;
}

export function readTime(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  // The first time of a field is left to the plain reader, which can tell wrong settings from a wrong value.
  if (column.firstRow < 0) return -1;
  const { times } = column;
  let time: number;
  let end: number;
  if (bytes[p + 4] === DASH) {
    time = times.iso(bytes, p);
    end = times.end;
  } else {
    end = scanNumber(bytes, p);
    if (end < 0) return -1;
    time = times.epoch(scanned[0]);
  }
  column.floats[row] = time;
  return Number.isNaN(time) ? -1 : end;
}

/** Reads true or false in any case. */
export function readBoolean(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  const isTrue = (bytes[p] | 32) === 116;
  if (isTrue) {
    if ((bytes[p + 1] | 32) !== 114 || (bytes[p + 2] | 32) !== 117 || (bytes[p + 3] | 32) !== 101) return -1;
  } else {
    if ((bytes[p] | 32) !== 102 || (bytes[p + 1] | 32) !== 97 || (bytes[p + 2] | 32) !== 108) return -1;
    if ((bytes[p + 3] | 32) !== 115 || (bytes[p + 4] | 32) !== 101) return -1;
  }
  column.codes[row] = isTrue ? 1 : 0;
  return isTrue ? p + 4 : p + 5;
}
