/**
 * Time as the model knows it: doubles of milliseconds since the Unix epoch, with both ends of time as infinities.
 *
 * Infinities need no magic numbers, order rightly against every timestamp, and survive arithmetic (`end + lateness`).
 */

/** A point in event time or processing time: milliseconds since the Unix epoch, fractions allowed. */
export type Timestamp = number;

/** A length of time in milliseconds. */
export type Duration = number;

/** The watermark before anything is known. */
export const START_OF_TIME: Timestamp = -Infinity;

/** The watermark of a finished source: no row is still to come. */
export const END_OF_TIME: Timestamp = Infinity;

const UNIT_MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  microsecond: 1e-3,
  ms: 1,
  millisecond: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

/** What a person may write for a length of time: milliseconds as a number, or text such as `"30 s"`, `"1 h 30 min"`. */
export type DurationSpec = number | string;

/**
 * Reads a length of time in milliseconds from `"30 s"`, `"2 min"`, `"1 h 30 min"`, `"1 day"`, or a number of
 * milliseconds. `"unbounded"` and `Infinity` are infinite. Throws, naming `what` and the value, when it is neither.
 */
export function duration(spec: DurationSpec, what = "duration"): Duration {
  if (typeof spec === "number") {
    if (Number.isNaN(spec)) throw new Error(`The ${what} is not a number. Write milliseconds, or text such as "30 s".`);
    return spec;
  }
  if (spec.trim() === "unbounded") return Infinity;
  const pattern = /\s*(-?\d+(?:\.\d+)?)\s*([a-zµ]+)\s*,?/giy;
  let total = 0;
  let end = 0;
  for (let match = pattern.exec(spec); match !== null; match = pattern.exec(spec)) {
    const name = match[2].toLowerCase();
    const unit = UNIT_MILLISECONDS[name] ?? UNIT_MILLISECONDS[name.replace(/s$/, "")];
    if (unit === undefined) break;
    total += Number(match[1]) * unit;
    end = pattern.lastIndex;
  }
  if (end === 0 || spec.slice(end).trim() !== "")
    throw new Error(
      `The ${what} "${spec}" is not a length of time. Write for example "30 s", "2 min", "1 h 30 min", or milliseconds.`,
    );
  return total;
}

/** Writes a length of time as people say it: `48 s`, `3 min 20 s`, `2 h`, `1 day 4 h`, `250 ms`. Two units at most. */
export function formatDuration(milliseconds: Duration): string {
  if (milliseconds === Infinity) return "unbounded";
  if (milliseconds < 0) return `−${formatDuration(-milliseconds)}`;
  if (milliseconds < 1_000) return `${Number(milliseconds.toPrecision(3))} ms`;
  if (milliseconds < 10_000) return `${Math.round(milliseconds / 100) / 10} s`;
  const seconds = Math.round(milliseconds / 1_000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), seconds >= 172_800 ? "days" : "day"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
