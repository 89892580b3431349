/** A recording is complete: replayed, it gives the same output as its source, hash for hash. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { parquetMetadata } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordCommand } from "../../src/cli/record.ts";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { identity } from "../../src/pipeline/identity.ts";
import { topological } from "../../src/pipeline/node.ts";
import { rows } from "../../src/pipeline/sources.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { type HeadlessStream, openStream, runOf } from "../../src/session/headless.ts";
import {
  type Recording,
  type RecordingFormat,
  recordChanges,
  recordedStream,
  recordingCell,
  recordSource,
  replaying,
} from "../../src/session/record.ts";
import { SourceFiles } from "../../src/session/source-files.ts";

const ROOT = resolve(import.meta.dirname, "../..");

async function open(file: string, name: string): Promise<HeadlessStream> {
  const text = await readFile(resolve(ROOT, "notebooks", file), "utf8");
  return openStream(text, name, {
    file,
    read: async data => readFile(resolve(ROOT, "samples", data)),
    now: () => 0,
    defer: work => void setImmediate(work),
  });
}

function hashOf(headless: HeadlessStream): string {
  const hash = new OutputHash();
  const { run } = runOf(headless, { onChanges: (flow, step) => hash.apply(flow, step) });
  run.finish();
  return `${hash.rows} ${hash.digest()}`;
}

function retracting(headless: HeadlessStream): HeadlessStream {
  const { node } = headless.stream;
  if (node.verb !== "aggregate" || node.strategy === null) throw new Error("No windowed rollup.");
  const strategy = { ...node.strategy, accumulation: "retracting" as const };
  return { ...headless, stream: new Stream({ ...node, strategy }) };
}

const sourcesOf = (stream: Stream): SourceNode[] => topological([stream.node]).filter(n => n.verb === "source");

/** A stream over recordings of its sources instead of the sources themselves. */
async function overRecordings(headless: HeadlessStream, format: RecordingFormat): Promise<HeadlessStream> {
  const recordings = new Map<string, Recording>();
  sourcesOf(headless.stream).forEach((node, i) =>
    recordings.set(identity(node), recordSource(headless.sources.log(node), node, `log-${i}`, format)),
  );
  const files = new Map([...recordings.values()].flatMap(r => r.files.map(f => [f.name, f.bytes] as const)));
  const sources = new SourceFiles(async name => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new Error(`Nothing but recordings may be read, not ${name}.`);
    return bytes;
  });
  const rewrite = replaying(source => recordings.get(identity(source))?.descriptor ?? null);
  const stream = new Stream(rewrite(headless.stream.node));
  for (const node of sourcesOf(stream)) await sources.load(node);
  return { ...headless, stream, sources };
}

describe.each(["parquet", "jsonl"] as const)("as %s", format => {
  test.each([
    ["bank-day-totals.html", "payments"],
    ["bank-day-totals.html", "daily"],
    ["bank-day-totals.html", "dropped"],
    ["orders-payments-fraud.html", "paid"],
    ["orders-payments-fraud.html", "orphaned"],
    ["streaming-101.html", "sums"],
  ])("%s, %s: a replay of the recording has the same output hash", async (file, name) => {
    const original = await open(file, name);
    expect(hashOf(await overRecordings(original, format))).toBe(hashOf(original));
  });

  test("times below a millisecond, nulls, nested values and odd texts survive", async () => {
    const stream = rows(
      [
        {
          at: "2026-01-01T00:00:00.123456Z",
          seen: "2026-01-01T00:00:01.000001Z",
          text: 'a "b"\n\u2028',
          n: 0.1 + 0.2,
          nested: { a: [1, null] },
          yes: true,
        },
        { at: "2026-01-01T00:00:00.5Z", seen: "2026-01-01T00:00:01.5Z", text: null, n: null, nested: null, yes: null },
        { at: "2026-01-01T00:00:02Z", seen: "2026-01-01T00:00:03Z", text: "", n: -1e300, nested: [], yes: false },
      ],
      { eventTime: "at", arrivalTime: "seen" },
    );
    const sources = new SourceFiles(async () => new Uint8Array());
    for (const node of sourcesOf(stream)) await sources.load(node);
    const log = sources.log(stream.node as SourceNode);
    const headless: HeadlessStream = {
      name: "odd",
      stream,
      schema: log.batch.schema,
      sources,
      sourceSchema: () => log.batch.schema,
    };
    const replayed = await overRecordings(headless, format);
    const table = runOf(replayed);
    table.run.finish();
    const before = runOf(headless);
    before.run.finish();
    expect(table.table.rows()).toEqual(before.table.rows());
    expect(hashOf(replayed)).toBe(hashOf(headless));
  });
});

