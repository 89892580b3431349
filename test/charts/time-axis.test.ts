import { expect, test } from "vitest";
import { clockText, dateText, momentText, timeTicks, windowText, zoneNote } from "../../src/charts/time-axis.ts";
import { aboutText, countText, numberText, shareText, signedText } from "../../src/charts/words.ts";

const at = (text: string): number => Date.parse(text);

test("ticks stand on round wall-clock hours on both sides of a clock change, with dates where they change", () => {
  const { values, labels } = timeTicks(at("2026-03-28T20:00Z"), at("2026-03-29T06:00Z"), "Europe/London", 6);
  expect(labels).toEqual(["20:00\nSat 28 Mar", "22:00", "00:00\nSun 29 Mar", "02:00", "04:00", "06:00"]);
  // The clocks go forward at 01:00 UTC: two hours on the wall are one hour of time.
  expect(values[3] - values[2]).toBe(3_600_000);
});

test("ticks are bounded in number and in range for every span", () => {
  for (const span of [5, 1_000, 90_000, 3e6, 4e8, 3e10]) {
    const low = at("2026-03-28T10:00:00.123Z");
    const { values } = timeTicks(low, low + span, "America/New_York", 8);
    expect(values.length).toBeLessThanOrEqual(9);
    for (const v of values) {
      expect(v).toBeGreaterThanOrEqual(low);
      expect(v).toBeLessThanOrEqual(low + span);
    }
  }
});

test("moments and windows are written in the zone", () => {
  expect(momentText(at("2026-07-01T23:30Z"), "Europe/London")).toBe("Thu 2 Jul 00:30:00");
  expect(clockText(at("2026-01-01T00:00:00.250Z"), "UTC", 1)).toBe("00:00:00.250");
  expect(dateText(at("1969-12-31T12:00Z"), "UTC")).toBe("Wed 31 Dec");
  expect(windowText(at("2026-03-28T23:00Z"), at("2026-03-29T00:00Z"), "UTC")).toBe("23:00–00:00");
  expect(windowText(at("2026-03-29T00:00Z"), at("2026-03-29T23:00Z"), "Europe/London")).toBe("Sun 29 Mar");
  expect(windowText(-Infinity, Infinity, "UTC")).toBe("all of time");
  expect(momentText(Infinity, "UTC")).toBe("the end of time");
  expect(zoneNote("UTC", at("2026-03-28T00:00Z"), at("2026-03-29T00:00Z"))).toBe("Times in UTC, Sat 28 Mar 2026.");
});

test("numbers are written as people say them", () => {
  expect(numberText(-1234.567)).toBe("−1,234.57");
  expect(numberText(0.00123)).toBe("0.00123");
  expect(signedText(5)).toBe("+5");
  expect([
    shareText(0),
    shareText(0.00001),
    shareText(0.0081),
    shareText(0.999),
    shareText(0.99995),
    shareText(1),
    shareText(0.5),
  ]).toEqual(["0 %", "< 0.01 %", "0.81 %", "99.9 %", "> 99.99 %", "100 %", "50 %"]);
  expect(countText(1, "row")).toBe("1 row");
  expect(countText(0, "row")).toBe("no rows");
  expect(aboutText(7_384_123)).toBe("2 h 3 min");
});
