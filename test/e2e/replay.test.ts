/** What a new user does with the first notebook: look, play, step, turn a knob, edit, save, open again. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

let app: RunningApp;
let page: Page;

/** The log as a reader without any engine sees it: one row per line that is JSON. */
const lines = readFileSync(resolve(import.meta.dirname, "../../samples/bank-payments.jsonl"), "utf8")
  .split("\n")
  .filter(line => line.trim() !== "");

function cell(name: string) {
  return page.locator(".cell").filter({ has: page.locator(".names", { hasText: new RegExp(`(^|, )${name}(,|$)`) }) });
}

/** Waits until a text on the screen is as it should be. */
async function see(what: () => Promise<string>, expected: string | RegExp, patience = 30_000): Promise<void> {
  const end = Date.now() + patience;
  let seen = "";
  while (Date.now() < end) {
    seen = (await what()).trim();
    if (typeof expected === "string" ? seen === expected : expected.test(seen)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`the screen says ${JSON.stringify(seen)}, not ${expected}`);
}

const readings = (): Promise<string> => page.locator(".readings").innerText();
/** What stands under a cell's table; it has to be on the screen to be kept up to date. */
async function foot(name: string): Promise<string> {
  const found = cell(name).locator(".grid-frame");
  await found.scrollIntoViewIfNeeded();
  return (await found.locator(".grid-foot").innerText({ timeout: 5_000 })).trim();
}

/** A slider's value is set as a hand would: the mark is taken to one of its ends. */
async function take(name: string, label: string, key: "Home" | "End"): Promise<void> {
  const slider = cell(name).getByRole("slider", { name: label });
  await slider.focus();
  await slider.press(key);
}

/** The number before a word in the readings of the transport bar. */
async function reading(word: string): Promise<number> {
  const found = new RegExp(`([\\d,]+) ${word}`).exec(await readings());
  return found === null ? NaN : Number(found[1].replaceAll(",", ""));
}

beforeAll(async () => {
  app = await openApp({ shipped: "bank-day-totals.html" });
  page = app.page;
});

afterAll(() => app?.close());

test("the notebook opens with its words, its sources and its cells, and waits at the start", async () => {
  await page.getByRole("heading", { name: "Bank day totals, and the payments that came too late" }).waitFor();
  expect(await page.getByLabel("Title of the notebook").inputValue()).toBe("Bank day totals");
  await cell("payments").locator(".cm-content").getByText('source("bank-payments.jsonl"').waitFor();
  await see(readings, /0 of 5\d,\d{3} rows/);
  await cell("payments").locator(".grid-frame").scrollIntoViewIfNeeded();
  await cell("payments").getByText("No rows yet. Press play to let the log run.").waitFor();
  expect(await page.locator(".flow .node").count()).toBeGreaterThanOrEqual(3);
});

test("stepping lets one row, one watermark, one window in at a time", async () => {
  await page.getByRole("button", { name: "Step one row", exact: true }).click();
  await see(readings, /(^|\s)1 of 5\d,\d{3} rows/);
  await see(() => foot("payments"), /^1 row/);
  await page.getByRole("button", { name: "Step one row", exact: true }).click();
  await see(() => foot("payments"), /^2 rows/);
  const first = await cell("payments").locator("tbody tr[aria-rowindex='1']").innerText();
  const row = JSON.parse(lines[0]) as { id: string; branch: string };
  expect(first).toContain(row.id);
  expect(first).toContain(row.branch);
  await page.getByRole("button", { name: "Step to the next window that fires" }).click();
  await see(() => foot("daily"), /^\d+ rows?/);
});

test("playing lets the log arrive, and the time chart is drawn while it does", async () => {
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
  const before = await reading("of 5");
  await page.waitForTimeout(1_500);
  expect(await reading("of 5")).toBeGreaterThan(before);
  await page.locator("[data-chart=timeMap]").scrollIntoViewIfNeeded();
  await page.locator("[data-chart=timeMap] svg[aria-hidden]").first().waitFor();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
});

test("at the end every line is accounted for: a row, or a line that could not be read", async () => {
  await page.getByRole("button", { name: "To the end, as fast as possible" }).click();
  const good = lines.filter(line => {
    try {
      return typeof JSON.parse(line) === "object";
    } catch {
      return false;
    }
  });
  await see(readings, /complete/);
  const rows = await reading("of 5");
  const bad = Number(/(\d+) bad lines/.exec(await foot("payments"))?.[1]);
  expect(rows + bad).toBe(lines.length);
  expect(rows).toBeLessThanOrEqual(good.length);
  await see(() => foot("daily"), /^\d+ rows[^]*complete/);
});

test("the sliders are answered by the count of dropped rows", async () => {
  const dropped = await reading("dropped");
  await take("delay", "Allowed lateness", "Home");
  await see(async () => String((await reading("dropped")) > dropped), "true");
  const most = await reading("dropped");
  await take("delay", "Watermark delay", "End");
  await see(async () => String((await reading("dropped")) < most), "true");
  await see(readings, /complete/);
  await see(() => foot("dropped"), /^[1-9]\d* rows?/);
});

test("an edited cell is run by Shift-Enter, saved by Ctrl-S, and there again after opening anew", async () => {
  const before = await foot("daily");
  const code = cell("daily").locator(".cm-content");
  await code.getByText('.groupby("branch")').click();
  await page.keyboard.press("End");
  await page.keyboard.press("Shift+Home");
  await page.keyboard.press("Backspace");
  await page.getByText("unsaved", { exact: true }).waitFor();
  await cell("daily").getByText("edited, not run").waitFor();
  await page.keyboard.press("Shift+Enter");
  await see(async () => String((await foot("daily")) !== before), "true");
  await see(() => foot("daily"), /^[34] rows/);
  await page.keyboard.press("Control+s");
  await page.getByText("saved", { exact: true }).waitFor();
  const onDisk = readFileSync(app.notebook, "utf8");
  const shipped = readFileSync(join(import.meta.dirname, "../../notebooks/bank-day-totals.html"), "utf8");
  const words = (text: string): string => text.replace(/\s+/g, " ");
  expect(words(onDisk)).toBe(words(shipped.replace('.groupby("branch")', "")));
  await page.reload();
  await cell("daily").waitFor();
  await cell("daily").scrollIntoViewIfNeeded();
  expect(await cell("daily").locator(".cm-content").innerText()).not.toContain("groupby");
  await see(readings, /0 of 5\d,\d{3} rows/);
});

test("an error stands in its cell, at its line, and goes away when it is mended", async () => {
  await cell("dropped").scrollIntoViewIfNeeded();
  const code = cell("dropped").locator(".cm-content");
  await code.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("const dropped = 1;\nconst more = dropped.nothing.at.all;");
  await page.keyboard.press("Control+Enter");
  const broken = page.locator(".cell[data-status=error]");
  await broken.locator(".cell-error").getByText("line 2").waitFor();
  await broken.locator(".cm-lint-marker-error").waitFor();
  await broken.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("const dropped = daily.late();");
  await page.keyboard.press("Control+Enter");
  await page.locator(".cell[data-status=error]").waitFor({ state: "detached" });
});

test("nothing was complained about on the way", () => {
  expect(app.complaints).toEqual([]);
});
