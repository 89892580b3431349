/** `watermarkHold`, the page's half: a lane for each partition with its lag, and a bar under it while it holds the watermark. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
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
  plot,
  svgElement,
  timeAxisX,
  tip,
  widthOf,
} from "../look.ts";
import { momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, shareText } from "../words.ts";
import { numbers, table, texts } from "../wire.ts";
import { type Hold, type HoldShare, holdShares, holdsOf, type Said } from "./holders.ts";

type HoldFacts = Partial<WindowFacts> & { readonly courseStep?: number };

interface Reading {
  readonly said: readonly Said[];
  readonly holds: readonly Hold[];
  readonly shares: readonly HoldShare[];
  readonly from: number;
  readonly to: number;
}

function read(tables: Tables, options: DrawOptions): Reading | null {
  const exact = table(tables, "progress");
  const source = exact.length > 0 ? exact : table(tables, "course");
  const at = numbers(source, exact.length > 0 ? "processing_time" : "at");
  const watermark = numbers(source, "watermark");
  const partition = texts(source, "partition").map(p => (p === "" ? null : p));
  const idle = numbers(source, "idle");
  const told = texts(source, "idle");
  const said: Said[] = [];
  let from = Infinity;
  let to = -Infinity;
  for (let i = 0; i < source.length; i++) {
    const p = partition[i];
    // What is said at the end of time is about the end, not about who held the watermark.
    if (p === null || watermark[i] === Infinity) continue;
    said.push({ at: at[i], partition: p, watermark: watermark[i], idle: idle[i] === 1 || told[i] === "true" });
    from = Math.min(from, at[i]);
    to = Math.max(to, at[i]);
  }
  if (said.length === 0) return null;
  to = Math.max(options.now ?? to, to);
  const holds = holdsOf(said, to);
  const partitions = [...new Set(said.map(s => s.partition))].sort();
  return { said: said.sort((a, b) => a.at - b.at), holds, shares: holdShares(holds, partitions), from, to };
}

export const watermarkHold: ChartDrawing<HoldFacts> = {
  name: "watermarkHold",
  draw(tables, options) {
    const reading = read(tables, options);
    if (reading === null)
      return emptyState(
        options,
        "watermarkHold",
        "No partition has said anything yet. Press play to see who holds the watermark.",
      );
    return figure(options, {
      chart: "watermarkHold",
      summary: summary(tables, options),
      legend: [
        { label: "behind the present", shape: "area", colour: `color-mix(in srgb, ${ON_TIME} 35%, transparent)` },
        { label: "holds the watermark", shape: "bar", colour: LATE },
        { label: "idle, holds nobody back", shape: "hatch", colour: INK_SOFT },
      ],
      body: [lanes(reading, options)],
      notes: [zoneNote(options.timeZone ?? options.zone ?? "UTC", reading.from, reading.to)],
    });
  },
  summary,
};

function summary(tables: Tables, options: HoldFacts & DrawOptions): string {
  const reading = read(tables, options);
  if (reading === null) return "No partition has said anything yet.";
  const [first, ...others] = reading.shares;
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const current = reading.holds.at(-1)?.partition;
  const rest = others.filter(s => s.share > 0.005).map(s => `${nameOf(s.partition)} ${shareText(s.share)}`);
  const holder = nameOf(first.partition);
  return (
    `${holder[0].toUpperCase()}${holder.slice(1)} held the watermark for ${shareText(first.share)} of the time, at longest for ${aboutText(first.longest)} from ${momentText(first.from, timeZone)}` +
    `${rest.length > 0 ? `; ${rest.join(", ")}` : ""}. ` +
    (current === null || current === undefined ? "All partitions are idle." : `It is now held by ${nameOf(current)}.`)
  );
}

/** Names a partition: a bare number says nothing by itself. */
const nameOf = (partition: string): string => (/^\d+$/.test(partition) ? `partition ${partition}` : partition);

const LANE = 46;

