/** Windows, naively: which ones a timestamp falls into, by trying. */
import type { WindowFunction } from "../../src/model/windows.ts";

export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** Lists the windows of a timestamp, earliest end first. Sessions are those of a single row. */
export function windowsOf(window: WindowFunction, t: number): Bounds[] {
  switch (window.kind) {
    case "global":
      return [{ start: -Infinity, end: Infinity }];
    case "sessions":
      return [{ start: t, end: t + window.gap }];
    case "fixed":
      return covering(window.size, window.size, window.offset, t);
    case "sliding":
      return covering(window.size, window.period, window.offset, t);
    case "cumulating": {
      const [{ start, end }] = covering(window.size, window.size, window.offset, t);
      const out: Bounds[] = [];
      for (let to = start + window.step; to <= end; to += window.step) if (to > t) out.push({ start, end: to });
      return out;
    }
    case "calendar":
      return [calendarWindow(window.unit, window.timeZone, window.weekStart, t)];
    case "custom":
      throw new Error("The reference knows no custom windows.");
  }
}

/** Windows of `size`, one beginning at each multiple of `period` (and `offset`), that cover `t`. */
function covering(size: number, period: number, offset: number, t: number): Bounds[] {
  const out: Bounds[] = [];
  let start = Math.floor((t - size) / period - 2) * period + offset;
  for (; start <= t; start += period) if (start <= t && t < start + size) out.push({ start, end: start + size });
  return out;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const known = new Map<string, Bounds[]>();

/** The stretch of time around `t` in which a wall calendar shows the same period. */
function calendarWindow(unit: string, timeZone: string, weekStart: string, t: number): Bounds {
  const name = `${unit} ${timeZone} ${weekStart}`;
  const seen = known.get(name) ?? [];
  known.set(name, seen);
  const before = seen.find(w => w.start <= t && t < w.end);
  if (before !== undefined) return before;
  const label = (at: number): string => periodLabel(unit, timeZone, weekStart, at);
  const here = label(t);
  const found = { start: -edge(x => label(-x) === here, -t), end: edge(x => label(x) === here, t) };
  // Walking backwards finds the last millisecond outside; the window begins one after it.
  const window = { start: found.start + 1, end: found.end };
  seen.push(window);
  return window;
}

/** The first whole number after `from` at which `holds` no longer holds; it changes once within a stride. */
function edge(holds: (at: number) => boolean, from: number): number {
  const stride = 20 * 60_000;
  let inside = from;
  while (holds(inside + stride)) inside += stride;
  let outside = inside + stride;
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (holds(middle)) inside = middle;
    else outside = middle;
  }
  return outside;
}

function periodLabel(unit: string, timeZone: string, weekStart: string, at: number): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(p => [p.type, p.value]));
  const { year, month, day, hour, minute } = parts;
  if (unit === "minute") return `${year}-${month}-${day} ${hour}:${minute}`;
  if (unit === "hour") return `${year}-${month}-${day} ${hour}`;
  if (unit === "day") return `${year}-${month}-${day}`;
  if (unit === "month") return `${year}-${month}`;
  if (unit === "quarter") return `${year}-${Math.ceil(Number(month) / 3)}`;
  if (unit === "year") return year;
  const noon = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), 12));
  const since = (noon.getUTCDay() + (weekStart === "monday" ? 6 : 0)) % 7;
  return new Date(noon.getTime() - since * 86_400_000).toISOString().slice(0, 10);
}
