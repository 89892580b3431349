/**
 * Functions of time. Parts are in UTC, or in the IANA zone given last; never in the machine's zone, so that a replay
 * gives the same answer everywhere. `month` and `quarter` count from 0 and `dayofweek` from Sunday = 0, as Arquero's.
 */
import { type DatePart, datePart, formatTime, parseTime } from "../dateparts.ts";
import { type ScalarFunction, scalar } from "./record.ts";

/** One calendar part. In SQL, `$1` is taken to be a timestamp of the target. */
function part(name: string, about: string, field: DatePart, sql: string, python: string, java: string): ScalarFunction {
  return scalar(name, about, ["time", "string"], "number", (t: number, zone?: string) => datePart(field, t, zone), {
    required: 1,
    sql: count => (count === 1 ? sql : undefined),
    python: count =>
      python.replace(
        "$t",
        count === 1
          ? "datetime.datetime.fromtimestamp($1 / 1000, datetime.timezone.utc)"
          : "datetime.datetime.fromtimestamp($1 / 1000, zoneinfo.ZoneInfo($2))",
      ),
    java: count =>
      java.replace(
        "$t",
        count === 1
          ? "Instant.ofEpochMilli((long) $1).atZone(ZoneOffset.UTC)"
          : "Instant.ofEpochMilli((long) $1).atZone(ZoneId.of($2))",
      ),
  });
}

export const TIME_FUNCTIONS: readonly ScalarFunction[] = [
  part("year", "the year", "year", "EXTRACT(YEAR FROM $1)", "$t.year", "$t.getYear()"),
  part(
    "quarter",
    "the quarter, 0 to 3",
    "quarter",
    "EXTRACT(QUARTER FROM $1) - 1",
    "($t.month - 1) // 3",
    "($t.getMonthValue() - 1) / 3",
  ),
  part("month", "the month, 0 to 11", "month", "EXTRACT(MONTH FROM $1) - 1", "$t.month - 1", "$t.getMonthValue() - 1"),
  part("date", "the day of the month", "day", "EXTRACT(DAY FROM $1)", "$t.day", "$t.getDayOfMonth()"),
  part(
    "dayofyear",
    "the day of the year, from 1",
    "dayofyear",
    "EXTRACT(DOY FROM $1)",
    "$t.timetuple().tm_yday",
    "$t.getDayOfYear()",
  ),
  part(
    "dayofweek",
    "the day of the week, Sunday 0",
    "weekday",
    "EXTRACT(DOW FROM $1)",
    "$t.isoweekday() % 7",
    "$t.getDayOfWeek().getValue() % 7",
  ),
  part("hours", "the hour, 0 to 23", "hour", "EXTRACT(HOUR FROM $1)", "$t.hour", "$t.getHour()"),
  part("minutes", "the minute", "minute", "EXTRACT(MINUTE FROM $1)", "$t.minute", "$t.getMinute()"),
  part("seconds", "the second", "second", "FLOOR(EXTRACT(SECOND FROM $1))", "$t.second", "$t.getSecond()"),
  part(
    "milliseconds",
    "the millisecond",
    "millisecond",
    "EXTRACT(MILLISECOND FROM $1)",
    "$t.microsecond // 1000",
    "$t.getNano() / 1_000_000",
  ),
  scalar(
    "timestamp",
    "the timestamp of ISO 8601 text, read in a zone if it names none",
    ["any", "string"],
    "timestamp",
    (t: unknown, zone?: string) => (typeof t === "number" ? t : typeof t === "string" ? parseTime(t, zone) : null),
    { required: 1, nullable: true, sql: count => (count === 1 ? "CAST($1 AS TIMESTAMP)" : undefined) },
  ),
  scalar(
    "format_date",
    "ISO 8601 text in UTC",
    ["time", "boolean"],
    "string",
    (t: number, shorten?: boolean) => formatTime(t, shorten),
    { required: 1, nullable: true },
  ),
];
