import fc from "fast-check";
import { expect, test } from "vitest";
import { DueQueue } from "../../../../src/engine/operators/aggregate/due-queue.ts";

const commands = fc.array(
  fc.record({
    item: fc.integer({ min: 0, max: 9 }),
    what: fc.constantFrom("add", "add", "put off", "put off", "remove", "go on"),
    by: fc.integer({ min: 0, max: 4_000 }),
  }),
  { maxLength: 200 },
);

test("gives out what is due, and nothing else, however often it was put off", () => {
  fc.assert(
    fc.property(commands, fc.constantFrom(1, 100, 1_000), (steps, span) => {
      const queue = new DueQueue(span);
      queue.widen(10);
      const due = new Float64Array(10);
      const there = new Set<number>();
      let now = 0;
      for (const { item, what, by } of steps) {
        if (what === "add" && !there.has(item)) {
          due[item] = now + 1 + by;
          queue.add(item, due[item]);
          there.add(item);
        } else if (what === "put off" && there.has(item)) due[item] += by;
        else if (what === "remove" && there.has(item)) {
          queue.remove(item);
          there.delete(item);
        } else if (what === "go on") {
          now += by;
          const expected = [...there].filter(i => due[i] <= now).sort((a, b) => a - b);
          // Whoever waits for the tick misses nothing.
          if (expected.length > 0) expect(queue.tick).toBeLessThanOrEqual(now);
          const got: number[] = [];
          queue.settle(now, due);
          for (let i = queue.take(now); i >= 0; i = queue.take(now)) {
            got.push(i);
            queue.settle(now, due);
          }
          expect(got.sort((a, b) => a - b)).toEqual(expected);
          for (const i of got) there.delete(i);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
