/**
 * The messages between a session (cells and engine, in the sandboxed frame or headless) and whatever shows it.
 *
 * The shell owns the document, so that nothing a cell does can lose a user's work; the session owns what the cells mean.
 * Everything here is structured-cloneable.
 */
import type { Comparison } from "./comparison.ts";
import type { LiveRequest, LiveRows } from "./live.ts";
import type { WireTable } from "./table.ts";

/** A cell as the session sees it. */
export interface CellText {
  readonly id: number;
  /** `text/x-typescript`, `module`, `text/markdown`, … as in the file. */
  readonly type: string;
  readonly source: string;
  /** The cell's other attributes, `hidden` and `output` among them. */
  readonly attributes?: readonly { readonly name: string; readonly value: string }[];
  /** A disabled cell is kept and shown, never run. */
  readonly disabled?: boolean;
}

export type CellStatus = "idle" | "stale" | "queued" | "running" | "ok" | "error" | "blocked" | "disabled";

export interface CellError {
  readonly message: string;
  /** 1-based, in the cell's own text; null where unknown. */
  readonly line: number | null;
  readonly column: number | null;
  /** The cell to mend when this one only suffers from it. */
  readonly cause: number | null;
}

/** What an input control looks like. `value` is its present value. */
export type InputControl =
  | {
      readonly kind: "range";
      readonly label: string;
      readonly min: number;
      readonly max: number;
      readonly step: number;
      readonly value: number;
      readonly unit: string | null;
    }
  | {
      readonly kind: "select";
      readonly label: string;
      readonly options: readonly { readonly label: string; readonly value: unknown }[];
      readonly value: unknown;
    }
  | { readonly kind: "checkbox"; readonly label: string; readonly value: boolean }
  | { readonly kind: "text"; readonly label: string; readonly placeholder: string; readonly value: string }
  | {
      readonly kind: "number";
      readonly label: string;
      readonly min: number | null;
      readonly max: number | null;
      readonly step: number | null;
      readonly value: number;
    }
  /** A length of time; the value is milliseconds. */
  | {
      readonly kind: "duration";
      readonly label: string;
      readonly min: number;
      readonly max: number;
      readonly step: number;
      readonly value: number;
    };

/** A value as a tree that can be shown: what the inspector of a browser would show. */
export interface Inspected {
  readonly kind: "primitive" | "string" | "object" | "array" | "function" | "date" | "error" | "stream" | "truncated";
  readonly text: string;
  readonly entries?: readonly { readonly key: string; readonly value: Inspected }[];
}

/** The source whose rows a chart shows, by its variable, and the columns of their times. */
export interface RowsBelow {
  readonly stream: string;
  readonly eventTime: string;
  /** Null where rows arrive in file order. */
  readonly arrivalTime: string | null;
}

export type CellOutput =
  | { readonly kind: "stream"; readonly view: string; readonly name: string | null }
  /** Rows that a cell computed: shown like a stream's table, but nothing is known of how each row came about. */
  | { readonly kind: "table"; readonly view: string; readonly name: string | null }
  | {
      readonly kind: "chart";
      readonly view: string;
      readonly chart: string;
      readonly options: Readonly<Record<string, unknown>>;
      /** Null where a chart has several sources, or one without a name. */
      readonly rows: RowsBelow | null;
    }
  | { readonly kind: "input"; readonly index: number; readonly control: InputControl }
  | { readonly kind: "markdown"; readonly text: string }
  | { readonly kind: "value"; readonly name: string | null; readonly value: Inspected }
  /** Serialised DOM that the cell made; the shell sanitises it before it is shown. */
  | { readonly kind: "html"; readonly html: string };

export interface CellState {
  readonly id: number;
  readonly status: CellStatus;
  readonly outputs: readonly CellOutput[];
  readonly error: CellError | null;
  /** Names the cell declares, and names it reads from other cells. */
  readonly definitions: readonly string[];
  readonly references: readonly string[];
  /** Milliseconds its last evaluation took; null before the first. */
  readonly took: number | null;
  /** Keys of the live sources that it reads. */
  readonly live?: readonly string[];
}

export interface Symbol {
  readonly name: string;
  readonly cell: number;
  readonly kind: "stream" | "chart" | "input" | "function" | "value";
  /** Columns, for streams. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** One line: a short form of the value. */
  readonly preview: string;
}

/** Figures of one node of the running graph. Times in ms since the epoch; counts since the start of the run. */
export interface NodeFigures {
  readonly id: string;
  readonly verb: string;
  readonly label: string;
  /** Names of the cells' variables that hold this node. */
  readonly names: readonly string[];
  readonly inputs: readonly string[];
  readonly rows: number;
  /** Rows per second of processing time, over the last minute of it. */
  readonly rate: number;
  readonly late: number;
  readonly dropped: number;
  readonly errors: number;
  readonly watermark: number | null;
  readonly keys: number;
  readonly windows: number;
  readonly entries: number;
  /** Partitions of a source, with what each one says. */
  readonly partitions: readonly {
    readonly name: string;
    readonly watermark: number | null;
    readonly idle: boolean;
    readonly rows: number;
    readonly lastSeen: number | null;
  }[];
}

