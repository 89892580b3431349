/** Decodes Arrow IPC, files and streams, with flechette: numbers are copied as arrays, texts go from their bytes into a dictionary. */
import { type Column as ArrowColumn, setCompressionCodec, tableFromIPC, Type } from "@uwdata/flechette";
import { decompress as decompressZstd } from "fzstd";
import { ByteDictionary, HASH_SEED } from "../../columns/byte-dictionary.ts";
import type { Column } from "../../columns/column.ts";
import { type DecodedLog, type DecodeOptions, SourceError } from "../log.ts";
import { atOnce, type Pieces, stretches } from "../pieces.ts";
import { columnOfValues, type FoundColumn, logOfColumnsInPieces } from "../whole-columns.ts";

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

/** Share of the time of decoding that goes into the columns. */
const COLUMNS = 0.8;

/** Decodes a whole file or stream, pausing now and then. Throws a `SourceError` when it cannot be read. */
export function* decodeArrow(bytes: Uint8Array, options: DecodeOptions = {}): Pieces<DecodedLog> {
  const file = options.file ?? "The log";
  readZstd();
  const found: FoundColumn[] = [];
  let rows: number;
  try {
    const table = tableFromIPC(bytes, { useDate: false });
    const { fields } = table.schema;
    rows = table.numRows;
    for (const [i, { name }] of fields.entries()) {
      const reading = columnPieces(name, table.getChildAt(i) as ArrowColumn<unknown>, rows);
      for (let next = reading.next(); ; next = reading.next()) {
        if (next.done === true) {
          found.push(next.value);
          break;
        }
        yield (COLUMNS * (i + next.value)) / fields.length;
      }
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SourceError(`${file} cannot be read as Arrow IPC (${why}). It may be damaged or cut off; get it again.`, {
      file,
    });
  }
  return yield* logOfColumnsInPieces(found, rows, options);
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

/** Reads a column at once. `texts`: what its parts share. */
export function foundColumn(name: string, arrow: ArrowColumn<unknown>, rows: number, texts?: ArrowTexts): FoundColumn {
  return atOnce(columnPieces(name, arrow, rows, texts));
}

function* columnPieces(
  name: string,
  arrow: ArrowColumn<unknown>,
  rows: number,
  texts: ArrowTexts = { dictionary: new ByteDictionary(), translation: null },
): Pieces<FoundColumn> {
  const type = arrow.type as ArrowType;
  switch (type.typeId) {
    case Type.Int:
    case Type.Float:
    case Type.Decimal: {
      const values = new Float64Array(rows);
      const { valid, inexact } = yield* fillNumbers(arrow, values, 1, 1);
      return { name, column: { type: "number", values, valid }, inexact };
    }
    case Type.Timestamp: {
      const values = new Float64Array(rows);
      const unit = UNITS[type.unit ?? 1];
      const { valid } = yield* fillNumbers(arrow, values, unit.times, unit.per);
      return { name, column: { type: "timestamp", values, valid }, local: !type.timezone };
    }
    case Type.Date: {
      // Flechette gives dates as milliseconds whatever their unit, value by value.
      const values = new Float64Array(rows);
      const { valid } = yield* fillByValue(arrow, values);
      return { name, column: { type: "timestamp", values, valid } };
    }
    case Type.Bool:
      return { name, ...columnOfValues(arrow.toArray() as ArrayLike<unknown>, "boolean", rows) };
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { name, column: yield* textColumn(arrow, rows, texts.dictionary) };
    case Type.Dictionary:
      if (isText(type.dictionary)) return { name, column: yield* dictionaryColumn(arrow, rows, texts) };
      break;
  }
  return { name, ...columnOfValues(arrow.toArray() as ArrayLike<unknown>, "json", rows) };
}

function isText(type: ArrowType | undefined): boolean {
  return (
    type !== undefined && (type.typeId === Type.Utf8 || type.typeId === Type.LargeUtf8 || type.typeId === Type.Utf8View)
  );
}

/** Calls `work` for each stretch of each record batch, with where its rows lie in the column. */
function* batchStretches(
  arrow: ArrowColumn<unknown>,
  work: (batch: Batch, from: number, to: number, at: number) => void,
  share: readonly [number, number] = [0, 1],
): Pieces<void> {
  let at = 0;
  for (const batch of arrow.data) {
    const before = at;
    yield* stretches(batch.length, (from, to) => work(batch, from, to, before), share);
    at += batch.length;
  }
}

/** Copies numbers, scaled by `times / per`. Returns which are there, and how many integers were too large to be exact. */
function* fillNumbers(
  arrow: ArrowColumn<unknown>,
  out: Float64Array,
  times: number,
  per: number,
): Pieces<{ readonly valid: Uint8Array | null; readonly inexact: number }> {
  let inexact = 0;
  const decimal = (arrow.type as ArrowType).typeId === Type.Decimal;
  yield* batchStretches(
    arrow,
    (batch, from, to, at) => {
      const values: unknown = batch.values;
      if (values instanceof BigInt64Array && !decimal) inexact += fillSigned(values, out, from, to, at, times, per);
      else if (values instanceof BigUint64Array && !decimal) {
        for (let i = from; i < to; i++) {
          const value = Number(values[i]);
          if (!Number.isSafeInteger(value)) inexact++;
          out[at + i] = value;
        }
      } else if (isPlain(values, arrow)) out.set((values as Float64Array).subarray(from, to), at + from);
      else for (let i = from; i < to; i++) out[at + i] = Number(batch.at(i) ?? NaN);
    },
    [0, 0.7],
  );
  return { valid: yield* validOf(arrow, out), inexact };
}

/** Copies integers of 64 bits: two halves of 32 instead of a big integer per row; the sum rounds once, as converting the whole would. */
function fillSigned(
  values: BigInt64Array,
  out: Float64Array,
  from: number,
  to: number,
  at: number,
  times: number,
  per: number,
): number {
  let inexact = 0;
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = from; i < to; i++) {
    const value = halves[2 * i + 1] * 4294967296 + (halves[2 * i] >>> 0);
    if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) inexact++;
    out[at + i] = (value * times) / per;
  }
  return inexact;
}

