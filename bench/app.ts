/**
 * The app in a real browser, as JSON: run by `run.mjs`. How soon it is there, how many bytes that takes, how long frames are
 * while a million rows arrive at full speed, and what the page and the engine hold after replays.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { openApp } from "../test/e2e/app.ts";
import { traceFrames } from "../test/e2e/frame-trace.ts";
import { openAtFullSpeed, replayed } from "../test/e2e/full-speed.ts";
import { heaps } from "../test/e2e/heaps.ts";
import { median, quantile } from "./harness.mjs";

const LOADS = 9;
const REPLAYS = 8;
/** And those that are traced, afterwards: tracing takes time of its own. */
const TRACED = 4;
/** Replays before memory is looked at: loops are compiled anew in the first ones, and checkpoints come up to their number. */
const WARM = 4;
const ROWS = 1_000_000;

/** Bytes, compressed, of what a page asks for before it paints: its scripts, styles, and fonts of Latin text. */
function shell(): number {
  const folder = join(import.meta.dirname, "../out/renderer");
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const named = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, name]) => name);
  const styles = named.filter(name => name.endsWith(".css")).map(name => readFileSync(join(folder, name), "utf8"));
  const fonts = [...styles.join("").matchAll(/(?:inter|spline-sans-mono)-latin-wght-normal-[^)"']+\.woff2/g)];
  const files = new Set([...named, ...fonts.map(([name]) => join("assets", name.split("/").pop() as string))]);
  return [html, ...[...files].map(name => readFileSync(join(folder, name)))].reduce(
    (sum, content) => sum + gzipSync(content).length,
    0,
  );
}

/**
 * Waits for what the page shows, looking in each of its frames. A locator looks after 0, 20, 70, 170, 270, 770 and 1270 ms, so what it
 * waits for seems to take one of these times.
 */
async function seen(page: Page, shown: () => boolean): Promise<void> {
  await page.waitForFunction(shown, undefined, { polling: "raf" });
}

async function loading(): Promise<{ firstPaint: number; cells: number; ready: number; rows: number }> {
  const app = await openApp({ shipped: "bank-day-totals.html" });
  const { page } = app;
  const readings = page.getByText(/^0 of [\d,]+ rows/);
  await readings.waitFor();
  const rows = Number(/of ([\d,]+) rows/.exec(await readings.innerText())?.[1].replaceAll(",", ""));
  const paints: number[] = [];
  const cells: number[] = [];
  const ready: number[] = [];
  for (let i = 0; i < LOADS; i++) {
    const from = performance.now();
    await page.reload({ waitUntil: "commit" });
    await seen(page, () => document.querySelector(".cell") !== null);
    cells.push(performance.now() - from);
    await seen(page, () => /^0 of [\d,]+ rows/.test(document.querySelector(".readings > .muted")?.textContent ?? ""));
    ready.push(performance.now() - from);
    paints.push(
      await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity),
    );
  }
  await app.close();
  return { firstPaint: median(paints), cells: median(cells), ready: median(ready), rows };
}

async function replaying(): Promise<Record<string, unknown>> {
  const app = await openAtFullSpeed(ROWS);
  const { page } = app;
  const held = await heaps(page);
  for (let i = 0; i < WARM; i++) await replayed(page);
  const first = await held();
  const frames: number[] = [];
  const took: number[] = [];
  for (let i = 0; i < REPLAYS; i++) {
    const times = await replayed(page);
    frames.push(...times);
    took.push(times.reduce((sum, time) => sum + time, 0));
  }
  const last = await held();
  const traced = await traceFrames(app, async () => {
    for (let i = 0; i < TRACED; i++) await replayed(page);
  });
  await app.close();
  const { work, longest, whole, partial, dropped } = traced;
  const mega = (bytes: number): number => bytes / 2 ** 20;
  return {
    frames: { p50: quantile(frames, 0.5), p95: quantile(frames, 0.95), most: Math.max(...frames) },
    trace: {
      p50: quantile(work, 0.5),
      p95: quantile(work, 0.95),
      most: Math.max(...work),
      longest,
      states: [whole, partial, dropped],
      replays: TRACED,
    },
    replay: median(took),
    replays: REPLAYS,
    page: [mega(first.page), mega(last.page)],
    engine: [mega(first.engine), mega(last.engine)],
  };
}

const loads = await loading();
console.log(
  JSON.stringify({ ...loads, ...(await replaying()), shell: shell(), loads: LOADS, cores: availableParallelism() }),
);
