/**
 * The windowing strategy: where, when and how in one value, as Beam keeps it. Lenient at the border, strict inside:
 * `null` means that the profile answers.
 */
import type { Duration } from "./time.ts";
import { DEFAULT_TRIGGER, type Trigger } from "./triggers.ts";
import type { WindowFunction } from "./windows.ts";

/** How refinements of one pane relate (*The Dataflow Model*, section 2.3). */
export type Accumulation = "discarding" | "accumulating" | "retracting";

/** Which timestamp a pane's rows get: of the window's rows that were not late, the earliest or latest; or the window's end less 1 ms. */
export type TimestampCombiner = "earliest" | "latest" | "endOfWindow";

/** Whether a pane without new rows is emitted: at the watermark (`onTime`) and when the window expires (`closing`). */
export type EmptyPanes = "always" | "ifNonEmpty";

export interface WindowingStrategy {
  readonly window: WindowFunction;
  readonly trigger: Trigger;
  readonly accumulation: Accumulation;
  /** How long after its end, in event time by the watermark, a window still takes rows. Milliseconds. */
  readonly allowedLateness: Duration;
  readonly timestampCombiner: TimestampCombiner;
  readonly onTime: EmptyPanes | null;
  readonly closing: EmptyPanes | null;
}

export const DEFAULT_STRATEGY: WindowingStrategy = {
  window: { kind: "global" },
  trigger: DEFAULT_TRIGGER,
  accumulation: "accumulating",
  allowedLateness: 0,
  timestampCombiner: "endOfWindow",
  onTime: null,
  closing: null,
};
