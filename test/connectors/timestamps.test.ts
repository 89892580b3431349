import fc from "fast-check";
import { expect, test } from "vitest";
import { epochToMs, TimeReader, unitBySize } from "../../src/connectors/timestamps.ts";
import { zone } from "../../src/model/zones.ts";

const reader = new TimeReader();
const anyDate = fc.date({
  min: new Date("0001-01-01"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});

test("ISO times are read as the host's Date reads them", () => {
  fc.assert(
    fc.property(anyDate, date => {
      expect(reader.string(date.toISOString())).toBe(date.getTime());
    }),
    { numRuns: 1000 },
  );
});

test("offsets in every spelling", () => {
  fc.assert(
    fc.property(anyDate, fc.integer({ min: -1439, max: 1439 }), fc.constantFrom(":", ""), (date, minutes, colon) => {
      const local = new Date(date.getTime() + minutes * 60_000);
      fc.pre(local.getUTCFullYear() >= 1 && local.getUTCFullYear() <= 9999);
      const size = Math.abs(minutes);
      const offset = `${minutes < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}${colon}${String(size % 60).padStart(2, "0")}`;
      expect(reader.string(local.toISOString().slice(0, -1) + offset)).toBe(date.getTime());
    }),
  );
  const expected = Date.parse("2026-03-28T09:30:00Z");
  for (const text of [
    "2026-03-28 10:30:00+01",
    "2026-03-28 09:30:00 UTC",
    "2026-03-28T09:30Z",
    "2026-03-28 10:30:00 +01:00",
    "2026-03-28t09:30:00z",
  ])
    expect(reader.string(text)).toBe(expected);
});

test("fractions are kept to the nanosecond's place", () => {
  const base = Date.parse("2026-03-28T09:30:00Z");
  expect(reader.string("2026-03-28T09:30:00.5Z")).toBe(base + 500);
  expect(reader.string("2026-03-28T09:30:00,05Z")).toBe(base + 50);
  expect(reader.string("2026-03-28T09:30:00.123456Z")).toBe(base + 123.456);
  expect(reader.string("2026-03-28T09:30:00.123456789Z")).toBe(base + 123.456789);
  expect(reader.string("2026-03-28T09:30:00.1234567891234567Z")).toBe(base + 123.456789123456);
});

test("what is not a time is refused", () => {
  for (const text of [
    "",
    "soon",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10",
    "2026-04-31",
    "2026-03-28T24:00:00Z",
    "2026-03-28T09:60:00Z",
    "2026-03-28T09:30:00.Z",
    "2026-03-28T09:30:00+1",
    "2026-03-28T09:30:00Z ",
    "2026-03-28T09:30:00+25:00",
    "28/03/2026",
    "2026-3-28",
    "1e",
    "--5",
  ]) {
    expect(reader.string(text), text).toBeNaN();
    expect(reader.problem).toBe("unparsable");
  }
  expect(reader.string("2024-02-29T23:59:60Z")).toBe(Date.parse("2024-03-01T00:00:00Z"));
});

test("times without an offset need a zone, and get the zone's rule", () => {
  for (const text of ["2026-03-28 09:30:00", "2026-03-28T09:30", "2026-03-28"]) {
    expect(reader.string(text)).toBeNaN();
    expect(reader.problem).toBe("zone");
  }
  const london = new TimeReader({ timeZone: "Europe/London" });
  expect(london.string("2026-07-01 09:30:00.25")).toBe(Date.parse("2026-07-01T08:30:00.250Z"));
  expect(london.string("2026-07-01")).toBe(Date.parse("2026-06-30T23:00:00Z"));
  expect(london.string("2026-03-29 01:30:00")).toBe(Date.parse("2026-03-29T01:30:00Z"));
  expect(london.string("2026-10-25 01:30:00")).toBe(Date.parse("2026-10-25T00:30:00Z"));
  const later = new TimeReader({ timeZone: "Europe/London", ambiguous: "later" });
  expect(later.string("2026-10-25 01:30:00")).toBe(Date.parse("2026-10-25T01:30:00Z"));
  expect(later.string("2026-10-25T01:30:00+01:00")).toBe(Date.parse("2026-10-25T00:30:00Z"));
});

test("local times agree with the zone for any instant", () => {
  const newYork = zone("America/New_York");
  const local = new TimeReader({ timeZone: "America/New_York" });
  fc.assert(
    fc.property(fc.integer({ min: Date.parse("1990-01-01"), max: Date.parse("2037-01-01") }), instant => {
      const wall = instant + newYork.offsetAt(instant);
      expect(local.string(new Date(wall).toISOString().slice(0, -1))).toBe(newYork.localToUtc(wall));
    }),
  );
});

test("epoch numbers: the unit is stated, or their size leaves no doubt", () => {
  const ms = Date.parse("2026-03-28T09:30:00.125Z");
  expect([ms / 1000, ms, ms * 1e3, ms * 1e6].map(unitBySize)).toEqual(["s", "ms", "us", "ns"]);
  expect([0, 1500, -1e12, 5e10, 5e13, 1e19, NaN].map(unitBySize)).toEqual([null, null, null, null, null, null, null]);
  for (const [value, unit] of [
    [ms / 1000, "s"],
    [ms, "ms"],
    [ms * 1e3, "us"],
    [ms * 1e6, "ns"],
  ] as const) {
    expect(new TimeReader().epoch(value)).toBe(ms);
    expect(new TimeReader({ unit }).epoch(value)).toBe(ms);
    expect(epochToMs(value, unit)).toBe(ms);
    expect(new TimeReader().string(String(value))).toBe(ms);
  }
  const doubtful = new TimeReader();
  expect(doubtful.epoch(1500)).toBeNaN();
  expect(doubtful.problem).toBe("unit");
  expect(doubtful.epoch(ms)).toBe(ms);
  expect(doubtful.epoch(ms / 1000)).toBeNaN();
  expect(doubtful.explain("1774690200.125")).toContain('timeUnit: "ms"');
  expect(new TimeReader({ unit: "s" }).epoch(-1.5)).toBe(-1500);
});
