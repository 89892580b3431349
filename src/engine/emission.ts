/**
 * What an operator emits in one step, gathered as slots of row stores and turned into columns once at the end. Rows are
 * appended in the order of positions, and at one position in the order of their clocks.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, Schema } from "../columns/column.ts";
import type { Flow } from "./flow.ts";
import type { RowStore } from "./row-store.ts";
import type { Step } from "./step.ts";

export class Emission {
  count = 0;
  at = new Int32Array(16);
  time = new Float64Array(16);
  clock = new Float64Array(16);
  weight = new Int32Array(16);
  /** Slot in the first and second store; −1 stands for a row of nulls. */
  left = new Int32Array(16);
  right = new Int32Array(16);
  /** Bounds of the window, where rows have one. */
  start = new Float64Array(16);
  end = new Float64Array(16);
  #negative = false;
  #clocked = false;

  /**
   * Appends a row. `clock` is the processing time at which it comes out; NaN stands for that of its position.
   */
  emit(
    position: number,
    clock: number,
    time: number,
    weight: number,
    left: number,
    right = -1,
    start = 0,
    end = 0,
  ): void {
    if (weight === 0) return;
    if (this.count === this.at.length) this.#grow();
    const i = this.count++;
    this.at[i] = position;
    this.time[i] = time;
    this.clock[i] = clock;
    this.weight[i] = weight;
    this.left[i] = left;
    this.right[i] = right;
    this.start[i] = start;
    this.end[i] = end;
    if (weight !== 1) this.#negative = true;
    if (clock === clock) this.#clocked = true;
  }

  /**
   * Appends a row of which the caller writes time, clock and window bounds itself, at the place that is returned: numbers that are
   * handed over in a call are put into boxes. `clocked` says whether its clock is a number.
   */
  claim(position: number, weight: number, left: number, clocked: boolean): number {
    if (this.count === this.at.length) this.#grow();
    const i = this.count++;
    this.at[i] = position;
    this.weight[i] = weight;
    this.left[i] = left;
    this.right[i] = -1;
    if (weight !== 1) this.#negative = true;
    if (clocked) this.#clocked = true;
    return i;
  }

  /** Hands the rows out as a flow and starts again. `columns` makes the batch's columns from the slots. */
  take(
    step: Step,
    schema: Schema,
    watermark: Float64Array,
    columns: (emission: Emission, count: number) => readonly Column[],
  ): Flow {
    const { count } = this;
    const at = this.at.slice(0, count);
    const flow: Flow = {
      batch: { schema, length: count, columns: columns(this, count) } satisfies Batch,
      selection: null,
      count,
      at,
      time: this.time.slice(0, count),
      clock: this.#clocked ? this.#clocks(step, at) : null,
      weight: this.#negative ? this.weight.slice(0, count) : null,
      pane: null,
      watermark,
    };
    this.clear();
    return flow;
  }

  /** The processing time of each row; those that said none have that of their position. */
  #clocks({ clock }: Step, at: Int32Array): Float64Array {
    const out = this.clock.slice(0, at.length);
    for (let i = 0; i < out.length; i++) if (Number.isNaN(out[i])) out[i] = clock[at[i]];
    return out;
  }

  /** Forgets what was not handed out. */
  clear(): void {
    this.count = 0;
    this.#negative = false;
    this.#clocked = false;
  }

  #grow(): void {
    const size = 2 * this.at.length;
    const ints = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    const floats = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    this.at = ints(this.at);
    this.weight = ints(this.weight);
    this.left = ints(this.left);
    this.right = ints(this.right);
    this.time = floats(this.time);
    this.clock = floats(this.clock);
    this.start = floats(this.start);
    this.end = floats(this.end);
  }
}

/** Gathers all columns of a store. */
export function gatherAll(store: RowStore, slots: Int32Array, count: number): Column[] {
  return store.schema.map((_, c) => store.gather(c, slots, count));
}

/** Makes a timestamp column of the first `count` numbers. */
export function timestamps(values: Float64Array, count: number): Column {
  return { type: "timestamp", values: values.slice(0, count), valid: null };
}
