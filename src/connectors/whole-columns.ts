/**
 * Makes a log out of columns that a format already keeps as columns (Parquet, Arrow): new names, stated types, required
 * fields, and rows in error, by the same rules as for text formats.
 */
import { type Batch, gatherBatch } from "../columns/batch.ts";
import { ByteDictionary } from "../columns/byte-dictionary.ts";
import { type Column, type ColumnType, type Field, type NumberColumn, type Value, valueAt } from "../columns/column.ts";
import type { Dictionary } from "../columns/dictionary.ts";
import {
  type DecodedLog,
  type DecodeOptions,
  ErrorCollector,
  type LineProblem,
  SourceError,
  show,
  without,
} from "./log.ts";
import { atOnce, type Pieces, stretches } from "./pieces.ts";
import { TimeReader } from "./timestamps.ts";

/** One column as it was found in a file. */
export interface FoundColumn {
  readonly name: string;
  readonly column: Column;
  /** Whether it holds times of a wall clock whose zone the file does not state, written as if they were UTC. */
  readonly local?: boolean;
  /** Integers that a double cannot hold. */
  readonly inexact?: number;
}

/** Where the columns come from when they are not a file's whole ones. */
export interface PartOfFile {
  /** Rows of the file before those of the columns. */
  readonly first: number;
  /** Dictionaries of texts that are made of other values, by the column's name: all parts share them. */
  readonly dictionaries: Map<string, ByteDictionary>;
}

/**
 * Makes the log of a file's columns, or of a part of it. `line` is the row's number in the file, from 1. Throws a `SourceError` where
 * settings cannot work.
 */
export function logOfColumns(
  found: readonly FoundColumn[],
  rows: number,
  options: DecodeOptions,
  part?: PartOfFile,
): DecodedLog {
  return atOnce(logOfColumnsInPieces(found, rows, options, part));
}

/** Does the same, pausing now and then. */
export function* logOfColumnsInPieces(
  found: readonly FoundColumn[],
  rows: number,
  options: DecodeOptions,
  part: PartOfFile = { first: 0, dictionaries: new Map() },
): Pieces<DecodedLog> {
  const file = options.file ?? "The log";
  const notes: string[] = [];
  const problems = new Map<number, LineProblem>();
  const names = new Set<string>();
  const columns: { readonly name: string; readonly column: Column }[] = [];
  for (const one of found) {
    const name =
      options.rename !== undefined && Object.hasOwn(options.rename, one.name) ? options.rename[one.name] : one.name;
    if (names.has(name))
      throw new SourceError(`${file}: two fields are called "${name}". Give one of them another name in rename.`, {
        file,
        field: name,
      });
    names.add(name);
    const stated = options.types !== undefined && Object.hasOwn(options.types, name) ? options.types[name] : null;
    if ((one.inexact ?? 0) > 0)
      notes.push(`${name} has ${one.inexact} integers beyond 2^53, which a number cannot hold exactly.`);
    columns.push({ name, column: fitted(one, name, stated, rows, options, file, problems, notes, part) });
  }
  for (const name of options.required ?? []) {
    const column = columns.find(c => c.name === name)?.column;
    if (column === undefined)
      throw new SourceError(
        `${file}: there is no field "${name}"; there are: ${columns.map(c => c.name).join(", ")}. Name one of them, or use rename.`,
        { file, field: name },
      );
    if (yield* hasNulls(column, rows))
      yield* stretches(
        rows,
        (from, to) => {
          for (let row = from; row < to; row++)
            if (!problems.has(row) && isNull(column, row)) problems.set(row, without(name, "row"));
        },
        LAST,
      );
  }
  const schema: Field[] = [];
  for (const { name, column } of columns)
    schema.push({ name, type: column.type, nullable: yield* hasNulls(column, rows) });
  const batch: Batch = { schema, length: rows, columns: columns.map(c => c.column) };
  return yield* withoutBadRows(batch, problems, notes, part.first);
}

/** The last part of reading, as shares of the whole. */
const LAST = [0.8, 1] as const;

function* withoutBadRows(
  batch: Batch,
  problems: ReadonlyMap<number, LineProblem>,
  notes: readonly string[],
  first: number,
): Pieces<DecodedLog> {
  const errors = new ErrorCollector();
  const line = new Int32Array(batch.length - problems.size);
  if (problems.size === 0) {
    const number = (from: number, to: number): void => {
      for (let row = from; row < to; row++) line[row] = first + row + 1;
    };
    yield* stretches(line.length, number, LAST);
    return { schema: batch.schema, batch, line, errors: errors.take(), notes };
  }
  const good = new Int32Array(line.length);
  for (let row = 0, o = 0; row < batch.length; row++) {
    const problem = problems.get(row);
    if (problem === undefined) {
      line[o] = first + row + 1;
      good[o++] = row;
    } else
      errors.add(first + row + 1, problem, () =>
        JSON.stringify(Object.fromEntries(batch.schema.map((f, c) => [f.name, valueAt(batch.columns[c], row)]))),
      );
  }
  return { schema: batch.schema, batch: gatherBatch(batch, good, good.length), line, errors: errors.take(), notes };
}

