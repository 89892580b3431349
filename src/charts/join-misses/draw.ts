/** `joinMisses`, the page's half: what each bound would match, and the nearest misses one by one. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { durationAxisX, shareAxisY } from "../duration-axis.ts";
import { DROPPED, emptyState, figure, INK, INK_SOFT, ON_TIME, PAPER, plot, tip, widthOf } from "../look.ts";
import { bearing, type MarkStory } from "../stories.ts";
import { clockText, momentText, zoneNote } from "../time-axis.ts";
import { aboutText, countText, numberText, shareText } from "../words.ts";
import { keyTexts, keyValues, numbers, table } from "../wire.ts";
import { type Keyed, nearest, type Nearest, shareWithin } from "./nearest.ts";

type MissFacts = { readonly on?: readonly (readonly [string, string])[]; readonly within?: number | null };

function read(tables: Tables, options: MissFacts): readonly Nearest[] {
  const keys = (options.on ?? []).map((_, i) => `key ${i}`);
  const side = (name: string): Keyed[] => {
    const rows = table(tables, name);
    const event = numbers(rows, "event_time");
    const key = keyTexts(rows, keys);
    return Array.from({ length: rows.length }, (_, at) => ({ key: key[at], event: event[at], at }));
  };
  return nearest(side("left"), side("right"));
}

/** Misses that are drawn one by one: the nearest, and of those without any counterpart the first. */
const NEAREST = 10;
const ALONE = 4;

const boundOf = (options: MissFacts): number => options.within ?? Infinity;

