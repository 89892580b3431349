/** A notebook that reads a live source, against a server on this machine: connect, watch, lose it, stop, replay what was recorded. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LiveServer } from "../browser/live-server.ts";
import { notebookWith, openApp, type RunningApp } from "./app.ts";

let app: RunningApp;
let page: Page;
const server = new LiveServer();
let port = 0;
let sent = 0;

function event(): void {
  const at = Date.now() - (sent % 7 === 6 ? 6_000 : 100);
  server.event(++sent, { t: at, branch: sent % 2 === 0 ? "Leith" : "Camden", amount: sent });
}

beforeAll(async () => {
  port = await server.start();
  app = await openApp({
    text: notebookWith("Live", [
      [
        "text/x-typescript",
        `const payments = source({url: "http://localhost:${port}/events", format: "sse"}, {
  eventTime: "t",
  partition: "branch",
  watermark: bounded("1 s", {idle: "2 s"}),
});`,
      ],
      [
        "text/x-typescript",
        `const totals = payments.groupby("branch").window(fixed("3 s")).allowedLateness("10 s").accumulation("retracting")
  .trigger(afterWatermark({early: afterProcessingTime("1 s"), late: afterCount(1)}))
  .rollup({total: d => op.sum(d.amount), n: op.count()});`,
      ],
    ]),
  });
  page = app.page;
});

afterAll(async () => {
  await app?.close();
  await server.close();
});

const bar = () => page.locator(".live-bar");
const cell = (name: string) =>
  page.locator(".cell").filter({ has: page.locator(".names", { hasText: new RegExp(`^${name}$`) }) });
const foot = async (name: string): Promise<string> => {
  const grid = cell(name).locator(".grid-frame");
  await grid.scrollIntoViewIfNeeded();
  return grid.locator(".grid-foot").innerText({ timeout: 5_000 });
};

/** The rows of a table as they stand on the screen, once all of them do: a table is not kept up to date out of sight. */
async function table(name: string): Promise<string> {
  const grid = cell(name).locator(".grid-scroll");
  await grid.scrollIntoViewIfNeeded();
  const count = async (): Promise<number> => Number(/^([\d,]+) row/.exec(await foot(name))?.[1] ?? NaN);
  let before = "";
  await expect
    .poll(async () => {
      const [seen, shown] = [before, await grid.innerText()];
      before = shown;
      return (
        seen === shown &&
        shown
          .trim()
          .split("\n")
          .at(-1)
          ?.startsWith(`${await count()}\t`)
      );
    })
    .toBe(true);
  return before;
}

test("asks before it connects, naming the host", async () => {
  await bar().getByText(`localhost:${port}`, { exact: true }).waitFor();
  expect(await bar().innerText()).toContain(`http://localhost:${port}/events`);
  expect(server.asked).toEqual([]);
  await bar().getByRole("button", { name: "Not now" }).click();
  await bar().getByText("Not connected to").waitFor();
  await bar().getByRole("button", { name: "Connect…" }).click();
  await bar().getByRole("button", { name: "Connect", exact: true }).click();
  await bar().getByText("waiting for the first row").waitFor();
});

test("rows appear as they come, and are recorded", async () => {
  for (let i = 0; i < 10; i++) {
    event();
    await page.waitForTimeout(100);
  }
  await expect.poll(() => foot("payments")).toMatch(/^10 rows/);
  await expect.poll(() => bar().innerText()).toMatch(/live[\s\S]*10 rows[\s\S]*recording .* in payments-\S+\.jsonl/);
  await page.locator(".transport .live[aria-pressed=true]").waitFor();
  // Silence alone lets timers fire and windows close.
  await expect.poll(() => foot("totals"), { timeout: 20_000 }).toMatch(/rows/);
});

test("a lost connection is shown with its reason and the next attempt, and can be tried at once", async () => {
  server.down = true;
  server.cut();
  await expect
    .poll(() => bar().innerText())
    .toMatch(/not connected · the server answered 503.* · next try (now|in \d+ s)/);
  await expect.poll(() => bar().getAttribute("data-live")).toBe("retrying");
  server.down = false;
  await bar().getByRole("button", { name: "Retry now" }).click();
  await expect.poll(() => bar().getAttribute("data-live")).toBe("connected");
  expect(server.asked.at(-1)?.lastEventId).toBe("10");
  event();
  await expect.poll(() => foot("payments")).toMatch(/^11 rows/);
});