/** Whether a batch's array holds the numbers themselves: not halves, not the digits of decimals. */
function isPlain(values: unknown, arrow: ArrowColumn<unknown>): boolean {
  const { typeId } = arrow.type as ArrowType;
  if (typeId === Type.Float) return values instanceof Float64Array || values instanceof Float32Array;
  return typeId === Type.Int && ArrayBuffer.isView(values);
}

function* fillByValue(arrow: ArrowColumn<unknown>, out: Float64Array): Pieces<{ readonly valid: Uint8Array | null }> {
  const fill = (batch: Batch, from: number, to: number, at: number): void => {
    for (let i = from; i < to; i++) out[at + i] = Number(batch.at(i) ?? NaN);
  };
  yield* batchStretches(arrow, fill, [0, 0.7]);
  return { valid: yield* validOf(arrow, out) };
}

/** Reads the validity bits; a NaN among floating-point numbers, as pandas writes it, is null too. */
function* validOf(arrow: ArrowColumn<unknown>, out: Float64Array): Pieces<Uint8Array | null> {
  const mayBeNaN = (arrow.type as ArrowType).typeId === Type.Float;
  if (!mayBeNaN && arrow.data.every(batch => batch.nullCount === 0)) return null;
  let valid: Uint8Array | null = null;
  yield* batchStretches(
    arrow,
    (batch, from, to, at) => {
      if (batch.nullCount > 0) {
        valid ??= new Uint8Array(out.length).fill(1);
        for (let i = from; i < to; i++)
          if (!batch.isValid(i)) {
            valid[at + i] = 0;
            out[at + i] = NaN;
          }
      }
      if (mayBeNaN) valid = withoutNaN(out, at + from, at + to, valid);
    },
    [0.7, 1],
  );
  return valid;
}

function withoutNaN(out: Float64Array, from: number, to: number, valid: Uint8Array | null): Uint8Array | null {
  for (let i = from; i < to; i++)
    if (out[i] !== out[i]) {
      valid ??= new Uint8Array(out.length).fill(1);
      valid[i] = 0;
    }
  return valid;
}

function* textColumn(arrow: ArrowColumn<unknown>, rows: number, dictionary: ByteDictionary): Pieces<Column> {
  const codes = new Int32Array(rows);
  yield* batchStretches(arrow, (batch, from, to, at) => fillCodes(batch, codes, from, to, at, dictionary));
  return { type: "string", codes, dictionary };
}

function fillCodes(
  batch: Batch,
  codes: Int32Array,
  from: number,
  to: number,
  at: number,
  dictionary: ByteDictionary,
): void {
  const { offsets } = batch;
  const bytes: unknown = batch.values;
  const nulls = batch.nullCount > 0;
  if (!(offsets instanceof Int32Array) || !(bytes instanceof Uint8Array)) {
    for (let i = from; i < to; i++) {
      const value = batch.at(i);
      codes[at + i] = value === null || value === undefined ? -1 : dictionary.code(String(value));
    }
    return;
  }
  for (let i = from; i < to; i++) {
    if (nulls && !batch.isValid(i)) {
      codes[at + i] = -1;
      continue;
    }
    const end = offsets[i + 1];
    let hash = HASH_SEED;
    let high = 0;
    for (let p = offsets[i]; p < end; p++) {
      hash = Math.imul(hash ^ bytes[p], 0x01000193);
      high |= bytes[p];
    }
    if (high < 128) codes[at + i] = dictionary.codeOfBytes(bytes, offsets[i], end, hash);
    else {
      const known = dictionary.findBytes(bytes, offsets[i], end, hash);
      codes[at + i] = known >= 0 ? known : dictionary.code(utf8.decode(bytes.subarray(offsets[i], end)));
    }
  }
}

/** Takes over the file's own dictionaries: their entries once, and the rows' keys translated. */
function* dictionaryColumn(arrow: ArrowColumn<unknown>, rows: number, texts: ArrowTexts): Pieces<Column> {
  const { dictionary } = texts;
  const codes = new Int32Array(rows);
  const translations = new Map<unknown, Int32Array>();
  let last: Int32Array | null = null;
  yield* batchStretches(arrow, (batch, from, to, at) => {
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
    translateKeys(batch, codes, from, to, at, translation);
  });
  if (arrow.data.length === 1) texts.translation = last;
  return { type: "string", codes, dictionary };
}

function translateKeys(
  batch: Batch,
  codes: Int32Array,
  from: number,
  to: number,
  at: number,
  translation: Int32Array,
): void {
  const keys = batch.values as unknown as Int32Array;
  const nulls = batch.nullCount > 0;
  for (let i = from; i < to; i++) codes[at + i] = nulls && !batch.isValid(i) ? -1 : translation[Number(keys[i])];
}
