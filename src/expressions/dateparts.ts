/** Splits timestamps into calendar parts without a `Date` per row, in UTC or in a named zone, and reads and writes ISO 8601. */
import type { Value } from "../columns/column.ts";
import { civilFromDays, daysFromCivil, zone as zoneNamed } from "../model/zones.ts";

const DAY = 86_400_000;

/** The parts there are. `month` and `quarter` count from 0, `weekday` from Sunday = 0, as Arquero's functions do. */
export type DatePart =
  | "year"
  | "quarter"
  | "month"
  | "day"
  | "dayofyear"
  | "weekday"
  | "hour"
  | "minute"
  | "second"
  | "millisecond";

/** Returns one calendar part of a timestamp in a zone (default UTC). NaN and infinite times give NaN. */
export function datePart(part: DatePart, t: number, zone = "UTC"): number {
  const wall = zone === "UTC" ? t : t + zoneNamed(zone).offsetAt(t);
  if (!Number.isFinite(wall)) return NaN;
  const days = Math.floor(wall / DAY);
  const inDay = wall - days * DAY;
  switch (part) {
    case "hour":
      return Math.floor(inDay / 3_600_000);
    case "minute":
      return Math.floor(inDay / 60_000) % 60;
    case "second":
      return Math.floor(inDay / 1_000) % 60;
    case "millisecond":
      return Math.floor(inDay) % 1_000;
    case "weekday":
      return (((days + 4) % 7) + 7) % 7;
    case "year":
      return civilFromDays(days).year;
    case "month":
      return civilFromDays(days).month - 1;
    case "quarter":
      return Math.floor((civilFromDays(days).month - 1) / 3);
    case "day":
      return civilFromDays(days).day;
    case "dayofyear":
      return days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1;
  }
}

const ISO = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * Reads ISO 8601 text as a timestamp. A date alone is midnight; a date, and a time without offset, are read in `zone`,
 * and a time with neither offset nor zone is null, because its meaning would depend on the machine. A wall-clock time
 * that a zone skips moves forward by the length of the gap; one that occurs twice is its first.
 */
export function parseTime(text: string, zone?: string): number | null {
  const match = ISO.exec(text.trim());
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, offset] = match;
  const days = daysFromCivil(Number(year), Number(month), Number(day));
  const { month: m, day: d } = civilFromDays(days);
  if (m !== Number(month) || d !== Number(day) || Number(hour ?? 0) > 24 || Number(minute ?? 0) > 59) return null;
  const wall =
    days * DAY +
    Number(hour ?? 0) * 3_600_000 +
    Number(minute ?? 0) * 60_000 +
    Number(second ?? 0) * 1_000 +
    (fraction === undefined ? 0 : Number(fraction) * 1_000);
  if (offset !== undefined) return offset === "Z" ? wall : wall - offsetMilliseconds(offset);
  if (zone === undefined) return hour === undefined ? wall : null;
  return zoneNamed(zone).localToUtc(wall);
}

function offsetMilliseconds(offset: string): number {
  const sign = offset[0] === "-" ? -1 : 1;
  const digits = offset.slice(1).replace(":", "");
  return sign * (Number(digits.slice(0, 2)) * 3_600_000 + Number(digits.slice(2)) * 60_000);
}

/** Reads a value as a timestamp: numbers are milliseconds already, text is ISO 8601; anything else is null. */
export function toTime(value: Value): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseTime(value) : null;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Writes a timestamp as ISO 8601 in UTC; `shorten` leaves out what is zero at the end (`2001-01-01`). */
export function formatTime(t: number, shorten = false): string | null {
  if (!Number.isFinite(t)) return null;
  const whole = Math.floor(t);
  const days = Math.floor(whole / DAY);
  const inDay = whole - days * DAY;
  const { year, month, day } = civilFromDays(days);
  const yyyy =
    year >= 0 && year <= 9999
      ? String(year).padStart(4, "0")
      : `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
  const date = `${yyyy}-${two(month)}-${two(day)}`;
  const [h, m, s, ms] = [
    Math.floor(inDay / 3_600_000),
    Math.floor(inDay / 60_000) % 60,
    Math.floor(inDay / 1_000) % 60,
    inDay % 1_000,
  ];
  if (shorten && ms === 0) {
    if (s !== 0) return `${date}T${two(h)}:${two(m)}:${two(s)}Z`;
    return m !== 0 || h !== 0 ? `${date}T${two(h)}:${two(m)}Z` : date;
  }
  return `${date}T${two(h)}:${two(m)}:${two(s)}.${String(ms).padStart(3, "0")}Z`;
}
