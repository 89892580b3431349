/** The bars of `lateness` count whole bins: each is asked for just the rows that it shows. */
import { expect, test } from "vitest";
import { CHARTS } from "../../src/charts/index.ts";
import type { MarkStory } from "../../src/charts/stories.ts";
import { randomLog } from "./naive.ts";
import { page } from "./page.ts";
import { latenessTables } from "./tables.ts";

test("a bar is as high as the share of rows that lie between the bounds it asks about", () => {
  const log = randomLog(31, 3_000, { length: 40 * 60_000 });
  const tables = latenessTables(log, { size: 60_000, delay: 0, lateness: 0 }, 120_000);
  const drawn = CHARTS.lateness.draw(tables, {
    document: page,
    width: 900,
    driftStep: 120_000,
  } as never) as HTMLElement;
  const bars = [...drawn.querySelectorAll("g[aria-label=rect] rect[data-explain]")]
    .map(rect => ({
      height: Number(rect.getAttribute("height")),
      values: (JSON.parse(rect.getAttribute("data-explain")!) as MarkStory).values as Record<string, number>,
    }))
    .filter(({ values }) => (values["measure"] as unknown) === "delay");
  expect(bars.length).toBeGreaterThan(10);
  const counts = bars.map(
    ({ values: { low, high } }) => log.filter(r => r.arrival - r.event >= low && r.arrival - r.event < high).length,
  );
  // Each row of any delay at all is in one bar.
  expect(counts.reduce((n, c) => n + c)).toBe(log.filter(r => r.arrival - r.event >= 1).length);
  const most = counts.indexOf(Math.max(...counts));
  bars.forEach(({ height }, i) => expect(height / bars[most].height).toBeCloseTo(counts[i] / counts[most], 1));
});
