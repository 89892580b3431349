/**
 * The log of a live source while it grows: recorded lines go in, and what comes out are longer and longer logs that share
 * their beginning. Each costs what has come since the one before.
 */
import { BatchBuilder } from "../../columns/builder.ts";
import type { Batch } from "../../columns/batch.ts";
import {
  type Column,
  type ColumnType,
  type NumberColumn,
  type Schema,
  type StringColumn,
  type Value,
  valueAt,
} from "../../columns/column.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import { ERRORS_SCHEMA } from "../../pipeline/verbs/source.ts";
import { type GrowingDecoder, growingJsonLinesDecoder } from "../jsonlines/decode.ts";
import { ARRIVAL, OFFSET, PARTITION } from "./envelope.ts";
import { type LiveReading, timeOptions } from "./sample.ts";

const encoder = new TextEncoder();

export class GrowingLog {
  readonly #decoder: GrowingDecoder;
  readonly #schema: Schema;
  readonly #partitioned: boolean;
  readonly #time: number;
  /** Rebuilt when there are more of them: dictionaries live on in the builder. */
  readonly #errorRows: Value[][] = [];
  readonly #errorBuilder = new BatchBuilder(ERRORS_SCHEMA);
  #errors: Batch = this.#errorBuilder.take();

  /** `types`: the rows' own columns, in order, as `sampleTypes` told them. */
  constructor(reading: LiveReading, types: Readonly<Record<string, ColumnType>>) {
    const { eventTime } = reading;
    this.#decoder = growingJsonLinesDecoder({
      file: reading.file,
      types: {
        ...types,
        [eventTime.column]: "timestamp",
        [ARRIVAL]: "timestamp",
        [PARTITION]: "string",
        [OFFSET]: "number",
      },
      times: { [eventTime.column]: timeOptions(eventTime) },
      required: [eventTime.column, ARRIVAL],
    });
    const names = Object.keys({ ...types, [eventTime.column]: "timestamp" });
    this.#schema = names.map(name => ({
      name,
      type: name === eventTime.column ? "timestamp" : types[name],
      nullable: name !== eventTime.column,
    }));
    this.#time = names.indexOf(eventTime.column);
    this.#partitioned = reading.partition !== null;
  }

  /** Good rows so far. */
  get rows(): number {
    return this.#decoder.rowsRead;
  }

  /** Where each row stood in the source. */
  get offsets(): Float64Array {
    return floats(this.#decoder.view().columns[this.#schema.length + 2]);
  }

  /** Takes recorded lines, each with its end. */
  push(lines: string): void {
    this.#decoder.push(encoder.encode(lines));
  }

  /** The log so far: known up to `known`, or, where that is null, complete and stopped at `ended`. Times in ms. */
  log(known: number | null, ended: number | null): SourceLog {
    const { columns, line, rows } = this.#decoder.view();
    const own = this.#schema.length;
    const partition = columns[own + 1] as StringColumn;
    return {
      batch: { schema: this.#schema, length: rows, columns: columns.slice(0, own) },
      time: floats(columns[this.#time]),
      arrival: floats(columns[own]),
      partition: this.#partitioned ? partition.codes : null,
      partitions: this.#partitioned ? partition.dictionary : null,
      line,
      errors: this.#errorsSoFar(),
      ...(known === null ? {} : { known }),
      ...(ended === null ? {} : { ended }),
    };
  }

  #errorsSoFar(): Batch {
    const found = this.#decoder.takeErrors();
    if (found.length === 0) return this.#errors;
    for (let row = 0; row < found.length; row++)
      this.#errorRows.push(found.columns.map(column => valueAt(column, row)));
    for (const row of this.#errorRows) this.#errorBuilder.append(row);
    this.#errors = this.#errorBuilder.take();
    return this.#errors;
  }
}

function floats(column: Column): Float64Array {
  return (column as NumberColumn).values;
}