test("the descriptor says what each column is, and how the log is to be replayed", async () => {
  const payments = await open("bank-day-totals.html", "payments");
  const node = payments.stream.node as SourceNode;
  const { descriptor, files } = recordSource(payments.sources.log(node), node, "payments", "parquet");
  expect(files.map(f => f.name)).toEqual(["payments.parquet", "datapackage.json"]);
  const [resource] = descriptor.resources;
  expect(descriptor.$schema).toBe("https://datapackage.org/profiles/2.0/datapackage.json");
  expect(resource).toMatchObject({
    name: "payments",
    type: "table",
    path: "payments.parquet",
    bytes: files[0].bytes.length,
  });
  expect(resource.schema.fields.find(f => f.name === "booked_at")).toEqual({
    name: "booked_at",
    type: "datetime",
    constraints: { required: true },
  });
  expect(resource.tidemark).toMatchObject({
    of: "source",
    from: "bank-payments.jsonl",
    eventTime: "booked_at",
    arrivalTime: "_arrival",
    partition: "_partition",
    offset: "_offset",
    malformed: 6,
    rows: 52_053,
  });
  // Columns without a null are REQUIRED in the file as well.
  const bytes = files[0].bytes;
  const metadata = parquetMetadata(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  );
  expect(metadata.schema.slice(1).map(e => e.repetition_type)).toEqual(resource.schema.fields.map(() => "REQUIRED"));
  expect(recordingCell(descriptor, "payments")).toContain('source("payments.parquet"');
  expect(recordedStream(descriptor).node.verb).toBe("select");
});

test.each(["parquet", "jsonl"] as const)("the cell that is printed reads the recording, as %s", async format => {
  const payments = await open("bank-day-totals.html", "payments");
  const node = payments.stream.node as SourceNode;
  const { descriptor, files } = recordSource(payments.sources.log(node), node, "payments", format);
  const text = `<!doctype html>
<notebook theme="air">
  <title>Recorded</title>
  <script id="1" type="text/x-typescript">
${recordingCell(descriptor, "payments").replaceAll(/^/gm, "    ")}
  </script>
</notebook>
`;
  const replayed = await openStream(text, "payments", {
    file: "recorded.html",
    read: async name => files.find(f => f.name === name)?.bytes ?? new Uint8Array(),
    now: () => 0,
    defer: work => void setImmediate(work),
  });
  expect(hashOf(replayed)).toBe(hashOf(payments));
});

describe("the command", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tidemark-record-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("writes changes that another program reads and sums to the table", async () => {
    const daily = retracting(await open("bank-day-totals.html", "daily"));
    const { files } = recordChanges(daily, "daily", "parquet");
    await writeFile(join(folder, "daily.parquet"), files[0].bytes);
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      `SELECT count(*)::INT, sum(payments * _weight)::DOUBLE, (count(*) FILTER (_weight < 0))::INT FROM '${join(folder, "daily.parquet")}'`,
    );
    const [[changes, total, retracted]] = reader.getRows() as [[number, number, number]];
    connection.closeSync();
    const { run, table } = runOf(daily);
    run.finish();
    expect(changes).toBeGreaterThan(table.length);
    expect(retracted).toBeGreaterThan(0);
    expect(total).toBe(table.rows().reduce((sum, row) => sum + (row["payments"] as number), 0));
  });

  test("says what is wrong with how it is called", async () => {
    const notebook = resolve(ROOT, "notebooks/streaming-101.html");
    expect(await recordCommand([notebook])).toBe(2);
    expect(await recordCommand([notebook, "--out", folder, "--format", "xml"])).toBe(2);
  });
});
