/**
 * Splits timestamps into calendar parts without a `Date` per row, in UTC or in a named zone.
 *
 * The day count to civil date step is Howard Hinnant's (`civil_from_days`, "chrono-compatible low-level date algorithms").
 * A zone's offset comes from `Intl`, asked once per quarter of an hour of event time and kept: zones change their offset
 * on quarter hours only, since 1972.
 */
import type { Value } from "../columns/column.ts";

const DAY = 86_400_000;
const QUARTER = 900_000;

/** The zones' offsets by quarter hour. Deterministic given the same tz database, so keeping it is not hidden state. */
const offsets = new Map<string, { format: Intl.DateTimeFormat; known: Map<number, number> }>();

/** Returns what has to be added to a UTC timestamp to get `zone`'s wall clock, in milliseconds. Throws on an unknown zone. */
export function zoneOffset(t: number, zone: string): number {
  if (zone === "UTC" || !(Math.abs(t) <= 8.64e15)) return 0;
  let entry = offsets.get(zone);
  if (entry === undefined) {
    entry = { format: wallClock(zone), known: new Map() };
    offsets.set(zone, entry);
  }
  const quarter = Math.floor(t / QUARTER);
  let offset = entry.known.get(quarter);
  if (offset === undefined) {
    if (entry.known.size > 100_000) entry.known.clear();
    offset = wallTime(entry.format, quarter * QUARTER) - quarter * QUARTER;
    entry.known.set(quarter, offset);
  }
  return offset;
}

function wallClock(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    throw new Error(`There is no time zone "${zone}". Write an IANA name such as "Europe/London", or "UTC".`);
  }
}

function wallTime(format: Intl.DateTimeFormat, t: number): number {
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(t)) parts[type] = value;
  const year = parts.era === "BC" ? 1 - Number(parts.year) : Number(parts.year);
  const days = daysFromCivil(year, Number(parts.month), Number(parts.day));
  return days * DAY + Number(parts.hour) * 3_600_000 + Number(parts.minute) * 60_000 + Number(parts.second) * 1_000;
}

/** Counts the days from 1970-01-01 to a date of the proleptic Gregorian calendar; `month` is 1 to 12. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** A calendar date: `month` is 1 to 12. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Turns a count of days since 1970-01-01 into a date. */
export function civilFromDays(days: number): CivilDate {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

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
  const wall = t + zoneOffset(t, zone);
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
 * that a zone skips is read with the offset before the change; one that occurs twice is its first.
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
  const before = zoneOffset(wall - DAY, zone);
  const after = zoneOffset(wall + DAY, zone);
  if (before === after) return wall - before;
  if (zoneOffset(wall - before, zone) === before) return wall - before;
  return zoneOffset(wall - after, zone) === after ? wall - after : wall - before;
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
