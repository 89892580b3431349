/** `wholeDay`, the page's half: days of UTC above, days of the zone below, and between them the hours that change sides. */
import * as Plot from "@observablehq/plot";
import { ratioBinBounds } from "../bins.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { type Expectation, expectations, reachedBy, type Stretch } from "../completeness.ts";
import { expectedLegend, expectedMarks, expectedText, guessText } from "../expected.ts";
import {
  defsMark,
  documentOf,
  emptyState,
  figure,
  GRID,
  hatch,
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
import { AGE_BINS, QUARTER } from "./plan.ts";

type DayFacts = Partial<WindowFacts> & {
  readonly summed?: string | null;
  /** Length of a bar, ms. */
  readonly bar?: number;
};

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
  const half = 43_200_000;
  let [from, to, near] = [0, 0, 0];
  return sorted.filter(q => {
    while (to < sorted.length && sorted[to].at <= q.at + half) near += sorted[to++].rows;
    while (sorted[from].at < q.at - half) near -= sorted[from++].rows;
    return near >= count * 0.001;
  });
}

/** What bars that are not complete are expected to come to, in rows. */
function expectedBars(tables: Tables, options: DayFacts & DrawOptions): readonly Expectation[] {
  const size = options.bar ?? QUARTER;
  const growth = table(tables, "growth");
  const [at, age, rows] = ["at", "age", "rows"].map(name => numbers(growth, name));
  const stretches = new Map<number, Stretch & { parts: Stretch["parts"][number][] }>();
  let latest = -Infinity;
  for (let i = 0; i < growth.length; i++) {
    if (!(rows[i] > 0)) continue;
    const start = at[i];
    let stretch = stretches.get(start);
    if (stretch === undefined) stretches.set(start, (stretch = { start, end: start + size, parts: [] }));
    const [low, high] = ratioBinBounds(age[i], AGE_BINS);
    stretch.parts.push({ from: start + low, until: start + high, up: rows[i], down: 0 });
    latest = Math.max(latest, start + high);
  }
  const sorted = [...stretches.values()].sort((a, b) => a.start - b.start);
  return expectations(sorted, reachedBy(tables, options), options.now ?? latest);
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
    const open = expectedBars(tables, options);
    return figure(options, {
      chart: "wholeDay",
      summary: summary(tables, options),
      legend: [
        { label: "same date in both", shape: "bar", colour: ON_TIME },
        { label: "another date", shape: "bar", colour: LATE },
        ...(open.length > 0 ? [expectedLegend(INK_SOFT)] : []),
      ],
      body: [picture(quarters, open, reachedBy(tables, options), options)],
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
  const more = expectedBars(tables, options).reduce((n, e) => n + (e.up === null ? 0 : e.up.expected - e.up.known), 0);
  const still = more < 0.5 ? "" : ` About ${guessText(more)} rows are still to come of bars that are not complete.`;
  const odd = days.filter(d => hours(d) !== 24).map(d => `${dateText(d.start, name)} has ${hours(d)} hours`);
  return (
    `${countText(moved, "row")} of ${numberText(all)} (${shareText(moved / all)}) ${moved === 1 ? "falls" : "fall"} on another date in ${name} than in UTC.` +
    (odd.length === 0 ? ` All of the ${countText(days.length, "day")} there have 24 hours.` : ` ${odd.join(", ")}.`) +
    still
  );
}

function openText(e: Expectation | undefined): string {
  if (e === undefined) return "";
  return e.up === null ? " so far" : ` so far\n${expectedText(e.up)}`;
}

const hours = (d: Day): number => Math.round((d.end - d.start) / 3_600_000);

function picture(
  quarters: readonly Quarter[],
  open: readonly Expectation[],
  reached: number,
  options: DayFacts & DrawOptions,
): Element {
  const name = options.zone ?? "UTC";
  const width = widthOf(options);
  const utc = daysOf(quarters, "UTC");
  const local = daysOf(quarters, name);
  const x0 = Math.min(utc[0].start, local[0].start);
  const x1 = Math.max(utc[utc.length - 1].end, local[local.length - 1].end);
  const size = options.bar ?? QUARTER * Math.max(1, Math.ceil((x1 - x0) / QUARTER / 400));
  const shown = bars(quarters, size / QUARTER);
  const most = Math.max(...shown.map(b => b.rows), ...open.map(e => e.up?.high ?? 0));
  const pattern = hatch(documentOf(options), INK_SOFT, 4);
  const level = (rows: number): number => 1.35 + (rows / most) * 1.5;
  const still = open.flatMap(({ up, stretch: { start, end } }) =>
    up === null || up.high === up.low
      ? []
      : [
          {
            x1: start,
            x2: end,
            known: level(up.known),
            expected: level(up.expected),
            low: level(up.low),
            high: level(up.high),
          },
        ],
  );
  const openAt = new Map(open.map(e => [e.stretch.start, e]));
  const soFar = (d: Day): boolean => d.end > reached;
  const room = ((width - 68) / (x1 - x0)) * 86_400_000;
  const label = (d: Day, zoneName: string): string => {
    const value = options.summed === null || options.summed === undefined ? numberText(d.rows) : numberText(d.total);
    const date = dateText(d.start, zoneName);
    const odd = hours(d) === 24 ? "" : `, ${hours(d)} h`;
    return room > 150
      ? `${date}${odd}: ${value}${soFar(d) ? " so far" : ""}`
      : room > 70
        ? `${date.replace(/^\w+ /, "")}${odd}`
        : "";
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
    // A day that is not complete is not its sum: it is hatched, as windows are.
    Plot.rect(days.filter(soFar), {
      x1: "start",
      x2: "end",
      y1,
      y2: y1 + 0.75,
      fill: pattern.fill,
      fillOpacity: 0.35,
      rx: 3,
      pointerEvents: "none",
    }),
    Plot.text(days as Day[], {
      x: (d: Day) => (d.start + d.end) / 2,
      y: y1 + 0.375,
      text: (d: Day) => label(d, zoneName),
      fill: INK,
      fontWeight: 500,
      stroke: PAPER,
      strokeWidth: 3,
      strokeOpacity: 0.7,
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
      defsMark(pattern.defs),
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
      expectedMarks(still, pattern.fill, INK_SOFT),
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
        [
          ...shown,
          ...open.flatMap(e => (e.stretch.parts.length === 0 ? [{ at: e.stretch.start, rows: 0, total: 0 }] : [])),
        ],
        {
          x: (b: Quarter) => b.at + size / 2,
          y: (b: Quarter) => 1.35 + (b.rows / most) * 1.5,
          // The days above have stories of their own.
          maxRadius: 12,
          title: (b: Quarter) =>
            `${momentText(b.at, "UTC")} in UTC\n${momentText(b.at, name)} in ${name}\n${countText(b.rows, "row")}${openText(openAt.get(b.at))}`,
        } as Plot.TipOptions,
        storyOfBar,
      ),
    ],
  });
}
