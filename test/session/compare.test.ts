/** Comparing profiles: each rule is found as the cause of what it does, and the lists add up. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PROFILES, type ProfileName } from "../../src/model/profiles.ts";
import { afterCount, afterProcessingTime, afterWatermark, type Trigger } from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed, sessions, type WindowFunction } from "../../src/model/windows.ts";
import { schemaOf } from "../../src/pipeline/node.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { compare, type Comparison, type ProfileComparison } from "../../src/session/compare.ts";
import { describeRule, RULES } from "../../src/session/profile-rules.ts";
import { logOf, type LogRow, logSource } from "../engine/logs.ts";
import { runs } from "../properties/arbitrary.ts";

const rows = logSource("log", bounded(0));

function compared(stream: Stream, log: readonly LogRow[], ...profiles: ProfileName[]): Comparison {
  const given = logOf(log);
  return compare(stream.node, profiles, { logs: () => given, schema: schemaOf(stream.node, () => given.batch.schema) });
}

/** The causes of differences in final rows: rules, and what becomes of `n`. */
function finalCauses({ causes }: ProfileComparison): unknown[] {
  return causes.flatMap(({ rules, together, differences }) => {
    const finals = differences.filter(d => d.what === "final");
    return finals.length === 0
      ? []
      : [[rules, together, finals.map(d => [d.tidemark?.["n"] ?? null, d.other?.["n"] ?? null])]];
  });
}

const counted = (window: WindowFunction, lateness = 0, trigger: Trigger = { kind: "default" }): Stream =>
  rows.window(window).trigger(trigger).allowedLateness(lateness).rollup({ n: "count()" });

test("nothing differs from itself", () => {
  const { profiles, rows: count } = compared(counted(fixed(10)), [{ t: 1 }, { t: 25 }], "tidemark");
  expect(count).toBe(2);
  expect(profiles[0]).toEqual({ profile: "tidemark", rows: 2, equal: 2, panes: 2, causes: [] });
});

test("sessions that touch merge in Flink and Kafka", () => {
  const { profiles } = compared(counted(sessions(10)), [{ t: 0 }, { t: 10 }, { t: 100 }], "flink", "beam");
  expect(finalCauses(profiles[0])).toEqual([
    [
      ["inclusiveSessions"],
      false,
      [
        [1, null],
        [1, null],
        [null, 2],
      ],
    ],
  ]);
  expect(finalCauses(profiles[1])).toEqual([]);
  expect(profiles[0].causes[0].sentence).toBe("sessions that touch merge (here: sessions that touch stay apart)");
});

test("where there is but one knob a late row is left out", () => {
  const log = [{ t: 1 }, { t: 20_000, at: 20_000 }, { t: 2, at: 40_000 }, { t: 60_000 }];
  const { profiles } = compared(counted(fixed(10), 1_000_000), log, "spark", "flink-sql", "flink");
  expect(finalCauses(profiles[0])).toEqual([[["knobs"], false, [[2, 1]]]]);
  expect(finalCauses(profiles[1])).toEqual([[["knobs"], false, [[2, 1]]]]);
  expect(finalCauses(profiles[2])).toEqual([]);
});

test("a batch waits for everything", () => {
  const { profiles } = compared(counted(fixed(10)), [{ t: 1 }, { t: 20 }, { t: 2, at: 21 }], "batch");
  expect(finalCauses(profiles[0])).toEqual([[["watermark"], false, [[1, 2]]]]);
});

test("rows of one bundle do not make each other late", () => {
  const { profiles } = compared(counted(fixed(10)), [{ t: 15, at: 20 }, { t: 2, at: 20 }, { t: 30 }], "beam");
  expect(finalCauses(profiles[0])).toEqual([[["watermark"], false, [[null, 1]]]]);
});

test("windows before 1970 are nothing to Kafka", () => {
  const { profiles } = compared(counted(fixed(10)), [{ t: -5 }, { t: 3 }], "kafka");
  expect(finalCauses(profiles[0])).toEqual([[["fromEpoch"], false, [[1, null]]]]);
});

test("an empty on-time pane differs only on the way", () => {
  const stream = counted(fixed(10), 0, afterWatermark({ early: afterCount(1) }));
  const [beam] = compared(stream, [{ t: 1 }, { t: 20 }], "beam").profiles;
  expect([beam.rows, beam.equal]).toEqual([2, 2]);
  expect(beam.causes.map(c => [c.rules, c.differences.length, c.differences[0].other?.["timing"]])).toEqual([
    [["onTime"], 2, "on-time"],
  ]);
});

test("rules that only make a difference together are all named", () => {
  // Kafka's session ends with its last row, and those that touch merge: either alone gives two sessions or another end.
  const [kafka] = compared(counted(sessions(10), 100), [{ t: 0 }, { t: 10 }], "kafka").profiles;
  const cause = kafka.causes.find(c => c.differences.some(d => d.other?.["n"] === 2));
  expect(cause?.together).toBe(true);
  expect(cause?.rules).toEqual(expect.arrayContaining(["inclusiveSessions", "sessionEnd"]));
  expect(cause?.sentence).toContain("; and together with that: ");
});

test("the lists add up, whatever the pipeline", () => {
  const logs = fc.array(
    fc.record({
      wait: fc.constantFrom(0, 1, 3, 300),
      behind: fc.integer({ min: 0, max: 30 }),
      key: fc.constantFrom("a", "b"),
    }),
    { minLength: 1, maxLength: 15 },
  );
  const settings = fc.record({
    window: fc.constantFrom(fixed(10), sessions(5)),
    trigger: fc.constantFrom<Trigger>(
      { kind: "default" },
      afterWatermark({ early: afterProcessingTime(4), late: afterCount(1) }),
    ),
    lateness: fc.constantFrom(0, 20),
    mode: fc.constantFrom("discarding" as const, "accumulating" as const, "retracting" as const),
    profile: fc.constantFrom(...(Object.keys(PROFILES) as ProfileName[])),
  });
  fc.assert(
    fc.property(logs, settings, (steps, { window, trigger, lateness, mode, profile }) => {
      let at = 0;
      const log = steps.map(({ wait, behind, key }) => {
        at += wait;
        return { t: at - behind, at, key };
      });
      const stream = rows.groupby("key").window(window).trigger(trigger).allowedLateness(lateness).accumulation(mode);
      const own = compared(stream.rollup({ n: "count()" }), log, profile);
      const [other] = own.profiles;
      const finals = other.causes.flatMap(c => c.differences).filter(d => d.what === "final");
      const gone = finals.filter(d => d.other === null).length;
      const come = finals.filter(d => d.tidemark === null).length;
      expect(other.rows).toBe(own.rows - gone + come);
      expect(other.equal).toBe(other.rows - (finals.length - gone));
      for (const { rules, differences } of other.causes) {
        expect(rules.length).toBeGreaterThan(0);
        expect(differences.length).toBeGreaterThan(0);
        for (const rule of rules) expect(PROFILES[profile][rule]).not.toBe(PROFILES.tidemark[rule]);
      }
    }),
    runs(60),
  );
});

test("every answer of every profile has words of its own", () => {
  for (const rule of RULES) {
    const answers = new Map(
      Object.values(PROFILES).map(p => [
        JSON.stringify([p[rule], rule === "watermark" ? p.watermarkPeriod : 0]),
        describeRule(rule, p),
      ]),
    );
    expect(new Set(answers.values()).size).toBe(answers.size);
  }
});
