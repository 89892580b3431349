/**
 * Reads times from bytes and numbers without making a `Date` per row.
 *
 * Three ways of writing a time are understood: ISO 8601 with an offset or Z; the same without an offset, or as SQL writes it
 * (`2026-03-28 09:30:00.5`), for which the zone has to be stated; and numbers since the Unix epoch, for which the unit has to
 * be stated unless their size leaves no doubt. Fractions of a second are kept to the nanosecond's place as fractions of a
 * millisecond (a double holds today's times to a quarter of a microsecond).
 */
import type { Value } from "../columns/column.ts";
import { SourceError } from "./source-error.ts";
import { type Disambiguation, daysFromCivil, type Zone, zone } from "../model/zones.ts";

/** The unit of epoch numbers: seconds, milliseconds, microseconds, nanoseconds. */
export type TimeUnit = "s" | "ms" | "us" | "ns";

/** How the times of one field are written. */
export interface TimeOptions {
  /** The unit of epoch numbers. Default: taken from their size where that is unambiguous, otherwise an error. */
  readonly unit?: TimeUnit;
  /** The IANA zone of times without an offset. Default: none, such times are an error. */
  readonly timeZone?: string;
  /** Which instant a wall-clock time means where the clock changes. Default: `"compatible"`. */
  readonly ambiguous?: Disambiguation;
}

/** Why a value is not a time. `"unit"` and `"zone"` are cured by stating the unit or the zone. */
export type TimeProblem = "none" | "unparsable" | "unit" | "zone";

const MINUTE = 60_000;
const DAY = 86_400_000;
const FIRST_YEAR = 1900;
const LAST_YEAR = 2199;
const MONTH_LENGTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, i) => 10 ** i);

/** Days from the epoch to the first of each month, so that a date costs one lookup. */
const monthStarts = new Int32Array((LAST_YEAR - FIRST_YEAR + 1) * 12);
for (let i = 0; i < monthStarts.length; i++)
  monthStarts[i] = daysFromCivil(FIRST_YEAR + Math.floor(i / 12), (i % 12) + 1, 1);

/**
 * The sizes that epoch numbers have between 1973 and 2286 in each unit. They do not touch, so a number inside one of them is
 * unambiguous for any log of that time; anything else (0, 1500, 5e10) has to have its unit stated.
 */
const BANDS: readonly { readonly unit: TimeUnit; readonly from: number; readonly to: number }[] = [
  { unit: "s", from: 1e8, to: 1e10 },
  { unit: "ms", from: 1e11, to: 1e13 },
  { unit: "us", from: 1e14, to: 1e16 },
  { unit: "ns", from: 1e17, to: 1e19 },
];

/** Converts an epoch number to milliseconds. Seconds are rounded to the microsecond, which is what their double can hold. */
export function epochToMs(value: number, unit: TimeUnit): number {
  switch (unit) {
    case "s":
      return Math.abs(value) < 9e9 ? Math.round(value * 1e6) / 1e3 : value * 1e3;
    case "ms":
      return value;
    case "us":
      return value / 1e3;
    case "ns":
      return value / 1e6;
  }
}

/** Returns the unit of an epoch number that can only be one, or null. */
export function unitBySize(value: number): TimeUnit | null {
  return bandOf(value)?.unit ?? null;
}

function bandOf(value: number): (typeof BANDS)[number] | null {
  for (const band of BANDS) if (value >= band.from && value < band.to) return band;
  return null;
}

/** Reads the times of one field. After a NaN, `problem` and `explain` say why. */
export class TimeReader {
  /** The zone of times without an offset, or null when none is stated. */
  readonly zone: Zone | null;
  readonly #ambiguous: Disambiguation;
  #unit: TimeUnit | null;
  readonly #unitStated: boolean;
  /** The numbers that are taken without a second look. */
  #from: number;
  #to: number;
  /** Where the last `iso` stopped reading: the position after its last byte. */
  end = 0;
  problem: TimeProblem = "none";
  /** Whether a comma may stand before a fraction, as ISO 8601 allows; not where commas separate fields. */
  commaFractions = true;

  /** Throws when `timeZone` is unknown. */
  constructor(options: TimeOptions = {}) {
    this.zone = options.timeZone === undefined ? null : zone(options.timeZone);
    this.#ambiguous = options.ambiguous ?? "compatible";
    this.#unit = options.unit ?? null;
    this.#unitStated = options.unit !== undefined;
    // A stated unit takes any finite number; one to be found, those of its band, once it is known.
    this.#from = this.#unitStated ? -Number.MAX_VALUE : Infinity;
    this.#to = Infinity;
  }