test("what is paused stands still while rows are recorded; L catches up", async () => {
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  for (let i = 0; i < 4; i++) event();
  await expect.poll(() => bar().innerText()).toMatch(/15 rows/);
  await page.waitForTimeout(2_200);
  expect(await foot("payments")).toMatch(/^11 rows/);
  expect(await page.locator(".transport .live").innerText()).toMatch(/Catch up, \d/);
  await page.locator(".notebook").focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("l");
  await expect.poll(() => foot("payments")).toMatch(/^15 rows/);
});

test("stopped, the source ends; its recording gives the same table, and the edit can be undone", async () => {
  await page.waitForTimeout(3_500);
  await bar().getByRole("button", { name: "Stop" }).click();
  await bar().getByRole("button", { name: "Replay this recording" }).waitFor();
  await expect.poll(() => page.locator(".readings").innerText()).toMatch(/15 of 15 rows, complete/);
  const live = await table("totals");
  expect(live).toMatch(/Leith/);
  const recorded = readdirSync(join(app.folder, "test.html.tidemark", "recordings"));
  expect(recorded.map(name => name.replace(/^payments-[\d-]+/, "*")).sort()).toEqual([
    "*.datapackage.json",
    "*.jsonl",
    "*.parquet",
  ]);

  await bar().getByRole("button", { name: "Replay this recording" }).click();
  await cell("payments")
    .locator(".cm-content")
    .getByText(/source\("payments-.*\.parquet"/)
    .waitFor();
  expect(await cell("payments").locator(".cm-content").innerText()).toContain(
    'watermark: bounded("1 s", {idle: "2 s"}),',
  );
  await expect.poll(() => bar().count()).toBe(0);
  await page.getByRole("button", { name: "Back to the start" }).click();
  await expect.poll(() => page.locator(".readings").innerText()).toMatch(/ 0 of 15 rows|^0 of 15 rows/m);
  await page.getByRole("button", { name: "To the end, as fast as possible" }).click();
  await expect.poll(() => page.locator(".readings").innerText()).toMatch(/15 of 15 rows, complete/);
  expect(await table("totals")).toBe(live);

  await page.locator(".notebook").focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("z");
  await expect.poll(() => cell("payments").locator(".cm-content").innerText()).toContain("/events");

  // Connected to again, it begins anew; nobody is asked about an address that was allowed.
  await page.keyboard.press("Control+Enter");
  const again = bar().getByRole("button", { name: "Connect again" });
  await bar().waitFor();
  // A source that no cell has read for ten seconds is closed, and then connected to anew by itself.
  if (await again.isVisible()) await again.click();
  await bar().getByText("waiting for the first row").waitFor();
  event();
  await expect.poll(() => foot("payments")).toMatch(/^1 row/);
  await page.locator(".transport .live[aria-pressed=true]").waitFor();
  expect(app.complaints.filter(text => !text.includes("503"))).toEqual([]);
});

test("a notebook that is not trusted connects to nothing, and asks for nothing", async () => {
  const { asked } = server;
  const before = asked.length;
  const other = await openApp({
    text: notebookWith("Untrusted", [
      ["text/x-typescript", `const stolen = source({url: "http://localhost:${port}/lines"}, {eventTime: "t"});`],
    ]),
    named: false,
  });
  try {
    await other.page.getByRole("button", { name: /Untrusted/ }).click();
    await other.page.getByText("This is a preview: nothing runs.").waitFor();
    await other.page.waitForTimeout(1_000);
    expect(await other.page.locator(".live-bar").count()).toBe(0);
    await other.page.getByRole("button", { name: "Run this notebook" }).click();
    await other.page.locator(".live-bar").getByRole("button", { name: "Connect", exact: true }).waitFor();
    expect(asked.length).toBe(before);
  } finally {
    await other.close();
  }
});
