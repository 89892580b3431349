/** Makes rows fit for text: times as ISO 8601, columns in the order of the schema. */
import type { Schema, Value } from "../columns/column.ts";

/** Returns a row with its columns in order and its timestamps as ISO 8601; the ends of time as `Infinity` and `-Infinity`. */
export function plainRow(schema: Schema, row: Readonly<Record<string, Value>>): Record<string, Value> {
  const out: Record<string, Value> = {};
  for (const { name, type } of schema) {
    const value = row[name];
    out[name] =
      type === "timestamp" && typeof value === "number"
        ? Number.isFinite(value)
          ? new Date(value).toISOString()
          : String(value)
        : value;
  }
  return out;
}
