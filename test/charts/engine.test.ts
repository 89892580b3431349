/** Holds the tables that the engine computes for charts against the naive twin, on random logs. */
import { expect, test } from "vitest";
import type { Tables } from "../../src/charts/chart.ts";
import * as charts from "../../src/charts/plans.ts";
import { coursesOf } from "../../src/charts/courses.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import { rows } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import type { WireTable } from "../../src/protocol/table.ts";
import { runChart } from "./engine.ts";
import { grouped, type LogRow, randomLog, type Settings, simulate, wire } from "./naive.ts";
import { AGES } from "../../src/charts/knowledge-triangle/plan.ts";
import { bin, correctionsTables, dropCurveTables, latenessTables, ratioBinOf, timeMapTables } from "./tables.ts";

const MINUTE = 60_000;

/** Rows as texts in one order, so that tables compare whatever theirs is. */
function content(
  table: WireTable,
  columns: readonly string[],
  keep: (row: Record<string, unknown>) => boolean = () => true,
): string[] {
  const named = columns.map(name => {
    const column = table.columns.find(c => c.name === name);
    if (column === undefined && table.length > 0) throw new Error(`There is no column "${name}".`);
    return column;
  });
  const out: string[] = [];
  for (let i = 0; i < table.length; i++) {
    const row = Object.fromEntries(named.map((c, k) => [columns[k], c?.values[i]]));
    if (keep(row))
      out.push(
        columns
          .map(c => (typeof row[c] === "number" ? Number((row[c] as number).toPrecision(12)) : row[c]))
          .join(" | "),
      );
  }
  return out.sort();
}

function same(
  actual: Tables,
  expected: Tables,
  name: string,
  columns: readonly string[],
  keep?: (row: Record<string, unknown>) => boolean,
): void {
  const found = content(actual[name], columns, keep);
  expect(found, name).toEqual(content(expected[name], columns, keep));
  expect(found.length, name).toBeGreaterThan(0);
}

function stream(log: readonly LogRow[], settings: Settings): Stream {
  return rows(
    log.map(r => ({
      event: r.event,
      arrival: r.arrival,
      value: r.value,
      partition: r.partition ?? "all",
      key: r.key ?? "all",
    })),
    {
      eventTime: { column: "event", unit: "ms" },
      arrivalTime: { column: "arrival", unit: "ms" },
      partition: settings.partitioned === true ? "partition" : null,
      watermark: bounded(settings.delay, { future: settings.future ?? null }),
    },
  );
}

const windowed = (log: readonly LogRow[], settings: Settings): Stream =>
  stream(log, settings)
    .groupby("key")
    .window(fixed(settings.size))
    .allowedLateness(settings.lateness)
    .rollup({ total: "d => op.sum(d.value)", n: "d => op.count()" });

const CASES: readonly (readonly [number, Settings])[] = [
  [1, { size: 5 * MINUTE, delay: 0, lateness: 0 }],
  [2, { size: 5 * MINUTE, delay: 20_000, lateness: 4 * MINUTE, partitioned: true }],
  [3, { size: 2 * MINUTE, delay: 60_000, lateness: MINUTE, future: 5 * MINUTE }],
];
const logs = new Map(CASES.map(([seed]) => [seed, randomLog(seed, 1_200)]));

test("several sources: the watermark that rows met is never ahead of the slowest source", async () => {
  const settings = { size: 5 * MINUTE, delay: 10_000, lateness: 0 };
  const bothLogs = [5, 6].map(seed => randomLog(seed, 300));
  const [fast, slow] = bothLogs.map((log, i) => stream(log, { ...settings, delay: 100_000 + i * 20_000 }));
  // A source that has come to its end holds nobody back.
  const end = Math.min(...bothLogs.map(log => log[log.length - 1].arrival));
  const both = fast.union(slow).window(fixed("5 min")).rollup({ n: "d => op.count()" });
  const { tables } = await runChart(charts.timeMap(both));
  const courses = coursesOf(tables);
  expect(courses.map(c => c.partition).sort()).toEqual([null, "source 1", "source 2"].sort());
  const at = (partition: string | null, time: number): number => {
    const course = courses.find(c => c.partition === partition);
    const i = course?.at.findLastIndex(t => t <= time) ?? -1;
    return i < 0 ? -Infinity : (course?.watermark[i] as number);
  };
  const main = courses.find(c => c.partition === null);
  expect(main?.at.length).toBeGreaterThan(100);
  for (let i = 0; i < (main?.at.length ?? 0); i++) {
    const time = main?.at[i] as number;
    if (time > end) break;
    expect(main?.watermark[i] as number).toBeLessThanOrEqual(Math.min(at("source 1", time), at("source 2", time)));
  }
});

