/** The replay as an instrument, on the screen: stops, steps backwards, and faults. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

let app: RunningApp;
let page: Page;

beforeAll(async () => {
  app = await openApp({ shipped: "streaming-101.html" });
  page = app.page;
});
afterAll(() => app.close());

const readings = (): Promise<string> => page.locator(".readings").innerText();
const panel = () => page.locator(".instrument-panel");

test("a replay stops at a row that was asked for, says which, and steps back from there", async () => {
  await expect.poll(readings).toMatch(/of 9 rows/);
  await page.locator(".instrument > summary").click();
  await panel().locator("select").selectOption("scores");
  await panel().locator('input[aria-label="Which row to stop at"]').fill("d.value >= 8");
  await panel().locator("button", { hasText: "Set" }).click();
  await expect.poll(() => panel().locator("li").innerText()).toContain("d.value >= 8");
  await page.locator('[aria-label^="To the end"]').click();
  await expect.poll(() => page.locator(".stopped-note").innerText()).toBe("stopped at scores");
  expect(await panel().locator(".stopped").innerText()).toContain("value 8");
  await expect.poll(readings).toMatch(/\b5 of 9 rows/);
  await page.locator('[aria-label="Step one row back"]').click();
  await expect.poll(readings).toMatch(/\b4 of 9 rows/);
});

test("faults are switched on and off, and a wrong one says so", async () => {
  await panel().locator("label", { hasText: "lost" }).locator("input").fill("500");
  await panel().locator("button", { hasText: "Disturb" }).click();
  await expect.poll(() => panel().locator(".problem").innerText()).toMatch(/from 0 to 1, not 5/);
  await panel().locator("label", { hasText: "lost" }).locator("input").fill("50");
  await panel().locator("button", { hasText: "Disturb" }).click();
  await expect.poll(() => page.locator(".instrument > summary").innerText()).toContain("faults");
  await panel().locator("button", { hasText: "Leave alone" }).click();
  await expect.poll(() => page.locator(".instrument > summary").innerText()).not.toContain("faults");
  await page.keyboard.press("Escape");
  await expect.poll(() => panel().isVisible()).toBe(false);
  expect(app.complaints).toEqual([]);
});
