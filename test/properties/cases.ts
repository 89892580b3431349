/** Random cases on which the engine and the reference engine are asked the same. */
import fc from "fast-check";
import type { Profile } from "../../src/model/profiles.ts";
import type { WindowingStrategy } from "../../src/model/strategy.ts";
import { type Moment, type Outcome, reference } from "../reference/aggregate.ts";
import { LINEAR, logs, OUTPUTS } from "./arbitrary.ts";
import { nodeOf, operate, type Way } from "./operate.ts";

/** All ways to make the engine work. */
export const ways: fc.Arbitrary<Way> = fc.record({
  cut: fc.constantFrom(1, 3, 7, 1_000),
  specialize: fc.boolean(),
  codegen: fc.boolean(),
  restore: fc.boolean(),
});

/** A pipeline with a log and a way to run it. */
export interface Case {
  readonly strategy: WindowingStrategy;
  readonly outputs: readonly string[];
  readonly moments: readonly Moment[];
  readonly retract: boolean;
  readonly way: Way;
}

/** Cases of random logs for pipelines of the given kind. */
export const cases = (strategy: fc.Arbitrary<WindowingStrategy>): fc.Arbitrary<Case> =>
  fc
    .record({ strategy, retract: fc.constantFrom(false, false, true), outputs: fc.nat(), way: ways })
    .chain(({ strategy, retract, outputs, way }) => {
      const sets = retract ? LINEAR : OUTPUTS;
      return logs({ retract, calendar: strategy.window.kind === "calendar" }).map(moments => ({
        strategy,
        retract,
        way,
        moments,
        outputs: sets[outputs % sets.length],
      }));
    });

/** What the reference and the engine say of a case. */
export function bothOf(
  { strategy, outputs, moments, retract, way }: Case,
  profile: Profile,
): { expected: Outcome; actual: Outcome } {
  const expected = reference(strategy, profile, outputs, moments);
  const actual = operate(nodeOf(strategy, outputs, retract), profile, moments, way);
  return { expected, actual };
}
