/** Aggregates, each against a plain computation over the rows that are there: after adding, taking back and merging. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchOf } from "../../../src/columns/builder.ts";
import type { Column, Value } from "../../../src/columns/column.ts";
import { type AggregateName, AGGREGATES } from "../../../src/expressions/aggregates.ts";
import { AGGREGATIONS } from "../../../src/engine/aggregates/registry.ts";
import type { Aggregation } from "../../../src/engine/aggregates/aggregation.ts";

interface Row {
  readonly x: number | null;
  readonly y: number | null;
  readonly time: number;
}

const number = fc.option(fc.integer({ min: -50, max: 50 }), { nil: null, freq: 6 });
const row = fc.record({ x: number, y: number, time: fc.integer({ min: 0, max: 9 }) });

const numbers = (rows: readonly Row[]): number[] => rows.flatMap(r => (r.x === null ? [] : [r.x]));
const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const orNull = (values: readonly number[], compute: (values: readonly number[]) => Value): Value =>
  values.length === 0 ? null : compute(values);

function quantile(values: readonly number[], p: number): number {
  const sorted = ascending(values);
  const at = p * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  return low + ((sorted[Math.ceil(at)] ?? low) - low) * (at - Math.floor(at));
}

function varianceOf(values: readonly number[]): Value {
  if (values.length < 2) return null;
  const mean = sumOf(values) / values.length;
  return sumOf(values.map(v => (v - mean) ** 2)) / (values.length - 1);
}

function modeOf(values: readonly number[]): Value {
  const count = (v: number): number => values.filter(w => w === v).length;
  return orNull(values, all => ascending(all).reduce((best, v) => (count(v) > count(best) ? v : best)));
}

function corrOf(rows: readonly Row[]): Value {
  const pairs = rows.flatMap(r => (r.x === null || r.y === null ? [] : [[r.x, r.y]]));
  if (pairs.length < 2) return null;
  const mx = sumOf(pairs.map(([x]) => x)) / pairs.length;
  const my = sumOf(pairs.map(([, y]) => y)) / pairs.length;
  const xx = sumOf(pairs.map(([x]) => (x - mx) ** 2));
  const yy = sumOf(pairs.map(([, y]) => (y - my) ** 2));
  return xx < 1e-9 || yy < 1e-9 ? null : sumOf(pairs.map(([x, y]) => (x - mx) * (y - my))) / Math.sqrt(xx * yy);
}

/** Rows in order of arrival, as the plain computation of each aggregate sees them. */
const PLAIN: { readonly [A in AggregateName]: (rows: readonly Row[]) => Value } = {
  count: rows => numbers(rows).length,
  sum: rows => orNull(numbers(rows), sumOf),
  mean: rows => orNull(numbers(rows), v => sumOf(v) / v.length),
  min: rows => orNull(numbers(rows), v => Math.min(...v)),
  max: rows => orNull(numbers(rows), v => Math.max(...v)),
  variance: rows => varianceOf(numbers(rows)),
  stdev: rows => {
    const variance = varianceOf(numbers(rows));
    return variance === null ? null : Math.sqrt(variance as number);
  },
  distinct: rows => new Set(numbers(rows)).size,
  median: rows => orNull(numbers(rows), v => quantile(v, 0.5)),
  quantile: rows => orNull(numbers(rows), v => quantile(v, 0.9)),
  first: rows => byTime(rows)[0]?.x ?? null,
  last: rows => byTime(rows).at(-1)?.x ?? null,
  collect: numbers,
  mode: rows => modeOf(numbers(rows)),
  corr: corrOf,
  any: rows => numbers(rows)[0] ?? null,
  some: rows => numbers(rows).some(Boolean),
  every: rows => numbers(rows).every(Boolean),
};

function byTime(rows: readonly Row[]): Row[] {
  return rows.filter(r => r.x !== null).toSorted((a, b) => a.time - b.time);
}

const names = Object.keys(AGGREGATES) as AggregateName[];

function make(name: AggregateName, retracts = true): Aggregation {
  const type = { type: "number", nullable: true } as const;
  return AGGREGATIONS[name]({ types: [type, type], retracts });
}

