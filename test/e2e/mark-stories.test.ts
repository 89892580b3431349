/** What a chart gives to those who touch it: a click on a mark tells its story, and rows that are dragged over become a cell. */
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { openApp } from "./app.ts";
import { Looker } from "./looker.ts";

const story = (page: Page): Promise<string> => page.locator(".story").innerText();

/** Clicks in the middle of an element, whatever lies over it. */
async function clickInside(page: Page, mark: Locator): Promise<void> {
  await mark.scrollIntoViewIfNeeded();
  const box = (await mark.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
}

/** Where the first dropped cross of a chart is on the screen. The crosses are one path: the first is where it begins. */
async function firstCross(chart: Locator): Promise<{ x: number; y: number }> {
  const crosses = chart.locator(".tm-dropped path").last();
  await crosses.scrollIntoViewIfNeeded();
  return crosses.evaluate(path => {
    const drawn = path as SVGPathElement;
    const first = drawn.getPointAtLength(4.8).matrixTransform(drawn.getScreenCTM()!);
    return { x: first.x, y: first.y };
  });
}

test("a window's lane says why it has not fired, by mouse and by keyboard", async () => {
  const app = await openApp({ shipped: "why-not-fired.html" });
  const { page } = app;
  const look = new Looker(page);
  await page.getByText(/^0 of 536 rows/).waitFor();
  await look.seek((Date.parse("2026-07-01T12:05:00Z") - Date.parse("2026-07-01T12:00:00Z")) / 600_000);
  await look.says("windowLanes", /incomplete\./);
  const lanes = look.chart("windowLanes").locator("[data-explain]");
  // The window of 12:01, which waits for the silent sensor.
  const waiting = look
    .chart("windowLanes")
    .locator(`[data-explain*='"window_start":${Date.parse("2026-07-01T12:01:00Z")},']`)
    .first();
  await clickInside(page, waiting);
  await expect
    .poll(() => story(page))
    .toContain("needs a watermark of 12:02:00 or later; the watermark is at 12:01:30, 30 s short.");
  expect(await story(page)).toMatch(/Held by partition 3, silent for/);
  expect(await page.getByRole("tab", { name: "Story" }).getAttribute("aria-selected")).toBe("true");

  await lanes.first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect.poll(() => story(page)).toContain("it needs a watermark of 12:03:00 or later");
  expect(app.complaints).toEqual([]);
  await app.close();
});

test("a dropped cross says which settings would have kept the row, and a window's column tells of its keys", async () => {
  const app = await openApp({ shipped: "bank-day-totals.html" });
  const { page } = app;
  const look = new Looker(page);
  await page.getByText(/of 52,053 rows/).waitFor();
  await look.toTheEnd();
  await look.says("delayMap", /dropped|late/);
  const tip = look.chart("delayMap").locator("g[aria-label=tip]");
  // The chart may be drawn once more after the replay has ended, which takes the tip away: so it is pointed at again.
  const pointed = async () => {
    const at = await firstCross(look.chart("delayMap"));
    await page.mouse.move(at.x - 3, at.y);
    await page.mouse.move(at.x, at.y);
    return { at, says: await tip.textContent() };
  };
  await expect.poll(async () => (await pointed()).says).toContain("click for its story");
  const { at } = await pointed();
  await page.mouse.click(at.x, at.y);
  await expect.poll(() => story(page)).toMatch(/Line [\d,]+ of bank-payments\.jsonl has the event time 2026-03-\d\d/);
  expect(await story(page)).toMatch(
    /An allowed lateness of at least .+ would have kept it, or a watermark delay of at least/,
  );

  const column = look.chart("timeMap").locator("[data-explain]").first();
  await column.scrollIntoViewIfNeeded();
  await column.focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => story(page)).toMatch(/branch has \d+ values in this window: .+ \([\d,]+ rows?\)/);
  expect(await story(page)).toMatch(/The window .+ of branch .+ holds [\d,]+ rows/);
  expect(app.complaints).toEqual([]);
  await app.close();
});

test("rows that are dragged over in a time map become a cell with their table", async () => {
  const app = await openApp({ shipped: "why-not-fired.html" });
  const { page } = app;
  const look = new Looker(page);
  await page.getByText(/^0 of 536 rows/).waitFor();
  await look.toTheEnd();
  await look.says("timeMap", /The input is complete/);
  const plot = look.chart("timeMap").locator("figure > svg");
  await plot.scrollIntoViewIfNeeded();
  const box = (await plot.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.4);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.7, { steps: 4 });
  await page.mouse.up();
  const told = await look.chart("timeMap").locator(".tm-chart-selection").innerText();
  const rows = Number(/: (\d+) rows/.exec(told)![1]);
  expect(rows).toBeGreaterThan(10);
  await page.getByRole("button", { name: "Add a cell with these rows" }).click();
  await look.foot("selected", new RegExp(`^${rows} rows`));
  expect(app.complaints).toEqual([]);
  await app.close();
});
