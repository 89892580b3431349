/** `never`: never fires. What a window holds comes out when it closes, if its closing behaviour says so. */
import { TriggerMachine } from "./machine.ts";

export class NeverMachine extends TriggerMachine {
  onElement(): void {}
  onMerge(): void {}
  shouldFire(): boolean {
    return false;
  }
  quiet(): number {
    return Infinity;
  }
  onFire(): void {
    throw new Error("A trigger that never fires was told that it fired.");
  }
}
