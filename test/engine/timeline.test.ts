/** How runs are cut into steps: order of arrival over several sources, ends, bundles, micro-batches, side outputs. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rowAt, sliceBatch } from "../../src/columns/batch.ts";
import { SourceFeed } from "../../src/engine/feed.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { lowerBound, upperBound } from "../../src/engine/bounds.ts";
import { Timeline, type TimedStep } from "../../src/engine/timeline.ts";
import { type Profile, PROFILES } from "../../src/model/profiles.ts";
import { bounded, type WatermarkStrategy } from "../../src/model/watermarks.ts";
import type { SourceLog } from "../../src/pipeline/source-log.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { logOf, logSource } from "./logs.ts";

interface Given {
  readonly log: SourceLog;
  readonly watermark?: WatermarkStrategy;
  readonly reads?: readonly string[];
}

function timelineOf(
  sources: Readonly<Record<string, Given>>,
  { profile = PROFILES.tidemark, microBatch = null as number | null, feeds = [] as SourceFeed[] } = {},
): Timeline {
  const timeline = new Timeline(profile as Profile, microBatch);
  timeline.sources = Object.entries(sources).map(([id, { log, watermark = bounded(0), reads = [] }]) => {
    const feed = new SourceFeed(logSource(id, watermark).node as SourceNode, log, profile as Profile);
    feeds.push(feed);
    return { id, feed, reads: new Set(["main", ...reads]) };
  });
  return timeline;
}

/** Position, clock, source and value of each row, and the watermarks after each position, over all steps. */
function everything(
  timeline: Timeline,
  positions: number,
  /** Called when there is nothing more to say: says whether there is, after all. */
  more: () => boolean = () => false,
): {
  rows: [position: number, clock: number, source: string, value: unknown][];
  watermarks: Record<string, number[]>;
  ends: number[];
} {
  const rows: [number, number, string, unknown][] = [];
  const watermarks: Record<string, number[]> = {};
  const ends: number[] = [];
  for (;;) {
    const timed = timeline.step({ positions, until: Infinity }, true);
    if (timed === null && more()) continue;
    if (timed === null) return { rows: rows.sort((a, b) => a[0] - b[0]), watermarks, ends };
    const { step } = timed;
    for (const [id, { main }] of timed.flows) {
      for (let i = 0; i < main.count; i++) {
        const at = main.at === null ? i : main.at[i];
        rows.push([step.first + at, step.clock[at], id, rowAt(main.batch, i)["v"]]);
      }
      (watermarks[id] ??= []).push(...main.watermark);
    }
    if (step.bundleEnd !== null) ends.push(...step.bundleEnd);
  }
}

const two = (): Record<string, Given> => ({
  a: {
    log: logOf([
      { t: 1, v: 1 },
      { t: 5, v: 2 },
      { t: 5, v: 3 },
    ]),
  },
  b: {
    log: logOf([
      { t: 2, v: 4 },
      { t: 5, v: 5 },
      { t: 9, v: 6 },
    ]),
    watermark: bounded(1),
  },
});

describe("several sources", () => {
  test("rows come in order of arrival, and of the sources where that is equal", () => {
    const { rows } = everything(timelineOf(two()), 100);
    expect((rows as unknown[][]).map(([, ...rest]) => rest)).toEqual([
      [1, "a", 1],
      [2, "b", 4],
      [5, "a", 2],
      [5, "a", 3],
      [5, "b", 5],
      [9, "b", 6],
    ]);
  });

  test("one that has given its last row ends at the next position and holds nobody back", () => {
    // Rows: a1 b2 a5 a5, then the end of a, then b5 b9, then the end of b.
    expect(everything(timelineOf(two()), 100).watermarks).toEqual({
      a: [1, 1, 5, 5, Infinity, Infinity, Infinity, Infinity],
      b: [-Infinity, 1, 1, 1, 1, 4, 8, Infinity],
    });
  });

  test("bundles go on over the end of a source, wherever steps are cut", () => {
    for (const positions of [1, 2, 3, 100])
      expect(everything(timelineOf(two(), { profile: PROFILES.beam }), positions).ends).toEqual([
        1, 1, 0, 0, 0, 1, 1, 1,
      ]);
  });

  test("steps of any length say the same", () => {
    const whole = everything(timelineOf(two()), 100);
    for (const positions of [1, 2, 5]) expect(everything(timelineOf(two()), positions)).toEqual(whole);
  });

  test("one without rows ends as well, as soon as the others have begun", () => {
    const timeline = timelineOf({ a: { log: logOf([]) }, b: { log: logOf([{ t: 3 }, { t: 4 }]) } });
    expect(everything(timeline, 10).watermarks).toEqual({
      a: [-Infinity, Infinity, Infinity, Infinity],
      b: [3, 3, 4, Infinity],
    });
    expect(timeline.ended).toBe(true);
  });
});

