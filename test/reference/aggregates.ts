/** Aggregates, naively: from the kept rows, every time. */
import type { Value } from "../../src/columns/column.ts";

/** A row that a window holds. `order` is its place among all rows that arrived. */
export interface KeptRow {
  readonly value: number | null;
  readonly time: number;
  readonly weight: number;
  readonly order: number;
}

/** The names that the reference can compute, each of the one value of its rows; `n` counts rows, values or none. */
export const AGGREGATES: Readonly<Record<string, (rows: readonly KeptRow[]) => Value>> = {
  n: rows => rows.reduce((sum, r) => sum + r.weight, 0),
  some: rows => net(rows),
  // Of a pane that replaces a row that it does not hold, there may be a sum although there is no value.
  total: rows => (net(rows) === 0 && sum(rows) === 0 ? null : sum(rows) + 0),
  mean: rows => (net(rows) === 0 ? null : (sum(rows) + 0) / net(rows)),
  least: rows => sorted(rows)[0] ?? null,
  most: rows => sorted(rows).at(-1) ?? null,
  different: rows => new Set(sorted(rows)).size,
  median(rows) {
    const values = sorted(rows);
    if (values.length === 0) return null;
    const at = (values.length - 1) / 2;
    return (values[Math.floor(at)] + values[Math.ceil(at)]) / 2;
  },
  earliest: rows => [...present(rows)].sort((a, b) => a.time - b.time || a.order - b.order)[0]?.value ?? null,
  latest: rows => [...present(rows)].sort((a, b) => a.time - b.time || a.order - b.order).at(-1)?.value ?? null,
  all: rows => [...present(rows)].sort((a, b) => a.order - b.order).map(r => r.value),
};

/** The expressions of the same names, for a rollup. */
export const EXPRESSIONS: Readonly<Record<string, string>> = {
  n: "count()",
  some: "count(d.v)",
  total: "sum(d.v)",
  mean: "mean(d.v)",
  least: "min(d.v)",
  most: "max(d.v)",
  different: "distinct(d.v)",
  median: "median(d.v)",
  earliest: "first(d.v)",
  latest: "last(d.v)",
  all: "collect(d.v)",
};

const present = (rows: readonly KeptRow[]): KeptRow[] => rows.filter(r => r.value !== null);
const net = (rows: readonly KeptRow[]): number => present(rows).reduce((n, r) => n + r.weight, 0);
const sum = (rows: readonly KeptRow[]): number => present(rows).reduce((s, r) => s + r.weight * (r.value as number), 0);
const sorted = (rows: readonly KeptRow[]): number[] =>
  present(rows)
    .map(r => r.value as number)
    .sort((a, b) => a - b);
