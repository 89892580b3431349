/** A log that is read a group of rows at a time, through the local server into a real page: played, sought, edited. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parquetOf, testRows } from "../connectors/groups/files.ts";
import { notebookWith, openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

const ROWS = testRows(30_000, 500);

let app: RunningApp;
let page: Page;
const parts: string[] = [];

beforeAll(async () => {
  app = await openApp({
    text: notebookWith("Large", [
      [
        "text/x-typescript",
        `const log = source("log.parquet", {
  eventTime: "at", arrivalTime: {column: "arrived", unit: "ms"}, watermark: bounded("5 s"), memory: "groups",
});`,
      ],
      ["text/x-typescript", `const perKey = log.groupby("part").rollup({n: op.count()});`],
    ]),
    beside: { "log.parquet": parquetOf(ROWS, 2_000) },
  });
  page = app.page;
  page.on("response", response => {
    if (response.url().endsWith("/host/readPart")) parts.push(response.headers()["content-range"] ?? "");
  });
});

afterAll(() => app?.close());

const readings = (): Promise<string> => page.locator(".readings").innerText();

async function see(what: () => Promise<string>, expected: RegExp): Promise<void> {
  const end = Date.now() + 30_000;
  let seen = "";
  while (Date.now() < end) {
    seen = (await what()).trim();
    if (expected.test(seen)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`the screen says ${JSON.stringify(seen)}, not ${expected}`);
}

test("nothing but the footer is read until play, and then all of it comes in parts", async () => {
  await see(readings, /0 of 30,000 rows/);
  const before = parts.length;
  await page.getByRole("button", { name: /To the end/ }).click();
  await see(readings, /^(?!0 of).*30,000.*rows/s);
  const table = page.locator(".cell").nth(1).locator(".grid-frame");
  await table.scrollIntoViewIfNeeded();
  const counts = [0, 1, 2].map(part => ROWS.filter(row => row.part === part).length.toLocaleString("en"));
  for (const count of counts) await table.getByText(count, { exact: true }).first().waitFor();
  // Fifteen groups, each fetched in one go.
  expect(parts.length - before).toBeGreaterThanOrEqual(14);
  expect(parts.every(range => /^bytes (\d+-\d+|\*)\/\d+$/.test(range))).toBe(true);
  expect(app.complaints).toEqual([]);
});
