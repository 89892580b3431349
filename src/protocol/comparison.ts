/**
 * Two replays side by side: the one that was pinned, and the notebook as it is now. What the page needs to show both, under one
 * clock, and what differs between them.
 */

/** A setting that is not as it was when the replay was pinned. */
export interface SettingChange {
  /** The change in words: `Watermark delay 30 s → 5 min`, `cell daily edited`. */
  readonly text: string;
  /** The setting as either side has it: `Watermark delay 30 s`. */
  readonly pinned: string;
  readonly now: string;
}

/** How the rows of a table differ. */
export interface ComparedRows {
  /** The view of the rows that differ. */
  readonly view: string;
  /** `key`: rows were matched by the columns `on`; `row`: whole rows were counted. */
  readonly by: "key" | "row";
  readonly on: readonly string[];
  /** Rows in one of the two or in both. */
  readonly total: number;
  readonly changed: number;
  readonly onlyNow: number;
  readonly onlyPinned: number;
  /** Sums over all rows, where they mean something. */
  readonly sums: readonly { readonly column: string; readonly pinned: number; readonly now: number }[];
  /** Columns that were not compared. */
  readonly left: readonly string[];
}

/** An output of a cell, compared. */
export type ComparedOutput =
  /** The same pipeline, or one whose rows cannot differ: it is computed once. */
  | { readonly state: "same" }
  /** There was no such output when the replay was pinned. */
  | { readonly state: "new" }
  | {
      readonly state: "differs";
      /** The settings that this output depends on. */
      readonly settings: readonly SettingChange[];
      /** The same output of the pinned replay. `chart` is null for a table. */
      readonly pinned: {
        readonly view: string;
        readonly chart: string | null;
        readonly options: Readonly<Record<string, unknown>>;
      };
      /** Null for charts, and where `reason` says why rows are not compared. */
      readonly rows: ComparedRows | null;
      readonly reason: string | null;
    };

export interface Comparison {
  /** All settings that differ. */
  readonly settings: readonly SettingChange[];
  /** By view. */
  readonly outputs: Readonly<Record<string, ComparedOutput>>;
  /** Rows that were dropped, over all streams that drop them. */
  readonly dropped: { readonly pinned: number; readonly now: number };
}
