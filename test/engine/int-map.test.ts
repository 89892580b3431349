import fc from "fast-check";
import { expect, test } from "vitest";
import { IntMap } from "../../src/engine/int-map.ts";

const moves = fc.array(
  fc.oneof(
    { weight: 40, arbitrary: fc.record({ kind: fc.constant("set" as const), key: fc.nat(300), value: fc.nat() }) },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("delete" as const), key: fc.nat(300) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
  ),
  { maxLength: 500, size: "max" },
);

test("holds what was set last, whatever was taken out before, one by one or all at once", () => {
  fc.assert(
    fc.property(moves, list => {
      const map = new IntMap();
      const known = new Map<number, number>();
      for (const move of list) {
        if (move.kind === "set") {
          map.set(move.key, move.value);
          known.set(move.key, move.value);
        } else if (move.kind === "delete") {
          map.delete(move.key);
          known.delete(move.key);
        } else {
          map.clear();
          known.clear();
        }
        expect(map.size).toBe(known.size);
      }
      for (let key = 0; key <= 300; key++) expect(map.get(key)).toBe(known.get(key) ?? -1);
      expect(map.entries().sort(([a], [b]) => a - b)).toEqual([...known].sort(([a], [b]) => a - b));
    }),
    { numRuns: 100 },
  );
});
