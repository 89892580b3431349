/** `knowledgeTriangle`, the page's half: a table of shares, shaded; what lies in the future is hatched, never blank. */
import * as Plot from "@observablehq/plot";
import { type Nowcast, nowcast } from "../../model/nowcast.ts";
import { formatDuration } from "../../model/time.ts";
import { ratioBinBounds } from "../bins.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { reachedBy } from "../completeness.ts";
import { expectedText, guessText } from "../expected.ts";
import { asksFor, bearing, type MarkStory } from "../stories.ts";
import {
  CLICK_HINT,
  defsMark,
  documentOf,
  emptyState,
  figure,
  hatch,
  INK,
  INK_SOFT,
  ON_TIME,
  PAPER,
  plot,
  TIP_STYLE,
  widthOf,
} from "../look.ts";
import { windowNames, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { numberText, shareText } from "../words.ts";
import { numbers, table } from "../wire.ts";
import { AGE_BINS, AGES } from "./plan.ts";

type TriangleFacts = Partial<WindowFacts> & { readonly step?: number };

/** One stretch of event time: its rows so far, and how many of them had come by each age. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  readonly by: (age: number) => number;
  /** The age by which the last row so far had come, ms. */
  readonly last: number;
}

/** Reads the stretches in order; strays from a wrong clock, less than a thousandth of a usual stretch, are left out. */
export function stretchesOf(tables: Tables, step: number): readonly Stretch[] {
  const cells = table(tables, "cells");
  const at = numbers(cells, "at");
  const age = numbers(cells, "age");
  const band = numbers(cells, "band");
  const rows = numbers(cells, "rows");
  const groups = new Map<number, { low: number; high: number; rows: number }[]>();
  for (let i = 0; i < cells.length; i++) {
    if (!(rows[i] > 0)) continue;
    const bin = ratioBinBounds(age[i], AGE_BINS);
    const low = Math.max(bin[0], AGES[band[i] - 1] ?? -Infinity);
    const high = Math.min(bin[1], AGES[band[i]] ?? Infinity);
    const list = groups.get(at[i]);
    const cell = { low, high, rows: rows[i] };
    if (list === undefined) groups.set(at[i], [cell]);
    else list.push(cell);
  }
  const made = [...groups].map(([start, list]) => {
    const total = list.reduce((n, c) => n + c.rows, 0);
    return {
      start,
      end: start + step,
      rows: total,
      last: list.reduce((a, c) => Math.max(a, c.high), -Infinity),
      by: (limit: number): number =>
        list.reduce(
          (n, c) => n + (c.high <= limit ? c.rows : c.low >= limit ? 0 : c.rows * ((limit - c.low) / (c.high - c.low))),
          0,
        ),
    };
  });
  const usual = made.map(s => s.rows).sort((a, b) => a - b)[Math.floor(made.length / 2)] ?? 0;
  return made.filter(s => s.rows >= usual / 1_000).sort((a, b) => a.start - b.start);
}

/** A stretch with the number of rows that shares are of: its own once it is complete, else those expected, else nobody knows. */
interface Judged extends Stretch {
  readonly complete: boolean;
  readonly expected: Nowcast | null;
  readonly total: number | null;
}

/** Complete stretches that are learned from, the latest ones. */
const LATEST = 100;

/** Shares of a stretch that is not complete are shares of what it is expected to come to; of its rows so far they would all be 1. */
export function judged(stretches: readonly Stretch[], reached: number, now: number): readonly Judged[] {
  // Where nothing is known of the watermark nothing is known to be incomplete either.
  const complete = (s: Stretch): boolean => Number.isNaN(reached) || s.end <= reached;
  const known = stretches.filter(complete).slice(-LATEST);
  const up = (rows: number): { up: number; down: number } => ({ up: rows, down: 0 });
  return stretches.map(s => {
    if (complete(s)) return { ...s, complete: true, expected: null, total: s.rows };
    const expected = nowcast(
      up(s.rows),
      known.map(k => ({ before: up(k.by(now - s.end)), final: up(k.rows) })),
    );
    return { ...s, complete: false, expected, total: expected?.expected ?? null };
  });
}

function read(tables: Tables, options: TriangleFacts & DrawOptions): readonly Judged[] {
  const stretches = stretchesOf(tables, options.step ?? 3_600_000);
  const latest = stretches.reduce((a, s) => Math.max(a, s.end + s.last), -Infinity);
  return judged(stretches, reachedBy(tables, options), options.now ?? latest);
}

