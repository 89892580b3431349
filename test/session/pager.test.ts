/** The order in which pages of a table are cut: at once where it is small, in slices where it is large. */
import { expect, test } from "vitest";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema } from "../../src/columns/column.ts";
import { type Order, Table } from "../../src/engine/table.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { Pager } from "../../src/session/pager.ts";
import { logSource } from "../engine/logs.ts";

const SCHEMA: Schema = [{ name: "n", type: "number", nullable: false }];
const { node } = logSource("log", bounded(0));
const down = { column: "n", descending: true };

function append(table: Table, from: number, to: number): void {
  const builder = new BatchBuilder(SCHEMA);
  for (let n = from; n < to; n++) builder.append([n]);
  const none = { selection: null, at: null, clock: null, weight: null, pane: null };
  const zeros = new Float64Array(to - from);
  table.apply({ ...none, batch: builder.take(), count: to - from, time: zeros, watermark: zeros });
}

function pagerOver(rows: number): { table: Table; pager: Pager } {
  const table = new Table(node, SCHEMA, { kind: "append" });
  append(table, 0, rows);
  return { table, pager: new Pager(table) };
}

const first = (pager: Pager, order: Order | null): number | null | undefined => {
  const page = pager.page(order, 0, 1);
  return page === null || page === undefined ? page : page.slots[0];
};

test("a table in its own order, and a small one in any, need no work", () => {
  const { pager } = pagerOver(1_000);
  expect([first(pager, null), pager.busy]).toEqual([null, false]);
  expect([first(pager, down), pager.busy]).toEqual([999, false]);
});

test("a large table shows its former order until the new one is there", () => {
  const { table, pager } = pagerOver(30_000);
  // There is nothing to show yet.
  expect([first(pager, down), pager.busy]).toEqual([undefined, true]);
  expect(pager.work(() => true)).toBe(false);
  expect(first(pager, down)).toBeUndefined();
  expect(pager.work(() => false)).toBe(true);
  expect([first(pager, down), pager.busy]).toEqual([29_999, false]);
  append(table, 30_000, 40_000);
  expect([first(pager, down), pager.busy]).toEqual([29_999, true]);
  pager.work(() => false);
  expect([first(pager, down), pager.busy]).toEqual([39_999, false]);
});

test("an order follows in portions, and shows its rows meanwhile", () => {
  const { table, pager } = pagerOver(60_000);
  first(pager, down);
  pager.work(() => false);
  append(table, 60_000, 63_000);
  // What is needed to follow is made only now.
  expect([first(pager, down), pager.busy]).toEqual([59_999, true]);
  expect(pager.work(() => true)).toBe(false);
  expect([first(pager, down), pager.busy]).toEqual([59_999, true]);
  let works = 0;
  while (first(pager, down) === 59_999) {
    pager.work(() => true);
    works++;
  }
  expect(works).toBeGreaterThan(2);
  const part = pager.page(down, 0, 100_000)?.slots ?? new Int32Array(0);
  expect(part.length).toBeGreaterThan(60_000);
  expect(part.length).toBeLessThan(63_000);
  expect(part).toEqual(Int32Array.from(part, (_, i) => part.length - 1 - i));
  append(table, 63_000, 63_500);
  while (pager.busy) expect(pager.work(() => true)).toBe(true);
  expect(pager.page(down, 0, 100_000)?.slots).toEqual(Int32Array.from({ length: 63_500 }, (_, i) => 63_499 - i));
});

test("an order that cannot follow any more is made anew, even if nobody is told of the table again", () => {
  const { table, pager } = pagerOver(60_000);
  const before = table.snapshot();
  first(pager, down);
  pager.work(() => false);
  append(table, 60_000, 61_000);
  expect([first(pager, down), pager.busy]).toEqual([59_999, true]);
  table.restore(before);
  append(table, 60_000, 62_000);
  expect(first(pager, down)).toBe(59_999);
  for (let i = 0; i < 3; i++) if (pager.busy && pager.work(() => false)) first(pager, down);
  expect([first(pager, down), pager.busy]).toEqual([61_999, false]);
});

test("a large table that changes a little needs no work, not even what changes while it is put in order", () => {
  const { table, pager } = pagerOver(30_000);
  first(pager, down);
  append(table, 30_000, 31_000);
  pager.work(() => false);
  expect([first(pager, down), pager.busy]).toEqual([30_999, false]);
  append(table, 31_000, 31_500);
  expect([first(pager, down), pager.busy]).toEqual([31_499, false]);
  expect(pager.page(down, 31_498, 10)).toEqual({ from: 31_498, slots: Int32Array.of(1, 0) });
  expect(pager.page(down, 40_000, 10)).toEqual({ from: 31_500, slots: new Int32Array(0) });
});

test("an order that nobody wants any more is left, and rows that are gone are not shown", () => {
  const { table, pager } = pagerOver(30_000);
  const before = table.snapshot();
  append(table, 30_000, 60_000);
  first(pager, down);
  expect([first(pager, null), pager.busy]).toEqual([null, false]);
  first(pager, down);
  pager.work(() => false);
  expect(first(pager, down)).toBe(59_999);
  table.restore(before);
  expect(first(pager, down)).toBeUndefined();
  pager.work(() => false);
  expect(first(pager, down)).toBe(29_999);
  expect(first(pager, { ...down, descending: false })).toBeUndefined();
});
