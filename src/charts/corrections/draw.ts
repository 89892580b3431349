/** `corrections`, the page's half: a bar for what late rows changed, beside what was said on time and what holds now. */
import * as Plot from "@observablehq/plot";
import type { Nowcast } from "../../model/nowcast.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { expectedText, expectedWindows } from "../expected.ts";
import { asksFor, bearing, type MarkStory } from "../stories.ts";
import {
  CLICK_HINT,
  defsMark,
  documentOf,
  emptyState,
  figure,
  GRID,
  hatch,
  INK,
  INK_SOFT,
  LATE,
  plot,
  TIP_STYLE,
  widthOf,
} from "../look.ts";
import { windowNames, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText, shareText, signedText } from "../words.ts";
import { extent, keyTexts, keyValues, numbers, table } from "../wire.ts";

type CorrectionsFacts = Partial<WindowFacts> & { readonly value?: string; readonly top?: number };

export interface Correction {
  readonly start: number;
  readonly end: number;
  readonly key: string;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly onTime: number;
  readonly final: number;
  readonly difference: number;
  /** Whether nothing of the window was there on time. */
  readonly onlyLate: boolean;
  /** What it is expected to come to, where it still takes late rows and enough others are closed. */
  readonly expected: Nowcast | null;
}

/** Reads the windows that have spoken on time or late, the most corrected first; those still open have nothing to correct. */
export function correctionsOf(tables: Tables, keys: readonly string[]): readonly Correction[] {
  // Of too many values only the most corrected are here.
  const rows = table(tables, tooMany(tables) ? "largest" : "corrections");
  const start = numbers(rows, "window_start");
  const end = numbers(rows, "window_end");
  const onTime = numbers(rows, "on_time");
  const final = numbers(rows, "final");
  const onTimePanes = numbers(rows, "on_time_panes");
  const latePanes = numbers(rows, "late_panes");
  const earlyPanes = numbers(rows, "early_panes");
  const reached = numbers(table(tables, "watermark"), "reached")[0] ?? -Infinity;
  const key = keyTexts(rows, keys);
  const open = new Map(expectedWindows(tables, keys).map(e => [`${e.start} ${e.end} ${e.key}`, e]));
  const out: Correction[] = [];
  for (let i = 0; i < rows.length; i++) {
    // A window that has spoken early alone is complete once the watermark is past it, with or without a pane that says so.
    if (!(onTimePanes[i] > 0 || latePanes[i] > 0 || end[i] <= reached)) continue;
    // Weighted sums may leave the dust of floating point behind.
    const difference = Number((final[i] - onTime[i]).toPrecision(12));
    const dust = Math.abs(difference) < 1e-9 * Math.max(Math.abs(final[i]), 1);
    out.push({
      start: start[i],
      end: end[i],
      key: key[i],
      keys: keyValues(rows, keys, i),
      onTime: onTime[i],
      final: final[i],
      difference: dust ? 0 : difference,
      onlyLate: !(onTimePanes[i] > 0 || earlyPanes[i] > 0),
      expected: open.get(`${start[i]} ${end[i]} ${key[i]}`) ?? null,
    });
  }
  return out.sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference) || a.start - b.start);
}

export const corrections: ChartDrawing<CorrectionsFacts> = {
  name: "corrections",
  draw(tables, options) {
    const all = correctionsOf(tables, options.keys ?? []);
    const totals = totalsOf(tables, all);
    if (totals.values === 0)
      return emptyState(
        options,
        "corrections",
        "No window is complete yet, so there is nothing to correct. Play on until the watermark passes the end of one.",
      );
    // What late rows may change yet is drawn too, though they have changed nothing so far.
    const changed = all.filter(c => c.difference !== 0 || mayChange(c));
    const notes = notesOf(all, changed, totals, options);
    if (changed.length === 0)
      return figure(options, { chart: "corrections", summary: summary(tables, options), body: [], notes });
    return figure(options, {
      chart: "corrections",
      summary: summary(tables, options),
      body: [bars(changed.slice(0, options.top ?? 12), options)],
      notes,
    });
  },
  summary,
};

