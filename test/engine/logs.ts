/** Small logs written in tests, and runs over them. */
import type { Row } from "../../src/columns/batch.ts";
import { batchOf } from "../../src/columns/builder.ts";
import type { Schema } from "../../src/columns/column.ts";
import { Dictionary } from "../../src/columns/dictionary.ts";
import type { SourceLog } from "../../src/pipeline/source-log.ts";
import { source } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { ERRORS_SCHEMA, type SourceNode } from "../../src/pipeline/verbs/source.ts";
import type { WatermarkStrategy } from "../../src/model/watermarks.ts";

/** A row of a log: event time, arrival (default: the event time), partition, and columns `key` and `v`. */
export interface LogRow {
  readonly t: number;
  readonly at?: number;
  readonly p?: string | null;
  readonly key?: string | null;
  readonly v?: number | null;
}

export const LOG_SCHEMA: Schema = [
  { name: "t", type: "timestamp", nullable: false },
  { name: "p", type: "string", nullable: true },
  { name: "key", type: "string", nullable: true },
  { name: "v", type: "number", nullable: true },
];

/** Makes a log of rows in order of arrival. It has partitions when a row names one. */
export function logOf(rows: readonly LogRow[], errors: readonly Row[] = []): SourceLog {
  const partitions = new Dictionary();
  const partitioned = rows.some(r => r.p !== undefined);
  return {
    batch: batchOf(
      LOG_SCHEMA,
      rows.map(({ t, p = null, key = "a", v = 1 }) => ({ t, p, key, v })),
    ),
    time: Float64Array.from(rows, r => r.t),
    arrival: Float64Array.from(rows, r => r.at ?? r.t),
    partition: partitioned
      ? Int32Array.from(rows, r => (r.p === undefined || r.p === null ? -1 : partitions.code(r.p)))
      : null,
    partitions: partitioned ? partitions : null,
    line: null,
    errors: batchOf(ERRORS_SCHEMA, errors),
  };
}

/** A source of such logs by name. */
export function logSource(name: string, watermark: WatermarkStrategy): Stream {
  return source(name, { eventTime: "t", arrivalTime: "at", partition: "p", watermark });
}

/** Finds logs by the names of sources. */
export function logsByName(logs: Readonly<Record<string, SourceLog>>): (node: SourceNode) => SourceLog {
  return node => {
    if (node.input.kind !== "file") throw new Error("Only named sources have logs here.");
    return logs[node.input.name];
  };
}
