/** Putting rows in order of arrival, against a plain sort. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/columns/batch.ts";
import { batchOf } from "../../src/columns/builder.ts";
import type { Schema, Value } from "../../src/columns/column.ts";
import { atOnce, STRETCH } from "../../src/connectors/pieces.ts";
import { batchInOrder, orderOfTimes } from "../../src/connectors/row-order.ts";
import { runs } from "../properties/arbitrary.ts";

const sorted = (times: Float64Array): number[] =>
  Array.from(times, (_, i) => i).sort((a, b) => times[a] - times[b] || a - b);

test("rows come in order of their times, equal ones as they stand", () => {
  const time = fc.oneof(
    fc.constantFrom(0, -0, 1, -1, 1.5, -1.5, Date.UTC(2026, 0, 1), Infinity, -Infinity),
    fc.integer({ min: 0, max: 20 }),
    fc.double({ noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(time, { maxLength: 60 }), list => {
      const times = Float64Array.from(list);
      expect([...atOnce(orderOfTimes(times))]).toEqual(sorted(times));
    }),
    runs(300),
  );
});

test("a long log is put in order in pieces, with its texts, nulls and nested values", () => {
  const length = STRETCH + 5_000;
  const times = Float64Array.from({ length }, (_, i) => 1_700_000_000_000 + ((i * 7_919) % 100_003));
  let pieces = 0;
  const ordering = orderOfTimes(times);
  let next = ordering.next();
  for (; next.done !== true; next = ordering.next()) pieces++;
  expect([...next.value]).toEqual(sorted(times));
  expect(pieces).toBeGreaterThanOrEqual(10);

  const schema: Schema = [
    { name: "n", type: "number", nullable: true },
    { name: "s", type: "string", nullable: true },
    { name: "on", type: "boolean", nullable: true },
    { name: "more", type: "json", nullable: true },
  ];
  const rows = Array.from({ length: 50 }, (_, i): Record<string, Value> => {
    return {
      n: i % 7 === 0 ? null : i,
      s: i % 5 === 0 ? null : `s${i % 3}`,
      on: i % 11 === 0 ? null : i % 2 === 0,
      more: i % 4 === 0 ? null : [i],
    };
  });
  const order = Int32Array.of(49, 0, 7, 7, 20, 3);
  const taken = atOnce(batchInOrder(batchOf(schema, rows), order));
  expect(taken.length).toBe(6);
  expect(rowsOf(taken)).toEqual(Array.from(order, i => rows[i]));
});
