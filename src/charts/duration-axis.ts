/** Axes of lengths of time on a logarithmic scale, from a millisecond to months, labelled as people say them. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../model/time.ts";
import { GRID, INK_SOFT } from "./look.ts";

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;
const TICKS = [1, 10, 100, S, 10 * S, MIN, 10 * MIN, H, 6 * H, D, 7 * D, 28 * D, 364 * D];
const FINE_TICKS = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  S,
  2 * S,
  5 * S,
  10 * S,
  30 * S,
  MIN,
  2 * MIN,
  5 * MIN,
  10 * MIN,
  30 * MIN,
  H,
  2 * H,
  6 * H,
  12 * H,
  D,
  2 * D,
  7 * D,
  14 * D,
  28 * D,
];

/** Chooses ticks of a logarithmic axis in `[low, high]` ms. */
export function durationTicks(low: number, high: number, most: number): readonly number[] {
  for (const ticks of [FINE_TICKS, TICKS]) {
    const inside = ticks.filter(t => t >= low && t <= high);
    if (inside.length <= most) return inside;
  }
  const inside = TICKS.filter(t => t >= low && t <= high);
  const every = Math.ceil(inside.length / Math.max(most, 1));
  return inside.filter((_, i) => i % every === 0);
}

const short = (ms: number): string => formatDuration(ms).replace("days", "d").replace("day", "d");

export function durationAxisX(low: number, high: number, width: number, label: string): Plot.Markish[] {
  const ticks = durationTicks(low, high, Math.max(2, Math.floor(width / 46)));
  return [
    Plot.gridX(ticks, { stroke: GRID, strokeOpacity: 1 }),
    Plot.axisX(ticks, { text: short, label, labelAnchor: "right", labelArrow: "none", color: INK_SOFT, tickSize: 4 }),
  ];
}

export function durationAxisY(low: number, high: number, height: number, label: string): Plot.Markish[] {
  const ticks = durationTicks(low, high, Math.max(2, Math.floor(height / 26)));
  return [
    Plot.gridY(ticks, { stroke: GRID, strokeOpacity: 1 }),
    Plot.axisY(ticks, { text: short, label, labelArrow: "none", color: INK_SOFT, tickSize: 4 }),
  ];
}

/** Axis of shares of 1, in per cent; logarithmic where `ticks` are given. */
export function shareAxisY(label: string, ticks: readonly number[]): Plot.Markish[] {
  return [
    Plot.gridY(ticks, { stroke: GRID, strokeOpacity: 1 }),
    Plot.axisY(ticks, {
      // Given as text: Plot thins out the labels of logarithmic scales otherwise.
      text: (v: number) => `${Number((v * 100).toPrecision(6))} %`,
      label,
      labelArrow: "none",
      color: INK_SOFT,
      tickSize: 4,
    }),
  ];
}

/** Chooses round ticks from 0 to `high`. */
export function roundTicks(high: number, most: number): readonly number[] {
  if (!(high > 0)) return [0];
  const power = 10 ** Math.floor(Math.log10(high / most));
  const step = [1, 2, 5, 10].map(f => f * power).find(s => high / s <= most) ?? 10 * power;
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** Axis of plain numbers along y. */
export function numberAxisY(label: string, options: Plot.AxisYOptions = {}): Plot.Markish[] {
  return [
    Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: options.ticks as number | undefined }),
    Plot.axisY({ label, labelArrow: "none", color: INK_SOFT, tickSize: 4, ...options }),
  ];
}
