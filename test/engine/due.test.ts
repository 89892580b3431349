import fc from "fast-check";
import { expect, test } from "vitest";
import { Due } from "../../src/engine/due.ts";

const moves = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("push" as const), jump: fc.integer({ min: -6, max: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("pop" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
  ),
  { maxLength: 200, size: "max" },
);

test("gives what is put in by time, and at one time in the order in which it came, with its ticket", () => {
  fc.assert(
    fc.property(moves, list => {
      let due = new Due();
      const waiting: { time: number; ticket: number; item: number }[] = [];
      let now = 0;
      for (const move of list) {
        if (move.kind === "push") {
          now += 1;
          const time = now + move.jump === 3 ? Infinity : now + move.jump;
          const item = waiting.length;
          waiting.push({ time, ticket: due.push(time, item), item });
          waiting.sort((a, b) => (a.time === b.time ? a.ticket - b.ticket : a.time - b.time));
        } else if (move.kind === "restore") {
          const saved = structuredClone(due.snapshot());
          due = new Due();
          due.restore(saved);
        } else if (waiting.length > 0) {
          const [{ time, ticket, item }] = waiting.splice(0, 1);
          expect(due.first).toBe(time);
          expect([due.pop(), due.ticket]).toEqual([item, ticket]);
        }
        expect(due.size).toBe(waiting.length);
        expect(due.first).toBe(waiting[0]?.time ?? Infinity);
      }
      expect(new Set(waiting.map(w => w.ticket)).size).toBe(waiting.length);
    }),
  );
});
