/**
 * Time zones: how far a zone's wall clock is from UTC at any instant, and which instant a wall-clock time means.
 *
 * The rules come from the host's own zone database through `Intl`, which is far too slow to ask once per row. So each
 * zone keeps, per calendar year, the sorted instants at which its offset changes, found once by probing every week and
 * then bisecting to the millisecond; a lookup is a comparison with the stretch of time last used or a binary search.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const WEEK = 7 * DAY;

/** The instants that ECMAScript's own calendar covers: 100 million days to either side of 1970. */
const FIRST_INSTANT = -8.64e15;
const LAST_INSTANT = 8.64e15;

/** How many years `nextTransition` looks ahead before it says that there is none. */
const YEARS_AHEAD = 20;

/**
 * Which instant a wall-clock time means where the clock changes. In an overlap (clocks go back) a time happens twice:
 * `"earlier"` is the first, `"later"` the second. In a gap (clocks go forward) a time never happens: `"later"` moves it
 * forward by the length of the gap, `"earlier"` back by it. `"compatible"` takes the earlier instant of an overlap and the
 * later one of a gap, as `Temporal`, java.time and iCalendar do.
 */
export type Disambiguation = "compatible" | "earlier" | "later";

/** One time zone. All instants are milliseconds since the Unix epoch; offsets are milliseconds east of UTC. */
export interface Zone {
  readonly name: string;
  /** Returns local minus UTC at an instant. */
  offsetAt(utcMs: number): number;
  /** Returns the instant of a wall-clock time, itself written as if it were UTC. */
  localToUtc(localMs: number, choose?: Disambiguation): number;
  /** Returns the instant of a wall-clock time given in fields; months and days count from 1 and may overflow. */
  toUtc(year: number, month: number, day: number, hour?: number, minute?: number, second?: number, ms?: number): number;
  /** Returns the first instant of the local day that contains an instant. */
  startOfDay(utcMs: number): number;
  /** Returns the first instant after `utcMs` at which the offset changes; Infinity when none comes within 20 years. */
  nextTransition(utcMs: number): number;
}

/** Counts days from 1970-01-01 to a date of the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

export interface CivilDate {
  readonly year: number;
  /** 1 … 12 */
  readonly month: number;
  /** 1 … 31 */
  readonly day: number;
}

