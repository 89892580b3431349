/**
 * When in processing time: triggers as plain data. Each has a machine of the same name in the engine.
 *
 * Source: *The Dataflow Model* (VLDB 2015), section 2.3, and Apache Beam's triggers, whose finishing rules they follow.
 */
import { type Duration, type DurationSpec, duration } from "./time.ts";

export type Trigger =
  /** Beam's default: repeatedly after the watermark, so once at the end of the window and again for each late row. */
  | { readonly kind: "default" }
  | { readonly kind: "never" }
  /** Without `late` it finishes with the on-time pane. */
  | { readonly kind: "afterWatermark"; readonly early: Trigger | null; readonly late: Trigger | null }
  | { readonly kind: "afterCount"; readonly count: number }
  | { readonly kind: "afterProcessingTime"; readonly delay: Duration; readonly aligned: boolean }
  | { readonly kind: "repeatedly"; readonly trigger: Trigger }
  | { readonly kind: "afterEach"; readonly triggers: readonly Trigger[] }
  | { readonly kind: "afterAny"; readonly triggers: readonly Trigger[] }
  | { readonly kind: "afterAll"; readonly triggers: readonly Trigger[] }
  | { readonly kind: "orFinally"; readonly trigger: Trigger; readonly until: Trigger };

/**
 * Fires when the watermark passes the end of the window; `early` fires (repeatedly) before, `late` (repeatedly) after.
 * Without `late` it finishes with the on-time pane, and what comes later is dropped.
 */
export function afterWatermark(options: { early?: Trigger; late?: Trigger } = {}): Trigger {
  return { kind: "afterWatermark", early: options.early ?? null, late: options.late ?? null };
}

/** Fires once a pane holds `count` rows, then finishes. */
export function afterCount(count: number): Trigger {
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`afterCount needs a whole number of rows from 1, not ${count}.`);
  return { kind: "afterCount", count };
}

/** Fires `delay` of processing time after the pane's first row, or with `aligned` at the next multiple of `delay`; then finishes. */
export function afterProcessingTime(delay: DurationSpec, options: { aligned?: boolean } = {}): Trigger {
  return {
    kind: "afterProcessingTime",
    delay: duration(delay, "processing-time delay"),
    aligned: options.aligned ?? false,
  };
}

/** Starts `trigger` again whenever it finishes; never finishes itself. */
export function repeatedly(trigger: Trigger): Trigger {
  return { kind: "repeatedly", trigger };
}

/** Runs triggers one after the other; finishes with the last. */
export function afterEach(...triggers: Trigger[]): Trigger {
  return { kind: "afterEach", triggers };
}

/** Fires once, with the first of its triggers. */
export function afterAny(...triggers: Trigger[]): Trigger {
  return { kind: "afterAny", triggers };
}

/** Fires once, when all of its triggers are ready. */
export function afterAll(...triggers: Trigger[]): Trigger {
  return { kind: "afterAll", triggers };
}

/** Fires as `trigger` does until `until` fires, which fires once more and finishes. */
export function orFinally(trigger: Trigger, until: Trigger): Trigger {
  return { kind: "orFinally", trigger, until };
}

/** Never fires; what a window holds comes out when the window closes, if its closing behaviour says so. */
export function never(): Trigger {
  return { kind: "never" };
}

/** Fires at the watermark and again for each late row: Beam's default. */
export const DEFAULT_TRIGGER: Trigger = { kind: "default" };
