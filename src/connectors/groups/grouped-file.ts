/** What a file has to offer so that it can be read a group of rows at a time: Parquet's row groups, Arrow's record batches. */
import type { FoundColumn } from "../whole-columns.ts";

/** A file that is read by ranges. Reading rejects with a message for the user, also when the file has changed since. */
export interface RangeFile {
  readonly name: string;
  readonly size: number;
  /** Reads bytes `[from, to)`. */
  read(from: number, to: number): Promise<Uint8Array>;
}

export interface Group {
  /** Rows of the file before it. */
  readonly first: number;
  readonly rows: number;
}

export interface Range {
  readonly least: number;
  readonly greatest: number;
}

export interface GroupedFile {
  readonly groups: readonly Group[];
  /** The columns without any row: their names and types. */
  readonly columns: readonly FoundColumn[];
  /** Names of columns that may hold nulls. */
  readonly nullable: ReadonlySet<string>;
  /** Reads a group, all its columns or those that are named. Texts go into dictionaries that all groups share. */
  read(group: number, columns: ReadonlySet<string> | null): Promise<readonly FoundColumn[]>;
  /** The range of a column of numbers or times in a group, where the file tells it without being read. */
  range(column: string, group: number): Range | null;
}

const BYTES = { number: 8, timestamp: 8, string: 4, boolean: 1, json: 128 } as const;

/** Estimates the bytes that a row takes once it is decoded: its columns, their masks, its times and its line. */
export function bytesPerRow(file: GroupedFile): number {
  return file.columns.reduce(
    (sum, { name, column }) => sum + BYTES[column.type] + (file.nullable.has(name) ? 1 : 0),
    12,
  );
}
