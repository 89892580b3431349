/** Draws charts of small logs without a browser and compares pictures and sentences with reviewed ones. */
import type * as Plot from "@observablehq/plot";
import { expect, test } from "vitest";
import { keepBrush } from "../../src/charts/brush.ts";
import type { DrawOptions } from "../../src/charts/chart.ts";
import { correctionsOf } from "../../src/charts/corrections/draw.ts";
import { CHARTS } from "../../src/charts/index.ts";
import { boundsOf, courseLine, sceneOf } from "../../src/charts/time-map/scene.ts";
import { type LogRow, randomLog, simulate, STREAMING_101 } from "./naive.ts";
import { normalised, page } from "./page.ts";
import { correctionsTables, dropCurveTables, latenessTables, timeMapTables } from "./tables.ts";

const MINUTE = 60_000;
const settings = { size: 2 * MINUTE, delay: 0, lateness: MINUTE };
const span = { start: STREAMING_101[0].arrival, end: STREAMING_101[8].arrival };
const options = {
  document: page,
  width: 640,
  windowKind: "fixed",
  windowSize: settings.size,
  allowedLateness: MINUTE,
  keys: ["key"],
  outputs: ["total", "n"],
  delay: 0,
  span,
};

test("every chart says what is missing while there is nothing to draw", () => {
  for (const [name, { draw, summary }] of Object.entries(CHARTS)) {
    const text = draw({}, { document: page } as DrawOptions & never).textContent ?? "";
    expect(text, name).toMatch(/\.$/);
    expect(text.length, name).toBeGreaterThan(25);
    expect(summary({}, {} as never), name).toMatch(/\.$/);
  }
});

test("the time map of Streaming 101 is the reviewed picture", async () => {
  const tables = timeMapTables(STREAMING_101, settings, 10_000, 1_000);
  const { draw, summary } = CHARTS.timeMap;
  expect(summary(tables, options as never)).toBe(
    "9 rows: 1 late but accepted, 1 dropped (11.1 %). The input is complete.",
  );
  await expect(normalised(draw(tables, options as never))).toMatchFileSnapshot("snapshots/time-map.html");
});

test("the time map in mid-replay shows the present and the watermark's lag", () => {
  const seen = STREAMING_101.slice(0, 5);
  const tables = timeMapTables(seen, settings, 10_000, 1_000, false);
  const now = seen[4].arrival;
  const drawn = CHARTS.timeMap.draw(tables, { ...options, now } as never);
  expect(drawn.textContent).toContain("now 12:07:06");
  expect(CHARTS.timeMap.summary(tables, { ...options, now } as never)).toContain(
    "The watermark is at Wed 5 Aug 12:04:19, 2 min 47 s behind.",
  );
});

test("beyond 20,000 rows the time map draws cells, and few elements", () => {
  const log = randomLog(1, 25_000, { length: 3 * 3_600_000 });
  const tables = timeMapTables(log, { size: 600_000, delay: 30_000, lateness: 0 }, 120_000, 20_000);
  const drawn = CHARTS.timeMap.draw(tables, { ...options, cell: 120_000, span: null } as never);
  expect(sceneOf(tables, {}).single).toBe(false);
  expect(drawn.querySelectorAll(".tm-cells").length).toBe(3);
  expect(drawn.querySelectorAll("*").length).toBeLessThan(1_500);
  const total = sceneOf(tables, {}).marks.reduce((n, m) => n + m.rows, 0);
  expect(total).toBe(25_000);
});

test("one clock a day ahead does not squeeze the others into a corner", () => {
  const log: LogRow[] = randomLog(2, 2_000);
  const bad = { ...log[500], event: log[500].event + 86_400_000 };
  const tables = timeMapTables(
    [...log.slice(0, 500), bad, ...log.slice(501)],
    { size: 300_000, delay: 0, lateness: 0, future: 300_000 },
    60_000,
    10_000,
  );
  const bounds = boundsOf(sceneOf(tables, {}), null);
  expect(bounds?.outside).toBe(1);
  expect((bounds?.x[1] ?? 0) - (bounds?.x[0] ?? 0)).toBeLessThan(2 * 3_600_000);
  const text = CHARTS.timeMap.draw(tables, { ...options, span: null } as never).textContent;
  expect(text).toMatch(/1 row lies outside, up to (1 day|23 h 59 min).* ahead of its arrival/);
});

