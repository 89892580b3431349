/** Where a windowed aggregate is in both times, shared by its parts. */
export interface Now {
  /** Position within the step. */
  at: number;
  /** Processing time, ms. */
  clock: number;
  /** The input watermark, ms, and what it was before it moved at this position. */
  watermark: number;
  settled: number;
  /** The output watermark as readers know it, ms. */
  outputWatermark: number;
  /** What is happening: one of `CAUSES`. */
  cause: number;
}

export function startOfTime(): Now {
  return { at: 0, clock: -Infinity, watermark: -Infinity, settled: -Infinity, outputWatermark: -Infinity, cause: 0 };
}
