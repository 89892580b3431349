import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOf } from "../../src/columns/builder.ts";
import { valueAt } from "../../src/columns/column.ts";
import { Chronicle } from "../../src/engine/chronicle.ts";
import { RowStore } from "../../src/engine/row-store.ts";

const SCHEMA = [{ name: "v", type: "number", nullable: false }] as const;

const moves = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant("add" as const),
        key: fc.integer({ min: -1, max: 3 }),
        behind: fc.integer({ min: 0, max: 30 }),
        v: fc.nat({ max: 2 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), of: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("forget" as const),
        behind: fc.integer({ min: 0, max: 40 }),
        base: fc.option(fc.integer({ min: 0, max: 40 })),
        mayGo: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
  ),
  { maxLength: 200, size: "max" },
);

interface Held {
  readonly key: number;
  readonly time: number;
  readonly v: number;
}

test("finds the rows of each key by time, as they come, are taken out, are forgotten, and are put back", () => {
  fc.assert(
    fc.property(moves, fc.integer({ min: -5, max: 60 }), (list, spread) => {
      let rows = new Chronicle(new RowStore(SCHEMA));
      let held: Held[] = [];
      let now = 0;
      /** The rows of a key in order of time, equal times as they came. */
      const of = (key: number): Held[] => held.filter(h => h.key === key).sort((a, b) => a.time - b.time);
      const shown = (slot: number): unknown => valueAt(rows.store.gather(0, Int32Array.of(slot), 1), 0);
      for (const move of list) {
        switch (move.kind) {
          case "add": {
            now++;
            const row = { key: move.key, time: now - move.behind, v: move.v };
            rows.add(row.key, { batch: batchOf(SCHEMA, [{ v: row.v }]), time: Float64Array.of(row.time) }, 0);
            held.push(row);
            break;
          }
          case "remove": {
            if (held.length === 0) break;
            const { key, time, v } = held[move.of % held.length];
            const gone = held.findLastIndex(h => h.key === key && h.time === time && h.v === v);
            expect(rows.remove(key, batchOf(SCHEMA, [{ v }]), 0, time)).toBeGreaterThanOrEqual(0);
            expect(rows.remove(key, batchOf(SCHEMA, [{ v: 9 }]), 0, time)).toBe(-1);
            held.splice(gone, 1);
            break;
          }
          case "forget": {
            const limit = now - move.behind;
            const base = move.base === null ? null : now - move.base;
            const left = new Set(held);
            for (let key = -1; key <= 3; key++) {
              const own = of(key);
              const last = base === null ? undefined : own.findLast(h => h.time <= base);
              const stays = (h: Held): boolean =>
                h.time >= limit ||
                (base !== null &&
                  (last === undefined || h === last || h.time > last.time || own.indexOf(h) > own.indexOf(last))) ||
                (move.mayGo && last !== undefined && h.time === last.time);
              for (const h of own) if (!stays(h)) left.delete(h);
            }
            held = held.filter(h => left.has(h));
            rows.forget(limit, base, move.mayGo);
            rows.store.release();
            break;
          }
          case "restore": {
            const saved = structuredClone({ store: rows.store.snapshot(), rows: rows.snapshot() });
            rows = new Chronicle(new RowStore(SCHEMA));
            rows.store.restore(saved.store);
            rows.restore(saved.rows);
          }
        }
        expect([rows.rows, rows.keys]).toEqual([held.length, new Set(held.map(h => h.key)).size]);
      }
      for (let key = -1; key <= 3; key++) {
        const own = of(key);
        const time = now - spread;
        const there = Array.from({ length: rows.end(key) - rows.from(key, -Infinity) }, (_, i) =>
          rows.at(rows.from(key, -Infinity) + i, 0),
        );
        expect(there.map(slot => [rows.store.time[slot], shown(slot)])).toEqual(own.map(h => [h.time, h.v]));
        const before = own.findLast(h => h.time <= time);
        const newest = rows.newest(key, time, 0);
        expect(newest < 0 ? undefined : [rows.store.time[newest], shown(newest)]).toEqual(
          before && [before.time, before.v],
        );
        expect(rows.after(key, time, 0)).toBe(own.find(h => h.time > time)?.time ?? Infinity);
        expect(rows.until(key, time) - rows.from(key, time)).toBe(own.filter(h => h.time === time).length);
      }
    }),
  );
});

test("shows of a step's rows those that a reader has met", () => {
  const rows = new Chronicle(new RowStore(SCHEMA));
  const add = (time: number): number =>
    rows.add(0, { batch: batchOf(SCHEMA, [{ v: time }]), time: Float64Array.of(time) }, 0);
  rows.settle(new Int32Array(0), 0);
  const first = add(1);
  rows.meet(first, 1);
  rows.settle(Int32Array.of(first), 1);
  const met = [add(5), add(3), add(7)];
  met.forEach((slot, i) => rows.meet(slot, i + 1));
  expect([0, 1, 2, 3].map(now => rows.newest(0, 6, now))).toEqual([first, met[0], met[0], met[0]]);
  expect([0, 1, 2, 3].map(now => rows.newest(0, 4, now))).toEqual([first, first, met[1], met[1]]);
  expect([0, 1, 2, 3].map(now => rows.after(0, 1, now))).toEqual([Infinity, 5, 3, 3]);
});
