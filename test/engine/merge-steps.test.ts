/** What a run remembers in many small steps is put together, and says the same to whoever reads it later. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { Run, type Tap } from "../../src/engine/run.ts";
import { op } from "../../src/expressions/op.ts";
import { afterCount, afterProcessingTime, afterWatermark } from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed, sessions } from "../../src/model/windows.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { StepBack } from "../../src/session/step-back.ts";
import { type LogRow, logOf, logSource } from "./logs.ts";

const source = logSource("a", bounded(3, { idle: 12 }));
const windows = source
  .groupby("key")
  .window(fixed(10))
  .trigger(afterWatermark({ early: afterProcessingTime(4), late: afterCount(1) }))
  .allowedLateness(10)
  .accumulation("retracting")
  .rollup({ n: op.count(), v: op.sum("v") as never });
const streams: Readonly<Record<string, Stream>> = {
  source,
  windows,
  "late rows": windows.late(),
  progress: source.progress(),
  "after windows": windows.filter("d => d.n > 1" as never),
  sessions: source.groupby("key").window(sessions(7)).rollup({ n: op.count() }),
  balances: source.groupby("key").integrate("v" as never),
};

const logs = fc
  .array(
    fc.record({
      wait: fc.constantFrom(0, 1, 1, 2, 9, 20),
      behind: fc.integer({ min: 0, max: 14 }),
      p: fc.constantFrom("x", "y"),
      key: fc.constantFrom("k", "l", null),
      v: fc.constantFrom(1, 2, null),
    }),
    { minLength: 40, maxLength: 300 },
  )
  .map(list => {
    let at = 100;
    return logOf(list.map(({ wait, behind, ...rest }): LogRow => ({ at: (at += wait), t: at - behind, ...rest })));
  });

function hashing(stream: Stream): { tap: Tap; hash: OutputHash } {
  const hash = new OutputHash();
  return { hash, tap: { node: stream.node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} } };
}

describe.each(Object.entries(streams))("%s", (name, stream) => {
  test("read afterwards, it is what a run in one go says", () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 1, max: 3 }), fc.boolean(), (log, positions, mayBeNew) => {
        // What a source says of its progress is not worked out for nobody, and so not remembered.
        const isNew = mayBeNew && name !== "progress";
        const whole = new Run([windows.node, stream.node], { logs: () => log });
        const expected = hashing(stream);
        whole.tap(expected.tap);
        whole.finish();

        const run = new Run(isNew ? [windows.node] : [windows.node, stream.node], { logs: () => log });
        while (run.advance({ positions }));
        const seen = hashing(stream);
        if (isNew) {
          run.replan([windows.node, stream.node], [seen.tap]);
          run.catchUp();
        } else run.tap(seen.tap);
        expect([seen.hash.rows, seen.hash.digest()]).toEqual([expected.hash.rows, expected.hash.digest()]);
      }),
      { numRuns: 60 },
    );
  });
});

test("a hundred steps are remembered as a few, and those before a checkpoint stay", () => {
  const rows = Array.from({ length: 1_000 }, (_, i): LogRow => ({ at: 100 + i, t: 100 + i, p: "x", v: i }));
  const run = new Run([windows.node], { logs: () => logOf(rows) });
  const steps = (): number => run.checkpoint().remembered;
  while (run.progress.positions < 1_000) run.advance({ positions: 1 });
  expect(steps()).toBeLessThan(40);
  const { remembered, memory } = run.checkpoint();
  expect(memory.slice(0, remembered).reduce((sum, m) => sum + m.step.length, 0)).toBe(run.progress.positions);
  while (run.advance({ positions: 1 }));
  expect(steps()).toBeGreaterThanOrEqual(remembered);
});

test("rows of a log are views of it still", () => {
  const log = logOf(Array.from({ length: 400 }, (_, i): LogRow => ({ at: 100 + i, t: 100 + i, v: i })));
  const plain = logSource("a", bounded(3)).filter("d => d.v > 1" as never);
  const run = new Run([plain.node], { logs: () => log });
  while (run.advance({ positions: 3 }));
  const { memory, remembered } = run.checkpoint();
  expect(remembered).toBeLessThan(40);
  for (const { flows } of memory.slice(0, remembered - 1))
    for (const { main } of flows.values()) {
      expect(main.time.buffer).toBe(log.time.buffer);
      for (const [c, column] of main.batch.columns.entries())
        if (column.type === "number")
          expect(column.values.buffer).toBe((log.batch.columns[c] as typeof column).values.buffer);
    }
});

test("a step backwards finds its row among steps that were put together, and over moments without one", () => {
  const rows = Array.from({ length: 100 }, (_, i): LogRow => ({ at: 100 + 10 * i, t: 100 + 10 * i, p: "x" }));
  const log = { ...logOf(rows), known: 5_000 };
  const early = logSource("a", bounded(3))
    .window(fixed(10))
    .trigger(afterWatermark({ early: afterProcessingTime(4), late: afterCount(1) }))
    .rollup({ n: op.count() });
  const run = new Run([early.node], { logs: () => log });
  let told = 0;
  for (let i = 0; i < rows.length; i++) {
    run.advance({ positions: 1, until: 100 + 10 * i });
    if (run.tick(100 + 10 * i + 6)) told++;
  }
  expect([run.progress.positions, told]).toEqual([100, 100]);
  for (const unit of ["row", "watermark"] as const) {
    const back = new StepBack(run, unit);
    while (back.work(() => false));
    expect(back.positions).toBe(99);
  }
  const { memory, remembered } = run.checkpoint();
  expect(remembered).toBeLessThan(40);
  expect(memory.slice(0, remembered).reduce((sum, m) => sum + m.step.length, 0)).toBe(200);
});