export const joinMisses: ChartDrawing<MissFacts> = {
  name: "joinMisses",
  draw(tables, options) {
    const pairs = read(tables, options);
    if (pairs.length === 0)
      return emptyState(
        options,
        "joinMisses",
        "There is nothing to match: no row has arrived yet, or there are more than 20,000. Press play, or filter the stream.",
      );
    const missed = pairs.filter(p => !(Math.abs(p.distance) <= boundOf(options)));
    const near = missed
      .filter(p => Number.isFinite(p.distance))
      .sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
    const alone = missed.filter(p => Number.isNaN(p.distance));
    const shown = [...near.slice(0, NEAREST), ...alone.slice(0, ALONE)];
    return figure(options, {
      chart: "joinMisses",
      summary: summary(tables, options),
      legend: [
        { label: "rows that a bound matches", shape: "line", colour: ON_TIME },
        { label: "missed, with its closest counterpart", shape: "cross", colour: DROPPED },
      ],
      body: [curve(pairs, options), ...(shown.length > 0 ? [misses(shown, tables, options)] : [])],
      notes: [
        ...(near.length > NEAREST
          ? [`The ${NEAREST} nearest of ${numberText(near.length)} misses with a counterpart.`]
          : []),
        ...(alone.length > ALONE ? [`The first ${ALONE} of ${numberText(alone.length)} without any.`] : []),
        zoneNote(
          options.timeZone ?? "UTC",
          Math.min(...pairs.map(p => p.row.event)),
          Math.max(...pairs.map(p => p.row.event)),
        ),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & MissFacts): string {
  const pairs = read(tables, options);
  if (pairs.length === 0) return "There is nothing to match yet.";
  const bound = boundOf(options);
  const missed = pairs.filter(p => !(Math.abs(p.distance) <= bound));
  const alone = missed.filter(p => Number.isNaN(p.distance)).length;
  const near = missed
    .filter(p => Number.isFinite(p.distance))
    .map(p => Math.abs(p.distance))
    .sort((a, b) => a - b);
  const parts = [
    `${numberText(missed.length)} of ${countText(pairs.length, "row")} (${shareText(missed.length / pairs.length)}) ${missed.length === 1 ? "finds" : "find"} no match${Number.isFinite(bound) ? ` within ${formatDuration(bound)}` : ""}${alone > 0 ? `; ${numberText(alone)} of them ${alone === 1 ? "has" : "have"} no counterpart at all` : ""}.`,
  ];
  if (near.length > 0)
    parts.push(
      `The nearest miss is ${formatDuration(near[0])} away; a bound of ${aboutText(near[near.length - 1])} would match all the others too.`,
    );
  return parts.join(" ");
}

function curve(pairs: readonly Nearest[], options: DrawOptions & MissFacts): Element {
  const distances = pairs.map(p => Math.abs(p.distance)).filter(Number.isFinite);
  const bound = boundOf(options);
  const farthest = Math.max(...distances, Number.isFinite(bound) ? bound : 0, 1_000);
  const nearestOf = distances.filter(d => d > 0).reduce((a, d) => Math.min(a, d), farthest / 10);
  const low = Math.max(1, Math.min(nearestOf, Number.isFinite(bound) ? bound : Infinity) * 0.6);
  const high = farthest * 1.4;
  const points = Array.from({ length: 161 }, (_, i) => {
    const x = low * (high / low) ** (i / 160);
    return { x, y: shareWithin(pairs, x) };
  });
  const here = Number.isFinite(bound) ? [{ x: bound, y: shareWithin(pairs, bound) }] : [];
  return plot(options, {
    height: 220,
    marginLeft: 54,
    marginRight: 16,
    marginTop: 28,
    marginBottom: 42,
    x: { type: "log", domain: [low, high] },
    y: { type: "linear", domain: [0, 1.03] },
    marks: [
      ...durationAxisX(low, high, widthOf(options) - 70, "bound, either way in event time →"),
      ...shareAxisY("↑ rows matched", [0, 0.25, 0.5, 0.75, 1]),
      Plot.areaY(points, { x: "x", y: "y", fill: ON_TIME, fillOpacity: 0.08, curve: "step-after" }),
      Plot.line(points, { x: "x", y: "y", stroke: ON_TIME, strokeWidth: 2.2, curve: "step-after" }),
      Plot.ruleX(here, { x: "x", stroke: INK, strokeOpacity: 0.5 }),
      Plot.dot(here, { x: "x", y: "y", r: 5.5, fill: INK, stroke: PAPER, strokeWidth: 1.5 }),
      Plot.text(here, {
        x: "x",
        y: "y",
        text: h => `${formatDuration(h.x)}: ${shareText(h.y)}`,
        dx: 10,
        dy: 14,
        textAnchor: "start",
        fill: INK,
        fontWeight: 600,
        stroke: PAPER,
        strokeWidth: 4,
      }),
      tip(
        points.map(p => ({ ...p, title: `within ${aboutText(p.x)}\n${shareText(p.y)} matched` })),
        { x: "x", y: "y", title: "title" },
      ),
    ],
  });
}

function misses(shown: readonly Nearest[], tables: Tables, options: DrawOptions & MissFacts): Element {
  const timeZone = options.timeZone ?? "UTC";
  const width = widthOf(options);
  const on = options.on ?? [];
  const left = table(tables, "left");
  const arrived = numbers(left, "arrived_at");
  const rows = shown.map((p, i) => ({ ...p, i: String(i) }));
  const story = ({ row }: Nearest): MarkStory => ({
    title: `missed row ${row.key} of ${momentText(row.event, timeZone)}`,
    values: {
      about: "miss",
      on,
      within: options.within ?? null,
      ...keyValues(
        left,
        on.map((_, i) => `key ${i}`),
        row.at ?? -1,
      ),
      event_time: row.event,
      arrived_at: Number.isFinite(arrived[row.at ?? -1]) ? arrived[row.at ?? -1] : null,
    },
  });
  const near = rows.filter(r => Number.isFinite(r.distance));
  const marginLeft = Math.min(Math.max(...shown.map(p => p.row.key.length * 6.8)) + 84, width * 0.36);
  const distances = near.map(p => p.distance);
  const most = Math.max(...distances.map(Math.abs), 1);
  return plot(options, {
    height: rows.length * 24 + 52,
    marginLeft,
    marginRight: 132,
    marginTop: 30,
    marginBottom: 16,
    x: {
      type: "linear",
      domain: [Math.min(0, ...distances) - most * 0.05, Math.max(0, ...distances) + most * 0.05],
      axis: null,
    },
    y: { type: "band", domain: rows.map(r => r.i), padding: 0.4, axis: null },
    marks: [
      Plot.text(["missed row"], { frameAnchor: "top-left", textAnchor: "end", dx: -10, dy: -18, fill: INK_SOFT }),
      Plot.text(["its closest counterpart: the bound it needs"], {
        frameAnchor: "top-right",
        textAnchor: "end",
        dx: 128,
        dy: -18,
        fill: INK_SOFT,
      }),
      Plot.ruleX([0], { stroke: INK_SOFT }),
      Plot.link(near, { x1: 0, x2: "distance", y: "i", stroke: DROPPED, strokeWidth: 1.6, strokeDasharray: "3 2" }),
      Plot.dot(rows, { x: 0, y: "i", symbol: "times", r: 4.5, stroke: DROPPED, strokeWidth: 2.2 }),
      Plot.dot(near, { x: "distance", y: "i", r: 4, fill: PAPER, stroke: ON_TIME, strokeWidth: 1.8 }),
      Plot.text(rows, {
        y: "i",
        text: r => `${r.row.key}  ${clockText(r.row.event, timeZone)}`,
        frameAnchor: "left",
        textAnchor: "end",
        dx: -10,
        fill: INK,
      }),
      Plot.text(rows, {
        y: "i",
        text: r =>
          Number.isNaN(r.distance)
            ? "none at all"
            : `${formatDuration(Math.abs(r.distance))} ${r.distance > 0 ? "later" : "earlier"}`,
        frameAnchor: "right",
        textAnchor: "end",
        dx: 128,
        fill: INK,
        fontWeight: 500,
      }),
      // A whole line is clicked and reached by keyboard, not its four pixels of a dot.
      Plot.barX(rows, {
        y: "i",
        x1: Math.min(0, ...distances) - most * 0.05,
        x2: Math.max(0, ...distances) + most * 0.05,
        fill: "transparent",
        ...bearing(rows, story),
      }),
      tip(
        rows,
        {
          x: r => (Number.isNaN(r.distance) ? 0 : r.distance),
          y: "i",
          title: (r: Nearest) =>
            Number.isNaN(r.distance)
              ? `missed ${momentText(r.row.event, timeZone)}\nno row of ${r.row.key} on the other side`
              : `missed ${momentText(r.row.event, timeZone)}\nclosest ${momentText(r.other, timeZone)}\na bound of ${formatDuration(Math.abs(r.distance))} would have matched`,
        },
        story,
      ),
    ],
  });
}
