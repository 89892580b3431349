/** The questions about waiting, asked of *Why has my window not fired?*: who holds the watermark, what for, and what it costs. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";
import { met, milliseconds, sample } from "./by-hand.ts";
import { Looker } from "./looker.ts";

interface Reading {
  readonly partition: number;
  readonly time: string;
  readonly received_at: string;
}

const MINUTE = 60_000;
const readings = sample<Reading>("sensors-silent.jsonl", row => ({
  time: Date.parse(row.time),
  arrival: Date.parse(row.received_at),
  partition: String(row.partition),
}));
const at = (clock: string): number => Date.parse(`2026-07-01T${clock}Z`);
const first = readings[0].arrival;
const last = readings[readings.length - 1].arrival;
/** The watermark after each row. */
const after = met(readings, { delay: 10_000 }).slice(1);

let app: RunningApp;
let look: Looker;

beforeAll(async () => {
  app = await openApp({ shipped: "why-not-fired.html" });
  look = new Looker(app.page);
  await app.page.getByText(/^0 of 536 rows/).waitFor();
});

afterAll(() => app?.close());

/** Lets the log arrive until 12:05, in the midst of the silence. Later tests stand where earlier ones have gone. */
const toTheSilence = (): Promise<number> => look.seek((at("12:05:00") - first) / (last - first));
let now = NaN;

test("2, why has this window not fired: what it needs, who holds it, for how long, and what would release it", async () => {
  now = await toTheSilence();
  expect(Math.abs(now - at("12:05:00"))).toBeLessThan(5_000);
  const spoke = readings.filter(r => r.partition === "3" && r.arrival <= now).at(-1)!;
  const watermark = spoke.time - 10_000;
  const told = await look.story("means", "12:02:00");
  expect(told).toContain("it needs a watermark of 12:02:00 or later; the watermark is at 12:01:30, 30 s short.");
  expect(watermark).toBe(at("12:01:30"));
  const [, silence] = /Held by partition 3, silent for (.+?);/.exec(told)!;
  expect(Math.abs(milliseconds(silence) - (now - spoke.arrival))).toBeLessThan(1_000);
  expect(told).toContain("the next row on 3 from 12:02:10 on would release it");
  expect(told).toContain("No idle timeout is set");
});

