/** Whatever the arrivals, the groups and the reader's pace: rows come once each, in the order of the sorted log, also after going back. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { GroupedFile } from "../../../src/connectors/groups/grouped-file.ts";
import { GroupedLog } from "../../../src/connectors/groups/grouped-log.ts";
import type { FoundColumn } from "../../../src/connectors/whole-columns.ts";
import type { SourceLog } from "../../../src/pipeline/source-log.ts";
import { source } from "../../../src/pipeline/sources.ts";
import type { SourceNode } from "../../../src/pipeline/verbs/source.ts";

const column = (name: string, values: readonly number[]): FoundColumn => ({
  name,
  column: { type: "timestamp", values: Float64Array.from(values), valid: null },
});

/** A file in memory. `told`: whether it has statistics. */
function fileOf(
  arrivals: readonly number[],
  times: readonly number[],
  sizes: readonly number[],
  told: boolean,
): GroupedFile {
  const groups: { first: number; rows: number }[] = [];
  for (let first = 0, g = 0; first < arrivals.length; g++) {
    const rows = Math.min(arrivals.length - first, sizes[g % sizes.length]);
    groups.push({ first, rows });
    first += rows;
  }
  const rowsOf = (values: readonly number[], g: number): readonly number[] =>
    values.slice(groups[g].first, groups[g].first + groups[g].rows);
  return {
    groups,
    columns: [column("at", []), column("arrived", [])],
    nullable: new Set(),
    read: async g => [column("at", rowsOf(times, g)), column("arrived", rowsOf(arrivals, g))],
    range: (name, g) => {
      const values = rowsOf(name === "at" ? times : arrivals, g);
      return told && values.length > 0 ? { least: Math.min(...values), greatest: Math.max(...values) } : null;
    },
  };
}

const known = (log: SourceLog): number => log.arrival.filter(a => a <= (log.known ?? Infinity)).length;

test("the rows of any groups come in order of arrival, of equal ones in that of the file", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 9 })), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      fc.nat(),
      async (drawn, sizes, paces, told, timed, back) => {
        // A tenth of an hour drifts on, so that groups overlap with some of their neighbours and not with all.
        const arrivals = drawn.map(([a], i) => Math.floor(i / 3) * 8 + a);
        const times = drawn.map(([, delay], i) => arrivals[i] - delay);
        const node = source("x", { eventTime: "at", ...(timed ? { arrivalTime: "arrived" } : {}) }).node as SourceNode;
        const decode = { file: "x", required: timed ? ["at", "arrived"] : ["at"] };
        const log = await GroupedLog.open(fileOf(arrivals, times, sizes, told), node, { decode, most: 2 ** 29 });
        const order = arrivals.map((_, i) => i);
        if (timed) order.sort((a, b) => arrivals[a] - arrivals[b] || a - b);
        const expected = order.map(i => i + 1);
        const take = async (from: number): Promise<number[]> => {
          const lines: number[] = [];
          const reader = log.read(from);
          for (let at = from, turn = 0; ; turn++) {
            const part = await reader.more(at);
            const offset = at - (part.first ?? 0);
            expect(offset).toBeGreaterThanOrEqual(0);
            const there = known(part) - offset;
            // A slow reader leaves some of what is known to the next time, until nothing more can come.
            const pace = part.known === undefined ? there : Math.min(there, paces[turn % paces.length]);
            lines.push(...(part.line ?? []).slice(offset, offset + pace));
            at += pace;
            if (part.known === undefined) return lines;
          }
        };
        expect(await take(0)).toEqual(expected);
        const from = back % arrivals.length;
        expect(await take(from)).toEqual(expected.slice(from));
      },
    ),
    { numRuns: 300 },
  );
});
