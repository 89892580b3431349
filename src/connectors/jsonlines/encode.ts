/** Writes a batch as JSON lines: one object per row, times as ISO 8601 in UTC with as many digits as they need. */
import type { Batch } from "../../columns/batch.ts";
import { type Value, valueAt } from "../../columns/column.ts";

/** Encodes a batch. Numbers keep every bit; the ends of time, which JSON lacks, are null. */
export function encodeJsonLines(batch: Batch): Uint8Array {
  const names = batch.schema.map(field => JSON.stringify(field.name));
  const lines: string[] = [];
  for (let row = 0; row < batch.length; row++) {
    const fields = batch.columns.map((column, c) => {
      const value = valueAt(column, row);
      const written = column.type === "timestamp" ? isoTime(value) : value;
      return `${names[c]}:${JSON.stringify(written) ?? "null"}`;
    });
    lines.push(`{${fields.join(",")}}\n`);
  }
  return new TextEncoder().encode(lines.join(""));
}

/** `2026-03-28T23:55:00.000Z`; below milliseconds seven digits, which tell every timestamp from its neighbours. */
function isoTime(value: Value): string | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  const whole = Math.floor(value);
  const text = new Date(whole).toISOString();
  if (whole === value) return text;
  const below = Math.round((value - whole) * 10_000);
  return below >= 10_000 ? isoTime(whole + 1) : `${text.slice(0, -1)}${String(below).padStart(4, "0")}Z`;
}