test("a single source ends at a position of its own, at the clock of its last row", () => {
  const timeline = timelineOf({ a: { log: logOf([{ t: 1 }, { t: 7 }]) } });
  const steps: TimedStep[] = [];
  for (let s = timeline.step({ positions: 10, until: Infinity }, true); s !== null; ) {
    steps.push(s);
    s = timeline.step({ positions: 10, until: Infinity }, true);
  }
  expect(steps.map(({ step }) => [step.first, [...step.clock], step.last])).toEqual([
    [0, [1, 7], false],
    [2, [7], true],
  ]);
});

test("takes nothing later than it is told, and does not end before the end of time", () => {
  const timeline = timelineOf({ a: { log: logOf([{ t: 1 }, { t: 5 }, { t: 5 }, { t: 9 }]) } });
  const take = (until: number): number | undefined => timeline.step({ positions: 10, until }, true)?.step.length;
  expect([take(0), take(5), take(5), timeline.next(), take(9), take(50), timeline.ended]).toEqual([
    undefined,
    3,
    undefined,
    9,
    1,
    undefined,
    false,
  ]);
  expect([take(Infinity), timeline.ended, take(Infinity)]).toEqual([1, true, undefined]);
});

describe("bundles", () => {
  const log = logOf([
    { t: 100, at: 1, v: 1 },
    { t: 5, at: 1, v: 2 },
    { t: 110, at: 2, v: 3 },
    { t: 90, at: 3, v: 4 },
    { t: 95, at: 3, v: 5 },
  ]);

  test("are the rows of one moment, wherever steps are cut", () => {
    for (const positions of [1, 2, 3, 100])
      expect(everything(timelineOf({ a: { log } }, { profile: PROFILES.beam }), positions).ends).toEqual([
        0, 1, 1, 0, 1, 1,
      ]);
  });

  test("rows of a bundle all meet the watermark of the bundle before", () => {
    for (const positions of [1, 2, 3, 100])
      expect(everything(timelineOf({ a: { log } }, { profile: PROFILES.beam }), positions).watermarks["a"]).toEqual([
        -Infinity,
        100,
        110,
        110,
        110,
        Infinity,
      ]);
  });
});

describe("micro-batches", () => {
  const log = (base: number): SourceLog =>
    logOf([1, 9, 10, 11, 30].map((at, i) => ({ t: base + at, at: base + at, v: i })));

  test.each([0, 1_767_225_600_000])(
    "show rows at the end of their batch, one on the bound in the next (from %d)",
    base => {
      const timeline = timelineOf({ a: { log: log(base) } }, { microBatch: 10 });
      expect(everything(timeline, 3).rows).toEqual([
        [0, base + 10, "a", 0],
        [1, base + 10, "a", 1],
        [2, base + 20, "a", 2],
        [3, base + 20, "a", 3],
        [4, base + 40, "a", 4],
      ]);
    },
  );

  test("under spark, rows of a batch meet the watermark of the batch before", () => {
    const timeline = timelineOf({ a: { log: log(0) } }, { microBatch: 10, profile: PROFILES.spark });
    expect(everything(timeline, 2).watermarks["a"]).toEqual([-Infinity, 9, 9, 11, 30, Infinity]);
  });
});

