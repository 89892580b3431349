/** Side outputs of a windowed aggregate: `late`, `fates` and `life`. A port that nobody reads costs one test per call. */
import type { Batch } from "../../../columns/batch.ts";
import { BatchBuilder } from "../../../columns/builder.ts";
import { type Schema, type Value, valueAt } from "../../../columns/column.ts";
import { LATE_FIELDS } from "../../../pipeline/verbs/aggregate.ts";
import type { Flow } from "../../flow.ts";
import type { OperatorContext } from "../../operator.ts";
import type { Port } from "../../../pipeline/verb.ts";
import type { WindowRules } from "../../windowing/rules.ts";
import type { Cell } from "./cell.ts";

export type DropReason = "expired" | "finished";
export type Fate = "on-time" | "late" | "dropped";

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

export class SideOutput {
  readonly #rules: WindowRules;
  readonly #late: SideRows | null;
  readonly #fates: SideRows | null;
  readonly #life: SideRows | null;
  /** Columns of the input that `late` shows; those with a name of its own are left out. */
  readonly #inputColumns: readonly number[];

  constructor(rules: WindowRules, context: OperatorContext) {
    this.#rules = rules;
    const open = (port: Port): SideRows | null => (context.reads(port) ? new SideRows(context.schema(port)) : null);
    this.#late = open("late");
    this.#fates = open("fates");
    this.#life = open("life");
    this.#inputColumns = context.inputs[0].flatMap((field, i) =>
      LATE_FIELDS.some(l => l.name === field.name) ? [] : [i],
    );
  }

  /** Whether fates are wanted. */
  get wantsFates(): boolean {
    return this.#fates !== null;
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

  fate(at: number, time: number, clock: number, watermark: number, fate: Fate): void {
    this.#fates?.append([time, clock, watermark, fate], at, time, clock, 1);
  }

  /** Reports a moment in the life of a window. */
  lived(cell: Cell, key: readonly Value[], what: string, at: number, clock: number): void {
    if (this.#life === null) return;
    const end = cell.end - this.#rules.shownEnd;
    this.#life.append([...key, cell.start, end, clock, what, cell.weight], at, end, clock, 1);
  }

  /** Hands out the step's rows by port. */
  take(watermark: Float64Array): Record<Port, Flow> {
    const out: Record<Port, Flow> = {};
    if (this.#late !== null) out.late = this.#late.take(watermark);
    if (this.#fates !== null) out.fates = this.#fates.take(watermark);
    if (this.#life !== null) out.life = this.#life.take(watermark);
    return out;
  }
}
