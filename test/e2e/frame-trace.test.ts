/** Reading a frame trace: what counts as a frame's work, and that a real one has frames. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningApp } from "./app.ts";
import { readFrames, traceFrames } from "./frame-trace.ts";
import { openAtFullSpeed, replayed } from "./full-speed.ts";

let app: RunningApp;

beforeAll(async () => {
  app = await openAtFullSpeed(100_000);
});

afterAll(() => app?.close());

test("a frame's work is the processor time of the page's tasks from its begin to the next", () => {
  const thread = (pid: number, tid: number, name: string) => ({
    name: "thread_name",
    ph: "M",
    pid,
    tid,
    ts: 0,
    args: { name },
  });
  const report = (pid: number, state: string) => ({
    name: "PipelineReporter",
    ph: "b",
    pid,
    tid: 9,
    ts: 0,
    args: { frame_reporter: { state } },
  });
  const task = (ts: number, dur: number, tdur: number, tid = 1) => ({
    name: "ThreadControllerImpl::RunTask",
    ph: "X",
    pid: 1,
    tid,
    ts,
    dur,
    tdur,
  });
  const begin = (ts: number) => ({ name: "BeginMainThreadFrame", ph: "I", pid: 1, tid: 1, ts });
  const frames = readFrames([
    thread(1, 1, "CrRendererMain"),
    thread(1, 2, "Compositor"),
    thread(2, 1, "CrRendererMain"),
    report(2, "STATE_DROPPED"),
    ...["STATE_PRESENTED_ALL", "STATE_PRESENTED_ALL", "STATE_PRESENTED_PARTIAL", "STATE_NO_UPDATE_DESIRED"].map(state =>
      report(1, state),
    ),
    // Before the first frame; the frame's own task, in which it begins; another; one of the next frame; another thread's.
    task(0, 900, 900),
    task(1_000, 5_000, 4_000),
    begin(1_500),
    task(7_000, 2_000, 1_500),
    begin(18_000),
    task(17_900, 3_000, 2_500),
    task(9_000, 9_000, 9_000, 2),
    begin(35_000),
    task(34_900, 800, 700),
  ]);
  expect(frames).toEqual({ whole: 2, partial: 1, dropped: 0, work: [5.5, 2.5], longest: 4 });
  expect(() => readFrames([])).toThrow("no frames");
});

test("a replay at full speed is traced", async () => {
  const frames = await traceFrames(app, async () => void (await replayed(app.page)));
  expect(frames.whole + frames.partial).toBeGreaterThan(3);
  expect(frames.work.length).toBeGreaterThan(3);
  expect(frames.longest).toBeGreaterThan(0);
  const median = frames.work.toSorted((a, b) => a - b)[frames.work.length >> 1];
  // Processor time, so that a busy machine makes it little longer; three times the target.
  expect(median).toBeLessThan(48);
});
