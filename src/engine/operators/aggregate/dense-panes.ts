/**
 * Collects the panes of a step in arrays that are kept from step to step, and hands them out as a flow.
 */
import type { Batch } from "../../../columns/batch.ts";
import type { Column, Schema } from "../../../columns/column.ts";
import { type ColumnKernel, compileColumn } from "../../../expressions/compile.ts";
import { type AggregateNode, groupSchema } from "../../../pipeline/verbs/aggregate.ts";
import { CAUSES, type Flow, type Turns } from "../../flow.ts";
import { LATE, ON_TIME } from "../../../model/panes.ts";
import type { OperatorContext } from "../../operator.ts";
import { type ArgumentCells, type Cells, sumAt } from "./dense-cells.ts";
import type { KeyCodes } from "./dense-keys.ts";
import type { KeyOrder } from "./dense-order.ts";
import type { DensePlan, DenseResult } from "./dense-plan.ts";

export class Panes {
  /** Panes collected in this step. */
  count = 0;
  #capacity = 64;
  #keys = new Int32Array(64);
  #at = new Int32Array(64);
  #time = new Float64Array(64);
  #start = new Float64Array(64);
  #end = new Float64Array(64);
  #weight = new Int32Array(64);
  #timing = new Uint8Array(64);
  #index = new Int32Array(64);
  #first = new Uint8Array(64);
  #last = new Uint8Array(64);
  readonly #values: Float64Array[];
  readonly #valid: Uint8Array[];
  /** Whether any result of this step is null. */
  #nulls = false;
  /** The flow of a step without panes. */
  #nothing: Flow | null = null;
  /** Whether the results of the next pane have been read as they were before it. */
  #takesBack = false;
  readonly #retracting: boolean;
  readonly #lasting: boolean;
  readonly #plan: DensePlan;
  readonly #keyCodes: KeyCodes;
  readonly #order: KeyOrder;
  readonly #group: Schema;
  readonly #schema: Schema;
  /** For each output column: the group's column it is, or the kernel that computes it. */
  readonly #outputs: readonly (number | ColumnKernel)[];

