/**
 * How the app feels while a large log arrives as fast as it can: time between frames of the page, and whether memory grows
 * when the same log is replayed again and again. Bounds are loose, since other work may keep the machine busy; what was
 * measured is printed.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningApp } from "./app.ts";
import { openAtFullSpeed, replayed } from "./full-speed.ts";
import { heaps } from "./heaps.ts";

const ROWS = 200_000;

let app: RunningApp;

beforeAll(async () => {
  app = await openAtFullSpeed(ROWS);
});

afterAll(() => app?.close());

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

test("frames go on while a log arrives at full speed, with a table and a time map on the screen", async () => {
  await replayed(app.page);
  const said: string[] = [];
  const slowest: number[] = [];
  for (let group = 0; group < 3; group++) {
    const frames: number[] = [];
    for (let i = 0; i < 4; i++) frames.push(...(await replayed(app.page)));
    const [p50, p95, most] = [0.5, 0.95, 1].map(q => quantile(frames, q));
    said.push(
      `${frames.length} frames: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, longest ${most.toFixed(0)} ms`,
    );
    expect(frames.length).toBeGreaterThan(20);
    slowest.push(p95);
  }
  console.log(said.join("\n"));
  // Three frames at 60 Hz, in the quietest of three times four replays.
  expect(Math.min(...slowest)).toBeLessThanOrEqual(50.5);
});

test("repeated replays hold no more memory, neither in the page nor in the engine", async () => {
  const held = await heaps(app.page);
  // Checkpoints and loops that are compiled anew take a few replays until they stand.
  for (let i = 0; i < 3; i++) await replayed(app.page);
  const before = await held();
  for (let i = 0; i < 6; i++) await replayed(app.page);
  const after = await held();
  const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  console.log(
    `held by the page: ${mega(before.page)} MiB, then ${mega(after.page)}; by the engine: ${mega(before.engine)}, then ${mega(after.engine)}`,
  );
  expect(after.page).toBeLessThan(1.2 * before.page);
  expect(after.engine).toBeLessThan(1.25 * before.engine);
});
