/** The tables of each chart, computed naively from a log: what the engine must hand to `draw`. */
import type { Tables } from "../../src/charts/chart.ts";
import { ratioBinOf } from "../../src/charts/bins.ts";
import { grouped, type LogRow, type Settings, simulate, wire } from "./naive.ts";

const bin = (value: number, step: number): number => Math.floor(value / step) * step;

/** Tables of `timeMap`; over 20,000 rows the ones row by row are empty, as the session sends them. */
export function timeMapTables(
  log: readonly LogRow[],
  settings: Settings,
  step: number,
  courseStep: number,
  complete = true,
): Tables {
  const { fates, progress, life, panes } = simulate(log, settings, false, complete);
  const cells = grouped(
    fates,
    f => ({ event: bin(f.event_time, step), arrival: bin(f.arrived_at, step), fate: f.fate }),
    rows => ({ rows: rows.length }),
  );
  const course = grouped(
    progress,
    p => ({ at: bin(p.processing_time, courseStep), partition: p.partition }),
    rows => ({
      watermark: Math.max(...rows.map(r => r.watermark)),
      last: Math.max(...rows.map(r => r.processing_time)),
    }),
  );
  const windows = grouped(
    life,
    l => ({ window_start: l.window_start, window_end: l.window_end, what: l.what }),
    rows => ({
      first: Math.min(...rows.map(r => r.processing_time)),
      last: Math.max(...rows.map(r => r.processing_time)),
      n: rows.length,
    }),
  );
  const firings = grouped(
    panes.filter(p => p.weight > 0),
    p => ({ window_start: p.window_start, window_end: p.window_end, timing: p.timing, at: bin(p.emitted_at, step) }),
    rows => ({ panes: rows.length, emitted: Math.max(...rows.map(r => r.emitted_at)) }),
  );
  const within = <R>(rows: readonly R[], limit: number): readonly R[] => (rows.length <= limit ? rows : []);
  return {
    rows: wire(within(fates, 20_000)),
    cells: wire(cells),
    progress: wire(within(progress, 20_000)),
    course: wire(course),
    windows: wire(windows),
    panes: wire(within(panes, 400)),
    firings: wire(firings),
  };
}

/** Counts values in ratio bins, with their sum. */
function ratios(values: readonly number[], perOctave: number): { bin: number; rows: number; total: number }[] {
  return grouped(
    values,
    v => ({ bin: ratioBinOf(v, perOctave) }),
    all => ({ rows: all.length, total: all.reduce((a, b) => a + b, 0) }),
  );
}

/** Delay and out-of-orderness of each row, as their definitions say, over the watermark of a delay of 0. */
export function latenessOf(
  log: readonly LogRow[],
  settings: Settings,
): { delay: number[]; disorder: number[]; at: number[] } {
  const { fates } = simulate(log, { ...settings, delay: 0, lateness: Infinity }, false);
  return {
    delay: fates.map(f => f.arrived_at - f.event_time),
    disorder: fates.map(f => Math.max(0, f.watermark - f.event_time)),
    at: fates.map(f => f.arrived_at),
  };
}

export function latenessTables(log: readonly LogRow[], settings: Settings, step: number): Tables {
  const { delay, disorder, at } = latenessOf(log, settings);
  const drift = (values: readonly number[]): object[] =>
    grouped(
      values.map((value, i) => ({ value, at: at[i] })),
      v => ({ at: bin(v.at, step), bin: ratioBinOf(v.value, 4) }),
      all => ({ rows: all.length, total: all.reduce((a, b) => a + b.value, 0) }),
    );
  return {
    delay: wire(ratios(delay, 16)),
    disorder: wire(ratios(disorder, 16)),
    delayDrift: wire(drift(delay)),
    disorderDrift: wire(drift(disorder)),
  };
}

export function dropCurveTables(log: readonly LogRow[], settings: Settings): Tables {
  const twin = simulate(log, { ...settings, delay: 0, lateness: 0 }, false);
  const { fates } = simulate(log, settings, false);
  return {
    margins: wire(
      ratios(
        twin.late.map(l => l.margin),
        16,
      ),
    ),
    disorder: wire(ratios(latenessOf(log, settings).disorder, 16)),
    fates: wire(
      grouped(
        fates,
        f => ({ fate: f.fate }),
        all => ({ rows: all.length }),
      ),
    ),
  };
}

export function correctionsTables(log: readonly LogRow[], settings: Settings): Tables {
  const { panes } = simulate(log, settings, true);
  return {
    corrections: wire(
      grouped(
        panes,
        p => ({ window_start: p.window_start, window_end: p.window_end, key: p.key }),
        all => ({
          on_time: all.filter(p => p.timing !== "late").reduce((a, p) => a + p.weight * p.total, 0),
          final: all.reduce((a, p) => a + p.weight * p.total, 0),
          on_time_panes: all.filter(p => p.timing === "on-time" && p.weight > 0).length,
          late_panes: all.filter(p => p.timing === "late" && p.weight > 0).length,
        }),
      ),
    ),
  };
}

export { bin, ratioBinOf };
