/** What the session says of a row. */
import type { SourceLine } from "./words.ts";

/** A column of the row that a story is about. */
export interface RowColumn {
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
}

export interface Explanation {
  readonly sentences: readonly string[];
  /** The row's own columns, and the numbers behind the sentences. Times and lengths of time in ms. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The lines of data files that it tells of, for links. */
  readonly lines: readonly SourceLine[];
  /** The zone in which the sentences write times; absent where they write none. */
  readonly timeZone?: string;
  /** The row of a log that it tells of, where it is asked for by a mark or a line and not by its place in a table. */
  readonly row?: readonly RowColumn[];
}
