/** Two replays side by side on the screen: pin, move a slider, and read what differs; against a simulation written here. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { notebookWith, openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

const START = Date.UTC(2026, 2, 28, 9);
const MINUTE = 60_000;
const WINDOW = 5 * MINUTE;

interface Sale {
  readonly shop: string;
  readonly amount: number;
  readonly at: number;
  readonly arrived: number;
}

/** 400 sales in an hour and a half, one in five of them held up by up to ten minutes. */
function sales(): Sale[] {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  return Array.from({ length: 400 }, (_, i) => {
    const at = START + i * 13_000;
    const held = random() < 0.2 ? Math.floor(random() * 10 * MINUTE) : Math.floor(random() * 2_000);
    return { shop: ["north", "south"][i % 2], amount: 1 + Math.floor(random() * 90), at, arrived: at + held };
  }).toSorted((a, b) => a.arrived - b.arrived);
}

/** Totals by shop and window as a watermark with this delay gives them; what comes behind a closed window is dropped. */
function simulated(delay: number): { totals: Map<string, number>; dropped: number } {
  const totals = new Map<string, number>();
  let watermark = -Infinity;
  let dropped = 0;
  for (const { shop, amount, at } of sales()) {
    const start = Math.floor(at / WINDOW) * WINDOW;
    if (start + WINDOW <= watermark) dropped++;
    else totals.set(`${start} ${shop}`, (totals.get(`${start} ${shop}`) ?? 0) + amount);
    watermark = Math.max(watermark, at - delay);
  }
  return { totals, dropped };
}

const time = (ms: number): string => new Date(ms).toISOString();
const number = (n: number): string => n.toLocaleString("en-US");
const sum = (totals: ReadonlyMap<string, number>): number => [...totals.values()].reduce((a, b) => a + b, 0);

let app: RunningApp;
let page: Page;

beforeAll(async () => {
  app = await openApp({
    text: notebookWith("Sales", [
      [
        "text/x-typescript",
        `const delay = view(durationSlider(["0 s", "15 min"], {label: "Delay", value: "0 s", step: "30 s"}));`,
      ],
      [
        "text/x-typescript",
        `const sales = source("sales.jsonl", {eventTime: "at", arrivalTime: "arrived", watermark: bounded(delay)});`,
      ],
      [
        "text/x-typescript",
        `const totals = sales.groupby("shop").window(fixed("5 min")).rollup({total: d => op.sum(d.amount)});`,
      ],
      ["text/x-typescript", "lateness(sales)"],
    ]),
    beside: {
      "sales.jsonl": sales()
        .map(s => `${JSON.stringify({ ...s, at: time(s.at), arrived: time(s.arrived) })}\n`)
        .join(""),
    },
  });
  page = app.page;
});
afterAll(() => app.close());

const line = () => page.locator(".comparison");
const cell = (id: number) => page.locator(`[data-cell="${id}"]`);
const bar = (): Promise<string> => page.locator(".readings").innerText();

/** What a table shows: its first rows, without the row's number. */
function cellsOf(view: string): Promise<string[][]> {
  return page
    .locator(`[data-view="${view}"] tbody tr:not(.spacer)`)
    .evaluateAll(rows =>
      rows.map(row => [...row.children].slice(1, -1).map(td => (td as HTMLElement).innerText.trim())),
    );
}

test("a pinned replay costs nothing until something differs, and says what to do", async () => {
  await expect.poll(bar).toMatch(/of 400 rows/);
  await page.locator('[aria-label^="To the end"]').click();
  await expect.poll(bar).toMatch(/complete/);
  const before = await cell(3).boundingBox();
  await page.locator("main.notebook").focus();
  await page.keyboard.press("p");
  await expect.poll(() => line().innerText()).toContain("Nothing differs yet. Move a slider");
  expect(await page.locator(".compared-mark").allInnerTexts()).toEqual(Array(3).fill("= same in both"));
  // Nothing on the page has moved for it.
  expect(await cell(3).boundingBox()).toEqual(before);
  expect(await page.locator(".side-label").count()).toBe(0);
});

