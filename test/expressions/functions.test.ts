/** Scalar functions against Arquero's own where both have them, and against `Date` for times. */
import { op as arquero } from "arquero";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Value } from "../../src/columns/column.ts";
import { datePart, formatTime, parseTime } from "../../src/expressions/dateparts.ts";
import { FUNCTIONS, functionNamed } from "../../src/expressions/functions.ts";
import { applyFunction } from "../../src/expressions/interpret.ts";

const apply = (name: string, ...args: Value[]): Value => applyFunction(functionNamed(name), args);
type Anything = (...args: unknown[]) => unknown;
const theirs = arquero as unknown as Readonly<Record<string, Anything>>;

const numbers = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const texts = fc.string({ unit: "grapheme", maxLength: 12 });

test("functions of one number are Arquero's", () => {
  for (const name of "abs ceil floor round trunc sign sqrt cbrt exp expm1 log log2 log10 log1p sin cos tan asin acos atan degrees radians is_nan is_finite".split(
    " ",
  ))
    fc.assert(
      fc.property(numbers, x => void expect(apply(name, x), name).toBe(theirs[name](x))),
      { numRuns: 30 },
    );
});

test("functions of text are Arquero's", () => {
  for (const name of "lower upper trim length normalize parse_float".split(" "))
    fc.assert(
      fc.property(texts, s => void expect(apply(name, s), name).toBe(theirs[name](s))),
      { numRuns: 30 },
    );
  for (const name of "startswith endswith includes indexof lastindexof".split(" "))
    fc.assert(
      fc.property(
        texts,
        fc.string({ maxLength: 1 }),
        (s, t) => void expect(apply(name, s, t), name).toBe(theirs[name](s, t)),
      ),
      { numRuns: 30 },
    );
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: -3, max: 15 }),
      fc.integer({ min: -3, max: 15 }),
      (s, a, b) => void expect(apply("substring", s, a, b)).toBe(theirs["substring"](s, a, b)),
    ),
  );
  expect(apply("split", "a,b,,c", ",")).toStrictEqual(["a", "b", "", "c"]);
  expect(apply("match", "2024-05", "(\\d+)-(?<m>\\d+)", "", "m")).toBe("05");
  expect(apply("bin_within", 17, 0, 100, 10)).toBe(theirs["bin"](17, 0, 100, 10));
});

test("every function answers null by its rule and never throws on odd values", () => {
  const odd: Value[] = [null, NaN, -1, "", "x", true, [], {}, ["x", null], { k: 1 }];
  for (const fn of FUNCTIONS.values()) {
    if (fn.nulls === "seen" || fn.parameters.length === 0) continue;
    const args: Value[] = Array.from({ length: Math.max(fn.required, 1) }, () => null);
    expect(applyFunction(fn, args), fn.name).toBe(fn.nulls === "false" ? false : null);
    if (/match/.test(fn.name) || fn.parameters[0] === "time") continue;
    for (const a of odd)
      for (const b of odd)
        expect(applyFunction(fn, [a, b].slice(0, Math.max(fn.required, 1))), fn.name).not.toBeUndefined();
  }
});

test("date parts in UTC are Date's", () => {
  fc.assert(
    fc.property(fc.integer({ min: -8e15, max: 8e15 }), t => {
      const d = new Date(t);
      const parts = [
        d.getUTCFullYear(),
        d.getUTCMonth(),
        d.getUTCDate(),
        d.getUTCDay(),
        d.getUTCHours(),
        d.getUTCMinutes(),
        d.getUTCSeconds(),
        d.getUTCMilliseconds(),
      ];
      expect(
        (["year", "month", "day", "weekday", "hour", "minute", "second", "millisecond"] as const).map(p =>
          datePart(p, t),
        ),
      ).toStrictEqual(parts);
      expect(formatTime(t)).toBe(d.toISOString());
      expect(parseTime(d.toISOString())).toBe(t);
    }),
    { numRuns: 500 },
  );
});

test("date parts in a zone follow its clock changes", () => {
  const before = Date.UTC(2024, 2, 31, 0, 59, 59);
  expect([before, before + 1_000].map(t => apply("hours", t, "Europe/London"))).toStrictEqual([0, 2]);
  expect(apply("dayofweek", Date.UTC(2024, 2, 30, 23, 30), "Asia/Kathmandu")).toBe(0);
  expect(apply("quarter", Date.UTC(2024, 11, 31, 23, 30), "Europe/Paris")).toBe(0);
  expect(() => apply("hours", 0, "Mars/Olympus")).toThrow(/Mars\/Olympus/);
});

test("text is read as a time only when its zone is known", () => {
  expect(apply("timestamp", "2024-03-31")).toBe(Date.UTC(2024, 2, 31));
  expect(apply("timestamp", "2024-03-31T12:00:00+01:00")).toBe(Date.UTC(2024, 2, 31, 11));
  expect(apply("timestamp", "2024-03-31T12:00:00")).toBeNull();
  expect(apply("timestamp", "2024-03-31T12:00:00", "Europe/London")).toBe(Date.UTC(2024, 2, 31, 11));
  expect(apply("timestamp", "2024-02-30")).toBeNull();
});
