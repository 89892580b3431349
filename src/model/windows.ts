/**
 * Where in event time: window functions as plain data, and the arithmetic that all of them share.
 *
 * Windows are half-open `[start, end)`. The words are Beam's; Flink says tumbling for fixed and hopping for sliding.
 */
import { type Duration, type DurationSpec, duration, END_OF_TIME, START_OF_TIME, type Timestamp } from "./time.ts";

/** A half-open stretch of event time. The global window is `[-Infinity, Infinity)`. */
export interface Window {
  readonly start: Timestamp;
  readonly end: Timestamp;
}

export const GLOBAL_WINDOW: Window = { start: START_OF_TIME, end: END_OF_TIME };

export type CalendarUnit = "minute" | "hour" | "day" | "week" | "month" | "quarter" | "year";

/** A user's own function, as source text with the values it captured, so that it can travel to a Worker. */
export interface FunctionText {
  readonly source: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type WindowFunction =
  | { readonly kind: "global" }
  | { readonly kind: "fixed"; readonly size: Duration; readonly offset: Duration }
  | { readonly kind: "sliding"; readonly size: Duration; readonly period: Duration; readonly offset: Duration }
  /** `inclusive: null` asks the profile whether touching sessions merge. */
  | { readonly kind: "sessions"; readonly gap: Duration; readonly inclusive: boolean | null }
  | { readonly kind: "cumulating"; readonly size: Duration; readonly step: Duration; readonly offset: Duration }
  | {
      readonly kind: "calendar";
      readonly unit: CalendarUnit;
      readonly timeZone: string;
      readonly weekStart: "monday" | "sunday";
    }
  /** `assign(timestamp) → [{start, end}…]`; windows that overlap merge when `merging`. */
  | { readonly kind: "custom"; readonly assign: FunctionText; readonly merging: boolean };

/** Puts every row into one window that never ends. */
export function global(): WindowFunction {
  return { kind: "global" };
}

/** Cuts event time into windows of one size that do not overlap; `offset` shifts them from the epoch. */
export function fixed(size: DurationSpec, options: { offset?: DurationSpec } = {}): WindowFunction {
  return {
    kind: "fixed",
    size: positive(size, "window size"),
    offset: duration(options.offset ?? 0, "window offset"),
  };
}

/** Makes a window of `size` begin every `period`; a row falls into every window that covers it. */
export function sliding(
  size: DurationSpec,
  period: DurationSpec,
  options: { offset?: DurationSpec } = {},
): WindowFunction {
  return {
    kind: "sliding",
    size: positive(size, "window size"),
    period: positive(period, "window period"),
    offset: duration(options.offset ?? 0, "window offset"),
  };
}

/**
 * Groups rows of a key that lie less than `gap` apart: a row opens `[t, t + gap)`, windows that overlap merge.
 * Touching ones merge with `{inclusive: true}`; by default the profile decides.
 */
export function sessions(gap: DurationSpec, options: { inclusive?: boolean } = {}): WindowFunction {
  return { kind: "sessions", gap: positive(gap, "session gap"), inclusive: options.inclusive ?? null };
}

/** Grows windows from a common start in steps, up to `size` (Flink's CUMULATE): `[0, 1), [0, 2) … [0, size)`. */
export function cumulating(
  size: DurationSpec,
  step: DurationSpec,
  options: { offset?: DurationSpec } = {},
): WindowFunction {
  const max = positive(size, "window size");
  const by = positive(step, "window step");
  if (max % by !== 0)
    throw new Error(`A cumulating window's size (${max} ms) must be a multiple of its step (${by} ms).`);
  return { kind: "cumulating", size: max, step: by, offset: duration(options.offset ?? 0, "window offset") };
}

/** Cuts event time at the calendar's own boundaries in a time zone, so that days have 23, 24 or 25 hours. */
export function calendar(
  unit: CalendarUnit,
  options: { timeZone?: string; weekStart?: "monday" | "sunday" } = {},
): WindowFunction {
  return { kind: "calendar", unit, timeZone: options.timeZone ?? "UTC", weekStart: options.weekStart ?? "monday" };
}

function positive(spec: DurationSpec, what: string): Duration {
  const value = duration(spec, what);
  if (!(value > 0) || value === Infinity)
    throw new Error(`The ${what} must be longer than nothing and finite, not ${String(spec)}.`);
  return value;
}

/** Says whether a window function's windows can merge with each other. */
export function merges(window: WindowFunction): boolean {
  return window.kind === "sessions" || (window.kind === "custom" && window.merging);
}

/** Returns the start of the period of `size` (shifted by `offset`) that holds `t`. Right for times before the epoch too. */
export function periodStart(t: Timestamp, size: Duration, offset: Duration): Timestamp {
  return Math.floor((t - offset) / size) * size + offset;
}

/** How long a window function's windows are, ms; null where they have no one length. Calendar units count as their usual length. */
export function windowSize(window: WindowFunction): number | null {
  switch (window.kind) {
    case "fixed":
    case "sliding":
    case "cumulating":
      return window.size;
    case "sessions":
      return window.gap;
    case "calendar":
      return CALENDAR_LENGTHS[window.unit];
    case "global":
    case "custom":
      return null;
  }
}

const DAY = 86_400_000;
const CALENDAR_LENGTHS = {
  minute: 60_000,
  hour: 3_600_000,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  quarter: 91 * DAY,
  year: 365 * DAY,
} as const;
