/** `default`: fires when the watermark passes the end of the window, and again for each late row. Never finishes. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

export class DefaultMachine extends TriggerMachine {
  override get timed(): boolean {
    return true;
  }

  onElement(context: TriggerContext): void {
    context.wakeAtEnd();
  }
  onMerge(context: TriggerContext): void {
    context.wakeAtEnd();
  }
  shouldFire(context: TriggerContext): boolean {
    return context.complete;
  }
  quiet({ complete }: TriggerContext): number {
    return complete ? 0 : Infinity;
  }
  onFire(): void {}
}
