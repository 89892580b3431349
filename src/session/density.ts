/** Arrivals over processing time, for the transport bar: how many rows came when, and how many of them out of order. */
import type { SourceLog } from "../pipeline/source-log.ts";
import type { WatermarkStrategy } from "../model/watermarks.ts";

/**
 * Counts arrivals in `bins` equal stretches between the first and the last arrival of all logs. A row counts as late when
 * it lies behind the greatest timestamp before it by more than a bounded watermark's delay (none: by anything at all).
 */
export function arrivalDensity(
  sources: readonly { readonly log: SourceLog; readonly watermark: WatermarkStrategy }[],
  bins: number,
): { arrivals: Float64Array; late: Float64Array } | null {
  const filled = sources.filter(s => s.log.arrival.length > 0);
  if (filled.length === 0) return null;
  const start = Math.min(...filled.map(s => s.log.arrival[0]));
  const end = Math.max(...filled.map(s => s.log.arrival[s.log.arrival.length - 1]));
  const arrivals = new Float64Array(bins);
  const late = new Float64Array(bins);
  const scale = end > start ? bins / (end - start) : 0;
  for (const { log, watermark } of filled) {
    const delay = watermark.basis.kind === "bounded" ? watermark.basis.delay : 0;
    // One bad clock must not make everything after it look late.
    const guard = watermark.future ?? Infinity;
    let greatest = -Infinity;
    for (let i = 0; i < log.arrival.length; i++) {
      const bin = Math.min(bins - 1, Math.floor((log.arrival[i] - start) * scale));
      arrivals[bin]++;
      if (log.time[i] < greatest - delay) late[bin]++;
      if (log.time[i] > greatest && log.time[i] <= log.arrival[i] + guard) greatest = log.time[i];
    }
  }
  return { arrivals, late };
}