export type TransportAction =
  | { readonly kind: "play" }
  | { readonly kind: "pause" }
  /** Back to the start, paused. */
  | { readonly kind: "restart" }
  /** As fast as possible to the end. */
  | { readonly kind: "end" }
  /** On to the next row, firing or move of the watermark; with `back` to just after the one before. */
  | { readonly kind: "step"; readonly by: "row" | "window" | "watermark"; readonly back?: boolean }
  /** To a processing time, forwards or backwards. */
  | { readonly kind: "seek"; readonly to: number }
  /** Times real time; Infinity is as fast as possible. */
  | { readonly kind: "speed"; readonly factor: number }
  /** Catches up with live sources, and stays with them. */
  | { readonly kind: "live" }
  /**
   * Stops all work: the clock, as `pause` does, and what an edit brought from catching up. What it has reached by then stays to be
   * seen, marked as partial, until `resume`, another edit, or anything that moves the clock lets it go on.
   */
  | { readonly kind: "cancel" }
  | { readonly kind: "resume" }
  /**
   * Playing stops at the first row of a stream that satisfies a predicate (a row expression; null: at any row). The stream is
   * named by its variable or by its view; there is one breakpoint for each, and `remove` takes it away.
   */
  | {
      readonly kind: "breakpoint";
      readonly stream: string;
      readonly predicate: string | null;
      readonly remove?: boolean;
    }
  /** Disturbs every source on purpose, the same way for the same seed; null: no more. */
  | { readonly kind: "faults"; readonly options: FaultOptions | null };

/** Seeded faults. Shares are from 0 to 1. */
export interface FaultOptions {
  readonly seed?: number;
  /** How long rows are held back: milliseconds or text for a mean (exponential), or a distribution as `withLateness` takes it. */
  readonly delay?:
    | number
    | string
    | { readonly uniform: readonly [number | string, number | string] }
    | { readonly exponential: number | string }
    | { readonly pareto: readonly [scale: number | string, shape: number] };
  /** Share of the rows held back; default all if there is a delay. */
  readonly reorder?: number;
  /** Share of the rows lost, and sent twice. */
  readonly drop?: number;
  readonly duplicate?: number;
}

/** A breakpoint as it is set; `error` says why it cannot stop anything. */
export interface BreakpointState {
  readonly stream: string;
  readonly predicate: string | null;
  readonly error: string | null;
}

export interface TransportState {
  readonly playing: boolean;
  readonly speed: number;
  /** Processing time of the replay; null before a log is there. */
  readonly now: number | null;
  /** First and last processing time of the log. */
  readonly start: number | null;
  readonly end: number | null;
  readonly finished: boolean;
  /** Rows replayed, and rows in all logs. */
  readonly rows: number;
  readonly totalRows: number;
  /** The earliest watermark of all sources, and how far it is behind `now`, ms. */
  readonly watermark: number | null;
  readonly lag: number | null;
  readonly late: number;
  readonly dropped: number;
  /** Arrivals in equal stretches of processing time from `start` to `end`, for the transport bar; late ones (by out-of-orderness) apart. */
  readonly density: { readonly arrivals: Float64Array; readonly late: Float64Array } | null;
  /** Why the replay stopped by itself: the breakpoint's stream, when, and the row that satisfied it. Null when it did not. */
  readonly paused?: {
    readonly stream: string;
    readonly at: number;
    readonly row: Readonly<Record<string, unknown>>;
  } | null;
  readonly breakpoints?: readonly BreakpointState[];
  /** The faults that are injected, or null. */
  readonly faults?: FaultOptions | null;
  /** Why the faults that were asked for last cannot be injected; null when they are. */
  readonly faultsError?: string | null;
  /**
   * How much of what has passed the streams that an edit brought have worked through, from 0 to 1, and whether that was stopped.
   * Null when nothing is behind. The clock stands still meanwhile.
   */
  readonly behind?: { readonly share: number; readonly held: boolean } | null;
  /** Where live sources are read: whether the clock follows them, ms that it is behind, and keys of those whose memory is full. */
  readonly live?: { readonly following: boolean; readonly behind: number; readonly full: readonly string[] } | null;
  /** What is loading, with progress from 0 to 1; null when nothing is. */
  readonly loading: { readonly what: string; readonly progress: number } | null;
}

/**
 * Which state of a table an update brings. Where `since` is a version, the page's rows are those of `slots` alone, ascending, and the
 * others of the first `total` are as in the update of that version; else the page is a page as ever, and `slots` is null.
 */
export interface TableState {
  readonly version: number;
  readonly since: number | null;
  readonly slots: Int32Array | null;
}

