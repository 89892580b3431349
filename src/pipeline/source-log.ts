/**
 * A source's rows as the engine reads them: decoded, with both times as milliseconds, in order of arrival. Connectors
 * make it; the engine replays it; nobody changes it (a live source makes longer ones that share their beginning, and one
 * that is read in parts makes others that begin later).
 */
import type { Batch } from "../columns/batch.ts";
import type { Dictionary } from "../columns/dictionary.ts";
import type { Timestamp } from "../model/time.ts";

/** What is known of a log before its rows have been read. */
export interface WholeLog {
  /** Rows, those among them that turn out not to be readable included. */
  readonly rows: number;
  /** First and last arrival, ms. */
  readonly start: Timestamp;
  readonly end: Timestamp;
  /** The parts that it is read in, with the arrivals that they span, ms. */
  readonly parts: readonly { readonly rows: number; readonly start: Timestamp; readonly end: Timestamp }[];
}

export interface SourceLog {
  readonly batch: Batch;
  /** Event time of each row, ms. */
  readonly time: Float64Array;
  /** Arrival time of each row, ms; never goes back. */
  readonly arrival: Float64Array;
  /** Partition of each row, as codes of `partitions`; null where the source has none. Null partitions are code -1. */
  readonly partition: Int32Array | null;
  readonly partitions: Dictionary | null;
  /** Line of each row in the file, from 1. */
  readonly line: Int32Array | null;
  /** What could not be read: `ERRORS_SCHEMA`. */
  readonly errors: Batch;
  /**
   * Of a log that may still grow: processing time, ms, up to which every row that arrived is in it. No run passes it, and no
   * run ends the source. Absent: the log is complete.
   */
  readonly known?: Timestamp;
  /**
   * Of a log that was read as it grew: processing time, ms, at which reading stopped. The source ends at that moment and not
   * with its last row, so that silences and timers between the two are the same in a replay as they were live.
   */
  readonly ended?: Timestamp;
  /** Of a log that is read in parts: what is known of all of it. It says `known` until its last part is here. */
  readonly whole?: WholeLog;
  /** Of a log that is read in parts: rows before the first that is here, which have been let go. Default 0. */
  readonly first?: number;
  /** Of a log that is read in parts: the least event time, ms, of the rows that follow the last one that is here. */
  readonly least?: Timestamp;
}
