/**
 * Axes of time: ticks where a clock of the zone shows round figures, labelled with the date only where it changes.
 *
 * The scale itself is linear in milliseconds, so an hour is as wide as any other, also on the night the clocks change;
 * only the ticks know of the zone.
 */
import { civilFromDays, zone } from "../model/zones.ts";
import { niceStep } from "./bins.ts";

const DAY = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export interface TimeTicks {
  readonly values: readonly number[];
  /** One or two lines each: the time, and below it the date where it changes. */
  readonly labels: readonly string[];
}

/** Chooses at most `most` ticks in `[low, high]` (ms), round on the wall clock of `timeZone`. */
export function timeTicks(low: number, high: number, timeZone: string, most: number): TimeTicks {
  const { offsetAt } = bind(timeZone);
  const step = niceStep(Math.max(high - low, 1), Math.max(most, 1));
  const values: number[] = [];
  // Wall-clock time is stepped and turned back into instants, so that ticks stay on round hours across a clock change.
  for (let local = Math.ceil((low + offsetAt(low)) / step) * step; ; local += step) {
    const at = zone(timeZone).localToUtc(local);
    if (at > high) break;
    if (at >= low && at !== values.at(-1)) values.push(at);
  }
  let previous: string | null = null;
  const labels = values.map(at => {
    const date = dateText(at, timeZone);
    const changed = date !== previous;
    previous = date;
    if (step >= DAY) return date;
    const time = clockText(at, timeZone, step);
    return changed ? `${time}\n${date}` : time;
  });
  return { values, labels };
}

function bind(timeZone: string): { offsetAt(at: number): number } {
  const z = zone(timeZone);
  return { offsetAt: at => z.offsetAt(at) };
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Writes the time of day, as precisely as `step` ms asks for: `23:55`, `23:55:02`, `23:55:02.250`. */
export function clockText(at: number, timeZone: string, step = 1_000): string {
  const local = at + zone(timeZone).offsetAt(at);
  const day = ((local % DAY) + DAY) % DAY;
  const text = `${two(Math.floor(day / 3_600_000))}:${two(Math.floor(day / 60_000) % 60)}`;
  if (step >= 60_000 && day % 60_000 === 0) return text;
  const seconds = `${text}:${two(Math.floor(day / 1_000) % 60)}`;
  const rest = Math.round(day % 1_000);
  return step >= 1_000 || rest === 0 ? seconds : `${seconds}.${String(rest).padStart(3, "0")}`;
}

/** Writes the date: `Sun 29 Mar`. */
export function dateText(at: number, timeZone: string): string {
  const days = Math.floor((at + zone(timeZone).offsetAt(at)) / DAY);
  const { month, day } = civilFromDays(days);
  return `${WEEKDAYS[(((days + 4) % 7) + 7) % 7]} ${day} ${MONTHS[month - 1]}`;
}

/** Writes date and time in full for tips: `Sun 29 Mar 23:55:02`. Both ends of time by name. */
export function momentText(at: number, timeZone: string): string {
  if (at === Infinity) return "the end of time";
  if (at === -Infinity) return "the start of time";
  if (Number.isNaN(at)) return "never";
  return `${dateText(at, timeZone)} ${clockText(at, timeZone)}`;
}

/**
 * Makes a way to write windows that stand together: with the date where they do not all lie within one day.
 */
export function windowNames(
  windows: readonly { readonly start: number; readonly end: number }[],
  timeZone: string,
): (start: number, end: number) => string {
  const finite = windows.filter(w => Number.isFinite(w.start) && Number.isFinite(w.end));
  const dates = new Set(finite.flatMap(w => [dateText(w.start, timeZone), dateText(w.end - 1, timeZone)]));
  return (start, end) => windowText(start, end, timeZone, dates.size > 1);
}

/** Writes a window in short: `12:00–12:02`, `Sun 29 Mar`, `Sun 29 Mar 22:00 – Mon 30 Mar 02:00`; `dated` puts the date before hours too. */
export function windowText(start: number, end: number, timeZone: string, dated = false): string {
  if (start === -Infinity) return "all of time";
  const wholeDays = startsDay(start, timeZone) && startsDay(end, timeZone);
  if (wholeDays) {
    const last = dateText(end - 1, timeZone);
    const first = dateText(start, timeZone);
    return first === last ? first : `${first} – ${last}`;
  }
  const step = start % 60_000 === 0 && end % 60_000 === 0 ? 60_000 : 1_000;
  const from = clockText(start, timeZone, step);
  const to = clockText(end, timeZone, step);
  const sameDay = dateText(start, timeZone) === dateText(end - 1, timeZone);
  return sameDay
    ? `${dated ? `${dateText(start, timeZone)} ` : ""}${from}–${to}`
    : `${dateText(start, timeZone)} ${from} – ${dateText(end, timeZone)} ${to}`;
}

function startsDay(at: number, timeZone: string): boolean {
  return Number.isFinite(at) && zone(timeZone).startOfDay(at) === at;
}

/** Says once per chart which zone its times are in, and which days it spans. */
export function zoneNote(timeZone: string, low: number, high: number): string {
  const year = civilFromDays(Math.floor((high + zone(timeZone).offsetAt(high)) / DAY)).year;
  const first = dateText(low, timeZone);
  const last = dateText(Math.max(low, high - 1), timeZone);
  return `Times in ${timeZone}, ${first === last ? first : `${first} – ${last}`} ${year}.`;
}