  /** The unit of this field's epoch numbers: stated, or found by the first number; null before that. */
  get unit(): TimeUnit | null {
    return this.#unit;
  }

  /** Reads an epoch number, in milliseconds; NaN when its unit is in doubt. */
  epoch(value: number): number {
    // A log's times have one size, so one comparison answers for nearly all of them.
    if (value >= this.#from && value < this.#to)
      return this.#unit === "ms" ? value : epochToMs(value, this.#unit as TimeUnit);
    return this.#firstEpoch(value);
  }

  /** Finds the unit with the first number, and says what is wrong with those that do not have its size. */
  #firstEpoch(value: number): number {
    const band = bandOf(value);
    if (this.#unit !== null || band === null) {
      this.problem = this.#unitStated ? "unparsable" : "unit";
      return NaN;
    }
    this.#unit = band.unit;
    this.#from = band.from;
    this.#to = band.to;
    return epochToMs(value, band.unit);
  }

  /** Reads the whole of `bytes[from … to)` as a time, in milliseconds: ISO 8601, SQL, or a number since the epoch. */
  text(bytes: Uint8Array, from: number, to: number): number {
    const value = this.iso(bytes, from);
    if (this.end === to && this.problem !== "unparsable") return value;
    const number = numberIn(bytes, from, to);
    if (!Number.isNaN(number)) return this.epoch(number);
    this.problem = "unparsable";
    return NaN;
  }

  /** Reads a time from a string; see `text`. */
  string(value: string): number {
    const bytes = new Uint8Array(value.length + 1);
    for (let i = 0; i < value.length; i++) bytes[i] = Math.min(value.charCodeAt(i), 255);
    return this.text(bytes, 0, value.length);
  }

