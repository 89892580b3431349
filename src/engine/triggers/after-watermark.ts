/** `afterWatermark`: fires when the watermark passes the end of the window; may fire repeatedly before and after. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

/** Without early and late firings: fires once and finishes. */
export class AfterWatermarkMachine extends TriggerMachine {
  override get timed(): boolean {
    return true;
  }

  onElement(context: TriggerContext): void {
    context.wakeAtEnd();
  }

  onMerge(context: TriggerContext): void {
    // Still waiting in one of the windows means still waiting in the merged one: even if that is complete already, rows
    // that have not come out yet must get their chance. A merged window that is not complete is waited for again.
    this.setFinished(context.state, this.finishedInAll(context) && context.complete);
  }

  shouldFire(context: TriggerContext): boolean {
    return context.complete;
  }

  quiet({ complete }: TriggerContext): number {
    return complete ? 0 : Infinity;
  }

  onFire(context: TriggerContext): void {
    this.setFinished(context.state, true);
  }
}

/**
 * With early firings, late firings or both. That its first part has finished means that the on-time pane is out, and
 * that the second part runs. Both parts start again by themselves whenever they have fired.
 */
export class AfterWatermarkEarlyLateMachine extends TriggerMachine {
  readonly #early: TriggerMachine;
  readonly #late: TriggerMachine | null;

  constructor(place: number, early: TriggerMachine, late: TriggerMachine | null) {
    super(place, late === null ? [early] : [early, late]);
    this.#early = early;
    this.#late = late;
  }

  override get timed(): boolean {
    return true;
  }

  onElement(context: TriggerContext): void {
    context.wakeAtEnd();
    // Where windows merge, both parts follow along, because merging may bring the early one back.
    if (context.merging) for (const part of this.parts) part.onElement(context);
    else this.firstUnfinished(context.state)?.onElement(context);
  }

  onMerge(context: TriggerContext): void {
    const early = this.#early;
    if (!early.finishedInAll(context) || !context.complete) {
      early.onMerge(context);
      early.setFinished(context.state, false);
      if (this.#late !== null) {
        this.#late.setFinished(context.state, false);
        this.#late.clear(context);
      }
    } else {
      early.setFinished(context.state, true);
      this.#late?.onMerge(context);
    }
  }

  shouldFire(context: TriggerContext): boolean {
    if (!this.#early.isFinished(context.state)) return this.#early.shouldFire(context) || context.complete;
    return this.#late?.shouldFire(context) ?? false;
  }

  quiet(context: TriggerContext): number {
    if (!this.#early.isFinished(context.state)) return context.complete ? 0 : this.#early.quiet(context);
    return this.#late?.quiet(context) ?? Infinity;
  }

  override pass(context: TriggerContext, rows: number): void {
    if (context.merging) for (const part of this.parts) part.pass(context, rows);
    else this.firstUnfinished(context.state)?.pass(context, rows);
  }

  onFire(context: TriggerContext): void {
    const { state } = context;
    if (this.#early.isFinished(state)) this.#onLate(context);
    else if (!context.complete) {
      this.#early.onFire(context);
      this.#early.clear(context);
      this.#early.setFinished(state, false);
    } else {
      if (this.#early.shouldFire(context)) this.#early.onFire(context);
      this.#early.setFinished(state, true);
      this.#early.clear(context);
      if (this.#late === null) this.setFinished(state, true);
      // The late part may have followed along: from here on it counts afresh.
      else this.#late.clear(context);
    }
  }

  #onLate(context: TriggerContext): void {
    if (this.#late === null) {
      this.setFinished(context.state, true);
      return;
    }
    this.#late.onFire(context);
    this.#late.clear(context);
    this.#late.setFinished(context.state, false);
  }
}
