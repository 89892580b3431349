/** `afterProcessingTime`: fires once, some time after the first row of a pane, or at the next multiple of a period. */
import { type TriggerContext, TriggerMachine, type TriggerState } from "./machine.ts";

export class AfterProcessingTimeMachine extends TriggerMachine {
  readonly #delay: number;
  readonly #aligned: boolean;

  constructor(place: number, delay: number, aligned: boolean) {
    super(place);
    this.#delay = delay;
    this.#aligned = aligned;
  }

  override get timed(): boolean {
    return true;
  }

  override get nothing(): number {
    return NaN;
  }

  onElement(context: TriggerContext): void {
    const { state, now } = context;
    if (!Number.isNaN(state.data[this.place])) return;
    let deadline = now + this.#delay;
    if (this.#aligned) {
      deadline = Math.ceil(now / this.#delay) * this.#delay;
      // A row at a tick belongs to it, unless that tick has fired already.
      if (deadline === now && context.dueAtNow) deadline += this.#delay;
    }
    state.data[this.place] = deadline;
    context.wakeAt(deadline);
  }

  onMerge(context: TriggerContext): void {
    const { state, sources } = context;
    state.data[this.place] = NaN;
    if (this.isFinished(state)) return;
    for (const source of sources) {
      const deadline = source.data[this.place];
      // The earliest of the windows counts. Comparing with NaN is false, so "not later" lets the first one in.
      if (!Number.isNaN(deadline) && !(state.data[this.place] <= deadline)) state.data[this.place] = deadline;
    }
    // A deadline that has passed needs no timer: the merged window is looked at once its rows are in.
    if (state.data[this.place] >= context.now) context.wakeAt(state.data[this.place]);
  }

  shouldFire(context: TriggerContext): boolean {
    const deadline = context.state.data[this.place];
    return context.dueAtNow ? deadline <= context.now : deadline < context.now;
  }

  quiet(context: TriggerContext): number {
    return Number.isNaN(context.state.data[this.place]) || this.shouldFire(context) ? 0 : Infinity;
  }

  onFire(context: TriggerContext): void {
    this.clear(context);
    this.setFinished(context.state, true);
  }

  override deadline(state: TriggerState): number {
    return state.data[this.place];
  }
}
