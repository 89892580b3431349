import fc from "fast-check";
import { expect, test } from "vitest";
import { civilFromDays, daysFromCivil, isZone, zone } from "../../src/model/zones.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (iso: string): number => Date.parse(iso);

test("days and dates are inverse, and agree with the host's calendar", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000, max: 3_000_000 }), days => {
      const { year, month, day } = civilFromDays(days);
      const date = new Date(days * DAY);
      expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
      expect(daysFromCivil(year, month, day)).toBe(days);
    }),
  );
});

test("London moves its clock at 01:00 UTC on the last Sundays of March and October", () => {
  const london = zone("Europe/London");
  expect(london.offsetAt(at("2026-03-29T00:59:59.999Z"))).toBe(0);
  expect(london.offsetAt(at("2026-03-29T01:00:00Z"))).toBe(HOUR);
  expect(london.nextTransition(at("2026-01-01T00:00:00Z"))).toBe(at("2026-03-29T01:00:00Z"));
  expect(london.nextTransition(at("2026-03-29T01:00:00Z"))).toBe(at("2026-10-25T01:00:00Z"));
  expect(london.nextTransition(at("2026-12-01T00:00:00Z"))).toBe(at("2027-03-28T01:00:00Z"));
});

test("days have 23 and 25 hours where the clock changes", () => {
  const london = zone("Europe/London");
  const day = (y: number, m: number, d: number): number => (london.toUtc(y, m, d + 1) - london.toUtc(y, m, d)) / HOUR;
  expect(day(2026, 3, 28)).toBe(24);
  expect(day(2026, 3, 29)).toBe(23);
  expect(day(2026, 10, 25)).toBe(25);
  expect(london.startOfDay(at("2026-03-29T22:59:59Z"))).toBe(at("2026-03-29T00:00:00Z"));
  expect(london.startOfDay(at("2026-03-29T23:00:00Z"))).toBe(at("2026-03-29T23:00:00Z"));
});

test("a time in an overlap happens twice, a time in a gap is moved by the gap", () => {
  const london = zone("Europe/London");
  const overlap = at("2026-10-25T01:30:00Z");
  expect(london.localToUtc(overlap)).toBe(at("2026-10-25T00:30:00Z"));
  expect(london.localToUtc(overlap, "later")).toBe(at("2026-10-25T01:30:00Z"));
  const gap = at("2026-03-29T01:30:00Z");
  expect(london.localToUtc(gap)).toBe(at("2026-03-29T01:30:00Z"));
  expect(london.localToUtc(gap, "earlier")).toBe(at("2026-03-29T00:30:00Z"));
});

test("a day that starts in a gap starts at its first instant", () => {
  const saoPaulo = zone("America/Sao_Paulo");
  const start = saoPaulo.startOfDay(at("2018-11-04T12:00:00Z"));
  expect(new Date(start).toISOString()).toBe("2018-11-04T03:00:00.000Z");
});

test("offsets agree with the host's formatter for many zones and instants", () => {
  const names = [
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.integer({ min: at("1950-01-01"), max: at("2060-01-01") }),
      (name, instant) => {
        const text = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" }).format(instant);
        const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? [];
        const expected =
          sign === undefined
            ? 0
            : (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000;
        expect(zone(name).offsetAt(instant)).toBe(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test("a wall-clock time that exists comes back from its instant", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("Europe/London", "America/Havana", "Australia/Lord_Howe", "UTC"),
      fc.integer({ min: at("1990-01-01"), max: at("2040-01-01") }),
      (name, instant) => {
        const z = zone(name);
        const local = instant + z.offsetAt(instant);
        expect([z.localToUtc(local, "earlier"), z.localToUtc(local, "later")]).toContain(instant);
      },
    ),
  );
});

test("an unknown zone is named, with the way out", () => {
  expect(() => zone("Europe/Lodnon")).toThrow(
    'Unknown time zone "Europe/Lodnon". Use a name of the IANA database, such as "Europe/London", or "UTC".',
  );
  expect(isZone("Mars/Olympus")).toBe(false);
  expect(isZone("Asia/Tokyo")).toBe(true);
});
