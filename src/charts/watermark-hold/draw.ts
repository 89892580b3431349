/**
 * `watermarkHold`, the page's half: a lane for each partition with its lag, and a bar under it while it holds the watermark. Partitions
 * that were never seen, and those of which a filter lets nothing pass, say so in their lanes.
 */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import {
  defsMark,
  documentOf,
  DROPPED,
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
import { bearing, type MarkStory } from "../stories.ts";
import { momentText, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, countText, numberText, shareText } from "../words.ts";
import { numbers, table, texts } from "../wire.ts";
import { type Hold, type HoldShare, holdShares, holdsOf, type Said } from "./holders.ts";

type HoldFacts = Partial<WindowFacts> & {
  readonly courseStep?: number;
  readonly expected?: readonly (string | number)[];
  readonly filters?: readonly string[];
};

/** Rows of a partition, before and behind the filters on the way to the windows. */
interface Passage {
  readonly brought: number;
  readonly passed: number;
}

interface Reading {
  /** In order of time. */
  readonly said: readonly Said[];
  readonly holds: readonly Hold[];
  readonly shares: readonly HoldShare[];
  /** By partition; empty where nothing is filtered. */
  readonly passages: ReadonlyMap<string, Passage>;
  /** Partitions that ought to speak and have not. */
  readonly unseen: readonly string[];
  readonly from: number;
  readonly to: number;
}

function read(tables: Tables, options: HoldFacts & DrawOptions): Reading | null {
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
  const unseen = (options.expected ?? []).map(String).filter(p => !partitions.includes(p));
  return {
    said: said.sort((a, b) => a.at - b.at),
    holds,
    shares: holdShares(holds, partitions),
    passages: passagesOf(tables),
    unseen: [...new Set(unseen)],
    from,
    to,
  };
}

function passagesOf(tables: Tables): ReadonlyMap<string, Passage> {
  const counts = (name: string): Map<string, number> => {
    const of = table(tables, name);
    const rows = numbers(of, "rows");
    return new Map(texts(of, "partition").map((p, i) => [p ?? "", rows[i]]));
  };
  const passed = counts("after");
  return new Map([...counts("before")].map(([p, brought]) => [p, { brought, passed: passed.get(p) ?? 0 }]));
}

const isEmpty = (passage: Passage | undefined): boolean =>
  passage !== undefined && passage.brought > 0 && passage.passed === 0;

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
    const filtered = [...reading.passages.values()].some(isEmpty);
    return figure(options, {
      chart: "watermarkHold",
      summary: sentence(reading, options),
      legend: [
        { label: "behind the present", shape: "area", colour: `color-mix(in srgb, ${ON_TIME} 35%, transparent)` },
        { label: "holds the watermark", shape: "bar", colour: LATE },
        { label: "idle, holds nobody back", shape: "hatch", colour: INK_SOFT },
        ...(filtered
          ? [{ label: "filtered empty: no row of it comes through", shape: "cross", colour: DROPPED } as const]
          : []),
      ],
      body: [lanes(reading, options)],
      notes: [zoneNote(options.timeZone ?? options.zone ?? "UTC", reading.from, reading.to)],
    });
  },
  summary(tables, options) {
    const reading = read(tables, options);
    return reading === null ? "No partition has said anything yet." : sentence(reading, options);
  },
};

function sentence(reading: Reading, options: HoldFacts & DrawOptions): string {
  const [first, ...others] = reading.shares;
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const current = reading.holds.at(-1)?.partition;
  const rest = others.filter(s => s.share > 0.005).map(s => `${nameOf(s.partition)} ${shareText(s.share)}`);
  const parts = [
    `${begin(nameOf(first.partition))} held the watermark for ${shareText(first.share)} of the time, at longest for ${aboutText(first.longest)} from ${momentText(first.from, timeZone)}${rest.length > 0 ? `; ${rest.join(", ")}` : ""}.`,
    current === null || current === undefined ? "All partitions are idle." : `It is now held by ${nameOf(current)}.`,
  ];
  const idle = reading.shares
    .map(s => s.partition)
    .filter(p => reading.said.findLast(s => s.partition === p)?.idle === true);
  if (idle.length > 0 && current !== null && current !== undefined)
    parts.push(`Idle now: ${idle.map(nameOf).join(", ")}.`);
  for (const [partition, passage] of reading.passages)
    if (isEmpty(passage))
      parts.push(
        `${begin(nameOf(partition))} is filtered empty: ${passage.brought === 1 ? "its one row does not pass" : `none of its ${numberText(passage.brought)} rows passes`} ${(options.filters ?? []).join(", ") || "the filter"}.`,
      );
  if (reading.unseen.length > 0)
    parts.push(
      `Never seen: ${reading.unseen.map(nameOf).join(", ")}; a partition counts from its first row on, so ${reading.unseen.length === 1 ? "it holds" : "they hold"} nothing back.`,
    );
  return parts.join(" ");
}

