/** `sessionSurgery`, the page's half: a key's sessions as they grow upwards in processing time, cut where a row merged them. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import {
  DROPPED,
  emptyState,
  figure,
  INK,
  INK_SOFT,
  LATE,
  ON_TIME,
  PAPER,
  plot,
  timeAxisX,
  timeAxisY,
  tip,
  widthOf,
} from "../look.ts";
import { bearing, type MarkStory } from "../stories.ts";
import { momentText, windowText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText } from "../words.ts";
import { extent, keyTexts, keyValues, numbers, table, texts } from "../wire.ts";
import { operate, type Operation, type Phase } from "./surgery.ts";

type SurgeryFacts = Partial<WindowFacts> & { readonly inclusive?: boolean; readonly key?: string | null };

interface Withdrawn {
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly value: number;
}

interface Reading {
  readonly operations: readonly Operation[];
  readonly own: readonly Operation[];
  readonly phases: readonly Phase[];
  readonly key: string;
  readonly withdrawn: readonly Withdrawn[];
  readonly allWithdrawn: number;
}

function read(tables: Tables, options: SurgeryFacts): Reading | null {
  const rows = table(tables, "rows");
  if (rows.length === 0) return null;
  const event = numbers(rows, "event_time");
  const arrival = numbers(rows, "arrived_at");
  const key = keyTexts(rows, options.keys ?? []);
  const { operations, phases } = operate(
    Array.from({ length: rows.length }, (_, i) => ({
      key: key[i],
      keys: keyValues(rows, options.keys ?? [], i),
      event: event[i],
      arrival: arrival[i],
    })),
    options.windowSize ?? 0,
    options.inclusive ?? false,
  );
  const merges = new Map<string, number>();
  for (const o of operations) merges.set(o.row.key, (merges.get(o.row.key) ?? 0) + (o.kind === "merged" ? 1_000 : 1));
  const chosen = options.key ?? [...merges].sort((a, b) => b[1] - a[1])[0][0];
  const panes = table(tables, "panes");
  const paneKey = keyTexts(panes, options.keys ?? []);
  const timing = texts(panes, "timing");
  const weight = numbers(panes, "weight");
  const [start, end, at, value] = ["window_start", "window_end", "emitted_at", options.outputs?.[0] ?? ""].map(n =>
    numbers(panes, n),
  );
  const taken: (Withdrawn & { readonly key: string })[] = [];
  const final = new Map<string, number>();
  for (let i = 0; i < panes.length; i++)
    final.set(
      `${paneKey[i]}|${start[i]}|${end[i]}`,
      (final.get(`${paneKey[i]}|${start[i]}|${end[i]}`) ?? 0) + weight[i],
    );
  for (let i = 0; i < panes.length; i++)
    if (weight[i] < 0 && final.get(`${paneKey[i]}|${start[i]}|${end[i]}`) === 0 && timing[i] !== null)
      taken.push({ key: paneKey[i], start: start[i], end: end[i], at: at[i], value: value[i] });
  return {
    operations,
    own: operations.filter(o => o.row.key === chosen),
    phases: phases.filter(p => p.key === chosen),
    key: chosen,
    withdrawn: taken.filter(w => w.key === chosen),
    allWithdrawn: taken.length,
  };
}

export const sessionSurgery: ChartDrawing<SurgeryFacts> = {
  name: "sessionSurgery",
  draw(tables, options) {
    const reading = read(tables, options);
    if (reading === null)
      return emptyState(
        options,
        "sessionSurgery",
        "There is nothing to operate on: no row has arrived yet, or there are more than 10,000. Press play, or filter the stream to a few keys.",
      );
    return figure(options, {
      chart: "sessionSurgery",
      summary: summary(tables, options),
      legend: [
        { label: "session as known then", shape: "area", colour: `color-mix(in srgb, ${ON_TIME} 30%, transparent)` },
        { label: "row", shape: "dot", colour: ON_TIME },
        { label: "row that merged sessions", shape: "diamond", colour: LATE },
        { label: "result withdrawn", shape: "cross", colour: DROPPED },
      ],
      body: [picture(reading, options)],
      notes: [
        ...(reading.key === ""
          ? []
          : [`Sessions of ${reading.key}, with a gap of ${formatDuration(options.windowSize ?? 0)}.`]),
        zoneNote(options.timeZone ?? "UTC", reading.own[0].row.event, reading.own[reading.own.length - 1].row.arrival),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & SurgeryFacts): string {
  const reading = read(tables, options);
  if (reading === null) return "There is nothing to operate on yet.";
  const timeZone = options.timeZone ?? "UTC";
  const merges = reading.operations.filter(o => o.kind === "merged");
  const opened = reading.operations.filter(o => o.kind === "opened").length;
  const parts = [
    `${countText(opened, "session")} opened; ${countText(merges.length, "row")} merged some of them, and ${countText(reading.allWithdrawn, "result was", "results were")} withdrawn.`,
  ];
  const widest = reading.own
    .filter(o => o.kind === "merged")
    .sort((a, b) => b.met.length - a.met.length || b.row.arrival - b.row.event - (a.row.arrival - a.row.event))[0];
  if (widest !== undefined)
    parts.push(
      `The row of ${momentText(widest.row.event, timeZone)}${reading.key === "" ? "" : ` of ${reading.key}`}, ${formatDuration(Math.max(0, widest.row.arrival - widest.row.event))} late, made one of ${widest.met.map(m => windowText(m.start, m.end, timeZone)).join(" and ")}.`,
    );
  return parts.join(" ");
}

function picture({ own, phases, withdrawn }: Reading, options: DrawOptions & SurgeryFacts): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? "UTC";
  const height = options.height ?? 340;
  const xs = extent(
    Float64Array.from(phases, p => p.start),
    Float64Array.from(phases, p => p.end),
  ) ?? [0, 1];
  const ys = extent(Float64Array.from(own, o => o.row.arrival)) ?? [0, 1];
  const padX = (xs[1] - xs[0]) * 0.03;
  const padY = Math.max(ys[1] - ys[0], 1) * 0.07;
  const [x0, x1, y0, y1] = [xs[0] - padX, xs[1] + padX, ys[0] - padY, ys[1] + padY];
  const merged = own.filter(o => o.kind === "merged");
  const title = (o: Operation): string =>
    `${o.kind === "merged" ? `merged ${numberText(o.met.length)} sessions` : o.kind === "opened" ? "opened a session" : o.kind === "extended" ? "extended its session" : "joined its session"}\nhappened ${momentText(o.row.event, timeZone)}\narrived ${momentText(o.row.arrival, timeZone)}\nsession now ${windowText(o.after.start, o.after.end, timeZone)}`;
  const story = (o: Operation): MarkStory => ({
    title: `row of ${momentText(o.row.event, timeZone)}${o.row.key === "" ? "" : ` · ${o.row.key}`}`,
    values: { about: "session", ...o.row.keys, event_time: o.row.event, arrived_at: o.row.arrival },
  });
  const plain = own.filter(o => o.kind !== "merged");
  // What was withdrawn was withdrawn by the row that merged it away; of that row its cross tells.
  const surgeon = (w: Withdrawn): Operation =>
    own.findLast(o => o.row.arrival <= w.at && o.met.some(m => m.start <= w.start && m.end >= w.end)) ?? own[0];
  return plot(options, {
    height,
    marginLeft: 78,
    marginRight: 16,
    marginTop: 26,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "linear", domain: [y0, y1] },
    marks: [
      ...timeAxisX(x0, x1, timeZone, width - 94, "event time →"),
      ...timeAxisY(y0, y1, timeZone, height - 72, "↑ processing time"),
      Plot.rect(phases as Phase[], {
        x1: "start",
        x2: "end",
        y1: "from",
        y2: (p: Phase) => (Number.isNaN(p.until) ? y1 : p.until),
        fill: ON_TIME,
        fillOpacity: 0.2,
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.link(phases as Phase[], {
        x1: "start",
        x2: "end",
        y: "from",
        stroke: ON_TIME,
        strokeOpacity: 0.5,
        strokeWidth: 1,
      }),
      Plot.link(merged, {
        x1: o => o.after.start,
        x2: o => o.after.end,
        y: o => o.row.arrival,
        stroke: LATE,
        strokeWidth: 2.2,
      }),
      Plot.dot(plain, {
        x: o => o.row.event,
        y: o => o.row.arrival,
        r: own.length > 300 ? 2 : 3.2,
        fill: ON_TIME,
        ...bearing(plain, story),
      }),
      Plot.dot(merged, {
        x: o => o.row.event,
        y: o => o.row.arrival,
        symbol: "diamond",
        r: 6,
        fill: LATE,
        stroke: PAPER,
        ...bearing(merged, story),
      }),
      Plot.dot(withdrawn as Withdrawn[], {
        x: w => (w.start + w.end) / 2,
        y: "at",
        symbol: "times",
        r: 4.5,
        stroke: DROPPED,
        strokeWidth: 2,
        ...bearing(withdrawn, w => story(surgeon(w))),
      }),
      Plot.text(merged.slice(0, 12), {
        x: o => o.row.event,
        y: o => o.row.arrival,
        text: o => `${o.met.length} → 1`,
        dy: -14,
        fill: INK,
        stroke: PAPER,
        strokeWidth: 4,
        fontWeight: 600,
      }),
      Plot.ruleY([y0], { stroke: INK_SOFT, strokeOpacity: 0.4 }),
      tip(own as Operation[], { x: (o: Operation) => o.row.event, y: (o: Operation) => o.row.arrival, title }, story),
    ],
  });
}