  constructor(
    node: AggregateNode,
    context: OperatorContext,
    plan: DensePlan,
    keys: KeyCodes,
    order: KeyOrder,
    retracting: boolean,
  ) {
    this.#retracting = retracting;
    this.#lasting = context.remembers === true;
    this.#plan = plan;
    this.#keyCodes = keys;
    this.#order = order;
    this.#values = plan.results.map(() => new Float64Array(64));
    this.#valid = plan.results.map(() => new Uint8Array(64));
    const group = groupSchema(node, context.inputs[0]);
    this.#group = group;
    this.#schema = context.schema("main");
    const fixed = node.keys.length + 2;
    this.#outputs = this.#schema.map((_, i) => {
      if (i < fixed) return i;
      const { expression } = node.outputs[i - fixed];
      const { expr } = expression;
      if (expr.kind === "column") return group.findIndex(f => f.name === expr.name);
      return compileColumn(expression, [group], { codegen: context.codegen });
    });
  }

  /** Forgets the panes of the step before. */
  clear(): void {
    this.count = 0;
    this.#nulls = false;
  }

  /** Appends one pane for each of `codes`, whose cells are `origin + code`, on time and at one position. */
  appendOnTime(
    cells: Cells,
    codes: Int32Array,
    origin: number,
    start: number,
    end: number,
    at: number,
    last: 0 | 1,
  ): void {
    const count = codes.length;
    this.#reserve(count);
    const from = this.count;
    const to = from + count;
    const keys = this.#keys;
    keys.set(codes, from);
    this.#at.fill(at, from, to);
    this.#time.fill(end - 1, from, to);
    this.#start.fill(start, from, to);
    this.#end.fill(end, from, to);
    this.#weight.fill(1, from, to);
    this.#timing.fill(1, from, to);
    this.#index.fill(0, from, to);
    this.#first.fill(1, from, to);
    this.#last.fill(last, from, to);
    const { results } = this.#plan;
    for (let r = 0; r < results.length; r++)
      if (read(results[r], cells, keys, origin, from, to, this.#values[r], this.#valid[r])) this.#nulls = true;
    this.count = to;
  }

  /** Appends one pane of one cell. */
  append(
    cells: Cells,
    cell: number,
    code: number,
    start: number,
    end: number,
    at: number,
    weight: 1 | -1,
    timing: number,
    index: number,
    last: 0 | 1,
  ): void {
    this.#reserve(1);
    const i = this.count;
    this.#keys[i] = code;
    this.#at[i] = at;
    this.#time[i] = end - 1;
    this.#start[i] = start;
    this.#end[i] = end;
    this.#weight[i] = weight;
    this.#timing[i] = timing;
    this.#index[i] = index;
    this.#first[i] = index === 0 ? 1 : 0;
    this.#last[i] = last;
    this.#read(i, cells, cell);
    this.count = i + 1;
  }

  /** Reads the results of a cell that a late row is about to change, so that `refine` takes them back. */
  readBefore(cells: Cells, cell: number): void {
    this.#reserve(2);
    this.#read(this.count, cells, cell);
    this.#takesBack = true;
  }

  /** Appends the pane of a cell that a late row has changed; before it, one that takes back what `readBefore` has read for it. */
  refine(
    cells: Cells,
    cell: number,
    code: number,
    start: number,
    end: number,
    at: number,
    index: number,
    last: 0 | 1,
  ): void {
    this.#reserve(2);
    // Without anything to take back both are the same, and what is written for the first is written over.
    const before = this.count;
    const i = this.#takesBack ? before + 1 : before;
    this.#takesBack = false;
    this.#read(i, cells, cell);
    this.#keys[before] = this.#keys[i] = code;
    this.#at[before] = this.#at[i] = at;
    this.#time[before] = this.#time[i] = end - 1;
    this.#start[before] = this.#start[i] = start;
    this.#end[before] = this.#end[i] = end;
    this.#weight[before] = -1;
    this.#weight[i] = 1;
    this.#timing[before] = this.#timing[i] = LATE;
    this.#index[before] = this.#index[i] = index;
    this.#first[before] = this.#first[i] = index === 0 ? 1 : 0;
    this.#last[before] = 0;
    this.#last[i] = last;
    this.count = i + 1;
  }

  /** Reads the results of a cell for pane `i`. */
  #read(i: number, cells: Cells, cell: number): void {
    const { results } = this.#plan;
    for (let r = 0; r < results.length; r++) {
      const value = valueOf(results[r], cells, cell);
      this.#values[r][i] = value === null ? NaN : value;
      this.#valid[r][i] = value === null ? 0 : 1;
      if (value === null) this.#nulls = true;
    }
  }

  /**
   * Hands out what was collected: in arrays of their own where flows are kept, otherwise in views of ours that are good
   * until `clear`.
   */
  flow(watermark: Float64Array): Flow {
    const { count } = this;
    if (count === 0 && this.#nothing !== null) return { ...this.#nothing, watermark };
    const { results } = this.#plan;
    const timestamps = (values: Float64Array): Column => ({
      type: "timestamp",
      values: this.#part(values, count),
      valid: null,
    });
    const columns: Column[] = [
      ...this.#keyCodes.columns(this.#part(this.#keys, count), count),
      timestamps(this.#start),
      timestamps(this.#end),
      ...results.map(
        (result, r): Column => ({
          type: result.type,
          values: this.#part(this.#values[r], count),
          valid: this.#nulls ? this.#part(this.#valid[r], count) : null,
        }),
      ),
    ];
    const group: Batch = { schema: this.#group, length: count, columns };
    const index = this.#part(this.#index, count);
    const flow: Flow = {
      batch: {
        schema: this.#schema,
        length: count,
        columns: this.#outputs.map(output => (typeof output === "number" ? columns[output] : output(group))),
      },
      selection: null,
      count,
      at: this.#part(this.#at, count),
      time: this.#part(this.#time, count),
      clock: null,
      weight: this.#retracting ? this.#part(this.#weight, count) : null,
      pane: {
        timing: this.#part(this.#timing, count),
        index,
        // Without early panes, every pane counts.
        nonSpeculativeIndex: index,
        first: this.#part(this.#first, count),
        last: this.#part(this.#last, count),
      },
      turns: this.#order.keepsFirst ? this.#turns(count) : null,
      watermark,
    };
    if (count === 0) this.#nothing = flow;
    return flow;
  }

  /** Whose turn each pane is: windows speak when the watermark completes them, and after that when a row comes for them. */
  #turns(count: number): Turns {
    const cause = new Uint8Array(count);
    const key = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      cause[i] = this.#timing[i] === ON_TIME ? CAUSES.watermark : CAUSES.row;
      key[i] = this.#order.firstOf(this.#keys[i]);
    }
    const end = this.#end.slice(0, count);
    const start = this.#start.slice(0, count);
    // What is taken back comes before what replaces it, in the same turn.
    for (let i = count - 2; i >= 0; i--)
      if (this.#weight[i] < 0) {
        end[i] = end[i + 1];
        start[i] = start[i + 1];
      }
    return { cause, end, start, key };
  }

  #part<A extends Float64Array | Int32Array | Uint8Array>(array: A, count: number): A {
    return (this.#lasting ? array.slice(0, count) : array.subarray(0, count)) as A;
  }

  #reserve(more: number): void {
    if (this.count + more <= this.#capacity) return;
    let capacity = this.#capacity;
    while (capacity < this.count + more) capacity *= 2;
    this.#capacity = capacity;
    this.#keys = grown(this.#keys, new Int32Array(capacity));
    this.#at = grown(this.#at, new Int32Array(capacity));
    this.#time = grown(this.#time, new Float64Array(capacity));
    this.#start = grown(this.#start, new Float64Array(capacity));
    this.#end = grown(this.#end, new Float64Array(capacity));
    this.#weight = grown(this.#weight, new Int32Array(capacity));
    this.#timing = grown(this.#timing, new Uint8Array(capacity));
    this.#index = grown(this.#index, new Int32Array(capacity));
    this.#first = grown(this.#first, new Uint8Array(capacity));
    this.#last = grown(this.#last, new Uint8Array(capacity));
    for (let r = 0; r < this.#values.length; r++) {
      this.#values[r] = grown(this.#values[r], new Float64Array(capacity));
      this.#valid[r] = grown(this.#valid[r], new Uint8Array(capacity));
    }
  }
}

function grown<A extends Int32Array | Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from as never);
  return to;
}