const begin = (text: string): string => text[0].toUpperCase() + text.slice(1);

/** Names a partition: a bare number says nothing by itself. */
const nameOf = (partition: string): string => (/^\d+$/.test(partition) ? `partition ${partition}` : partition);

const LANE = 46;
/** Holds that bear their stories one by one; the shortest of more are asked for by their lane. */
const MOST_HOLDS = 120;
/** Pixels between two places of a lane of which a tip tells. */
const TIP_STEP = 6;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly middle: number;
  readonly partition: string;
  readonly said: Said;
  readonly hold: Hold | undefined;
}

function storyOfHold(partition: string, from: number, until: number): MarkStory {
  return {
    title: `${nameOf(partition)} and the watermark`,
    values: { about: "partition", partition, at: from, until },
  };
}

function lanes(reading: Reading, options: HoldFacts & DrawOptions): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const x0 = options.span?.start ?? reading.from;
  const x1 = Math.max(options.span?.end ?? reading.to, reading.to, x0 + 1);
  const seen = reading.shares.map(s => s.partition);
  const names = [...seen, ...reading.unseen];
  const left = Math.min(Math.max(...names.map(n => nameOf(n).length * 7)) + 22, width * 0.25);
  const right = reading.passages.size > 0 ? 176 : 96;
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
  const own = new Map(seen.map(name => [name, reading.said.filter(s => s.partition === name)]));
  const areas = seen.map(name =>
    own.get(name)!.flatMap((s, i, all) => {
      const until = i + 1 < all.length ? all[i + 1].at : reading.to;
      return [
        { x: s.at, y: y(name, s.idle ? 0 : s.at - s.watermark) },
        { x: until, y: y(name, s.idle ? 0 : until - s.watermark) },
      ];
    }),
  );
  const idle = seen.flatMap(name =>
    own
      .get(name)!
      .flatMap((s, i, all) =>
        s.idle ? [{ x1: s.at, x2: i + 1 < all.length ? all[i + 1].at : reading.to, name }] : [],
      ),
  );
  const longest = reading.holds
    .flatMap(h => (h.partition === null ? [] : [{ ...h, partition: h.partition }]))
    .sort((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, MOST_HOLDS)
    .sort((a, b) => a.from - b.from);
  const labelled = seen.map(name => ({ name, story: storyOfHold(name, reading.from, reading.to) }));
  const places = placesOf(reading, own, (x1 - x0) / Math.max((width - left - right) / TIP_STEP, 1), base, y);
  return plot(options, {
    height: height + 58,
    marginLeft: left,
    marginRight: right,
    marginTop: 8,
    marginBottom: 46,
    x: { type: "linear", domain: [x0, x1] },
    y: { type: "linear", domain: [height, 0], axis: null },
    marks: [
      defsMark(pattern.defs),
      // A narrow frame has room for a tick more than a wide one would allow itself.
      ...timeAxisX(x0, x1, timeZone, width - left - right + 60, "processing time →"),
      Plot.ruleY(names, { y: base, stroke: GRID }),
      Plot.text(labelled, {
        y: d => base(d.name) - 12,
        text: d => nameOf(d.name),
        frameAnchor: "left",
        textAnchor: "end",
        dx: -10,
        fill: INK,
        fontSize: 12,
        ...bearing(labelled, d => d.story),
      }),
      Plot.text(reading.unseen as string[], {
        y: n => base(n) - 12,
        text: nameOf,
        frameAnchor: "left",
        textAnchor: "end",
        dx: -10,
        fill: INK_SOFT,
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
        Plot.areaY(points, { x: "x", y1: base(seen[i]), y2: "y", fill: ON_TIME, fillOpacity: 0.28 }),
        Plot.line(points, { x: "x", y: "y", stroke: ON_TIME, strokeWidth: 1.1 }),
      ]),
      holdBars(reading, base),
      // The bars are one path; what is clicked and reached by keyboard lies over them, unseen.
      Plot.rect(longest, {
        x1: "from",
        x2: "to",
        y1: h => base(h.partition) - (LANE - 16),
        y2: h => base(h.partition) + 7,
        fill: "transparent",
        rx: 2,
        ...bearing(longest, h => storyOfHold(h.partition, h.from, h.to)),
      }),
      laneWords(reading, names, base),
      options.now === null || options.now === undefined
        ? null
        : Plot.ruleX([options.now], { stroke: INK, strokeOpacity: 0.8 }),
      tip(
        places,
        {
          x: "x",
          y: "y",
          py: "middle",
          maxRadius: LANE / 2,
          title: (p: Place) =>
            `${nameOf(p.partition)}${p.said.idle ? ", idle" : ""}\n${momentText(p.x, timeZone)}\nwatermark ${momentText(p.said.watermark, timeZone)}\n${formatDuration(Math.max(0, Math.round((p.x - p.said.watermark) / 1_000) * 1_000))} behind${p.hold === undefined ? "" : `\nholds it for ${aboutText(p.hold.to - p.hold.from)}`}`,
        } as Plot.TipOptions,
        (p: Place) => storyOfHold(p.partition, p.hold?.from ?? p.x, p.hold?.to ?? p.x),
      ),
    ],
  });
}

