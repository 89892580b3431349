/** Keeps everything that a node of a run puts out, so that runs can be compared row by row. */
import { type Row, rowAt } from "../../src/columns/batch.ts";
import { clockOf, type Flow } from "../../src/engine/flow.ts";
import type { Tap } from "../../src/engine/run.ts";
import { numberOf, type Step } from "../../src/engine/step.ts";
import type { Node } from "../../src/pipeline/node.ts";

/** A row as it came out: at which position of the run, at what processing time (ms), with what event time (ms) and weight. */
export interface Said {
  readonly at: number;
  readonly clock: number;
  readonly time: number;
  readonly weight: number;
  readonly row: Row;
}

export class Ear implements Tap {
  readonly node: Node;
  said: Said[] = [];
  /** The watermark after each position, ms. */
  watermark: number[] = [];
  constructor(node: Node) {
    this.node = node;
  }
  apply(flow: Flow, step: Step): void {
    for (let i = 0; i < flow.count; i++) {
      const row = flow.selection === null ? i : flow.selection[i];
      this.said.push({
        at: numberOf(step, flow.at === null ? row : flow.at[row]),
        clock: clockOf(flow, step, row),
        time: flow.time[row],
        weight: flow.weight === null ? 1 : flow.weight[row],
        row: rowAt(flow.batch, row),
      });
    }
    this.watermark.push(...flow.watermark.subarray(0, step.length));
  }
  reset(): void {
    this.said = [];
    this.watermark = [];
  }
  get all(): { said: unknown; watermark: number[] } {
    return { said: this.said, watermark: this.watermark };
  }
}
