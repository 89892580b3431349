/** `timeMap`, the engine's half: rows and panes in both times, one by one while they are few, in cells beyond that. */
import { Stream } from "../../pipeline/stream.ts";
import { stepFor, timeBin } from "../bins.ts";
import type { ChartArguments, ChartPlan } from "../chart.ts";
import { courseStep, courseTables, expectedTables, windowLives } from "../shared-plans.ts";
import { fatesOf, sourcesBelow, windowFacts, windowedBelow } from "../twins.ts";

export interface TimeMapOptions {
  /** Width and height of a cell of binned rows, ms. Default: chosen so that the log's span has at most 160. */
  readonly step?: number | null;
}

/** Cells along each axis at most. Rows lie near the diagonal, so a log fills a small part of the 160 × 160 cells. */
const CELLS = 160;

export const timeMap: ChartPlan<TimeMapOptions> = {
  name: "timeMap",
  title: "Time map",
  question:
    "Where is time? Event time against processing time, with the watermark, the windows and what came too late.",
  limits: { rows: 20_000, progress: 20_000, windows: 20_000, life: 3_000, panes: 400 },
  plan(args) {
    const stream = args.streams.stream;
    const fates = fatesOf(stream);
    const step = cellOf(args);
    const tables: Record<string, Stream> = {
      rows: fates,
      cells: fates
        .groupby({ event: timeBin("event_time", step), arrival: timeBin("arrived_at", step) }, "fate")
        .rollup({ rows: "d => op.count()" }),
    };
    Object.assign(tables, courseTables(args));
    const node = windowedBelow(stream.node);
    if (node !== undefined && node.strategy.window.kind !== "global") {
      const windowed = new Stream(node);
      tables.windows = windowLives(node);
      if (node.strategy.window.kind === "sessions") tables.life = windowed.life();
      Object.assign(tables, expectedTables(node, { keyed: false }));
      tables.panes = windowed.panes();
      tables.firings = windowed
        .panes()
        .filter("d => d.weight > 0")
        .groupby("window_start", "window_end", "timing", { at: timeBin("emitted_at", step) })
        .rollup({ panes: "d => op.count()", emitted: "d => op.max(d.emitted_at)" });
    }
    return tables;
  },
  facts: args => ({
    ...windowFacts(args.streams.stream),
    cell: cellOf(args),
    courseStep: courseStep(args),
    sources: sourcesBelow(args.streams.stream.node).length,
  }),
};

function cellOf({ options, span, streams }: ChartArguments<TimeMapOptions>): number {
  return options.step ?? stepFor(span, CELLS, windowFacts(streams.stream).windowSize);
}
