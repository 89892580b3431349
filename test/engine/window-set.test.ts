import fc from "fast-check";
import { expect, test } from "vitest";
import { WindowSet } from "../../src/engine/window-set.ts";
import { PROFILES } from "../../src/model/profiles.ts";
import { DEFAULT_STRATEGY } from "../../src/model/strategy.ts";

const LATENESS = 5;
const strategy = { ...DEFAULT_STRATEGY, allowedLateness: LATENESS };

interface Known {
  readonly start: number;
  readonly end: number;
  readonly name: number;
  complete: boolean;
}

const moves = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("row" as const),
        start: fc.integer({ min: 0, max: 30 }),
        // Zero stands for the global window's end.
        length: fc.integer({ min: 0, max: 6 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("watermark" as const), by: fc.integer({ min: 1, max: 9 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
  ),
  { maxLength: 120, size: "max" },
);

test("completes and closes windows by end and start, whenever they were opened and however far the watermark moves", () => {
  fc.assert(
    fc.property(moves, list => {
      let windows = new WindowSet<number>(strategy, PROFILES.tidemark);
      let known: Known[] = [];
      let watermark = 0;
      let names = 0;
      const said: string[] = [];
      const complete = (w: { content: number }): void => void said.push(`complete ${w.content}`);
      const close = (w: { content: number }): void => void said.push(`close ${w.content}`);
      const expired = (end: number): boolean => windows.expired(end, watermark);

      const advance = (to: number): void => {
        watermark = to;
        said.length = 0;
        windows.advance(to, complete, close);
        const expected: string[] = [];
        known.sort((a, b) => (a.end === b.end ? a.start - b.start : a.end - b.end));
        for (const end of new Set(known.map(w => w.end))) {
          const same = known.filter(w => w.end === end);
          for (const w of same)
            if (!w.complete && end <= to) {
              w.complete = true;
              expected.push(`complete ${w.name}`);
            }
          if (expired(end) || to === Infinity) for (const w of same) expected.push(`close ${w.name}`);
        }
        known = known.filter(w => !expired(w.end) && to !== Infinity);
        expect(said).toEqual(expected);
      };

      for (const move of list) {
        if (move.kind === "row") {
          const { start } = move;
          const end = move.length === 0 ? Infinity : start + move.length;
          if (expired(end)) continue;
          let there = known.find(w => w.start === start && w.end === end);
          if (there === undefined) known.push((there = { start, end, name: names++, complete: end <= watermark }));
          const name = there.name;
          const found = windows.open(start, end, watermark, () => name);
          expect([found.content, found.start, found.end, found.complete]).toEqual([name, start, end, there.complete]);
        } else if (move.kind === "watermark") advance(watermark + move.by);
        else {
          const saved = structuredClone(windows.snapshot(name => name));
          windows = new WindowSet<number>(strategy, PROFILES.tidemark);
          windows.restore(saved, name => name as number);
        }
        expect(windows.size).toBe(known.length);
      }
      advance(Infinity);
      expect(windows.size).toBe(0);
    }),
    { numRuns: 200 },
  );
});
