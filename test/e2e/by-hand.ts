/**
 * What the samples hold, told without any engine: lines are read with `JSON.parse`, and watermarks are followed by the plainest
 * possible loop. The end-to-end tests hold what is on the screen against it.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface Arrival<Row> {
  /** Event time and arrival, ms since 1970. */
  readonly time: number;
  readonly arrival: number;
  readonly partition: string;
  /** Line of the file, from 1. */
  readonly line: number;
  readonly row: Row;
}

/** Reads a sample of JSON lines; lines that are none, or for which `take` says null, are left out. */
export function sample<Row>(
  file: string,
  take: (row: Row) => { time: number; arrival: number; partition?: string } | null,
): Arrival<Row>[] {
  const lines = readFileSync(resolve(import.meta.dirname, "../../samples", file), "utf8").split("\n");
  return lines.flatMap((text, index) => {
    try {
      const row = JSON.parse(text) as Row;
      const taken = take(row);
      return taken === null ? [] : [{ partition: "", ...taken, line: index + 1, row }];
    } catch {
      return [];
    }
  });
}

export interface Patience {
  readonly delay: number;
  readonly idle?: number;
  readonly future?: number;
}

/** The watermark that each row met on arrival: the least of what the partitions that are awake have seen, less the delay. */
export function met(rows: readonly Arrival<unknown>[], patience: Patience): number[] {
  const { delay, idle = Infinity, future = Infinity } = patience;
  const partitions = new Map<string, { max: number; seen: number }>();
  let watermark = -Infinity;
  const settle = (now: number): void => {
    const all = [...partitions.values()].filter(p => p.max > -Infinity);
    const awake = all.filter(p => now - p.seen < idle);
    const next = awake.length > 0 ? Math.min(...awake.map(p => p.max)) : Math.max(...all.map(p => p.max));
    watermark = Math.max(watermark, next - delay);
  };
  return rows.map(({ time, arrival, partition }) => {
    const falling = [...partitions.values()].map(p => p.seen + idle).filter(at => at < arrival);
    for (const at of falling.sort((a, b) => a - b)) settle(at);
    const before = watermark;
    const known = partitions.get(partition) ?? { max: -Infinity, seen: -Infinity };
    known.seen = arrival;
    if (time <= arrival + future) known.max = Math.max(known.max, time);
    partitions.set(partition, known);
    if ([...partitions.values()].some(p => p.max > -Infinity)) settle(arrival);
    return before;
  });
}

/** The end of the window of `size` ms that a time falls into. */
export const endOf = (time: number, size: number): number => (Math.floor(time / size) + 1) * size;

/** The value below which a share of all lie; of two neighbours the lower. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** `1,234`. */
export const count = (n: number): string => n.toLocaleString("en");

/** Reads a length of time as people write it: `1 h 5 min`, `4.1 s`. */
export function milliseconds(text: string): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1e3, min: 6e4, h: 36e5, day: 864e5, days: 864e5 };
  const parts = [...text.matchAll(/([\d.,]+)\s*(ms|s|min|h|days?)\b/g)];
  if (parts.length === 0) throw new Error(`${JSON.stringify(text)} is no length of time`);
  return parts.reduce((sum, [, n, unit]) => sum + Number(n.replaceAll(",", "")) * units[unit], 0);
}
