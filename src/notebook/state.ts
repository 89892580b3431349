/** What the kernel asks of the place where it runs, and what it tells of its cells. */
import type { Definition } from "./analyze.ts";
import type { EvaluateCell } from "./emit.ts";
import type { CellOutput } from "./run.ts";

/** What the kernel needs of the place where it runs. */
export interface KernelHost {
  /** Compiles a cell. */
  readonly evaluate: EvaluateCell;
  /** Calls back soon, in the order of the calls; `queueMicrotask`, or a message channel so that a window can paint. */
  readonly defer: (run: () => void) => void;
  /** Calls back when a generator's next value is due, at most once a frame in a window; `defer` by default. */
  readonly tick?: (run: () => void) => void;
  /** Milliseconds from any start; measures how long cells run and how long a pass may take. */
  readonly now: () => number;
  /** Names of the runtime library and their values. `__captured` here receives captured values, see `emitCell`. */
  readonly ambient?: Readonly<Record<string, unknown>>;
  /**
   * More names of the runtime library, which are loaded when the first cell that uses one is run; that cell waits for it. What
   * a name is loaded as never changes.
   */
  readonly lazy?: Readonly<Record<string, () => Promise<unknown>>>;
  /** Names that are simply there where cells run; `platformGlobals` by default. */
  readonly globals?: ReadonlySet<string>;
  /** Tells whether a new value is the same as the old one; `Object.is` by default. */
  readonly equals?: (a: unknown, b: unknown) => boolean;
  /** Turns a value between `${` and `}` into text; by default nothing for null and undefined, lists without separators. */
  readonly text?: (value: unknown) => string;
  /** Milliseconds after which a pass lets the host breathe between two cells; 12 by default. */
  readonly slice?: number;
  /** Hears of every change of a cell's state, at the end of each pass. */
  readonly onCell?: (id: number, state: CellState) => void;
}

/**
 * Where a cell is: `idle` never ran, `stale` has to run or stands below a cell that has to, `queued` will run by itself,
 * `blocked` waits for a cell that failed or is disabled.
 */
export type CellStatus = "idle" | "stale" | "queued" | "running" | "ok" | "error" | "blocked" | "disabled";

/** What went wrong in a cell; line and column count from 1 and are `null` where they are not known. */
export interface CellError {
  readonly kind: "syntax" | "duplicate" | "cycle" | "unknown" | "runtime" | "interrupted";
  /** The error's class, for example `"TypeError"`. */
  readonly name: string;
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly stack: string | null;
  /** Other cells concerned: those that define the same name, or are in the same circle. */
  readonly cells: readonly number[];
  /** The value that was thrown. */
  readonly cause?: unknown;
}

/** All there is to know about a cell. A new object for each change. */
export interface CellState {
  readonly id: number;
  readonly status: CellStatus;
  readonly outputs: readonly CellOutput[];
  /** The value of an expression or a template; `undefined` for a program. */
  readonly value: unknown;
  /** The values of the names that the cell defines, as far as they are there. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly error: CellError | null;
  /** For `blocked`: the cell that failed or is disabled. */
  readonly culprit: number | null;
  /** How many times the cell was run. */
  readonly runs: number;
  /** Milliseconds that the last finished run took, by the host's clock. */
  readonly duration: number | null;
}

/** A name that can be written in a cell. */
export interface NotebookSymbol {
  readonly name: string;
  readonly kind: Definition["kind"] | "library" | "kernel";
  /** The cell that defines it; `null` for the library's and the kernel's. */
  readonly cell: number | null;
  readonly line: number | null;
  readonly column: number | null;
}