test("22, silence is not zero: incomplete windows are hatched, and complete ones are not", async () => {
  const opened = new Set(readings.filter(r => r.arrival <= now).map(r => Math.floor(r.time / MINUTE)));
  const incomplete = [...opened].filter(minute => (minute + 1) * MINUTE > at("12:01:30")).length;
  expect(incomplete).toBe(4);
  await look.says(
    "windowLanes",
    `Of ${opened.size} windows, 0 are closed, 1 complete but still taking late rows, ${incomplete} incomplete.`,
  );
  // The part of a lane before its window is complete is hatched; only the first lane goes on in plain colour.
  const bars = look.chart("windowLanes").locator("g[aria-label=bar]");
  expect(await bars.nth(0).locator("rect").count()).toBe(opened.size);
  expect(await bars.nth(0).getAttribute("fill")).toMatch(/^url\(#/);
  expect(await bars.nth(1).locator("rect").count()).toBe(opened.size - incomplete);
});

test("3, who holds the watermark, and for what share of the time", async () => {
  await look.toTheEnd();
  // The holder after each row: of those with the least watermark the one that held it before.
  const newest = new Map<string, number>();
  const held = new Map<string, number>();
  let holder = "";
  readings.forEach((row, i) => {
    newest.set(row.partition, Math.max(newest.get(row.partition) ?? -Infinity, row.time));
    const least = Math.min(...newest.values());
    if (newest.get(holder) !== least) holder = [...newest].find(([, time]) => time === least)![0];
    const until = readings[i + 1]?.arrival ?? last;
    held.set(holder, (held.get(holder) ?? 0) + until - row.arrival);
  });
  const share = (100 * held.get("3")!) / (last - first);
  const said = /^Partition 3 held the watermark for ([\d.]+) % of the time, at longest for (.+?) from/;
  await expect.poll(async () => Math.abs(Number((await look.says("watermarkHold", said))[1]) - share)).toBeLessThan(1);
  const [, , longest] = await look.says("watermarkHold", said);
  const back = readings.find(r => r.partition === "3" && r.arrival > at("12:02:00"))!;
  expect(milliseconds(longest)).toBeLessThanOrEqual(back.arrival - at("12:01:30"));
  expect(milliseconds(longest)).toBeGreaterThan(4 * MINUTE);
  // One bar of holding in each lane is the mark for it.
  expect(await look.chart("watermarkHold").locator("path.tm-holds").getAttribute("d")).toMatch(/^M/);
});

test("21, what waiting costs: the most windows held at once, and when", async () => {
  await look.toTheEnd();
  // A window is held from its first row until the watermark has passed its end by the allowed lateness.
  const held = (i: number): number => {
    const minutes = new Set(readings.slice(0, i + 1).map(r => Math.floor(r.time / MINUTE)));
    return [...minutes].filter(minute => (minute + 1) * MINUTE + 5 * MINUTE > (after[i] ?? Infinity)).length;
  };
  const most = Math.max(...readings.slice(0, -1).map((_, i) => held(i)));
  await look.says("stateCost", new RegExp(`At most ${most} windows of keys are held at once, at Wed 1 Jul 12:0`));
  await look.says("stateCost", /Allowed lateness of 5 min accounts for [\d.]+ % of what is held over time/);
});

test("4, which partitions are idle: hatched in their lane, and named in the node's story", async () => {
  await look.toTheEnd();
  await app.page.getByLabel("Idle timeout", { exact: true }).selectOption({ label: "1 min" });
  await look.foot("means", /complete/);
  await toTheSilence();
  const chart = look.chart("watermarkHold");
  await chart.scrollIntoViewIfNeeded();
  await expect.poll(() => chart.locator("g[aria-label=rect][fill^=url] rect").count()).toBe(1);
  await app.page.getByRole("tab", { name: "Flow" }).click();
  await app.page.locator(".flow .node", { hasText: "readings" }).first().click();
  const silent = app.page.locator(".plain-table tr", { has: app.page.locator("td:first-child", { hasText: /^3$/ }) });
  await expect.poll(() => silent.innerText()).toMatch(/^3\s+\d+\s+idle\s+3 min \d+ s/);
  for (const other of ["0", "1", "2"])
    expect(
      await app.page
        .locator(".plain-table tr", { has: app.page.locator("td:first-child", { hasText: new RegExp(`^${other}$`) }) })
        .innerText(),
    ).not.toContain("idle");
});

test("4, which partitions are never seen or filtered empty: in their lanes, in words, and in the story of a window that waits", async () => {
  await look.toTheEnd();
  await app.page.getByLabel("Idle timeout", { exact: true }).selectOption({ label: "wait for ever" });
  await look.foot("means", /complete/);
  now = await toTheSilence();
  const brought = (partition: string): number =>
    readings.filter(r => r.partition === partition && r.arrival <= now).length;
  const chart = look.chart("watermarkHold", 1);
  await look.says(
    "watermarkHold",
    `Partition 3 is filtered empty: none of its ${brought("3")} rows passes filter d => d.sensor !== "s3".`,
    1,
  );
  await look.says(
    "watermarkHold",
    "Never seen: partition 4; a partition counts from its first row on, so it holds nothing back.",
    1,
  );
  await look.shows("watermarkHold", `✕ filtered empty (${brought("3")} → 0)`, 1);
  await look.shows("watermarkHold", "never seen", 1);
  // Of the other three every row comes through, and the chart without a filter says nothing of it.
  expect(await chart.getByText("every row passes").count()).toBe(3);
  expect(await look.chart("watermarkHold", 0).getByText("filtered empty").count()).toBe(0);

  const told = await look.story("others", "12:02:00");
  expect(told).toContain("Held by partition 3, silent for");
  expect(told).toContain(
    `Partition 3 is filtered empty: none of the ${brought("3")} rows that it has brought so far passes filter d => d.sensor !== "s3", and yet its watermark counts.`,
  );
  const plain = await look.story("means", "12:02:00");
  expect(plain).not.toContain("filtered empty");

  const lane = chart.locator(`svg [data-explain*='"partition":"3"']`).first();
  await lane.focus();
  await app.page.keyboard.press("Enter");
  const story = app.page.locator(".story");
  await expect.poll(() => story.innerText()).toContain("Partition 3 has held the watermark since 2026-07-01 12:01:");
  expect(await story.innerText()).toContain(`none of the ${brought("3")} rows that it has brought so far passes`);
  expect(app.complaints).toEqual([]);
});
