/** Arrivals over processing time, for the transport bar: how many rows came when, and how many of them out of order. */
import type { WatermarkStrategy } from "../model/watermarks.ts";
import type { SourceLog, WholeLog } from "../pipeline/source-log.ts";
import { spanOf } from "./views.ts";

interface Counted {
  readonly log: SourceLog;
  readonly watermark: WatermarkStrategy;
}

/** Rows between two chances to stop. */
const STRETCH = 65_536;

/**
 * Counts arrivals in `bins` equal stretches between the first and the last arrival of all logs, a stretch of rows at a time.
 * A row counts as late when it lies behind the greatest timestamp before it by more than a bounded watermark's delay (none:
 * by anything at all).
 */
export class DensityCount {
  readonly #sources: readonly Counted[];
  readonly #arrivals: Float64Array;
  readonly #late: Float64Array;
  readonly #start: number;
  readonly #scale: number;
  /** The source and row at work, and the greatest timestamp before it. */
  #source = 0;
  #row = 0;
  #greatest = -Infinity;

  constructor(sources: readonly Counted[], bins: number) {
    this.#sources = sources;
    this.#arrivals = new Float64Array(bins);
    this.#late = new Float64Array(bins);
    const span = spanOf(sources.map(s => s.log));
    this.#start = span?.start ?? Infinity;
    const end = span?.end ?? -Infinity;
    this.#scale = end > this.#start ? bins / (end - this.#start) : 0;
  }

  /** Whether these are the sources that are counted. */
  counts(sources: readonly Counted[]): boolean {
    return (
      sources.length === this.#sources.length &&
      sources.every(({ log, watermark }, s) => {
        const own = this.#sources[s];
        return own.log === log && own.log.arrival.length === log.arrival.length && same(own.watermark, watermark);
      })
    );
  }

  get done(): boolean {
    return this.#source === this.#sources.length;
  }

  /** The counts, when they are done; null before, and where there are no rows. */
  get result(): { readonly arrivals: Float64Array; readonly late: Float64Array } | null {
    return this.done && this.#start < Infinity ? { arrivals: this.#arrivals, late: this.#late } : null;
  }

  /** Counts until all is done or `enough` says so. */
  work(enough: () => boolean): void {
    while (!this.done && !enough()) {
      const { log } = this.#sources[this.#source];
      if (log.whole !== undefined) {
        for (const part of log.whole.parts) this.#spread(part);
        this.#source++;
        continue;
      }
      this.#stretch(Math.min(log.arrival.length, this.#row + STRETCH));
      if (this.#row < log.arrival.length) continue;
      this.#source++;
      this.#row = 0;
      this.#greatest = -Infinity;
    }
  }

  /** Spreads the rows of a part that is not in memory evenly over the time in which they arrive; which are late, nobody knows yet. */
  #spread({ rows, start, end }: WholeLog["parts"][number]): void {
    const arrivals = this.#arrivals;
    const bin = (time: number): number =>
      Math.max(0, Math.min(arrivals.length - 1, Math.floor((time - this.#start) * this.#scale)));
    const from = bin(start);
    const to = bin(end);
    for (let b = from; b <= to; b++) arrivals[b] += rows / (to - from + 1);
  }

  #stretch(to: number): void {
    const { log, watermark } = this.#sources[this.#source];
    const { arrival, time } = log;
    const arrivals = this.#arrivals;
    const late = this.#late;
    const start = this.#start;
    const scale = this.#scale;
    const last = arrivals.length - 1;
    const delay = watermark.basis.kind === "bounded" ? watermark.basis.delay : 0;
    // One bad clock must not make everything after it look late.
    const guard = watermark.future ?? Infinity;
    let greatest = this.#greatest;
    for (let i = this.#row; i < to; i++) {
      const bin = Math.min(last, Math.floor((arrival[i] - start) * scale));
      arrivals[bin]++;
      if (time[i] < greatest - delay) late[bin]++;
      if (time[i] > greatest && time[i] <= arrival[i] + guard) greatest = time[i];
    }
    this.#row = to;
    this.#greatest = greatest;
  }
}

const same = (a: WatermarkStrategy, b: WatermarkStrategy): boolean => JSON.stringify(a) === JSON.stringify(b);
