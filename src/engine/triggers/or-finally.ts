/** `orFinally`: fires as its first trigger does, until the second fires, which fires once more and finishes. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

export class OrFinallyMachine extends TriggerMachine {
  readonly #trigger: TriggerMachine;
  readonly #until: TriggerMachine;

  constructor(place: number, trigger: TriggerMachine, until: TriggerMachine) {
    super(place, [trigger, until]);
    this.#trigger = trigger;
    this.#until = until;
  }

  onElement(context: TriggerContext): void {
    this.#trigger.onElement(context);
    this.#until.onElement(context);
  }

  onMerge(context: TriggerContext): void {
    this.#trigger.onMerge(context);
    this.#until.onMerge(context);
    this.#update(context);
  }

  shouldFire(context: TriggerContext): boolean {
    return this.#trigger.shouldFire(context) || this.#until.shouldFire(context);
  }

  quiet(context: TriggerContext): number {
    return Math.min(this.#trigger.quiet(context), this.#until.quiet(context));
  }

  override pass(context: TriggerContext, rows: number): void {
    this.#trigger.pass(context, rows);
    this.#until.pass(context, rows);
  }

  onFire(context: TriggerContext): void {
    if (this.#until.shouldFire(context)) {
      this.#until.onFire(context);
      this.#trigger.clear(context);
    } else {
      // The second trigger is not cleared: it follows the rows of all panes.
      this.#trigger.onFire(context);
    }
    this.#update(context);
  }

  #update({ state }: TriggerContext): void {
    this.setFinished(state, this.#trigger.isFinished(state) || this.#until.isFinished(state));
  }
}