describe("side outputs of sources", () => {
  const rowsOf = (flow: Flow): unknown[] => Array.from({ length: flow.count }, (_, i) => rowAt(flow.batch, i));

  test("errors are told once, with the first step, and only where somebody reads them", () => {
    const error = { line: 3, field: "t", value: "?", reason: "no time" };
    const log = logOf([{ t: 1 }, { t: 2 }], [error]);
    const timeline = timelineOf({ a: { log, reads: ["errors"] } });
    const first = timeline.step({ positions: 1, until: Infinity }, true);
    const second = timeline.step({ positions: 1, until: Infinity }, true);
    expect(rowsOf(first?.flows.get("a")?.["errors"] as Flow)).toEqual([error]);
    expect(second?.flows.get("a")?.["errors"]).toBeUndefined();
    const unread = timelineOf({ a: { log } }).step({ positions: 1, until: Infinity }, true);
    expect(unread?.flows.get("a")?.["errors"]).toBeUndefined();
  });

  test("progress tells each move of the watermark, by partition and combined", () => {
    const log = logOf([
      { t: 10, at: 0, p: "x" },
      { t: 4, at: 1, p: "y" },
      { t: 12, at: 20, p: "x" },
    ]);
    const timeline = timelineOf({ a: { log, watermark: bounded(0, { idle: 10 }), reads: ["progress"] } });
    const timed = timeline.step({ positions: 100, until: Infinity }, true);
    const told = rowsOf(timed?.flows.get("a")?.["progress"] as Flow) as Record<string, unknown>[];
    expect(told.map(r => [r["processing_time"], r["partition"], r["watermark"], r["idle"]])).toEqual([
      [0, "x", 10, false],
      [0, null, 10, false],
      [1, "y", 4, false],
      [10, "x", 10, true],
      [11, "y", 4, true],
      [20, "x", 12, false],
      [20, null, 12, false],
      [20, null, Infinity, false],
    ]);
  });
});

test("finds the first value above a limit, and the first at or above it", () => {
  const values = Float64Array.of(1, 3, 3, 7);
  expect([0, 1, 3, 6, 7].map(limit => upperBound(values, limit, 0, 4))).toEqual([0, 1, 3, 3, 4]);
  expect([0, 1, 3, 6, 7, 8].map(limit => lowerBound(values, limit, 0, 4))).toEqual([0, 0, 1, 3, 3, 4]);
});

test("sources that have nothing to say but their rows are merged as others are", () => {
  const rows = fc
    .array(fc.record({ wait: fc.constantFrom(0, 0, 1, 3), behind: fc.integer({ min: 0, max: 9 }) }), { maxLength: 30 })
    .map(list => {
      let at = 10;
      return logOf(list.map(({ wait, behind }, v) => ({ at: (at += wait), t: at - behind, v })));
    });
  fc.assert(
    fc.property(
      fc.array(rows, { minLength: 2, maxLength: 3 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.integer({ min: 8, max: 40 }), { maxLength: 4 }),
      (logs, positions, stops) => {
        // Whoever reads what a source says of its progress makes every position be looked at.
        const said = (reads: readonly string[]): unknown => {
          const timeline = timelineOf(
            Object.fromEntries(logs.map((log, i) => [`s${i}`, { log, watermark: bounded(i), reads }])),
          );
          const out: unknown[] = [];
          for (const until of [...stops.sort((a, b) => a - b), Infinity])
            for (;;) {
              const timed = timeline.step({ positions, until }, true);
              if (timed === null) break;
              const { step, flows } = timed;
              for (let p = 0; p < step.length; p++)
                out.push([
                  step.first + p,
                  step.clock[p],
                  [...flows].map(([id, { main }]) => [
                    id,
                    main.watermark[p],
                    Array.from({ length: main.count }, (_, i) => i)
                      .filter(i => (main.at === null ? i : main.at[i]) === p)
                      .map(i => [rowAt(main.batch, i), main.time[i]]),
                  ]),
                  step.last && p === step.length - 1,
                ]);
            }
          return out;
        };
        expect(said([])).toEqual(said(["progress"]));
      },
    ),
    { numRuns: 300 },
  );
});

/** The first rows of a log, with everything else as it is in the whole. */
function firstOf(log: SourceLog, count: number): SourceLog {
  return {
    ...log,
    batch: sliceBatch(log.batch, 0, count),
    time: log.time.subarray(0, count),
    arrival: log.arrival.subarray(0, count),
    partition: log.partition === null ? null : log.partition.subarray(0, count),
  };
}

test("a log that becomes known little by little says the same as one that is known from the start", () => {
  const rows = fc
    .array(
      fc.record({
        wait: fc.constantFrom(0, 0, 1, 3, 20),
        behind: fc.integer({ min: 0, max: 9 }),
        p: fc.constantFrom("x", "y"),
      }),
      { maxLength: 24 },
    )
    .map(list => {
      let at = 10;
      return list.map(({ wait, behind, p }, v) => ({ t: (at += wait) - behind, at, v, p }));
    });
  const strategies = [bounded(1), bounded(1, { idle: 5 }), bounded(0, { every: 4 })];
  fc.assert(
    fc.property(
      fc.array(rows, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...strategies),
      fc.constantFrom(null, 7),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.integer({ min: 5, max: 90 }), { maxLength: 5 }),
      (logs, watermark, microBatch, positions, stages) => {
        const knownTo = (known: number): SourceLog[] =>
          logs.map(all => {
            const complete = all.length === 0 || known >= all[all.length - 1].at;
            const log = logOf(all);
            return complete ? log : { ...firstOf(log, all.filter(r => r.at <= known).length), known };
          });
        const given = (known: number): Record<string, Given> =>
          Object.fromEntries(knownTo(known).map((log, i) => [`s${i}`, { log, watermark }]));
        const feeds: SourceFeed[] = [];
        const growing = timelineOf(given(-1), { microBatch, feeds });
        const moments = [...stages.sort((a, b) => a - b), Infinity];
        const grow = (): boolean => {
          const known = moments.shift();
          if (known === undefined) return false;
          knownTo(known).forEach((log, i) => feeds[i].ended || feeds[i].extend(log));
          return true;
        };
        expect(everything(growing, positions, grow)).toEqual(
          everything(timelineOf(given(Infinity), { microBatch }), positions),
        );
      },
    ),
    { numRuns: 300 },
  );
});

