/**
 * How fast logs are read: a million rows of id, time, key and amount in each format, against `JSON.parse` per line in the
 * same run. `node bench/ingest.ts [--rows 1000000] [--rounds 7] [--json]`; the table shows medians, and each row's ratio to `JSON.parse` is taken
 * round by round. Every result is checked by its sums.
 */
import { parseArgs } from "node:util";
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
import { parquetWriteBuffer } from "hyparquet-writer";
import { columnNamed } from "../src/columns/batch.ts";
import { decodeAll, type ReadOptions } from "../src/connectors/decode.ts";
import type { DecodedLog } from "../src/connectors/log.ts";
import { Random, Zipf } from "../samples/random.ts";

const { values: settings } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "7" },
    json: { type: "boolean", default: false },
  },
});
const rows = Number(settings.rows);
const rounds = Number(settings.rounds);

const random = new Random(42);
const zipf = new Zipf(1000);
const START = Date.UTC(2026, 2, 28, 9);
const ids = Float64Array.from({ length: rows }, (_, i) => i);
const times = Float64Array.from({ length: rows }, (_, i) =>
  Math.floor(START + (i * 3_600_000) / rows + random.between(0, 2000)),
);
const keys = Array.from({ length: rows }, () => `key-${zipf.draw(random)}`);
const amounts = Float64Array.from({ length: rows }, () => random.integer(-5000, 9999) / 100);

/** What every reader has to arrive at. */
const expected = sums(
  ids.length,
  i => ids[i],
  i => times[i],
  i => keys[i].length,
  i => amounts[i],
);

function sums(count: number, ...columns: ((row: number) => number)[]): string {
  const totals = columns.map(column => {
    let total = 0;
    for (let row = 0; row < count; row++) total += column(row);
    return total.toFixed(3);
  });
  return `${count} rows: ${totals.join(", ")}`;
}

function sumsOf(log: DecodedLog): string {
  const number = (name: string): ((row: number) => number) => {
    const column = columnNamed(log.batch, name);
    if (column.type !== "number" && column.type !== "timestamp") throw new Error(`${name} is ${column.type}`);
    return row => column.values[row];
  };
  const key = columnNamed(log.batch, "key");
  if (key.type !== "string") throw new Error(`key is ${key.type}`);
  const lengths = Int32Array.from(key.dictionary.values, value => value.length);
  return sums(log.batch.length, number("id"), number("time"), row => lengths[key.codes[row]], number("amount"));
}

function build(row: (i: number) => string, head = ""): Uint8Array {
  const lines: string[] = head === "" ? [] : [head];
  for (let i = 0; i < rows; i++) lines.push(row(i));
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}

const iso = (i: number): string => new Date(times[i]).toISOString();
const jsonNumbers = build(i => `{"id":${i},"time":${times[i]},"key":"${keys[i]}","amount":${amounts[i]}}`);
const jsonIso = build(i => `{"id":${i},"time":"${iso(i)}","key":"${keys[i]}","amount":${amounts[i]}}`);
const csvNumbers = build(i => `${i},${times[i]},${keys[i]},${amounts[i]}`, "id,time,key,amount");
const csvIso = build(i => `${i},${iso(i)},${keys[i]},${amounts[i]}`, "id,time,key,amount");
const arrowBytes = tableToIPC(
  tableFromColumns([
    ["id", columnFromArray(ids, int64())],
    ["time", columnFromArray(times, timestamp(TimeUnit.MILLISECOND, "UTC"))],
    ["key", columnFromArray(keys, dictionary(utf8(), int32()))],
    ["amount", columnFromArray(amounts, float64())],
  ]),
  { format: "file" },
) as Uint8Array;
const parquetTimes = Array.from(times, t => new Date(t));
/** Writers that do not know better call every column nullable, which costs the reader a level per value. */
const parquetOf = (nullable: boolean): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "id", data: Int32Array.from(ids), type: "INT32", nullable },
        { name: "time", data: parquetTimes, type: "TIMESTAMP", nullable },
        { name: "key", data: keys, type: "STRING", nullable },
        { name: "amount", data: amounts, type: "DOUBLE", nullable },
      ],
    }),
  );

interface Reader {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly run: () => Promise<string>;
  readonly seconds: number[];
}

const options: ReadOptions = { types: { time: "timestamp" } };
let started = 0;
let seconds = 0;
const clock = {
  start: (): number => (started = performance.now()),
  stop: (): number => (seconds = (performance.now() - started) / 1000),
};

function decoding(name: string, bytes: Uint8Array, format: string): Reader {
  const run = async (): Promise<string> => {
    clock.start();
    const log = await decodeAll(bytes, format, options);
    clock.stop();
    return sumsOf(log);
  };
  return { name, bytes, run, seconds: [] };
}

/** The loop that everybody writes first: the text into lines, each through `JSON.parse`, fields into arrays. */
async function parseLines(): Promise<string> {
  clock.start();
  const id = new Float64Array(rows);
  const time = new Float64Array(rows);
  const key: string[] = [];
  const amount = new Float64Array(rows);
  const text = new TextDecoder().decode(jsonNumbers);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const end = text.indexOf("\n", at);
    const object = JSON.parse(text.slice(at, end)) as { id: number; time: number; key: string; amount: number };
    id[row] = object.id;
    time[row] = object.time;
    key.push(object.key);
    amount[row] = object.amount;
    at = end + 1;
  }
  clock.stop();
  return sums(
    rows,
    i => id[i],
    i => time[i],
    i => key[i].length,
    i => amount[i],
  );
}

const baseline: Reader = { name: "JSON.parse per line", bytes: jsonNumbers, run: parseLines, seconds: [] };
const readers: readonly Reader[] = [
  baseline,
  decoding("JSON lines, epoch times", jsonNumbers, "jsonlines"),
  decoding("JSON lines, ISO times", jsonIso, "jsonlines"),
  decoding("CSV, epoch times", csvNumbers, "csv"),
  decoding("CSV, ISO times", csvIso, "csv"),
  decoding("Arrow IPC", arrowBytes, "arrow"),
  decoding("Parquet (Snappy)", parquetOf(false), "parquet"),
  decoding("Parquet, columns nullable", parquetOf(true), "parquet"),
];

for (let round = 0; round < rounds; round++)
  for (const reader of readers) {
    const found = await reader.run();
    if (found !== expected)
      throw new Error(`${reader.name} read something else.\nexpected ${expected}\nfound    ${found}`);
    reader.seconds.push(seconds);
  }

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
const found = readers.map(({ name, bytes, seconds: took }) => {
  const time = median(took);
  return {
    name,
    perSecond: rows / time / 1e6,
    megabytes: bytes.length / time / 1e6,
    ratio: median(took.map((s, i) => baseline.seconds[i] / s)),
    cold: rows / took[0] / 1e6,
  };
});
if (settings.json) console.log(JSON.stringify({ rows, rounds, readers: found }));
else {
  console.log(
    `${rows.toLocaleString("en")} rows, ${rounds} rounds, Node ${process.versions.node}; median, and the first (cold) round\n`,
  );
  console.log("| log | million rows/s | MB/s | against JSON.parse | cold |\n|---|---|---|---|---|");
  for (const { name, perSecond, megabytes, ratio, cold } of found)
    console.log(
      `| ${name} | ${perSecond.toFixed(1)} | ${megabytes.toFixed(0)} | ${ratio.toFixed(1)} | ${cold.toFixed(1)} |`,
    );
}
