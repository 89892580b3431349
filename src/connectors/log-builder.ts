/** The columns, line numbers, errors and notes of a log while a decoder reads it, and what has to hold at its end. */
import type { Batch } from "../columns/batch.ts";
import type { Column, Field } from "../columns/column.ts";
import { COLUMN_TYPES, GrowingColumn } from "./growing-column.ts";
import { type DecodedLog, type DecodeOptions, ErrorCollector, type LineProblem, SourceError } from "./log.ts";
import type { Pieces } from "./pieces.ts";

const FIRST_CAPACITY = 1024;

export class LogBuilder {
  readonly options: DecodeOptions;
  readonly file: string;
  readonly inferRows: number;
  readonly required: readonly string[];
  readonly columns: GrowingColumn[] = [];
  readonly errors = new ErrorCollector();
  readonly notes: string[] = [];
  lines = new Int32Array(FIRST_CAPACITY);
  rows = 0;
  /** Lines that were understood as records, in error or not. */
  objectsSeen = 0;
  #capacity = FIRST_CAPACITY;
  readonly #sources = new Map<string, number>();
  /** The columns of the required fields, as far as they are known. */
  readonly #requiredColumns: GrowingColumn[] = [];
  /** The first unreadable time of each field that has had no readable one yet. */
  readonly #badTimes = new Map<string, SourceError>();

  constructor(options: DecodeOptions) {
    this.options = options;
    this.file = options.file ?? "The log";
    this.inferRows = options.inferRows ?? 1000;
    this.required = options.required ?? [];
    // Wrong settings are found before the first byte: a zone that does not exist throws here.
    try {
      for (const name of Object.keys(options.types ?? {})) new GrowingColumn(name, options, 1);
      if (options.timeZone !== undefined) new GrowingColumn("", options, 1);
    } catch (error) {
      throw new SourceError(`${this.file}: ${error instanceof Error ? error.message : String(error)}`, {
        file: this.file,
      });
    }
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Makes room for more rows: as many as the bytes still to come promise, or twice as many. */
  grow(rows: number, bytesDone: number): void {
    const expected = this.options.expectedBytes;
    const byBytes = expected === undefined || bytesDone <= 0 ? 0 : Math.ceil((rows / bytesDone) * expected * 1.02) + 64;
    this.#capacity = Math.max(byBytes, this.#capacity * 2);
    const lines = new Int32Array(this.#capacity);
    lines.set(this.lines);
    this.lines = lines;
    for (const column of this.columns) column.reserve(this.#capacity);
  }

  /** Returns what a field of the file is called here. */
  nameOf(source: string): string {
    const rename = this.options.rename;
    return rename !== undefined && Object.hasOwn(rename, source) ? rename[source] : source;
  }

  /** Makes a column to try a value on when a field that is not known yet has a stated type; null when any value will do. */
  trialColumn(name: string): GrowingColumn | null {
    const { types } = this.options;
    return types !== undefined && Object.hasOwn(types, name) ? new GrowingColumn(name, this.options, 1) : null;
  }

  /** Adds a column whose rows so far are null. Throws when two fields end up with one name. */
  addColumn(name: string, line: number): GrowingColumn {
    const before = this.#sources.get(name);
    if (before !== undefined)
      throw new SourceError(
        `${this.file}, line ${line}: two fields are called "${name}" (the first is on line ${before}). Give one of them another name in rename.`,
        { file: this.file, line, field: name },
      );
    this.#sources.set(name, line);
    const column = new GrowingColumn(name, this.options, this.#capacity);
    column.firstLine = line;
    if (this.rows > 0) column.nulls = true;
    this.columns.push(column);
    if (this.required.includes(name)) this.#requiredColumns.push(column);
    return column;
  }

  /** Returns the first required field that a row lacks, or null. */
  missingRequired(row: number): string | null {
    if (this.#requiredColumns.length < this.required.length)
      return this.required.find(name => !this.#requiredColumns.some(c => c.name === name)) ?? null;
    for (const column of this.#requiredColumns) if (column.isNull(row)) return column.name;
    return null;
  }

  /**
   * Makes the problem of a value that is not a time. When the zone or unit has to be stated and no time of this field was
   * readable so far, the settings are at fault and not the line: that throws, at once.
   */
  timeProblem(column: GrowingColumn, shown: string, value: string, line: number): LineProblem {
    const reason = `${column.name}: ${column.times.explain(shown)}`;
    if (column.firstRow < 0) {
      const error = new SourceError(`${this.file}, line ${line}, field ${reason}`, {
        file: this.file,
        line,
        field: column.name,
        value,
      });
      if (column.times.problem !== "unparsable") throw error;
      if (!this.#badTimes.has(column.name)) this.#badTimes.set(column.name, error);
    }
    return { field: column.name, value, reason: generalReason(column) };
  }

  /** Hands out the log, pausing after each column. */
  *finish(): Pieces<DecodedLog> {
    for (const [name, error] of this.#badTimes)
      if (!this.columns.some(column => column.name === name && column.firstRow >= 0)) throw error;
    const known = new Set(this.columns.map(column => column.name));
    if (this.objectsSeen > 0)
      for (const name of this.required) if (!known.has(name) && !this.#isSeen(name)) throw this.#noSuchField(name);
    for (const name of new Set([...this.required, ...Object.keys(this.options.types ?? {})]))
      if (!known.has(name)) {
        this.addColumn(name, 0).nulls = true;
        if (this.objectsSeen > 0) this.notes.push(`${name} has a stated type, but no line has it: it is empty.`);
      }
    for (const column of this.columns)
      if (column.inexact > 0)
        this.notes.push(
          `${column.name} has ${column.inexact} integers beyond 2^53, which a number cannot hold exactly. To keep every digit, state types: {${JSON.stringify(column.name)}: "string"}.`,
        );
    const schema: Field[] = [];
    const columns: Column[] = [];
    for (const column of this.columns) {
      schema.push({ name: column.name, type: COLUMN_TYPES[column.kind], nullable: column.hasNulls(this.rows) });
      columns.push(column.take(this.rows));
      yield 1;
    }
    const batch: Batch = { schema, length: this.rows, columns };
    return { schema, batch, line: this.lines.slice(0, this.rows), errors: this.errors.take(), notes: this.notes };
  }

  #isSeen(name: string): boolean {
    return this.#seenFields.has(name);
  }

  /** Fields seen in lines that were not taken as rows, so that a missing one can be told from a misspelt one. */
  readonly #seenFields = new Set<string>();

  /** Remembers the fields of a line in error. */
  saw(names: readonly string[]): void {
    for (const name of names) if (this.#seenFields.size < 1000) this.#seenFields.add(name);
  }

  #noSuchField(name: string): SourceError {
    const there = [...new Set([...this.columns.map(c => c.name), ...this.#seenFields])];
    const list = there.length === 0 ? "no line has any field" : `there are: ${there.slice(0, 40).join(", ")}`;
    return new SourceError(`${this.file}: there is no field "${name}"; ${list}. Name one of them, or use rename.`, {
      file: this.file,
      field: name,
    });
  }
}

/** The reason without the value, so that many lines with the same mistake share one text. */
function generalReason(column: GrowingColumn): string {
  return column.times.explain(`The ${column.name}`);
}
