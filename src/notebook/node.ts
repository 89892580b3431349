/** A cell inside the kernel: all that is remembered about it between two passes, and what can be read off that. */
import { analyzeCell } from "./analyze.ts";
import type { CellAnalysis } from "./analyze.ts";
import type { CellSource } from "./document.ts";
import type { CellFunction, EmittedCell } from "./emit.ts";
import type { Cause, CellOutput, CellRun } from "./run.ts";
import type { CellError, CellState, CellStatus } from "./state.ts";

/** The value of a name that a cell defines. */
export interface Variable {
  state: "none" | "value" | "error";
  value: unknown;
  /** What the cell gave, where a parameter stands in its place. */
  own: unknown;
}

/** A cell with all that is remembered about it. */
export interface CellNode {
  readonly id: number;
  source: CellSource;
  analysis: CellAnalysis;
  /** Source, type or attributes were edited since the last arrangement. */
  edited: boolean;
  /** What its inputs meant when it was last emitted. */
  meaningKey: string;
  /** An error that forbids running. */
  fault: CellError | null;
  disabled: boolean;
  dirty: Cause | null;
  /** Asked for, in lazy mode. */
  wanted: boolean;
  /** Has to wait, or makes others wait, in this pass. */
  waits: boolean;
  version: number;
  emitted: EmittedCell | null;
  compiled: CellFunction | null;
  run: CellRun | null;
  readonly variables: Map<string, Variable>;
  value: unknown;
  error: CellError | null;
  culprit: number | null;
  outputs: readonly CellOutput[];
  runs: number;
  startedAt: number;
  duration: number | null;
  changed: boolean;
  state: CellState | null;
}

/** Makes the node of a cell that was never looked at. */
export function newNode(source: CellSource): CellNode {
  return {
    id: source.id,
    source,
    analysis: analyzeCell({ ...source, source: "" }),
    edited: true,
    meaningKey: "",
    fault: null,
    disabled: false,
    dirty: null,
    wanted: false,
    waits: false,
    version: 0,
    emitted: null,
    compiled: null,
    run: null,
    variables: new Map(),
    value: undefined,
    error: null,
    culprit: null,
    outputs: [],
    runs: 0,
    startedAt: -1,
    duration: null,
    changed: true,
    state: null,
  };
}

/**
 * A cell makes others wait when it is about to run, or runs after an edit. While it runs again for a live change, what it
 * gave before stays in use: otherwise nothing below a slow cell would ever run behind a fast source.
 */
export function makesOthersWait(node: CellNode): boolean {
  if (node.run?.active === true && node.run.cause === "edit" && !node.run.returned) return true;
  return node.dirty === "edit" || (node.dirty === "live" && node.run?.active !== true);
}

/** Tells where a cell is. */
export function statusOf(node: CellNode, mode: "auto" | "lazy"): CellStatus {
  if (node.disabled) return "disabled";
  if (node.fault !== null) return "error";
  if (node.run?.active === true) return "running";
  if (node.dirty !== null || node.edited) {
    if (mode === "auto" || node.wanted) return "queued";
    return node.runs === 0 ? "idle" : "stale";
  }
  if (node.waits) return "stale";
  if (node.culprit !== null) return "blocked";
  if (node.error !== null) return "error";
  return node.runs > 0 && node.run !== null ? "ok" : "idle";
}

/** Takes a picture of a cell for the outside. */
export function describeNode(node: CellNode, status: CellStatus): CellState {
  const values = new Map<string, unknown>();
  for (const [name, variable] of node.variables) if (variable.state === "value") values.set(name, variable.value);
  const { id, outputs, value, error, culprit, runs, duration } = node;
  return { id, status, outputs, value, values, error, culprit, runs, duration };
}