function mayChange({ expected }: Correction): boolean {
  return expected !== null && expected.high > expected.low;
}

interface Totals {
  /** Values that were given on time or late, and those that late rows changed. */
  readonly values: number;
  readonly changed: number;
  readonly moved: number;
  readonly onTime: number;
}

/** Adds the values up, where they are all here; else the engine has. */
function totalsOf(tables: Tables, all: readonly Correction[]): Totals {
  const one = (name: string, column: string): number => numbers(table(tables, name), column)[0] || 0;
  if (tooMany(tables))
    return {
      values: one("said_on_time", "values"),
      changed: one("moved", "values"),
      moved: one("moved", "moved"),
      onTime: one("said_on_time", "on_time"),
    };
  const changed = all.filter(c => c.difference !== 0);
  return {
    values: all.length,
    changed: changed.length,
    moved: changed.reduce((n, c) => n + Math.abs(c.difference), 0),
    onTime: all.reduce((n, c) => n + Math.abs(c.onTime), 0),
  };
}

/** Whether panes came out while the table of values is empty: then there were too many of them. */
function tooMany(tables: Tables): boolean {
  return table(tables, "corrections").length === 0 && numbers(table(tables, "said"), "panes")[0] > 0;
}

function summary(tables: Tables, options: DrawOptions & CorrectionsFacts): string {
  const all = correctionsOf(tables, options.keys ?? []);
  const { values, changed: count, moved, onTime } = totalsOf(tables, all);
  if (values === 0) return "No window is complete yet.";
  const changed = all.filter(c => c.difference !== 0);
  if (changed.length === 0) return `Late rows changed none of the ${countText(values, "value")} first given on time.`;
  const worst = changed[0];
  const name = nameOf(worst, all, options);
  return (
    `Late rows changed ${numberText(count)} of ${countText(values, "value")}, in all by ${numberText(moved)}` +
    `${onTime > 0 ? ` (${shareText(moved / onTime)} of what was said on time)` : ""}. ` +
    `The most changed is ${name}: from ${numberText(worst.onTime)} to ${numberText(worst.final)} (${signedText(worst.difference)}).`
  );
}

function nameOf(c: Correction, all: readonly Correction[], options: DrawOptions & CorrectionsFacts): string {
  const window = Number.isNaN(c.start)
    ? ""
    : windowNames(all, options.timeZone ?? options.zone ?? "UTC")(c.start, c.end);
  return [c.key, window].filter(t => t !== "").join(", ");
}