/** Converts a column to its stated type; a value that cannot be converted makes its row a problem. */
function fitted(
  found: FoundColumn,
  name: string,
  stated: ColumnType | null,
  rows: number,
  options: DecodeOptions,
  file: string,
  problems: Map<number, LineProblem>,
  notes: string[],
  part: PartOfFile,
): Column {
  const { column } = found;
  if (column.type === "timestamp" && (stated === null || stated === "timestamp"))
    return found.local === true
      ? placed(column, name, stated !== null, rows, options, file, notes, part.first)
      : column;
  if (stated === null || stated === column.type) return column;
  switch (stated) {
    case "timestamp":
      return asTimes(column, name, rows, options, file, problems, part.first);
    case "string": {
      const dictionary = part.dictionaries.get(name) ?? new ByteDictionary();
      part.dictionaries.set(name, dictionary);
      const codes = new Int32Array(rows);
      for (let row = 0; row < rows; row++) {
        const value = valueAt(column, row);
        codes[row] =
          value === null ? -1 : dictionary.code(typeof value === "object" ? JSON.stringify(value) : String(value));
      }
      return { type: "string", codes, dictionary };
    }
    case "json":
      return { type: "json", values: Array.from({ length: rows }, (_, row) => valueAt(column, row)) };
    case "number":
      if (column.type === "timestamp") return { ...column, type: "number" };
      break;
  }
  throw new SourceError(
    `${file}: ${name} holds ${column.type} values and is stated to be ${stated}. State ${column.type}, string or json, or leave it out of types.`,
    { file, field: name },
  );
}

/** Places wall-clock times in the stated zone. Without one, a field that is stated as times throws, others are taken as UTC. */
function placed(
  column: NumberColumn,
  name: string,
  stated: boolean,
  rows: number,
  options: DecodeOptions,
  file: string,
  notes: string[],
  before: number,
): Column {
  const reader = readerOf(name, options, file);
  if (reader.zone === null) {
    const first = column.values.findIndex(value => !Number.isNaN(value));
    const shown = first < 0 ? "" : new Date(column.values[first]).toISOString().slice(0, -1);
    if (stated && first >= 0)
      throw new SourceError(
        `${file}, row ${before + first + 1}, field ${name}: ${shown} has no offset: the file says that it is local time, but not where. State the zone, for example timeZone: "Europe/London".`,
        { file, line: before + first + 1, field: name, value: shown },
      );
    notes.push(
      `${name} holds local times without a zone: they are taken as UTC. To place them, state timeZone: "Europe/London" or another.`,
    );
    return column;
  }
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++)
    values[row] = Number.isNaN(column.values[row])
      ? NaN
      : reader.zone.localToUtc(column.values[row], options.ambiguous);
  return { type: "timestamp", values, valid: column.valid };
}

function readerOf(name: string, options: DecodeOptions, file: string): TimeReader {
  const own = options.times !== undefined && Object.hasOwn(options.times, name) ? options.times[name] : {};
  try {
    return new TimeReader({
      unit: own.unit ?? options.timeUnit,
      timeZone: own.timeZone ?? options.timeZone,
      ambiguous: own.ambiguous ?? options.ambiguous,
    });
  } catch (error) {
    throw new SourceError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { file, field: name });
  }
}

