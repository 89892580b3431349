import fc from "fast-check";
import { expect, test } from "vitest";
import type { Row } from "../../../src/columns/batch.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { lookup } from "../../../src/engine/operators/lookup.ts";
import { matching } from "../../../src/pipeline/matching.ts";
import type { LookupNode } from "../../../src/pipeline/verbs/lookup.ts";
import { type Arrival, driveEveryWay, input, moments } from "../drive.ts";

const LEFT: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "a", type: "number", nullable: false },
];
const RIGHT: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "b", type: "number", nullable: false },
];
const row = fc.record({
  k: fc.constantFrom("x", "y", null),
  a: fc.integer({ min: 0, max: 3 }),
  b: fc.integer({ min: 0, max: 9 }),
});

test.each([
  ["left", [] as number[]],
  ["inner", [1]],
  ["left", [0]],
  ["inner", [0, 1]],
] as const)(
  "%s: gives each row the newest row of the table, and takes back what it gave (retracting inputs: %j)",
  (kind, retracts) => {
    const node: LookupNode = {
      verb: "lookup",
      left: input(retracts.some(i => i === 0)),
      right: input(
        retracts.some(i => i === 1),
        "table",
      ),
      kind,
      keys: matching("k"),
      suffixes: ["_left", "_right"],
    };
    fc.assert(
      fc.property(moments(row, { inputs: 2, retracts }), list => {
        const given = list.map(m => ({
          ...m,
          rows: m.rows
            ?.map(r => ({
              ...r,
              row: (r.input === 0 ? { k: r.row.k, a: r.row.a } : { k: r.row.k, b: r.row.b }) as Row,
            }))
            .toSorted((x, y) => (x.input ?? 0) - (y.input ?? 0)),
        }));
        const { main, watermark } = driveEveryWay(node, lookup, [LEFT, RIGHT], given);
        const table: Arrival[] = [];
        const out: { row: Arrival; found: number | null }[] = [];
        const same = (x: Arrival, y: Arrival): boolean => JSON.stringify(x.row) === JSON.stringify(y.row);
        const pick = <T>(from: T[], of: (t: T) => Arrival, r: Arrival): T | undefined => {
          const exact = from.findLastIndex(x => same(of(x), r) && of(x).time === r.time);
          return from.splice(exact >= 0 ? exact : from.findLastIndex(x => same(of(x), r)), 1)[0];
        };
        const expected: unknown[] = [];
        given.forEach((m, at) => {
          for (const r of m.rows ?? []) {
            if (r.input === 1) {
              if (r.weight === -1) pick(table, x => x, r);
              else table.push(r);
              continue;
            }
            const newest = r.row.k === null ? undefined : table.findLast(t => t.row.k === r.row.k);
            let found = (newest?.row.b as number | undefined) ?? null;
            if (r.weight === -1) found = pick(out, x => x.row, r)?.found ?? null;
            else out.push({ row: r, found });
            if (found === null && kind === "inner") continue;
            expected.push({ at, time: r.time, weight: r.weight ?? 1, row: { ...r.row, b: found } });
          }
        });
        expect(main.map(({ at, time, weight, row: x }) => ({ at, time, weight, row: x }))).toEqual(expected);
        // The table does not hold the rows back.
        let w = -Infinity;
        expect(watermark).toEqual(
          given.map(m => (w = Math.max(w, typeof m.watermark === "number" ? m.watermark : (m.watermark?.[0] ?? w)))),
        );
      }),
    );
  },
);
