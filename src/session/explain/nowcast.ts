/**
 * Silence is not zero: what an incomplete window is expected to come to. Of windows that are closed the log knows how much of
 * them had arrived at each age, so a window's value so far, divided by what windows of its age had on the average, is a
 * guess at its final one (the chain ladder of actuaries). With the spread over single windows as a band.
 */
import { assigned, assigner } from "../../engine/windowing/assign.ts";
import { merges } from "../../model/windows.ts";
import type { AggregateNode } from "../../pipeline/verbs/aggregate.ts";
import type { Seen } from "./sight.ts";

export interface Nowcast {
  /** Share of its rows that a window of this age has, 0 to 1, and its spread: a tenth and nine tenths of windows. */
  readonly share: number;
  readonly low: number;
  readonly high: number;
  /** Closed windows that the shares are from. */
  readonly windows: number;
}

/** Fewest closed windows and rows from which something can be said. */
const WINDOWS = 5;
const ROWS = 30;

/** Counts, of every closed window, its rows and those that had come at an age. */
export class Completeness {
  readonly #age: number;
  readonly #closedBefore: number;
  readonly #assign;
  readonly #out = assigned();
  readonly #windows = new Map<string, { rows: number; early: number }>();

  /** `age` in ms since a window's start; windows that end at or before `closedBefore` count. */
  constructor(node: AggregateNode, age: number, closedBefore: number) {
    this.#age = age;
    this.#closedBefore = closedBefore;
    const window = node.strategy?.window;
    this.#assign = window === undefined || window.kind === "global" || merges(window) ? null : assigner(window);
  }

  /** Takes a row in, whatever its key. */
  see({ time, clock, weight }: Pick<Seen, "time" | "clock" | "weight">): void {
    if (this.#assign === null || weight < 0) return;
    const out = this.#out;
    this.#assign(time, out);
    for (let i = 0; i < out.count; i++) {
      if (out.end[i] > this.#closedBefore) continue;
      const id = `${out.start[i]} ${out.end[i]}`;
      let known = this.#windows.get(id);
      if (known === undefined) this.#windows.set(id, (known = { rows: 0, early: 0 }));
      known.rows++;
      if (clock - out.start[i] <= this.#age) known.early++;
    }
  }

  /** What is known of windows of this age, or null when too few have closed. */
  nowcast(): Nowcast | null {
    const windows = [...this.#windows.values()];
    const rows = windows.reduce((sum, w) => sum + w.rows, 0);
    const early = windows.reduce((sum, w) => sum + w.early, 0);
    if (windows.length < WINDOWS || rows < ROWS || early === 0) return null;
    const shares = windows.map(w => w.early / w.rows).sort((a, b) => a - b);
    const at = (q: number): number => shares[Math.round(q * (shares.length - 1))];
    return { share: early / rows, low: at(0.1), high: at(0.9), windows: windows.length };
  }
}

/** The outputs of a rollup that grow with its rows: sums and counts. Of means and maxima nothing can be said. */
export function additiveOutputs(node: AggregateNode): string[] {
  const kinds = new Map(node.aggregates.map(a => [a.name, a.aggregate]));
  return node.outputs.flatMap(({ name, expression: { expr } }) =>
    expr.kind === "column" && ["sum", "count"].includes(kinds.get(expr.name) ?? "") ? [name] : [],
  );
}