/** Reads epoch numbers, or texts once per distinct one, as times. */
function asTimes(
  column: Column,
  name: string,
  rows: number,
  options: DecodeOptions,
  file: string,
  problems: Map<number, LineProblem>,
  before: number,
): Column {
  const reader = readerOf(name, options, file);
  const values = new Float64Array(rows).fill(NaN);
  const valid = new Uint8Array(rows);
  const known: (number | undefined)[] = [];
  let missing = 0;
  let good = 0;
  for (let row = 0; row < rows; row++) {
    if (isNull(column, row)) {
      missing++;
      continue;
    }
    let time: number;
    if (column.type === "string")
      time = known[column.codes[row]] ??= reader.string(column.dictionary.value(column.codes[row]));
    else {
      const value = valueAt(column, row);
      time = typeof value === "number" ? reader.epoch(value) : typeof value === "string" ? reader.string(value) : NaN;
      if (typeof value !== "number" && typeof value !== "string") reader.problem = "unparsable";
    }
    if (Number.isNaN(time)) {
      const value = valueAt(column, row);
      if (column.type === "string") reader.string(value as string);
      if (reader.problem !== "unparsable" && good === 0) {
        const shown = show(value);
        throw new SourceError(`${file}, row ${before + row + 1}, field ${name}: ${reader.explain(shown)}`, {
          file,
          line: before + row + 1,
          field: name,
          value: shown,
        });
      }
      missing++;
      if (!problems.has(row))
        problems.set(row, {
          field: name,
          value: typeof value === "string" ? value : show(value),
          reason: reader.explain(`The ${name}`),
        });
      continue;
    }
    good++;
    values[row] = time;
    valid[row] = 1;
  }
  if (good === 0)
    for (const [row, problem] of problems)
      if (problem.field === name)
        throw new SourceError(
          `${file}, row ${before + row + 1}, field ${name}: ${reader.explain(problem.value ?? "")}`,
          {
            file,
            line: before + row + 1,
            field: name,
          },
        );
  return { type: "timestamp", values, valid: missing === 0 ? null : valid };
}

function isNull(column: Column, row: number): boolean {
  switch (column.type) {
    case "string":
      return column.codes[row] < 0;
    case "json":
      return column.values[row] === null;
    default:
      return column.valid !== null && column.valid[row] === 0;
  }
}

function* hasNulls(column: Column, rows: number): Pieces<boolean> {
  if (column.type !== "string" && column.type !== "json") return column.valid !== null;
  let found = false;
  const look = (from: number, to: number): void => {
    for (let row = from; row < to && !found; row++) found = isNull(column, row);
  };
  yield* stretches(rows, look, LAST);
  return found;
}

/**
 * Makes a column of values that a format's reader gives one by one: numbers as they are, big integers as numbers, dates as
 * times, everything nested as JSON values. Returns also how many integers were too large to be exact.
 */
export function columnOfValues(
  values: ArrayLike<unknown>,
  type: ColumnType,
  rows: number,
): { readonly column: Column; readonly inexact: number } {
  let inexact = 0;
  switch (type) {
    case "number":
    case "timestamp": {
      if (values instanceof Float64Array) return { column: { type, values, valid: validOfNaN(values) }, inexact };
      const out = new Float64Array(rows);
      let valid: Uint8Array | null = null;
      for (let row = 0; row < rows; row++) {
        const value = values[row];
        if (typeof value === "number") out[row] = value;
        else if (typeof value === "bigint") {
          out[row] = Number(value);
          if (!Number.isSafeInteger(out[row])) inexact++;
        } else out[row] = value instanceof Date ? value.getTime() : NaN;
        if (Number.isNaN(out[row])) {
          valid ??= new Uint8Array(rows).fill(1);
          valid[row] = 0;
        }
      }
      return { column: { type, values: out, valid }, inexact };
    }
    case "boolean": {
      const out = new Uint8Array(rows);
      let valid: Uint8Array | null = null;
      for (let row = 0; row < rows; row++) {
        const value = values[row];
        if (value === null || value === undefined) {
          valid ??= new Uint8Array(rows).fill(1);
          valid[row] = 0;
        } else out[row] = value === true || value === 1 ? 1 : 0;
      }
      return { column: { type, values: out, valid }, inexact };
    }
    case "string": {
      const dictionary: Dictionary = new ByteDictionary();
      const codes = new Int32Array(rows);
      for (let row = 0; row < rows; row++) {
        const value = values[row];
        codes[row] = value === null || value === undefined ? -1 : dictionary.code(String(value));
      }
      return { column: { type, codes, dictionary }, inexact };
    }
    case "json":
      return { column: { type, values: Array.from({ length: rows }, (_, row) => plain(values[row])) }, inexact };
  }
}

/** A floating-point column may hold NaN for "no value", as pandas writes it: here that is null. */
function validOfNaN(values: Float64Array): Uint8Array | null {
  let valid: Uint8Array | null = null;
  for (let row = 0; row < values.length; row++)
    if (Number.isNaN(values[row])) {
      valid ??= new Uint8Array(values.length).fill(1);
      valid[row] = 0;
    }
  return valid;
}

/** Turns what readers give (big integers, dates, typed arrays, maps) into what JSON can hold. */
function plain(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [String(k), plain(v)]));
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return Array.from(value as ArrayLike<unknown> as unknown[], plain);
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return String(value);
}
