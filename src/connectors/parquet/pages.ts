/**
 * Reads the pages of a flat column straight into typed arrays: definition levels as bytes, values without a box around each,
 * texts as codes of a dictionary. hyparquet parses the headers and everything that is rarer than what stands here.
 */
import { type ColumnMetaData, type PageHeader, snappyUncompress } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import { codeOfUtf8 } from "./texts.ts";

/** Where the rows of a column go. Rows without a value are NaN, or the code -1. */
export interface ColumnRoom {
  /** Numbers and times; null for texts. */
  readonly floats: Float64Array | null;
  /** Codes of texts; null for numbers. */
  readonly codes: Int32Array | null;
  readonly dictionary: ByteDictionary;
  /** Units of the file per number: 1,000 for times in microseconds. */
  readonly per: number;
  /** Counts integers that a double cannot hold. */
  inexact: number;
}

export type Decompress = (input: Uint8Array, length: number) => Uint8Array;

/** Says that a page is of a kind that is not read here; the caller then has hyparquet read the whole chunk. */
class Unusual extends Error {}

/** The values of a dictionary page: numbers, or codes of our own dictionary. */
interface Entries {
  readonly floats: Float64Array | null;
  readonly codes: Int32Array | null;
  /** Which of them a double cannot hold; null when all can be. */
  readonly inexact: Uint8Array | null;
}

const ENCODINGS: ReadonlySet<string> = new Set(["PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"]);
const TYPES: ReadonlySet<string> = new Set(["INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY"]);

/** Whether the chunk of a flat column may be read here, as far as its metadata tell. */
export function isUsual(meta: ColumnMetaData): boolean {
  return TYPES.has(meta.type) && meta.encodings.every(encoding => ENCODINGS.has(encoding));
}

/**
 * Reads a column chunk of `rows` rows into `room` from row `at` on. `optional`: the column may hold nulls. Returns false, having
 * written anything or nothing, when a page is of a kind that is not read here. Throws where the bytes cannot be.
 */
export function readPages(
  bytes: Uint8Array,
  meta: ColumnMetaData,
  optional: boolean,
  room: ColumnRoom,
  at: number,
  rows: number,
  decompress: Decompress | null,
): boolean {
  const before = room.inexact;
  try {
    new Pages(bytes, meta, optional, room, decompress).read(at, rows);
    return true;
  } catch (error) {
    if (!(error instanceof Unusual)) throw error;
    room.inexact = before;
    return false;
  }
}

class Pages {
  readonly #reader: { view: DataView; offset: number };
  readonly #bytes: Uint8Array;
  readonly #meta: ColumnMetaData;
  readonly #optional: boolean;
  readonly #room: ColumnRoom;
  readonly #decompress: Decompress | null;
  #entries: Entries | null = null;

  constructor(
    bytes: Uint8Array,
    meta: ColumnMetaData,
    optional: boolean,
    room: ColumnRoom,
    decompress: Decompress | null,
  ) {
    this.#bytes = bytes;
    this.#reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    this.#meta = meta;
    this.#optional = optional;
    this.#room = room;
    this.#decompress = decompress;
  }

