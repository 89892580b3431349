/**
 * The app in a real browser, as JSON: run by `run.mjs`. How soon it is there, how many bytes that takes, how long frames are
 * while a million rows arrive at full speed, and what the page and the engine hold after replays.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { CDPSession, Page } from "playwright-core";
import { openApp } from "../test/e2e/app.ts";
import { openAtFullSpeed, replayed } from "../test/e2e/full-speed.ts";
import { median, quantile } from "./harness.mjs";

const LOADS = 9;
const REPLAYS = 8;
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
    await page.locator(".cell").first().waitFor();
    cells.push(performance.now() - from);
    await readings.waitFor();
    ready.push(performance.now() - from);
    paints.push(
      await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity),
    );
  }
  await app.close();
  return { firstPaint: median(paints), cells: median(cells), ready: median(ready), rows };
}

interface Attached {
  readonly sessionId: string;
  readonly targetInfo: { readonly type: string };
}

/**
 * A way to speak to everything of the app that has a heap of its own: the page, the kernel's frame, the engine's worker. Workers are
 * reached through the target that they belong to.
 */
async function heaps(page: Page): Promise<() => Promise<{ page: number; engine: number }>> {
  const own = await page.context().newCDPSession(page);
  const others: { session: CDPSession; id: string }[] = [];
  const attach = async (session: CDPSession): Promise<void> => {
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }: Attached) => {
      if (targetInfo.type === "worker") others.push({ session, id: sessionId });
    });
    await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  };
  await attach(own);
  for (const frame of page.frames()) {
    if (frame === page.mainFrame()) continue;
    const session = await page
      .context()
      .newCDPSession(frame)
      .catch(() => null);
    if (session !== null) await attach(session);
  }
  let request = 0;
  const ask = (to: { session: CDPSession; id: string }, method: string): Promise<Record<string, number>> =>
    new Promise(done => {
      const id = ++request;
      const hear = ({ sessionId, message }: { sessionId: string; message: string }): void => {
        const answer = JSON.parse(message) as { id?: number; result?: Record<string, number> };
        if (sessionId !== to.id || answer.id !== id) return;
        to.session.off("Target.receivedMessageFromTarget", hear);
        done(answer.result ?? {});
      };
      to.session.on("Target.receivedMessageFromTarget", hear);
      void to.session.send("Target.sendMessageToTarget", { sessionId: to.id, message: JSON.stringify({ id, method }) });
    });
  return async () => {
    await own.send("HeapProfiler.enable");
    await own.send("HeapProfiler.collectGarbage");
    const { usedSize } = await own.send("Runtime.getHeapUsage");
    let engine = 0;
    for (const other of others) {
      await ask(other, "HeapProfiler.enable");
      await ask(other, "HeapProfiler.collectGarbage");
      const usage = await ask(other, "Runtime.getHeapUsage");
      engine += usage["usedSize"] + (usage["backingStorageSize"] ?? 0);
    }
    if (others.length === 0) throw new Error("The engine's worker was not found.");
    return { page: usedSize, engine };
  };
}

async function replaying(): Promise<Record<string, unknown>> {
  const app = await openAtFullSpeed(ROWS);
  const { page } = app;
  const held = await heaps(page);
  // Checkpoints and loops that are compiled anew take a few replays until they stand.
  for (let i = 0; i < 4; i++) await replayed(page);
  const first = await held();
  const frames: number[] = [];
  const took: number[] = [];
  for (let i = 0; i < REPLAYS; i++) {
    const times = await replayed(page);
    frames.push(...times);
    took.push(times.reduce((sum, time) => sum + time, 0));
  }
  const last = await held();
  await app.close();
  const mega = (bytes: number): number => bytes / 2 ** 20;
  return {
    frames: { p50: quantile(frames, 0.5), p95: quantile(frames, 0.95), most: Math.max(...frames) },
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
