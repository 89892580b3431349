import { expect, test } from "vitest";
import type { ComparedRows } from "../../src/protocol/comparison.ts";
import { changeText, countDifferences, rowsSentence } from "../../src/protocol/comparison-words.ts";

const rows = (more: Partial<ComparedRows>): ComparedRows => ({
  view: "difference:1.a",
  by: "key",
  on: ["k"],
  total: 124,
  changed: 0,
  onlyNow: 0,
  onlyPinned: 0,
  sums: [],
  left: [],
  ...more,
});

test("changes are written from the pinned replay to the present one, with a share where it says something", () => {
  expect(changeText(1_204, 1_310)).toBe("1,204 → 1,310 (+8.8 %)");
  expect(changeText(637, 0)).toBe("637 → 0 (−100 %)");
  expect(changeText(0, 12)).toBe("0 → 12 (+12)");
  expect(changeText(3_599_728.81, 3_599_729)).toBe("3,599,728.81 → 3,599,729 (+0.19)");
  expect(changeText(2, 30)).toBe("2 → 30 (+1,400 %)");
  expect(changeText(-10, -20)).toBe("−10 → −20 (−100 %)");
});

test("tables say how many rows differ, which are on one side alone, and what that comes to", () => {
  const sums = [
    { column: "total", pinned: 1_204, now: 1_310 },
    { column: "n", pinned: 5, now: 5 },
  ];
  expect(rowsSentence(rows({ changed: 3, sums }))).toBe("3 of 124 rows differ; total 1,204 → 1,310 (+8.8 %)");
  expect(rowsSentence(rows({ changed: 1, onlyNow: 2, onlyPinned: 1 }))).toBe(
    "4 of 124 rows differ (2 only now, 1 only pinned)",
  );
  expect(rowsSentence(rows({ changed: 1, total: 1 }))).toBe("1 of 1 row differs");
  expect(rowsSentence(rows({}))).toBe("None of 124 rows differs");
  expect(rowsSentence(rows({ total: 0 }))).toBe("No rows yet in either");
  const counted = rows({ by: "row", onlyPinned: 1, onlyNow: 3, sums: [{ column: "rows", pinned: 10, now: 12 }] });
  expect(rowsSentence(counted)).toBe("3 rows only now, 1 row only pinned; rows 10 → 12 (+20 %)");
  expect(rowsSentence(rows({ by: "row" }))).toBe("Both have the same rows");
});

test("all outputs are counted, and the rows of those that differ", () => {
  const differs = {
    state: "differs",
    settings: [],
    pinned: { view: "", chart: null, options: {} },
    reason: null,
  } as const;
  const outputs = {
    a: { state: "same" } as const,
    b: { ...differs, rows: rows({ changed: 2, onlyNow: 1 }) },
    c: { ...differs, rows: null },
  };
  const comparison = { settings: [], outputs, dropped: { pinned: 0, now: 0 } };
  expect(countDifferences(comparison)).toEqual({ differ: 2, of: 3, rows: 3 });
});
