/** SQL and Arquero in the real app: both start in a frame that may fetch nothing, and a query follows the replay. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

let app: RunningApp;

beforeAll(async () => {
  app = await openApp({
    text: `<!doctype html>
<notebook>
  <title>Asked in SQL</title>
  <script id="1" type="text/x-typescript">
    const bid = source("nexmark-bid.jsonl", {eventTime: "dateTime", arrivalTime: "received_at", watermark: bounded("4 s")});
  </script>
  <script id="2" type="application/sql" output="counted">
    SELECT count(*) AS bids, count(DISTINCT auction) AS auctions FROM bid
  </script>
  <script id="3" type="text/x-typescript">
    counted[0]?.bids === 1840 ? "every bid is there" : "still counting"
  </script>
  <script id="4" type="text/x-typescript">
    const parts = aq.table({part: ["a", "b"]}).derive({twice: d => d.part + d.part})
  </script>
</notebook>
`,
  });
});

afterAll(() => app?.close());

test("a SQL cell answers, and other cells read its rows", async () => {
  const { page } = app;
  const cell = page.locator(".cell").nth(1);
  await cell.locator("tbody tr[aria-rowindex='1']").getByText("0").first().waitFor();
  await page.getByRole("button", { name: "To the end, as fast as possible" }).click();
  await expect
    .poll(() => cell.locator("tbody tr[aria-rowindex='1']").innerText(), { timeout: 10_000 })
    .toContain("1,840");
  await page.locator("[data-kind=string]", { hasText: "every bid is there" }).waitFor();
  const parts = page.locator(".cell").nth(3);
  await parts.locator(".grid-frame").scrollIntoViewIfNeeded({ timeout: 5_000 });
  await parts.locator("tbody tr[aria-rowindex='2']").getByText("bb").waitFor({ timeout: 5_000 });
  expect(app.complaints).toEqual([]);
});