/** A live table or chart, as it is at one moment of the replay. Sent at most once per animation frame. */
export type ViewUpdate =
  | {
      readonly kind: "table";
      readonly view: string;
      /** How much of what has passed it shows, from 0 to 1, while it catches up after an edit; else null or left out. */
      readonly partial?: number | null;
      /** Rows in all; `page` starts at row `from` in the table's order. */
      readonly total: number;
      readonly from: number;
      readonly page: WireTable;
      /** Names the log that the rows are of, when the table only grows: its rows never change, and those behind it are new. */
      readonly log?: string | null;
      /** For readers who keep the rows themselves: which state of the table this is. */
      readonly state?: TableState;
      /** What the stream's head says: rows in, late, dropped, malformed, watermark, and whether its input is complete. */
      readonly figures: {
        readonly rows: number;
        readonly late: number;
        readonly dropped: number;
        readonly errors: number;
        readonly watermark: number | null;
        readonly complete: boolean;
      };
    }
  | {
      readonly kind: "chart";
      readonly view: string;
      readonly partial?: number | null;
      readonly chart: string;
      readonly tables: Readonly<Record<string, WireTable>>;
      readonly options: Readonly<Record<string, unknown>>;
    };

export type Sort = { readonly column: string; readonly descending: boolean } | null;

export interface ExportedFile {
  readonly name: string;
  readonly text: string;
}

/** What a target can't say, with the cell or node it stands in. */
export interface Obstacle {
  readonly severity: "refuse" | "warn";
  readonly kind: "never" | "not-yet" | "not-implemented" | "differs";
  readonly where: string;
  readonly reason: string;
}

export type ShellMessage =
  | { readonly type: "cells"; readonly cells: readonly CellText[]; readonly run: "all" | "changed" | "none" }
  | { readonly type: "run"; readonly cells: readonly number[] | "all" }
  | { readonly type: "interrupt" }
  | { readonly type: "input"; readonly cell: number; readonly index: number; readonly value: unknown }
  | { readonly type: "transport"; readonly action: TransportAction }
  /** Pins the replay as it is now, to be compared with what comes, or lets it go. */
  | { readonly type: "pin"; readonly pinned: boolean }
  /** Which views are on screen, and which page and order each table shows. Others are not updated. */
  | {
      readonly type: "watch";
      readonly views: readonly {
        readonly view: string;
        readonly from: number;
        readonly count: number;
        readonly sort: Sort;
      }[];
    }
  | { readonly type: "export"; readonly request: number; readonly name: string; readonly target: string }
  /** Asks for the story of a row of a view's table, or, with `values` (keys and bounds, as a mark of a chart has them), of a window. */
  | {
      readonly type: "explain";
      readonly request: number;
      readonly view: string;
      readonly row: number;
      readonly values?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: "file";
      readonly request: number;
      readonly bytes: ArrayBuffer | null;
      readonly error: string | null;
      /** Of a part: bytes of the whole file, and a text that changes with it. */
      readonly size?: number;
      readonly version?: string;
    }
  /** Connects anew to a live source that is over; what came before is forgotten, but for its recording. */
  | { readonly type: "live-again"; readonly key: string }
  /** What has come of live sources. */
  | { readonly type: "live"; readonly updates: readonly LiveRows[] }
  | { readonly type: "ping"; readonly at: number };

/** A language that pipelines can be exported to. */
export interface ExportTarget {
  /** As it stands after `--to` and in the message that asks for it. */
  readonly name: string;
  readonly title: string;
}

export type SessionMessage =
  | { readonly type: "ready"; readonly exportTargets: readonly ExportTarget[] }
  | { readonly type: "cell"; readonly state: CellState }
  | { readonly type: "symbols"; readonly symbols: readonly Symbol[] }
  | { readonly type: "graph"; readonly nodes: readonly NodeFigures[] }
  | { readonly type: "transport"; readonly state: TransportState }
  | { readonly type: "views"; readonly updates: readonly ViewUpdate[] }
  /** How the replay compares with the pinned one; null when none is pinned. */
  | { readonly type: "comparison"; readonly comparison: Comparison | null }
  /** Asks the shell to connect to a live source, or says that nobody reads it any more. */
  | { readonly type: "live-open"; readonly request: LiveRequest }
  | { readonly type: "live-close"; readonly key: string }
  /** Asks the shell for a file that a source names, or for a part of it: bytes `[from, to)`. */
  | {
      readonly type: "need-file";
      readonly request: number;
      readonly name: string;
      readonly part?: { readonly from: number; readonly to: number };
    }
  | {
      readonly type: "exported";
      readonly request: number;
      readonly files: readonly ExportedFile[];
      readonly obstacles: readonly Obstacle[];
      readonly error: string | null;
    }
  | {
      readonly type: "explained";
      readonly request: number;
      readonly sentences: readonly string[];
      readonly facts: Readonly<Record<string, unknown>>;
      /** The lines of data files that the sentences tell of. */
      readonly lines?: readonly { readonly file: string; readonly line: number }[];
      /** The zone in which the sentences write times. */
      readonly timeZone?: string;
      /** The row of a log that they tell of, where it was not asked for in a table. */
      readonly row?: readonly { readonly name: string; readonly type: string; readonly value: unknown }[];
    }
  | { readonly type: "pong"; readonly at: number };
