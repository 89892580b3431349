/** How the replay compares with the pinned one: which views differ, and by which settings. Only what has changed is told. */
import type { ComparedOutput, Comparison, SettingChange } from "../protocol/comparison.ts";
import type { ComparedViews } from "./engine-messages.ts";
import { changesAbove, changesBetween, NO_SETTINGS, type Settings } from "./settings.ts";

export class ComparisonTelling {
  readonly #tell: (comparison: Comparison | null) => void;
  /** The settings that the present plan came of, without faults, and those of the pinned one. */
  #settings: Settings = NO_SETTINGS;
  #pinned: Settings | null = null;
  /** The faults that are injected now. */
  #faults: Settings["faults"] = null;
  /** What the engine said last. */
  #compared: ComparedViews | null = null;
  /** What was last told, as text. */
  #told = "null";

  constructor(tell: (comparison: Comparison | null) => void) {
    this.#tell = tell;
  }

  /** Keeps the settings as they are now to be compared with those that come, or lets them go. */
  pin(pinned: boolean): void {
    this.#pinned = pinned ? this.#now : null;
    this.#compared = null;
    this.#update();
  }

  /** Takes the settings of a new plan. */
  set(settings: Settings): void {
    this.#settings = settings;
    this.#update();
  }

  /** Takes the faults that are injected now. */
  disturbed(faults: Settings["faults"]): void {
    this.#faults = faults;
    this.#update();
  }

  /** Takes what the engine says of the two replays. */
  compared(compared: ComparedViews | null): void {
    this.#compared = compared;
    this.#update();
  }

  get #now(): Settings {
    return { ...this.#settings, faults: this.#faults };
  }

  #update(): void {
    const comparison = this.#comparison();
    const told = JSON.stringify(comparison);
    if (told === this.#told) return;
    this.#told = told;
    this.#tell(comparison);
  }

  #comparison(): Comparison | null {
    const [pinned, compared] = [this.#pinned, this.#compared];
    if (pinned === null || compared === null) return null;
    const now = this.#now;
    const changes = changesBetween(pinned, now);
    const outputs = Object.entries(compared.outputs).map(([view, output]): [string, ComparedOutput] => [
      view,
      output.state === "differs"
        ? { ...output, settings: changesAbove(Number.parseInt(view, 10), changes, now).map(words) }
        : output,
    ]);
    return { settings: changes.map(words), outputs: Object.fromEntries(outputs), dropped: compared.dropped };
  }
}

/** A change without its place, as it is told. */
function words({ text, pinned, now }: SettingChange): SettingChange {
  return { text, pinned, now };
}
