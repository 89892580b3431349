/**
 * The look that all charts share: colours by the names of the app's tokens (each with a fallback for a page without
 * them), the figure around a plot, its legend, its notes, and what stands there when there is nothing to draw.
 *
 * Timing is told by colour and by shape: early open, on time filled, late a diamond, dropped a cross, incomplete hatched.
 */
import * as Plot from "@observablehq/plot";
import type { DrawOptions } from "./chart.ts";
import { asksFor, focusable, type MarkStory } from "./stories.ts";
import { timeTicks } from "./time-axis.ts";

export const INK = "var(--ink, #1d1c1a)";
export const INK_SOFT = "var(--ink-3, #716d65)";
export const GRID = "var(--rule, #e6e2da)";
export const PAPER = "var(--paper, #fdfcfa)";
export const ACCENT = "var(--code-keyword, #7a3e9d)";
export const ON_TIME = "var(--time-on-time, #0a68b4)";
export const EARLY = "var(--time-early, #4d8fc7)";
export const LATE = "var(--time-late, #c97800)";
export const DROPPED = "var(--time-dropped, #c8371b)";
export const WATERMARK = "var(--watermark, #1d1c1a)";
export const IDEAL = "var(--ideal, #8a867d)";

/** Colours of what has no timing, such as partitions: told apart by their labels too, never by colour alone. */
export const SERIES = [ON_TIME, LATE, ACCENT, EARLY, INK_SOFT, DROPPED] as const;

/** Colour by pane timing and by fate of a row. */
export const TIMING_COLOURS: Readonly<Record<string, string>> = {
  early: EARLY,
  "on-time": ON_TIME,
  late: LATE,
  dropped: DROPPED,
};

export type Shape =
  | "dot"
  | "square"
  | "open"
  | "diamond"
  | "cross"
  | "line"
  | "thin"
  | "dashed"
  | "dotted"
  | "hatch"
  | "area"
  | "bar";

export interface LegendItem {
  readonly label: string;
  readonly shape: Shape;
  readonly colour: string;
}

const SVG = "http://www.w3.org/2000/svg";

export function documentOf(options: DrawOptions): Document {
  return options.document ?? globalThis.document;
}

export function widthOf(options: DrawOptions): number {
  return Math.max(180, Math.round(options.width ?? 720));
}

