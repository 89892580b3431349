/** Times, lengths of time, lines and lists as a story writes them. */
import type { Value } from "../../columns/column.ts";
import { formatDuration } from "../../model/time.ts";
import { type Zone, zone } from "../../model/zones.ts";

/** A line of a data file, for links. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/**
 * Writes the times of one story: the zone is said once, with the first of them, and the date only where it changes. Make
 * one for each story, and write its times in order.
 */
export class Words {
  readonly #zone: Zone;
  #date: string | null = null;

  constructor(timeZone: string) {
    this.#zone = zone(timeZone);
  }

  get timeZone(): string {
    return this.#zone.name;
  }

  /** Writes an instant: `2026-07-01 12:01:00 UTC`, then `12:02:00.250`, then `2026-07-02 00:00:00`. */
  at(time: number): string {
    if (time === Infinity) return "the end of time";
    if (!Number.isFinite(time)) return "the beginning of time";
    const text = new Date(time + this.#zone.offsetAt(time)).toISOString();
    const date = text.slice(0, 10);
    const clock = text.slice(11, 23).replace(".000", "");
    const first = this.#date === null;
    const same = this.#date === date;
    this.#date = date;
    if (same) return clock;
    return first ? `${date} ${clock} ${this.#zone.name}` : `${date} ${clock}`;
  }

  /** Writes a window's bounds. */
  span(start: number, end: number): string {
    if (!Number.isFinite(start) || !Number.isFinite(end)) return "all of time";
    return `${this.at(start)} to ${this.at(end)}`;
  }
}

/** Writes a length of time that must not be rounded down: every unit down to seconds, the last rounded up. */
export function atLeast(milliseconds: number): string {
  if (milliseconds < 10_000) return `${Math.ceil(milliseconds).toLocaleString("en")} ms`;
  const seconds = Math.ceil(milliseconds / 1_000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), seconds >= 172_800 ? "days" : "day"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(" ");
}

/** Writes a setting's length of time: `none` for nothing. */
export function setting(milliseconds: number): string {
  return milliseconds === 0 ? "none" : formatDuration(milliseconds);
}

/** `1 row`, `1,200 rows`. */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** `once`, `twice`, `3 times`. */
export function times(count: number): string {
  return count === 1 ? "once" : count === 2 ? "twice" : `${count.toLocaleString("en")} times`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

const SHOWN = 5;

/** `line 12`, `lines 12, 15 and 20`, with at most five numbers. Empty where nothing is known of lines. */
export function linesText(lines: readonly (SourceLine | null)[]): string {
  const known = lines.filter(l => l !== null);
  if (known.length === 0) return "";
  const files = new Set(known.map(l => l.file));
  const shown = known.slice(0, SHOWN).map(l => l.line.toLocaleString("en") + (files.size > 1 ? ` of ${l.file}` : ""));
  const rest = known.length - shown.length;
  return `${known.length === 1 ? "line" : "lines"} ${list(rest > 0 ? [...shown, `${rest.toLocaleString("en")} more`] : shown)}`;
}

/** Writes keys: `branch London`, `sensor s1, celsius 20`. */
export function keysText(names: readonly string[], values: readonly Value[]): string {
  return names.map((name, i) => `${name} ${valueText(values[i] ?? null)}`).join(", ");
}

export function valueText(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "number")
    return value.toLocaleString("en", { maximumFractionDigits: 6, useGrouping: false }).replace("-", "−");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
