/** Panes in a time map: when each window spoke, and what it said where there is room. */
import * as Plot from "@observablehq/plot";
import { INK, PAPER, type Shape, shapePath, svgElement, TIMING_COLOURS } from "../look.ts";
import { numberText } from "../words.ts";
import type { Bounds, PaneMark } from "./scene.ts";

const PANE_SHAPES: Readonly<Record<string, Shape>> = { early: "open", "on-time": "square", late: "diamond" };

/** A pane is a line across its window at the moment it came out, with its timing's shape, and its value where there is room. */
export function paneMarks(
  panes: readonly PaneMark[],
  { x: [x0, x1] }: Bounds,
  pixel: number,
  height: number,
): Plot.Markish[] {
  const shown = panes.filter(p => !p.retracted && p.end > x0 && p.start < x1);
  const middle = (p: PaneMark): number => (Math.max(p.start, x0) + Math.min(p.end, x1)) / 2;
  const wide = shown.filter(p => (p.end - p.start) * pixel > 44);
  const few = shown.length <= 60;
  // Early panes are many where their trigger is eager, and the least certain: beyond two to a window they keep their voice down.
  const early = shown.filter(p => p.timing === "early");
  const eager = early.length / Math.max(new Set(early.map(p => `${p.start} ${p.end}`)).size, 1);
  const rung = eager > 6 ? 0 : eager > 2 ? 0.35 : 0.95;
  const size = few ? 4.6 : shown.length <= 400 ? 2.8 : 2;
  // Constants and not channels: a channel of opacities would be stretched until the greatest is 1.
  const lines = (panes: readonly PaneMark[], strokeWidth: number, strokeOpacity: number): Plot.Markish =>
    Plot.ruleY(panes as PaneMark[], {
      x1: (p: PaneMark) => Math.max(p.start, x0),
      x2: (p: PaneMark) => Math.min(p.end, x1),
      y: "at",
      stroke: (p: PaneMark) => TIMING_COLOURS[p.timing],
      strokeWidth,
      strokeOpacity,
    });
  const marks: Plot.Markish[] = [
    lines(early, few && eager <= 2 ? 1.6 : 0.8, few ? rung : Math.min(rung, 0.22)),
    lines(
      shown.filter(p => p.timing !== "early"),
      few ? 1.6 : 0.8,
      few ? 0.95 : 0.5,
    ),
  ];
  // Where there are many panes, early ones are but fine lines: a ladder of squares would hide the rows.
  for (const timing of few ? ["early", "on-time", "late"] : ["on-time", "late"]) {
    const these = shown.filter(p => p.timing === timing);
    marks.push((_index, scales, _values, _dimensions, context) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      let d = "";
      for (const p of these)
        d += shapePath(
          PANE_SHAPES[timing],
          x(middle(p)),
          y(p.at),
          timing === "early" && eager > 2 ? size * 0.65 : size,
        );
      const path = svgElement(context.document, "path", { d, class: `tm-panes tm-${timing}` });
      const colour = TIMING_COLOURS[timing];
      Object.assign(
        path.style,
        timing === "early"
          ? { fill: PAPER, stroke: colour, strokeWidth: eager > 2 ? "1.2" : "1.8" }
          : { fill: colour, stroke: few ? PAPER : "none", strokeWidth: "1.2" },
      );
      return path;
    });
  }
  if (shown.length <= 40)
    marks.push(
      Plot.text(labelled(wide, height), {
        x: middle,
        y: "at",
        text: (p: PaneMark) => numberText(p.value as number),
        dy: -12,
        fill: INK,
        stroke: PAPER,
        strokeWidth: 4,
        fontWeight: 600,
        fontSize: 12,
      }),
    );
  return marks;
}

/**
 * Chooses the panes whose value is written: those with room for it below the window's next pane, in pixels of `height` to a ms.
 * Of panes that stand too close, the latest is written, since it is what became of the others.
 */
function labelled(panes: readonly PaneMark[], height: number): PaneMark[] {
  const next = new Map<number, number>();
  return [...panes]
    .sort((a, b) => b.at - a.at)
    .filter(p => {
      if (p.value === null || ((next.get(p.start) ?? Infinity) - p.at) * height < 19) return false;
      next.set(p.start, p.at);
      return true;
    })
    .reverse();
}
