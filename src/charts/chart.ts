/**
 * What a chart is. It has two halves that never meet in one file: `plan` says which pipelines the engine computes (and
 * runs wherever the session runs, without a DOM), `draw` turns their small tables into marks (and runs in the page).
 *
 * The cost of a chart must follow its marks, not the log: a plan aggregates into bins whose number is bounded by the
 * chart's resolution, and what it asks for row by row has a limit, beyond which the session hands over an empty table
 * and the binned one is drawn instead.
 */
import type { Node } from "../pipeline/node.ts";
import type { Stream } from "../pipeline/stream.ts";
import type { WireTable } from "../protocol/table.ts";
import type { ScaleSide } from "./shared-scales.ts";

/** A stretch of processing time in milliseconds since the epoch: from the first arrival of the log to the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The value of a cell such as `timeMap(daily)`: plain data that the session recognises by its marker. */
export interface ChartSpec {
  readonly tidemark: "chart";
  readonly chart: string;
  readonly streams: Readonly<Record<string, Node>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a plan is made from. */
export interface ChartArguments<O = Readonly<Record<string, unknown>>> {
  readonly streams: Readonly<Record<string, Stream>>;
  readonly options: O;
  /** The log's processing time, where it is known; bins are chosen from it. Null: they are chosen from the windows. */
  readonly span: Span | null;
}

export interface ChartPlan<O = never> {
  /** The builder's name, as written in a cell. */
  readonly name: string;
  readonly title: string;
  /** The question it answers, for the palette and help. */
  readonly question: string;
  /** The pipelines to run, by the name of the table that `draw` reads. */
  plan(args: ChartArguments<O>): Readonly<Record<string, Stream>>;
  /** Most rows of a table that `draw` wants to see; a longer table is handed over empty. Other tables are bounded by their bins. */
  readonly limits?: Readonly<Record<string, number>>;
  /** What `draw` has to know of the pipeline and of the bins. Plain data, merged into the options of `draw`. */
  facts?(args: ChartArguments<O>): Readonly<Record<string, unknown>>;
}

export type Tables = Readonly<Record<string, WireTable>>;

/** What every `draw` takes. All of it is optional but the width. */
export interface DrawOptions {
  /** Pixels. Default 720. */
  readonly width?: number;
  /** Pixels of the plot itself; each chart has its own default. */
  readonly height?: number;
  /** The present moment of a replay, processing time in ms; null or absent at rest. */
  readonly now?: number | null;
  /** Whether the replay has come to its end, and the input is complete. */
  readonly finished?: boolean;
  /** The log's processing time, so that the axes stand still while it replays. */
  readonly span?: Span | null;
  /** IANA zone of written times. Default: the zone of the windows, else UTC. */
  readonly timeZone?: string | null;
  /** Where elements are made; default the page's. */
  readonly document?: Document;
  /** The scales that it shares with another drawing of the same chart. */
  readonly scales?: ScaleSide;
}

export interface ChartDrawing<O = unknown> {
  readonly name: string;
  draw(tables: Tables, options: DrawOptions & O): HTMLElement | SVGElement;
  /** The chart in one or two sentences with numbers, also for those who cannot see it. */
  summary(tables: Tables, options: DrawOptions & O): string;
}

/** A chart as the list of all charts shows it. */
export type Chart<O = never> = ChartPlan<O> & ChartDrawing<O>;

/** Says whether a cell's value is a chart. */
export function isChart(value: unknown): value is ChartSpec {
  return typeof value === "object" && value !== null && (value as { tidemark?: unknown }).tidemark === "chart";
}
