import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/columns/batch.ts";
import { decodeAll, decodeChunks } from "../../src/connectors/decode.ts";
import { connectors } from "../../src/connectors/index.ts";
import { detectFormat, formatByName } from "../../src/connectors/detect.ts";

const encoder = new TextEncoder();
const rows = Array.from({ length: 20_000 }, (_, i) => ({ id: i, key: `k${i % 13}`, amount: i / 4 }));
const lines = encoder.encode(rows.map(r => JSON.stringify(r)).join("\n"));
const table = encoder.encode(`id,key,amount\n${rows.map(r => `${r.id},${r.key},${r.amount}`).join("\n")}`);

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

test.each([
  ["x.jsonl", lines],
  ["x.csv", table],
  ["x.jsonl.gz", new Uint8Array(gzipSync(lines))],
  ["x.csv.gz", new Uint8Array(gzipSync(table))],
  ["x.jsonl.zst", new Uint8Array(zstdCompressSync(lines))],
  ["nameless", new Uint8Array(gzipSync(table))],
])("%s: whole and in chunks", async (file, bytes) => {
  expect(rowsOf((await decodeAll(bytes, null, { file })).batch)).toEqual(rows);
  expect(rowsOf((await decodeChunks(cut(bytes, 10_007), null, { file })).batch)).toEqual(rows);
});

test("progress counts bytes and rows, and may end the reading", async () => {
  const seen: number[] = [];
  await decodeChunks(cut(lines, 100_000), null, {
    file: "x.jsonl",
    onProgress: ({ bytes }) => {
      seen.push(bytes);
    },
  });
  expect(seen.at(-1)).toBe(lines.length);
  expect(seen.length).toBe(Math.ceil(lines.length / 100_000));
  const stop = (): never => {
    throw new Error("stopped");
  };
  await expect(decodeAll(lines, null, { file: "x.jsonl", onProgress: stop })).rejects.toThrow("stopped");
});

test.each([
  ["plain", lines],
  ["gzip", new Uint8Array(gzipSync(lines))],
])("an ended reading closes its %s source", async (_, bytes) => {
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* cut(bytes, 5000);
    } finally {
      closed = true;
    }
  }
  const stop = (): never => {
    throw new Error("stopped");
  };
  await expect(decodeChunks(source(), "jsonlines", { onProgress: stop })).rejects.toThrow("stopped");
  expect(closed).toBe(true);
});

test("damaged compression says so", async () => {
  const cutOff = new Uint8Array(gzipSync(lines)).slice(0, 5000);
  await expect(decodeAll(cutOff, null, { file: "x.jsonl.gz" })).rejects.toThrow(
    "x.jsonl.gz is compressed with gzip, and damaged or cut off",
  );
  await expect(decodeChunks(cut(cutOff, 1000), null, { file: "x.jsonl.gz" })).rejects.toThrow(
    "x.jsonl.gz is compressed with gzip, and damaged or cut off",
  );
});

test("formats are told by marks, names, and first lines", () => {
  expect(
    ["a.jsonl", "A.NDJSON", "dir.csv/b.tsv", "c.parquet", "c.arrow", "d.csv.gz", "e", "f.gz", "g.json"].map(
      formatByName,
    ),
  ).toEqual(["jsonlines", "jsonlines", "tsv", "parquet", "arrow", "csv", null, null, null]);
  const tell = (name: string, text: string): string => detectFormat(name, encoder.encode(text));
  expect(tell("x.csv", "PAR1....")).toBe("parquet");
  expect(tell("x", "ARROW1\0\0")).toBe("arrow");
  expect(tell("x.json", '{"a":1}\n')).toBe("jsonlines");
  expect(tell("x", "\ufeff a;b\n1;2")).toBe("csv");
  expect(tell("x", "a\tb\n1\t2")).toBe("tsv");
  expect(() => tell("x.json", "[1, 2]")).toThrow("x.json is one JSON list. Write one object per line instead");
  expect(() => tell("x.txt", "hello world")).toThrow(
    'x.txt: neither the name nor the first line tells the format. State it, for example format: "csv".',
  );
});

test("an unknown format is named, with those there are", async () => {
  await expect(decodeAll(lines, "xml", { file: "x.xml" })).rejects.toThrow(
    'x.xml: unknown format "xml". There are: jsonlines, csv, tsv, parquet, arrow.',
  );
});

test("an option that the format does not have is refused", async () => {
  const options = { file: "x.csv", delimeter: ";" };
  await expect(decodeAll(table, "csv", options)).rejects.toThrow(
    'x.csv: csv has no option "delimeter". There are: types, rename, required, timeUnit, timeZone, ambiguous, inferRows, delimiter.',
  );
  await expect(decodeChunks(cut(lines, 1000), "jsonlines", { delimiter: ";" })).rejects.toThrow(
    'jsonlines has no option "delimiter".',
  );
});

test("every connector says what it is, and no two share an ending", () => {
  const endings = Object.values(connectors).flatMap(spec => spec.extensions);
  expect(new Set(endings).size).toBe(endings.length);
  for (const [name, spec] of Object.entries(connectors)) {
    expect(spec.name).toBe(name);
    for (const option of spec.options) expect(option.about.endsWith(".")).toBe(true);
  }
});

test("an empty log is a log without rows", async () => {
  const log = await decodeAll(new Uint8Array(0), "jsonlines");
  expect(log.batch.length).toBe(0);
  expect((await decodeChunks(cut(new Uint8Array(0), 1), "csv")).batch.length).toBe(0);
});
