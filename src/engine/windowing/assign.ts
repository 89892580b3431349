/**
 * Which windows a row falls into. An assigner writes the windows of one timestamp into two reused arrays, earliest end
 * first, so that no row allocates anything.
 *
 * Sessions begin as a window of their own, `[t, t + gap)`; merging them is the work of `merging.ts`.
 */
import type { Value } from "../../columns/column.ts";
import { compileFunction } from "../../expressions/compile.ts";
import { END_OF_TIME } from "../../model/time.ts";
import type { CalendarUnit, WindowFunction } from "../../model/windows.ts";
import { GLOBAL_WINDOW, periodStart } from "../../model/windows.ts";
import { civilFromDays, daysFromCivil, type Zone, zone } from "../../model/zones.ts";

const DAY = 86_400_000;

/** The windows of the timestamp assigned last. */
export interface Assigned {
  count: number;
  start: number[];
  end: number[];
}

/** Writes the windows of a timestamp. */
export type Assigner = (timestamp: number, out: Assigned) => void;

type AssignerOf<K extends WindowFunction["kind"]> = (window: Extract<WindowFunction, { kind: K }>) => Assigner;

const ASSIGNERS: { readonly [K in WindowFunction["kind"]]: AssignerOf<K> } = {
  global: () => (_timestamp, out) => one(out, GLOBAL_WINDOW.start, GLOBAL_WINDOW.end),

  fixed:
    ({ size, offset }) =>
    (timestamp, out) => {
      const start = periodStart(timestamp, size, offset);
      one(out, start, start + size);
    },

  sliding:
    ({ size, period, offset }) =>
    (timestamp, out) => {
      const last = periodStart(timestamp, period, offset);
      // Where the period is longer than the window, there are gaps that belong to no window.
      const count = Math.max(0, Math.ceil((size - (timestamp - last)) / period));
      out.count = count;
      for (let i = 0; i < count; i++) {
        const start = last - (count - 1 - i) * period;
        out.start[i] = start;
        out.end[i] = start + size;
      }
    },

  sessions:
    ({ gap }) =>
    (timestamp, out) =>
      one(out, timestamp, timestamp + gap),

  cumulating:
    ({ size, step, offset }) =>
    (timestamp, out) => {
      const start = periodStart(timestamp, size, offset);
      const first = Math.floor((timestamp - start) / step) + 1;
      const steps = Math.round(size / step);
      out.count = steps - first + 1;
      for (let i = 0; i < out.count; i++) {
        out.start[i] = start;
        out.end[i] = start + (first + i) * step;
      }
    },

  calendar({ unit, timeZone, weekStart }) {
    const place = zone(timeZone);
    const bounds = calendarBounds(unit, place, weekStart);
    // Most rows fall into the window of the row before.
    let from = Infinity;
    let to = -Infinity;
    return (timestamp, out) => {
      if (!(timestamp >= from && timestamp < to)) [from, to] = bounds(timestamp);
      one(out, from, to);
    };
  },

  custom({ assign, merging }) {
    const call = compileFunction(assign.source, assign.parameters as Readonly<Record<string, Value>>);
    return (timestamp, out) => {
      const windows = call(timestamp);
      if (!Array.isArray(windows)) throw customError(windows, timestamp, merging);
      out.count = windows.length;
      windows.forEach((window: unknown, i) => {
        const { start, end } = (window ?? {}) as { start?: unknown; end?: unknown };
        if (typeof start !== "number" || typeof end !== "number" || !(start < end))
          throw customError(window, timestamp, merging);
        out.start[i] = start;
        out.end[i] = end;
      });
      sortByEnd(out);
    };
  },
};

/**
 * Makes the assigner of a window function. A row at the end of time, as panes of the global window are, falls into a
 * window of its own there. Throws when the time zone or the function's text is not valid.
 */
export function assigner(window: WindowFunction): Assigner {
  const assign = (ASSIGNERS[window.kind] as AssignerOf<WindowFunction["kind"]>)(window as never);
  if (window.kind === "global") return assign;
  return (timestamp, out) => (timestamp === END_OF_TIME ? one(out, END_OF_TIME, END_OF_TIME) : assign(timestamp, out));
}

