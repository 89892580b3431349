import fc from "fast-check";
import { expect, test } from "vitest";
import { gridWindow, heldRows, pageFor } from "../../src/renderer/outputs/grid-window.ts";

test("a short table is drawn whole, without space around it", () => {
  expect(gridWindow(0, 260, 26, 7)).toEqual({ from: 0, count: 7, above: 0, below: 0 });
  expect(gridWindow(0, 260, 26, 0)).toMatchObject({ from: 0, count: 0 });
});

test("what is on the screen is drawn, and space stands for the rest", () => {
  const rowHeight = 26;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (total, share) => {
      const height = 260;
      const scrollTop = share * Math.max(total * rowHeight - height, 0);
      const window = gridWindow(scrollTop, height, rowHeight, total);
      expect(window.from * rowHeight).toBeLessThanOrEqual(scrollTop);
      expect(Math.min((window.from + window.count) * rowHeight, total * rowHeight)).toBeGreaterThanOrEqual(
        Math.min(scrollTop + height, total * rowHeight),
      );
      expect(window.above + window.count * rowHeight + window.below).toBe(total * rowHeight);
    }),
  );
});

test("a table of a billion rows is no taller than a page can be, and its ends are reached", () => {
  const total = 1_000_000_000;
  const first = gridWindow(0, 260, 26, total);
  expect(first.from).toBe(0);
  const height = first.above + first.count * 26 + first.below;
  expect(height).toBeLessThan(10_000_000);
  const last = gridWindow(height - 260, 260, 26, total);
  expect(last.from + last.count).toBe(total);
  expect(last.above).toBeLessThanOrEqual(height - 260);
});

test("pages are whole blocks that hold the window", () => {
  expect(pageFor({ from: 0, count: 18, above: 0, below: 0 }, 1_000)).toEqual({ from: 0, count: 50 });
  expect(pageFor({ from: 42, count: 18, above: 0, below: 0 }, 1_000)).toEqual({ from: 0, count: 100 });
  expect(pageFor({ from: 0, count: 0, above: 0, below: 0 }, 0)).toEqual({ from: 0, count: 50 });
});

test("a frame grows with its rows and does not shrink while they come; a small table that is complete has no empty band", () => {
  expect(heldRows(0, 0, false)).toBe(4);
  expect(heldRows(4, 7, false)).toBe(7);
  expect(heldRows(7, 2, false)).toBe(7);
  expect(heldRows(7, 5_000, false)).toBe(10);
  expect(heldRows(4, 2, true)).toBe(2);
  expect(heldRows(4, 1, true)).toBe(1);
  expect(heldRows(4, 0, true)).toBe(2);
  expect(heldRows(10, 5_000, true)).toBe(10);
});