describe("several sources over one log", () => {
  const strategies: Readonly<Record<string, WatermarkStrategy>> = {
    strict: bounded(0),
    patient: bounded(3),
    impatient: bounded(1, { idle: 4 }),
    guarded: bounded(2, { future: 3 }),
    periodic: bounded(1, { every: 5 }),
  };
  const names = Object.keys(strategies);

  test("take each row at one position, and each hears of it what it would hear alone", () => {
    const logs = fc.array(fc.record({ t: fc.nat(30), at: fc.nat(30), v: fc.nat(9) }), { minLength: 1, maxLength: 12 });
    const property = fc.property(
      logs,
      logs,
      fc.subarray(names, { minLength: 2 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      (rows, others, chosen, another, positions) => {
        const byArrival = (of: typeof rows) => logOf(of.toSorted((x, y) => x.at - y.at));
        const log = byArrival(rows);
        const given: Record<string, Given> = Object.fromEntries(
          chosen.map(name => [name, { log, watermark: strategies[name] }]),
        );
        if (another) given["other"] = { log: byArrival(others), watermark: bounded(1) };
        const together = everything(timelineOf(given), positions);
        const at = (id: string): number[] => together.rows.flatMap(([p, , from]) => (from === id ? [p] : []));
        for (const name of chosen) {
          expect(at(name)).toEqual(at(chosen[0]));
          const alone = everything(timelineOf({ [name]: given[name] }), 1);
          const said = (of: readonly number[]): number[] => of.filter((w, i) => w !== (of[i - 1] ?? -Infinity));
          expect(said(together.watermarks[name])).toEqual(said(alone.watermarks[name]));
          // After each of its rows, the watermark is what it is alone.
          const after = (run: typeof alone, id: string): number[] =>
            run.rows.flatMap(([p, , from]) => (from === id ? [run.watermarks[id][p]] : []));
          expect(after(together, name)).toEqual(after(alone, name));
        }
        expect(everything(timelineOf(given), 1)).toEqual(together);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  test("end together, when none of them has anything more to say", () => {
    const log = logOf([
      { t: 1, v: 1 },
      { t: 2, v: 2 },
    ]);
    const feeds: SourceFeed[] = [];
    const timeline = timelineOf({ a: { log }, b: { log, watermark: bounded(5) } }, { feeds });
    while (timeline.step({ positions: 1, until: 2 }, true) !== null);
    expect(feeds.map(f => [f.offset, f.ended])).toEqual(Array(2).fill([2, false]));
    timeline.step({ positions: 1, until: Infinity }, true);
    expect(feeds.map(f => f.ended)).toEqual([true, true]);
  });
});
