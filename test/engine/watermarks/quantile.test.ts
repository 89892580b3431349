import fc from "fast-check";
import { expect, test } from "vitest";
import { quantileOf } from "../../../src/engine/watermarks/quantile.ts";

const values = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 100_000 }), fc.constant(Infinity)),
  { maxLength: 300 },
);

test("a quantile is the value at its place among the sorted ones, and the values stay as they are", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, quantile) => {
      const given = Float64Array.from(list);
      const sorted = given.slice().sort();
      const place = Math.min(sorted.length - 1, Math.max(0, Math.ceil(quantile * sorted.length) - 1));
      expect(quantileOf(given, quantile)).toBe(sorted.length === 0 ? 0 : sorted[place]);
      expect([...given]).toEqual(list);
    }),
    { numRuns: 2_000 },
  );
});

test("orderly, reversed and equal values are no trouble", () => {
  const many = 100_000;
  for (const of of [(i: number) => i, (i: number) => many - i, () => 7, (i: number) => i % 2]) {
    const given = Float64Array.from({ length: many }, (_, i) => of(i));
    expect(quantileOf(given, 0.99)).toBe(given.slice().sort()[Math.ceil(0.99 * many) - 1]);
  }
});
