/** `wholeDay`, the page's half: days of UTC above, days of the zone below, and between them the hours that change sides. */
import * as Plot from "@observablehq/plot";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import {
  emptyState,
  figure,
  GRID,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  timeAxisX,
  tip,
  widthOf,
} from "../look.ts";
import { bearing, type MarkStory } from "../stories.ts";
import { dateText, momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, expressionText, numberText, shareText } from "../words.ts";
import { numbers, table } from "../wire.ts";
import { bars, type Day, daysOf, moves, type Quarter } from "./days.ts";
import { QUARTER } from "./plan.ts";

type DayFacts = Partial<WindowFacts> & { readonly summed?: string | null };

function read(tables: Tables): readonly Quarter[] {
  const quarters = table(tables, "quarters");
  const at = numbers(quarters, "at");
  const rows = numbers(quarters, "rows");
  const total = numbers(quarters, "total");
  const all = Array.from({ length: quarters.length }, (_, i) => ({ at: at[i], rows: rows[i], total: total[i] })).filter(
    q => q.rows > 0,
  );
  // Days with a handful of stray rows (a wrong clock) would stretch the axis: the bulk decides.
  const sorted = all.sort((a, b) => a.at - b.at);
  const count = sorted.reduce((n, q) => n + q.rows, 0);
  const day = 86_400_000;
  return sorted.filter(q => {
    const near = sorted.reduce((n, o) => n + (Math.abs(o.at - q.at) <= day / 2 ? o.rows : 0), 0);
    return near >= count * 0.001;
  });
}

