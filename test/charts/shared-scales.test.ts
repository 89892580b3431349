import { expect, test } from "vitest";
import { SharedScales } from "../../src/charts/shared-scales.ts";

test("two drawings share the union of their domains, plot by plot, and each hears when the other's change", () => {
  const shared = new SharedScales();
  const redrawn = [0, 0];
  const sides = ([0, 1] as const).map(i => shared.side(i, () => redrawn[i]++));
  const draw = (side: 0 | 1, ...plots: { x: number[]; y: (number | string)[] }[]): unknown[] => {
    sides[side].begin();
    const out = plots.map(({ x, y }) => sides[side].widened({ x: { type: "log", domain: x }, y: { domain: y } }));
    sides[side].end();
    return out.map(spec => {
      const { x, y } = spec as { x: { type: string; domain: unknown }; y: { domain: unknown } };
      expect(x.type).toBe("log");
      return [x.domain, y.domain];
    });
  };
  expect(draw(0, { x: [1, 5], y: [10, 0] }, { x: [0, 1], y: ["a", "b"] })).toEqual([
    [
      [1, 5],
      [10, 0],
    ],
    [
      [0, 1],
      ["a", "b"],
    ],
  ]);
  expect(redrawn).toEqual([0, 1]);
  // Directions stay, bands stay, and the second plot is not the first.
  expect(draw(1, { x: [2, 9], y: [4, -3] }, { x: [0, 2], y: ["c", "d"] })).toEqual([
    [
      [1, 9],
      [10, -3],
    ],
    [
      [0, 2],
      ["c", "d"],
    ],
  ]);
  expect(redrawn).toEqual([1, 1]);
  expect(draw(0, { x: [1, 5], y: [10, 0] }, { x: [0, 1], y: ["a", "b"] })[0]).toEqual([
    [1, 9],
    [10, -3],
  ]);
  // Its own domains are as before, so nobody is drawn again: two drawings do not chase each other.
  expect(redrawn).toEqual([1, 1]);
  shared.leave(1);
  expect(redrawn).toEqual([2, 1]);
  expect(draw(0, { x: [1, 5], y: [10, 0] })[0]).toEqual([
    [1, 5],
    [10, 0],
  ]);
});