/** What stands at the right of each lane: its share, and whether anything of it comes through. */
function laneWords(reading: Reading, names: readonly string[], base: (name: string) => number): Plot.Markish[] {
  const share = new Map(reading.shares.map(s => [s.partition, s.share]));
  const passage = (name: string): Passage | undefined => reading.passages.get(name);
  const told = names.filter(name => passage(name) !== undefined);
  const line = (list: readonly string[], dy: number, text: (name: string) => string, fill: (name: string) => string) =>
    Plot.text(list as string[], {
      y: n => base(n) - 12,
      frameAnchor: "right",
      textAnchor: "start",
      dx: 10,
      dy,
      text,
      fill,
    });
  const raised = (name: string): boolean => told.includes(name);
  const held = (name: string): string =>
    !share.has(name) ? "never seen" : share.get(name)! > 0 ? `holds ${shareText(share.get(name)!)}` : "never holds";
  const ink = (name: string): string => ((share.get(name) ?? 0) > 0 ? INK : INK_SOFT);
  return [
    line(
      names.filter(n => !raised(n)),
      0,
      held,
      ink,
    ),
    line(told, -8, held, ink),
    line(
      told,
      7,
      n => {
        const { brought, passed } = passage(n)!;
        return isEmpty(passage(n))
          ? `✕ filtered empty (${numberText(brought)} → 0)`
          : passed === brought
            ? "every row passes"
            : `${numberText(passed)} of ${countText(brought, "row")} pass`;
      },
      n => (isEmpty(passage(n)) ? DROPPED : INK_SOFT),
    ),
  ];
}

/** The places of the lanes of which a tip tells: one every few pixels, wherever the partition has said something. */
function placesOf(
  { holds, to }: Reading,
  own: ReadonlyMap<string, readonly Said[]>,
  step: number,
  base: (name: string) => number,
  y: (name: string, lag: number) => number,
): Place[] {
  const places: Place[] = [];
  for (const [partition, said] of own) {
    const held = holds.filter(h => h.partition === partition);
    let [i, h] = [0, 0];
    for (let x = said[0].at; x <= to; x += step) {
      while (i + 1 < said.length && said[i + 1].at <= x) i++;
      while (h < held.length && held[h].to <= x) h++;
      const hold = h < held.length && held[h].from <= x ? held[h] : undefined;
      const lag = said[i].idle ? 0 : x - said[i].watermark;
      places.push({ x, y: y(partition, lag), middle: base(partition) - LANE / 2 + 9, partition, said: said[i], hold });
    }
  }
  return places;
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
