/** Side outputs of a windowed aggregate: `late`, `kept`, `fates` and `life`. A port that nobody reads costs one test per call. */
import type { Batch } from "../../../columns/batch.ts";
import { BatchBuilder, columnBuilder } from "../../../columns/builder.ts";
import { type Column, gatherColumn, type Schema, type Value, valueAt } from "../../../columns/column.ts";
import { Dictionary } from "../../../columns/dictionary.ts";
import { Floats, Ints } from "../../../columns/growing.ts";
import { KEPT_FIELDS, LATE_FIELDS } from "../../../pipeline/verbs/aggregate.ts";
import type { Flow } from "../../flow.ts";
import type { OperatorContext } from "../../operator.ts";
import type { Port } from "../../../pipeline/verb.ts";
import type { WindowRules } from "../../windowing/rules.ts";
import type { Cell } from "./cell.ts";
import type { GroupKeys } from "./group-keys.ts";
import type { Now } from "./now.ts";

export type DropReason = "expired" | "finished";

/** Rows of one side output with their places in both times. */
class SideRows {
  readonly #rows: BatchBuilder;
  #at: number[] = [];
  #time: number[] = [];
  #clock: number[] = [];
  #weight: number[] = [];

  constructor(schema: Schema) {
    this.#rows = new BatchBuilder(schema);
  }
  append(values: readonly Value[], at: number, time: number, clock: number, weight: number): void {
    this.#rows.append(values);
    this.#at.push(at);
    this.#time.push(time);
    this.#clock.push(clock);
    this.#weight.push(weight);
  }
  take(watermark: Float64Array): Flow {
    const batch = this.#rows.take();
    const flow: Flow = {
      batch,
      selection: null,
      count: batch.length,
      at: Int32Array.from(this.#at),
      time: Float64Array.from(this.#time),
      clock: Float64Array.from(this.#clock),
      weight: this.#weight.some(weight => weight !== 1) ? Int32Array.from(this.#weight) : null,
      pane: null,
      watermark,
    };
    this.#at = [];
    this.#time = [];
    this.#clock = [];
    this.#weight = [];
    return flow;
  }
}

const FATES = new Dictionary();
/** What became of a row: codes of the column `fate`. */
export const ON_TIME = FATES.code("on-time");
export const LATE = FATES.code("late");
export const DROPPED = FATES.code("dropped");

/** Codes of the column `what`. */
const MOMENTS = new Dictionary();

/** Rows of `fates`, column by column. */
class FateRows {
  readonly #schema: Schema;
  readonly #time = new Floats();
  readonly #clock = new Floats();
  readonly #watermark = new Floats();
  readonly #fate = new Ints();
  readonly #at = new Ints();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  append(times: Float64Array, row: number, { at, clock, watermark }: Now, fate: number): void {
    this.#at.push(at);
    this.#time.push(times[row]);
    this.#clock.push(clock);
    this.#watermark.push(watermark);
    this.#fate.push(fate);
  }

  take(watermark: Float64Array): Flow {
    const time = this.#time.take();
    const clock = this.#clock.take();
    const columns: Column[] = [
      { type: "timestamp", values: time, valid: null },
      { type: "timestamp", values: clock, valid: null },
      { type: "timestamp", values: this.#watermark.take(), valid: null },
      { type: "string", codes: this.#fate.take(), dictionary: FATES },
    ];
    const { length } = time;
    const batch: Batch = { schema: this.#schema, length, columns };
    return {
      batch,
      selection: null,
      count: length,
      at: this.#at.take(),
      time,
      clock,
      weight: null,
      pane: null,
      watermark,
    };
  }
}

/** Rows of `kept`: where they stand in the batches they came in, and what is said of them, column by column. */
class KeptRows {
  readonly #schema: Schema;
  readonly #inputColumns: readonly number[];
  /** Batches in the order in which their rows were taken in, each with the number of rows noted before it. */
  #batches: { readonly batch: Batch; readonly from: number }[] = [];
  readonly #row = new Ints();
  readonly #start = new Floats();
  readonly #end = new Floats();
  readonly #watermark = new Floats();
  readonly #time = new Floats();
  readonly #clock = new Floats();
  readonly #weight = new Ints();
  readonly #at = new Ints();
  #weighted = false;

  constructor(schema: Schema, inputColumns: readonly number[]) {
    this.#schema = schema;
    this.#inputColumns = inputColumns;
  }

  append(
    batch: Batch,
    row: number,
    cell: Cell,
    shownEnd: number,
    times: Float64Array,
    weight: number,
    { at, clock, watermark }: Now,
  ): void {
    if (this.#batches.length === 0 || this.#batches[this.#batches.length - 1].batch !== batch)
      this.#batches.push({ batch, from: this.#row.count });
    this.#row.push(row);
    this.#start.push(cell.start);
    this.#end.push(cell.end - shownEnd);
    this.#watermark.push(watermark);
    this.#time.push(times[row]);
    this.#clock.push(clock);
    this.#weight.push(weight);
    if (weight !== 1) this.#weighted = true;
    this.#at.push(at);
  }

  take(watermark: Float64Array): Flow {
    const rows = this.#row.take();
    const { length } = rows;
    const clock = this.#clock.take();
    const columns: Column[] = [
      ...this.#own(rows),
      { type: "timestamp", values: this.#start.take(), valid: null },
      { type: "timestamp", values: this.#end.take(), valid: null },
      { type: "timestamp", values: clock, valid: null },
      { type: "timestamp", values: this.#watermark.take(), valid: null },
    ];
    const weight = this.#weight.take();
    const flow: Flow = {
      batch: { schema: this.#schema, length, columns },
      selection: null,
      count: length,
      at: this.#at.take(),
      time: this.#time.take(),
      clock,
      weight: this.#weighted ? weight : null,
      pane: null,
      watermark,
    };
    this.#weighted = false;
    return flow;
  }

  /** The rows' own columns; a bundle that began in the step before brings a batch of its own. */
  #own(rows: Int32Array): Column[] {
    const batches = this.#batches;
    this.#batches = [];
    if (batches.length === 1)
      return this.#inputColumns.map(c => gatherColumn(batches[0].batch.columns[c], rows, rows.length));
    return this.#inputColumns.map((c, i) => {
      const builder = columnBuilder(this.#schema[i]);
      batches.forEach(({ batch, from }, b) => {
        const to = batches[b + 1]?.from ?? rows.length;
        for (let k = from; k < to; k++) builder.append(valueAt(batch.columns[c], rows[k]));
      });
      return builder.take(rows.length);
    });
  }
}

/** Rows of `life`, column by column. */
class LifeRows {
  readonly #schema: Schema;
  readonly #keys: GroupKeys;
  readonly #key = new Ints();
  readonly #start = new Floats();
  readonly #end = new Floats();
  readonly #clock = new Floats();
  readonly #what = new Ints();
  readonly #rows = new Floats();
  readonly #at = new Ints();

  constructor(schema: Schema, keys: GroupKeys) {
    this.#schema = schema;
    this.#keys = keys;
  }

  append(cell: Cell, end: number, what: number, at: number, clock: number): void {
    this.#key.push(cell.key);
    this.#start.push(cell.start);
    this.#end.push(end);
    this.#clock.push(clock);
    this.#what.push(what);
    this.#rows.push(cell.weight);
    this.#at.push(at);
  }

  take(watermark: Float64Array): Flow {
    const length = this.#key.count;
    const time = this.#end.take();
    const clock = this.#clock.take();
    const columns: Column[] = [
      ...this.#keys.columns(this.#key.take(), length),
      { type: "timestamp", values: this.#start.take(), valid: null },
      { type: "timestamp", values: time, valid: null },
      { type: "timestamp", values: clock, valid: null },
      { type: "string", codes: this.#what.take(), dictionary: MOMENTS },
      { type: "number", values: this.#rows.take(), valid: null },
    ];
    const batch: Batch = { schema: this.#schema, length, columns };
    return {
      batch,
      selection: null,
      count: length,
      at: this.#at.take(),
      time,
      clock,
      weight: null,
      pane: null,
      watermark,
    };
  }
}

export class SideOutput {
  readonly #rules: WindowRules;
  readonly #late: SideRows | null;
  readonly #kept: KeptRows | null;
  readonly #fates: FateRows | null;
  readonly #life: LifeRows | null;
  /** Columns of the input that `late` shows; those with a name of its own are left out. */
  readonly #inputColumns: readonly number[];

  constructor(rules: WindowRules, keys: GroupKeys, context: OperatorContext) {
    this.#rules = rules;
    this.#late = context.reads("late") ? new SideRows(context.schema("late")) : null;
    const without = (fields: Schema): number[] =>
      context.inputs[0].flatMap(({ name }, i) => (fields.some(f => f.name === name) ? [] : [i]));
    this.#inputColumns = without(LATE_FIELDS);
    this.#kept = context.reads("kept") ? new KeptRows(context.schema("kept"), without(KEPT_FIELDS)) : null;
    this.#fates = context.reads("fates") ? new FateRows(context.schema("fates")) : null;
    this.#life = context.reads("life") ? new LifeRows(context.schema("life"), keys) : null;
  }

  /** Whether fates are wanted. */
  get wantsFates(): boolean {
    return this.#fates !== null;
  }

  /** Whether the rows that windows take in are wanted. */
  get wantsKept(): boolean {
    return this.#kept !== null;
  }

  /** Whether the lives of windows are wanted. */
  get wantsLife(): boolean {
    return this.#life !== null;
  }

  /** Reports that a window took a row in. */
  keep(batch: Batch, row: number, cell: Cell, times: Float64Array, weight: number, now: Now): void {
    this.#kept?.append(batch, row, cell, this.#rules.shownEnd, times, weight, now);
  }

  /** Reports that a row was not taken into the window `[start, end)`. */
  drop(
    row: { batch: Batch; row: number; at: number; time: number; clock: number; weight: number },
    start: number,
    end: number,
    watermark: number,
    reason: DropReason,
  ): void {
    if (this.#late === null) return;
    const { lateness, openAtLimit, shownEnd } = this.#rules;
    // The smallest whole number of milliseconds that would have been enough; nothing opens a finished window again.
    const enough = (by: number): number =>
      reason === "finished" ? Infinity : openAtLimit ? Math.ceil(by) : Math.floor(by) + 1;
    const values = this.#inputColumns.map(c => valueAt(row.batch.columns[c], row.row));
    values.push(
      start,
      end - shownEnd,
      row.clock,
      watermark,
      reason,
      watermark - (end + lateness),
      enough(watermark - end),
      enough(watermark - (end + lateness)),
    );
    this.#late.append(values, row.at, row.time, row.clock, row.weight);
  }

  /** Reports what became of a row. */
  fate(times: Float64Array, row: number, now: Now, fate: number): void {
    this.#fates?.append(times, row, now, fate);
  }

  /** Reports a moment in the life of a window. */
  lived(cell: Cell, what: string, at: number, clock: number): void {
    this.#life?.append(cell, cell.end - this.#rules.shownEnd, MOMENTS.code(what), at, clock);
  }

  /** Hands out the step's rows by port. */
  take(watermark: Float64Array): Record<Port, Flow> {
    const out: Record<Port, Flow> = {};
    if (this.#late !== null) out.late = this.#late.take(watermark);
    if (this.#kept !== null) out.kept = this.#kept.take(watermark);
    if (this.#fates !== null) out.fates = this.#fates.take(watermark);
    if (this.#life !== null) out.life = this.#life.take(watermark);
    return out;
  }
}