function lanes(reading: Reading, options: HoldFacts & DrawOptions): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const x0 = options.span?.start ?? reading.from;
  const x1 = Math.max(options.span?.end ?? reading.to, reading.to, x0 + 1);
  const names = reading.shares.map(s => s.partition);
  const left = Math.min(Math.max(...names.map(n => nameOf(n).length * 7)) + 22, width * 0.25);
  const height = names.length * LANE;
  const pattern = hatch(documentOf(options), INK_SOFT, 4);
  // Lag is drawn by its square root: hours in one partition must not flatten the minutes of the others.
  const root = (ms: number): number => Math.sqrt(Math.max(ms, 0));
  const most = Math.max(
    ...reading.said.map(s => root(s.at - s.watermark)),
    ...reading.holds.map(h => (h.partition === null ? 0 : root(h.to - h.from))),
    1,
  );
  const base = (name: string): number => (names.indexOf(name) + 1) * LANE - 9;
  const y = (name: string, lag: number): number => base(name) - (root(lag) / most) * (LANE - 16);
  const areas = names.map(name => {
    const own = reading.said.filter(s => s.partition === name);
    const points: { x: number; y: number; name: string; title: string }[] = [];
    own.forEach((s, i) => {
      const until = i + 1 < own.length ? own[i + 1].at : reading.to;
      const title = (at: number): string =>
        `${nameOf(name)}${s.idle ? ", idle" : ""}\n${momentText(at, timeZone)}\nwatermark ${momentText(s.watermark, timeZone)}\n${formatDuration(Math.max(0, at - s.watermark))} behind`;
      points.push({ x: s.at, y: y(name, s.idle ? 0 : s.at - s.watermark), name, title: title(s.at) });
      points.push({ x: until, y: y(name, s.idle ? 0 : until - s.watermark), name, title: title(until) });
    });
    return points;
  });
  const idle = names.flatMap(name => {
    const own = reading.said.filter(s => s.partition === name);
    return own.flatMap((s, i) =>
      s.idle ? [{ x1: s.at, x2: i + 1 < own.length ? own[i + 1].at : reading.to, name }] : [],
    );
  });
  return plot(options, {
    height: height + 58,
    marginLeft: left,
    marginRight: 92,
    marginTop: 8,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "linear", domain: [height, 0], axis: null },
    marks: [
      defsMark(pattern.defs),
      ...timeAxisX(x0, x1, timeZone, width - left - 92, "processing time →"),
      Plot.ruleY(names, { y: base, stroke: GRID }),
      Plot.text(names, {
        y: (n: string) => base(n) - 12,
        text: nameOf,
        frameAnchor: "left",
        textAnchor: "end",
        dx: -10,
        fill: INK,
        fontSize: 12,
      }),
      Plot.rect(idle, {
        x1: "x1",
        x2: "x2",
        y1: i => base(i.name),
        y2: i => base(i.name) - (LANE - 16),
        fill: pattern.fill,
        fillOpacity: 0.4,
      }),
      areas.map((points, i) => [
        Plot.areaY(points, { x: "x", y1: base(names[i]), y2: "y", fill: ON_TIME, fillOpacity: 0.28 }),
        Plot.line(points, { x: "x", y: "y", stroke: ON_TIME, strokeWidth: 1.1 }),
      ]),
      holdBars(reading, base),
      Plot.text(reading.shares as HoldShare[], {
        y: s => base(s.partition) - 12,
        frameAnchor: "right",
        textAnchor: "start",
        dx: 10,
        text: s => (s.share > 0 ? `holds ${shareText(s.share)}` : "never holds"),
        fill: s => (s.share > 0 ? INK : INK_SOFT),
      }),
      options.now === null || options.now === undefined
        ? null
        : Plot.ruleX([options.now], { stroke: INK, strokeOpacity: 0.8 }),
      tip(areas.flat(), { x: "x", y: "y", title: "title" }),
    ],
  });
}

/** Draws all holds as one path: there may be thousands of short ones. */
function holdBars(reading: Reading, base: (name: string) => number): Plot.Markish {
  return (_index, scales, _values, _dimensions, context) => {
    const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
    let d = "";
    for (const h of reading.holds) {
      if (h.partition === null) continue;
      const width = Math.max(x(h.to) - x(h.from), 0.6);
      d += `M${x(h.from).toFixed(1)},${(y(base(h.partition)) + 1.5).toFixed(1)}h${width.toFixed(1)}v5h${(-width).toFixed(1)}Z`;
    }
    const path = svgElement(context.document, "path", { d, class: "tm-holds" });
    path.style.fill = LATE;
    return path;
  };
}
