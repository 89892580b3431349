/** Random pipelines and random logs for properties. Times are small whole numbers, so that bounds are often met exactly. */
import fc from "fast-check";
import type { WindowingStrategy } from "../../src/model/strategy.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  DEFAULT_TRIGGER,
  never,
  orFinally,
  repeatedly,
  type Trigger,
} from "../../src/model/triggers.ts";
import {
  calendar,
  cumulating,
  fixed,
  global,
  sessions,
  sliding,
  type WindowFunction,
} from "../../src/model/windows.ts";
import type { InputRow, Moment } from "../reference/aggregate.ts";

/** How often a property is tried: `TIDEMARK_RUNS` times where that is set, for longer hunts. Seeds are printed on failure. */
export function runs(usual: number): { numRuns: number } {
  return { numRuns: Number(process.env["TIDEMARK_RUNS"] ?? usual) };
}

/** Where a log of small numbers lies, so that calendar windows meet a change of the clocks. */
const LONDON_SPRING = Date.UTC(2026, 2, 29, 0, 30);

export const windows: fc.Arbitrary<WindowFunction> = fc.oneof(
  fc.constantFrom(fixed(10), fixed(7, { offset: 3 }), fixed(10, { offset: -4 })),
  fc.constantFrom(sliding(10, 5), sliding(9, 3, { offset: 1 }), sliding(10, 4), sliding(5, 10)),
  fc.constantFrom(sessions(5), sessions(3), sessions(4, { inclusive: true }), sessions(5, { inclusive: false })),
  fc.constantFrom(cumulating(12, 4), cumulating(9, 3, { offset: 2 })),
  fc.constantFrom(
    global(),
    calendar("hour", { timeZone: "Europe/London" }),
    calendar("day", { timeZone: "Europe/London" }),
  ),
);

const leaves: fc.Arbitrary<Trigger> = fc.oneof(
  fc.constantFrom(DEFAULT_TRIGGER, never(), afterWatermark()),
  fc.integer({ min: 1, max: 4 }).map(afterCount),
  fc
    .record({ delay: fc.integer({ min: 1, max: 9 }), aligned: fc.boolean() })
    .map(({ delay, aligned }) => afterProcessingTime(delay, { aligned })),
);

/** Triggers, composed up to a depth. */
export function triggers(depth: number): fc.Arbitrary<Trigger> {
  if (depth <= 1) return leaves;
  const part = triggers(depth - 1);
  const several = fc.array(part, { minLength: 2, maxLength: 3 });
  return fc.oneof(
    leaves,
    part.map(repeatedly),
    fc
      .record({ early: fc.option(part, { nil: undefined }), late: fc.option(part, { nil: undefined }) })
      .map(afterWatermark),
    several.map(parts => afterEach(...parts)),
    several.map(parts => afterAny(...parts)),
    several.map(parts => afterAll(...parts)),
    fc.tuple(part, part).map(([trigger, until]) => orFinally(trigger, until)),
  );
}

export const strategies = (
  options: { depth?: number; trigger?: fc.Arbitrary<Trigger> } = {},
): fc.Arbitrary<WindowingStrategy> =>
  fc.record({
    window: windows,
    trigger: options.trigger ?? triggers(options.depth ?? 3),
    accumulation: fc.constantFrom("discarding", "accumulating", "retracting"),
    allowedLateness: fc.constantFrom(0, 0, 1, 5, 12, Infinity),
    timestampCombiner: fc.constantFrom("endOfWindow", "endOfWindow", "earliest", "latest"),
    onTime: fc.constantFrom(null, null, "always", "ifNonEmpty"),
    closing: fc.constantFrom(null, null, "always", "ifNonEmpty"),
  });

/** Sets of outputs, those that the fast operators know and those that they leave to the general one. */
export const OUTPUTS: readonly (readonly string[])[] = [
  ["n", "total"],
  ["n", "some", "total", "mean", "least", "most"],
  ["different", "median", "earliest", "latest"],
  ["all", "total"],
];

/** Sets of outputs that mean something where more may be taken back than was put in. */
export const LINEAR: readonly (readonly string[])[] = [
  ["n", "total"],
  ["n", "some", "total", "mean"],
];

export interface LogOptions {
  /** Most moments. */
  readonly length?: number;
  /** Whether some rows take earlier ones back. */
  readonly retract?: boolean;
  /** Whether times lie where calendar windows change (as hours), instead of from 0. */
  readonly calendar?: boolean;
}

/** Moments with disorder: rows far behind and ahead, several at once, silence, a clock and a watermark that move by fits. */
export function logs({ length = 30, retract = false, calendar = false }: LogOptions = {}): fc.Arbitrary<Moment[]> {
  const scale = (t: number): number => (calendar ? LONDON_SPRING + t * 600_000 : t);
  const row = fc.record({
    key: fc.constantFrom("a", "a", "b", null),
    v: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: -9, max: 9 }) }, { weight: 1, arbitrary: fc.constant(null) }),
    behind: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: -3, max: 3 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 30 }) },
    ),
    back: fc.nat({ max: 20 }),
  });
  const entry = fc.record({
    rows: fc.array(row, { maxLength: 3 }),
    tick: fc.constantFrom(0, 1, 1, 2, 3, 8),
    pace: fc.constantFrom(0, 1, 1, 2, 3, 15),
    lag: fc.constantFrom(null, null, 0, 2, 5, 12),
    half: fc.constantFrom(0, 0, 0, 0.5),
  });
  return fc.array(entry, { minLength: 1, maxLength: length }).chain(entries =>
    fc.boolean().map(ends => {
      let clock = 0;
      let now = 20;
      let watermark = -Infinity;
      const given: InputRow[] = [];
      const moments: Moment[] = entries.map(e => {
        clock += e.tick;
        now += e.pace;
        const rows = e.rows.map(({ key, v, behind, back }): InputRow => {
          if (retract && back < 5 && given.length > 0) {
            const [taken] = given.splice(back % given.length, 1);
            return { ...taken, weight: -1 };
          }
          const made = { key, v, time: scale(now - behind), weight: 1 };
          given.push(made);
          return made;
        });
        if (e.lag !== null) watermark = Math.max(watermark, scale(now - e.lag - e.half));
        return { clock, rows, watermark };
      });
      if (ends) moments.push({ clock, rows: [], watermark: Infinity });
      return moments;
    }),
  );
}
