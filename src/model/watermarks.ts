/**
 * Watermark strategies as plain data. A watermark `w` promises that no row with timestamp `< w` is still to come; it
 * never goes back. With partitions, a source's watermark is the least of those of its partitions that are not idle; with
 * `per: "key"` that of its keys, each key being a partition of its own.
 */
import { type Duration, type DurationSpec, duration } from "./time.ts";
import type { FunctionText } from "./windows.ts";

export type WatermarkBasis =
  /** Hindsight: the least timestamp among the rows still to come. Recorded logs only. */
  | { readonly kind: "perfect" }
  /** The greatest timestamp seen, less `delay`. */
  | { readonly kind: "bounded"; readonly delay: Duration }
  /** The greatest timestamp seen, less the `quantile` of out-of-orderness over the last `window` rows. */
  | { readonly kind: "percentile"; readonly quantile: number; readonly window: number }
  /** The timestamp carried by rows for which `predicate` holds; other rows do not advance it. */
  | { readonly kind: "punctuated"; readonly predicate: FunctionText }
  /** A delay that follows the observed out-of-orderness with ADWIN (Bifet & Gavaldà 2007; Awad et al. 2019). */
  | { readonly kind: "adaptive"; readonly quantile: number; readonly sensitivity: number }
  /** Only what the host says (tests, conformance traces). */
  | { readonly kind: "manual" };

export interface WatermarkStrategy {
  readonly basis: WatermarkBasis;
  /** After this much processing time without a row a partition is idle and holds nobody back; null: never. */
  readonly idle: Duration | null;
  /** A row later than its arrival plus this does not advance the watermark; null: every row does. */
  readonly future: Duration | null;
  /** Whether each partition has a watermark of its own (the least counts), each key, or the source as a whole. */
  readonly per: "partition" | "key" | "source";
  /** With `per: "key"`, the source's column that says which key a row belongs to; else null. Null keys are one key. */
  readonly keyColumn: string | null;
  /** Emit the watermark only at multiples of this much processing time; null: after every row. */
  readonly every: Duration | null;
  /** Rows of each micro-batch see the watermark of the batch before (Spark); seconds → ms; null: none. */
  readonly microBatch: Duration | null;
}

export interface WatermarkOptions {
  idle?: DurationSpec | null;
  future?: DurationSpec | null;
  /**
   * What has a watermark of its own, the least of which counts: each `partition` of the source (the default), each `key`
   * (`{per: "key", key: "account"}`, for logs in which each key's rows come in order), or the `source` as a whole. A key
   * that falls silent holds the others back for ever: give `idle` too.
   */
  per?: "partition" | "key" | "source";
  /** Column of the key, with `per: "key"` only. */
  key?: string | null;
  every?: DurationSpec | null;
  microBatch?: DurationSpec | null;
}

function strategy(basis: WatermarkBasis, options: WatermarkOptions): WatermarkStrategy {
  const optional = (spec: DurationSpec | null | undefined, what: string): Duration | null =>
    spec === undefined || spec === null ? null : duration(spec, what);
  const per = options.per ?? "partition";
  return {
    basis,
    idle: optional(options.idle, "idle timeout"),
    future: optional(options.future, "future guard"),
    per,
    keyColumn: keyColumn(per, options.key ?? null),
    every: optional(options.every, "watermark period"),
    microBatch: optional(options.microBatch, "micro-batch length"),
  };
}

function keyColumn(per: WatermarkStrategy["per"], key: string | null): string | null {
  if (per === "key" && (typeof key !== "string" || key === ""))
    throw new Error(`A watermark per key needs the column of the key: bounded("30 s", {per: "key", key: "account"}).`);
  if (per !== "key" && key !== null)
    throw new Error(
      `The key ${JSON.stringify(key)} has no meaning for a watermark per ${per}. Say {per: "key", key: ${JSON.stringify(key)}}, or leave the key out.`,
    );
  return key;
}

/** Follows the greatest timestamp seen at a distance of `delay` (Flink's bounded out-of-orderness, without its −1 ms). */
export function bounded(delay: DurationSpec, options: WatermarkOptions = {}): WatermarkStrategy {
  return strategy({ kind: "bounded", delay: duration(delay, "watermark delay") }, options);
}

/** Knows every row still to come: the watermark that is never wrong and never slow. Recorded logs only. */
export function perfect(options: WatermarkOptions = {}): WatermarkStrategy {
  return strategy({ kind: "perfect" }, options);
}

/** Follows at a distance that would have covered `quantile` (0–1) of the last `window` rows (default 1,000). */
export function percentile(quantile: number, window = 1_000, options: WatermarkOptions = {}): WatermarkStrategy {
  return strategy({ kind: "percentile", quantile, window }, options);
}

/** Takes the watermark from marked rows. */
export function punctuated(predicate: FunctionText, options: WatermarkOptions = {}): WatermarkStrategy {
  return strategy({ kind: "punctuated", predicate }, options);
}

/** Adapts the distance to the delays seen, and forgets old ones when they change. `sensitivity` is ADWIN's delta. */
export function adaptive(quantile = 0.99, sensitivity = 0.002, options: WatermarkOptions = {}): WatermarkStrategy {
  return strategy({ kind: "adaptive", quantile, sensitivity }, options);
}

/** Leaves the watermark to the host. */
export function manual(): WatermarkStrategy {
  return strategy({ kind: "manual" }, {});
}
