/** Assigns rows to windows by their event time, for window functions whose windows do not merge. */
import { compileFunction } from "../expressions/compile.ts";
import type { Timestamp } from "../model/time.ts";
import { periodStart, type Window, type WindowFunction } from "../model/windows.ts";
import { civilFromDays, zone } from "../model/zones.ts";

/** Calls `put` with the bounds of every window that a timestamp falls into, in order of their ends. */
export type Assigner = (time: Timestamp, put: (start: Timestamp, end: Timestamp) => void) => void;

/** Prepares the assignment of a window function. Throws for windows that merge, which depend on other rows. */
export function assigner(window: WindowFunction): Assigner {
  switch (window.kind) {
    case "global":
      return (_time, put) => put(-Infinity, Infinity);
    case "fixed":
      return (time, put) => {
        const start = periodStart(time, window.size, window.offset);
        put(start, start + window.size);
      };
    case "sliding":
      return (time, put) => {
        const last = periodStart(time, window.period, window.offset);
        // Counted from the last start, so that long runs do not add up rounding errors.
        for (let k = Math.ceil((window.size - (time - last)) / window.period) - 1; k >= 0; k--)
          put(last - k * window.period, last - k * window.period + window.size);
      };
    case "cumulating":
      return (time, put) => {
        const start = periodStart(time, window.size, window.offset);
        for (let end = start + window.step; end <= start + window.size; end += window.step)
          if (time < end) put(start, end);
      };
    case "calendar":
      return calendarAssigner(window);
    case "custom": {
      if (window.merging) break;
      const assign = compileFunction(window.assign.source, window.assign.parameters as Record<string, never>);
      return (time, put) => {
        const windows = (assign(time) as Window[]).toSorted((a, b) => a.end - b.end || a.start - b.start);
        for (const { start, end } of windows) put(start, end);
      };
    }
  }
  throw new Error(`Windows that merge (${window.kind}) cannot be assigned row by row.`);
}

type Calendar = Extract<WindowFunction, { kind: "calendar" }>;

const DAY = 86_400_000;

/** Periods of the local calendar. The period found last is tried first, since rows come nearly in order. */
function calendarAssigner(window: Calendar): Assigner {
  let start = NaN;
  let end = NaN;
  return (time, put) => {
    if (!(time >= start && time < end)) [start, end] = calendarPeriod(window, time);
    put(start, end);
  };
}

function calendarPeriod(window: Calendar, time: Timestamp): [Timestamp, Timestamp] {
  const local = zone(window.timeZone);
  const offset = local.offsetAt(time);
  if (window.unit === "minute" || window.unit === "hour") {
    const size = window.unit === "minute" ? 60_000 : 3_600_000;
    const start = periodStart(time + offset, size, 0) - offset;
    return [start, start + size];
  }
  const days = Math.floor((time + offset) / DAY);
  const { year, month, day } = civilFromDays(days);
  const between = (months: number, from: number): [Timestamp, Timestamp] => [
    local.toUtc(year, from, 1),
    local.toUtc(year, from + months, 1),
  ];
  switch (window.unit) {
    case "day":
      return [local.toUtc(year, month, day), local.toUtc(year, month, day + 1)];
    case "week": {
      // 1970-01-01 was a Thursday: day 3 of a week that begins on Monday, day 4 of one that begins on Sunday.
      const weekday = (((days + (window.weekStart === "monday" ? 3 : 4)) % 7) + 7) % 7;
      return [local.toUtc(year, month, day - weekday), local.toUtc(year, month, day - weekday + 7)];
    }
    case "month":
      return between(1, month);
    case "quarter":
      return between(3, month - ((month - 1) % 3));
    case "year":
      return between(12, 1);
  }
}
