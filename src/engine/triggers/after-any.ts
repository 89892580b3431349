/** `afterAny`: fires once, with the first of its triggers, and finishes. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

export class AfterAnyMachine extends TriggerMachine {
  onElement(context: TriggerContext): void {
    for (const part of this.parts) part.onElement(context);
  }

  onMerge(context: TriggerContext): void {
    for (const part of this.parts) part.onMerge(context);
    this.setFinished(
      context.state,
      this.parts.some(part => part.isFinished(context.state)),
    );
  }

  shouldFire(context: TriggerContext): boolean {
    return this.parts.some(part => part.isFinished(context.state) || part.shouldFire(context));
  }

  quiet(context: TriggerContext): number {
    let least = Infinity;
    for (const part of this.parts) least = Math.min(least, part.quiet(context));
    return least;
  }

  override pass(context: TriggerContext, rows: number): void {
    for (const part of this.parts) part.pass(context, rows);
  }

  onFire(context: TriggerContext): void {
    // A part that was not ready loses what it counted: the pane it counted for is out.
    for (const part of this.parts)
      if (part.shouldFire(context)) part.onFire(context);
      else part.clear(context);
    this.setFinished(context.state, true);
  }
}
