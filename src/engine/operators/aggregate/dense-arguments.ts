/** The arguments of dense aggregates: computed per batch, and added to cells a chunk or a row at a time. */
import type { Batch } from "../../../columns/batch.ts";
import type { NumberColumn } from "../../../columns/column.ts";
import { type ColumnKernel, compileColumn } from "../../../expressions/compile.ts";
import type { OperatorContext } from "../../operator.ts";
import {
  addSelectedSums,
  addSums,
  type Cells,
  CHUNK,
  countAll,
  keepValid,
  lowerMins,
  raiseMaxs,
} from "./dense-cells.ts";
import type { DensePlan } from "./dense-plan.ts";

export class Arguments {
  readonly #kernels: readonly ColumnKernel[];
  readonly #values: Float64Array[] = [];
  readonly #masks: (Uint8Array | null)[] = [];
  /** Scratch of one chunk: cells of the rows that have a value, and values gathered through a selection. */
  readonly #kept = new Int32Array(CHUNK);
  readonly #gathered = new Float64Array(CHUNK);
  readonly #gatheredMask = new Uint8Array(CHUNK);

  constructor(context: OperatorContext, plan: DensePlan) {
    this.#kernels = plan.arguments.map(a => compileColumn(a.expression, context.inputs, { codegen: context.codegen }));
  }

  /** Computes the arguments of a batch. If one lacks values, `cells` count values from now on. */
  read(batch: Batch, cells: Cells): void {
    for (let a = 0; a < this.#kernels.length; a++) {
      const column = this.#kernels[a](batch) as NumberColumn;
      this.#values[a] = column.values;
      this.#masks[a] = column.valid;
      if (column.valid !== null) cells.countValues(a);
    }
  }

  /** Adds the values of the flow's rows `[first, first + count)` to their cells, which have counted the rows already. */
  accumulate(cells: Cells, located: Int32Array, selection: Int32Array | null, first: number, count: number): void {
    for (let a = 0; a < this.#values.length; a++) {
      const { sum, rest, min, max, valid } = cells.values[a];
      const mask = this.#masks[a];
      let values = this.#values[a];
      let from = first;
      if (selection !== null) {
        if (mask === null && min === null && max === null) {
          if (valid !== null) countAll(located, count, valid);
          if (sum !== null && rest !== null) addSelectedSums(located, values, selection, first, count, sum, rest);
          continue;
        }
        values = this.#gather(a, selection, first, count);
        from = 0;
      }
      let to = located;
      if (valid !== null) {
        if (mask === null) countAll(located, count, valid);
        else {
          keepValid(located, selection === null ? mask : this.#gatheredMask, from, count, valid, this.#kept);
          to = this.#kept;
        }
      }
      if (sum !== null && rest !== null) addSums(to, values, from, count, sum, rest);
      if (min !== null) lowerMins(to, values, from, count, min);
      if (max !== null) raiseMaxs(to, values, from, count, max);
    }
  }

  #gather(argument: number, selection: Int32Array, first: number, count: number): Float64Array {
    const values = this.#values[argument];
    const mask = this.#masks[argument];
    const out = this.#gathered;
    for (let i = 0; i < count; i++) out[i] = values[selection[first + i]];
    if (mask !== null) for (let i = 0; i < count; i++) this.#gatheredMask[i] = mask[selection[first + i]];
    return out;
  }

  /** Counts one batch row in a cell and adds its values. */
  addTo(cells: Cells, cell: number, row: number): void {
    cells.rows[cell]++;
    for (let a = 0; a < this.#values.length; a++) {
      const mask = this.#masks[a];
      if (mask === null || mask[row] !== 0) cells.addValue(a, cell, this.#values[a][row]);
    }
  }
}