test("the watermark's line stands still between its moves and runs to the border at the end of time", () => {
  const bounds = { x: [0, 100], y: [0, 50], outside: 0, furthest: 0 } as const;
  const course = { partition: null, at: [10, 20, 30], watermark: [5, 40, Infinity], last: [10, 20, 30] };
  expect(courseLine(course, bounds, 50)).toEqual([
    [5, 10],
    [5, 20],
    [40, 20],
    [40, 30],
    [100, 30],
  ]);
});

test("lateness in a sentence, and as the reviewed picture", async () => {
  const log = randomLog(5, 400, { length: 20 * MINUTE });
  const tables = latenessTables(log, { size: MINUTE, delay: 0, lateness: 0 }, 2 * MINUTE);
  const drawn = { ...options, span: null, delay: 30_000, driftStep: 2 * MINUTE } as never;
  expect(CHARTS.lateness.summary(tables, drawn)).toMatch(
    /^Of 400 rows half arrive within \S+ s, 99 % within .+; the latest took .+\. \S+ % came out of order, by up to .+; the delay of 30 s leaves \S+ % behind the watermark\.$/,
  );
  await expect(normalised(CHARTS.lateness.draw(tables, drawn))).toMatchFileSnapshot("snapshots/lateness.html");
});

test("the drop curve names the exact count and a delay for the target", async () => {
  const log = randomLog(6, 3_000);
  const all = { size: 2 * MINUTE, delay: 30_000, lateness: 0 };
  const tables = dropCurveTables(log, all);
  const drawn = { ...options, span: null, delay: 30_000, allowedLateness: 0, target: 0.99 } as never;
  const dropped = simulate(log, all, false).late.length;
  expect(CHARTS.dropCurve.summary(tables, drawn)).toContain(`A delay of 30 s drops ${dropped} rows`);
  expect(CHARTS.dropCurve.summary(tables, drawn)).toMatch(
    /To keep 99 %, a delay of .+ would have done \(between .+ and .+ with 95 % confidence\)\./,
  );
  await expect(normalised(CHARTS.dropCurve.draw(tables, drawn))).toMatchFileSnapshot("snapshots/drop-curve.html");
  const sessions = CHARTS.dropCurve.draw(tables, { ...(drawn as object), windowKind: "sessions" } as never);
  expect(sessions.textContent).toContain("Windows that merge have no curve");
});

test("corrections are the difference between what was said on time and what holds", async () => {
  const log = randomLog(9, 1_500);
  const all = { size: 5 * MINUTE, delay: 10_000, lateness: 10 * MINUTE };
  const tables = correctionsTables(log, all);
  const listed = correctionsOf(tables, ["key"]);
  const { panes } = simulate(log, all, false);
  for (const c of listed) {
    const own = panes.filter(p => p.key === c.key && p.window_start === c.start);
    expect(c.final).toBe(own[own.length - 1].total);
    expect(c.onTime).toBe(own.find(p => p.timing === "on-time")?.total ?? 0);
  }
  expect(listed.length).toBe(new Set(panes.map(p => `${p.key}${p.window_start}`)).size);
  const drawn = { ...options, span: null, value: "total", top: 4 } as never;
  expect(CHARTS.corrections.summary(tables, drawn)).toMatch(
    /^Late rows changed \d+ of \d+ values, in all by .+\. The most changed is .+\.$/,
  );
  await expect(normalised(CHARTS.corrections.draw(tables, drawn))).toMatchFileSnapshot("snapshots/corrections.html");
});