  /**
   * Reads an ISO 8601 or SQL time that starts at `from` and leaves its end in `end`. The caller checks what follows: the
   * bytes have to go on after the time with something that cannot be part of one, such as a quote or a newline.
   */
  iso(bytes: Uint8Array, from: number): number {
    this.problem = "unparsable";
    this.end = from;
    const y0 = bytes[from] - 48;
    const y1 = bytes[from + 1] - 48;
    const y2 = bytes[from + 2] - 48;
    const y3 = bytes[from + 3] - 48;
    const m0 = bytes[from + 5] - 48;
    const m1 = bytes[from + 6] - 48;
    const d0 = bytes[from + 8] - 48;
    const d1 = bytes[from + 9] - 48;
    // One comparison finds any field that is not a digit: unsigned, what lies below "0" is large as well.
    const dateOk = y0 >>> 0 < 10 && y1 >>> 0 < 10 && y2 >>> 0 < 10 && y3 >>> 0 < 10 && m0 >>> 0 < 2 && m1 >>> 0 < 10;
    if (!dateOk || d0 >>> 0 > 3 || d1 >>> 0 > 9 || bytes[from + 4] !== 45 || bytes[from + 7] !== 45) return NaN;
    const year = y0 * 1000 + y1 * 100 + y2 * 10 + y3;
    const month = m0 * 10 + m1;
    const day = d0 * 10 + d1;
    if (month === 0 || month > 12 || day === 0 || day > MONTH_LENGTHS[month - 1]) return NaN;
    if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0))) return NaN;
    const monthStart =
      year >= FIRST_YEAR && year <= LAST_YEAR
        ? monthStarts[(year - FIRST_YEAR) * 12 + month - 1]
        : daysFromCivil(year, month, 1);
    let local = (monthStart + day - 1) * DAY;
    let p = from + 10;
    const separator = bytes[p];
    if (separator === 84 || separator === 116 || (separator === 32 && bytes[p + 1] >>> 0 >= 48 && bytes[p + 1] <= 57)) {
      const h0 = bytes[p + 1] - 48;
      const h1 = bytes[p + 2] - 48;
      const n0 = bytes[p + 4] - 48;
      const n1 = bytes[p + 5] - 48;
      if (h0 >>> 0 > 2 || h1 >>> 0 > 9 || n0 >>> 0 > 5 || n1 >>> 0 > 9 || bytes[p + 3] !== 58) return NaN;
      const hour = h0 * 10 + h1;
      if (hour > 23) return NaN;
      local += hour * 3_600_000 + (n0 * 10 + n1) * MINUTE;
      p += 6;
      if (bytes[p] === 58) {
        const s0 = bytes[p + 1] - 48;
        const s1 = bytes[p + 2] - 48;
        // Second 60 is a leap second: it is read as the first of the next minute.
        if (s0 >>> 0 > 6 || s1 >>> 0 > 9 || (s0 === 6 && s1 > 0)) return NaN;
        local += (s0 * 10 + s1) * 1000;
        p += 3;
        if (bytes[p] === 46 || (bytes[p] === 44 && this.commaFractions)) {
          const start = ++p;
          let digit = bytes[p] - 48;
          let ms = 0;
          while (digit >>> 0 < 10 && p < start + 3) {
            ms = ms * 10 + digit;
            digit = bytes[++p] - 48;
          }
          if (p === start) return NaN;
          if (p < start + 3) ms *= POWERS_OF_TEN[start + 3 - p];
          if (digit >>> 0 < 10) {
            let rest = 0;
            const restStart = p;
            while (digit >>> 0 < 10 && p < restStart + 12) {
              rest = rest * 10 + digit;
              digit = bytes[++p] - 48;
            }
            local += ms + rest / POWERS_OF_TEN[p - restStart];
            while (digit >>> 0 < 10) digit = bytes[++p] - 48;
          } else local += ms;
        }
      }
    }
    return this.#withOffset(bytes, p, local);
  }

  #withOffset(bytes: Uint8Array, at: number, local: number): number {
    let p = at;
    let c = bytes[p];
    if (c === 90 || c === 122) {
      this.end = p + 1;
      this.problem = "none";
      return local;
    }
    // PostgreSQL and others put a space before the offset, BigQuery writes " UTC".
    if (c === 32) {
      c = bytes[++p];
      if (c === 85 && bytes[p + 1] === 84 && bytes[p + 2] === 67) {
        this.end = p + 3;
        this.problem = "none";
        return local;
      }
    }
    if (c === 43 || c === 45) {
      const h0 = bytes[p + 1] - 48;
      const h1 = bytes[p + 2] - 48;
      if (h0 >>> 0 > 2 || h1 >>> 0 > 9) return NaN;
      let minutes = (h0 * 10 + h1) * 60;
      p += 3;
      const colon = bytes[p] === 58 ? 1 : 0;
      const n0 = bytes[p + colon] - 48;
      const n1 = bytes[p + colon + 1] - 48;
      if (n0 >>> 0 < 6 && n1 >>> 0 < 10) {
        minutes += n0 * 10 + n1;
        p += colon + 2;
      } else if (colon === 1) return NaN;
      if (minutes >= 24 * 60) return NaN;
      this.end = p;
      this.problem = "none";
      return c === 43 ? local - minutes * MINUTE : local + minutes * MINUTE;
    }
    this.end = at;
    if (this.zone === null) {
      this.problem = "zone";
      return NaN;
    }
    this.problem = "none";
    return this.zone.localToUtc(local, this.#ambiguous);
  }

  /** Says in one sentence why the last value was not a time, and what to do about it. `shown` is the value as written. */
  explain(shown: string): string {
    switch (this.problem) {
      case "zone":
        return `${shown} has no offset. State the zone it was written in, for example timeZone: "Europe/London".`;
      case "unit":
        return this.#unit === null
          ? `${shown} could be seconds, milliseconds, microseconds or nanoseconds since 1970. State which, for example timeUnit: "ms".`
          : `${shown} does not have the size of the times before it, which are in ${this.#unit}. If it is right, state the unit: timeUnit: "${this.#unit}".`;
      case "none":
        return `${shown} is a time.`;
      case "unparsable":
        return `${shown} is not a time. Times are written as 2026-03-28T09:30:00Z, 2026-03-28 09:30:00, or as a number since 1970.`;
    }
  }
}

/** Reads a plain decimal number, or NaN. */
function numberIn(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 40) return NaN;
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]);
  return /^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : NaN;
}

/**
 * Reads one value as a time, in milliseconds: for rows that are written by hand. A value that is no time gives the reason.
 * Throws a `SourceError` when the unit or the zone has to be stated, or the zone is unknown.
 */
export function parseTimestampValue(
  value: Value,
  options: TimeOptions,
  at: { readonly file: string; readonly field: string },
): number | { readonly reason: string } {
  const shown = JSON.stringify(value);
  const fail = (reason: string): never => {
    throw new SourceError(`${at.file}, field ${at.field}: ${reason}`, { ...at, value: shown });
  };
  let reader: TimeReader;
  try {
    reader = new TimeReader(options);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const time = typeof value === "number" ? reader.epoch(value) : typeof value === "string" ? reader.string(value) : NaN;
  if (!Number.isNaN(time)) return time;
  if (typeof value !== "number" && typeof value !== "string") reader.problem = "unparsable";
  return reader.problem === "unparsable" ? { reason: reader.explain(shown) } : fail(reader.explain(shown));
}
