/** How rows are shared out between threads of which one has more to do, and when nothing is divided because it would not pay. */
import { expect, test } from "vitest";
import { type Costs, pays, sharesOf, timesOf } from "../../../src/engine/shards/cost.ts";
import { divide } from "../../../src/engine/shards/divide.ts";
import { afterCount, repeatedly } from "../../../src/model/triggers.ts";
import { bounded } from "../../../src/model/watermarks.ts";
import { fixed } from "../../../src/model/windows.ts";
import type { Stream } from "../../../src/pipeline/stream.ts";
import { logOf, logSource } from "../logs.ts";

const costs = (given: Partial<Costs>): Costs => ({ divided: 100, after: 0, merging: 0, copying: 0, ...given });

test("who merges takes fewer rows, so that all are done together", () => {
  const [even] = sharesOf(costs({}), 2, true);
  expect(even).toBeGreaterThan(0.45);
  expect(even).toBeLessThan(0.5);
  /** What a shard's share comes to where it is worked alone, and where the others are merged. */
  const done = (given: Costs, shares: readonly number[]): number[] => {
    const one = (share: number): number => timesOf(given, [share, 0], [logOf([{ t: 1 }])], 0).several;
    const there = (share: number): number => timesOf(given, [0, share], [logOf([{ t: 1 }])], 0).several;
    return [one(shares[0]), ...shares.slice(1).map(there)];
  };
  for (const shards of [2, 3, 8]) {
    const given = costs({ divided: 1_000, merging: 20, after: 10 });
    const shares = sharesOf(given, shards, true);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1);
    for (const time of done(given, shares)) expect(time).toBeCloseTo(done(given, shares)[0], 6);
  }
  // Where it has more to do than all the rest, it takes none.
  expect(sharesOf(costs({ after: 500 }), 2, true)).toEqual([0, 1]);
  // Where it works no shard, all are alike.
  expect(sharesOf(costs({ after: 500 }), 2, false)).toEqual([0.5, 0.5]);
});

test("threads pay where they save more than it takes to start them", () => {
  const log = logOf([{ t: 1 }, { t: 2 }]);
  const second = costs({ divided: 5e8 });
  const times = timesOf(second, [0.5, 0.5], [log, log], 80);
  expect(times.one).toBeCloseTo(1_000, 0);
  expect(times.several).toBeCloseTo(580, 0);
  expect(pays(times)).toBe(true);
  expect(pays(timesOf(second, [0.5, 0.5], [log], 600))).toBe(false);
});

const source = logSource("log", bounded(0));
const log = logOf(Array.from({ length: 500 }, (_, t) => ({ t, key: `k${t % 20}`, v: t })));
const counted = (stream: Stream): Stream => stream.rollup({ n: "count()" });
const plain = counted(source.groupby("key").window(fixed(10)));
const often = counted(
  source
    .groupby("key")
    .window(fixed(10))
    .trigger(repeatedly(afterCount(2))),
);

test("what has little to do for a row is not divided, nor what is over before a thread has started", () => {
  const options = { logs: () => log, shards: 2 };
  expect(divide([plain.node], options)).toHaveProperty("owners");
  expect(divide([plain.node], { ...options, start: 0 })).toMatchObject({ could: true });
  expect(divide([often.node], { ...options, start: 0 })).toHaveProperty("owners");
  // By the general operator windows have more to do.
  expect(divide([plain.node], { ...options, start: 0, specialize: false })).toHaveProperty("owners");
  expect(divide([often.node], { ...options, start: 80 })).toMatchObject({
    reason: expect.stringMatching(/^It has too few rows, or too little to do for each, for threads to pay: /),
    could: true,
  });
});

test("who merges more takes fewer of the rows of a log", () => {
  const rows = ([owners]: readonly (Uint8Array | null)[]): number => (owners ?? []).filter(shard => shard === 0).length;
  const own = (stream: Stream): number => {
    const division = divide([stream.node], { logs: () => log, shards: 2 });
    if ("reason" in division) throw new Error(division.reason);
    return rows(division.owners[0]);
  };
  expect(own(often)).toBeGreaterThan(200);
  expect(own(often)).toBeLessThanOrEqual(250);
  expect(own(source.groupby("key").integrate("d.v"))).toBeLessThan(own(often));
});
