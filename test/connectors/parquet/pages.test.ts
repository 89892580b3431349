/** Pages read straight into arrays give what hyparquet gives value by value, whoever wrote the file and however. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { decompress } from "fzstd";
import { parquetReadObjects } from "hyparquet";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { Random } from "../../../samples/random.ts";
import { rowsOf } from "../../../src/columns/batch.ts";
import { decodeParquet } from "../../../src/connectors/parquet/decode.ts";

/** Reads a file both ways and compares every cell. */
async function same(bytes: Uint8Array): Promise<number> {
  const log = await decodeParquet(bytes);
  const expected = await parquetReadObjects({
    file: new Uint8Array(bytes).buffer,
    compressors: { ZSTD: input => decompress(input) },
  });
  const plain = (value: unknown): unknown =>
    value instanceof Date
      ? value.getTime()
      : typeof value === "bigint"
        ? Number(value)
        : value === undefined || (typeof value === "number" && Number.isNaN(value))
          ? null
          : value;
  expect(log.batch.length).toBe(expected.length);
  expect(rowsOf(log.batch)).toEqual(
    expected.map(row => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, plain(v)]))),
  );
  return expected.length;
}

const SHARES = [0, 0.001, 0.3, 0.97, 1];

test("files of hyparquet-writer: any share of nulls, any page size, with dictionaries and without", async () => {
  const random = new Random(7);
  let rows = 0;
  for (const share of SHARES)
    for (const pageSize of [64, 900, 1 << 20])
      for (const codec of ["SNAPPY", "UNCOMPRESSED"] as const) {
        const length = random.integer(1, 700);
        const make = <T>(value: (i: number) => T): (T | null)[] =>
          Array.from({ length }, (_, i) => (random.between(0, 1) < share ? null : value(i)));
        const columnData: ColumnSource[] = [
          { name: "small", data: make(i => i - 5), type: "INT32" },
          { name: "big", data: make(i => BigInt(i) * 4_294_967_311n - 77n), type: "INT64" },
          { name: "real", data: make(() => random.between(-1, 1)), type: "DOUBLE" },
          { name: "single", data: make(i => i / 4), type: "FLOAT" },
          { name: "few", data: make(i => ["", "a", "zwölf", "日本"][i % 4]), type: "STRING" },
          { name: "many", data: make(i => `text ${i} ${random.integer(0, 9_999)}`), type: "STRING" },
          { name: "coded", data: make(i => (i % 3) * 1.5), type: "DOUBLE", encoding: "RLE_DICTIONARY" },
          { name: "at", data: make(i => new Date(1.7e12 + i * 1_001)), type: "TIMESTAMP" },
          { name: "ok", data: make(i => i % 3 === 0), type: "BOOLEAN" },
        ];
        rows += await same(
          new Uint8Array(parquetWriteBuffer({ columnData, codec, pageSize, rowGroupSize: random.integer(20, 400) })),
        );
      }
  expect(rows).toBeGreaterThan(5_000);
});

test("files of DuckDB: pages with levels among the values, wide dictionaries, Zstandard", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-pages-"));
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    for (const codec of ["snappy", "zstd", "uncompressed"])
      for (const version of ["v1", "v2"]) {
        const path = join(folder, `${codec}-${version}.parquet`);
        await connection.run(`copy (
          select i, (i * 4294967311)::bigint as big, case when i % 7 = 0 then null else i / 3.0::double end as real,
            case when i % 2 = 0 then null else (i % 5000)::integer end as coded,
            case when i % 11 = 0 then null else 'text ' || (i % 3000) end as text,
            case when hash(i) % 3 = 0 then null else 'only ' || i end as "single",
            timestamp '2026-03-01' + interval (i) second as at, null::integer as nothing
          from range(20000) t(i)
        ) to '${path}' (format parquet, compression ${codec}, row_group_size 6000, parquet_version ${version})`);
        expect(await same(readFileSync(path))).toBe(20_000);
      }
  } finally {
    connection.closeSync();
    rmSync(folder, { recursive: true });
  }
});

test("a page that is cut off is an error, not rows", async () => {
  const bytes = new Uint8Array(
    parquetWriteBuffer({
      columnData: [{ name: "n", data: Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? null : i)), type: "INT32" }],
      codec: "UNCOMPRESSED",
    }),
  );
  const damaged = bytes.slice();
  // The first page says that it holds more rows than the group has.
  damaged.fill(0x7f, 30, 60);
  await expect(decodeParquet(damaged)).rejects.toThrow(/cannot be read as Parquet|integers/);
});
