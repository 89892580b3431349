/** `repeatedly`: starts its trigger again whenever that finishes. Never finishes. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

export class RepeatedlyMachine extends TriggerMachine {
  readonly #trigger: TriggerMachine;

  constructor(place: number, trigger: TriggerMachine) {
    super(place, [trigger]);
    this.#trigger = trigger;
  }

  onElement(context: TriggerContext): void {
    this.#trigger.onElement(context);
  }

  onMerge(context: TriggerContext): void {
    this.#trigger.onMerge(context);
  }

  shouldFire(context: TriggerContext): boolean {
    return this.#trigger.shouldFire(context);
  }

  quiet(context: TriggerContext): number {
    return this.#trigger.quiet(context);
  }

  override pass(context: TriggerContext, rows: number): void {
    this.#trigger.pass(context, rows);
  }

  onFire(context: TriggerContext): void {
    this.#trigger.onFire(context);
    if (this.#trigger.isFinished(context.state)) this.#trigger.reset(context);
  }
}
