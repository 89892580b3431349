/** Names that are loaded with the first cell that uses them: the kernel's frame may fetch nothing but its own scripts, and does. */
import { afterAll, expect, test } from "vitest";
import { notebookWith, openApp, type RunningApp } from "./app.ts";

let app: RunningApp | undefined;

afterAll(() => app?.close());

test("Plot and Arquero come with the first cell that uses them, and cells below wait for it", async () => {
  const ts = "text/x-typescript";
  app = await openApp({
    text: notebookWith("Library", [
      [ts, "const points = aq.from([{x: 1, y: 2}, {x: 2, y: 4}, {x: 3, y: 9}]).objects();"],
      [ts, "const drawing = Plot.plot({marks: [Plot.dot(points, {x: 'x', y: 'y'})]});\ndisplay(drawing);"],
      [ts, "const dots = drawing.querySelectorAll('circle').length;"],
    ]),
  });
  const { page } = app;
  await page.getByText("dots: 3").waitFor();
  expect(await page.locator('[data-cell="2"] circle').count()).toBe(3);
  const scripts = await page
    .frames()
    .find(frame => frame.url().includes("//k-"))
    ?.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  // Its own three, and one for each of what was loaded later.
  expect(scripts?.length).toBeGreaterThanOrEqual(5);
  expect(app.complaints).toEqual([]);
});
