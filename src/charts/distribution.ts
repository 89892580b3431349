/**
 * Distributions of lengths of time, from bins of equal ratio: quantiles, shares beyond a value, and the closed forms that
 * rest on them. A bin knows its rows and their sum, so a bin of one row is exact.
 */
import type { WireTable } from "../protocol/table.ts";
import { ratioBinBounds } from "./bins.ts";
import { numbers } from "./wire.ts";

/** Rows whose value lies between `low` and `high` ms; `mean` is their exact mean. */
export interface Bin {
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  readonly rows: number;
}

export interface Distribution {
  /** Bins that hold rows, ascending. */
  readonly bins: readonly Bin[];
  readonly rows: number;
  /** Greatest value, ms: exact where its bin holds one row, else within the bin. NaN without rows. */
  readonly max: number;
}

/** Reads a table of bins (`bin`, `rows`, `total`) made with `perOctave` bins to a doubling. */
export function distributionOf(table: WireTable, perOctave: number): Distribution {
  const bin = numbers(table, "bin");
  const rows = numbers(table, "rows");
  const total = numbers(table, "total");
  const cells: { bin: number; rows: number; total: number }[] = [];
  for (let i = 0; i < table.length; i++) if (rows[i] > 0) cells.push({ bin: bin[i], rows: rows[i], total: total[i] });
  return fromCells(cells, perOctave);
}

/** Makes a distribution of counted bins. */
export function fromCells(
  cells: readonly { readonly bin: number; readonly rows: number; readonly total: number }[],
  perOctave: number,
): Distribution {
  const sorted = [...cells].sort((a, b) => a.bin - b.bin);
  const bins = sorted.map(({ bin, rows, total }) => {
    const [low, high] = ratioBinBounds(bin, perOctave);
    // Sums that were added up and taken away again may have drifted past the bin by a rounding.
    return { low, high, mean: Math.min(Math.max(total / rows, low), high), rows };
  });
  const top = bins.at(-1);
  return {
    bins,
    rows: bins.reduce((n, b) => n + b.rows, 0),
    max: top === undefined ? NaN : top.rows === 1 ? top.mean : Math.min(top.high, 2 * top.mean - top.low),
  };
}

/** Returns the value that a share `q` of the rows does not exceed; right to within a bin. NaN without rows. */
export function quantile({ bins, rows, max }: Distribution, q: number): number {
  const target = q * rows;
  let before = 0;
  for (let i = 0; i < bins.length; i++) {
    const bin = bins[i];
    if (before + bin.rows >= target) {
      if (bin.rows === 1 || (bin.low < 0 && bin.high > 0)) return bin.mean;
      const part = (target - before) / bin.rows;
      const high = i === bins.length - 1 ? Math.max(max, bin.mean) : bin.high;
      return bin.low + (high - bin.low) * Math.min(Math.max(part, 0), 1);
    }
    before += bin.rows;
  }
  return max;
}

/** Returns the share of rows whose value is more than `value`; bins that hold it are divided in proportion. */
export function shareBeyond({ bins, rows }: Distribution, value: number): number {
  let beyond = 0;
  for (const bin of bins) {
    if (bin.low >= value) beyond += bin.rows;
    else if (bin.high > value)
      beyond += bin.rows === 1 ? Number(bin.mean > value) : bin.rows * ((bin.high - value) / (bin.high - bin.low));
  }
  return rows === 0 ? NaN : beyond / rows;
}

/** The quantiles that charts write out. */
export const QUANTILES: readonly (readonly [string, number])[] = [
  ["p50", 0.5],
  ["p90", 0.9],
  ["p99", 0.99],
  ["p99.9", 0.999],
];
