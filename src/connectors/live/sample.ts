/**
 * Tells the columns of a live source from its first rows, once and for all: what is connected to it is planned then, and the
 * recording is read by the same types. Types that the source states stand; later rows that do not fit are errors.
 */
import type { ColumnType } from "../../columns/column.ts";
import type { TimeField } from "../../pipeline/verbs/source.ts";
import { jsonLinesDecoder } from "../jsonlines/decode.ts";
import { SourceError } from "../source-error.ts";
import { RESERVED } from "./envelope.ts";

/** How a live source's rows are to be read. */
export interface LiveReading {
  /** What the source is called in messages. */
  readonly file: string;
  readonly eventTime: TimeField;
  readonly partition: string | null;
  readonly types: Readonly<Record<string, ColumnType>>;
}

/**
 * Returns the types of the rows' own columns, in their order, or null while no row could be read. `mixed` is the type of a
 * field with values of several types. Throws a `SourceError` when the settings cannot work: no such field, an unreadable time.
 */
export function sampleTypes(
  lines: readonly string[],
  reading: LiveReading,
  mixed: "json" | "string",
): Record<string, ColumnType> | null {
  const { eventTime, partition, types, file } = reading;
  const fields = fieldsOf(lines);
  if (fields.size > 0 && !fields.has(eventTime.column))
    throw new SourceError(
      `${file}: no row has the field "${eventTime.column}", which eventTime names. They have: ${[...fields].join(", ")}.`,
      { file, field: eventTime.column },
    );
  const decoder = jsonLinesDecoder({
    file,
    types: { ...types, [eventTime.column]: "timestamp" },
    times: { [eventTime.column]: timeOptions(eventTime) },
    required: [eventTime.column],
  });
  decoder.push(new TextEncoder().encode(`${lines.join("\n")}\n`), true);
  const { schema, batch } = decoder.finish();
  if (batch.length === 0) return null;
  const found: Record<string, ColumnType> = {};
  for (const { name, type } of schema)
    if (!RESERVED.some(own => own === name))
      found[name] = type === "json" && types[name] === undefined && mixed === "string" ? "string" : type;
  if (partition !== null && found[partition] === undefined)
    throw new SourceError(
      `${file}: there is no column "${partition}" for partition in the first rows. They have: ${Object.keys(found).join(", ")}.`,
      { file, field: partition },
    );
  return found;
}

/** The fields of the rows themselves. */
function fieldsOf(lines: readonly string[]): Set<string> {
  const fields = new Set<string>();
  for (const line of lines) {
    if (!line.startsWith("{")) continue;
    try {
      for (const name of Object.keys(JSON.parse(line) as object)) fields.add(name);
    } catch {
      // It is among the malformed ones, and has no fields.
    }
  }
  for (const name of RESERVED) fields.delete(name);
  return fields;
}

export function timeOptions(field: TimeField): { unit?: "s" | "ms" | "us" | "ns"; timeZone?: string } {
  return {
    ...(field.unit === null ? {} : { unit: field.unit }),
    ...(field.timeZone === null ? {} : { timeZone: field.timeZone }),
  };
}
