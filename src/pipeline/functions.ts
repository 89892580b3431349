/** Builders of descriptions that hold a user's own function: kept as text with what it captured, so that it can travel. */
import { capturedBy } from "../expressions/captured.ts";
import { punctuated as describePunctuated, type WatermarkOptions, type WatermarkStrategy } from "../model/watermarks.ts";
import type { FunctionText, Window, WindowFunction } from "../model/windows.ts";

/** Reads a function as its text and captured values. */
function functionText(fn: (...args: never[]) => unknown): FunctionText {
  return { source: String(fn), parameters: { ...capturedBy(fn) } };
}

/** Takes the watermark from marked rows: `punctuated(d => d.kind === "watermark")`. Other rows do not move it. */
export function punctuated(marks: (row: never) => boolean, options: WatermarkOptions = {}): WatermarkStrategy {
  return describePunctuated(functionText(marks), options);
}

/**
 * Makes a window function of one's own: `custom(t => [{start, end}])` gives the windows of a timestamp (ms). With
 * `merging`, windows of a key that overlap become one.
 */
export function custom(assign: (timestamp: number) => readonly Window[], options: { merging?: boolean } = {}): WindowFunction {
  return { kind: "custom", assign: functionText(assign), merging: options.merging ?? false };
}
