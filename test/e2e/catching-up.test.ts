/** An edit on a long log as it is seen: the slider answers with partial results, Escape stops them, and they go on when told to. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { notebookWith, openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";
import { Looker } from "./looker.ts";

const ROWS = 150_000;

/** An hour of rows in order. */
function log(): string {
  const base = Date.UTC(2026, 0, 1, 12);
  return Array.from(
    { length: ROWS },
    (_, i) => `{"key":"k${(i * 7919) % 200}","at":${base + i * 24},"v":${(i * 31) % 1_000}}`,
  ).join("\n");
}

let app: RunningApp;
let look: Looker;

beforeAll(async () => {
  app = await openApp({
    text: notebookWith("Edits", [
      ["text/x-typescript", 'const least = view(Inputs.range([0, 900], {label: "least", step: 100, value: 0}));'],
      [
        "text/x-typescript",
        // A trigger that asks after every few rows takes its time.
        'const totals = events\n  .filter(d => d.v >= least)\n  .groupby("key")\n  .window(sliding("5 min", "10 s"))\n  .trigger(afterWatermark({early: repeatedly(afterCount(3))}))\n  .rollup({total: d => op.sum(d.v)});',
      ],
      // Below what it is read by, because only what is on the screen is updated.
      ["text/x-typescript", 'const events = source("events.jsonl", {eventTime: "at"});'],
    ]),
    beside: { "events.jsonl": log() },
  });
  look = new Looker(app.page);
  await app.page.getByText(/^0 of 150,000 rows/).waitFor({ timeout: 60_000 });
  await look.toTheEnd();
}, 240_000);

afterAll(() => app?.close());

test("an edit is said to be under way, can be stopped by Escape and gone on with", async () => {
  const { page } = app;
  const slider = page.getByRole("slider", { name: "least" });
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText(/^catching up \d+ %$/).waitFor();
  await page.getByText(/^partial, \d+ %/).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText(/^stopped at \d+ %$/).waitFor();
  expect(await page.getByText(/^partial, \d+ %/).count()).toBe(1);
  await page.getByRole("button", { name: "Go on catching up" }).click();
  await page.getByText(/^150,000 of 150,000 rows, complete$/).waitFor({ timeout: 120_000 });
  expect(await page.getByText(/^partial, \d+ %/).count()).toBe(0);
}, 180_000);
