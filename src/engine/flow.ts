/**
 * What flows along an edge of the graph in one step: rows in columns, with everything that travels beside them.
 *
 * Rows are ordered by position, and at one position by their clock. Arrays that would say nothing are null, so that the
 * common case (a source's rows, one at each position, weight +1) costs nothing and loops can be chosen before they run.
 */
import { type Batch, gatherBatch } from "../columns/batch.ts";
import { gatherBytes, gatherFloats, type Schema } from "../columns/column.ts";
import type { Step } from "./step.ts";

/** Pane descriptions of rows that are panes, as columns. Codes of timing are those of `TIMINGS`. */
export interface PaneColumns {
  readonly timing: Uint8Array;
  readonly index: Int32Array;
  readonly nonSpeculativeIndex: Int32Array;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/**
 * Says of each row whose turn it is where several speak at one position, so that the rows of a run that is worked in shards can
 * be put in the order of one that is not. Compared after the position, by cause, the row's clock, end, start and key.
 */
export interface Turns {
  /** What made the row come out: one of `CAUSES`. */
  readonly cause: Uint8Array;
  /** Bounds of the window that speaks, ms. A row that it takes back says the window's too, and not its own. */
  readonly end: Float64Array;
  readonly start: Float64Array;
  /** Position, from the start of the run, of the first row of the key; of a windowed join that of the row, right ones after left ones. */
  readonly key: Float64Array;
}

/** What happens at a position, in order: timers due before it, its row, what follows from that, its watermark, the last timers. */
export const CAUSES = { timer: 0, row: 1, after: 2, watermark: 3, end: 4 } as const;

export interface Flow {
  readonly batch: Batch;
  /** Rows of the batch that belong to the flow, ascending; null: all of them. `at`, `time` … are indexed by batch row. */
  readonly selection: Int32Array | null;
  /** Number of rows: the selection's length in use, or the batch's. */
  readonly count: number;
  /** Position of each row on the step's timeline; null: row i is at position i. */
  readonly at: Int32Array | null;
  /** Event time of each row, ms. */
  readonly time: Float64Array;
  /** Processing time of each row where a timer emitted it before its position's clock; null: the clock of its position. */
  readonly clock: Float64Array | null;
  /** Weight of each row in the Z-set of changes; null: all +1. */
  readonly weight: Int32Array | null;
  readonly pane: PaneColumns | null;
  /** Where an operator was asked to keep them, and several keys may speak at one position. */
  readonly turns?: Turns | null;
  /** The watermark after each position of the step, ms; never goes back. Rows at position p meet that of p − 1. */
  readonly watermark: Float64Array;
}

/**
 * A flow whose positions and watermark are worked out once somebody reads them. Spreading it reads both, and gives a plain flow.
 */
export class LazyFlow implements Flow {
  readonly batch: Batch;
  readonly selection: Int32Array | null;
  readonly count: number;
  declare readonly at: Int32Array | null;
  readonly time: Float64Array;
  readonly clock: Float64Array | null;
  readonly weight: Int32Array | null;
  readonly pane: PaneColumns | null;
  declare readonly watermark: Float64Array;
  readonly #positions: () => Int32Array | null;
  readonly #watermarks: () => Float64Array;
  readonly #last: number;
  #plain: Flow | null = null;