export const knowledgeTriangle: ChartDrawing<TriangleFacts> = {
  name: "knowledgeTriangle",
  draw(tables, options) {
    const stretches = read(tables, options);
    if (stretches.length === 0)
      return emptyState(options, "knowledgeTriangle", "No row has arrived yet. Press play to see when what was known.");
    return figure(options, {
      chart: "knowledgeTriangle",
      summary: summary(tables, options),
      legend: [
        { label: "share of the rows so far", shape: "area", colour: `color-mix(in srgb, ${ON_TIME} 60%, transparent)` },
        { label: "not that old yet, or nobody knows of how many", shape: "hatch", colour: INK_SOFT },
      ],
      body: [picture(stretches, options)],
      notes: [
        ...(stretches.some(s => s.expected !== null)
          ? ["Shares of what is not complete are of the rows that are expected (≈), as stretches before it came in."]
          : []),
        zoneNote(options.timeZone ?? options.zone ?? "UTC", stretches[0].start, stretches[stretches.length - 1].end),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & TriangleFacts): string {
  const all = read(tables, options);
  if (all.length === 0) return "No row has arrived yet.";
  const stretches = all.some(s => s.complete) ? all.filter(s => s.complete) : all;
  const rows = stretches.reduce((n, s) => n + s.rows, 0);
  const known = (age: number): number => stretches.reduce((n, s) => n + s.by(age), 0) / rows;
  const complete = AGES.find(a => known(a) >= 0.999);
  const open = all.filter(s => s.expected !== null);
  const more = open.reduce((n, s) => n + ((s.total ?? 0) - s.rows), 0);
  const still =
    open.length === 0
      ? ""
      : ` Of ${open.length === 1 ? "the last stretch" : `the last ${open.length} stretches`} about ${guessText(more)} rows are still to come.`;
  return `At the end of a stretch of ${formatDuration(options.step ?? 3_600_000)}, ${shareText(known(0))} of its rows are there, a minute later ${shareText(known(60_000))}; ${complete === undefined ? "99.9 % are not reached" : `99.9 % are reached within ${formatDuration(complete)}`}.${still}`;
}

function picture(stretches: readonly Judged[], options: DrawOptions & TriangleFacts): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const latest = Math.max(...stretches.map(s => s.last));
  const ages = AGES.filter((a, i) => a <= latest || AGES[i - 1] < latest);
  const now = options.now ?? Infinity;
  const nameOf = windowNames(stretches, timeZone);
  const names = stretches.map(s => nameOf(s.start, s.end));
  const column = (age: number): string => (age === 0 ? "at its end" : `+${formatDuration(age)}`);
  const cells = stretches.flatMap((s, i) =>
    ages.map(age => ({
      row: String(i),
      column: column(age),
      known: s.total === null || s.total === 0 ? 0 : s.by(age) / s.total,
      future: s.end + age > now || s.total === null,
      expected: s.expected,
      name: names[i],
      rows: s.by(age),
      total: s.total ?? s.rows,
      start: s.start,
      end: s.end,
      age,
    })),
  );
  const story = (c: (typeof cells)[number]): MarkStory => ({
    title: `${c.name}, ${c.age === 0 ? "at its end" : `${formatDuration(c.age)} after`}`,
    values: { about: "stretch", event_time: c.start, event_time_until: c.end, age: c.age },
  });
  const [past, ahead] = [cells.filter(c => !c.future), cells.filter(c => c.future)];
  const pattern = hatch(documentOf(options), INK_SOFT, 5);
  const left = Math.min(Math.max(...names.map(n => n.length * 6.4)) + 16, width * 0.3);
  const tall = stretches.length > 30 ? 15 : 23;
  const roomy = tall > 18 && (width - left - 70) / ages.length > 38;
  // Most shares are near 1; the shade follows what is still missing, so that the last per cents are seen.
  const shade = (known: number): number => 0.06 + 0.76 * Math.min(1, -Math.log10(Math.max(1 - known, 1e-4)) / 4);
  return plot(options, {
    height: stretches.length * tall + 40,
    marginLeft: left,
    marginRight: 66,
    marginTop: 34,
    marginBottom: 6,
    x: { type: "band", domain: ages.map(column), padding: 0.04, axis: null },
    y: { type: "band", domain: stretches.map((_, i) => String(i)), padding: 0.08, axis: null },
    marks: [
      defsMark(pattern.defs),
      Plot.axisX({
        anchor: "top",
        label: null,
        tickSize: 0,
        color: INK_SOFT,
        fontSize: (width - left - 66) / ages.length < 58 ? 9.5 : 11,
      }),
      Plot.text(names, {
        y: (_: string, i: number) => String(i),
        text: (n: string) => n,
        frameAnchor: "left",
        textAnchor: "end",
        dx: -8,
        fill: INK,
      }),
      Plot.cell(past, {
        x: "column",
        y: "row",
        fill: ON_TIME,
        fillOpacity: c => shade(c.known),
        rx: 2,
        title: c =>
          `${c.name}\n${c.column}: ${numberText(Math.round(c.rows))} of ${c.expected === null ? numberText(c.total) : `about ${guessText(c.total)}`} rows, ${shareText(c.known)}${c.expected === null ? "" : `\n${expectedText(c.expected)}`}\n${CLICK_HINT}`,
        tip: TIP_STYLE,
        ...bearing(past, story),
      }),
      asksFor(story),
      Plot.cell(ahead, {
        x: "column",
        y: "row",
        fill: pattern.fill,
        fillOpacity: 0.4,
        rx: 2,
        ...bearing(ahead, story),
      }),
      roomy
        ? Plot.text(
            cells.filter(c => !c.future),
            {
              x: "column",
              y: "row",
              text: c => shareText(c.known).replace(" %", ""),
              fill: c => (shade(c.known) > 0.68 ? PAPER : INK),
              fontSize: 10.5,
            },
          )
        : null,
      Plot.text(stretches as Judged[], {
        y: (_: Judged, i: number) => String(i),
        frameAnchor: "right",
        textAnchor: "end",
        dx: 60,
        text: (s: Judged) =>
          s.expected === null
            ? `${numberText(s.rows)}${s.complete ? "" : " …"}`
            : `≈ ${guessText(s.expected.expected)}`,
        fill: INK_SOFT,
      }),
      Plot.text(["rows"], { frameAnchor: "top-right", textAnchor: "end", dx: 60, dy: -18, fill: INK_SOFT }),
    ],
  });
}
