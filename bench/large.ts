/**
 * A log that is larger than what memory is given to it: rows in order of arrival are written into a Parquet or Arrow file of
 * many groups, and W1 is run over it twice, a group at a time, once to warm up. Prints as JSON how fast that was, and the
 * most that was in memory beside what there was before: `node --expose-gc bench/large.ts [rows] [parquet|arrow]`. Throws when
 * panes are missing, or when the rows were held.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  columnFromArray,
  dictionary,
  float64,
  int32,
  tableFromColumns,
  tableToIPC,
  timestamp,
  TimeUnit,
  utf8,
} from "@uwdata/flechette";
import { ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { fileWriter } from "hyparquet-writer/src/node.js";
import { Run } from "../src/engine/run.ts";
import { readPartOf } from "../src/browser/file-parts.ts";
import { op } from "../src/expressions/op.ts";
import { afterCount, afterWatermark } from "../src/model/triggers.ts";
import { bounded } from "../src/model/watermarks.ts";
import { fixed } from "../src/model/windows.ts";
import { source } from "../src/pipeline/sources.ts";
import { SourceFiles } from "../src/session/source-files.ts";
import type { SourceNode } from "../src/pipeline/verbs/source.ts";
import { Random, Zipf } from "../samples/random.ts";

const rows = Number(process.argv[2] ?? 12_000_000);
const format = process.argv[3] ?? "parquet";
const GROUP = 131_072;
const START = Date.UTC(2026, 2, 28, 9);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tidemark-large-"));
const name = `large.${format}`;

/** The rows of one group, as columns. */
function* groups(): Generator<{ at: Date[]; arrived: Date[]; key: string[]; value: Float64Array }> {
  const random = new Random(42);
  const zipf = new Zipf(1000);
  for (let first = 0; first < rows; first += GROUP) {
    const count = Math.min(GROUP, rows - first);
    // A million rows an hour, as in the benchmarks' own log.
    const arrivals = Float64Array.from({ length: count }, (_, i) => START + Math.floor((first + i) * 3.6));
    yield {
      at: Array.from(arrivals, t => new Date(t - Math.floor(random.between(0, 2_000)))),
      arrived: Array.from(arrivals, t => new Date(t)),
      key: Array.from({ length: count }, () => `key-${zipf.draw(random)}`),
      value: Float64Array.from({ length: count }, () => random.integer(-5_000, 9_999)),
    };
  }
}

function write(): void {
  const file = path.join(folder, name);
  if (format === "arrow") {
    // One message after the other, as a stream: all of it together would not fit.
    const out = fs.openSync(file, "w");
    for (const { at, arrived, key, value } of groups()) {
      const table = tableFromColumns([
        ["at", columnFromArray(at, timestamp(TimeUnit.MILLISECOND, "UTC"))],
        ["arrived", columnFromArray(arrived, timestamp(TimeUnit.MILLISECOND, "UTC"))],
        ["key", columnFromArray(key, dictionary(utf8(), int32()))],
        ["value", columnFromArray(value, float64())],
      ]);
      // Without the eight bytes that say that nothing follows.
      const bytes = tableToIPC(table, { format: "stream" }) as Uint8Array;
      fs.writeSync(out, bytes.subarray(0, bytes.length - 8));
    }
    fs.closeSync(out);
    return;
  }
  let writer: ParquetWriter | null = null;
  for (const { at, arrived, key, value } of groups()) {
    const columnData = [
      { name: "at", data: at, type: "TIMESTAMP" as const, nullable: false },
      { name: "arrived", data: arrived, type: "TIMESTAMP" as const, nullable: false },
      { name: "key", data: key, type: "STRING" as const, nullable: false },
      { name: "value", data: value, type: "DOUBLE" as const, nullable: false },
    ];
    writer ??= new ParquetWriter({ writer: fileWriter(file), schema: schemaFromColumnData({ columnData }) });
    writer.write({ columnData: columnData.map(({ name: n, data }) => ({ name: n, data })), rowGroupSize: GROUP });
  }
  writer?.finish();
}

const stream = source(name, {
  eventTime: "at",
  arrivalTime: "arrived",
  watermark: bounded("30 s"),
  memory: "groups",
});
const w1 = stream
  .groupby("key")
  .window(fixed("1 min"))
  .trigger(afterWatermark({ late: afterCount(1) }))
  .allowedLateness("5 min")
  .rollup({ sum: op.sum("value"), n: op.count() });

let peak = 0;
let before = 0;
const inMemory = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

async function run(): Promise<{ milliseconds: number; panes: number }> {
  const files = new SourceFiles(
    () => Promise.reject(new Error("The file is to be read in parts.")),
    undefined,
    undefined,
    (file, from, to) => readPartOf(path.join(folder, file), from, to),
  );
  const from = performance.now();
  await files.load(stream.node as SourceNode);
  const engine = new Run([w1.node], {
    logs: node => files.log(node),
    supply: (node, row) => files.supply(node, row),
  });
  let panes = 0;
  let counted = 0;
  engine.tap({
    node: w1.node,
    reset: () => {},
    apply: flow => {
      panes += flow.count;
      const n = flow.batch.columns[flow.batch.schema.findIndex(f => f.name === "n")];
      if (n.type === "number") for (let i = 0; i < flow.count; i++) counted += n.values[i];
    },
  });
  for (let steps = 0; ; steps++) {
    if (!engine.advance()) {
      if (engine.waiting === null) break;
      await engine.waiting;
    }
    if (steps % 8 === 0) peak = Math.max(peak, inMemory() - before);
  }
  // Nothing is late by five minutes, and nothing comes out twice.
  if (engine.progress.rows !== rows || counted !== rows)
    throw new Error(`Of ${rows} rows ${engine.progress.rows} were taken, and ${counted} are in panes.`);
  return { milliseconds: performance.now() - from, panes };
}

try {
  write();
  await run();
  globalThis.gc?.();
  before = inMemory();
  peak = 0;
  const { milliseconds, panes } = await run();
  const decoded = rows * (8 + 8 + 8 + 4 + 4);
  console.log(
    JSON.stringify({
      format,
      rows,
      panes,
      milliseconds: Math.round(milliseconds),
      fileBytes: fs.statSync(path.join(folder, name)).size,
      decodedBytes: decoded,
      peakBytes: peak,
      peak: process.resourceUsage().maxRSS * 1024,
    }),
  );
  if (rows >= 8_000_000 && peak > decoded / 3) throw new Error(`${peak} bytes of ${decoded} were held at once.`);
} finally {
  fs.rmSync(folder, { recursive: true });
}
