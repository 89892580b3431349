/**
 * Holds the engine against the reference engine on random pipelines: every window function, triggers nested three deep,
 * all ways to accumulate, lateness, timestamps, empty panes, rows that are taken back. Pane by pane, with everything that
 * panes say of themselves, dropped rows with their reasons, and output watermarks.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Profile, PROFILES } from "../../src/model/profiles.ts";
import { DEFAULT_STRATEGY } from "../../src/model/strategy.ts";
import { afterCount, afterWatermark, DEFAULT_TRIGGER } from "../../src/model/triggers.ts";
import { fixed } from "../../src/model/windows.ts";
import type { Moment } from "../reference/aggregate.ts";
import { LINEAR, runs, strategies } from "./arbitrary.ts";
import { bothOf, type Case, cases } from "./cases.ts";
import { nodeOf, operate } from "./operate.ts";

/** The first thing that differs says where the two part. */
function agree(given: Case, profile: Profile): void {
  const { expected, actual } = bothOf(given, profile);
  expect(actual.panes).toEqual(expected.panes);
  expect(actual.dropped).toEqual(expected.dropped);
  // Fast operators hand the input's watermark on, and panes have the last whole millisecond of their window.
  const whole = (w: number): number => (given.way.specialize ? Math.floor(w) : w);
  expect(actual.watermark.map(whole)).toEqual(expected.watermark.map(whole));
}

describe("the engine gives what the reference gives", () => {
  for (const name of ["tidemark", "beam", "beam-python", "flink", "flink-sql", "spark", "kafka", "batch"] as const)
    test(`under the profile ${name}, whatever the trigger`, () => {
      fc.assert(
        fc.property(cases(strategies()), given => agree(given, PROFILES[name])),
        runs(name === "tidemark" ? 2_000 : 300),
      );
    });

  test("with the triggers that have fast operators", () => {
    const plain = fc.constantFrom(DEFAULT_TRIGGER, afterWatermark(), afterWatermark({ late: afterCount(1) }));
    const fast = strategies({ trigger: plain }).map(s => ({
      ...s,
      timestampCombiner: "endOfWindow" as const,
      onTime: null,
      closing: null,
    }));
    fc.assert(
      fc.property(cases(fast), given => {
        const outputs = ["n", "some", "total", "mean", "least", "most"];
        agree(
          { ...given, outputs: given.retract ? LINEAR[1] : outputs, way: { ...given.way, specialize: true } },
          PROFILES.tidemark,
        );
      }),
      runs(800),
    );
  });
});

test("fast operators stand aside where a profile differs in a rule that they do not know", () => {
  const node = nodeOf({ ...DEFAULT_STRATEGY, window: fixed(10) }, ["n"], false);
  const moments: Moment[] = [
    { clock: 0, rows: [-5, 5].map(time => ({ key: "a", v: 1, time, weight: 1 })), watermark: -Infinity },
    { clock: 1, rows: [], watermark: Infinity },
  ];
  const profile: Profile = { ...PROFILES.tidemark, fromEpoch: true };
  const { panes } = operate(node, profile, moments, { cut: 9, specialize: true, codegen: true, restore: false });
  expect(panes.map(p => p.start)).toEqual([0]);
});