/** Reads one result of one cell; null where there is no value. */
function valueOf({ kind, argument }: DenseResult, cells: Cells, cell: number): number | null {
  if (argument < 0) return cells.rows[cell];
  const own = cells.values[argument];
  const count = own.valid === null ? cells.rows[cell] : own.valid[cell];
  if (kind === "count") return count;
  if (count === 0) return null;
  if (kind === "sum") return sumAt(own, cell);
  if (kind === "mean") return sumAt(own, cell) / count;
  return ((kind === "min" ? own.min : own.max) as Float64Array)[cell];
}

/**
 * Reads one result for the panes `[from, to)` out of the cells `origin + keys[i]`. A group without values gives null;
 * returns whether there was one.
 */
function read(
  result: DenseResult,
  cells: Cells,
  keys: Int32Array,
  origin: number,
  from: number,
  to: number,
  out: Float64Array,
  outValid: Uint8Array,
): boolean {
  const { kind, argument } = result;
  const own = argument < 0 ? null : cells.values[argument];
  const counts = own?.valid ?? cells.rows;
  if (kind === "count") {
    for (let i = from; i < to; i++) out[i] = counts[origin + keys[i]];
    outValid.fill(1, from, to);
    return false;
  }
  const { min, max } = own as ArgumentCells;
  const extreme = kind === "min" ? min : kind === "max" ? max : null;
  let nulls = false;
  for (let i = from; i < to; i++) {
    const cell = origin + keys[i];
    const n = counts[cell];
    outValid[i] = n > 0 ? 1 : 0;
    if (n === 0) {
      out[i] = NaN;
      nulls = true;
    } else if (extreme !== null) out[i] = extreme[cell];
    else out[i] = kind === "mean" ? sumAt(own as ArgumentCells, cell) / n : sumAt(own as ArgumentCells, cell);
  }
  return nulls;
}