test("a slider moves the present replay alone, and both stand beside each other with their difference", async () => {
  await cell(3).locator('th button[title="Sort by total"]').click();
  await cell(1)
    .locator('input[type="range"]')
    .fill(String(12 * MINUTE));
  const [strict, patient] = [simulated(0), simulated(12 * MINUTE)];
  expect(strict.dropped).toBeGreaterThan(20);
  const keys = [...new Set([...strict.totals.keys(), ...patient.totals.keys()])];
  const differ = keys.filter(key => strict.totals.get(key) !== patient.totals.get(key)).toSorted();
  const [then, now] = [sum(strict.totals), sum(patient.totals)];
  const share = Number((((now - then) / then) * 100).toPrecision(2));
  const onlyNow = keys.filter(key => !strict.totals.has(key)).length;
  const alone = onlyNow === 0 ? "" : ` (${onlyNow} only now)`;
  await expect
    .poll(() => cell(3).locator(".compared-sentence").innerText())
    .toBe(
      `${differ.length} of ${keys.length} rows differ${alone}; total ${number(then)} → ${number(now)} (+${share} %)`,
    );
  expect(await cell(3).locator(".compared-changes").innerText()).toBe("Delay 0 s → 12 min");
  expect(await cell(3).locator(".side-label").allInnerTexts()).toEqual([
    expect.stringMatching(/^A\s*now\s*Delay 12 min$/),
    expect.stringMatching(/^B\s*pinned\s*Delay 0 s$/),
  ]);
  // The table that was there before is the present one, in the order that was asked for.
  expect(await cell(3).locator('[data-view="3.totals"] th[aria-sort="ascending"]').innerText()).toContain("total");

  // Both tables and the rows that differ, by the numbers.
  const clock = (ms: number): string => time(ms).slice(0, 19).replace("T", " ");
  const rowsOf = (totals: ReadonlyMap<string, number>): string[][] =>
    [...totals].map(([key, total]) => {
      const [start, shop] = key.split(" ");
      return [shop, clock(Number(start)), clock(Number(start) + WINDOW), number(total)];
    });
  // A table asks for its rows when it comes near the screen.
  const within = async (view: string, all: readonly string[][]): Promise<void> => {
    await cell(3)
      .locator(".side")
      .nth(view.startsWith("pinned") ? 1 : 0)
      .scrollIntoViewIfNeeded();
    const known = new Set(all.map(row => row.join("|")));
    const strangers = async (): Promise<unknown> => {
      const shown = (await cellsOf(view)).map(row => row.map(text => text.replace(/\s+/g, " ")).join("|"));
      return { enough: shown.length > 8, strange: shown.filter(row => !known.has(row)) };
    };
    await expect.poll(strangers).toEqual({ enough: true, strange: [] });
  };
  await within("3.totals", rowsOf(patient.totals));
  await within("pinned:3.totals", rowsOf(strict.totals));
  // Ordered is ordered on both sides.
  await expect.poll(() => cell(3).locator('[data-view="pinned:3.totals"] th[aria-sort="ascending"]').count()).toBe(1);
  await cell(3).locator(".differences summary").scrollIntoViewIfNeeded();
  await expect.poll(async () => (await cellsOf("difference:3.totals")).length).toBeGreaterThan(8);
  const differences = await cellsOf("difference:3.totals");
  for (const [what, shop, start, , pinned, present, delta] of differences) {
    const key = `${Date.parse(`${start.replace(/\s+/, "T")}Z`)} ${shop}`;
    expect(differ).toContain(key);
    const [a, b] = [strict.totals.get(key), patient.totals.get(key)];
    expect([what, pinned, present, delta]).toEqual(
      a === undefined
        ? ["only now", "–", number(b ?? NaN), "–"]
        : ["changed", number(a), number(b ?? NaN), `+${number((b ?? NaN) - a)}`],
    );
  }

  // The chart is there twice, and the bar sums it up.
  await cell(4).locator(".side-label").last().scrollIntoViewIfNeeded();
  await expect.poll(() => cell(4).locator(".tm-chart-lateness").count()).toBe(2);
  const said = (await line().innerText()).replace(/\s+/g, " ");
  expect(said).toContain("Delay 0 s → 12 min");
  expect(said).toContain(`2 of 3 outputs depend on it, ${differ.length} rows differ`);
  expect(said).toContain(`dropped ${strict.dropped} → ${patient.dropped}`);
  // A log's own rows are the same whatever the watermark says.
  expect(await cell(2).locator(".compared-mark").innerText()).toBe("= same in both");
});

test("both follow the same clock, backwards too", async () => {
  await page.locator('[aria-label="Back to the start"]').click();
  await expect.poll(() => cell(3).locator(".compared-sentence").innerText()).toBe("No rows yet in either");
  await page.locator('[aria-label^="To the end"]').click();
  await expect.poll(() => cell(3).locator(".compared-sentence").innerText()).toMatch(/rows differ/);
  await page.locator('[aria-label="Step one row back"]').click();
  await expect.poll(bar).toMatch(/\b400 of 400 rows|399 of 400 rows/);
  // Before the end the patient one still waits for windows that the strict one has closed.
  await expect.poll(() => cell(3).locator(".compared-sentence").innerText()).toMatch(/only pinned/);
});

test("the keyboard goes from difference to difference, and lets the pinned replay go", async () => {
  await page.locator("main.notebook").focus();
  await page.keyboard.press("n");
  await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe("compared-head");
  await page.keyboard.press("p");
  await expect.poll(() => line().count()).toBe(0);
  expect(await page.locator(".compared-head, .side-label, .compared-mark, .differences").count()).toBe(0);
  expect(await cell(3).locator('[data-view="3.totals"]').count()).toBe(1);
  // Pinned anew it is the patient one: back at nothing, the strict one is what is new.
  await page.keyboard.press("p");
  await expect.poll(() => line().count()).toBe(1);
  await cell(1).locator('input[type="range"]').fill("0");
  await expect.poll(() => line().innerText()).toContain("Delay 12 min → 0 s");
  await cell(1)
    .locator('input[type="range"]')
    .fill(String(12 * MINUTE));
  await expect.poll(() => line().innerText()).toContain("Nothing differs yet");
  expect(app.complaints).toEqual([]);
});
