/** `afterCount`: fires once when a pane holds enough rows, and finishes. */
import { type TriggerContext, TriggerMachine } from "./machine.ts";

export class AfterCountMachine extends TriggerMachine {
  readonly #count: number;

  constructor(place: number, count: number) {
    super(place);
    this.#count = count;
  }

  onElement(context: TriggerContext): void {
    context.state.data[this.place]++;
  }

  onMerge(context: TriggerContext): void {
    const { state, sources } = context;
    if (this.finishedInAny(context)) {
      // Enough rows in one of the windows are enough in the merged one.
      this.setFinished(state, true);
      state.data[this.place] = 0;
      return;
    }
    let rows = 0;
    for (const source of sources) rows += source.data[this.place];
    state.data[this.place] = rows;
  }

  shouldFire(context: TriggerContext): boolean {
    return context.state.data[this.place] >= this.#count;
  }

  quiet({ state }: TriggerContext): number {
    return Math.max(0, this.#count - 1 - state.data[this.place]);
  }

  override pass({ state }: TriggerContext, rows: number): void {
    state.data[this.place] += rows;
  }

  onFire(context: TriggerContext): void {
    this.clear(context);
    this.setFinished(context.state, true);
  }
}
