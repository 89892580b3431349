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

  quiet(context: TriggerContext): number {
    // As long as one part is not ready, it does not matter how many others are.
    let most = 0;
    for (const part of this.parts) if (!part.isFinished(context.state)) most = Math.max(most, part.quiet(context));
    return most;
  }

  override pass(context: TriggerContext, rows: number): void {
    for (const part of this.parts) if (!part.isFinished(context.state)) part.pass(context, rows);
  }

  onFire(context: TriggerContext): void {
    for (const part of this.parts) part.onFire(context);
    this.setFinished(context.state, true);
  }
}
