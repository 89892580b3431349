/** What a windowed aggregate emits in one step: rows of groups in columns, with everything that travels beside them. */
import { BatchBuilder } from "../../../columns/builder.ts";
import type { Value } from "../../../columns/column.ts";
import type { Flow } from "../../flow.ts";
import type { Step } from "../../step.ts";
import type { AggregatePlan } from "./plan.ts";

/** The pane an emitted row belongs to. */
export interface PaneOf {
  timing: number;
  index: number;
  nonSpeculative: number;
  first: boolean;
  last: boolean;
}

export class PaneOutput {
  readonly #plan: AggregatePlan;
  readonly #rows: BatchBuilder;
  #at: number[] = [];
  #time: number[] = [];
  #clock: number[] = [];
  #weight: number[] = [];
  #timing: number[] = [];
  #index: number[] = [];
  #nonSpeculative: number[] = [];
  #first: number[] = [];
  #last: number[] = [];

  constructor(plan: AggregatePlan) {
    this.#plan = plan;
    this.#rows = new BatchBuilder(plan.group);
  }

  /** Appends a row of values in the order of the plan's group schema. */
  append(values: readonly Value[], at: number, clock: number, time: number, weight: number, pane: PaneOf): void {
    this.#rows.append(values);
    this.#at.push(at);
    this.#clock.push(clock);
    this.#time.push(time);
    this.#weight.push(weight);
    this.#timing.push(pane.timing);
    this.#index.push(pane.index);
    this.#nonSpeculative.push(pane.nonSpeculative);
    this.#first.push(pane.first ? 1 : 0);
    this.#last.push(pane.last ? 1 : 0);
  }

  /** Hands out the step's rows as a flow and starts again. */
  take(step: Step, watermark: Float64Array): Flow {
    const batch = this.#plan.outputs(this.#rows.take());
    // Only timers emit at another moment than their position's; weights other than +1 are rare too.
    const clocked = this.#clock.some((clock, i) => clock !== step.clock[this.#at[i]]);
    const flow: Flow = {
      batch,
      selection: null,
      count: batch.length,
      at: Int32Array.from(this.#at),
      time: Float64Array.from(this.#time),
      clock: clocked ? Float64Array.from(this.#clock) : null,
      weight: this.#weight.some(weight => weight !== 1) ? Int32Array.from(this.#weight) : null,
      pane: {
        timing: Uint8Array.from(this.#timing),
        index: Int32Array.from(this.#index),
        nonSpeculativeIndex: Int32Array.from(this.#nonSpeculative),
        first: Uint8Array.from(this.#first),
        last: Uint8Array.from(this.#last),
      },
      watermark,
    };
    this.#at = [];
    this.#time = [];
    this.#clock = [];
    this.#weight = [];
    this.#timing = [];
    this.#index = [];
    this.#nonSpeculative = [];
    this.#first = [];
    this.#last = [];
    return flow;
  }
}
