import fc from "fast-check";
import { expect, test } from "vitest";
import { residualShape } from "../../src/model/residual-shape.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5);

/** Snapshots every four hours for a fortnight. */
const times = Array.from({ length: 84 }, (_, i) => START + i * 4 * HOUR);
const noise = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 84, maxLength: 84 });

/** Plants a shape of size 1 into noise of a given amplitude, over a level, at any size. */
function planted(
  shape: (time: number, i: number) => number,
  amplitude: number,
  check: (found: ReturnType<typeof residualShape>, size: number) => void,
): void {
  fc.assert(
    fc.property(noise, fc.constantFrom(0.01, 7, 1e6), fc.boolean(), (n, size, negative) => {
      const sign = negative ? -1 : 1;
      const values = times.map((t, i) => size * (sign * shape(t, i) + amplitude * n[i]));
      check(residualShape(times, values), size * sign);
    }),
    { numRuns: 60 },
  );
}

test("names a missing or doubled flow by its step", () => {
  planted(
    (_t, i) => (i >= 30 ? 1 : 0),
    0.1,
    (found, size) => {
      expect(found.shape).toBe("step");
      expect(found.at).toBe(times[30]);
      expect(found.size / size).toBeCloseTo(1, 0);
    },
  );
});

test("names a late flow by its spike that heals", () => {
  planted(
    (_t, i) => (i >= 40 && i < 43 ? 1 : 0),
    0.05,
    (found, size) => {
      expect(found.shape).toBe("spike");
      expect(found.at).toBe(times[40]);
      expect(found.size / size).toBeCloseTo(1, 0);
    },
  );
});

test("names a wrong rate by its ramp, with the amount per day", () => {
  for (const from of [0, 20])
    planted(
      t => Math.max(0, t - times[from]) / (14 * DAY),
      0.03,
      (found, size) => {
        expect(found.shape).toBe("ramp");
        expect(found.size / (size / 14)).toBeCloseTo(1, 0);
      },
    );
});

test("names a time zone by its daily saw-tooth", () => {
  planted(
    t => 1 - (t % DAY) / DAY,
    0.05,
    found => {
      expect(found.shape).toBe("saw-tooth");
      expect(found.period).toBe(DAY);
    },
  );
});

test("says when there is nothing, and when nothing can be said", () => {
  expect(residualShape([], []).shape).toBe("none");
  expect(
    residualShape(
      times,
      times.map(() => 0),
    ).shape,
  ).toBe("none");
  expect(
    residualShape(
      times,
      times.map((_, i) => (Math.sin(i * i * 12.9898) * 43_758.5453) % 1),
    ).shape,
  ).toBe("unknown");
  expect(residualShape([1, 2], [0, 5]).shape).toBe("unknown");
});