/** Makes an SVG element with attributes. */
export function svgElement(
  document: Document,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
): SVGElement {
  const element = document.createElementNS(SVG, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** The path of a mark's shape around a point, for marks that are drawn as one path. */
export function shapePath(shape: Shape, x: number, y: number, r: number): string {
  const n = (v: number): string => String(Math.round(v * 10) / 10);
  switch (shape) {
    case "cross":
      return `M${n(x - r)},${n(y - r)}L${n(x + r)},${n(y + r)}M${n(x - r)},${n(y + r)}L${n(x + r)},${n(y - r)}`;
    case "diamond":
      return `M${n(x)},${n(y - r * 1.25)}L${n(x + r * 1.25)},${n(y)}L${n(x)},${n(y + r * 1.25)}L${n(x - r * 1.25)},${n(y)}Z`;
    case "square":
    case "open":
      return `M${n(x - r)},${n(y - r)}h${n(2 * r)}v${n(2 * r)}h${n(-2 * r)}Z`;
    default:
      return `M${n(x - r)},${n(y)}a${n(r)},${n(r)},0,1,0,${n(2 * r)},0a${n(r)},${n(r)},0,1,0,${n(-2 * r)},0Z`;
  }
}

let patterns = 0;

/** Makes a pattern of diagonal lines, the sign of what is not complete, and returns how to fill with it. */
export function hatch(
  document: Document,
  colour: string,
  gap = 5,
): { readonly defs: SVGElement; readonly fill: string } {
  const id = `tidemark-hatch-${++patterns}`;
  const defs = svgElement(document, "defs", {});
  const pattern = svgElement(document, "pattern", {
    id,
    width: gap,
    height: gap,
    patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)",
  });
  const line = svgElement(document, "line", { x1: 0, y1: 0, x2: 0, y2: gap, "stroke-width": 1.4 });
  line.style.stroke = colour;
  pattern.append(line);
  defs.append(pattern);
  return { defs, fill: `url(#${id})` };
}

/** Wraps definitions as a mark, so that they stand in the plot they belong to. */
export function defsMark(defs: SVGElement): Plot.Markish {
  return () => defs;
}

/** Draws a plot in the shared style. */
export function plot(options: DrawOptions, spec: Plot.PlotOptions): SVGSVGElement {
  const svg = Plot.plot({
    document: documentOf(options),
    width: widthOf(options),
    ...(options.scales?.widened(spec) ?? spec),
    style: {
      background: "none",
      color: INK,
      fontFamily: "inherit",
      fontSize: "11.5px",
      fontVariantNumeric: "tabular-nums",
      overflow: "visible",
      display: "block",
      maxWidth: "100%",
    },
  }) as SVGSVGElement;
  svg.style.setProperty("--plot-background", PAPER);
  // The summary beside the plot says what it shows; its hundreds of marks one by one would only be noise.
  svg.setAttribute("aria-hidden", "true");
  focusable(svg);
  return svg;
}

/** Axis and grid of time along x, with the dates where they change. */
export function timeAxisX(low: number, high: number, timeZone: string, width: number, label: string): Plot.Markish[] {
  const ticks = timeTicks(low, high, timeZone, Math.max(2, Math.floor(width / 80)));
  return [
    Plot.gridX(ticks.values, { stroke: GRID, strokeOpacity: 1 }),
    Plot.axisX(ticks.values, {
      tickFormat: (_: number, i: number) => ticks.labels[i],
      label,
      labelAnchor: "right",
      labelArrow: "none",
      labelOffset: 42,
      color: INK_SOFT,
      tickSize: 4,
    }),
  ];
}

/** Axis and grid of time along y. */
export function timeAxisY(low: number, high: number, timeZone: string, height: number, label: string): Plot.Markish[] {
  const ticks = timeTicks(low, high, timeZone, Math.max(2, Math.floor(height / 52)));
  return [
    Plot.gridY(ticks.values, { stroke: GRID, strokeOpacity: 1 }),
    Plot.axisY(ticks.values, {
      tickFormat: (_: number, i: number) => ticks.labels[i],
      label,
      labelArrow: "none",
      color: INK_SOFT,
      tickSize: 4,
    }),
  ];
}

/** How tips look, also those of marks that bring their own. */
export const TIP_STYLE = { fontSize: 11.5, lineHeight: 1.25, stroke: GRID, textPadding: 9 } as const;

/**
 * A tip in the shared style: shown at the mark nearest to the pointer. A title given as a function is written only when its tip is
 * shown, so that twenty thousand marks cost no twenty thousand sentences. `story` says what a click asks about, and the tip says so.
 */
export function tip<T>(
  data: readonly T[],
  options: Plot.TipOptions,
  story?: (datum: T) => MarkStory | null,
): Plot.Markish {
  const { title } = options;
  const plain = (d: T): string =>
    typeof title === "function"
      ? (title as (d: T) => string)(d)
      : String((d as Record<string, unknown>)[title as string]);
  const write = (d: T): string => (story === undefined || story(d) === null ? plain(d) : `${plain(d)}\n${CLICK_HINT}`);
  const lazy =
    typeof title === "function" || story !== undefined ? { title: (d: T) => d, format: { title: write } } : {};
  return [
    Plot.tip(
      data as T[],
      Plot.pointer({
        ...TIP_STYLE,
        maxRadius: 24,
        ...options,
        ...lazy,
      } as Plot.TipOptions & Plot.PointerOptions),
    ),
    story === undefined ? null : asksFor(story),
  ];
}

/** What a tip ends with where a click tells more. */
export const CLICK_HINT = "click for its story";

/** Puts legend, plots and notes into one figure. The summary is its name for those who cannot see it. */
export function figure(
  options: DrawOptions,
  parts: {
    readonly chart: string;
    readonly summary: string;
    readonly legend?: readonly LegendItem[];
    readonly body: readonly Element[];
    readonly notes?: readonly string[];
  },
): HTMLElement {
  const document = documentOf(options);
  const root = document.createElement("figure");
  root.className = `tm-chart tm-chart-${parts.chart}`;
  root.setAttribute("role", "figure");
  root.setAttribute("aria-label", parts.summary);
  Object.assign(root.style, {
    margin: "0",
    color: INK,
    fontVariantNumeric: "tabular-nums",
    maxWidth: `${widthOf(options)}px`,
  });
  const said = document.createElement("p");
  said.className = "tm-chart-summary";
  said.textContent = parts.summary;
  Object.assign(said.style, { margin: "0 0 8px", fontSize: "13.5px", lineHeight: "1.45", maxWidth: "75ch" });
  root.append(said);
  if (parts.legend !== undefined && parts.legend.length > 0) root.append(legend(document, parts.legend));
  root.append(...parts.body);
  if (parts.notes !== undefined && parts.notes.length > 0) {
    const notes = document.createElement("p");
    notes.className = "tm-chart-notes";
    notes.textContent = parts.notes.join(" ");
    Object.assign(notes.style, {
      margin: "6px 0 0",
      fontSize: "11.5px",
      lineHeight: "1.45",
      color: INK_SOFT,
      maxWidth: "90ch",
    });
    root.append(notes);
  }
  return root;
}

/** Draws the legend: each shape beside its word. */
export function legend(document: Document, items: readonly LegendItem[]): HTMLElement {
  const root = document.createElement("div");
  root.className = "tm-chart-legend";
  Object.assign(root.style, {
    display: "flex",
    flexWrap: "wrap",
    gap: "3px 16px",
    margin: "0 0 6px",
    fontSize: "11.5px",
    color: INK_SOFT,
    alignItems: "center",
  });
  for (const item of items) {
    const entry = document.createElement("span");
    Object.assign(entry.style, { display: "inline-flex", alignItems: "center", gap: "6px", whiteSpace: "nowrap" });
    entry.append(swatch(document, item), item.label);
    root.append(entry);
  }
  return root;
}

function swatch(document: Document, { shape, colour }: LegendItem): SVGElement {
  const wide = ["line", "thin", "dashed", "dotted", "hatch", "area", "bar"].includes(shape);
  const width = wide ? 20 : 12;
  const svg = svgElement(document, "svg", { width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" });
  if (shape === "hatch") {
    const pattern = hatch(document, colour, 4);
    const box = svgElement(document, "rect", { x: 0.5, y: 1.5, width: 19, height: 9, fill: pattern.fill });
    box.style.stroke = colour;
    svg.append(pattern.defs, box);
  } else if (shape === "area" || shape === "bar") {
    const box = svgElement(document, "rect", { x: 0, y: 1, width: 20, height: 10, rx: 1 });
    box.style.fill = colour;
    svg.append(box);
  } else if (wide) {
    const line = svgElement(document, "line", { x1: 0, x2: 20, y1: 6, y2: 6 });
    line.style.stroke = colour;
    line.style.strokeWidth = shape === "line" ? "2.5" : "1.25";
    if (shape === "dashed") line.style.strokeDasharray = "4 3";
    if (shape === "dotted") line.style.strokeDasharray = "1 3";
    svg.append(line);
  } else {
    const path = svgElement(document, "path", { d: shapePath(shape, 6, 6, shape === "dot" ? 3 : 3.6) });
    const stroked = shape === "cross" || shape === "open";
    path.style.fill = stroked ? "none" : colour;
    if (stroked) Object.assign(path.style, { stroke: colour, strokeWidth: "1.8" });
    svg.append(path);
  }
  return svg;
}

/** What stands in a chart's place while there is nothing to draw: what is missing, and what to do. */
export function emptyState(options: DrawOptions, chart: string, message: string): HTMLElement {
  const document = documentOf(options);
  const root = document.createElement("div");
  root.className = `tm-chart tm-chart-${chart} tm-chart-empty`;
  root.textContent = message;
  Object.assign(root.style, {
    color: INK_SOFT,
    border: `1px dashed ${GRID}`,
    borderRadius: "6px",
    padding: "28px 20px",
    fontSize: "13.5px",
    textAlign: "center",
    maxWidth: `${widthOf(options)}px`,
    boxSizing: "border-box",
  });
  return root;
}
