/** A notebook whose log is replayed as fast as it can be, with a table and a time map on the screen, and the frames meanwhile. */
import type { Page } from "playwright-core";
import { notebookWith, openApp, type RunningApp } from "./app.ts";

/** Rows, 18 ms apart: mostly in order, some late. Every value follows from its number. */
function log(rows: number): string {
  const base = Date.UTC(2026, 0, 1, 12);
  const lines: string[] = [];
  for (let i = 0; i < rows; i++) {
    const arrived = base + i * 18;
    const behind = i % 100 === 7 ? 60_000 + ((i * 131) % 300_000) : (i * 37) % 2_000;
    lines.push(`{"key":"k${(i * 7919) % 200}","at":${arrived - behind},"seen":${arrived},"v":${(i * 31) % 1_000}}`);
  }
  return lines.join("\n");
}

/** Opens the app on such a notebook and waits until its log has been read. `switches`: more of the browser's command line. */
export async function openAtFullSpeed(rows: number, switches: readonly string[] = []): Promise<RunningApp> {
  const app = await openApp({
    switches,
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
    beside: { "events.jsonl": log(rows) },
  });
  await atTheStart(app.page);
  await app.page.locator("[data-chart=timeMap]").waitFor();
  return app;
}

const atTheStart = (page: Page): Promise<void> => page.getByText(/^0 of [\d,]+ rows/).waitFor({ timeout: 60_000 });

/** Replays the log from its start and returns the milliseconds between frames meanwhile. */
export async function replayed(page: Page): Promise<number[]> {
  await page.getByRole("button", { name: "Back to the start" }).click();
  await atTheStart(page);
  await page.evaluate(() => {
    const frames: number[] = [];
    const state = { frames, going: true };
    Object.assign(globalThis, { probe: state });
    const tick = (time: number): void => {
      frames.push(time);
      if (state.going) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await page.getByRole("button", { name: "To the end, as fast as possible" }).click();
  await page.getByText(/rows, complete/).waitFor();
  const times = await page.evaluate(() => {
    const { probe } = globalThis as unknown as { probe: { frames: number[]; going: boolean } };
    probe.going = false;
    return probe.frames;
  });
  return times.slice(1).map((time, i) => time - times[i]);
}
