/** What charts say of stretches that are not complete, on flows whose end is known. */
import { expect, test } from "vitest";
import { expectations, type Stretch } from "../../src/charts/completeness.ts";
import { judged, type Stretch as Rows } from "../../src/charts/knowledge-triangle/draw.ts";

const HOUR = 3_600_000;

/** A stretch of an hour of which half is known at its end, and the rest an hour later. */
const stretch = (i: number, size: number, until = Infinity): Stretch => ({
  start: i * HOUR,
  end: (i + 1) * HOUR,
  parts: [
    { from: i * HOUR, until: (i + 1) * HOUR, up: size / 2, down: -size / 4 },
    { from: (i + 1) * HOUR, until: (i + 2) * HOUR, up: size / 2, down: -size / 4 },
  ].filter(p => p.from < until),
});

test("a stretch that is not complete is expected to come in as those before it", () => {
  const now = 13 * HOUR;
  const stretches = Array.from({ length: 13 }, (_, i) => stretch(i, 100 + 10 * i, now));
  const found = expectations(stretches, 12 * HOUR, now);
  expect(found.map(e => e.stretch.start)).toEqual([12 * HOUR]);
  expect(found[0].up).toMatchObject({ known: 110, expected: 220, share: 0.5, windows: 12 });
  expect(found[0].down).toMatchObject({ known: -55, expected: -110 });
  expect(found[0].net).toMatchObject({ known: 55, expected: 110 });
});

test("silence is not zero: a stretch of which nothing has come is there too", () => {
  const now = 12.5 * HOUR;
  const found = expectations(
    Array.from({ length: 12 }, (_, i) => stretch(i, 100)),
    11.9 * HOUR,
    now,
  );
  expect(found.map(e => [e.stretch.start, e.stretch.parts.length])).toEqual([
    [11 * HOUR, 2],
    [12 * HOUR, 0],
  ]);
  // At half an hour of age others had a quarter: 75 of 100 were still to come, and are.
  expect(found[1].up).toMatchObject({ known: 0, expected: 75 });
});

test("nothing is expected where the input is complete, nothing is known of the watermark, or too few are complete", () => {
  const stretches = Array.from({ length: 12 }, (_, i) => stretch(i, 100));
  expect(expectations(stretches, Infinity, 12 * HOUR)).toEqual([]);
  expect(expectations(stretches, NaN, 12 * HOUR)).toEqual([]);
  expect(expectations([], 12 * HOUR, 12 * HOUR)).toEqual([]);
  const few = expectations(stretches, 8 * HOUR, 12 * HOUR);
  expect(few.length).toBe(4);
  expect(few.every(e => e.up === null && e.net === null)).toBe(true);
});

test("shares of a stretch that is not complete are of what it is expected to come to", () => {
  const rows = (i: number, count: number): Rows => ({
    start: i * HOUR,
    end: (i + 1) * HOUR,
    rows: count,
    last: HOUR,
    by: age => (age >= HOUR ? count : count / 2),
  });
  const all = Array.from({ length: 11 }, (_, i) => rows(i, i === 10 ? 40 : 100));
  const found = judged(all, 10.5 * HOUR, 11 * HOUR);
  expect(found[9]).toMatchObject({ complete: true, expected: null, total: 100 });
  expect(found[10]).toMatchObject({ complete: false, total: 80 });
  // Too little history: nobody knows of how many.
  expect(judged(all.slice(5), 10.5 * HOUR, 11 * HOUR)[5]).toMatchObject({ complete: false, total: null });
  expect(judged(all, NaN, 11 * HOUR)[10]).toMatchObject({ complete: true, total: 40 });
});
