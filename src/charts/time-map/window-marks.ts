/**
 * Windows in a time map: columns that are hatched while they are incomplete, tinted while they still take late rows, and bare once
 * closed. A session that was merged into another is struck through, and ends with the merge.
 */
import * as Plot from "@observablehq/plot";
import { type ExpectedWindow, guessText } from "../expected.ts";
import { DROPPED, INK_SOFT, LATE, PAPER } from "../look.ts";
import { bearing } from "../stories.ts";
import type { Bounds, WindowLife } from "./scene.ts";
import { windowStory } from "./tips.ts";

/** Draws the columns. `until` is the present, where what has not ended is drawn to. */
export function windowMarks(
  windows: readonly WindowLife[],
  { y: [y0, y1], x: [x0, x1] }: Bounds,
  until: number,
  fill: string,
  timeZone: string,
): Plot.Markish[] {
  const clip = (v: number): number => Math.min(Math.max(v, x0), x1);
  const spans = (
    from: (w: WindowLife) => number,
    to: (w: WindowLife) => number,
    style: Plot.RectOptions,
  ): Plot.Markish => {
    const drawn = windows.filter(w => !Number.isNaN(from(w)) && to(w) > from(w));
    return Plot.rect(drawn, {
      x1: w => clip(w.start),
      x2: w => clip(w.end),
      y1: from,
      y2: to,
      insetLeft: 0.5,
      insetRight: 0.5,
      ...style,
      ...bearing(drawn, w => windowStory(w, {}, timeZone)),
    });
  };
  const merged = windows.filter(w => w.merged && w.closed > w.opened);
  return [
    Plot.ruleX(
      [...new Set(windows.flatMap(w => [w.start, w.end]))].filter(v => v > x0 && v < x1),
      { stroke: INK_SOFT, strokeOpacity: 0.28, strokeWidth: 1, y1: y0, y2: y1 },
    ),
    spans(
      w => w.opened,
      w => incompleteUntil(w, until),
      { fill, fillOpacity: 0.3 },
    ),
    spans(
      w => w.fired,
      w => (Number.isNaN(w.closed) ? until : w.closed),
      { fill: LATE, fillOpacity: 0.1 },
    ),
    Plot.link(merged, {
      x1: w => clip(w.start),
      x2: w => clip(w.end),
      y1: "opened",
      y2: "closed",
      stroke: DROPPED,
      strokeOpacity: 0.55,
      strokeWidth: 1,
    }),
  ];
}

/** When a window stopped being incomplete: it was complete, or it was gone before that. */
export function incompleteUntil({ fired, closed }: WindowLife, until: number): number {
  const ends = [fired, closed].filter(v => !Number.isNaN(v));
  return ends.length === 0 ? until : Math.min(...ends);
}

/** Writes into open windows what they are expected to come to; `pixel` is the width of a ms. */
export function expectedInto(
  windows: readonly WindowLife[],
  expected: readonly ExpectedWindow[],
  { x: [x0, x1] }: Bounds,
  until: number,
  pixel: number,
): Plot.Markish {
  const open = new Set(windows.filter(w => Number.isNaN(w.fired)).map(w => w.start));
  const shown = expected.filter(e => open.has(e.start) && e.high > e.low && (e.end - e.start) * pixel > 40);
  return Plot.text(shown as ExpectedWindow[], {
    x: (e: ExpectedWindow) => (Math.max(e.start, x0) + Math.min(e.end, x1)) / 2,
    y: () => until,
    dy: 16,
    text: (e: ExpectedWindow) => `≈ ${guessText(e.expected)}`,
    fill: INK_SOFT,
    fontStyle: "italic",
    stroke: PAPER,
    strokeWidth: 4,
  });
}
