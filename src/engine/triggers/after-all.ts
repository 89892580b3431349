/** `afterAll`: fires once, when all of its triggers are ready, and finishes. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

export class AfterAllMachine extends TriggerMachine {
  onElement(context: TriggerContext): void {
    for (const part of this.parts) if (!part.isFinished(context.state)) part.onElement(context);
  }

  onMerge(context: TriggerContext): void {
    for (const part of this.parts) part.onMerge(context);
    this.setFinished(
      context.state,
      this.parts.every(part => part.isFinished(context.state)),
    );
  }

  shouldFire(context: TriggerContext): boolean {
    return this.parts.every(part => part.isFinished(context.state) || part.shouldFire(context));
  }

  onFire(context: TriggerContext): void {
    for (const part of this.parts) part.onFire(context);
    this.setFinished(context.state, true);
  }
}
