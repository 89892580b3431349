/**
 * Runs every scenario folder, a transcript of events with what each brings about: as it is written, restored from a
 * snapshot after every event, with all bundles taken apart and with its rows in other orders as far as they may be, and
 * against the reference engine. Where one of these says nothing about a scenario, that is a skipped test with the reason.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PROFILES } from "../../src/model/profiles.ts";
import { conformTrace } from "../../src/session/conform.ts";
import { readTrace } from "../../src/session/trace.ts";
import { oracle, unknownToOracle } from "./oracle.ts";
import { eventsFrom, finalTable, orderMatters, stretches } from "./permuted.ts";
import { check, type Event, eventOf, type Scenario, scenarios, traceOf } from "./transcripts.ts";

/** Runs a transcript with each of its events made into several, and holds what they bring about together against it. */
function run({ profile, pipeline, transcript }: Scenario, parts: (event: Event) => object[]): void {
  const events = transcript.map(parts);
  const results = conformTrace({ profile, pipeline, events: events.flat() });
  let at = 0;
  transcript.forEach((event, i) => check(event, results.slice(at, (at += events[i].length))));
}

describe.each(scenarios)("$name", ({ scenario }) => {
  const { profile, pipeline, transcript } = scenario;
  const trace = traceOf(scenario);

  test("as written", () => run(scenario, event => [eventOf(event)]));

  test("restored after every event", () => run(scenario, event => [eventOf(event), { snapshot: true }]));

  if (PROFILES[profile].evaluate === "row")
    test("row by row", () =>
      run(scenario, event =>
        event.input === undefined ? [eventOf(event)] : event.input.map(row => eventOf({ input: [row] })),
      ));

  const fixedOrder = orderMatters(trace);
  test.skipIf(fixedOrder !== null)(`permuted${fixedOrder === null ? "" : ` (${fixedOrder})`}`, () => {
    const bundled = PROFILES[profile].evaluate === "bundle";
    const parts = stretches(trace.events, bundled);
    const tableOf = (events: object[]): unknown[] =>
      finalTable(
        conformTrace({ profile, pipeline, events }).flatMap(result => result.panes),
        trace.strategy.accumulation,
      );
    const expected = tableOf(transcript.map(eventOf));
    const orders = fc.tuple(
      ...parts.map(({ rows }) => fc.shuffledSubarray([...rows], { minLength: rows.length, maxLength: rows.length })),
    );
    fc.assert(
      fc.property(orders, given => {
        const events = eventsFrom(
          given.map((rows, i) => ({ rows, end: parts[i].end })),
          bundled,
        );
        expect(tableOf(events)).toEqual(expected);
      }),
      { seed: 20, numRuns: 30 },
    );
  });

  const unknown = unknownToOracle(trace);
  test.skipIf(unknown !== null)(`as the reference says${unknown === null ? "" : ` (${unknown})`}`, () => {
    const said = oracle(trace);
    const results = conformTrace({ profile, pipeline, events: transcript.map(eventOf) });
    expect(results.map(({ step: _, ...result }) => result)).toEqual(said);
    transcript.forEach((event, i) => check(event, [said[i]]));
  });
});

test("there are scenarios, some of them with rows in any order and most of them known to the reference", () => {
  const traces = scenarios.map(({ scenario }) => traceOf(scenario));
  const permuted = traces.filter(trace => orderMatters(trace) === null).length;
  const known = traces.filter(trace => unknownToOracle(trace) === null).length;
  console.info(`${traces.length} scenarios: ${permuted} permuted, ${known} held against the reference`);
  expect(permuted).toBeGreaterThan(0);
  expect(known).toBeGreaterThan(traces.length * 0.9);
});

describe("the tests can fail", () => {
  test("a transcript that says something else is rejected, and so is what the reference would say", () => {
    const { scenario } =
      scenarios.find(({ name }) => name === "spark-drops-what-is-behind-the-watermark") ?? scenarios[0];
    const said = oracle(traceOf(scenario));
    const lies: Event[] = [
      { expect: [{ window: [0, 10], value: 2 }] },
      { expect: [{ window: [0, 10] }, { window: [10, 20] }] },
      { expect: [{ window: [0, 10] }], dropped: [{ ts: 4 }] },
      {},
    ];
    for (const lie of lies) expect(() => check(lie, [said[1]])).toThrow();
    expect(() => check({ expect: [{ window: [0, 10], value: 1 }] }, [said[1]])).not.toThrow();
  });

  test("where a trigger counts rows another order gives another table, and the rule says so", () => {
    const pipeline = { window: { fixed: 10 }, trigger: { afterCount: 2 }, mode: "accumulating" };
    const input = [1, 2, 3].map(value => ({ input: { key: "k", value, ts: value } }));
    const tableOf = (events: object[]): unknown[] =>
      finalTable(
        conformTrace({ profile: "tidemark", pipeline, events }).flatMap(result => result.panes),
        "accumulating",
      );
    expect(tableOf(input)).not.toEqual(tableOf([...input].reverse()));
    expect(orderMatters(readTrace({ profile: "tidemark", pipeline, events: input }))).toBe("the trigger counts rows");
    const waiting = { ...pipeline, trigger: "afterWatermark" };
    expect(orderMatters(readTrace({ profile: "tidemark", pipeline: waiting, events: input }))).toBeNull();
    expect(orderMatters(readTrace({ profile: "kafka", pipeline: waiting, events: input }))).not.toBeNull();
  });
});
