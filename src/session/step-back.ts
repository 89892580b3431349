/** Where a step backwards leads: to just after the row, the firing or the move of the watermark before the present one. */
import type { Flow } from "../engine/flow.ts";
import type { Run, Tap } from "../engine/run.ts";
import type { Step } from "../engine/step.ts";
import type { Node } from "../pipeline/node.ts";

export type StepUnit = "row" | "window" | "watermark";

/** Returns the number of positions after which the run stood there; 0, its start, when there was nothing before. */
export function positionsBefore(run: Run, by: StepUnit): number {
  const now = run.progress.positions;
  let before = 0;
  const note = (position: number): void => {
    if (position + 1 < now && position + 1 > before) before = position + 1;
  };
  const sources = run.graph.nodes.filter(n => n.operator === null).map(n => n.node);
  if (by === "watermark") run.look(leastWatermark(sources, note));
  else {
    const windowed = run.graph.nodes.flatMap(n =>
      n.node.verb === "aggregate" && n.node.strategy !== null ? [n.node] : [],
    );
    run.look((by === "row" ? sources : windowed).map(node => rowPositions(node, note)));
  }
  return before;
}

function rowPositions(node: Node, note: (position: number) => void): Tap {
  return {
    node,
    apply({ count, at, selection }: Flow, step: Step) {
      for (let i = 0; i < count; i++) {
        const row = selection === null ? i : selection[i];
        note(step.first + (at === null ? row : at[row]));
      }
    },
    reset() {},
  };
}

/** Taps that note the positions at which the least watermark of several sources moved. */
function leastWatermark(sources: readonly Node[], note: (position: number) => void): Tap[] {
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
        if (here > least) note(step.first + p);
        least = Math.max(least, here);
      }
      seen = [];
    },
    reset() {},
  }));
}
