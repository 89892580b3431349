/**
 * Bins: how plans keep the number of groups bounded. Time is cut into steps that people say (1 min, 15 min, 1 h), chosen
 * so that the log's span has at most a few hundred of them; lengths of time are cut into equal ratios, so that
 * milliseconds and days fit one axis.
 */
import type { Span } from "./chart.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps of time that read well, in ms. */
export const STEPS: readonly number[] = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map(n => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map(n => n * MINUTE),
  ...[1, 2, 3, 6, 12].map(n => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map(n => n * DAY),
];

/** Returns the least readable step of which `span` ms hold at most `count`. */
export function niceStep(span: number, count: number): number {
  return STEPS.find(step => step * count >= span) ?? Math.ceil(span / count / DAY) * DAY;
}

/** Chooses the bins of a chart: from the log's span where it is known, else a part of the window, else a minute. */
export function stepFor(span: Span | null, count: number, windowSize: number | null): number {
  if (span !== null && span.end > span.start) return niceStep(span.end - span.start, count);
  return windowSize !== null && Number.isFinite(windowSize) ? niceStep(windowSize, 24) : MINUTE;
}

/** The expression that puts a time column into bins of `step` ms, named by their start. */
export function timeBin(column: string, step: number): string {
  return `d => op.bin(d.${column}, ${step})`;
}

/**
 * The expression that puts a length of time into bins of equal ratio, `perOctave` of them to a doubling. Bin 0 holds what is
 * shorter than a millisecond either way; bin k ≥ 1 begins at `2^((k − 1) / perOctave)` ms; negative bins mirror them.
 */
export function ratioBin(value: string, perOctave: number): string {
  return (
    `d => (${value}) >= 1 ? op.floor(op.log2(${value}) * ${perOctave}) + 1 : ` +
    `(${value}) <= -1 ? -1 - op.floor(op.log2(-(${value})) * ${perOctave}) : 0`
  );
}

/** Does what `ratioBin`'s expression does, for one value in ms. */
export function ratioBinOf(value: number, perOctave: number): number {
  if (value >= 1) return Math.floor(Math.log2(value) * perOctave) + 1;
  if (value <= -1) return -1 - Math.floor(Math.log2(-value) * perOctave);
  return 0;
}

/** Returns where a ratio bin begins and ends, ms, the smaller bound first. */
export function ratioBinBounds(bin: number, perOctave: number): readonly [number, number] {
  if (bin === 0) return [-1, 1];
  const k = Math.abs(bin);
  const near = 2 ** ((k - 1) / perOctave);
  const far = 2 ** (k / perOctave);
  return bin > 0 ? [near, far] : [-far, -near];
}
