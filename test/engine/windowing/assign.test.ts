import fc from "fast-check";
import { expect, test } from "vitest";
import { assigned, assigner } from "../../../src/engine/windowing/assign.ts";
import {
  calendar,
  type CalendarUnit,
  cumulating,
  fixed,
  global,
  sessions,
  sliding,
  type WindowFunction,
} from "../../../src/model/windows.ts";

function windows(window: WindowFunction, timestamp: number): [number, number][] {
  const out = assigned();
  assigner(window)(timestamp, out);
  return Array.from({ length: out.count }, (_, i) => [out.start[i], out.end[i]]);
}

test("fixed windows are half-open, with offset, before the epoch too", () => {
  expect(windows(fixed(10), 0)).toEqual([[0, 10]]);
  expect(windows(fixed(10), 9.75)).toEqual([[0, 10]]);
  expect(windows(fixed(10), -1)).toEqual([[-10, 0]]);
  expect(windows(fixed(10, { offset: 3 }), 2)).toEqual([[-7, 3]]);
  expect(windows(fixed(10, { offset: 23 }), 3)).toEqual([[3, 13]]);
});

test("sliding windows are all those that cover the row, earliest end first", () => {
  expect(windows(sliding(10, 4), 9)).toEqual([
    [0, 10],
    [4, 14],
    [8, 18],
  ]);
  expect(windows(sliding(10, 5), 10)).toEqual([
    [5, 15],
    [10, 20],
  ]);
  expect(windows(sliding(10, 5, { offset: 1 }), 10)).toEqual([
    [1, 11],
    [6, 16],
  ]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: -99, max: 99 }),
      (size, period, t) => {
        const covering = [];
        for (let start = Math.ceil(-200 / period) * period; start <= t; start += period)
          if (start + size > t) covering.push([start, start + size]);
        expect(windows(sliding(size, period), t)).toEqual(covering);
      },
    ),
  );
});

test("a period longer than the window leaves gaps", () => {
  expect(windows(sliding(2, 5), 3)).toEqual([]);
  expect(windows(sliding(2, 5), 6)).toEqual([[5, 7]]);
});

test("the other windows", () => {
  expect(windows(global(), 7)).toEqual([[-Infinity, Infinity]]);
  expect(windows(sessions(5), 7)).toEqual([[7, 12]]);
  expect(windows(cumulating(30, 10), 15)).toEqual([
    [0, 20],
    [0, 30],
  ]);
  expect(windows(cumulating(30, 10), 30)).toEqual([
    [30, 40],
    [30, 50],
    [30, 60],
  ]);
});

test("a row at the end of time is in a window of its own, whatever the windows", () => {
  for (const window of [fixed(10), sliding(10, 5), sessions(5), cumulating(30, 10), calendar("day")])
    expect(windows(window, Infinity)).toEqual([[Infinity, Infinity]]);
});

test("a custom function gives its own windows, and says so when it does not", () => {
  const custom = (source: string): WindowFunction => ({
    kind: "custom",
    assign: { source, parameters: { size: 10 } },
    merging: false,
  });
  expect(windows(custom("t => [{start: t, end: t + 2 * size}, {start: t, end: t + size}]"), 5)).toEqual([
    [5, 15],
    [5, 25],
  ]);
  expect(() => windows(custom("t => t"), 5)).toThrow("must return an array of windows");
  expect(() => windows(custom("t => [{start: t, end: t}]"), 5)).toThrow("start < end");
});

const at = Date.parse;

test("calendar days follow the clock changes of their zone", () => {
  const london = calendar("day", { timeZone: "Europe/London" });
  expect(windows(london, at("2024-03-31T12:00:00Z"))).toEqual([
    [at("2024-03-31T00:00:00Z"), at("2024-03-31T23:00:00Z")],
  ]);
  expect(windows(london, at("2024-10-27T12:00:00Z"))).toEqual([
    [at("2024-10-26T23:00:00Z"), at("2024-10-28T00:00:00Z")],
  ]);
  // In Beirut, midnight was skipped.
  const beirut = calendar("day", { timeZone: "Asia/Beirut" });
  expect(windows(beirut, at("2022-03-27T05:00:00Z"))).toEqual([
    [at("2022-03-26T22:00:00Z"), at("2022-03-27T21:00:00Z")],
  ]);
});

test("other calendar units", () => {
  const of = (unit: CalendarUnit, t: string, options = {}): string[] =>
    windows(calendar(unit, options), at(t))[0].map(bound => new Date(bound).toISOString().slice(0, 16));
  expect(of("month", "2024-02-29T12:00:00Z")).toEqual(["2024-02-01T00:00", "2024-03-01T00:00"]);
  expect(of("quarter", "2024-12-31T23:59:59Z")).toEqual(["2024-10-01T00:00", "2025-01-01T00:00"]);
  expect(of("year", "1969-07-20T20:17:00Z")).toEqual(["1969-01-01T00:00", "1970-01-01T00:00"]);
  expect(of("week", "2024-01-03T00:00:00Z")).toEqual(["2024-01-01T00:00", "2024-01-08T00:00"]);
  expect(of("week", "2024-01-07T00:00:00Z", { weekStart: "sunday" })).toEqual(["2024-01-07T00:00", "2024-01-14T00:00"]);
  expect(of("hour", "2024-01-03T12:10:00Z", { timeZone: "Asia/Kolkata" })).toEqual([
    "2024-01-03T11:30",
    "2024-01-03T12:30",
  ]);
  // The hour that happens twice is one window.
  expect(of("hour", "2024-10-27T01:10:00Z", { timeZone: "Europe/London" })).toEqual([
    "2024-10-27T00:00",
    "2024-10-27T02:00",
  ]);
});

test("calendar windows neither overlap nor leave gaps, in any zone", () => {
  const zones = [
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "UTC",
  ];
  const units = ["minute", "hour", "day", "week", "month", "quarter", "year"] as const;
  const instant = fc.integer({ min: at("2005-01-01"), max: at("2026-01-01") });
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.constantFrom(...units), instant, (timeZone, unit, t) => {
      const window = calendar(unit, { timeZone });
      const [[start, end]] = windows(window, t);
      expect(start).toBeLessThanOrEqual(t);
      expect(end).toBeGreaterThan(t);
      expect(windows(window, start)).toEqual([[start, end]]);
      expect(windows(window, end - 1)).toEqual([[start, end]]);
      expect(windows(window, end)[0][0]).toBe(end);
    }),
  );
});
