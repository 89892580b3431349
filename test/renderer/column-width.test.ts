import { expect, test } from "vitest";
import { columnWidth } from "../../src/renderer/outputs/column-width.ts";
import { decimalsOf, figureText } from "../../src/renderer/outputs/figures.ts";

const numbers = (...values: number[]) => ({ name: "v", type: "number" as const, values: Float64Array.from(values) });

test("a column of figures is as wide as its widest figure with all its decimals", () => {
  const column = numbers(1_234.5, 0.000_123, -98_765_432.1);
  const decimals = decimalsOf(column.values, 0);
  expect(decimals).toBe(6);
  const longest = figureText(-98_765_432.1, decimals);
  expect(longest).toBe("-98,765,432.100000");
  // Every digit is at least 8 px wide in the table's face, and there is padding of 10 px on both sides.
  expect(columnWidth(column, decimals, 0)).toBeGreaterThan(longest.replace(/\D/g, "").length * 8 + 4 * 4 + 20);
  // Decimals that only later rows need widen the column.
  expect(columnWidth(column, 6, 0)).toBeGreaterThan(columnWidth(column, 2, 0));
});

test("figures are never cut, texts are; and no column becomes narrower again", () => {
  expect(columnWidth(numbers(-1.234567e28), 6, 0)).toBeGreaterThan(340);
  const texts = { name: "v", type: "string" as const, values: ["long ".repeat(40)] };
  expect(columnWidth(texts, 0, 0)).toBe(340);
  expect(columnWidth(numbers(1), 0, 200)).toBe(200);
});