  /** Takes what is known from `flow`. `last` is the watermark after the step's last position; the functions keep what they make. */
  constructor(
    flow: Omit<Flow, "at" | "watermark">,
    positions: () => Int32Array | null,
    watermarks: () => Float64Array,
    last: number,
  ) {
    this.batch = flow.batch;
    this.selection = flow.selection;
    this.count = flow.count;
    this.time = flow.time;
    this.clock = flow.clock;
    this.weight = flow.weight;
    this.pane = flow.pane;
    this.#positions = positions;
    this.#watermarks = watermarks;
    this.#last = last;
    // Properties of its own, so that a spread takes them along; the same functions for all, so that all have one shape.
    Object.defineProperty(this, "at", LazyFlow.#at);
    Object.defineProperty(this, "watermark", LazyFlow.#watermark);
  }

  /** The watermark after the step's last position. */
  get last(): number {
    return this.#last;
  }

  /** The same with everything worked out. */
  get plain(): Flow {
    const { batch, selection, count, time, clock, weight, pane } = this;
    this.#plain ??= { batch, selection, count, at: this.at, time, clock, weight, pane, watermark: this.watermark };
    return this.#plain;
  }

  static readonly #at = {
    enumerable: true,
    get(this: LazyFlow): Int32Array | null {
      return this.#positions();
    },
  };

  static readonly #watermark = {
    enumerable: true,
    get(this: LazyFlow): Float64Array {
      return this.#watermarks();
    },
  };
}

/** Returns a flow with everything worked out, for those who read it row by row. */
export function plainFlow(flow: Flow): Flow {
  return flow instanceof LazyFlow ? flow.plain : flow;
}

/** Returns the watermark after the last of a step's `length` positions. */
export function lastWatermark(flow: Flow, length: number): number {
  return flow instanceof LazyFlow ? flow.last : flow.watermark[length - 1];
}

/** Makes a flow without rows. */
export function emptyFlow(schema: Schema, empty: Batch, watermark: Float64Array): Flow {
  return {
    batch: empty.schema === schema ? empty : { ...empty, schema },
    selection: null,
    count: 0,
    at: null,
    time: new Float64Array(0),
    clock: null,
    weight: null,
    pane: null,
    watermark,
  };
}

/** Flows whose rows were copied together, so that several readers copy them once, and know the copy as the same batch. */
const COPIES = new WeakMap<Flow, Flow>();

/** Copies a flow's selected rows together, for operators that do not read through selections. */
export function dense(flow: Flow): Flow {
  const { selection } = flow;
  if (selection === null) return flow;
  let copy = COPIES.get(flow);
  if (copy === undefined) COPIES.set(flow, (copy = copied(flow, selection)));
  return copy;
}

function copied(flow: Flow, selection: Int32Array): Flow {
  const { count } = flow;
  const at = new Int32Array(count);
  for (let i = 0; i < count; i++) at[i] = flow.at === null ? selection[i] : flow.at[selection[i]];
  return {
    batch: gatherBatch(flow.batch, selection, count),
    selection: null,
    count,
    at,
    time: gatherFloats(flow.time, selection, count),
    clock: flow.clock === null ? null : gatherFloats(flow.clock, selection, count),
    weight: flow.weight === null ? null : gatherInts(flow.weight, selection, count),
    pane:
      flow.pane === null
        ? null
        : {
            timing: gatherBytes(flow.pane.timing, selection, count),
            index: gatherInts(flow.pane.index, selection, count),
            nonSpeculativeIndex: gatherInts(flow.pane.nonSpeculativeIndex, selection, count),
            first: gatherBytes(flow.pane.first, selection, count),
            last: gatherBytes(flow.pane.last, selection, count),
          },
    turns:
      flow.turns === undefined || flow.turns === null
        ? null
        : {
            cause: gatherBytes(flow.turns.cause, selection, count),
            end: gatherFloats(flow.turns.end, selection, count),
            start: gatherFloats(flow.turns.start, selection, count),
            key: gatherFloats(flow.turns.key, selection, count),
          },
    watermark: flow.watermark,
  };
}

function gatherInts(from: Int32Array, rows: Int32Array, count: number): Int32Array {
  const out = new Int32Array(count);
  for (let i = 0; i < count; i++) out[i] = from[rows[i]];
  return out;
}

/** Returns the position of a batch row. */
export function positionOf(flow: Flow, row: number): number {
  return flow.at === null ? row : flow.at[row];
}

/** Returns the processing time of a batch row. */
export function clockOf(flow: Flow, step: Step, row: number): number {
  return flow.clock === null ? step.clock[positionOf(flow, row)] : flow.clock[row];
}
