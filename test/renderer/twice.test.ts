import { expect, test } from "vitest";
import { Twice } from "../../src/renderer/commands/twice.ts";

test("a key acts at the second of two presses on the same thing, soon after each other", () => {
  const twice = new Twice();
  expect(twice.press(1_000, 5, false)).toBe(false);
  expect(twice.press(1_100, 5, false)).toBe(true);
  // The third is a first one.
  expect(twice.press(1_200, 5, false)).toBe(false);
  expect(twice.press(1_950, 5, false)).toBe(false);
  expect(twice.press(2_600, 5, false)).toBe(true);
});

test("the first press of a page's life is never a second", () => {
  const twice = new Twice();
  expect(twice.press(10, 5, false)).toBe(false);
  expect(twice.press(20, 5, false)).toBe(true);
  expect(twice.press(30, 5, false)).toBe(false);
});

test("another thing, another key and a key held down are no second press", () => {
  const twice = new Twice();
  twice.press(0, 5, false);
  expect(twice.press(100, 6, false)).toBe(false);
  expect(twice.press(200, 6, false)).toBe(true);
  twice.press(300, 6, false);
  twice.interrupt();
  expect(twice.press(400, 6, false)).toBe(false);
  for (let time = 410; time < 600; time += 30) expect(twice.press(time, 6, true)).toBe(false);
  expect(twice.press(620, 6, false)).toBe(true);
});
