/** Ways to look at a replay: order a table, keep it still, travel in time, ask a row for its story, take a chart or a script away. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Download, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

let app: RunningApp;
let page: Page;

const rows = readFileSync(resolve(import.meta.dirname, "../../samples/bank-payments.jsonl"), "utf8")
  .split("\n")
  .flatMap(line => {
    try {
      return [JSON.parse(line) as { amount?: unknown; branch?: unknown; booked_at?: unknown }];
    } catch {
      return [];
    }
  })
  .filter(row => typeof row.amount === "number");

function cell(name: string): Locator {
  return page.locator(".cell").filter({ has: page.locator(".names", { hasText: new RegExp(`(^|, )${name}(,|$)`) }) });
}

const clock = (): Promise<string> => page.locator(".readings .clock").innerText();

async function textOf(download: Download): Promise<string> {
  return readFileSync(await download.path(), "utf8");
}

beforeAll(async () => {
  app = await openApp({ shipped: "bank-day-totals.html" });
  page = app.page;
  await page.getByText(/^0 of 5\d,\d{3} rows/).waitFor();
});

afterAll(() => app?.close());

test("a table is ordered by a click on its heading, over all rows and not only those on the screen", async () => {
  await page.getByRole("button", { name: "To the end, as fast as possible" }).click();
  await page.getByText(/rows, complete/).waitFor();
  await cell("payments").locator(".grid-frame").scrollIntoViewIfNeeded();
  const heading = cell("payments").getByTitle("Sort by amount");
  const top = cell("payments").locator("tbody tr[aria-rowindex='1']");
  const write = (amount: number): string => amount.toLocaleString("en-US", { minimumFractionDigits: 2 });
  await heading.click();
  await expect.poll(() => top.innerText()).toContain(write(Math.min(...rows.map(row => row.amount as number))));
  await heading.click();
  await expect.poll(() => top.innerText()).toContain(write(Math.max(...rows.map(row => row.amount as number))));
  await cell("payments").locator("th[aria-sort=descending]").waitFor();
  await heading.click();
  await cell("payments").locator("th[aria-sort=descending]").waitFor({ state: "detached" });
});

test("far rows are there when one scrolls to them", async () => {
  const frame = cell("payments").locator(".grid-scroll");
  await frame.evaluate(element => (element.scrollTop = element.scrollHeight));
  const total = Number(
    /[\d,]+/.exec(await cell("payments").locator(".grid-foot").innerText())?.[0].replaceAll(",", ""),
  );
  const last = cell("payments").locator(`tbody tr[aria-rowindex='${total}']`);
  await expect.poll(() => last.innerText()).toMatch(/2026-03-3[01]/);
  expect(await cell("payments").locator("tbody tr").count()).toBeLessThan(60);
});

test("the replay goes back in time, and a frozen table stays", async () => {
  await cell("daily").locator(".grid-frame").scrollIntoViewIfNeeded();
  await expect.poll(() => cell("daily").locator(".grid-foot").innerText()).toContain("complete");
  await cell("daily").getByRole("button", { name: "freeze" }).click();
  const kept = await cell("daily").locator("tbody").innerText();
  const strip = page.getByRole("slider", { name: "Processing time of the replay" });
  await strip.focus();
  await strip.press("Home");
  for (let i = 0; i < 4; i++) await strip.press("Shift+ArrowRight");
  await expect.poll(clock).toMatch(/^2026-03-28 1\d:/);
  expect(await cell("daily").locator("tbody").innerText()).toBe(kept);
  await cell("daily").getByRole("button", { name: "frozen" }).click();
  await expect.poll(() => cell("daily").locator("tbody").innerText()).not.toBe(kept);
  await expect.poll(() => cell("daily").locator(".grid-foot").innerText()).toContain("so far");
});

test("a row tells its story, by a click and by the keyboard", async () => {
  await cell("payments").locator(".grid-frame").scrollIntoViewIfNeeded();
  await cell("payments")
    .locator(".grid-scroll")
    .evaluate(element => (element.scrollTop = 0));
  await cell("payments").locator("tbody tr[aria-rowindex='2']").click();
  const story = page.locator(".story");
  await story.getByText("Row 2").waitFor();
  await expect.poll(() => story.locator("p").count()).toBeGreaterThan(0);
  await expect.poll(() => story.innerText()).not.toContain("Asking");
  await cell("payments").locator(".grid-scroll").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await story.getByText("Row 3").waitFor();
});

test("times are written in the zone that is chosen, which is stated once per column", async () => {
  await expect.poll(() => cell("payments").locator("th .zone").first().innerText()).toBe("UTC");
  const before = await clock();
  await page.locator(".readings .zone").click();
  await expect.poll(() => cell("payments").locator("th .zone").first().innerText()).toBe("London");
  // In March the clocks of London are those of UTC until the 29th, 01:00.
  expect((await clock()).slice(0, 13)).toBe(before.slice(0, 13));
  const strip = page.getByRole("slider", { name: "Processing time of the replay" });
  await strip.focus();
  await strip.press("End");
  await expect.poll(clock).toMatch(/^2026-03-31 01:49:.*London/s);
});

test("the columns of a stream are offered where its rows are meant", async () => {
  await cell("daily").scrollIntoViewIfNeeded();
  await cell("daily").locator(".cm-content").getByText("op.sum(d.amount)").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("const daily = payments.filter(d => d.");
  const offered = page.locator(".cm-tooltip-autocomplete");
  await offered.getByText("booked_at").waitFor();
  await offered.getByText("amount").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Control+z");
});

test("a chart is taken away as a picture with its colours written out", async () => {
  const chart = page.locator("[data-chart=timeMap]");
  await chart.scrollIntoViewIfNeeded();
  await chart.locator("svg[aria-hidden]").first().waitFor();
  await chart.hover();
  const [svg] = await Promise.all([page.waitForEvent("download"), chart.getByRole("button", { name: "SVG" }).click()]);
  expect(svg.suggestedFilename()).toBe("timeMap.svg");
  const text = await textOf(svg);
  expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(text).toMatch(/stroke: rgb\(/);
  const [png] = await Promise.all([page.waitForEvent("download"), chart.getByRole("button", { name: "PNG" }).click()]);
  expect(
    readFileSync(await png.path())
      .subarray(1, 4)
      .toString(),
  ).toBe("PNG");
});

test("a stream is exported from the menu, looked at, and saved", async () => {
  await page.getByRole("button", { name: "Export", exact: true }).click();
  const menu = page.getByRole("menu");
  await menu
    .locator("div", { has: page.locator("h3", { hasText: "payments" }) })
    .getByRole("menuitem", { name: "TypeScript script" })
    .click();
  const text = page.locator(".export-text");
  await text.getByText("bank-payments.jsonl").first().waitFor();
  const shown = await text.innerText();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /^Save / }).click(),
  ]);
  expect((await textOf(file)).trim()).toBe(shown.trim());
});

test("steps go back as well, by one row at a time", async () => {
  await page.getByRole("button", { name: "Back to the start" }).click();
  const rowsIn = (): Promise<string> => page.locator(".readings").innerText();
  await page.getByRole("button", { name: "Step one row", exact: true }).click();
  await page.getByRole("button", { name: "Step one row", exact: true }).click();
  await page.getByRole("button", { name: "Step one row", exact: true }).click();
  await expect.poll(rowsIn).toMatch(/(^|\s)3 of 5/);
  await page.getByRole("button", { name: "Step one row back" }).click();
  await expect.poll(rowsIn).toMatch(/(^|\s)2 of 5/);
});

test("nothing was complained about on the way", () => {
  expect(app.complaints).toEqual([]);
});
