/** The bounded watermark over a whole stretch of rows, for sources that need nothing else. */

/**
 * Writes the watermark after each of the rows `[from, to)` into `out[0 …]`: the greatest timestamp so far, less `delay`.
 * `greatest[0]` holds the greatest timestamp before and after. Returns how many of the rows were behind the watermark that
 * they met.
 */
export function boundedWatermark(
  time: Float64Array,
  from: number,
  to: number,
  greatest: Float64Array,
  delay: number,
  out: Float64Array,
): number {
  let max = greatest[0];
  let watermark = max - delay;
  let late = 0;
  for (let i = from, o = 0; i < to; i++, o++) {
    const t = time[i];
    if (t > max) {
      max = t;
      watermark = t - delay;
    } else if (t < watermark) late++;
    out[o] = watermark;
  }
  greatest[0] = max;
  return late;
}
