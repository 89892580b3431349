/** Reading large logs in pieces: the same values as written, with a pause after each stretch of rows. */
import {
  columnFromArray,
  dictionary,
  float64,
  int32,
  int64,
  tableFromColumns,
  tableToIPC,
  timestamp,
  TimeUnit,
  utf8,
} from "@uwdata/flechette";
import { expect, test } from "vitest";
import { valueAt } from "../../src/columns/column.ts";
import { decodeAll } from "../../src/connectors/decode.ts";
import { atOnce, inPieces, STRETCH, stretches } from "../../src/connectors/pieces.ts";
import { sourceLog, sourceLogInPieces } from "../../src/connectors/source-log.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { source } from "../../src/pipeline/sources.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";

const rows = 2 * STRETCH + 1_234;
const base = Date.UTC(2026, 0, 1);
const timeOf = (i: number): number => base + i * 10 - (i % 7) * 3;

/** Two batches whose border is none of a stretch's, with nulls in both. */
function arrow(): Uint8Array {
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const all = range(rows);
  const options = { maxBatchRows: STRETCH + 777 };
  return tableToIPC(
    tableFromColumns([
      ["t", columnFromArray(all.map(timeOf), timestamp(TimeUnit.MILLISECOND, "UTC"), options)],
      [
        "v",
        columnFromArray(
          all.map(i => (i % 1_000 === 3 ? NaN : i / 4)),
          float64(),
          options,
        ),
      ],
      [
        "n",
        columnFromArray(
          all.map(i => (i % 50_000 === 9 ? null : BigInt(i))),
          int64(),
          options,
        ),
      ],
      [
        "key",
        columnFromArray(
          all.map(i => `k${i % 11}`),
          dictionary(utf8(), int32()),
          options,
        ),
      ],
      [
        "text",
        columnFromArray(
          all.map(i => (i % 70_000 === 5 ? null : `é${i % 13}`)),
          utf8(),
          options,
        ),
      ],
    ]),
    { format: "stream" },
  ) as Uint8Array;
}

test("an Arrow log read in pieces has the values that were written, and pauses come between stretches", async () => {
  const shares: number[] = [];
  const bytes = arrow();
  const log = await decodeAll(bytes, null, {
    file: "log.arrow",
    required: ["t"],
    onProgress: ({ bytes: done }) => void shares.push(done / bytes.length),
  });
  expect(log.schema).toEqual([
    { name: "t", type: "timestamp", nullable: false },
    { name: "v", type: "number", nullable: true },
    { name: "n", type: "number", nullable: true },
    { name: "key", type: "string", nullable: false },
    { name: "text", type: "string", nullable: true },
  ]);
  const wrong: number[] = [];
  for (let i = 0; i < rows; i++) {
    const [t, v, n, key, text] = log.batch.columns.map(column => valueAt(column, i));
    const good =
      t === timeOf(i) &&
      v === (i % 1_000 === 3 ? null : i / 4) &&
      n === (i % 50_000 === 9 ? null : i) &&
      key === `k${i % 11}` &&
      text === (i % 70_000 === 5 ? null : `é${i % 13}`) &&
      log.line[i] === i + 1;
    if (!good) wrong.push(i);
  }
  expect(wrong).toEqual([]);
  // Five columns of three stretches each, at least, and the numbers of lines.
  expect(shares.length).toBeGreaterThanOrEqual(18);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.every(share => share >= 0 && share <= 1)).toBe(true);

  const node = source("log.arrow", { eventTime: "t", watermark: bounded("1 s") }).node as SourceNode;
  let pauses = 0;
  const pieces = await inPieces(sourceLogInPieces(log, node, "log.arrow"), () => void pauses++);
  expect(pauses).toBeGreaterThanOrEqual(6);
  expect(pieces.arrival).toEqual(sourceLog(log, node, "log.arrow").arrival);
  let greatest = -Infinity;
  const expected = Float64Array.from({ length: rows }, (_, i) => (greatest = Math.max(greatest, timeOf(i))));
  expect(pieces.arrival).toEqual(expected);
});

test("a pause that fails ends the reading", async () => {
  const seen: number[] = [];
  const work = stretches(3 * STRETCH, from => void seen.push(from));
  await expect(
    inPieces(work, share => {
      if (share > 0.5) throw new Error("enough");
    }),
  ).rejects.toThrow("enough");
  expect(seen).toEqual([0, STRETCH]);
  expect(atOnce(stretches(0, () => seen.push(-1)))).toBeUndefined();
  expect(seen).toEqual([0, STRETCH]);
});
