/** Where a step backwards leads: to just after the row, the firing or the move of the watermark before the present one. */
import type { Enough } from "../engine/slices.ts";
import type { Flow } from "../engine/flow.ts";
import type { Run, Tap } from "../engine/run.ts";
import { numberOf, type Step } from "../engine/step.ts";
import type { Node } from "../pipeline/node.ts";

export type StepUnit = "row" | "window" | "watermark";

/** Looks in slices for the number of positions after which a run stood there; 0, its start, when there was nothing before. */
export class StepBack {
  /** What was found; right once `work` says that there is no more to do. */
  positions = 0;
  readonly #now: number;
  readonly #look: { work(enough: Enough): boolean };

  constructor(run: Run, by: StepUnit) {
    this.#now = run.progress.positions;
    const sources = run.graph.nodes.filter(n => n.operator === null).map(n => n.node);
    const windowed = run.graph.nodes.flatMap(n =>
      n.node.verb === "aggregate" && n.node.strategy !== null ? [n.node] : [],
    );
    const note = (position: number): boolean => this.#note(position);
    this.#look = run.lookBack(
      by === "watermark"
        ? leastWatermark(sources, note)
        : (by === "row" ? sources : windowed).map(node => lastRow(node, note)),
    );
  }

  /** Works until `enough` says so. Says whether there is more to do. */
  work(enough: Enough): boolean {
    return this.#look.work(enough);
  }

  /** Takes note of a position at which something happened, if the present lies behind it. */
  #note(position: number): boolean {
    if (position + 1 >= this.#now) return false;
    if (position + 1 > this.positions) this.positions = position + 1;
    return true;
  }
}

/** A tap that notes the position of the last row of each step that can be noted. */
function lastRow(node: Node, note: (position: number) => boolean): Tap {
  return {
    node,
    apply({ count, at, selection }: Flow, step: Step) {
      for (let i = count - 1; i >= 0; i--) {
        const row = selection === null ? i : selection[i];
        if (note(numberOf(step, at === null ? row : at[row]))) return;
      }
    },
    reset() {},
  };
}

/** Taps that note the positions at which the least watermark of several sources moved. */
function leastWatermark(sources: readonly Node[], note: (position: number) => boolean): Tap[] {
  let least = -Infinity;
  let seen: Float64Array[] = [];
  return sources.map(node => ({
    node,
    apply({ watermark }: Flow, step: Step) {
      seen.push(watermark);
      if (seen.length < sources.length) return;
      for (let p = 0; p < step.length; p++) {
        let here = Infinity;
        for (const one of seen) here = Math.min(here, one[p]);
        if (here > least) note(numberOf(step, p));
        least = Math.max(least, here);
      }
      seen = [];
    },
    reset() {},
  }));
}
