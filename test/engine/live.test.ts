/** Runs over logs that grow: what they say does not depend on when the rows were handed in, nor on the ticks in between. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sliceBatch } from "../../src/columns/batch.ts";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { Run, type Tap } from "../../src/engine/run.ts";
import { op } from "../../src/expressions/op.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { afterCount, afterProcessingTime, afterWatermark, repeatedly } from "../../src/model/triggers.ts";
import { fixed } from "../../src/model/windows.ts";
import { identity } from "../../src/pipeline/identity.ts";
import type { SourceLog } from "../../src/pipeline/source-log.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { type LogRow, logOf, logSource } from "./logs.ts";

/** The log as it was when everything up to `known` had come in; `rows` of it at least. */
function sofar(log: SourceLog, known: number, rows: number): SourceLog {
  return {
    ...log,
    ended: undefined,
    batch: sliceBatch(log.batch, 0, rows),
    time: log.time.subarray(0, rows),
    arrival: log.arrival.subarray(0, rows),
    partition: log.partition?.subarray(0, rows) ?? null,
    known,
  };
}

function hashing(stream: Stream): { tap: Tap; hash: OutputHash } {
  const hash = new OutputHash();
  return { hash, tap: { node: stream.node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} } };
}

/** The panes of a run that sees the log grow, with the moments at which it is looked at. */
function live(stream: Stream, source: Stream, log: SourceLog, moments: readonly number[]): string {
  let present = sofar(log, moments[0] ?? 0, 0);
  const { tap, hash } = hashing(stream);
  const run = new Run([stream.node], { logs: () => present });
  run.tap(tap);
  const id = identity(source.node);
  let rows = 0;
  for (const known of moments) {
    while (rows < log.arrival.length && log.arrival[rows] <= known) rows++;
    present = sofar(log, known, rows);
    run.extend(id, present);
    run.finish();
    run.tick(known);
    expect(run.progress.finished).toBe(false);
  }
  run.extend(id, log);
  run.finish();
  expect(run.progress.finished).toBe(true);
  return hash.digest();
}

function replayed(stream: Stream, log: SourceLog): string {
  const { tap, hash } = hashing(stream);
  const run = new Run([stream.node], { logs: () => log });
  run.tap(tap);
  run.finish();
  return hash.digest();
}

const source = logSource("a", bounded(3, { idle: 12 }));
const pipelines: Readonly<Record<string, Stream>> = {
  "idle partitions": source
    .groupby("key")
    .window(fixed(10))
    .rollup({ n: op.count(), v: op.sum("v") as never }),
  "early panes by processing time": source
    .groupby("key")
    .window(fixed(20))
    .trigger(afterWatermark({ early: afterProcessingTime(7), late: afterCount(1) }))
    .allowedLateness(15)
    .accumulation("retracting")
    .rollup({ n: op.count() }),
  "aligned timers alone": source
    .window(fixed(50))
    .trigger(repeatedly(afterProcessingTime(8, { aligned: true })))
    .accumulation("accumulating")
    .rollup({ n: op.count() }),
};

const rows = fc
  .array(
    fc.record({
      wait: fc.constantFrom(0, 0, 1, 2, 9, 25),
      behind: fc.integer({ min: 0, max: 12 }),
      p: fc.constantFrom("x", "y"),
      key: fc.constantFrom("k", "l"),
    }),
    { maxLength: 25 },
  )
  .map(list => {
    let at = 100;
    return list.map(({ wait, behind, p, key }, v): LogRow => ({ at: (at += wait), t: at - behind, p, key, v }));
  });

describe.each(Object.entries(pipelines))("%s", (_, stream) => {
  test("live equals the replay of what came, whenever it is looked at", () => {
    fc.assert(
      fc.property(
        rows.filter(list => list.length > 0),
        fc.array(fc.integer({ min: 95, max: 400 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 90 }),
        (list, looks, after) => {
          const last = list[list.length - 1].at as number;
          const log = { ...logOf(list), ended: last + after };
          const moments = looks.filter(at => at <= last + after).sort((a, b) => a - b);
          expect(live(stream, source, log, moments)).toBe(replayed(stream, log));
        },
      ),
      { numRuns: 200 },
    );
  });
});

test("an idle timeout fires by the heartbeat alone", () => {
  const first = { at: 100, t: 50, p: "y" };
  let present: SourceLog = sofar(logOf([first, { at: 101, t: 100, p: "x" }]), 101, 2);
  const run = new Run([source.node], { logs: () => present });
  run.finish();
  const id = identity(source.node);
  expect(run.feed(id)?.watermark).toBe(47);
  // A row keeps x awake; y is silent, but not yet for long enough.
  present = sofar(logOf([first, { at: 101, t: 100, p: "x" }, { at: 110, t: 108, p: "x" }]), 111, 3);
  run.extend(id, present);
  run.finish();
  expect(run.feed(id)?.watermark).toBe(47);
  run.extend(id, { ...present, known: 112 });
  run.finish();
  expect(run.feed(id)?.watermark).toBe(105);
});

test("silence is not remembered, and takes no position", () => {
  const log = logOf([{ at: 100, t: 100, p: "x" }]);
  const run = new Run([source.node], { logs: () => sofar(log, 1_000, 1) });
  run.finish();
  const { positions } = run.progress;
  for (let at = 200; at <= 1_000; at += 100) expect(run.tick(at)).toBe(false);
  expect(run.progress.clock).toBe(1_000);
  expect(run.progress.positions).toBe(positions);
  expect(run.tick(2_000)).toBe(false);
  expect(run.progress.clock).toBe(1_000);
});

test("errors of a growing log are told as they are found", () => {
  const told: unknown[] = [];
  const error = (line: number) => ({ line, field: "t", value: "?", reason: "no time" });
  const errors = source.errors();
  const first = { ...logOf([{ at: 1, t: 1, p: "x" }], [error(2)]), known: 5 };
  const run = new Run([errors.node], { logs: () => first });
  run.tap({ node: errors.node, apply: flow => void told.push(flow.count), reset: () => {} });
  run.finish();
  run.extend(identity(source.node), {
    ...logOf(
      [
        { at: 1, t: 1, p: "x" },
        { at: 7, t: 7, p: "x" },
      ],
      [error(2), error(3), error(4)],
    ),
    known: 9,
  });
  run.finish();
  expect(told.filter(count => count !== 0)).toEqual([1, 2]);
});
