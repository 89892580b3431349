/** The order in which pages of a table are cut: at once where it is small, in slices where it is large. */
import { expect, test } from "vitest";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema } from "../../src/columns/column.ts";
import { Table } from "../../src/engine/table.ts";
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

test("a table in its own order, and a small one in any, need no work", () => {
  const { pager } = pagerOver(1_000);
  expect([pager.slots(null), pager.busy]).toEqual([null, false]);
  expect([pager.slots(down)?.[0], pager.busy]).toEqual([999, false]);
});

test("a large table shows its former order until the new one is there", () => {
  const { table, pager } = pagerOver(30_000);
  // There is nothing to show yet.
  expect([pager.slots(down), pager.busy]).toEqual([undefined, true]);
  expect(pager.work(() => true)).toBe(false);
  expect(pager.slots(down)).toBeUndefined();
  expect(pager.work(() => false)).toBe(true);
  expect([pager.slots(down)?.[0], pager.busy]).toEqual([29_999, false]);
  append(table, 30_000, 31_000);
  expect([pager.slots(down)?.[0], pager.busy]).toEqual([29_999, true]);
  pager.work(() => false);
  expect([pager.slots(down)?.[0], pager.busy]).toEqual([30_999, false]);
});

test("an order that nobody wants any more is left, and rows that are gone are not shown", () => {
  const { table, pager } = pagerOver(30_000);
  const before = table.snapshot();
  append(table, 30_000, 60_000);
  pager.slots(down);
  expect([pager.slots(null), pager.busy]).toEqual([null, false]);
  pager.slots(down);
  pager.work(() => false);
  expect(pager.slots(down)?.[0]).toBe(59_999);
  table.restore(before);
  expect(pager.slots(down)).toBeUndefined();
  pager.work(() => false);
  expect(pager.slots(down)?.[0]).toBe(29_999);
  expect(pager.slots({ ...down, descending: false })).toBeUndefined();
});
