/** How time, lengths of time and numbers are written, the same everywhere. */

interface Parts {
  readonly date: string;
  readonly time: string;
  readonly millis: string;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone);
  if (found === undefined) {
    found = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formatters.set(zone, found);
  }
  return found;
}

/** Splits an instant (ms since the epoch) into date, time of day and milliseconds in a zone. */
export function timeParts(ms: number, zone: string): Parts {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) {
    return { date: "", time: ms > 0 ? "end of time" : "start of time", millis: "" };
  }
  const { date, time } = secondParts(Math.floor(ms / 1000), zone);
  const rest = ((Math.floor(ms) % 1000) + 1000) % 1000;
  return { date, time, millis: rest === 0 ? "" : `.${String(rest).padStart(3, "0")}` };
}

/** Seconds as they were written last, by zone: the rows of a table show the same window bounds over and over. Bounded. */
const written = new Map<string, Map<number, { readonly date: string; readonly time: string }>>();

function secondParts(second: number, zone: string): { readonly date: string; readonly time: string } {
  let ofZone = written.get(zone);
  if (ofZone === undefined) written.set(zone, (ofZone = new Map()));
  let found = ofZone.get(second);
  if (found === undefined) {
    const parts: Record<string, string> = {};
    for (const { type, value } of formatterOf(zone).formatToParts(second * 1000)) parts[type] = value;
    found = {
      date: `${parts.year}-${parts.month}-${parts.day}`,
      time: `${parts.hour}:${parts.minute}:${parts.second}`,
    };
    if (ofZone.size >= 2_000) ofZone.clear();
    ofZone.set(second, found);
  }
  return found;
}

/** Writes an instant with its date: `2026-03-29 00:07:12`. */
export function writeInstant(ms: number | null, zone: string): string {
  if (ms === null) return "–";
  const { date, time } = timeParts(ms, zone);
  return date === "" ? time : `${date} ${time}`;
}

/** Writes the time of day alone: `00:07:12`. */
export function writeClock(ms: number | null, zone: string): string {
  return ms === null ? "–" : timeParts(ms, zone).time;
}

/** Says a length of time (ms) as people do: `48 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function writeDuration(ms: number | null): string {
  if (ms === null || Number.isNaN(ms)) return "–";
  if (!Number.isFinite(ms)) return "∞";
  const sign = ms < 0 ? "−" : "";
  const size = Math.abs(ms);
  if (size === 0) return "0 s";
  if (size < 1_000) return `${sign}${Math.round(size)} ms`;
  if (size < 10_000) return `${sign}${trim(size / 1_000, 1)} s`;
  const seconds = Math.round(size / 1_000);
  if (seconds < 60) return `${sign}${seconds} s`;
  if (seconds < 3_600) return sign + join(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return sign + join(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return sign + join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Writes a count with separators: `52,318`. */
export function writeCount(count: number): string {
  return whole.format(count);
}

/** Writes a size: `812 B`, `52 kB`, `1.4 MB`. */
export function writeSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Writes a number of things, in the singular where it is one. */
export function writeMany(count: number, one: string, many = `${one}s`): string {
  return `${writeCount(count)} ${count === 1 ? one : many}`;
}

/** Writes a short rate: `0.4`, `12`, `3.1 k`, `2.0 M`. */
export function writeRate(perSecond: number): string {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(1)} M`;
  if (perSecond >= 1e4) return `${(perSecond / 1e3).toFixed(1)} k`;
  if (perSecond >= 10) return whole.format(perSecond);
  return trim(perSecond, 2);
}

/** The zone as one reads it in a heading: `UTC`, `London`. */
export function zoneName(zone: string): string {
  return zone === "UTC" ? "UTC" : (zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone);
}
