import { expect, test } from "vitest";
import {
  timeParts,
  writeDuration,
  writeInstant,
  writeMany,
  writeRate,
  zoneName,
} from "../../src/renderer/parts/time.ts";

test("lengths of time are said as people say them", () => {
  const said = [
    0,
    250,
    1_500,
    48_000,
    60_000,
    200_000,
    3_600_000,
    7_500_000,
    86_400_000,
    273_600_000,
    -48_000,
    Infinity,
  ].map(writeDuration);
  expect(said).toEqual([
    "0 s",
    "250 ms",
    "1.5 s",
    "48 s",
    "1 min",
    "3 min 20 s",
    "1 h",
    "2 h 5 min",
    "1 d",
    "3 d 4 h",
    "−48 s",
    "∞",
  ]);
  expect(writeDuration(59_999)).toBe("1 min");
  expect(writeDuration(null)).toBe("–");
});

test("an instant is written in the zone asked for, across a change of clocks", () => {
  const before = Date.UTC(2026, 2, 29, 0, 59, 59);
  expect(writeInstant(before, "Europe/London")).toBe("2026-03-29 00:59:59");
  expect(writeInstant(before + 1_000, "Europe/London")).toBe("2026-03-29 02:00:00");
  expect(writeInstant(before + 1_000, "UTC")).toBe("2026-03-29 01:00:00");
  expect(timeParts(Date.UTC(2026, 0, 1), "UTC")).toEqual({ date: "2026-01-01", time: "00:00:00", millis: "" });
  expect(timeParts(Date.UTC(2026, 0, 1) + 5, "UTC").millis).toBe(".005");
  expect(timeParts(-5, "UTC")).toEqual({ date: "1969-12-31", time: "23:59:59", millis: ".995" });
  expect(writeInstant(Infinity, "UTC")).toBe("end of time");
  expect(writeInstant(null, "UTC")).toBe("–");
});

test("counts, rates and zones are short", () => {
  expect([writeMany(1, "row"), writeMany(52_318, "row"), writeMany(0, "match", "matches")]).toEqual([
    "1 row",
    "52,318 rows",
    "0 matches",
  ]);
  expect([0.4, 12, 3_100, 31_000, 2_000_000].map(writeRate)).toEqual(["0.4", "12", "3,100", "31.0 k", "2.0 M"]);
  expect([zoneName("UTC"), zoneName("Europe/London"), zoneName("America/New_York")]).toEqual([
    "UTC",
    "London",
    "New York",
  ]);
});
