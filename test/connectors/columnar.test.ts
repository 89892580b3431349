/** Parquet and Arrow: what was written comes back, with stated types, required fields and errors by the common rules. */
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
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/columns/batch.ts";
import { decodeAll, decodeChunks } from "../../src/connectors/decode.ts";

const N = 3000;
const time = Date.parse("2026-03-28T09:30:00Z");
const rows = Array.from({ length: N }, (_, i) => ({
  id: i,
  key: i % 11 === 0 ? null : `kéy ${i % 7}`,
  amount: i % 5 === 0 ? null : i / 4,
  ok: i % 2 === 0,
  t: time + i * 1000,
}));

function parquet(codec: "SNAPPY" | "UNCOMPRESSED" = "SNAPPY", more: ColumnSource[] = []): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      codec,
      rowGroupSize: 1000,
      columnData: [
        { name: "id", data: rows.map(r => BigInt(r.id)), type: "INT64" },
        { name: "key", data: rows.map(r => r.key), type: "STRING" },
        { name: "amount", data: rows.map(r => r.amount), type: "DOUBLE" },
        { name: "ok", data: rows.map(r => r.ok), type: "BOOLEAN" },
        { name: "t", data: rows.map(r => new Date(r.t)), type: "TIMESTAMP" },
        ...more,
      ],
    }),
  );
}

function arrow(format: "file" | "stream"): Uint8Array {
  const table = tableFromColumns([
    [
      "id",
      columnFromArray(
        rows.map(r => r.id),
        int64(),
      ),
    ],
    [
      "key",
      columnFromArray(
        rows.map(r => r.key),
        dictionary(utf8(), int32()),
      ),
    ],
    [
      "plain",
      columnFromArray(
        rows.map(r => r.key),
        utf8(),
      ),
    ],
    [
      "amount",
      columnFromArray(
        rows.map(r => r.amount),
        float64(),
      ),
    ],
    ["ok", columnFromArray(rows.map(r => r.ok))],
    [
      "t",
      columnFromArray(
        rows.map(r => r.t),
        timestamp(TimeUnit.MICROSECOND, "UTC"),
      ),
    ],
  ]);
  return tableToIPC(table, { format }) as Uint8Array;
}

