/** Sessions in the time map: one that another took in is there until the merge and no longer. */
import { expect, test } from "vitest";
import { CHARTS } from "../../src/charts/index.ts";
import * as charts from "../../src/charts/plans.ts";
import { sceneOf } from "../../src/charts/time-map/scene.ts";
import { incompleteUntil } from "../../src/charts/time-map/window-marks.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { sessions } from "../../src/model/windows.ts";
import { rows } from "../../src/pipeline/sources.ts";
import { runChart } from "./engine.ts";
import { page } from "./page.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 28);

/** Minutes of event time and arrival, of two users. */
const visits = (log: readonly (readonly [string, number, number])[]) =>
  rows(
    log.map(([key, event, arrival]) => ({ key, event: START + event * MINUTE, arrival: START + arrival * MINUTE })),
    {
      eventTime: { column: "event", unit: "ms" },
      arrivalTime: { column: "arrival", unit: "ms" },
      watermark: bounded("20 min"),
    },
  )
    .groupby("key")
    .window(sessions("6 min"))
    .allowedLateness("10 min")
    .accumulation("retracting")
    .rollup({ n: "count()" });

const LOG = [
  ["ann", 0, 1],
  ["ben", 3, 4],
  ["ann", 8, 9],
  ["ann", 4, 12],
  ["ben", 40, 41],
  ["ann", 90, 91],
] as const;

test("a merged session ends with the merge, and the one that took it in goes on", async () => {
  const { tables, options } = await runChart(charts.timeMap(visits(LOG)));
  const scene = sceneOf(tables, options);
  const at = (minutes: number): number => START + minutes * MINUTE;
  const of = (start: number, end: number) => scene.windows.find(w => w.start === at(start) && w.end === at(end));
  const gone = of(8, 14);
  expect(gone).toMatchObject({ opened: at(9), closed: at(12), merged: true });
  expect(gone?.fired).toBeNaN();
  expect(incompleteUntil(gone as never, at(91))).toBe(at(12));
  const whole = of(0, 14);
  expect(whole).toMatchObject({ opened: at(1), fired: at(41), closed: at(91), merged: false });
  expect(incompleteUntil(whole as never, at(91))).toBe(at(41));
  // The other user's session at the same time has nothing to do with it.
  expect(of(3, 9)).toMatchObject({ opened: at(4), fired: at(41), merged: false });
  expect(scene.windows.filter(w => w.merged).length).toBe(1);
});

test("no column stays hatched once its session was merged, complete or closed", async () => {
  const { tables, options } = await runChart(charts.timeMap(visits(LOG)), START + 60 * MINUTE);
  const scene = sceneOf(tables, options);
  const now = START + 60 * MINUTE;
  const hatched = scene.windows.filter(w => incompleteUntil(w, now) === now).map(w => (w.start - START) / MINUTE);
  expect(hatched).toEqual([40]);
  const drawn = CHARTS.timeMap.draw(tables, { ...options, document: page } as never) as HTMLElement;
  expect(drawn.querySelector(".tm-chart-legend")?.textContent).toContain("merged into another");
});
