/**
 * The scanner's readers of single values, one per kind of column. Each reads the value that starts at `p`, writes it into
 * the column at `row`, and returns the position after it, or -1 when the bytes are not what the kind expects: then
 * `JSON.parse` decides. They are small on purpose: they run hot after a few hundred rows, and a rare branch that makes the
 * host compile one of them again does not slow the whole scanner down.
 *
 * The bytes end with a newline, which no reader goes past.
 */
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { Value } from "../../columns/column.ts";
import type { GrowingColumn } from "../growing-column.ts";
import { scanned, scanNumber } from "../numbers.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const NEWLINE = 10;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

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
  // The first time of a field is left to the other reader, which can tell wrong settings from a wrong value.
  if (column.firstRow < 0) return -1;
  const { times } = column;
  if (bytes[p] !== QUOTE) {
    const end = scanNumber(bytes, p);
    if (end < 0) return -1;
    const time = times.epoch(scanned[0]);
    column.floats[row] = time;
    return Number.isNaN(time) ? -1 : end;
  }
  let time = times.iso(bytes, p + 1);
  let end = times.end;
  if (Number.isNaN(time) || bytes[end] !== QUOTE) {
    end = endOfString(bytes, p + 1);
    if (end < 0) return -1;
    time = times.text(bytes, p + 1, end);
    if (Number.isNaN(time)) return -1;
  }
  column.floats[row] = time;
  return end + 1;
}

export function readString(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  const dictionary = column.dictionary as ByteDictionary;
  if (bytes[p] !== QUOTE) return column.stated ? readDigits(column, bytes, p, row) : -1;
  const from = p + 1;
  let end = from;
  let hash = 0x811c9dc5 | 0;
  let high = 0;
  let c = bytes[end];
  while (c !== QUOTE && c !== BACKSLASH && c >= 32) {
    hash = Math.imul(hash ^ c, 0x01000193);
    high |= c;
    c = bytes[++end];
  }
  if (c !== QUOTE) return c === BACKSLASH ? readEscaped(column, bytes, p, row) : -1;
  column.codes[row] =
    high < 128 ? dictionary.codeOfBytes(bytes, from, end, hash) : codeOfText(dictionary, bytes, from, end, hash);
  return end + 1;
}

/** Reads a number into a field that is stated to hold text, digit for digit. */
function readDigits(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  const end = scanNumber(bytes, p);
  if (end < 0) return -1;
  let hash = 0x811c9dc5 | 0;
  for (let i = p; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  column.codes[row] = (column.dictionary as ByteDictionary).codeOfBytes(bytes, p, end, hash);
  return end;
}

function readEscaped(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  const end = endOfString(bytes, p + 1);
  if (end < 0) return -1;
  const text = parsed(bytes, p, end + 1);
  if (typeof text !== "string") return -1;
  column.codes[row] = (column.dictionary as ByteDictionary).code(text);
  return end + 1;
}

/** Returns the code of a text with bytes beyond ASCII; a new one is checked and repaired by the decoder first. */
function codeOfText(dictionary: ByteDictionary, bytes: Uint8Array, from: number, to: number, hash: number): number {
  const known = dictionary.findBytes(bytes, from, to, hash);
  return known >= 0 ? known : dictionary.code(utf8.decode(bytes.subarray(from, to)));
}

export function readBoolean(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  const c = bytes[p];
  if (c === 116 && bytes[p + 1] === 114 && bytes[p + 2] === 117 && bytes[p + 3] === 101) {
    column.codes[row] = 1;
    return p + 4;
  }
  if (c !== 102 || bytes[p + 1] !== 97 || bytes[p + 2] !== 108 || bytes[p + 3] !== 115 || bytes[p + 4] !== 101)
    return -1;
  column.codes[row] = 0;
  return p + 5;
}

export function readJson(column: GrowingColumn, bytes: Uint8Array, p: number, row: number): number {
  const end = endOfValue(bytes, p);
  if (end < 0) return -1;
  const value = parsed(bytes, p, end);
  if (value === undefined) return -1;
  column.values[row] = value;
  return end;
}

/** Returns the position after `null`, whose first letter is at `p`, or -1. */
export function endOfNull(bytes: Uint8Array, p: number): number {
  return bytes[p + 1] === 117 && bytes[p + 2] === 108 && bytes[p + 3] === 108 ? p + 4 : -1;
}

/** Parses a piece of JSON, or undefined when it is none. */
function parsed(bytes: Uint8Array, from: number, to: number): Value | undefined {
  try {
    return JSON.parse(utf8.decode(bytes.subarray(from, to))) as Value;
  } catch {
    return undefined;
  }
}

/** Finds the quote that ends a string whose text starts at `from`, or -1 when the line ends first. */
function endOfString(bytes: Uint8Array, from: number): number {
  for (let p = from; ; p++) {
    const c = bytes[p];
    if (c === QUOTE) return p;
    if (c === BACKSLASH) p++;
    if (bytes[p] < 32) return -1;
  }
}

/** Finds where a JSON value that starts at `from` ends, or -1 when the line ends first. Does not check the value. */
function endOfValue(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let p = from; ; p++) {
    const c = bytes[p];
    if (c === QUOTE) {
      p = endOfString(bytes, p + 1);
      if (p < 0) return -1;
      if (depth === 0) return p + 1;
    } else if (c === 123 || c === 91) depth++;
    else if (c === 125 || c === 93) {
      if (depth === 0) return p;
      if (--depth === 0) return p + 1;
    } else if (c === 44 && depth === 0) return p;
    else if (c === NEWLINE) return -1;
  }
}
