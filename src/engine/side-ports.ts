/** What sources put out beside their rows: lines that could not be read, and each move of their watermarks. */
import { type Batch, sliceBatch } from "../columns/batch.ts";
import { batchOf } from "../columns/builder.ts";
import { ERRORS_SCHEMA } from "../pipeline/verbs/source.ts";
import type { SourceFeed } from "./feed.ts";
import type { Flow } from "./flow.ts";
import type { Outputs } from "./operator.ts";
import { ProgressRows, type SavedProgress } from "./progress.ts";

/** A source and the ports that somebody reads of it. */
interface Ported {
  readonly id: string;
  readonly feed: SourceFeed;
  readonly reads: ReadonlySet<string>;
}

export interface SavedPorts {
  readonly errors: readonly (readonly [string, number])[];
  readonly told: ReadonlyMap<string, SavedProgress>;
}

export class SidePorts {
  /** How many of each source's errors have been told: a log that grows finds more. */
  #errorsSaid = new Map<string, number>();
  /** What each source has to say on its port `progress`, and what a restored one had said before. */
  readonly #progress = new Map<string, ProgressRows>();
  #told = new Map<string, SavedProgress>();

  /** Returns what a source puts out in a step: its rows, and what is new on the ports that are read, at `clock`. */
  outputs(source: Ported, main: Flow, clock: number): Outputs {
    const outputs: Record<string, Flow> = { main };
    if (source.reads.has("errors")) {
      const { errors } = source.feed.log;
      const said = this.#errorsSaid.get(source.id) ?? -1;
      if (errors.length > said) {
        this.#errorsSaid.set(source.id, errors.length);
        const fresh = sliceBatch(errorsOf(errors), Math.max(said, 0), errors.length);
        outputs["errors"] = sideFlow(fresh, main, null, clock);
      }
    }
    if (source.reads.has("progress") && this.progressOf(source).count > 0) {
      const { batch, at } = this.progressOf(source).take();
      outputs["progress"] = sideFlow(batch, main, at, clock);
    }
    return outputs;
  }

  /** The rows that a source has for its port `progress`. */
  progressOf({ id, feed }: Ported): ProgressRows {
    let rows = this.#progress.get(id);
    if (rows === undefined) {
      this.#progress.set(id, (rows = new ProgressRows(feed)));
      const told = this.#told.get(id);
      if (told !== undefined) rows.load(told);
    }
    return rows;
  }

  snapshot(): SavedPorts {
    const told = new Map(this.#told);
    for (const [id, rows] of this.#progress) told.set(id, rows.save());
    return { errors: [...this.#errorsSaid], told };
  }

  restore({ errors, told }: SavedPorts): void {
    this.#errorsSaid = new Map(errors);
    this.#progress.clear();
    this.#told = new Map(told);
  }
}

/** Rows of a side output have the processing time as their event time: they say what happened to the reading, then. */
function sideFlow(batch: Batch, main: Flow, at: Int32Array | null, clock: number): Flow {
  const count = batch.length;
  return {
    batch,
    selection: null,
    count,
    at: at ?? new Int32Array(count),
    time: new Float64Array(count).fill(clock),
    clock: null,
    weight: null,
    pane: null,
    watermark: main.watermark,
  };
}

/** Cuts what a decoder says of its errors down to the columns that every source's `errors` have. */
function errorsOf(errors: Batch): Batch {
  const columns = ERRORS_SCHEMA.map(field => errors.columns[errors.schema.findIndex(f => f.name === field.name)]);
  if (columns.some(c => c === undefined)) return batchOf(ERRORS_SCHEMA, []);
  return { schema: ERRORS_SCHEMA, length: errors.length, columns };
}
