/**
 * Decodes Parquet, one row group and column after the other, with hyparquet. Texts go from their bytes into a dictionary of
 * ours; where the file has a dictionary of its own, once per entry and not per row.
 */
import { decompress as decompressZstd } from "fzstd";
import {
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  parquetMetadataAsync,
  type ParquetParsers,
  parquetScan,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { ByteDictionary, HASH_SEED } from "../../columns/byte-dictionary.ts";
import type { Column, ColumnType } from "../../columns/column.ts";
import { type DecodedLog, type DecodeOptions, SourceError } from "../log.ts";
import { columnOfValues, type FoundColumn, logOfColumns } from "../whole-columns.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export interface ParquetOptions extends DecodeOptions {
  /** Called after each column of each row group. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly rows: number }) => void | Promise<void>;
}

/** Decodes a whole file. Compression may be none, Snappy or Zstandard. Throws a `SourceError` when it cannot be read. */
export async function decodeParquet(bytes: Uint8Array, options: ParquetOptions = {}): Promise<DecodedLog> {
  const file = options.file ?? "The log";
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  const buffer: AsyncBuffer = {
    byteLength: whole.byteLength,
    slice: (start, end) => whole.buffer.slice(start, end) as ArrayBuffer,
  };
  let current = new ByteDictionary();
  const compressors = { ZSTD: (input: Uint8Array): Uint8Array => decompressZstd(input) };
  try {
    const metadata = await parquetMetadataAsync(buffer);
    const codecs = new Set(metadata.row_groups.flatMap(group => group.columns.map(c => c.meta_data?.codec)));
    for (const codec of codecs)
      if (codec !== undefined && !["UNCOMPRESSED", "SNAPPY", "ZSTD"].includes(codec))
        throw new SourceError(
          `${file} is compressed with ${codec}, which is not read here. Write it with Snappy or Zstandard, or without compression.`,
          { file, value: codec },
        );
    // The metadata are read with the parsers there are by default: their statistics must not end up in our dictionaries.
    const parsers = parsersInto(() => current);
    const scan = await parquetScan({ file: buffer, metadata: withRawTimes(metadata), compressors, parsers });
    const rows = Number(metadata.num_rows);
    const found: FoundColumn[] = [];
    for (const child of parquetSchema(metadata).children) {
      const { name } = child.element;
      const type = typeOf(child);
      current = new ByteDictionary();
      const filling = new Filling(type, rows, current, unitOf(child.element));
      for (const { rowStart, rowEnd } of scan.ranges) {
        filling.put(await scan.readColumn({ column: name, rowStart, rowEnd }), rowStart);
        await options.onProgress?.({
          bytes: Math.round((bytes.length * found.length) / metadata.schema.length),
          rows: rowEnd,
        });
      }
      const { column, inexact } = filling.take();
      found.push({ name, column, inexact, local: isLocal(child) });
    }
    return logOfColumns(found, rows, options);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SourceError(`${file} cannot be read as Parquet (${why}). It may be damaged or cut off; get it again.`, {
      file,
    });
  }
}

/** Gathers a column from its row groups: numbers, times and texts' codes into one array, the rest as values. */
class Filling {
  readonly #type: ColumnType;
  readonly #rows: number;
  readonly #dictionary: ByteDictionary;
  readonly #floats: Float64Array;
  readonly #codes: Int32Array;
  readonly #values: unknown[];
  /** Units of the file per millisecond. */
  readonly #per: number;
  #valid: Uint8Array | null = null;
  #inexact = 0;

  constructor(type: ColumnType, rows: number, dictionary: ByteDictionary, per: number) {
    this.#per = per;
    this.#type = type;
    this.#rows = rows;
    this.#dictionary = dictionary;
    const numeric = type === "number" || type === "timestamp";
    this.#floats = new Float64Array(numeric ? rows : 0);
    this.#codes = new Int32Array(type === "string" ? rows : 0);
    this.#values = [];
  }

  put(data: DecodedArray, at: number): void {
    switch (this.#type) {
      case "number":
      case "timestamp":
        if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
          for (let i = 0; i < data.length; i++) this.#floats[at + i] = this.#exact(data[i]) / this.#per;
        } else
          for (let i = 0; i < data.length; i++) {
            const value = data[i] as number | bigint | null | undefined;
            const number =
              typeof value === "number" ? value : typeof value === "bigint" ? this.#exact(value) / this.#per : NaN;
            this.#floats[at + i] = number;
            // pandas writes NaN where there is no value: here that is null.
            if (number !== number) {
              this.#valid ??= new Uint8Array(this.#rows).fill(1);
              this.#valid[at + i] = 0;
            }
          }
        break;
      case "string":
        for (let i = 0; i < data.length; i++) this.#codes[at + i] = (data[i] as number | null | undefined) ?? -1;
        break;
      default:
        for (let i = 0; i < data.length; i++) this.#values[at + i] = data[i];
    }
  }

  take(): { readonly column: Column; readonly inexact: number } {
    switch (this.#type) {
      case "number":
      case "timestamp":
        return { column: { type: this.#type, values: this.#floats, valid: this.#valid }, inexact: this.#inexact };
      case "string":
        return { column: { type: "string", codes: this.#codes, dictionary: this.#dictionary }, inexact: 0 };
      default:
        return columnOfValues(this.#values, this.#type, this.#rows);
    }
  }

  #exact(value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) this.#inexact++;
    return number;
  }
}

/** Makes parsers that give times as milliseconds and texts as codes of the dictionary at hand. */
function parsersInto(dictionary: () => ByteDictionary): Partial<ParquetParsers> {
  return {
    // Times in nested values are JSON's: text.
    timestampFromMilliseconds: millis => new Date(Number(millis)).toISOString(),
    timestampFromMicroseconds: micros => new Date(Number(micros) / 1e3).toISOString(),
    timestampFromNanoseconds: nanos => Number(nanos) / 1e6,
    dateFromDays: days => days * 86_400_000,
    stringFromBytes(bytes: Uint8Array | undefined) {
      if (bytes === undefined || bytes === null) return undefined;
      let hash = HASH_SEED;
      let high = 0;
      for (let i = 0; i < bytes.length; i++) {
        hash = Math.imul(hash ^ bytes[i], 0x01000193);
        high |= bytes[i];
      }
      const into = dictionary();
      if (high < 128) return into.codeOfBytes(bytes, 0, bytes.length, hash);
      const known = into.findBytes(bytes, 0, bytes.length, hash);
      return known >= 0 ? known : into.code(utf8.decode(bytes));
    },
  };
}

/** Has timestamps, unless nested, read as the integers they are, which spares a call and big arithmetic per row. */
function withRawTimes(metadata: FileMetaData): FileMetaData {
  const times = new Set(
    parquetSchema(metadata)
      .children.filter(isTimestamp)
      .map(child => child.element),
  );
  const schema = metadata.schema.map(element =>
    times.has(element) ? { ...element, converted_type: undefined, logical_type: undefined } : element,
  );
  return { ...metadata, schema };
}

function isTimestamp({ element }: SchemaTree): boolean {
  const converted = element.converted_type;
  const logical = element.logical_type?.type;
  return converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS" || logical === "TIMESTAMP";
}

/** How many of a timestamp's units make a millisecond; 1 for everything else. */
function unitOf(element: SchemaElement): number {
  const logical = element.logical_type;
  if (logical?.type === "TIMESTAMP") return logical.unit === "NANOS" ? 1e6 : logical.unit === "MICROS" ? 1e3 : 1;
  return element.converted_type === "TIMESTAMP_MICROS" ? 1e3 : 1;
}

function typeOf(node: SchemaTree): ColumnType {
  const { element } = node;
  const logical = element.logical_type?.type;
  const converted = element.converted_type;
  if (node.children.length > 0 || element.repetition_type === "REPEATED") return "json";
  if (converted === "JSON" || logical === "JSON" || logical === "VARIANT" || logical === "UUID") return "json";
  if (logical === "GEOMETRY" || logical === "GEOGRAPHY") return "json";
  if (converted === "DECIMAL" || logical === "DECIMAL" || logical === "FLOAT16") return "number";
  if (isTimestamp(node) || element.type === "INT96" || logical === "DATE" || converted === "DATE") return "timestamp";
  if (element.type === "BOOLEAN") return "boolean";
  if (element.type === "BYTE_ARRAY") return "string";
  return element.type === "FIXED_LEN_BYTE_ARRAY" ? "json" : "number";
}

/** Times that the file does not place: a wall clock's, without a zone. INT96 is taken as UTC, as its writers mean it. */
function isLocal(node: SchemaTree): boolean {
  const logical = node.element.logical_type;
  return logical?.type === "TIMESTAMP" && !logical.isAdjustedToUTC;
}