export const wholeDay: ChartDrawing<DayFacts> = {
  name: "wholeDay",
  draw(tables, options) {
    const quarters = read(tables);
    if (quarters.length === 0)
      return emptyState(
        options,
        "wholeDay",
        "No row has arrived yet. Press play to see whose day each one falls into.",
      );
    return figure(options, {
      chart: "wholeDay",
      summary: summary(tables, options),
      legend: [
        { label: "same date in both", shape: "bar", colour: ON_TIME },
        { label: "another date", shape: "bar", colour: LATE },
      ],
      body: [picture(quarters, options)],
      notes: [
        `The figures are ${options.summed === null || options.summed === undefined ? "rows" : `sums of ${expressionText(options.summed)}`}.`,
        zoneNote("UTC", quarters[0].at, quarters[quarters.length - 1].at + QUARTER),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DayFacts & DrawOptions): string {
  const quarters = read(tables);
  if (quarters.length === 0) return "No row has arrived yet.";
  const name = options.zone ?? "UTC";
  const days = daysOf(quarters, name);
  const moved = days.reduce((n, d) => n + d.gained, 0);
  const all = days.reduce((n, d) => n + d.rows, 0);
  const odd = days.filter(d => hours(d) !== 24).map(d => `${dateText(d.start, name)} has ${hours(d)} hours`);
  return (
    `${countText(moved, "row")} of ${numberText(all)} (${shareText(moved / all)}) ${moved === 1 ? "falls" : "fall"} on another date in ${name} than in UTC.` +
    (odd.length === 0 ? ` All of the ${countText(days.length, "day")} there have 24 hours.` : ` ${odd.join(", ")}.`)
  );
}

const hours = (d: Day): number => Math.round((d.end - d.start) / 3_600_000);

function picture(quarters: readonly Quarter[], options: DayFacts & DrawOptions): Element {
  const name = options.zone ?? "UTC";
  const width = widthOf(options);
  const utc = daysOf(quarters, "UTC");
  const local = daysOf(quarters, name);
  const x0 = Math.min(utc[0].start, local[0].start);
  const x1 = Math.max(utc[utc.length - 1].end, local[local.length - 1].end);
  const per = Math.max(1, Math.ceil((x1 - x0) / QUARTER / 400));
  const shown = bars(quarters, per);
  const most = Math.max(...shown.map(b => b.rows));
  const size = QUARTER * per;
  const room = ((width - 68) / (x1 - x0)) * 86_400_000;
  const label = (d: Day, zoneName: string): string => {
    const value = options.summed === null || options.summed === undefined ? numberText(d.rows) : numberText(d.total);
    const date = dateText(d.start, zoneName);
    const odd = hours(d) === 24 ? "" : `, ${hours(d)} h`;
    return room > 150 ? `${date}${odd}: ${value}` : room > 70 ? `${date.replace(/^\w+ /, "")}${odd}` : "";
  };
  const storyOfBar = (b: Quarter): MarkStory => ({
    title: `rows from ${momentText(b.at, "UTC")} UTC on`,
    values: { about: "date", zone: name, event_time: b.at, event_time_until: b.at + size },
  });
  const storyOfDay = (d: Day, zoneName: string): MarkStory => ({
    title: `${dateText(d.start, zoneName)} of ${zoneName}`,
    values: { about: "date", zone: name, of: zoneName, event_time: d.start, event_time_until: d.end },
  });
  // Three lanes: UTC's days on top, the rows in the middle, the zone's days below.
  const [top, middle, bottom] = [3.1, 2, 0];
  const block = (days: readonly Day[], y1: number, zoneName: string): Plot.Markish => [
    Plot.rect(days as Day[], {
      x1: "start",
      x2: "end",
      y1,
      y2: y1 + 0.75,
      fill: INK_SOFT,
      fillOpacity: (d: Day) => (hours(d) === 24 ? 0.1 : 0.25),
      stroke: PAPER,
      strokeWidth: 2,
      rx: 3,
      ...bearing(days, d => storyOfDay(d, zoneName)),
    }),
    Plot.text(days as Day[], {
      x: (d: Day) => (d.start + d.end) / 2,
      y: y1 + 0.375,
      text: (d: Day) => label(d, zoneName),
      fill: INK,
      fontWeight: 500,
    }),
  ];
  return plot(options, {
    height: 262,
    marginLeft: 34,
    marginRight: 34,
    marginTop: 20,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "linear", domain: [0, 3.9], axis: null },
    marks: [
      timeAxisX(x0, x1, "UTC", width - 68, "UTC →")[1],
      Plot.ruleX(
        utc.map(d => d.start),
        { y1: middle - 0.9, y2: top, stroke: GRID },
      ),
      Plot.ruleX(
        local.map(d => d.start),
        { y1: 0.8, y2: middle + 0.9, stroke: INK_SOFT, strokeDasharray: "2 2" },
      ),
      block(utc, top, "UTC"),
      Plot.rect(shown as Quarter[], {
        x1: "at",
        x2: (b: Quarter) => b.at + size,
        y1: 1.35,
        y2: (b: Quarter) => 1.35 + (b.rows / most) * 1.5,
        fill: (b: Quarter) => (moves(b.at, name) ? LATE : ON_TIME),
        fillOpacity: (b: Quarter) => (moves(b.at, name) ? 0.95 : 0.55),
        inset: 0.25,
        ...bearing(shown, storyOfBar),
      }),
      Plot.ruleY([1.35], { stroke: INK_SOFT, strokeOpacity: 0.6 }),
      block(local, bottom, name),
      Plot.text(["days of UTC"], { frameAnchor: "top-left", dy: -13, fill: INK_SOFT }),
      Plot.text([`days of ${name}`], {
        x: x0,
        y: 0.98,
        textAnchor: "start",
        fill: INK_SOFT,
        stroke: PAPER,
        strokeWidth: 4,
      }),
      tip(
        shown as Quarter[],
        {
          x: (b: Quarter) => b.at + size / 2,
          y: (b: Quarter) => 1.35 + (b.rows / most) * 1.5,
          // The days above have stories of their own.
          maxRadius: 12,
          title: (b: Quarter) =>
            `${momentText(b.at, "UTC")} in UTC\n${momentText(b.at, name)} in ${name}\n${countText(b.rows, "row")}`,
        } as Plot.TipOptions,
        storyOfBar,
      ),
    ],
  });
}
