/** What a windowed aggregate emits in one step: rows of groups in columns, with everything that travels beside them. */
import { columnBuilder, type ColumnBuilder } from "../../../columns/builder.ts";
import type { Column, Value } from "../../../columns/column.ts";
import { Bytes, Floats, Ints } from "../../../columns/growing.ts";
import type { Flow, Turns } from "../../flow.ts";
import type { Step } from "../../step.ts";
import type { GroupKeys } from "./group-keys.ts";
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
  readonly #keys: GroupKeys;
  readonly #key = new Ints();
  readonly #start = new Floats();
  readonly #end = new Floats();
  /** One column for each aggregate. */
  readonly results: readonly ColumnBuilder[];
  readonly #at = new Ints();
  readonly #time = new Floats();
  readonly #clock = new Floats();
  readonly #weight = new Ints();
  readonly #timing = new Bytes();
  readonly #index = new Ints();
  readonly #nonSpeculative = new Ints();
  readonly #first = new Bytes();
  readonly #last = new Bytes();
  #retractions = 0;
  /** Whose turn rows are; null where nobody asks. */
  readonly #turns: TurnRows | null;

  /** `turns`: whether rows say whose turn they are. */
  constructor(plan: AggregatePlan, keys: GroupKeys, turns = false) {
    this.#plan = plan;
    this.#keys = keys;
    this.#turns = turns ? new TurnRows() : null;
    const fixed = plan.keys + (plan.windowColumns ? 2 : 0);
    this.results = plan.group.slice(fixed).map(field => columnBuilder(field));
  }

  /** Begins a row of a group and its window. A value must be appended to each of `results` for it. */
  begin(
    key: number,
    start: number,
    end: number,
    at: number,
    clock: number,
    time: number,
    weight: number,
    pane: PaneOf,
  ): void {
    this.#key.push(key);
    this.#start.push(start);
    this.#end.push(end);
    this.#at.push(at);
    this.#clock.push(clock);
    this.#time.push(time);
    this.#weight.push(weight);
    if (weight !== 1) this.#retractions++;
    this.#timing.push(pane.timing);
    this.#index.push(pane.index);
    this.#nonSpeculative.push(pane.nonSpeculative);
    this.#first.push(pane.first ? 1 : 0);
    this.#last.push(pane.last ? 1 : 0);
    this.#turns?.append();
  }

  /** Notes that groups have come, in order of their slots: the position of the first row of each, from the start of the run. */
  cameFirst(position: number): void {
    this.#turns?.first.push(position);
  }

  /** Says whose turn it is from now on: that of a window of a group, and why. */
  speaks(key: number, start: number, end: number, cause: number): void {
    this.#turns?.speaks(key, start, end, cause);
  }

  /** Appends the values of the row that was begun. */
  append(results: readonly Value[]): void {
    for (let i = 0; i < results.length; i++) this.results[i].append(results[i]);
  }

  /** Hands out the step's rows as a flow and starts again. Without a step, every row has the clock of its position. */
  take(step: Step | null, watermark: Float64Array): Flow {
    const { count } = this.#key;
    const { group, windowColumns } = this.#plan;
    const columns: Column[] = this.#keys.columns(this.#key.take(), count);
    const start = this.#start.take();
    const end = this.#end.take();
    if (windowColumns)
      columns.push({ type: "timestamp", values: start, valid: null }, { type: "timestamp", values: end, valid: null });
    for (const builder of this.results) columns.push(builder.take(count));
    const at = this.#at.take();
    const clock = this.#clock.take();
    const weight = this.#weight.take();
    const flow: Flow = {
      batch: this.#plan.outputs({ schema: group, length: count, columns }),
      selection: null,
      count,
      at,
      time: this.#time.take(),
      // Only timers emit at another moment than their position's; weights other than +1 are rare too.
      clock: step === null || isOfPositions(clock, at, step) ? null : clock,
      weight: this.#retractions > 0 ? weight : null,
      pane: {
        timing: this.#timing.take(),
        index: this.#index.take(),
        nonSpeculativeIndex: this.#nonSpeculative.take(),
        first: this.#first.take(),
        last: this.#last.take(),
      },
      turns: this.#turns?.take() ?? null,
      watermark,
    };
    this.#retractions = 0;
    return flow;
  }
}

/** Whose turn each row is. */
class TurnRows {
  /** By slot of a group: the position of its first row. */
  readonly first = new Floats();
  readonly #cause = new Bytes();
  readonly #end = new Floats();
  readonly #start = new Floats();
  readonly #key = new Floats();
  #now = { key: 0, start: 0, end: 0, cause: 0 };

  speaks(key: number, start: number, end: number, cause: number): void {
    this.#now = { key, start, end, cause };
  }

  append(): void {
    const { key, start, end, cause } = this.#now;
    this.#cause.push(cause);
    this.#end.push(end);
    this.#start.push(start);
    this.#key.push(this.first.values[key]);
  }

  take(): Turns {
    return { cause: this.#cause.take(), end: this.#end.take(), start: this.#start.take(), key: this.#key.take() };
  }
}

/** Whether the clock of each row is that of its position. */
function isOfPositions(clock: Float64Array, at: Int32Array, step: Step): boolean {
  for (let i = 0; i < clock.length; i++) if (clock[i] !== step.clock[at[i]]) return false;
  return true;
}
