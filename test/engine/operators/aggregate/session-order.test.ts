/** The order of a key's sessions against a sorted list, and how many of them a search looks at. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { NONE, SessionOrder } from "../../../../src/engine/operators/aggregate/session-order.ts";

/** Sessions with starts of their own, in an order that counts how often it asks for one. */
function orderOf(capacity: number, keys: number) {
  const starts = new Float64Array(capacity);
  const asked = { times: 0 };
  const order = new SessionOrder(session => {
    asked.times++;
    return starts[session];
  });
  order.widen(keys);
  order.grow(capacity);
  return { order, starts, asked };
}

const commands = fc.array(
  fc.record({
    key: fc.integer({ min: 0, max: 1 }),
    what: fc.constantFrom("add", "add", "add", "remove"),
    time: fc.integer({ min: 0, max: 500 }),
  }),
  { maxLength: 300 },
);

test("sessions come and go in any order, and stand by their starts", () => {
  fc.assert(
    fc.property(commands, steps => {
      const { order, starts } = orderOf(301, 2);
      const lists: number[][] = [[], []];
      const free = Array.from({ length: 300 }, (_, i) => i + 1);
      for (const { key, what, time } of steps) {
        const list = lists[key];
        if (what === "remove") {
          const [session] = list.splice(time % Math.max(1, list.length), 1);
          if (session === undefined) continue;
          order.remove(key, session);
          free.unshift(session);
        } else if (!list.some(s => starts[s] === time)) {
          const session = free.pop() as number;
          starts[session] = time;
          order.add(key, session);
          list.push(session);
          list.sort((a, b) => starts[b] - starts[a]);
        }
        for (const at of [time, time - 1, 250])
          expect(order.latest(key, at)).toBe(list.find(s => starts[s] <= at) ?? NONE);
        expect([...order.all()]).toEqual(lists.flat());
      }
    }),
    { numRuns: 300 },
  );
});

test("a late row finds its place among very many sessions by looking at few", () => {
  const many = 100_000;
  const { order, starts, asked } = orderOf(many + 1, 1);
  for (let session = 1; session <= many; session++) {
    starts[session] = session * 1_000;
    order.add(0, session);
  }
  asked.times = 0;
  for (let i = 0; i < 1_000; i++)
    expect(order.latest(0, i * 97_003 + 1_500)).toBe(Math.floor((i * 97_003 + 1_500) / 1_000));
  // Twice the logarithm of a hundred thousand, and some more.
  expect(asked.times / 1_000).toBeLessThan(50);
});