/** Leaves out windows that begin before 1970. */
export function sinceEpoch(assign: Assigner): Assigner {
  return (timestamp, out) => {
    assign(timestamp, out);
    let kept = 0;
    for (let i = 0; i < out.count; i++) {
      if (out.start[i] < 0) continue;
      out.start[kept] = out.start[i];
      out.end[kept++] = out.end[i];
    }
    out.count = kept;
  };
}

/** Makes room for an assigner to write into. */
export function assigned(): Assigned {
  return { count: 0, start: [], end: [] };
}

function one(out: Assigned, start: number, end: number): void {
  out.count = 1;
  out.start[0] = start;
  out.end[0] = end;
}

function customError(given: unknown, timestamp: number, merging: boolean): Error {
  return new Error(
    `A custom window function gave ${JSON.stringify(given)} for ${timestamp}. It must return ` +
      `an array of windows such as [{start: ms, end: ms}] with start < end${merging ? "; those that overlap merge" : ""}.`,
  );
}

function sortByEnd(out: Assigned): void {
  for (let i = 1; i < out.count; i++)
    for (let j = i; j > 0; j--) {
      const before = out.end[j - 1] - out.end[j] || out.start[j - 1] - out.start[j];
      if (before <= 0) break;
      [out.start[j - 1], out.start[j]] = [out.start[j], out.start[j - 1]];
      [out.end[j - 1], out.end[j]] = [out.end[j], out.end[j - 1]];
    }
}

/**
 * Finds the calendar window around an instant. Its bounds are times of the local clock; where the clock goes back across
 * one, its first pass counts, and where the clock skips one, the moment of the change does. So windows neither overlap
 * nor leave gaps, days have 23 to 25 hours, and an hour that happens twice is one window of two hours.
 */
function calendarBounds(
  unit: CalendarUnit,
  place: Zone,
  weekStart: "monday" | "sunday",
): (timestamp: number) => [number, number] {
  const around = (local: number): [number, number] => localBounds(unit, local, weekStart);
  return timestamp => {
    let [start, end] = around(timestamp + place.offsetAt(timestamp));
    // The local time near a change may lie on the other side of a bound than the instant does.
    while (timestamp >= instantOf(place, end)) [start, end] = around(end);
    while (timestamp < instantOf(place, start)) [start, end] = around(start - 1);
    return [instantOf(place, start), instantOf(place, end)];
  };
}

function instantOf(place: Zone, local: number): number {
  const earlier = place.localToUtc(local, "earlier");
  const later = place.localToUtc(local, "later");
  const skipped = place.offsetAt(earlier) < place.offsetAt(later);
  return skipped ? place.nextTransition(earlier) : earlier;
}

function localBounds(unit: CalendarUnit, local: number, weekStart: "monday" | "sunday"): [number, number] {
  if (unit === "minute" || unit === "hour") {
    const size = unit === "minute" ? 60_000 : 3_600_000;
    const start = Math.floor(local / size) * size;
    return [start, start + size];
  }
  const [from, to] = dayBounds(unit, Math.floor(local / DAY), weekStart);
  return [from * DAY, to * DAY];
}

function dayBounds(unit: CalendarUnit, days: number, weekStart: "monday" | "sunday"): [number, number] {
  if (unit === "day") return [days, days + 1];
  if (unit === "week") {
    // 1970-01-01 was a Thursday.
    const since = (((days + (weekStart === "monday" ? 3 : 4)) % 7) + 7) % 7;
    return [days - since, days - since + 7];
  }
  const { year, month } = civilFromDays(days);
  const months = unit === "month" ? 1 : unit === "quarter" ? 3 : 12;
  const first = month - ((month - 1) % months);
  const next = first + months;
  return [
    daysFromCivil(year, first, 1),
    next > 12 ? daysFromCivil(year + 1, next - 12, 1) : daysFromCivil(year, next, 1),
  ];
}
