/** An order that follows its table, against one that is made anew after each change. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOf } from "../../src/columns/builder.ts";
import type { Schema, Value } from "../../src/columns/column.ts";
import { FollowedOrder } from "../../src/engine/followed-order.ts";
import { atOnce } from "../../src/engine/slices.ts";
import { Table, type TableKind } from "../../src/engine/table.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { runs } from "../properties/arbitrary.ts";
import { logSource } from "./logs.ts";

const SCHEMA: Schema = [
  { name: "id", type: "number", nullable: false },
  { name: "n", type: "number", nullable: true },
  { name: "s", type: "string", nullable: true },
  { name: "on", type: "boolean", nullable: true },
  { name: "more", type: "json", nullable: true },
];
const { node } = logSource("log", bounded(0));

const change = fc.record({
  row: fc.record({
    id: fc.integer({ min: 0, max: 12 }),
    n: fc.constantFrom<Value>(0, -0, 1, -1, 2.5, Infinity, -Infinity, null),
    s: fc.constantFrom<Value>("", "a", "B", "é", "ab", "\u{1F600}", null),
    on: fc.constantFrom<Value>(true, false, null),
    more: fc.constantFrom<Value>(null, [2], [1, 2], { x: "y" }, "b", 10, 9, true),
  }),
  weight: fc.constantFrom(1, 1, 1, -1),
});

function apply(table: Table, changes: readonly { row: Record<string, Value>; weight: number }[], kind: string): void {
  const zeros = new Float64Array(changes.length);
  table.apply({
    batch: batchOf(
      SCHEMA,
      changes.map(c => c.row),
    ),
    selection: null,
    count: changes.length,
    at: null,
    time: zeros,
    clock: null,
    weight: kind === "append" ? null : Int32Array.from(changes, c => c.weight),
    pane: null,
    watermark: zeros,
  });
}

test.for<TableKind>([{ kind: "append" }, { kind: "z-set" }, { kind: "upsert", columns: [0] }])("$kind", kind => {
  fc.assert(
    fc.property(
      fc.array(fc.array(change, { maxLength: 15 }), { maxLength: 12 }),
      fc.constantFrom("id", "n", "s", "on", "more"),
      fc.boolean(),
      fc.nat(20),
      fc.nat(6),
      (batches, column, descending, from, late) => {
        const table = new Table(node, SCHEMA, kind);
        const order = { column, descending };
        const changed = table.follow();
        const followed = new FollowedOrder(table.orderedBy(order), 4);
        // It begins to follow when there are rows already, and takes over their order.
        for (const changes of batches.slice(0, late)) apply(table, changes, kind.kind);
        atOnce(followed.take(table.slots(order)?.slice() ?? new Int32Array(0)));
        expect(Array.from(followed.slots(0, table.length))).toEqual(Array.from(table.slots(order) ?? []));
        for (const changes of batches.slice(late)) {
          changed.take(table.length);
          apply(table, changes, kind.kind);
          // Where much has changed the follower is told to look at everything.
          const slots = changed.take(table.length) ?? Int32Array.from({ length: table.length }, (_, i) => i);
          followed.change(slots, table.length);
          const expected = Array.from(table.slots(order) ?? []);
          expect(Array.from(followed.slots(0, table.length))).toEqual(expected);
          expect(Array.from(followed.slots(from, 5))).toEqual(expected.slice(from, from + 5));
        }
      },
    ),
    runs(150),
  );
});
