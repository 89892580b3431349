/** Collects the rows that no window took, and hands them out as the `late` port's flow. */
import { columnIndex, gatherBatch } from "../../../columns/batch.ts";
import type { Column, Schema } from "../../../columns/column.ts";
import { gatherFloats } from "../../../columns/column.ts";
import { Dictionary } from "../../../columns/dictionary.ts";
import { LATE_FIELDS } from "../../../pipeline/verbs/aggregate.ts";
import { clockOf, type Flow, positionOf } from "../../flow.ts";
import type { OperatorContext } from "../../operator.ts";
import type { Step } from "../../step.ts";

export const EXPIRED = 0;
export const FINISHED = 1;
const REASONS = new Dictionary(["expired", "finished"]);

export class LateRows {
  /** Whether anybody reads the port; if not, nothing is kept. */
  readonly wanted: boolean;
  readonly #schema: Schema;
  readonly #lateness: number;
  #count = 0;
  #rows: Int32Array = new Int32Array(16);
  #start: Float64Array = new Float64Array(16);
  #end: Float64Array = new Float64Array(16);
  #watermark: Float64Array = new Float64Array(16);
  #reason: Int32Array = new Int32Array(16);

  constructor(context: OperatorContext, lateness: number) {
    this.wanted = context.reads("late");
    this.#schema = this.wanted ? context.schema("late") : [];
    this.#lateness = lateness;
  }

  clear(): void {
    this.#count = 0;
  }

  /**
   * Appends a batch row that missed the window `[start, end)`. `before` is the watermark with which the step began.
   */
  append(flow: Flow, before: number, row: number, start: number, end: number, reason: number): void {
    if (!this.wanted) return;
    const i = this.#count++;
    if (i === this.#rows.length) this.#grow();
    const position = positionOf(flow, row);
    this.#rows[i] = row;
    this.#start[i] = start;
    this.#end[i] = end;
    this.#watermark[i] = position === 0 ? before : flow.watermark[position - 1];
    this.#reason[i] = reason;
  }

  flow(input: Flow, step: Step, output: Float64Array): Flow {
    const count = this.#count;
    const rows = this.#rows;
    const own = gatherBatch(input.batch, rows, count);
    const floats = (type: "number" | "timestamp", value: (i: number) => number): Column => {
      const values = new Float64Array(count);
      for (let i = 0; i < count; i++) values[i] = value(i);
      return { type, values, valid: null };
    };
    const margin = (i: number): number => this.#watermark[i] - this.#end[i];
    // The least whole number of milliseconds that would have been enough; nothing opens a finished window again.
    const enough = (i: number, by: number): number => (this.#reason[i] === FINISHED ? Infinity : Math.floor(by) + 1);
    const said: Readonly<Record<string, () => Column>> = {
      window_start: () => floats("timestamp", i => this.#start[i]),
      window_end: () => floats("timestamp", i => this.#end[i]),
      arrived_at: () => floats("timestamp", i => clockOf(input, step, rows[i])),
      watermark: () => floats("timestamp", i => this.#watermark[i]),
      reason: () => ({ type: "string", codes: this.#reason.slice(0, count), dictionary: REASONS }),
      margin: () => floats("number", i => margin(i) - this.#lateness),
      keeps_with_lateness: () => floats("number", i => enough(i, margin(i))),
      keeps_with_delay: () => floats("number", i => enough(i, margin(i) - this.#lateness)),
    };
    const columns = this.#schema.map(field => {
      const made = LATE_FIELDS.some(f => f.name === field.name) ? said[field.name] : undefined;
      return made === undefined ? own.columns[columnIndex(input.batch.schema, field.name)] : made();
    });
    const at = new Int32Array(count);
    for (let i = 0; i < count; i++) at[i] = positionOf(input, rows[i]);
    return {
      batch: { schema: this.#schema, length: count, columns },
      selection: null,
      count,
      at,
      time: gatherFloats(input.time, rows, count),
      clock: input.clock === null ? null : gatherFloats(input.clock, rows, count),
      weight: null,
      pane: null,
      watermark: output,
    };
  }

  #grow(): void {
    const size = this.#rows.length * 2;
    const floats = (from: Float64Array): Float64Array => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    const ints = (from: Int32Array): Int32Array => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.#rows = ints(this.#rows);
    this.#start = floats(this.#start);
    this.#end = floats(this.#end);
    this.#watermark = floats(this.#watermark);
    this.#reason = ints(this.#reason);
  }
}
