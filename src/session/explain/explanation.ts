/** What the session says of a row. */
import type { SourceLine } from "./words.ts";

export interface Explanation {
  readonly sentences: readonly string[];
  /** The row's own columns, and the numbers behind the sentences. Times and lengths of time in ms. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The lines of data files that it tells of, for links. */
  readonly lines: readonly SourceLine[];
}
