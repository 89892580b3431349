/** Files of many groups for tests, in memory, with a count of what was read of them and when. */
import {
  bool,
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
import { Random } from "../../../samples/random.ts";
import { decodeAll } from "../../../src/connectors/decode.ts";
import { ArrowGroups } from "../../../src/connectors/arrow/groups.ts";
import type { RangeFile } from "../../../src/connectors/groups/grouped-file.ts";
import { GroupedLog } from "../../../src/connectors/groups/grouped-log.ts";
import type { OrderOptions } from "../../../src/connectors/groups/order.ts";
import type { DecodeOptions } from "../../../src/connectors/log.ts";
import { ParquetGroups } from "../../../src/connectors/parquet/groups.ts";
import { sourceLog } from "../../../src/connectors/source-log.ts";
import type { SourceLog } from "../../../src/pipeline/source-log.ts";
import { source, type SourceOptions } from "../../../src/pipeline/sources.ts";
import type { Stream } from "../../../src/pipeline/stream.ts";
import type { SourceNode } from "../../../src/pipeline/verbs/source.ts";

export interface TestRow {
  readonly at: number;
  readonly arrived: number;
  readonly key: string | null;
  readonly amount: number | null;
  readonly part: number;
  readonly ok: boolean | null;
}

const START = Date.UTC(2026, 2, 28, 9);

/** Rows in file order, each arriving within `jitter` ms of its place: groups overlap by as much. */
export function testRows(count: number, jitter: number, seed = 1): TestRow[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const arrived = START + i * 100 + Math.floor(random.between(0, jitter + 1));
    return {
      arrived,
      at: arrived - Math.floor(random.between(0, 4_000)),
      key: random.between(0, 1) < 0.05 ? null : `key-${random.integer(0, 9)}${i > count / 2 ? " späť" : ""}`,
      amount: random.between(0, 1) < 0.1 ? null : random.integer(-500, 999) / 4,
      part: random.integer(0, 2),
      ok: i % 7 === 0 ? null : i % 2 === 0,
    };
  });
}

export function parquetOf(rows: readonly TestRow[], rowGroupSize: number, statistics = true): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize,
      statistics,
      columnData: [
        { name: "at", data: rows.map(r => new Date(r.at)), type: "TIMESTAMP", nullable: false },
        { name: "arrived", data: rows.map(r => BigInt(r.arrived)), type: "INT64", nullable: false },
        { name: "key", data: rows.map(r => r.key), type: "STRING" },
        { name: "amount", data: rows.map(r => r.amount), type: "DOUBLE" },
        { name: "part", data: rows.map(r => r.part), type: "INT32", nullable: false },
        { name: "ok", data: rows.map(r => r.ok), type: "BOOLEAN" },
      ],
    }),
  );
}

export function arrowOf(
  rows: readonly TestRow[],
  maxBatchRows: number,
  format: "file" | "stream" = "file",
): Uint8Array {
  const column = <T>(of: (row: TestRow) => T, type: Parameters<typeof columnFromArray>[1]) =>
    columnFromArray(rows.map(of), type, { maxBatchRows });
  return tableToIPC(
    tableFromColumns([
      ["at", column(r => r.at, timestamp(TimeUnit.MILLISECOND, "UTC"))],
      ["arrived", column(r => r.arrived, int64())],
      ["key", column(r => r.key, dictionary(utf8(), int32()))],
      ["amount", column(r => r.amount, float64())],
      ["part", column(r => r.part, int32())],
      ["ok", column(r => r.ok, bool())],
    ]),
    { format },
  ) as Uint8Array;
}

export const OPTIONS: SourceOptions = { eventTime: "at", arrivalTime: { column: "arrived", unit: "ms" } };

/** A file in memory that counts what is read of it. */
export function rangeFile(name: string, bytes: Uint8Array): RangeFile & { reads: number; bytesRead: number } {
  const file = {
    name,
    size: bytes.length,
    reads: 0,
    bytesRead: 0,
    read: async (from: number, to: number): Promise<Uint8Array> => {
      await Promise.resolve();
      file.reads++;
      file.bytesRead += to - from;
      return bytes.slice(from, to);
    },
  };
  return file;
}

export function decodeOptions(node: SourceNode): DecodeOptions {
  const names = [node.eventTime.column, ...(node.arrivalTime === null ? [] : [node.arrivalTime.column])];
  return {
    file: node.input.kind === "file" ? node.input.name : "rows",
    types: Object.fromEntries(names.map(name => [name, "timestamp" as const])),
    times: Object.fromEntries(
      [node.eventTime, ...(node.arrivalTime === null ? [] : [node.arrivalTime])].map(({ column, unit }) => [
        column,
        unit === null ? {} : { unit },
      ]),
    ),
    required: names,
  };
}

export async function groupsOf(file: RangeFile): Promise<ParquetGroups | ArrowGroups> {
  return file.name.endsWith(".parquet") ? ParquetGroups.open(file) : ArrowGroups.open(file);
}

/** A log both ways: whole, and read in groups. */
export async function bothWays(
  name: string,
  bytes: Uint8Array,
  options: SourceOptions = OPTIONS,
  order: Partial<OrderOptions> = {},
): Promise<{ stream: Stream; whole: SourceLog; grouped: GroupedLog; file: ReturnType<typeof rangeFile> }> {
  const stream = source(name, options);
  const node = stream.node as SourceNode;
  const decode = decodeOptions(node);
  const whole = sourceLog(await decodeAll(bytes, null, decode), node, name);
  const file = rangeFile(name, bytes);
  const grouped = await GroupedLog.open(await groupsOf(file), node, { decode, most: 2 ** 29, ...order });
  return { stream, whole, grouped, file };
}
