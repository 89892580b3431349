import fc from "fast-check";
import { expect, test } from "vitest";
import type { Schema } from "../../../src/columns/column.ts";
import { union } from "../../../src/engine/operators/union.ts";
import type { UnionNode } from "../../../src/pipeline/verbs/union.ts";
import { drive, driveEveryWay, input, moments } from "../drive.ts";

const A: Schema = [
  { name: "s", type: "string", nullable: true },
  { name: "n", type: "number", nullable: true },
  { name: "b", type: "boolean", nullable: true },
  { name: "j", type: "json", nullable: true },
];
const B: Schema = [A[3], A[1], A[0], A[2]];

const node: UnionNode = { verb: "union", inputs: [input(), input(false, "b"), input(false, "c")] };

const row = fc.record({
  s: fc.constantFrom("x", "y", null),
  n: fc.constantFrom(1, 2, null),
  b: fc.constantFrom(true, false, null),
  j: fc.constantFrom(null, { a: [1] }, "text"),
});

test("hands on every row once, in order of arrival, under the least watermark", () => {
  fc.assert(
    fc.property(moments(row, { inputs: 3, retracts: [1] }), list => {
      const { main, watermark } = driveEveryWay(node, union, [A, B, A], list);
      const expected = list.flatMap((m, at) =>
        (m.rows ?? [])
          .toSorted((x, y) => (x.input ?? 0) - (y.input ?? 0))
          .map(r => ({ at, time: r.time, weight: r.weight ?? 1, row: r.row })),
      );
      expect(main.map(({ at, time, weight, row: r }) => ({ at, time, weight, row: r }))).toEqual(expected);
      const current = [-Infinity, -Infinity, -Infinity];
      expect(watermark).toEqual(
        list.map(m => {
          current.forEach((w, i) => {
            const to = typeof m.watermark === "number" ? m.watermark : (m.watermark?.[i] ?? -Infinity);
            current[i] = Math.max(w, to);
          });
          return Math.min(...current);
        }),
      );
    }),
  );
});

test("puts rows that a timer emitted earlier before those of the position's own clock", () => {
  const r = (n: number): { s: string; n: number; b: boolean; j: null } => ({ s: "x", n, b: true, j: null });
  const { main } = driveEveryWay(
    node,
    union,
    [A, B, A],
    [
      {
        clock: 50,
        rows: [
          { input: 0, row: r(1), time: 1 },
          { input: 1, row: r(2), time: 1, clock: 40 },
          { input: 2, row: r(3), time: 1, clock: 45 },
        ],
      },
    ],
  );
  expect(main.map(e => [e.clock, e.row.n])).toEqual([
    [40, 2],
    [45, 3],
    [50, 1],
  ]);
});

test("says which columns are missing and which types differ", () => {
  expect(() => drive(node, union, [A, B.slice(1), A], [])).toThrow(/not all of them have j/);
  const other: Schema = [{ ...A[0], type: "number" }, A[1], A[2], A[3]];
  expect(() => drive(node, union, [A, other, A], [])).toThrow(
    /"s" is a string in one stream of the union and a number/,
  );
});
