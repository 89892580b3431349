/**
 * Window functions in Beam Python: the built-in ones by their names, and for calendar and cumulating windows, which Beam has
 * not, a window function that is printed along.
 */
import type { WindowFunction } from "../../model/windows.ts";
import type { Node } from "../../pipeline/node.ts";
import { beamDuration, differs, grouped, never, type PythonScript, quoted } from "./script.ts";

type WindowPrinter<K extends WindowFunction["kind"]> = (
  window: Extract<WindowFunction, { kind: K }>,
  node: Node,
  script: PythonScript,
) => string;

/** Days, weeks and months of a time zone, with days of 23 and 25 hours. Bounds are those of the notebook's windows. */
const CALENDAR = `class CalendarWindows(window.NonMergingWindowFn):
    """Cuts event time at the calendar's own boundaries in a time zone: days have 23, 24 or 25 hours.

    Where the clock goes back across a boundary its first pass counts; where the clock skips one, the moment of the change.
    """

    def __init__(self, unit, zone, week_start=0):
        self.unit, self.zone, self.week_start = unit, zone, week_start

    def assign(self, context):
        place = zoneinfo.ZoneInfo(self.zone)
        moment = context.timestamp.micros
        local = (EPOCH + moment * MICROSECOND).astimezone(place)
        first = self.start_of(local.replace(tzinfo=None, fold=0))
        start, end = self.instant(first, place), self.instant(self.next(first), place)
        while moment >= end:  # near a change of the clock the local time may lie on the other side of a boundary
            first = self.next(first)
            start, end = end, self.instant(self.next(first), place)
        while moment < start:
            first = self.start_of(first - datetime.timedelta(microseconds=1))
            start, end = self.instant(first, place), start
        return [window.IntervalWindow(Timestamp(micros=start), Timestamp(micros=end))]

    def start_of(self, local):
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.unit == "minute":
            return local.replace(second=0, microsecond=0)
        if self.unit == "hour":
            return local.replace(minute=0, second=0, microsecond=0)
        if self.unit == "day":
            return midnight
        if self.unit == "week":
            return midnight - datetime.timedelta(days=(local.weekday() - self.week_start) % 7)
        months = {"month": 1, "quarter": 3, "year": 12}[self.unit]
        return midnight.replace(month=local.month - (local.month - 1) % months, day=1)

    def next(self, first):
        step = {"minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}.get(self.unit)
        if step is not None:
            return first + datetime.timedelta(seconds=step)
        month = first.month - 1 + {"month": 1, "quarter": 3, "year": 12}[self.unit]
        return first.replace(year=first.year + month // 12, month=month % 12 + 1)

    def instant(self, local, place):
        """Microseconds since 1970 at which the local clock shows a time, or jumps over it."""
        def reading(fold):
            aware = local.replace(tzinfo=place, fold=fold)
            return (aware.astimezone(datetime.timezone.utc) - EPOCH) // MICROSECOND
        earlier, later = reading(0), reading(1)
        if earlier <= later:
            return earlier
        # Skipped: the change lies between the two readings, and is found by halving.
        low, high = later, earlier
        def offset(micros):
            return (EPOCH + micros * MICROSECOND).astimezone(place).utcoffset()
        before = offset(low)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        return high

    def get_window_coder(self):
        return coders.IntervalWindowCoder()`;

const CUMULATING = `class CumulatingWindows(window.NonMergingWindowFn):
    """Grows windows from a common start in steps, up to a size. Lengths are microseconds."""

    def __init__(self, size, step, offset=0):
        self.size, self.step, self.offset = size, step, offset

    def assign(self, context):
        moment = context.timestamp.micros
        start = moment - (moment - self.offset) % self.size
        first = (moment - start) // self.step + 1
        ends = range(start + first * self.step, start + self.size + 1, self.step)
        return [window.IntervalWindow(Timestamp(micros=start), Timestamp(micros=end)) for end in ends]

    def get_window_coder(self):
        return coders.IntervalWindowCoder()`;

const PRINTERS: { readonly [K in WindowFunction["kind"]]: WindowPrinter<K> } = {
  global: () => "window.GlobalWindows()",

  fixed: ({ size, offset }, _node, script) =>
    `window.FixedWindows(${beamDuration(size, script)}${offset === 0 ? "" : `, offset=${beamDuration(offset, script)}`})`,

  sliding({ size, period, offset }, node, script) {
    if (period > size)
      return script.cannot(
        node,
        never("Beam's Python runner fails on rows between windows. Make the period no longer than the size."),
      );
    return `window.SlidingWindows(${beamDuration(size, script)}, ${beamDuration(period, script)}${offset === 0 ? "" : `, offset=${beamDuration(offset, script)}`})`;
  },

  sessions({ gap, inclusive }, node, script) {
    if (inclusive === true)
      return script.cannot(
        node,
        never("Beam merges sessions that overlap, not those that touch. Leave out {inclusive: true}."),
      );
    return `window.Sessions(${beamDuration(gap, script)})`;
  },

  cumulating({ size, step, offset }, node, script) {
    script.cannot(node, differs("Cumulating windows are not built in; a window function is generated."));
    custom(script);
    const micros = (ms: number): string => grouped(ms * 1000);
    const rest = offset === 0 ? "" : `, offset=${micros(offset)}`;
    return `${script.define("CumulatingWindows", CUMULATING)}(size=${micros(size)}, step=${micros(step)}${rest})`;
  },

  calendar({ unit, timeZone, weekStart }, node, script) {
    script.cannot(node, differs("Calendar windows are not built in; a window function is generated."));
    custom(script);
    script.import("import datetime");
    script.import("import zoneinfo");
    script.constant("EPOCH", EPOCH);
    script.constant("MICROSECOND", "MICROSECOND = datetime.timedelta(microseconds=1)");
    const week = unit === "week" && weekStart === "sunday" ? ", week_start=6" : "";
    return `${script.define("CalendarWindows", CALENDAR)}(${quoted(unit)}, ${quoted(timeZone)}${week})`;
  },

  custom: (_window, node, script) =>
    script.cannot(
      node,
      never("A window function of one's own is JavaScript, which Beam cannot run. Use one with a name."),
    ),
};

export const EPOCH = "EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)";

function custom(script: PythonScript): void {
  script.import("from apache_beam.coders import coders");
  script.import("from apache_beam.utils.timestamp import Duration, Timestamp");
}

/** Prints a window function, or notes why it cannot be said. */
export function beamWindow(window: WindowFunction, node: Node, script: PythonScript): string {
  return (PRINTERS[window.kind] as WindowPrinter<WindowFunction["kind"]>)(window as never, node, script);
}
