/** When delays took another level: planted changes are found where they are, and spikes and noise are none. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { changeOf } from "../../src/charts/lateness/change.ts";

const noise = fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 20, maxLength: 60 });

test("a planted change is found at its place, with the level on either side", () => {
  fc.assert(
    fc.property(
      noise,
      fc.double({ min: 2, max: 100, noNaN: true }),
      fc.boolean(),
      fc.nat(),
      (wobble, factor, up, place) => {
        const index = 5 + (place % (wobble.length - 9));
        const values = wobble.map((w, i) => 10_000 * w * (i >= index === up ? factor : 1));
        const found = changeOf(values);
        expect(found?.index).toBe(index);
        const [before, after] = up ? [10_000, 10_000 * factor] : [10_000 * factor, 10_000];
        expect(Math.abs(Math.log((found?.before ?? NaN) / before))).toBeLessThan(0.11);
        expect(Math.abs(Math.log((found?.after ?? NaN) / after))).toBeLessThan(0.11);
      },
    ),
  );
});

test("noise, and a spike of two steps in it, are no change", () => {
  fc.assert(
    fc.property(noise, fc.nat(), (wobble, place) => {
      const values = wobble.map(w => 10_000 * w);
      expect(changeOf(values)).toBeNull();
      const at = place % (values.length - 1);
      expect(changeOf(values.map((v, i) => (i === at || i === at + 1 ? v * 50 : v)))).toBeNull();
    }),
  );
});

test("too few values say nothing", () => {
  expect(changeOf([])).toBeNull();
  expect(changeOf([1, 1, 1, 1, 100, 100, 100, 100, 100])).toBeNull();
});
