/**
 * A Parquet file as its footer describes it: columns with the types they have here, row groups, and the chunk of each column
 * in each group, read where it lies. Whoever has the bytes in memory and whoever fetches ranges of them read the same way.
 */
import { decompress as decompressZstd } from "fzstd";
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  type ParquetParsers,
  type ParquetScan,
  parquetScan,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { ColumnType } from "../../columns/column.ts";
import { SourceError } from "../source-error.ts";
import { Filling } from "./filling.ts";
import { isUsual, readPages } from "./pages.ts";
import { codeOfUtf8 } from "./texts.ts";

/** Where a file's bytes come from: all of them in memory, or a host that gives ranges. */
export interface ParquetBytes {
  readonly size: number;
  slice(from: number, to: number): Uint8Array | Promise<Uint8Array>;
}

export interface ParquetColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether it holds times of a wall clock whose zone the file does not state. */
  readonly local: boolean;
  /** Whether it may hold nulls. */
  readonly optional: boolean;
  /** Units of the file per number. */
  readonly per: number;
  readonly dictionary: ByteDictionary;
}

export interface ParquetGroup {
  readonly first: number;
  readonly rows: number;
}

/** The least and greatest value of a column in a group, as numbers of its type here. */
export interface ParquetRange {
  readonly least: number;
  readonly greatest: number;
}

/** Bytes of a file that were fetched together. */
export interface Fetched {
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** Bytes that are fetched at once at most. */
const AT_ONCE = 64 * 2 ** 20;
const CODECS = ["UNCOMPRESSED", "SNAPPY", "ZSTD"];
const zstd = (input: Uint8Array): Uint8Array => decompressZstd(input);

export class ParquetFile {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  readonly groups: readonly ParquetGroup[];
  readonly #bytes: ParquetBytes;
  readonly #metadata: FileMetaData;
  /** For what is not read here: a scan of hyparquet's for each column. */
  readonly #scans = new Map<ParquetColumn, Promise<ParquetScan>>();

  private constructor(bytes: ParquetBytes, metadata: FileMetaData) {
    this.#bytes = bytes;
    this.#metadata = withRawTimes(metadata);
    this.rows = Number(metadata.num_rows);
    this.columns = parquetSchema(metadata).children.map(child => ({
      name: child.element.name,
      type: typeOf(child),
      local: isLocal(child),
      optional: child.element.repetition_type !== "REQUIRED",
      per: unitOf(child.element),
      dictionary: new ByteDictionary(),
    }));
    let first = 0;
    this.groups = metadata.row_groups.map(group => {
      const rows = Number(group.num_rows);
      first += rows;
      return { first: first - rows, rows };
    });
  }

  /** Reads the footer. Throws a `SourceError` for a compression that is not read here, and hyparquet's errors. */
  static async open(bytes: ParquetBytes, name: string): Promise<ParquetFile> {
    // Statistics of times as milliseconds; those of texts as they are by default, so that they do not end up in our dictionaries.
    const metadata = await parquetMetadataAsync(asyncBuffer(bytes), { parsers: timesAsNumbers });
    for (const codec of new Set(metadata.row_groups.flatMap(group => group.columns.map(c => c.meta_data?.codec))))
      if (codec !== undefined && !CODECS.includes(codec))
        throw new SourceError(
          `${name} is compressed with ${codec}, which is not read here. Write it with Snappy or Zstandard, or without compression.`,
          { file: name, value: codec },
        );
    return new ParquetFile(bytes, metadata);
  }

  /** The range of a number or time column in a group by the footer's statistics; null where they do not say. */
  range(column: ParquetColumn, group: number): ParquetRange | null {
    const stats = this.#chunk(column, group)?.statistics;
    const least = numberOf(stats?.min_value ?? stats?.min);
    const greatest = numberOf(stats?.max_value ?? stats?.max);
    return least === null || greatest === null ? null : { least, greatest };
  }

