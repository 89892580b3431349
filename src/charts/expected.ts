/** How charts draw what is still to come: hatched from what is known to what is expected, with a whisker for the band. */
import * as Plot from "@observablehq/plot";
import type { Nowcast } from "../model/nowcast.ts";
import type { Tables } from "./chart.ts";
import { INK, type LegendItem } from "./look.ts";
import { countText, numberText, shareText } from "./words.ts";
import { keyTexts, keyValues, numbers, table, texts } from "./wire.ts";

/** A bar of what is expected, between two places along x. */
export interface ExpectedBar {
  readonly x1: number;
  readonly x2: number;
  readonly known: number;
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

/** What an open window of a key is expected to come to, as `nowcast()` says it. */
export interface ExpectedWindow extends Nowcast {
  readonly start: number;
  readonly end: number;
  readonly key: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** Whether it is learned from windows of this key; else from those of all keys. */
  readonly own: boolean;
}

/** Reads a table of `nowcast()`. */
export function expectedWindows(tables: Tables, keys: readonly string[], name = "expected"): readonly ExpectedWindow[] {
  const rows = table(tables, name);
  const [start, end, known, expected, low, high, share, windows] = [
    "window_start",
    "window_end",
    "known",
    "expected",
    "low",
    "high",
    "share",
    "windows",
  ].map(column => numbers(rows, column));
  const key = keyTexts(rows, keys);
  const from = texts(rows, "learned_from");
  return Array.from({ length: rows.length }, (_, i) => ({
    start: start[i],
    end: end[i],
    key: key[i],
    keys: keyValues(rows, keys, i),
    known: known[i],
    expected: expected[i],
    low: low[i],
    high: high[i],
    share: share[i],
    windows: windows[i],
    own: from[i] === "key",
  }));
}

/** Draws hatched bars above what is known, and whiskers from the low to the high end of the band. */
export function expectedMarks(bars: readonly ExpectedBar[], fill: string, colour: string): Plot.Markish[] {
  const list = bars as ExpectedBar[];
  const middle = (b: ExpectedBar): number => (b.x1 + b.x2) / 2;
  const cap = (share: number) => (b: ExpectedBar) => middle(b) + (b.x2 - b.x1) * share;
  return [
    Plot.rect(list, {
      x1: "x1",
      x2: "x2",
      y1: "known",
      y2: "expected",
      fill,
      stroke: colour,
      strokeWidth: 0.8,
      strokeDasharray: "3 2",
      inset: 0.2,
    }),
    Plot.ruleX(list, { x: middle, y1: "low", y2: "high", stroke: INK, strokeWidth: 1.1 }),
    ["low" as const, "high" as const].map(end =>
      Plot.link(list, { x1: cap(-0.22), x2: cap(0.22), y1: end, y2: end, stroke: INK, strokeWidth: 1.1 }),
    ),
  ];
}

/** The legend's line for it. */
export function expectedLegend(colour: string): LegendItem {
  return { label: "not complete: expected, with four fifths of cases", shape: "hatch", colour };
}

/** Says what is expected, in words for a tip: two lines. */
export function expectedText(n: Nowcast, what = ""): string {
  const [low, high] = [guessText(n.low), guessText(n.high)];
  const band = low === high ? "" : `, ${low} to ${high} in four of five cases`;
  return `${what}${guessText(n.expected)} expected${band}\nwindows of this age had ${shareText(n.share)} (${countText(n.windows, "complete one")})`;
}

/** Writes a guess with three figures: it has no more. */
export function guessText(value: number): string {
  return numberText(Number(value.toPrecision(3)));
}
