/** `source`: where rows come from, which column is their event time, when they arrived, and how the watermark follows. */
import type { ColumnType, Schema, Value } from "../../columns/column.ts";
import type { WatermarkStrategy } from "../../model/watermarks.ts";
import type { Verb } from "../verb.ts";

/** A column that holds a time, and how to read it where the values alone are ambiguous. */
export interface TimeField {
  readonly column: string;
  /** Unit of epoch numbers. */
  readonly unit: "s" | "ms" | "us" | "ns" | null;
  /** IANA zone of local times without an offset. */
  readonly timeZone: string | null;
}

/** What a source reads: a file by the name the notebook gives it, or rows written in the cell. */
export type SourceInput =
  | {
      readonly kind: "file";
      readonly name: string;
      readonly format: string | null;
      readonly options: Readonly<Record<string, Value>>;
      /** Of a log that was read live: when reading stopped, ms. */
      readonly ended?: number;
    }
  | { readonly kind: "rows"; readonly rows: readonly Readonly<Record<string, Value>>[] }
  | LiveInput;

/** Rows as they come. Their arrival is the moment at which the host took them. */
export interface LiveInput {
  readonly kind: "live";
  /** What reads them: the name of a connector. */
  readonly connector: "follow" | "http" | "websocket" | "stdin" | "simulated";
  /** The file's name, the address, `-`, or what is simulated. */
  readonly name: string;
  readonly format: string | null;
  readonly options: Readonly<Record<string, Value>>;
}

export interface SourceNode {
  readonly verb: "source";
  readonly input: SourceInput;
  readonly eventTime: TimeField;
  /** Null: rows arrive in file order, at the greatest event time so far. */
  readonly arrivalTime: TimeField | null;
  readonly partition: string | null;
  readonly watermark: WatermarkStrategy;
  /** Column types that the user states instead of having them inferred. */
  readonly types: Readonly<Record<string, ColumnType>>;
}

/** Names what a source reads, for people. */
export function inputName(input: SourceInput): string {
  return input.kind === "rows" ? "rows" : input.kind === "live" && input.name === "-" ? "standard input" : input.name;
}

/** Malformed input, as a stream: what could not be read, where, and why. */
export const ERRORS_SCHEMA: Schema = [
  { name: "line", type: "number", nullable: false },
  { name: "field", type: "string", nullable: true },
  { name: "value", type: "string", nullable: true },
  { name: "reason", type: "string", nullable: false },
];

/** The watermark's course: one row each time it moves. `partition` is null for the source's own, combined one. */
export const PROGRESS_SCHEMA: Schema = [
  { name: "processing_time", type: "timestamp", nullable: false },
  { name: "partition", type: "string", nullable: true },
  { name: "watermark", type: "timestamp", nullable: false },
  { name: "idle", type: "boolean", nullable: false },
];

/** Returns the column whose keys have watermarks of their own, or null. Throws where the source has no such column. */
export function watermarkKey({ keyColumn }: WatermarkStrategy, schema: Schema): string | null {
  if (keyColumn === null || schema.some(field => field.name === keyColumn)) return keyColumn;
  const names = schema.map(field => field.name).join(", ");
  throw new Error(
    `The watermark is per key of ${JSON.stringify(keyColumn)}, and the source has no such column. There are: ${names}.`,
  );
}

export const source: Verb<SourceNode> = {
  inputs: () => [],
  withInputs: node => node,
  ports: () => ["errors", "progress"],
  schema(node, inputs, port) {
    if (port === "errors") return ERRORS_SCHEMA;
    watermarkKey(node.watermark, inputs[0]);
    if (port === "progress") return PROGRESS_SCHEMA;
    return inputs[0];
  },
  describe: ({ input }) => `source ${input.kind === "rows" ? `${input.rows.length} rows` : inputName(input)}`,
};