  /** Fetches the chunks of a group in one go, unless they are too large or lie too far apart for that. */
  async fetch(group: number): Promise<Fetched | null> {
    let from = Infinity;
    let to = 0;
    let sum = 0;
    for (const { meta_data: meta } of this.#metadata.row_groups[group].columns) {
      if (meta === undefined) continue;
      const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
      const size = Number(meta.total_compressed_size);
      from = Math.min(from, start);
      to = Math.max(to, start + size);
      sum += size;
    }
    if (to <= from || to - from > AT_ONCE || to - from > 2 * sum) return null;
    return { from, bytes: await this.#bytes.slice(from, to) };
  }

  /** Reads a column of a group into `filling` from row `at` on; its chunk from what was `fetched`, if it is there. */
  async read(
    column: ParquetColumn,
    group: number,
    filling: Filling,
    at: number,
    fetched: Fetched | null = null,
  ): Promise<void> {
    const { first, rows } = this.groups[group];
    const meta = this.#chunk(column, group);
    if (filling.direct && meta !== null && isUsual(meta)) {
      const from = Number(meta.dictionary_page_offset || meta.data_page_offset);
      const to = from + Number(meta.total_compressed_size);
      const bytes =
        fetched?.bytes.subarray(from - fetched.from, to - fetched.from) ?? (await this.#bytes.slice(from, to));
      const decompress = meta.codec === "ZSTD" ? zstd : null;
      if (readPages(bytes, meta, column.optional, filling, at, rows, decompress)) return;
    }
    if (rows === 0) return;
    const scan = await this.#scan(column);
    filling.put(await scan.readColumn({ column: column.name, rowStart: first, rowEnd: first + rows }), at);
  }

  /** The chunk of a flat column that holds plain numbers, times or texts; null for everything else. */
  #chunk(column: ParquetColumn, group: number): ColumnMetaData | null {
    const chunks = this.#metadata.row_groups[group].columns.filter(c => c.meta_data?.path_in_schema[0] === column.name);
    const meta = chunks.length === 1 ? chunks[0].meta_data : undefined;
    if (meta === undefined || meta.path_in_schema.length !== 1) return null;
    const element = this.#metadata.schema.find(e => e.name === column.name && e.num_children === undefined);
    return element !== undefined && isPlain(element) ? meta : null;
  }

  #scan(column: ParquetColumn): Promise<ParquetScan> {
    let scan = this.#scans.get(column);
    if (scan === undefined) {
      scan = parquetScan({
        file: asyncBuffer(this.#bytes),
        metadata: this.#metadata,
        compressors: { ZSTD: zstd },
        parsers: parsersInto(column.dictionary),
        columns: [column.name],
      });
      this.#scans.set(column, scan);
    }
    return scan;
  }
}

function asyncBuffer(bytes: ParquetBytes): AsyncBuffer {
  return {
    byteLength: bytes.size,
    slice: async (from, to) => {
      const part = await bytes.slice(from, to ?? bytes.size);
      const whole = part.byteOffset === 0 && part.byteLength === part.buffer.byteLength;
      // A copy: the slice of one of Node's buffers would be a view.
      return whole ? (part.buffer as ArrayBuffer) : new Uint8Array(part).buffer;
    },
  };
}

const timesAsNumbers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: millis => Number(millis),
  timestampFromMicroseconds: micros => Number(micros) / 1e3,
  timestampFromNanoseconds: nanos => Number(nanos) / 1e6,
  dateFromDays: days => days * 86_400_000,
};

function numberOf(value: unknown): number | null {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" && !Number.isNaN(value) ? value : null;
}

/** Makes parsers that give texts as codes of a dictionary. */
function parsersInto(dictionary: ByteDictionary): Partial<ParquetParsers> {
  return {
    // Times in nested values are JSON's: text.
    timestampFromMilliseconds: millis => new Date(Number(millis)).toISOString(),
    timestampFromMicroseconds: micros => new Date(Number(micros) / 1e3).toISOString(),
    timestampFromNanoseconds: nanos => Number(nanos) / 1e6,
    dateFromDays: days => days * 86_400_000,
    stringFromBytes: (bytes: Uint8Array | undefined) =>
      bytes === undefined || bytes === null ? undefined : codeOfUtf8(dictionary, bytes, 0, bytes.length),
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

/** Whether a leaf's values are what their physical type says, or text. Timestamps come here as the integers they are. */
function isPlain({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  if (converted === "UTF8" || logical?.type === "STRING") return true;
  if (type === "BYTE_ARRAY") return converted === undefined && logical === undefined;
  if (logical?.type === "INTEGER") return logical.isSigned;
  if (logical !== undefined) return false;
  return converted === undefined || /^INT_(8|16|32|64)$/.test(converted);
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

/** Makes room for `rows` rows of a column. */
export function roomFor(column: ParquetColumn, rows: number): Filling {
  return new Filling(column.type, rows, column.dictionary, column.per);
}
