/** What a decoded log is, what can be asked of a decoder, and how a line that cannot be read is kept. */
import type { Batch } from "../columns/batch.ts";
import { BatchBuilder } from "../columns/builder.ts";
import type { ColumnType, Schema, Value } from "../columns/column.ts";
import { ERRORS_SCHEMA } from "../pipeline/verbs/source.ts";
export { SourceError } from "./source-error.ts";
import type { Pieces } from "./pieces.ts";
import type { TimeOptions, TimeUnit } from "./timestamps.ts";
import type { Disambiguation } from "../model/zones.ts";

/** A log as columns. Every line of the file is in `batch` or in `errors` (blank lines are in neither). */
export interface DecodedLog {
  readonly schema: Schema;
  /** All good rows, in file order. */
  readonly batch: Batch;
  /** The source line of each row, counted from 1; for formats without lines the row's number in the file. */
  readonly line: Int32Array;
  /**
   * The lines that could not be read, as `ERRORS_SCHEMA`: `line` from 1; `field`, null when the whole line is at fault; `value`,
   * the field's value as written, or the line itself, at most 500 characters; `reason`, a sentence.
   */
  readonly errors: Batch;
  /** What a reader ought to know about how values were taken, in sentences: widened columns, integers beyond 2^53. */
  readonly notes: readonly string[];
}

/** How a log is to be read. Fields are named as they are called after `rename`. */
export interface DecodeOptions {
  /** The file's name, for messages. */
  readonly file?: string;
  /** Types that are not to be inferred. A value of another type makes its line an error. Times are always stated here. */
  readonly types?: Readonly<Record<string, ColumnType>>;
  /** New names by the names in the file. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Fields that every row must have. A row without one is an error; a log without one anywhere throws. */
  readonly required?: readonly string[];
  /** The unit of epoch times, for all timestamp fields. */
  readonly timeUnit?: TimeUnit;
  /** The zone of times without an offset, for all timestamp fields. */
  readonly timeZone?: string;
  /** Which instant a wall-clock time means where the clock changes. Default: `"compatible"`. */
  readonly ambiguous?: Disambiguation;
  /** The same per field, where fields differ. */
  readonly times?: Readonly<Record<string, TimeOptions>>;
  /**
   * How many values of a field decide its type. Default 1000. Until then a value of another type widens the field (to json,
   * in CSV to string); after that it makes its line an error.
   */
  readonly inferRows?: number;
  /** The number of bytes to come, when known: spares the columns some growing. */
  readonly expectedBytes?: number;
}

/** Reads a log from chunks of bytes, cut anywhere. */
export interface Decoder {
  /** Decodes what is complete. `final` says that no more bytes follow. */
  push(bytes: Uint8Array, final?: boolean): void;
  /** Bytes taken in so far, for progress. */
  readonly bytesRead: number;
  /** Good rows so far. */
  readonly rowsRead: number;
  /** Lines in error so far. */
  readonly errorsFound: number;
  /** Hands out the log. Throws when a required field is nowhere, or no row at all had a readable time. */
  finish(): DecodedLog;
  /** Does the same, pausing now and then. */
  finishing(): Pieces<DecodedLog>;
}

const TEXT_LIMIT = 500;
const TEXTS_KEPT = 10_000;

/** What is wrong with one line. */
export interface LineProblem {
  readonly field: string | null;
  readonly value: string | null;
  readonly reason: string;
}

/** Says that a line, or row, lacks a required field. */
export function without(field: string, what: "line" | "row"): LineProblem {
  return { field, value: null, reason: `The ${what} has no ${field}.` };
}

/** Collects the lines that could not be read. */
export class ErrorCollector {
  readonly #builder = new BatchBuilder(ERRORS_SCHEMA);

  get length(): number {
    return this.#builder.length;
  }

  /**
   * Keeps one line. `text` is the line; it is kept where no field is at fault, and only for the first 10,000 errors, so that
   * a file of the wrong format does not fill the memory.
   */
  add(line: number, problem: LineProblem, text: () => string): void {
    const value = problem.field !== null ? problem.value : this.#builder.length < TEXTS_KEPT ? text() : problem.value;
    this.#builder.append([line, problem.field, clip(value), problem.reason]);
  }

  take(): Batch {
    return this.#builder.take();
  }
}

/** Cuts a text to 500 characters, never through a surrogate pair. */
export function clip<T extends string | null>(text: T): T | string {
  if (text === null || text.length <= TEXT_LIMIT) return text;
  const last = text.charCodeAt(TEXT_LIMIT - 1);
  return `${text.slice(0, last >= 0xd800 && last < 0xdc00 ? TEXT_LIMIT - 1 : TEXT_LIMIT)}…`;
}

/** Writes a value as it would stand in a log, for messages. */
export function show(value: Value | undefined): string {
  return clip(value === undefined ? "nothing" : JSON.stringify(value)) as string;
}
