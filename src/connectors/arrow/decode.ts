/** Decodes Arrow IPC, files and streams, with flechette: numbers are copied as arrays, texts go from their bytes into a dictionary. */
import { type Column as ArrowColumn, setCompressionCodec, tableFromIPC, Type } from "@uwdata/flechette";
import { decompress as decompressZstd } from "fzstd";
import { ByteDictionary, HASH_SEED } from "../../columns/byte-dictionary.ts";
import type { Column } from "../../columns/column.ts";
import { type DecodedLog, type DecodeOptions, SourceError } from "../log.ts";
import { columnOfValues, type FoundColumn, logOfColumns } from "../whole-columns.ts";

type Batch = ArrowColumn<unknown>["data"][number];

/** How the types that are read here look; flechette's own declarations leave their fields out. */
interface ArrowType {
  readonly typeId: number;
  readonly unit?: number;
  readonly timezone?: string | null;
  readonly dictionary?: ArrowType;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** Milliseconds per unit of a timestamp: seconds, milliseconds, microseconds, nanoseconds, by Arrow's number for each. */
const UNITS = [
  { times: 1e3, per: 1 },
  { times: 1, per: 1 },
  { times: 1, per: 1e3 },
  { times: 1, per: 1e6 },
];
const ZSTD = 1;

/** Decodes a whole file or stream. Throws a `SourceError` when it cannot be read. */
export function decodeArrow(bytes: Uint8Array, options: DecodeOptions = {}): DecodedLog {
  const file = options.file ?? "The log";
  readZstd();
  let found: FoundColumn[];
  let rows: number;
  try {
    const table = tableFromIPC(bytes, { useDate: false });
    rows = table.numRows;
    found = table.schema.fields.map((field, i) =>
      foundColumn(field.name, table.getChildAt(i) as ArrowColumn<unknown>, rows),
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SourceError(`${file} cannot be read as Arrow IPC (${why}). It may be damaged or cut off; get it again.`, {
      file,
    });
  }
  return logOfColumns(found, rows, options);
}

/** Has flechette undo Zstandard. Buffers that a reader by ranges has left out are empty. */
export function readZstd(): void {
  setCompressionCodec(ZSTD, {
    decode: (data, length) => (length === 0 ? new Uint8Array(0) : decompressZstd(data)),
    encode: data => data,
  });
}

/** Texts of a column that is read a part at a time. */
export interface ArrowTexts {
  readonly dictionary: ByteDictionary;
  /** Codes in `dictionary` by codes in the file's own dictionary, as long as that stays the same. */
  translation: Int32Array | null;
}

/** Reads a column. `texts`: what its parts share. */
export function foundColumn(
  name: string,
  arrow: ArrowColumn<unknown>,
  rows: number,
  texts: ArrowTexts = { dictionary: new ByteDictionary(), translation: null },
): FoundColumn {
  const type = arrow.type as ArrowType;
  switch (type.typeId) {
    case Type.Int:
    case Type.Float:
    case Type.Decimal: {
      const values = new Float64Array(rows);
      const { valid, inexact } = fillNumbers(arrow, values, 1, 1);
      return { name, column: { type: "number", values, valid }, inexact };
    }
    case Type.Timestamp: {
      const values = new Float64Array(rows);
      const unit = UNITS[type.unit ?? 1];
      const { valid } = fillNumbers(arrow, values, unit.times, unit.per);
      return { name, column: { type: "timestamp", values, valid }, local: !type.timezone };
    }
    case Type.Date: {
      // Flechette gives dates as milliseconds whatever their unit, value by value.
      const values = new Float64Array(rows);
      const { valid } = fillByValue(arrow, values);
      return { name, column: { type: "timestamp", values, valid } };
    }
    case Type.Bool:
      return { name, ...columnOfValues(arrow.toArray() as ArrayLike<unknown>, "boolean", rows) };
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { name, column: textColumn(arrow, rows, texts.dictionary) };
    case Type.Dictionary:
      if (isText(type.dictionary)) return { name, column: dictionaryColumn(arrow, rows, texts) };
      break;
  }
  return { name, ...columnOfValues(arrow.toArray() as ArrayLike<unknown>, "json", rows) };
}

function isText(type: ArrowType | undefined): boolean {
  return (
    type !== undefined && (type.typeId === Type.Utf8 || type.typeId === Type.LargeUtf8 || type.typeId === Type.Utf8View)
  );
}

/** Copies numbers, scaled by `times / per`. Returns which are there, and how many integers were too large to be exact. */
function fillNumbers(
  arrow: ArrowColumn<unknown>,
  out: Float64Array,
  times: number,
  per: number,
): { readonly valid: Uint8Array | null; readonly inexact: number } {
  let inexact = 0;
  let at = 0;
  for (const batch of arrow.data) {
    const values: unknown = batch.values;
    const { length } = batch;
    if (values instanceof BigInt64Array && (arrow.type as ArrowType).typeId !== Type.Decimal) {
      // Two halves of 32 bits instead of a big integer per row: the sum rounds once, as converting the whole would.
      const halves = new Int32Array(values.buffer, values.byteOffset, length * 2);
      for (let i = 0; i < length; i++) {
        const value = halves[2 * i + 1] * 4294967296 + (halves[2 * i] >>> 0);
        if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) inexact++;
        out[at + i] = (value * times) / per;
      }
    } else if (values instanceof BigUint64Array && (arrow.type as ArrowType).typeId !== Type.Decimal) {
      for (let i = 0; i < length; i++) {
        const value = Number(values[i]);
        if (!Number.isSafeInteger(value)) inexact++;
        out[at + i] = value;
      }
    } else if (isPlain(values, arrow)) {
      out.set((values as Float64Array).subarray(0, length), at);
    } else for (let i = 0; i < length; i++) out[at + i] = Number(batch.at(i) ?? NaN);
    at += length;
  }
  return { valid: validOf(arrow, out), inexact };
}

/** Whether a batch's array holds the numbers themselves: not halves, not the digits of decimals. */
function isPlain(values: unknown, arrow: ArrowColumn<unknown>): boolean {
  const { typeId } = arrow.type as ArrowType;
  if (typeId === Type.Float) return values instanceof Float64Array || values instanceof Float32Array;
  return typeId === Type.Int && ArrayBuffer.isView(values);
}

function fillByValue(arrow: ArrowColumn<unknown>, out: Float64Array): { readonly valid: Uint8Array | null } {
  let at = 0;
  for (const batch of arrow.data) for (let i = 0; i < batch.length; i++) out[at++] = Number(batch.at(i) ?? NaN);
  return { valid: validOf(arrow, out) };
}

/** Reads the validity bits; a NaN among floating-point numbers, as pandas writes it, is null too. */
function validOf(arrow: ArrowColumn<unknown>, out: Float64Array): Uint8Array | null {
  const mayBeNaN = (arrow.type as ArrowType).typeId === Type.Float;
  let valid: Uint8Array | null = null;
  let at = 0;
  for (const batch of arrow.data) {
    const end = at + batch.length;
    if (batch.nullCount > 0) {
      valid ??= new Uint8Array(out.length).fill(1);
      for (let i = 0; i < batch.length; i++)
        if (!batch.isValid(i)) {
          valid[at + i] = 0;
          out[at + i] = NaN;
        }
    }
    if (mayBeNaN)
      for (let i = at; i < end; i++)
        if (out[i] !== out[i]) {
          valid ??= new Uint8Array(out.length).fill(1);
          valid[i] = 0;
        }
    at = end;
  }
  return valid;
}

function textColumn(arrow: ArrowColumn<unknown>, rows: number, dictionary: ByteDictionary): Column {
  const codes = new Int32Array(rows);
  let at = 0;
  for (const batch of arrow.data) {
    fillCodes(batch, codes, at, dictionary);
    at += batch.length;
  }
  return { type: "string", codes, dictionary };
}

function fillCodes(batch: Batch, codes: Int32Array, at: number, dictionary: ByteDictionary): void {
  const { offsets, length } = batch;
  const bytes: unknown = batch.values;
  const nulls = batch.nullCount > 0;
  if (!(offsets instanceof Int32Array) || !(bytes instanceof Uint8Array)) {
    for (let i = 0; i < length; i++) {
      const value = batch.at(i);
      codes[at + i] = value === null || value === undefined ? -1 : dictionary.code(String(value));
    }
    return;
  }
  for (let i = 0; i < length; i++) {
    if (nulls && !batch.isValid(i)) {
      codes[at + i] = -1;
      continue;
    }
    const to = offsets[i + 1];
    let hash = HASH_SEED;
    let high = 0;
    for (let p = offsets[i]; p < to; p++) {
      hash = Math.imul(hash ^ bytes[p], 0x01000193);
      high |= bytes[p];
    }
    if (high < 128) codes[at + i] = dictionary.codeOfBytes(bytes, offsets[i], to, hash);
    else {
      const known = dictionary.findBytes(bytes, offsets[i], to, hash);
      codes[at + i] = known >= 0 ? known : dictionary.code(utf8.decode(bytes.subarray(offsets[i], to)));
    }
  }
}

/** Takes over the file's own dictionaries: their entries once, and the rows' keys translated. */
function dictionaryColumn(arrow: ArrowColumn<unknown>, rows: number, texts: ArrowTexts): Column {
  const { dictionary } = texts;
  const codes = new Int32Array(rows);
  const translations = new Map<unknown, Int32Array>();
  let last: Int32Array | null = null;
  let at = 0;
  for (const batch of arrow.data) {
    const { dictionary: own } = batch as Batch & { readonly dictionary: ArrowColumn<string> };
    let translation = texts.translation ?? translations.get(own);
    if (translation === undefined) {
      translation = new Int32Array(own.length);
      for (let key = 0; key < own.length; key++) {
        const value = own.at(key);
        translation[key] = value === null ? -1 : dictionary.code(value);
      }
      translations.set(own, translation);
    }
    last = translation;
    const keys = batch.values as unknown as Int32Array;
    const nulls = batch.nullCount > 0;
    for (let i = 0; i < batch.length; i++)
      codes[at + i] = nulls && !batch.isValid(i) ? -1 : translation[Number(keys[i])];
    at += batch.length;
  }
  if (arrow.data.length === 1) texts.translation = last;
  return { type: "string", codes, dictionary };
}
