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
    rows => ({ watermark: Math.max(...rows.map(r => r.watermark)) }),
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

export { bin, ratioBinOf };