/** Returns the date that lies `days` days after 1970-01-01: the inverse of `daysFromCivil`. */
export function civilFromDays(days: number): CivilDate {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

const zones = new Map<string, Zone>();

/**
 * Finds a zone by its IANA name (`"Europe/London"`, `"UTC"`). Zones are cached and shared.
 * Throws when the host's zone database does not have it; the message shows how a name looks.
 */
export function zone(name: string): Zone {
  let found = zones.get(name);
  if (found === undefined) {
    found = name === "UTC" || name === "Etc/UTC" ? new FixedZone(name, 0) : new TableZone(name, wallClock(name));
    zones.set(name, found);
  }
  return found;
}

/** Says whether the host knows a zone of this name. */
export function isZone(name: string): boolean {
  if (zones.has(name)) return true;
  try {
    zone(name);
    return true;
  } catch {
    return false;
  }
}

function fieldsToLocal(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  ms: number,
): number {
  const months = year * 12 + (month - 1);
  const days = daysFromCivil(Math.floor(months / 12), months - Math.floor(months / 12) * 12 + 1, 1) + (day - 1);
  return days * DAY + hour * 60 * MINUTE + minute * MINUTE + second * SECOND + ms;
}

class FixedZone implements Zone {
  readonly name: string;
  readonly #offset: number;
  constructor(name: string, offset: number) {
    this.name = name;
    this.#offset = offset;
  }
  offsetAt(): number {
    return this.#offset;
  }
  localToUtc(localMs: number): number {
    return localMs - this.#offset;
  }
  toUtc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, ms = 0): number {
    return fieldsToLocal(year, month, day, hour, minute, second, ms) - this.#offset;
  }
  startOfDay(utcMs: number): number {
    return Math.floor((utcMs + this.#offset) / DAY) * DAY - this.#offset;
  }
  nextTransition(): number {
    return Infinity;
  }
}

/** One calendar year (of UTC): offset i holds from `starts[i]` to `starts[i + 1]`, the last one to the year's end. */
interface YearTable {
  readonly starts: Float64Array;
  readonly offsets: Float64Array;
  readonly end: number;
}

class TableZone implements Zone {
  readonly name: string;
  readonly #offsetFromHost: (utcMs: number) => number;
  readonly #years = new Map<number, YearTable>();
  /** The stretch of constant offset that answered last: most lookups in a log fall into it again. */
  #from = Infinity;
  #to = -Infinity;
  #offset = 0;

  constructor(name: string, offsetFromHost: (utcMs: number) => number) {
    this.name = name;
    this.#offsetFromHost = offsetFromHost;
  }

  offsetAt(utcMs: number): number {
    if (utcMs >= this.#from && utcMs < this.#to) return this.#offset;
    if (!(utcMs >= FIRST_INSTANT && utcMs <= LAST_INSTANT)) return 0;
    const table = this.#year(yearOf(utcMs));
    const i = lastAtOrBefore(table.starts, utcMs);
    this.#from = table.starts[i];
    this.#to = i + 1 < table.starts.length ? table.starts[i + 1] : table.end;
    this.#offset = table.offsets[i];
    return this.#offset;
  }

  localToUtc(localMs: number, choose: Disambiguation = "compatible"): number {
    // Offsets are below a day, so the ones that hold a day to either side are the only ones that can apply.
    const before = this.offsetAt(localMs - DAY);
    const after = this.offsetAt(localMs + DAY);
    const first = localMs - before;
    if (before === after && this.offsetAt(first) === before) return first;
    const second = localMs - after;
    const firstHolds = this.offsetAt(first) === before;
    const secondHolds = this.offsetAt(second) === after;
    if (firstHolds && secondHolds) return choose === "later" ? Math.max(first, second) : Math.min(first, second);
    if (firstHolds) return first;
    if (secondHolds) return second;
    return choose === "earlier" ? Math.min(first, second) : Math.max(first, second);
  }

  toUtc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, ms = 0): number {
    return this.localToUtc(fieldsToLocal(year, month, day, hour, minute, second, ms));
  }

  startOfDay(utcMs: number): number {
    return this.localToUtc(Math.floor((utcMs + this.offsetAt(utcMs)) / DAY) * DAY);
  }

  nextTransition(utcMs: number): number {
    if (!(utcMs >= FIRST_INSTANT && utcMs <= LAST_INSTANT)) return Infinity;
    const year = yearOf(utcMs);
    let offset = this.offsetAt(utcMs);
    for (let y = year; y <= year + YEARS_AHEAD && yearStart(y) <= LAST_INSTANT; y++) {
      const table = this.#year(y);
      for (let i = 0; i < table.starts.length; i++) {
        if (table.starts[i] <= utcMs || table.offsets[i] === offset) continue;
        offset = table.offsets[i];
        return table.starts[i];
      }
    }
    return Infinity;
  }

  #year(year: number): YearTable {
    let table = this.#years.get(year);
    if (table === undefined) {
      table = this.#probe(Math.max(yearStart(year), FIRST_INSTANT), Math.min(yearStart(year + 1), LAST_INSTANT + 1));
      this.#years.set(year, table);
    }
    return table;
  }

  /** Finds the changes in `[from, to)`. Two changes less than a week apart would be missed; no zone has had such a pair. */
  #probe(from: number, to: number): YearTable {
    const starts = [from];
    const offsets = [this.#offsetFromHost(from)];
    for (let left = from; left < to; left += WEEK) {
      const right = Math.min(left + WEEK, to - 1);
      const offset = this.#offsetFromHost(right);
      if (offset === offsets[offsets.length - 1]) continue;
      let low = left;
      let high = right;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (this.#offsetFromHost(middle) === offset) high = middle;
        else low = middle;
      }
      starts.push(high);
      offsets.push(offset);
    }
    return { starts: Float64Array.from(starts), offsets: Float64Array.from(offsets), end: to };
  }
}

function yearStart(year: number): number {
  return daysFromCivil(year, 1, 1) * DAY;
}

function yearOf(utcMs: number): number {
  return civilFromDays(Math.floor(utcMs / DAY)).year;
}

function lastAtOrBefore(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Makes the function that reads a zone's offset out of the host's own formatting of an instant. */
function wallClock(name: string): (utcMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
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
    throw new Error(
      `Unknown time zone ${JSON.stringify(name)}. Use a name of the IANA database, such as "Europe/London", or "UTC".`,
    );
  }
  return utcMs => {
    const whole = Math.floor(utcMs / SECOND) * SECOND;
    let year = 0;
    let month = 0;
    let day = 0;
    let hour = 0;
    let minute = 0;
    let second = 0;
    let beforeChrist = false;
    for (const part of format.formatToParts(whole)) {
      if (part.type === "year") year = Number(part.value);
      else if (part.type === "month") month = Number(part.value);
      else if (part.type === "day") day = Number(part.value);
      else if (part.type === "hour") hour = Number(part.value);
      else if (part.type === "minute") minute = Number(part.value);
      else if (part.type === "second") second = Number(part.value);
      else if (part.type === "era") beforeChrist = part.value.startsWith("B");
    }
    // The host's formatter uses the Julian calendar before 15 October 1582; an offset is never as large as that shift.
    const local = fieldsToLocal(beforeChrist ? 1 - year : year, month, day, hour, minute, second, 0);
    const offset = local - whole;
    return Math.abs(offset) < DAY ? offset : offset - Math.round(offset / DAY) * DAY;
  };
}
