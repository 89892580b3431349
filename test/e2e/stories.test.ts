/** The questions that bring people here, answered on the screen: why has this window not fired, and why was this row dropped? */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { openApp } from "./app.ts";

function table(page: Page, name: string) {
  return page
    .locator(".cell")
    .filter({ has: page.locator(".names", { hasText: new RegExp(`(^|, )${name}(,|$)`) }) })
    .locator(".grid-frame");
}

/** Replays until a row of a stream satisfies a predicate. */
async function stopAt(page: Page, stream: string, predicate: string): Promise<void> {
  await page.locator(".instrument > summary").click();
  const panel = page.locator(".instrument-panel");
  await panel.locator("select").selectOption(stream);
  await panel.locator('input[aria-label="Which row to stop at"]').fill(predicate);
  await panel.locator("button", { hasText: "Set" }).click();
  await expect.poll(() => panel.locator("li").innerText()).toContain(predicate);
  await page.keyboard.press("Escape");
  await page.locator('[aria-label^="To the end"]').click();
  await expect.poll(() => page.locator(".stopped-note").innerText()).toBe(`stopped at ${stream}`);
}

/** Clicks a row of a table, counted from 1, and reads its story. */
async function storyOf(page: Page, name: string, row: number): Promise<() => Promise<string>> {
  const grid = table(page, name);
  await grid.scrollIntoViewIfNeeded();
  await grid.locator(`tbody tr[aria-rowindex='${row}']`).click();
  return () => page.locator(".story").innerText();
}

test("why has this window not fired?", async () => {
  const app = await openApp({ shipped: "why-not-fired.html" });
  const { page } = app;
  await expect.poll(() => page.locator(".readings").innerText()).toMatch(/of 536 rows/);
  await stopAt(page, "readings", "d.time >= 1782907548000");
  const story = await storyOf(page, "means", 2);
  await expect
    .poll(story)
    .toContain("it needs a watermark of 12:02:00 or later; the watermark is at 12:01:30, 30 s short.");
  expect(await story()).toMatch(/Held by partition 3, silent for 4 min/);
  expect(await story()).toContain("the next row on 3 from 12:02:10 on would release it.");
  expect(app.complaints).toEqual([]);
  await app.close();
});

test("why was this row dropped?", async () => {
  const app = await openApp({ shipped: "bank-day-totals.html" });
  const { page } = app;
  await expect.poll(() => page.locator(".readings").innerText()).toMatch(/of 52,053 rows/);
  await page.locator('[aria-label^="To the end"]').click();
  await expect.poll(() => page.locator(".readings").innerText()).toMatch(/complete/);
  const story = await storyOf(page, "dropped", 1);
  await expect
    .poll(story)
    .toMatch(/Line [\d,]+ of bank-payments\.jsonl has the event time 2026-03-\d\d [\d:.]+ Europe\/London/);
  expect(await story()).toMatch(
    /An allowed lateness of at least .+ would have kept it, or a watermark delay of at least/,
  );
  expect(app.complaints).toEqual([]);
  await app.close();
});
