/**
 * The hash of a run's output: equal for two runs when every row came out in the same order, with the same values, weight,
 * pane and processing time. The app, the command line and an exported script print the same one for the same log.
 */
import { TIMINGS } from "../model/panes.ts";
import { valueAt, type Value } from "../columns/column.ts";
import { clockOf, dense, type Flow } from "./flow.ts";
import type { Step } from "./step.ts";

export class OutputHash {
  #a = 0xdeadbeef | 0;
  #b = 0x41c6ce57 | 0;
  #rows = 0;

  /** Rows taken in so far, retractions included. */
  get rows(): number {
    return this.#rows;
  }

  /** Takes in the rows of one step. Where a run was cut into steps makes no difference. */
  apply(given: Flow, step: Step): void {
    if (given.count === 0) return;
    const flow = dense(given);
    for (let row = 0; row < flow.count; row++) {
      for (const column of flow.batch.columns) this.#text(written(valueAt(column, row)));
      this.#text(`${flow.weight === null ? 1 : flow.weight[row]}@${clockOf(flow, step, row)}`);
      if (flow.pane !== null) this.#text(`${TIMINGS[flow.pane.timing[row]]}#${flow.pane.index[row]}`);
      this.#rows++;
    }
  }

  #text(text: string): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      a = Math.imul(a ^ c, 2654435761);
      b = Math.imul(b ^ c, 1597334677);
    }
    // A mark after each value keeps ("ab", "c") and ("a", "bc") apart.
    this.#a = Math.imul(a ^ 0x1f, 2654435761) ^ (a >>> 15);
    this.#b = Math.imul(b ^ 0x1f, 1597334677) ^ (b >>> 13);
  }

  /** Sixteen hexadecimal digits. */
  digest(): string {
    const finish = (h: number): string => {
      const x = Math.imul(h ^ (h >>> 16), 2246822507);
      return ((x ^ (x >>> 13)) >>> 0).toString(16).padStart(8, "0");
    };
    return finish(this.#a ^ this.#rows) + finish(this.#b);
  }
}

function written(value: Value): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : value !== null && typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
}