test.each(["SNAPPY", "UNCOMPRESSED"] as const)("Parquet, %s: rows come back over several row groups", async codec => {
  const log = await decodeAll(parquet(codec), null, { file: "x.parquet" });
  expect(log.schema.map(f => `${f.name} ${f.type}${f.nullable ? "?" : ""}`)).toEqual([
    "id number",
    "key string?",
    "amount number?",
    "ok boolean",
    "t timestamp",
  ]);
  expect(rowsOf(log.batch)).toEqual(rows);
  expect([...log.line.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect(log.errors.length).toBe(0);
});

test("Parquet: timestamps of every unit, local ones with a zone, dates, nested and missing values", async () => {
  const ns = 1774690200123456789n;
  const bytes = parquetWriteBuffer({
    schema: [
      { name: "root", num_children: 5 },
      { name: "us", type: "INT64", repetition_type: "REQUIRED", converted_type: "TIMESTAMP_MICROS" },
      {
        name: "ns",
        type: "INT64",
        repetition_type: "OPTIONAL",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" },
      },
      {
        name: "local",
        type: "INT64",
        repetition_type: "OPTIONAL",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MILLIS" },
      },
      { name: "day", type: "INT32", repetition_type: "OPTIONAL", converted_type: "DATE" },
      { name: "json", type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "JSON" },
    ],
    columnData: [
      { name: "us", data: [ns / 1000n, 0n] },
      { name: "ns", data: [ns, null] },
      { name: "local", data: [BigInt(Date.parse("2026-07-01T09:30:00Z")), null] },
      { name: "day", data: [new Date("2026-03-28"), null] },
      { name: "json", data: [{ a: [1] }, null] },
    ],
  });
  const log = await decodeAll(new Uint8Array(bytes), null, { timeZone: "Europe/London" });
  expect(log.schema.map(f => f.type)).toEqual(["timestamp", "timestamp", "timestamp", "timestamp", "json"]);
  expect(rowsOf(log.batch)).toEqual([
    {
      us: 1774690200123.456,
      ns: 1774690200123.4568,
      local: Date.parse("2026-07-01T08:30:00Z"),
      day: Date.parse("2026-03-28"),
      json: { a: [1] },
    },
    { us: 0, ns: null, local: null, day: null, json: null },
  ]);
});

test.each(["file", "stream"] as const)("Arrow, as a %s: rows come back", async format => {
  const log = await decodeAll(arrow(format), null, { file: "unnamed" });
  expect(log.schema.map(f => `${f.name} ${f.type}${f.nullable ? "?" : ""}`)).toEqual([
    "id number",
    "key string?",
    "plain string?",
    "amount number?",
    "ok boolean",
    "t timestamp",
  ]);
  expect(rowsOf(log.batch)).toEqual(rows.map(r => ({ ...r, plain: r.key })));
});

test("texts and numbers become times when stated, rows with bad ones are errors, as are rows without a required field", async () => {
  const texts = rows.map((r, i) => (i === 5 ? "soon" : new Date(r.t).toISOString()));
  const bytes = parquet("SNAPPY", [
    { name: "at", data: texts, type: "STRING" },
    { name: "s", data: rows.map(r => BigInt(r.t / 1000)), type: "INT64" },
  ]);
  const log = await decodeAll(bytes, "parquet", {
    types: { at: "timestamp", s: "timestamp", id: "string" },
    required: ["at", "key"],
    rename: { ok: "fine" },
  });
  expect(log.batch.length).toBe(rows.filter((r, i) => i !== 5 && r.key !== null).length);
  expect(rowsOf(log.batch)[4]).toEqual({
    id: "6",
    key: rows[6].key,
    amount: rows[6].amount,
    fine: true,
    t: rows[6].t,
    at: rows[6].t,
    s: rows[6].t,
  });
  expect(log.line[4]).toBe(7);
  expect(rowsOf(log.errors).slice(0, 2)).toMatchObject([
    { line: 1, field: "key", reason: "The row has no key." },
    { line: 6, field: "at", value: "soon" },
  ]);
});

test("times of a wall clock need a zone where they are stated to be times", async () => {
  const table = tableFromColumns([
    ["t", columnFromArray([Date.parse("2026-07-01T09:30:00Z")], timestamp(TimeUnit.MILLISECOND, null))],
  ]);
  const bytes = tableToIPC(table, {}) as Uint8Array;
  await expect(decodeAll(bytes, "arrow", { file: "x.arrow", types: { t: "timestamp" } })).rejects.toThrow(
    'x.arrow, row 1, field t: 2026-07-01T09:30:00.000 has no offset: the file says that it is local time, but not where. State the zone, for example timeZone: "Europe/London".',
  );
  const placed = await decodeAll(bytes, "arrow", { types: { t: "timestamp" }, timeZone: "Europe/London" });
  expect(rowsOf(placed.batch)).toEqual([{ t: Date.parse("2026-07-01T08:30:00Z") }]);
  const loose = await decodeAll(bytes, "arrow");
  expect(rowsOf(loose.batch)).toEqual([{ t: Date.parse("2026-07-01T09:30:00Z") }]);
  expect(loose.notes.length).toBe(1);
});

test("integers beyond 2^53 are noted", async () => {
  const bytes = new Uint8Array(
    parquetWriteBuffer({ columnData: [{ name: "id", data: [1n, 9007199254740993n], type: "INT64" }] }),
  );
  expect((await decodeAll(bytes, null)).notes).toEqual([
    "id has 1 integers beyond 2^53, which a number cannot hold exactly.",
  ]);
  const table = tableFromColumns([["id", columnFromArray([1n, -9007199254740993n, -5n], int64())]]);
  const log = await decodeAll(tableToIPC(table, {}) as Uint8Array, null);
  expect(log.notes.length).toBe(1);
  expect(rowsOf(log.batch)).toEqual([{ id: 1 }, { id: Number(-9007199254740993n) }, { id: -5 }]);
});

test("damaged files and missing fields say what and where", async () => {
  await expect(decodeAll(parquet().slice(0, 500), null, { file: "x.parquet" })).rejects.toThrow(
    "x.parquet cannot be read as Parquet",
  );
  await expect(decodeAll(arrow("file").slice(0, 500), null, { file: "x.arrow" })).rejects.toThrow(
    "x.arrow cannot be read as Arrow IPC",
  );
  await expect(decodeAll(parquet(), null, { file: "x.parquet", required: ["when"] })).rejects.toThrow(
    'x.parquet: there is no field "when"; there are: id, key, amount, ok, t. Name one of them, or use rename.',
  );
  await expect(decodeAll(parquet(), null, { file: "x.parquet", types: { key: "number" } })).rejects.toThrow(
    "x.parquet: key holds string values and is stated to be number.",
  );
});

test("chunks of a columnar file are collected first", async () => {
  const bytes = parquet();
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  expect(rowsOf((await decodeChunks(chunks(), null, { file: "x" })).batch)).toEqual(rows);
});
