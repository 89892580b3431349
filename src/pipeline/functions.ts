/** Builders of descriptions that hold a user's own function: kept as text with what it captured, so that it can travel. */
import { parseFunction } from "../expressions/parse.ts";
import {
  punctuated as describePunctuated,
  type WatermarkOptions,
  type WatermarkStrategy,
} from "../model/watermarks.ts";
import type { Window, WindowFunction } from "../model/windows.ts";

/** Takes the watermark from marked rows: `punctuated(d => d.kind === "watermark")`. Other rows do not move it. */
export function punctuated(marks: (row: never) => boolean, options: WatermarkOptions = {}): WatermarkStrategy {
  return describePunctuated(parseFunction(marks), options);
}

/**
 * Makes a window function of one's own: `custom(t => [{start, end}])` gives the windows of a timestamp (ms). With
 * `merging`, windows of a key that overlap become one.
 */
export function custom(
  assign: (timestamp: number) => readonly Window[],
  options: { merging?: boolean } = {},
): WindowFunction {
  return { kind: "custom", assign: parseFunction(assign), merging: options.merging ?? false };
}
