/**
 * Holds the engine against the reference engine on random pipelines: every window function, triggers nested three deep,
 * all ways to accumulate, lateness, timestamps, empty panes, rows that are taken back. Pane by pane, with everything that
 * panes say of themselves, dropped rows with their reasons, and output watermarks.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Profile, PROFILES } from "../../src/model/profiles.ts";
import { afterCount, afterWatermark, DEFAULT_TRIGGER } from "../../src/model/triggers.ts";
import { LINEAR, runs, strategies } from "./arbitrary.ts";
import { bothOf, type Case, cases } from "./cases.ts";

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
  for (const name of ["tidemark", "beam", "beam-python", "flink", "batch"] as const)
    test(`under the profile ${name}, whatever the trigger`, () => {
      fc.assert(
        fc.property(cases(strategies()), given => agree(given, PROFILES[name])),
        runs(name === "tidemark" ? 2_000 : 500),
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