for (const [seed, settings] of CASES) {
  const log = logs.get(seed) as LogRow[];
  const title = `log ${seed}`;

  test(`${title}: the time map's tables`, async () => {
    const { tables, options } = await runChart(charts.timeMap(windowed(log, settings)));
    const expected = timeMapTables(log, settings, options.cell as number, options.courseStep as number);
    const finite = (row: Record<string, unknown>): boolean => row.watermark !== Infinity;
    same(tables, expected, "rows", ["event_time", "arrived_at", "watermark", "fate"]);
    same(tables, expected, "cells", ["event", "arrival", "fate", "rows"]);
    same(
      tables,
      expected,
      "course",
      ["at", "partition", "watermark", "last"],
      row => row.partition === null && finite(row),
    );
    same(tables, expected, "firings", ["window_start", "window_end", "timing", "at", "panes"]);
    same(tables, expected, "windows", ["window_start", "window_end", "what", "first", "last", "n"]);
  });

  test(`${title}: lateness by both measures`, async () => {
    const { tables, options } = await runChart(charts.lateness(windowed(log, settings)));
    const expected = latenessTables(log, settings, options.driftStep as number);
    for (const name of ["delay", "disorder"]) same(tables, expected, name, ["bin", "rows", "total"]);
    for (const name of ["delayDrift", "disorderDrift"]) same(tables, expected, name, ["at", "bin", "rows", "total"]);
  });

  test(`${title}: the drop curve's margins and counts`, async () => {
    const { tables } = await runChart(charts.dropCurve(windowed(log, settings)));
    const expected = dropCurveTables(log, settings);
    for (const name of ["margins", "disorder"]) same(tables, expected, name, ["bin", "rows", "total"]);
    same(tables, expected, "fates", ["fate", "rows"]);
  });

  test(`${title}: corrections`, async () => {
    const { tables } = await runChart(charts.corrections(windowed(log, settings)));
    same(tables, correctionsTables(log, settings), "corrections", [
      "window_start",
      "window_end",
      "key",
      "on_time",
      "final",
      "on_time_panes",
      "late_panes",
    ]);
  });

  test(`${title}: bothLogs, states, waits and ages`, async () => {
    const { life, panes, fates } = simulate(log, settings, false);
    const lanes = await runChart(charts.windowLanes(windowed(log, settings)));
    same(lanes.tables, { life: wire(life) }, "life", ["key", "window_start", "window_end", "what", "processing_time"]);

    const cost = await runChart(charts.stateCost(windowed(log, settings)));
    const step = cost.options.step as number;
    const count = (all: readonly { what: string }[], ...names: string[]): number =>
      all.filter(l => names.includes(l.what)).length;
    const changes = grouped(
      life,
      l => ({ at: bin(l.processing_time, step) }),
      all => ({ opened: count(all, "opened"), complete: count(all, "on-time"), closed: count(all, "closed") }),
    );
    same(cost.tables, { changes: wire(changes) }, "changes", ["at", "opened", "complete", "closed"]);

    const stable = await runChart(charts.stability(windowed(log, settings)));
    const waits = grouped(
      panes,
      p => ({ key: p.key, window_end: p.window_end }),
      all => ({ wait: Math.max(0, Math.max(...all.map(p => p.emitted_at)) - all[0].window_end) }),
    );
    const binned = grouped(
      waits,
      w => ({ bin: ratioBinOf(w.wait, 8) }),
      all => ({ rows: all.length, total: all.reduce((n, w) => n + w.wait, 0) }),
    );
    same(stable.tables, { waits: wire(binned) }, "waits", ["bin", "rows", "total"]);

    const triangle = await runChart(charts.knowledgeTriangle(windowed(log, settings)));
    const length = triangle.options.step as number;
    const cells = grouped(
      fates,
      f => {
        const age = f.arrived_at - bin(f.event_time, length) - length;
        return { at: bin(f.event_time, length), age: ratioBinOf(age, 8), band: AGES.filter(a => a < age).length };
      },
      all => ({ rows: all.length }),
    );
    same(triangle.tables, { cells: wire(cells) }, "cells", ["at", "age", "band", "rows"]);

    const day = await runChart(charts.wholeDay(windowed(log, settings), { zone: "Asia/Kathmandu", amount: "value" }));
    const quarters = grouped(
      log,
      r => ({ at: bin(r.event, 900_000) }),
      all => ({ rows: all.length, total: all.reduce((n, r) => n + r.value, 0) }),
    );
    same(day.tables, { quarters: wire(quarters) }, "quarters", ["at", "rows", "total"]);
  });

  test(`${title}: flows by when they happened and when they were known`, async () => {
    const { tables } = await runChart(charts.balanceVsFlow(stream(log, settings), { amount: "value", step: "10 min" }));
    const end = (t: number): number => Math.ceil(t / 600_000) * 600_000;
    const cells = grouped(
      log,
      r => ({ at: end(r.event), known: end(r.arrival) }),
      all => ({
        inflow: all.reduce((n, r) => n + Math.max(r.value, 0), 0),
        outflow: all.reduce((n, r) => n + Math.min(r.value, 0), 0),
        rows: all.length,
      }),
    );
    same(tables, { flows: wire(cells) }, "flows", ["at", "known", "inflow", "outflow", "rows"]);
  });

  test(`${title}: the waterfall adds up`, async () => {
    const { tables } = await runChart(charts.waterfall(windowed(log, settings)));
    const { late, panes } = simulate(log, settings, true);
    const value = (name: string, column: string): number =>
      (tables[name].columns.find(c => c.name === column)?.values[0] as number) || 0;
    const onTime = panes.filter(p => p.timing !== "late").reduce((n, p) => n + p.weight * p.total, 0);
    const final = panes.reduce((n, p) => n + p.weight * p.total, 0);
    expect(value("windows", "in") + value("windows", "out")).toBe(onTime);
    expect(value("windows", "late")).toBe(final - onTime);
    expect(value("dropped", "value")).toBe(late.reduce((n, l) => n + l.value, 0));
    expect(final + value("dropped", "value")).toBe(log.reduce((n, r) => n + r.value, 0));
  });
}
