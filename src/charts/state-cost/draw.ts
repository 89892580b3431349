/** `stateCost`, the page's half: windows held, stacked: incomplete ones hatched, those kept for late rows alone in orange. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { numberAxisY, roundTicks } from "../duration-axis.ts";
import {
  defsMark,
  documentOf,
  emptyState,
  figure,
  hatch,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  plot,
  timeAxisX,
  tip,
  widthOf,
} from "../look.ts";
import { bearing, type MarkStory, targets } from "../stories.ts";
import { momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText, shareText } from "../words.ts";
import { numbers, table } from "../wire.ts";

type CostFacts = Partial<WindowFacts> & { readonly step?: number };

/** Windows of keys held from `at` to `until`: incomplete ones, and complete ones that still take late rows. */
export interface Held {
  readonly at: number;
  readonly until: number;
  readonly incomplete: number;
  readonly retained: number;
}

/** Adds the changes up. A step counts as it ends, so a window that opens and closes within one is not seen. */
export function heldOf(tables: Tables, step: number): readonly Held[] {
  const changes = table(tables, "changes");
  const at = numbers(changes, "at");
  const opened = numbers(changes, "opened");
  const complete = numbers(changes, "complete");
  const closed = numbers(changes, "closed");
  const order = Array.from(at.keys()).sort((a, b) => at[a] - at[b]);
  const out: Held[] = [];
  let [o, f, c] = [0, 0, 0];
  order.forEach((i, k) => {
    o += opened[i];
    f += complete[i];
    c += closed[i];
    const held = Math.max(o - c, 0);
    // Windows close after they are complete, so what is complete and not closed is what lateness retains.
    const retained = Math.min(Math.max(f - c, 0), held);
    const until = k + 1 < order.length ? at[order[k + 1]] + step : at[i] + step;
    out.push({ at: at[i] + step, until, incomplete: held - retained, retained });
  });
  return out;
}

export const stateCost: ChartDrawing<CostFacts> = {
  name: "stateCost",
  draw(tables, options) {
    const held = heldOf(tables, options.step ?? 60_000);
    if (held.length === 0)
      return emptyState(options, "stateCost", "No window has opened yet, so nothing is held. Press play.");
    return figure(options, {
      chart: "stateCost",
      summary: summary(tables, options),
      legend: [
        { label: "incomplete windows", shape: "hatch", colour: ON_TIME },
        { label: "complete, kept for late rows", shape: "area", colour: LATE },
      ],
      body: [areas(held, options)],
      notes: [
        `Counted per key and window, every ${formatDuration(options.step ?? 60_000)}.`,
        zoneNote(options.timeZone ?? options.zone ?? "UTC", held[0].at, held[held.length - 1].at),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: CostFacts & DrawOptions): string {
  const held = heldOf(tables, options.step ?? 60_000);
  if (held.length === 0) return "No window has opened yet.";
  const worst = held.reduce((a, b) => (b.incomplete + b.retained > a.incomplete + a.retained ? b : a));
  const time = (value: (h: Held) => number): number => held.reduce((n, h) => n + value(h) * (h.until - h.at), 0);
  const all = time(h => h.incomplete + h.retained);
  const retained = time(h => h.retained);
  const share =
    all > 0
      ? ` Allowed lateness of ${formatDuration(options.allowedLateness ?? 0)} accounts for ${shareText(retained / all)} of what is held over time.`
      : "";
  return `At most ${countText(worst.incomplete + worst.retained, "window")} of keys ${worst.incomplete + worst.retained === 1 ? "is" : "are"} held at once, at ${momentText(worst.at, options.timeZone ?? options.zone ?? "UTC")}.${share}`;
}

function areas(held: readonly Held[], options: CostFacts & DrawOptions): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const x0 = options.span?.start ?? held[0].at;
  const x1 = Math.max(options.span?.end ?? 0, held[held.length - 1].until, x0 + 1);
  const most = Math.max(...held.map(h => h.incomplete + h.retained), 1);
  const pattern = hatch(documentOf(options), ON_TIME, 5);
  // Steps, not slopes: a window is there or it is not.
  const corners = held.flatMap(h => [
    { ...h, x: h.at },
    { ...h, x: h.until },
  ]);
  const story = (h: Held): MarkStory => ({
    title: `what was held at ${momentText(h.at, timeZone)}`,
    values: { about: "held", at: h.at },
  });
  const stripes = targets(held).map((h, i, all) => ({ ...h, until: all[i + 1]?.at ?? x1 }));
  return plot(options, {
    height: options.height ?? 240,
    marginLeft: 54,
    marginRight: 16,
    marginTop: 26,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "linear", domain: [0, most * 1.06] },
    marks: [
      defsMark(pattern.defs),
      ...timeAxisX(x0, x1, timeZone, width - 70, "processing time →"),
      ...numberAxisY("↑ windows of keys held", { ticks: roundTicks(most, 5) as number[] }),
      Plot.areaY(corners, { x: "x", y1: 0, y2: "incomplete", fill: pattern.fill, fillOpacity: 0.9 }),
      Plot.areaY(corners, {
        x: "x",
        y1: "incomplete",
        y2: h => h.incomplete + h.retained,
        fill: LATE,
        fillOpacity: 0.65,
      }),
      Plot.line(corners, { x: "x", y: h => h.incomplete + h.retained, stroke: LATE, strokeWidth: 1.4 }),
      Plot.line(corners, { x: "x", y: "incomplete", stroke: ON_TIME, strokeWidth: 1.4 }),
      Plot.ruleY([0], { stroke: INK_SOFT }),
      // Areas have no parts; what is clicked and reached by keyboard is a stripe for each step.
      Plot.rect(stripes, {
        x1: "at",
        x2: "until",
        y1: 0,
        y2: h => Math.max(h.incomplete + h.retained, most * 0.04),
        fill: "transparent",
        ...bearing(stripes, story),
      }),
      options.now === null || options.now === undefined
        ? null
        : Plot.ruleX([options.now], { stroke: INK, strokeOpacity: 0.8 }),
      tip(
        held as Held[],
        {
          x: "at",
          y: (h: Held) => h.incomplete + h.retained,
          title: (h: Held) =>
            `${momentText(h.at, timeZone)}\n${numberText(h.incomplete)} incomplete\n${numberText(h.retained)} kept for late rows`,
        },
        story,
      ),
    ],
  });
}