  read(at: number, rows: number): void {
    const end = at + rows;
    while (at < end) {
      if (this.#reader.offset >= this.#bytes.length) throw new Error(`a column ends ${end - at} rows too early`);
      const header = parquetHeader(this.#reader);
      const { offset } = this.#reader;
      const page = this.#bytes.subarray(offset, offset + header.compressed_page_size);
      if (page.length < header.compressed_page_size) throw new Error("a page is cut off");
      this.#reader.offset += header.compressed_page_size;
      if (header.type === "DICTIONARY_PAGE") this.#entries = this.#dictionary(page, header);
      else if (header.type === "DATA_PAGE") at += this.#page(page, header, at, end);
      else if (header.type === "DATA_PAGE_V2") at += this.#pageV2(page, header, at, end);
      else throw new Unusual();
    }
  }

  #plain(page: Uint8Array, length: number): Uint8Array {
    const { codec } = this.#meta;
    if (codec === "UNCOMPRESSED") return page;
    if (codec === "SNAPPY") {
      const out = new Uint8Array(length);
      snappyUncompress(page, out);
      return out;
    }
    if (this.#decompress === null) throw new Unusual();
    return this.#decompress(page, length);
  }

  #dictionary(page: Uint8Array, header: PageHeader): Entries {
    const count = header.dictionary_page_header?.num_values ?? 0;
    const bytes = this.#plain(page, header.uncompressed_page_size);
    const { floats, codes, dictionary, per } = this.#room;
    if (codes !== null) {
      const own = new Int32Array(count);
      readTexts(bytes, 0, count, dictionary, own, 0);
      return { floats: null, codes: own, inexact: null };
    }
    if (floats === null) throw new Unusual();
    const own = new Float64Array(count);
    if (readNumbers(bytes, 0, count, this.#meta.type, per, own, 0) === 0)
      return { floats: own, codes: null, inexact: null };
    return { floats: own, codes: null, inexact: Uint8Array.from(own, v => (Number.isSafeInteger(v * per) ? 0 : 1)) };
  }

  /** A page whose levels are compressed along with its values. Returns its number of rows. */
  #page(page: Uint8Array, header: PageHeader, at: number, end: number): number {
    const about = header.data_page_header;
    if (about === undefined) throw new Error("a page has no header of its kind");
    const count = about.num_values;
    if (at + count > end) throw new Error(`a column has more than ${end} rows`);
    const bytes = this.#plain(page, header.uncompressed_page_size);
    let from = 0;
    let present: Uint8Array | null = null;
    if (this.#optional) {
      if (about.definition_level_encoding !== "RLE") throw new Unusual();
      const length = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24);
      present = levels(bytes, 4, count);
      from = 4 + length;
    }
    this.#values(bytes, from, about.encoding, count, present, at);
    return count;
  }

  /** A page whose levels stand before its values, uncompressed. Returns its number of rows. */
  #pageV2(page: Uint8Array, header: PageHeader, at: number, end: number): number {
    const about = header.data_page_header_v2;
    if (about === undefined) throw new Error("a page has no header of its kind");
    const {
      num_values: count,
      repetition_levels_byte_length: repeated,
      definition_levels_byte_length: defined,
    } = about;
    if (at + count > end) throw new Error(`a column has more than ${end} rows`);
    const present = this.#optional && about.num_nulls > 0 ? levels(page, repeated, count) : null;
    const rest = page.subarray(repeated + defined);
    const length = header.uncompressed_page_size - repeated - defined;
    const bytes = about.is_compressed === false || length === 0 ? rest : this.#plain(rest, length);
    this.#values(bytes, 0, about.encoding, count, present, at);
    return count;
  }

  #values(
    bytes: Uint8Array,
    from: number,
    encoding: string,
    count: number,
    present: Uint8Array | null,
    at: number,
  ): void {
    const { floats, codes, dictionary, per } = this.#room;
    let there = count;
    if (present !== null) {
      there = 0;
      for (let i = 0; i < count; i++) there += present[i];
    }
    const nulls = there < count;
    // Values stand close together in the page: they are read to the end of their place in the room, and then moved apart.
    const start = at + count - there;
    if (encoding === "PLAIN") {
      if (codes !== null) readTexts(bytes, from, there, dictionary, codes, start);
      else if (floats !== null)
        this.#room.inexact += readNumbers(bytes, from, there, this.#meta.type, per, floats, start);
    } else if (encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY") {
      const entries = this.#entries;
      if (entries === null) throw new Error("a page refers to a dictionary that is not there");
      const places = indices(bytes, from, there);
      if (codes !== null && entries.codes !== null) {
        const own = entries.codes;
        for (let i = 0; i < there; i++) codes[start + i] = own[places[i]];
      } else if (floats !== null && entries.floats !== null) {
        const own = entries.floats;
        for (let i = 0; i < there; i++) floats[start + i] = own[places[i]];
        if (entries.inexact !== null) for (let i = 0; i < there; i++) this.#room.inexact += entries.inexact[places[i]];
      }
    } else throw new Unusual();
    if (!nulls || present === null) return;
    if (codes !== null)
      for (let i = 0, next = start; i < count; i++) codes[at + i] = present[i] === 1 ? codes[next++] : -1;
    else if (floats !== null)
      for (let i = 0, next = start; i < count; i++) floats[at + i] = present[i] === 1 ? floats[next++] : NaN;
  }
}

let levelRoom = new Uint8Array(0);
let indexRoom = new Int32Array(0);

/** Reads definition levels of one bit: 1 where there is a value. Returns null when every row has one. */
function levels(bytes: Uint8Array, from: number, count: number): Uint8Array | null {
  // Nearly always a page without nulls is one run of ones.
  let header = 0;
  let shift = 0;
  let p = from;
  for (;;) {
    const byte = bytes[p++];
    header |= (byte & 127) << shift;
    if (byte < 128) break;
    shift += 7;
  }
  if ((header & 1) === 0 && header >>> 1 >= count && bytes[p] === 1) return null;
  if (levelRoom.length < count) levelRoom = new Uint8Array(count);
  hybrid(bytes, from, 1, levelRoom, count);
  return levelRoom;
}

