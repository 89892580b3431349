/**
 * How the app feels while a large log arrives as fast as it can: time between frames of the page, and whether memory grows
 * when the same log is replayed again and again. Bounds are loose, since other work may keep the machine busy; what was
 * measured is printed.
 */
import type { CDPSession } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { notebookWith, openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";
import { Looker } from "./looker.ts";

const ROWS = 200_000;

/** Rows of an hour: mostly in order, some late. Every value follows from its number. */
function log(): string {
  const base = Date.UTC(2026, 0, 1, 12);
  const lines: string[] = [];
  for (let i = 0; i < ROWS; i++) {
    const arrived = base + i * 18;
    const behind = i % 100 === 7 ? 60_000 + ((i * 131) % 300_000) : (i * 37) % 2_000;
    lines.push(`{"key":"k${(i * 7919) % 200}","at":${arrived - behind},"seen":${arrived},"v":${(i * 31) % 1_000}}`);
  }
  return lines.join("\n");
}

let app: RunningApp;
let look: Looker;
let session: CDPSession;

beforeAll(async () => {
  app = await openApp({
    text: notebookWith("Frames", [
      [
        "text/x-typescript",
        'const events = source("events.jsonl", {eventTime: "at", arrivalTime: "seen", watermark: bounded("30 s")});',
      ],
      [
        "text/x-typescript",
        'const totals = events\n  .groupby("key")\n  .window(fixed("1 min"))\n  .allowedLateness("5 min")\n  .rollup({total: d => op.sum(d.v), n: op.count()});',
      ],
      ["text/x-typescript", "timeMap(events, totals)"],
    ]),
    beside: { "events.jsonl": log() },
  });
  look = new Looker(app.page);
  await app.page.getByText(/^0 of 200,000 rows/).waitFor({ timeout: 60_000 });
  await look.chart("timeMap").waitFor();
  session = await app.page.context().newCDPSession(app.page);
  await session.send("HeapProfiler.enable");
});

afterAll(() => app?.close());

const back = (): Promise<void> => app.page.getByRole("button", { name: "Back to the start" }).click();

/** Replays the log from its start and returns the milliseconds between frames meanwhile. */
async function replayed(): Promise<number[]> {
  await back();
  await app.page.getByText(/^0 of 200,000 rows/).waitFor();
  await app.page.evaluate(() => {
    const frames: number[] = [];
    const state = { frames, going: true };
    Object.assign(globalThis, { probe: state });
    const tick = (time: number): void => {
      frames.push(time);
      if (state.going) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await look.toTheEnd();
  const times = await app.page.evaluate(() => {
    const { probe } = globalThis as unknown as { probe: { frames: number[]; going: boolean } };
    probe.going = false;
    return probe.frames;
  });
  return times.slice(1).map((time, i) => time - times[i]);
}

/** Bytes that the page holds after a collection. */
async function held(): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

test("frames go on while a log arrives at full speed, with a table and a time map on the screen", async () => {
  await replayed();
  const said: string[] = [];
  const slowest: number[] = [];
  for (let group = 0; group < 3; group++) {
    const frames: number[] = [];
    for (let i = 0; i < 4; i++) frames.push(...(await replayed()));
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

test("repeated replays hold no more memory", async () => {
  for (let i = 0; i < 2; i++) await replayed();
  const before = await held();
  const after: number[] = [];
  for (let i = 0; i < 5; i++) {
    await replayed();
    after.push(await held());
  }
  const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  console.log(`held by the page: ${mega(before)} MiB, then ${after.map(mega).join(", ")} MiB`);
  expect(after[after.length - 1]).toBeLessThan(1.2 * before);
});
