/** The charts of the gallery, each with its data and options. */
import type { DrawOptions, Tables } from "../../src/charts/chart.ts";
import { CHARTS } from "../../src/charts/index.ts";
import type { ChartName } from "../../src/charts/plans.ts";
import { randomLog, STREAMING_101 } from "./naive.ts";
import { page } from "./page.ts";
import { correctionsTables, dropCurveTables, latenessTables, timeMapTables } from "./tables.ts";

export interface Figure {
  readonly name: string;
  readonly question: string;
  readonly element: Element;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export function figures(): Figure[] {
  const out: Figure[] = [];
  const add = (chart: ChartName, title: string, tables: Tables, options: object): void => {
    const { question, draw } = CHARTS[chart];
    const all = { width: 720, document: page, ...options } as DrawOptions & never;
    out.push({ name: `${chart}: ${title}`, question, element: draw(tables, all) });
  };
  const facts = {
    windowKind: "fixed",
    accumulation: "accumulating",
    keys: ["key"],
    outputs: ["total", "n"],
    zone: null,
  };
  const small = { size: 2 * MINUTE, delay: 0, lateness: MINUTE };
  const span101 = { start: STREAMING_101[0].arrival, end: STREAMING_101[8].arrival };
  const small101 = timeMapTables(STREAMING_101, small, 10_000, 1_000);
  add("timeMap", "Streaming 101", small101, {
    ...facts,
    windowSize: small.size,
    allowedLateness: MINUTE,
    span: span101,
  });

  const start = Date.UTC(2026, 2, 28);
  const mid = randomLog(3, 1_500, { length: 2 * HOUR, start });
  const midSettings = { size: 10 * MINUTE, delay: 30_000, lateness: 5 * MINUTE, partitioned: true };
  const now = start + 1.3 * HOUR;
  const spanMid = { start: mid[0].arrival, end: mid[mid.length - 1].arrival };
  add(
    "timeMap",
    "in mid-replay",
    timeMapTables(
      mid.filter(r => r.arrival <= now),
      midSettings,
      MINUTE,
      10_000,
      false,
    ),
    { ...facts, windowSize: midSettings.size, allowedLateness: midSettings.lateness, span: spanMid, now },
  );
  const days = randomLog(5, 52_000, { length: 72 * HOUR, start, scale: 4 });
  const day = { size: 24 * HOUR, delay: 5 * MINUTE, lateness: 2 * HOUR };
  const spanDays = { start: days[0].arrival, end: days[days.length - 1].arrival };
  add("timeMap", "52,000 rows over three days", timeMapTables(days, day, 30 * MINUTE, 10 * MINUTE), {
    ...facts,
    windowSize: day.size,
    allowedLateness: day.lateness,
    span: spanDays,
    cell: 30 * MINUTE,
  });
  const lab = randomLog(8, 12_000, { length: 6 * HOUR, start });
  const spanLab = { start: lab[0].arrival, end: lab[lab.length - 1].arrival };
  const labSettings = { size: 10 * MINUTE, delay: 30_000, lateness: 2 * MINUTE };
  const labFacts = {
    ...facts,
    windowSize: labSettings.size,
    allowedLateness: labSettings.lateness,
    delay: 30_000,
    span: spanLab,
  };
  add("lateness", "six hours", latenessTables(lab, labSettings, 5 * MINUTE), { ...labFacts, driftStep: 5 * MINUTE });
  add("dropCurve", "six hours", dropCurveTables(lab, labSettings), labFacts);
  add("corrections", "six hours", correctionsTables(lab, labSettings), { ...labFacts, value: "total" });
  return out;
}
