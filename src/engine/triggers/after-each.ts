/** `afterEach`: runs triggers one after the other, firing as the running one does; finishes with the last. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

export class AfterEachMachine extends TriggerMachine {
  onElement(context: TriggerContext): void {
    // Where windows merge, all parts follow along: one that has not begun, or is done, may run after a merge.
    if (context.merging) for (const part of this.parts) part.onElement(context);
    else this.firstUnfinished(context.state)?.onElement(context);
  }

  onMerge(context: TriggerContext): void {
    // Up to the first part that has not finished in the merged window; what comes after it has not begun.
    let before = true;
    for (const part of this.parts)
      if (before) {
        part.onMerge(context);
        before = part.isFinished(context.state);
      } else part.clear(context);
    this.#update(context);
  }

  shouldFire(context: TriggerContext): boolean {
    return this.firstUnfinished(context.state)?.shouldFire(context) ?? false;
  }

  quiet(context: TriggerContext): number {
    return this.firstUnfinished(context.state)?.quiet(context) ?? 0;
  }

  override pass(context: TriggerContext, rows: number): void {
    if (context.merging) for (const part of this.parts) part.pass(context, rows);
    else this.firstUnfinished(context.state)?.pass(context, rows);
  }

  onFire(context: TriggerContext): void {
    this.firstUnfinished(context.state)?.onFire(context);
    if (context.merging) for (const part of this.parts) part.clear(context);
    this.#update(context);
  }

  #update({ state }: TriggerContext): void {
    this.setFinished(state, this.firstUnfinished(state) === undefined);
  }
}
