/** What joins take besides their condition, and what they refuse. */
import type { WindowingStrategy } from "../model/strategy.ts";
import { type DurationSpec } from "../model/time.ts";
import type { WindowFunction } from "../model/windows.ts";
import type { JoinKind } from "./verbs/join.ts";

/** What joins take besides their condition. */
export interface JoinOptions {
  /** Joins within windows; the same as `.window(…)` before the join. */
  window?: WindowFunction;
  /** How long after its end a window still takes rows; default none. */
  allowedLateness?: DurationSpec;
  /** Endings for names that both sides have. Default `["_left", "_right"]`. */
  suffixes?: readonly [string, string];
}

/** Endings for names that both sides of a join have. */
export const SUFFIXES = ["_left", "_right"] as const;

/** Checks the kind of a join. */
export function kindOf<K extends JoinKind>(kind: K, kinds: readonly K[]): K {
  if (!kinds.includes(kind)) throw new Error(`There is no kind "${kind}" here. There are: ${kinds.join(", ")}.`);
  return kind;
}

/** Refuses a trigger where rows and not panes come out. */
export function withoutTrigger(strategy: WindowingStrategy | null, who: string): void {
  if (strategy !== null && strategy.trigger.kind !== "default")
    throw new Error(
      `${who} takes no trigger: the rows of a window come out when the watermark passes its end. Put the trigger on a rollup.`,
    );
}