function bind(name: AggregateName, aggregation: Aggregation, rows: readonly Row[]): void {
  const schema = ["x", "y", "p"].map(field => ({ name: field, type: "number", nullable: true }) as const);
  const [x, y, p] = batchOf(
    schema,
    rows.map(r => ({ x: r.x, y: r.y, p: 0.9 })),
  ).columns as [Column, Column, Column];
  const args = name === "quantile" ? [x, p] : name === "corr" ? [x, y] : [x];
  aggregation.bind({ args, time: Float64Array.from(rows, r => r.time), order: 0 });
}

function same(actual: Value, expected: Value): void {
  if (typeof expected === "number") expect(actual).toBeCloseTo(expected, 9);
  else expect(actual).toEqual(expected);
}

describe.each(names)("%s", name => {
  test("of rows that were added", () => {
    fc.assert(
      fc.property(fc.array(row), fc.boolean(), (rows, retracts) => {
        const aggregation = make(name, retracts);
        bind(name, aggregation, rows);
        aggregation.clear(3);
        rows.forEach((_, i) => aggregation.add(3, i, 1));
        same(aggregation.result(3), PLAIN[name](rows));
      }),
    );
  });

  test("of rows some of which were taken back", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(row, fc.boolean())), tagged => {
        const rows = tagged.map(([r]) => r);
        const aggregation = make(name);
        bind(name, aggregation, rows);
        aggregation.clear(0);
        rows.forEach((_, i) => aggregation.add(0, i, 1));
        tagged.forEach(([, gone], i) => gone && aggregation.add(0, i, -1));
        const left = tagged.flatMap(([r, gone]) => (gone ? [] : [r]));
        // Which of equal values was taken back cannot be told; where the order of arrival matters, only what it shows.
        const order = (value: Value): Value => (name === "collect" ? ascending(value as number[]) : value);
        if (name !== "any") same(order(aggregation.result(0)), order(PLAIN[name](left)));
      }),
    );
  });

  test("of merged slots, saved and loaded", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(row, fc.boolean())), tagged => {
        const rows = tagged.map(([r]) => r);
        const aggregation = make(name);
        bind(name, aggregation, rows);
        aggregation.clear(0);
        aggregation.clear(1);
        tagged.forEach(([, second], i) => aggregation.add(second ? 1 : 0, i, 1));
        aggregation.merge(0, 1);
        same(aggregation.result(0), PLAIN[name](rows));
        const other = make(name);
        other.load(5, structuredClone(aggregation.save(0)));
        same(other.result(5), PLAIN[name](rows));
        // Loading takes a copy: what happens to the one does not show in the other.
        aggregation.clear(0);
        same(other.result(5), PLAIN[name](rows));
      }),
    );
  });
});

test("sums leave nothing behind", () => {
  const rows = [0.1, 1e16, 0.2, NaN, Infinity, -1e16, 0.3].map(x => ({ x, y: null, time: 0 }));
  const sum = make("sum");
  bind("sum", sum, rows);
  sum.clear(0);
  rows.forEach((_, i) => sum.add(0, i, 1));
  expect(sum.result(0)).toBeNaN();
  sum.add(0, 3, -1);
  expect(sum.result(0)).toBe(Infinity);
  sum.add(0, 4, -1);
  expect(sum.result(0)).toBeCloseTo(0.6, 15);
  for (const i of [1, 5, 0, 2]) sum.add(0, i, -1);
  expect(sum.result(0)).toBeCloseTo(0.3, 15);
  sum.add(0, 6, -1);
  expect(sum.result(0)).toBeNull();
});

test("sums of money are the same to the last bit, in any order, whatever came and went", () => {
  const cents = fc.integer({ min: -1e9, max: 1e9 }).map(c => ({ x: c / 100, y: null, time: 0 }));
  fc.assert(
    fc.property(fc.array(cents), fc.array(cents), (stay, go) => {
      const rows = [...go, ...stay];
      const mixed = make("sum");
      bind("sum", mixed, rows);
      mixed.clear(0);
      rows.forEach((_, i) => mixed.add(0, i, 1));
      go.forEach((_, i) => mixed.add(0, i, -1));
      const plain = make("sum");
      bind("sum", plain, stay.toReversed());
      plain.clear(0);
      stay.forEach((_, i) => plain.add(0, i, 1));
      expect(mixed.result(0)).toBe(plain.result(0));
    }),
  );
});

test("a retraction that was ruled out is an error", () => {
  const least = make("min", false);
  bind("min", least, [{ x: 1, y: null, time: 0 }]);
  least.clear(0);
  expect(() => least.add(0, 0, -1)).toThrow("planned as one that only adds rows");
});