test("a rectangle dragged over the time map says what lies in it", () => {
  const tables = timeMapTables(STREAMING_101, settings, 10_000, 1_000);
  const drawn = CHARTS.timeMap.draw(tables, options as never) as HTMLElement;
  page.body.append(drawn);
  const svg = drawn.querySelector("svg[viewBox^='0 0 640']") as SVGSVGElement;
  const selections: unknown[] = [];
  page.addEventListener("chart-selection", event => selections.push((event as CustomEvent).detail));
  // Without layout the plot's own pixels are the page's.
  const pointer = (type: string, x: number, y: number): void => {
    const made = new (page.defaultView as Window & typeof globalThis).MouseEvent(type, {
      clientX: x,
      clientY: y,
      bubbles: true,
      button: 0,
    });
    svg.dispatchEvent(made);
  };
  pointer("pointerdown", 0, 0);
  pointer("pointermove", 300, 300);
  pointer("pointerup", 10_000, 10_000);
  const said = drawn.querySelector(".tm-chart-selection") as HTMLElement;
  expect(said.textContent).toMatch(/9 rows, 1 late, 1 dropped; 40 s to 6 min 53 s under way\.$/);
  expect(selections.length).toBe(1);
  pointer("pointerdown", 100, 100);
  pointer("pointerup", 101, 100);
  expect(said.textContent).toBe("");
  expect(selections[1]).toBe(null);
  drawn.remove();
});

test("a brush outlives its drawing: the same stretch stays selected where the new axes put it, and a drag goes on", () => {
  const early = timeMapTables(STREAMING_101.slice(0, 6), settings, 10_000, 1_000, false);
  const whole = timeMapTables(STREAMING_101, settings, 10_000, 1_000);
  const drawnTo = (end: number) => ({ ...options, span: { start: STREAMING_101[0].arrival, end } });
  const before = CHARTS.timeMap.draw(early, drawnTo(STREAMING_101[5].arrival) as never) as HTMLElement;
  page.body.append(before);
  const plotOf = (of: HTMLElement): SVGSVGElement =>
    of.querySelector<SVGElement>(".tm-brush")?.ownerSVGElement as SVGSVGElement;
  const pointer = (on: SVGSVGElement, type: string, x: number, y: number): void => {
    const { MouseEvent } = page.defaultView as Window & typeof globalThis;
    on.dispatchEvent(new MouseEvent(type, { clientX: x, clientY: y, bubbles: true, button: 0 }));
  };
  pointer(plotOf(before), "pointerdown", 150, 100);
  pointer(plotOf(before), "pointerup", 300, 250);
  const after = CHARTS.timeMap.draw(whole, drawnTo(STREAMING_101[8].arrival) as never) as HTMLElement;
  before.replaceWith(after);
  keepBrush(before, after);
  const scaleOf = (of: SVGSVGElement) => (of as unknown as Plot.Plot).scale("x") as Plot.Scale;
  const [from, to] = [150, 300].map(px => scaleOf(plotOf(before)).invert?.(px) as number);
  const box = after.querySelector(".tm-brush") as SVGRectElement;
  const left = Number(box.getAttribute("x"));
  expect(scaleOf(plotOf(after)).invert?.(left)).toBeCloseTo(from, 3);
  expect(scaleOf(plotOf(after)).invert?.(left + Number(box.getAttribute("width")))).toBeCloseTo(to, 3);
  // Other axes, so other pixels; and what is said of it is what is there now.
  expect(left).not.toBeCloseTo(150, 0);
  expect(after.querySelector(".tm-chart-selection")?.textContent).toMatch(/^Happened .* rows?/);
  // A drag that is under way when the chart redraws ends on the new drawing.
  pointer(plotOf(after), "pointerdown", 200, 200);
  const again = CHARTS.timeMap.draw(whole, drawnTo(STREAMING_101[8].arrival) as never) as HTMLElement;
  after.replaceWith(again);
  keepBrush(after, again);
  const selections: unknown[] = [];
  again.addEventListener("chart-selection", event => selections.push((event as CustomEvent).detail));
  pointer(plotOf(again), "pointerup", 400, 300);
  const { x } = selections[0] as { x: readonly [number, number] };
  expect(x[0]).toBeCloseTo(scaleOf(plotOf(again)).invert?.(200) as number, 3);
  expect(x[1]).toBeCloseTo(scaleOf(plotOf(again)).invert?.(400) as number, 3);
  again.remove();
});
