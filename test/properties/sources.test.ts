/** Holds sources' watermarks against the reference source on random logs. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_ROW, SourceFeed } from "../../src/engine/feed.ts";
import { punctuation } from "../../src/engine/watermarks/punctuation.ts";
import { PROFILES } from "../../src/model/profiles.ts";
import {
  bounded,
  percentile,
  perfect,
  punctuated,
  type WatermarkOptions,
  type WatermarkStrategy,
} from "../../src/model/watermarks.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { logOf, logSource } from "../engine/logs.ts";
import { type ReferenceRow, referenceSource } from "../reference/source.ts";
import { runs } from "./arbitrary.ts";

const rows: fc.Arbitrary<ReferenceRow[]> = fc
  .array(
    fc.record({
      wait: fc.constantFrom(0, 0, 1, 1, 2, 5, 9),
      behind: fc.integer({ min: -6, max: 12 }),
      p: fc.constantFrom("x", "y", "z", null),
      key: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", "i", null),
      marked: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map(steps => {
    let at = 50;
    return steps.map(({ wait, behind, p, key, marked }) => {
      at += wait;
      return { t: at - behind, at, p, key, marked };
    });
  });

const strategies: fc.Arbitrary<WatermarkStrategy> = fc
  .record({
    idle: fc.constantFrom(null, 1, 4, 8),
    future: fc.constantFrom(null, 0, 3),
    per: fc.constantFrom<Pick<WatermarkOptions, "per" | "key">>(
      { per: "partition" },
      { per: "source" },
      { per: "key", key: "key" },
      { per: "key", key: "v" },
    ),
    delay: fc.integer({ min: 0, max: 8 }),
    quantile: fc.constantFrom(0, 0.5, 0.9, 1),
    window: fc.integer({ min: 1, max: 12 }),
    kind: fc.constantFrom("bounded", "bounded", "percentile", "punctuated", "perfect"),
  })
  .map(({ kind, delay, quantile, window, per, ...others }) => {
    const options = { ...others, ...per };
    if (kind === "bounded") return bounded(delay, options);
    if (kind === "percentile") return percentile(quantile, window, options);
    if (kind === "perfect") return perfect();
    return punctuated({ source: "d => d.v === 1", parameters: {} }, options);
  });

/** What the engine says after each row, and whether it ever went back in between. */
function engine(strategy: WatermarkStrategy, given: readonly ReferenceRow[], restored: boolean): number[] {
  const node = logSource("log", strategy).node as SourceNode;
  const log = logOf(given.map(({ t, at, p, key, marked }) => ({ t, at, p, key, v: marked ? 1 : 0 })));
  const make = (): SourceFeed => new SourceFeed(node, log, PROFILES.tidemark, punctuation(node));
  let feed = make();
  const out: number[] = [];
  let before = -Infinity;
  while (feed.next() !== Infinity) {
    const row = feed.take();
    if (restored) {
      const snapshot = structuredClone(feed.snapshot());
      feed = make();
      feed.restore(snapshot);
    }
    expect(feed.watermark).toBeGreaterThanOrEqual(before);
    before = feed.watermark;
    if (row !== NO_ROW) out.push(feed.watermark);
  }
  return out;
}

test("sources say the watermark that the reference says, after every row", () => {
  fc.assert(
    fc.property(strategies, rows, fc.boolean(), (strategy, given, restored) => {
      expect(engine(strategy, given, restored)).toEqual(referenceSource(strategy, given));
    }),
    runs(1_500),
  );
});

test("and with many keys, which turn idle and come back", () => {
  const step = fc.record({
    wait: fc.nat({ max: 3 }),
    behind: fc.integer({ min: -6, max: 40 }),
    key: fc.nat({ max: 60 }),
  });
  const many = fc.array(step, { minLength: 100, maxLength: 140 }).map(steps => {
    let at = 50;
    return steps.map(({ wait, behind, key }): ReferenceRow => {
      at += wait;
      return { t: at - behind, at, p: null, key: `k${key}`, marked: true };
    });
  });
  fc.assert(
    fc.property(many, fc.constantFrom(null, 5, 40, 120), fc.boolean(), (given, idle, restored) => {
      const strategy = bounded(3, { per: "key", key: "key", idle });
      expect(engine(strategy, given, restored)).toEqual(referenceSource(strategy, given));
    }),
    runs(30),
  );
});
