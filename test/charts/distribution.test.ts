import { expect, test } from "vitest";
import { niceStep, ratioBinBounds, ratioBinOf, stepFor } from "../../src/charts/bins.ts";
import { fromCells, quantile, shareBeyond } from "../../src/charts/distribution.ts";
import { expectedDropped, rowsAtLeast, suggestDelay, wilson } from "../../src/charts/drop-curve/closed-form.ts";
import { grouped, random, randomLog, simulate } from "./naive.ts";
import { latenessOf } from "./tables.ts";

const binned = (values: readonly number[], perOctave = 16) =>
  fromCells(
    grouped(
      values,
      v => ({ bin: ratioBinOf(v, perOctave) }),
      all => ({ rows: all.length, total: all.reduce((a, b) => a + b, 0) }),
    ),
    perOctave,
  );

test("every value lies in the bounds of its ratio bin", () => {
  const next = random(1);
  for (let i = 0; i < 2_000; i++) {
    const value = (next() - 0.3) * 10 ** (next() * 10);
    const [low, high] = ratioBinBounds(ratioBinOf(value, 16), 16);
    expect(value).toBeGreaterThanOrEqual(low - Math.abs(low) * 1e-9);
    expect(value).toBeLessThanOrEqual(high + Math.abs(high) * 1e-9);
  }
});

test("quantiles from bins are within a bin's ratio of the exact ones", () => {
  const next = random(2);
  const values = Array.from({ length: 5_000 }, () => 10 ** (1 + next() * 5));
  const sorted = [...values].sort((a, b) => a - b);
  const all = binned(values);
  for (const q of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const exact = sorted[Math.ceil(q * sorted.length) - 1];
    expect(Math.abs(quantile(all, q) / exact - 1)).toBeLessThan(0.045);
  }
  for (const x of [50, 5_000, 200_000]) {
    const exact = values.filter(v => v > x).length / values.length;
    expect(Math.abs(shareBeyond(all, x) - exact)).toBeLessThan(0.01);
  }
});

test("a greatest value that is alone in its bin is exact", () => {
  expect(binned([0, 0, 12, 17_345.5]).max).toBeCloseTo(17_345.5, 9);
  expect(quantile(binned([0, 0, 0, 4_000]), 0.5)).toBe(0);
  expect(binned([]).max).toBeNaN();
  expect(quantile(binned([]), 0.5)).toBeNaN();
});

test("steps of time are ones that people say, and bound the number of bins", () => {
  expect(niceStep(3_600_000, 60)).toBe(60_000);
  expect(niceStep(3_600_000, 59)).toBe(120_000);
  expect(niceStep(86_400_000 * 3, 160)).toBe(1_800_000);
  for (const span of [1, 900, 5e4, 3e6, 9e8, 4e10, 7e12]) expect(span / niceStep(span, 160)).toBeLessThanOrEqual(160);
  expect(stepFor(null, 160, 86_400_000)).toBe(3_600_000);
});

test("one run without delay counts exactly what every other delay drops", () => {
  for (const seed of [1, 2, 3]) {
    const log = randomLog(seed, 4_000);
    for (const partitioned of [false, true]) {
      const size = 300_000;
      const margins = simulate(log, { size, delay: 0, lateness: 0, partitioned }, false).late.map(l => l.margin);
      for (const [delay, lateness] of [
        [0, 0],
        [5_000, 0],
        [30_000, 60_000],
        [200_000, 0],
        [120_000, 300_000],
      ]) {
        const dropped = simulate(log, { size, delay, lateness, partitioned }, false).late.length;
        expect(margins.filter(m => m >= delay + lateness).length).toBe(dropped);
        // The binned count may cut a bin in two: it is off by at most a part of one bin.
        expect(Math.abs(rowsAtLeast(binned(margins), delay + lateness) - dropped)).toBeLessThanOrEqual(
          Math.max(4, dropped * 0.04),
        );
      }
    }
  }
});

test("the closed form is within two hundredths of the rows of an exact replay", () => {
  const log = randomLog(7, 20_000, { length: 6 * 3_600_000 });
  const size = 120_000;
  const disorder = binned(latenessOf(log, { size, delay: 0, lateness: 0 }).disorder);
  for (const [delay, lateness] of [
    [0, 0],
    [10_000, 0],
    [30_000, 0],
    [60_000, 60_000],
    [300_000, 0],
  ]) {
    const exact = simulate(log, { size, delay, lateness }, false).late.length / log.length;
    expect(Math.abs(expectedDropped(disorder, size, delay, lateness) - exact)).toBeLessThan(0.02);
  }
});

test("the suggested delay keeps the target, and a shorter one does not", () => {
  const log = randomLog(4, 20_000, { length: 6 * 3_600_000 });
  const size = 120_000;
  const margins = binned(simulate(log, { size, delay: 0, lateness: 0 }, false).late.map(l => l.margin));
  const { delay, low, high } = suggestDelay(margins, log.length, 0.999, 0);
  const droppedBy = (d: number): number =>
    simulate(log, { size, delay: d, lateness: 0 }, false).late.length / log.length;
  expect(droppedBy(delay * 1.05)).toBeLessThanOrEqual(0.001);
  expect(droppedBy(delay * 0.9)).toBeGreaterThan(0.001);
  expect(low).toBeLessThan(delay);
  expect(high).toBeGreaterThan(delay);
  expect(suggestDelay(binned([]), 1_000, 0.99, 0)).toMatchObject({ delay: 0, low: 0, high: 0 });
  expect(suggestDelay(binned([5_000]), 10, 0.999, 0).high).toBe(Infinity);
});

test("Wilson's interval holds the share it was computed from", () => {
  expect(wilson(0, 0)).toEqual([0, 1]);
  const [low, high] = wilson(10, 100);
  // Figures of Wilson's interval without continuity correction, as in Newcombe (1998), table I's method 3.
  expect(low).toBeCloseTo(0.0552, 3);
  expect(high).toBeCloseTo(0.1744, 3);
});
