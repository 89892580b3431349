/** What a pane says of itself: one emission for a key and a window. Names and numbering are Beam's PaneInfo. */

export type Timing = "early" | "on-time" | "late";

/** Timing as a byte, for columns: `TIMINGS[code]`. */
export const TIMINGS: readonly Timing[] = ["early", "on-time", "late"];
export const EARLY = 0;
export const ON_TIME = 1;
export const LATE = 2;

export interface PaneInfo {
  readonly timing: Timing;
  /** Number of the pane among those of its key and window, from 0. */
  readonly index: number;
  /** Number among the panes that are not early, from 0; -1 while early. */
  readonly nonSpeculativeIndex: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}
