/** What can be divided, by what, and why the rest cannot. */
import { expect, test } from "vitest";
import { divide } from "../../../src/engine/shards/divide.ts";
import { ownersOf } from "../../../src/engine/shards/owners.ts";
import { planShards } from "../../../src/engine/shards/plan.ts";
import { PROFILES, type ProfileName } from "../../../src/model/profiles.ts";
import { bounded } from "../../../src/model/watermarks.ts";
import { fixed } from "../../../src/model/windows.ts";
import type { Stream } from "../../../src/pipeline/stream.ts";
import { LOG_SCHEMA, logOf, logsByName, logSource } from "../logs.ts";

const left = logSource("left", bounded(0));
const right = logSource("right", bounded(0));

/** The cuts of a plan with the columns that divide each source, or the reason why there are none. */
function planned(streams: readonly Stream[], profile: ProfileName = "tidemark"): unknown {
  const plan = planShards(
    streams.map(s => s.node),
    () => LOG_SCHEMA,
    PROFILES[profile],
  );
  if ("reason" in plan) return plan.reason;
  return plan.groups.map(({ parting, cuts }) => ({
    by: Object.fromEntries([...parting].map(([id, columns]) => [id === left.id ? "left" : "right", columns])),
    cuts: cuts.map(cut => cut.verb),
  }));
}

const counted = (stream: Stream, ...keys: string[]): Stream =>
  stream
    .groupby(...keys)
    .window(fixed(10))
    .rollup({ n: "count()" });

test("keys are followed to their columns through what renames and derives", () => {
  const renamed = left.filter("d.v > 0").rename({ key: "account" }).derive({ who: "d.account" });
  expect(planned([counted(renamed, "who")])).toEqual([{ by: { left: ["key"] }, cuts: ["aggregate"] }]);
  expect(planned([counted(left.derive({ key: "d.v * 2" }), "key")])).toBe(
    '"rollup n by key per fixed window" has no key that is a column of its source.',
  );
});

test("as much as can be is worked in shards, and what follows where they come together", () => {
  const daily = counted(left, "key").filter("d.n > 1");
  const all = daily.window(fixed(20)).rollup({ n: "count()" });
  expect(planned([all])).toEqual([{ by: { left: ["key"] }, cuts: ["filter"] }]);
  // Balances come before, and by more keys.
  const chain = counted(left.groupby("key").integrate("d.v"), "key", "restated");
  expect(planned([chain])).toEqual([{ by: { left: ["key"] }, cuts: ["aggregate"] }]);
});

test("streams by different keys are divided each in its own way", () => {
  expect(planned([counted(left, "key"), counted(left, "p")])).toEqual([
    { by: { left: ["key"] }, cuts: ["aggregate"] },
    { by: { left: ["p"] }, cuts: ["aggregate"] },
  ]);
});

test("both sides of a join are divided by what they are joined on", () => {
  expect(planned([left.join(right, { key: "p" })])).toEqual([{ by: { left: ["key"], right: ["p"] }, cuts: ["join"] }]);
});

test("windowed joins are divided, but not where only their pairs are counted", () => {
  const [a, b] = [left, right].map(s => s.window(fixed(10)));
  const joined = a.join(b, "key");
  expect(planned([joined])).toEqual([{ by: { left: ["key"], right: ["key"] }, cuts: ["join"] }]);
  expect(planned([joined.filter("d.v > 0")])).toEqual([{ by: { left: ["key"], right: ["key"] }, cuts: ["filter"] }]);
  expect(planned([joined.window(fixed(10)).rollup({ n: "count()" })])).toMatch(/is only counted, for which/);
  expect(planned([joined, joined.late()])).toEqual([{ by: { left: ["key"], right: ["key"] }, cuts: ["join", "port"] }]);
});

test("says why nothing can be divided", () => {
  const windowed = counted(left, "key");
  expect(planned([left.window(fixed(10)).rollup({ n: "count()" })])).toBe('"rollup n per fixed window" has no key.');
  expect(planned([windowed], "beam")).toMatch(/^By the rules of beam triggers are asked once for a bundle/);
  expect(planned([windowed], "kafka")).toMatch(/^By the rules of kafka the rows of all keys move one stream time\.$/);
  expect(planned([left.filter("d.v > 0")])).toBe("Nothing in it keeps state by key.");
  expect(planned([counted(left.withLateness({ delay: 5 }), "key")])).toMatch(/is not divided by key\.$/);
  expect(planned([windowed, windowed.life()])).toMatch(/says the lives of windows of all keys together\.$/);
  const growing = { ...logOf([{ t: 1 }]), known: 5 };
  expect(divide([windowed.node], { logs: () => growing, shards: 2 })).toEqual({
    reason: "A source may still grow, and shards work on logs that are complete.",
  });
});

test("sources of one log are divided together or not at all", () => {
  const log = logOf([{ t: 1, key: "a", p: "b" }]);
  const by = (on: Record<string, string>): unknown =>
    divide([left.join(right, on).node], { logs: () => log, shards: 2 });
  expect(by({ key: "key" })).toHaveProperty("owners");
  expect(by({ key: "p" })).toEqual({
    reason: "Two sources read the same log, and what they meet in goes by key of one and p of the other.",
  });
});

test("balances are only divided where their sums are exact", () => {
  const { node } = left.groupby("key").integrate("d.v");
  const by = (v: number): unknown =>
    divide([node], {
      logs: logsByName({
        left: logOf([
          { t: 1, v: 2 },
          { t: 2, v },
        ]),
      }),
      shards: 2,
    });
  expect(by(0.25)).toHaveProperty("owners");
  expect(by(1 / 3)).toEqual({
    reason: "The sums of d.v are not exact, so that the last digits of a balance depend on other keys' flows.",
  });
  expect(by(2 ** 53)).toHaveProperty("reason");
});

test("equal keys belong to one shard, whatever their log, and shards get about as many rows", () => {
  const keys = Array.from({ length: 4_000 }, (_, i) => `k${Math.floor(i ** 2 / 997) % 61}`);
  const a = logOf(keys.map((key, t) => ({ t, key })));
  const b = logOf([...keys].reverse().map((p, t) => ({ t, p, key: null })));
  const [first, second] = ownersOf(
    [
      { log: a, columns: ["key"] },
      { log: b, columns: ["p"] },
    ],
    [1 / 3, 1 / 3, 1 / 3],
  );
  const shardOf = new Map(keys.map((key, i) => [key, first[i]]));
  [...keys].reverse().forEach((key, i) => expect(second[i]).toBe(shardOf.get(key)));
  for (let shard = 0; shard < 3; shard++) {
    const own = first.filter(owner => owner === shard).length;
    expect(own).toBeGreaterThan(1_000);
    expect(own).toBeLessThan(1_700);
  }
});
