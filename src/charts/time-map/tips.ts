/** What a time map says of the mark under the pointer, and what a click on it asks about. */
import type * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import { type ExpectedWindow, expectedText } from "../expected.ts";
import { tip } from "../look.ts";
import type { MarkStory } from "../stories.ts";
import { momentText, windowText } from "../time-axis.ts";
import { countText, numberText } from "../words.ts";
import type { Bounds, Mark, PaneMark, Scene } from "./scene.ts";

/** A tip for the nearest row, cell or pane, or for the head of an open window. */
export function rowTip(
  scene: Scene,
  expected: readonly ExpectedWindow[],
  { x: [x0, x1] }: Bounds,
  until: number,
  timeZone: string,
  cell: number,
): Plot.Markish {
  interface Target {
    readonly x: number;
    readonly y: number;
    readonly row?: Mark;
    readonly pane?: PaneMark;
    readonly open?: ExpectedWindow;
  }
  const targets: Target[] = scene.panes.map(pane => ({ x: (pane.start + pane.end) / 2, y: pane.at, pane }));
  for (const row of scene.marks)
    if (row.event > x0 && row.event < x1) targets.push({ x: row.event, y: row.arrival, row });
  for (const open of expected)
    if (open.end > x0 && open.start < x1)
      targets.push({ x: (Math.max(open.start, x0) + Math.min(open.end, x1)) / 2, y: until, open });
  const title = ({ row, pane, open }: Target): string => {
    if (open !== undefined) return expectedTitle(open, timeZone);
    return row !== undefined
      ? rowTitle(row, scene.single, timeZone)
      : pane === undefined
        ? ""
        : paneTitle(pane, timeZone);
  };
  const story = ({ row, pane }: Target): MarkStory | null =>
    row !== undefined
      ? rowStory(row, scene.single ? 0 : cell, timeZone)
      : pane === undefined
        ? null
        : windowStory(pane, pane.keys, timeZone);
  return tip(targets, { x: "x", y: "y", title }, story);
}

export function windowStory(
  { start, end }: { readonly start: number; readonly end: number },
  keys: Readonly<Record<string, unknown>>,
  timeZone: string,
): MarkStory {
  const of = Object.values(keys).map(String).join(", ");
  return {
    title: `window ${windowText(start, end, timeZone, true)}${of === "" ? "" : ` · ${of}`}`,
    values: { ...keys, window_start: start, window_end: end },
  };
}

/** A row is asked for by its times, a cell by the stretches that it covers. */
function rowStory({ event, arrival, fate }: Mark, cell: number, timeZone: string): MarkStory {
  const times =
    cell === 0
      ? { event_time: event, arrived_at: arrival }
      : {
          event_time: event - cell / 2,
          event_time_until: event + cell / 2,
          arrived_at: arrival - cell / 2,
          arrived_at_until: arrival + cell / 2,
        };
  return { title: `${fate} row of ${momentText(event, timeZone)}`, values: { ...times, fate } };
}

function rowTitle(mark: Mark, single: boolean, timeZone: string): string {
  const behind = mark.arrival - mark.event;
  const delay =
    behind >= 0 ? `${formatDuration(behind)} after it happened` : `${formatDuration(-behind)} before it happened`;
  if (single)
    return `${mark.fate} row\nhappened ${momentText(mark.event, timeZone)}\narrived ${momentText(mark.arrival, timeZone)}\n${delay}`;
  return `${countText(mark.rows, "row")}, ${mark.fate}\nhappened about ${momentText(mark.event, timeZone)}\narrived about ${momentText(mark.arrival, timeZone)}`;
}

function paneTitle(pane: PaneMark, timeZone: string): string {
  const value = pane.value === null ? "" : `: ${numberText(pane.value)}`;
  const name =
    pane.panes > 1
      ? `${countText(pane.panes, "pane")}, ${pane.timing}`
      : `${pane.retracted ? "retraction of an " : ""}${pane.timing} pane${value}`;
  const key = pane.key === "" ? "" : `\n${pane.key}`;
  return `${name}${key}\nwindow ${windowText(pane.start, pane.end, timeZone, true)}\nemitted ${momentText(pane.at, timeZone)}`;
}

function expectedTitle(e: ExpectedWindow, timeZone: string): string {
  return `window ${windowText(e.start, e.end, timeZone, true)}, incomplete\n${numberText(e.known)} so far\n${expectedText(e)}`;
}