/** Reads places in a dictionary; the first byte says how many bits each has. */
function indices(bytes: Uint8Array, from: number, count: number): Int32Array {
  if (indexRoom.length < count) indexRoom = new Int32Array(count);
  const width = count === 0 ? 0 : bytes[from];
  if (width === 0) indexRoom.fill(0, 0, count);
  else hybrid(bytes, from + 1, width, indexRoom, count);
  return indexRoom;
}

/** Reads `count` numbers of `width` bits in Parquet's mixture of runs and packed bits. */
function hybrid(bytes: Uint8Array, from: number, width: number, out: Uint8Array | Int32Array, count: number): void {
  const mask = width === 32 ? -1 : (1 << width) - 1;
  let p = from;
  let done = 0;
  while (done < count) {
    if (p >= bytes.length) throw new Error("a page is cut off");
    let header = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[p++];
      header |= (byte & 127) << shift;
      if (byte < 128) break;
      shift += 7;
    }
    if ((header & 1) === 0) {
      let value = 0;
      for (let b = 0; b < width; b += 8) value |= bytes[p++] << b;
      const to = Math.min(count, done + (header >>> 1));
      out.fill(value, done, to);
      done = to;
      continue;
    }
    const packed = (header >>> 1) * 8;
    const to = Math.min(count, done + packed);
    const next = p + (header >>> 1) * width;
    if (width > 24) {
      for (let bit = p * 8; done < to; done++, bit += width) out[done] = wide(bytes, bit, width);
    } else {
      // At most 7 bits are left over from before, so 24 more fit a 32-bit integer.
      let held = 0;
      let bits = 0;
      while (done < to) {
        while (bits < width) {
          held |= bytes[p++] << bits;
          bits += 8;
        }
        out[done++] = held & mask;
        held >>>= width;
        bits -= width;
      }
    }
    p = next;
  }
}

function wide(bytes: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value |= ((bytes[(bit + i) >> 3] >> ((bit + i) & 7)) & 1) << i;
  return value;
}

/** Reads plain texts into codes. */
function readTexts(
  bytes: Uint8Array,
  from: number,
  count: number,
  dictionary: ByteDictionary,
  out: Int32Array,
  at: number,
): void {
  let p = from;
  for (let i = 0; i < count; i++) {
    const length = bytes[p] | (bytes[p + 1] << 8) | (bytes[p + 2] << 16) | (bytes[p + 3] << 24);
    p += 4;
    if (length < 0 || p + length > bytes.length) throw new Error("a page is cut off");
    out[at + i] = codeOfUtf8(dictionary, bytes, p, p + length);
    p += length;
  }
}

let scratch = new ArrayBuffer(0);

/** Reads plain numbers as doubles, integers divided by `per`. Returns how many integers a double cannot hold. */
function readNumbers(
  bytes: Uint8Array,
  from: number,
  count: number,
  type: string,
  per: number,
  out: Float64Array,
  at: number,
): number {
  const width = type === "INT32" || type === "FLOAT" ? 4 : 8;
  const plain = bytes.subarray(from, from + count * width);
  if (plain.length < count * width) throw new Error("a page is cut off");
  if (type === "DOUBLE") {
    new Uint8Array(out.buffer, out.byteOffset + at * 8, count * 8).set(plain);
    return 0;
  }
  // Pages begin anywhere, and typed arrays do not.
  if (scratch.byteLength < plain.length) scratch = new ArrayBuffer(2 * plain.length);
  new Uint8Array(scratch).set(plain);
  if (type === "FLOAT") {
    out.set(new Float32Array(scratch, 0, count), at);
    return 0;
  }
  if (type === "INT32") {
    const values = new Int32Array(scratch, 0, count);
    if (per === 1) out.set(values, at);
    else for (let i = 0; i < count; i++) out[at + i] = values[i] / per;
    return 0;
  }
  // Two halves of 32 bits instead of a big integer per row: the sum rounds once, as converting the whole would.
  const halves = new Int32Array(scratch, 0, count * 2);
  let inexact = 0;
  for (let i = 0; i < count; i++) {
    const value = halves[2 * i + 1] * 4294967296 + (halves[2 * i] >>> 0);
    if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) inexact++;
    out[at + i] = value / per;
  }
  return inexact;
}
