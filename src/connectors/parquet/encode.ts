/**
 * Writes a batch as Parquet, with hyparquet-writer. Columns without a null are REQUIRED, so that readers need no definition
 * levels; times are milliseconds where they are whole ones, else microseconds.
 */
import { type ColumnSource, parquetWriteBuffer, schemaFromColumnData } from "hyparquet-writer";
import type { Batch } from "../../columns/batch.ts";
import { type Column, valueAt } from "../../columns/column.ts";

type SchemaElement = ReturnType<typeof schemaFromColumnData>[number];

/** Rows in a group: large enough to compress well, small enough for some of them to be in memory. */
const GROUP = 131_072;

/**
 * Encodes a batch: numbers as DOUBLE, times as TIMESTAMP (UTC), texts as STRING, nested values as JSON; Snappy. `group`: rows in
 * each group, as a log that is larger than memory is read; default 131,072.
 */
export function encodeParquet(batch: Batch, group = GROUP): Uint8Array {
  const columnData: ColumnSource[] = [];
  const schemaOverrides: Record<string, SchemaElement> = {};
  batch.schema.forEach(({ name, type }, c) => {
    const column = batch.columns[c];
    const data = valuesOf(column, batch.length);
    const nullable = data.includes(null);
    if (column.type !== "timestamp") {
      const written = { number: "DOUBLE", boolean: "BOOLEAN", string: "STRING", json: "JSON" } as const;
      columnData.push({ name, data, type: written[type as keyof typeof written], nullable });
      return;
    }
    const whole = data.every(v => v === null || Number.isInteger(v));
    columnData.push({
      name,
      data: whole ? data : data.map(v => (v === null ? null : Math.round((v as number) * 1_000))),
    });
    schemaOverrides[name] = {
      name,
      type: "INT64",
      converted_type: whole ? "TIMESTAMP_MILLIS" : "TIMESTAMP_MICROS",
      repetition_type: nullable ? "OPTIONAL" : "REQUIRED",
    };
  });
  const schema = schemaFromColumnData({ columnData, schemaOverrides });
  const plain = columnData.map(({ name, data }) => ({ name, data }));
  return new Uint8Array(parquetWriteBuffer({ columnData: plain, schema, rowGroupSize: group, createdBy: "Tidemark" }));
}

/** A column's values, with null for the ends of time, which no file format has. */
function valuesOf(column: Column, length: number): unknown[] {
  const values = Array.from({ length }, (_, row) => valueAt(column, row));
  if (column.type !== "timestamp") return values;
  return values.map(v => (typeof v === "number" && Number.isFinite(v) ? v : null));
}