function bars(shown: readonly Correction[], options: DrawOptions & CorrectionsFacts): Element {
  const width = widthOf(options);
  const names = shown.map(c => nameOf(c, shown, options));
  const left = Math.min(Math.max(...names.map(n => n.length * 6.6)) + 16, width * 0.4);
  // Both columns of figures are as wide as their widest figure.
  const figures = (value: (c: Correction) => number): number =>
    Math.max(...shown.map(c => numberText(value(c)).length), 7) * 7.3 + 14;
  const first = figures(c => c.onTime);
  const second = first + figures(c => c.final);
  const right = second + 62;
  const rows = shown.map((c, i) => ({ ...c, row: String(i), name: names[i] }));
  const story = (r: (typeof rows)[number]): MarkStory => ({
    title: r.name,
    values: { ...r.keys, window_start: r.start, window_end: r.end },
  });
  const pattern = hatch(documentOf(options), LATE, 5);
  // Hatched: what late rows are still expected to change.
  const still = rows.flatMap(r =>
    r.expected === null || r.expected.high === r.expected.low
      ? []
      : [
          {
            row: r.row,
            from: r.difference,
            to: r.expected.expected - r.onTime,
            low: r.expected.low - r.onTime,
            high: r.expected.high - r.onTime,
          },
        ],
  );
  const ends = [...shown.map(c => c.difference), ...still.flatMap(s => [s.low, s.high])];
  const most = Math.max(...ends.map(Math.abs));
  const low = Math.min(0, ...ends);
  const high = Math.max(0, ...ends);
  const change = (c: Correction): string =>
    mayChange(c)
      ? "so far"
      : c.onlyLate
        ? "nothing on time"
        : c.onTime === 0
          ? ""
          : `${c.difference > 0 ? "+" : "−"}${shareText(Math.abs(c.difference / c.onTime))}`;
  return plot(options, {
    height: rows.length * 26 + 64,
    marginLeft: left,
    marginRight: right,
    marginTop: 24,
    marginBottom: 38,
    x: { type: "linear", domain: [low - most * 0.02, high + most * 0.02] },
    y: { type: "band", domain: rows.map(r => r.row), padding: 0.34, axis: null },
    marks: [
      still.length > 0 ? defsMark(pattern.defs) : null,
      Plot.gridX({ stroke: GRID, strokeOpacity: 1, ticks: 5 }),
      Plot.axisX({
        ticks: 5,
        label: `change of ${options.value ?? "the value"} by late rows`,
        labelAnchor: "center",
        labelArrow: "none",
        color: INK_SOFT,
        tickSize: 4,
        tickFormat: signedText,
      }),
      Plot.barX(rows, {
        y: "row",
        x1: 0,
        x2: "difference",
        fill: LATE,
        rx: 1.5,
        title: r =>
          `${r.name}\non time ${numberText(r.onTime)}\nfinal ${numberText(r.final)}\n${signedText(r.difference)}${r.expected === null ? "" : `\n${expectedText(r.expected)}`}\n${CLICK_HINT}`,
        tip: TIP_STYLE,
        ...bearing(rows, story),
      }),
      asksFor(story),
      Plot.barX(still, { y: "row", x1: "from", x2: "to", fill: pattern.fill, stroke: LATE, strokeDasharray: "3 2" }),
      Plot.ruleY(still, { y: "row", x1: "low", x2: "high", stroke: INK, strokeWidth: 1.1 }),
      Plot.ruleX([0], { stroke: INK_SOFT }),
      Plot.text(rows, { y: "row", text: "name", frameAnchor: "left", dx: -8, textAnchor: "end", fill: INK }),
      Plot.text(rows, {
        y: "row",
        frameAnchor: "right",
        dx: first,
        textAnchor: "end",
        text: r => numberText(r.onTime),
        fill: INK_SOFT,
      }),
      Plot.text(rows, {
        y: "row",
        frameAnchor: "right",
        dx: second,
        textAnchor: "end",
        text: r => numberText(r.final),
        fill: INK,
        fontWeight: 600,
      }),
      Plot.text(rows, {
        y: "row",
        frameAnchor: "right",
        dx: second + 8,
        textAnchor: "start",
        text: change,
        fill: LATE,
      }),
      Plot.text(["on time"], { frameAnchor: "top-right", dx: first, dy: -16, textAnchor: "end", fill: INK_SOFT }),
      Plot.text(["final"], { frameAnchor: "top-right", dx: second, dy: -16, textAnchor: "end", fill: INK_SOFT }),
    ],
  });
}

function notesOf(
  all: readonly Correction[],
  changed: readonly Correction[],
  totals: Totals,
  options: DrawOptions & CorrectionsFacts,
): string[] {
  const notes: string[] = [];
  const top = options.top ?? 12;
  if (totals.changed > top) notes.push(`The ${top} largest of ${numberText(totals.changed)} corrections.`);
  const only = all.filter(c => c.onlyLate).length;
  const open = changed.slice(0, top).filter(c => c.expected !== null).length;
  if (open > 0)
    notes.push(
      `${countText(open, "window still takes", "windows still take")} late rows: hatched is what they may change yet.`,
    );
  if (only > 0) notes.push(`${countText(only, "window had", "windows had")} nothing at all on time.`);
  const seen = extent(
    Float64Array.from(all, c => c.start),
    Float64Array.from(all, c => c.end),
  );
  if (seen !== null) notes.push(zoneNote(options.timeZone ?? options.zone ?? "UTC", seen[0], seen[1]));
  return notes;
}
