/** Windows of a key and their order: the fast ways give what the plain ones give. */
import { describe, expect, test } from "vitest";
import { byWindow, Cell, Cells, sortedByWindow } from "../../../../src/engine/operators/aggregate/cell.ts";
import { Timers } from "../../../../src/engine/windowing/time-heap.ts";

/** Numbers below `bound`, the same for the same seed (a linear congruential generator, Numerical Recipes). */
function below(seed: number): (bound: number) => number {
  let state = seed;
  return bound => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

const cell = (key: number, start: number, end: number): Cell => new Cell(key, start, end, 0, { finished: 0, data: [] });

describe("sortedByWindow", () => {
  for (const [windows, cells] of [
    [1, 500],
    [9, 500],
    [200, 500],
    [5, 20],
  ])
    test(`sorts ${cells} cells of ${windows} windows as comparing them does`, () => {
      const random = below(windows * cells);
      const given = Array.from({ length: cells }, () => {
        const start = random(windows) * 10;
        return cell(random(1_000_000), start, start + 10 + random(2));
      });
      const expected = [...given].sort(byWindow);
      expect(sortedByWindow(given)).toEqual(expected);
    });
});

describe("Cells", () => {
  test("finds windows by their bounds and by a moment, while they come, grow and go", () => {
    const random = below(7);
    const cells = new Cells();
    const there: Cell[] = [];
    for (let turn = 0; turn < 2_000; turn++) {
      const key = random(3);
      const start = random(40) * 10;
      const known = there.find(c => c.key === key && c.start <= start && start < c.end);
      if (known === undefined) {
        const added = cell(key, start, start + 5);
        cells.add(added);
        there.push(added);
      } else if (random(2) === 0) cells.resize(known, known.start - random(2), known.end + random(3));
      else {
        cells.remove(known);
        there.splice(there.indexOf(known), 1);
      }
      for (const c of there) {
        expect(cells.find(c.key, c.start, c.end)).toBe(c);
        if (!there.some(o => o !== c && o.key === c.key && o.end > c.start && o.start < c.end))
          expect(cells.around(c.key, Float64Array.of(c.start), 0)).toBe(c);
      }
      expect(cells.find(key, -100, 5_000)).toBe(null);
      expect(cells.count).toBe(there.length);
    }
  });
});

test("timers come out by time, those put in at one time together", () => {
  const random = below(3);
  const timers = new Timers<number>();
  const waiting: number[] = [];
  for (let turn = 0; turn < 3_000; turn++) {
    if (random(3) > 0 || waiting.length === 0) {
      const time = random(50);
      for (let i = random(4); i >= 0; i--) {
        timers.push(time, time);
        waiting.push(time);
      }
      continue;
    }
    waiting.sort((a, b) => a - b);
    expect(timers.first).toBe(waiting[0]);
    for (const time of timers.pop()) expect(time).toBe(waiting.shift());
  }
});
