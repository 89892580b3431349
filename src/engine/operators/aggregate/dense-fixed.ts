/**
 * Fixed and calendar windows at the speed of array loops: one slice for each window.
 *
 * A window fires as a whole when the watermark passes its end. From then on each row that still comes for it fires a pane
 * of its own, until the window expires.
 */
import type { Accumulation } from "../../../model/strategy.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { type Flow, positionOf } from "../../flow.ts";
import type { Operator, OperatorContext, Outputs, Snapshot, StateSize } from "../../operator.ts";
import type { Step } from "../../step.ts";
import { cut, type Cutting } from "./cuts.ts";
import type { KeyCodes } from "./dense-keys.ts";
import { EXPIRED, FINISHED, LateRows } from "./dense-late.ts";
import { Panes } from "./dense-panes.ts";
import type { DensePlan } from "./dense-plan.ts";
import { type Slice, Slices, type SlicesSnapshot } from "./dense-slices.ts";
import type { Grid } from "./grid.ts";

export interface DenseSettings {
  readonly allowedLateness: number;
  readonly accumulation: Accumulation;
  /** Whether a key's window takes no more rows after its first pane. */
  readonly finishing: boolean;
  /** Beyond this many cells, state of closed windows is packed: slower for late rows, and as small as it can be. */
  readonly mostCells: number;
}

export class DenseFixed implements Operator, Cutting {
  readonly lasting: boolean;
  readonly #settings: DenseSettings;
  readonly #grid: Grid;
  readonly #keys: KeyCodes;
  readonly #windows: Slices;
  readonly #panes: Panes;
  readonly #late: LateRows;
  readonly #careful = (row: number): void => this.#takeOne(row);
  /** The watermark after the last position of the step before. */
  #before = -Infinity;
  #flow: Flow | null = null;

  constructor(
    node: AggregateNode,
    context: OperatorContext,
    plan: DensePlan,
    keys: KeyCodes,
    grid: Grid,
    settings: DenseSettings,
  ) {
    this.lasting = context.remembers === true;
    this.#settings = settings;
    this.#grid = grid;
    this.#keys = keys;
    this.#windows = new Slices(context, plan, keys, grid, settings.mostCells);
    this.#panes = new Panes(node, context, plan, keys, this.#windows.order, settings.accumulation === "retracting");
    this.#late = new LateRows(context, settings.allowedLateness);
  }

  step(step: Step, [flow]: readonly Flow[]): Outputs {
    const { watermark } = flow;
    this.#panes.clear();
    this.#late.clear();
    this.#flow = flow;
    if (flow.count > 0) this.#windows.read(flow, step.first);
    cut(flow, this);
    if (watermark.length > 0) this.#before = watermark[watermark.length - 1];
    const main = this.#panes.flow(watermark);
    return this.#late.wanted ? { main, late: this.#late.flow(flow, step, watermark) } : { main };
  }

  add(from: number, to: number): void {
    this.#windows.add(from, to, this.#careful);
  }

  tick(): number {
    return nextTick(this.#grid, this.#windows.watermark, this.#settings.allowedLateness);
  }

  /** Takes a row whose window is not open for certain: it may be new, fired, or gone. */
  #takeOne(row: number): void {
    const flow = this.#flow as Flow;
    const t = flow.time[row];
    const start = this.#grid.startOf(t);
    let window = this.#windows.find(start);
    if (window === undefined) {
      const end = this.#grid.endOf(t);
      if (end + this.#settings.allowedLateness <= this.#windows.watermark) {
        this.#late.append(flow, this.#before, row, start, end, EXPIRED);
        return;
      }
      window = this.#windows.create(start, end);
    }
    if (window.open) this.#windows.addRow(window, row);
    else this.#refine(window, flow, row);
  }

  /** Adds a row to a window that has fired, which emits a pane at once. */
  #refine(window: Slice, flow: Flow, row: number): void {
    const { accumulation, finishing } = this.#settings;
    const { start, end, block } = window;
    const { cells, codes } = this.#windows;
    const code = codes[row];
    const cell = cells.origin(block) + code;
    const index = cells.panes[cell];
    if (index > 0 && finishing) {
      this.#late.append(flow, this.#before, row, start, end, FINISHED);
      return;
    }
    if (index > 0 && accumulation === "retracting") this.#panes.readBefore(cells, cell);
    this.#windows.addRow(window, row);
    this.#panes.refine(cells, cell, code, start, end, positionOf(flow, row), index, finishing ? 1 : 0);
    cells.panes[cell] = index + 1;
    if (accumulation === "discarding") cells.empty(cell);
  }

  /** Moves the watermark: windows that are complete fire, windows past their lateness go. */
  advance(watermark: number, at: number): void {
    const windows = this.#windows;
    const { list } = windows;
    const { allowedLateness } = this.#settings;
    // Windows that have fired and not expired lie between those that go and those that fire; there may be very many.
    const first = windows.firstOpen();
    windows.watermark = watermark;
    for (let i = first; i < list.length && list[i].end <= watermark; i++) this.#fire(list[i], at);
    let gone = 0;
    while (gone < list.length && list[gone].end + allowedLateness <= watermark) gone++;
    windows.drop(gone);
  }

  #fire(window: Slice, at: number): void {
    const { start, end, block } = window;
    const { cells } = this.#windows;
    this.#windows.close(window);
    const codes = this.#windows.order.inBlock(cells, block);
    const origin = cells.origin(block);
    const { finishing, allowedLateness } = this.#settings;
    const last = finishing || end + allowedLateness <= this.#windows.watermark ? 1 : 0;
    this.#panes.appendOnTime(cells, codes, origin, start, end, at, last);
    for (let i = 0; i < codes.length; i++) cells.panes[origin + codes[i]] = 1;
    if (this.#settings.accumulation === "discarding")
      for (let i = 0; i < codes.length; i++) cells.empty(origin + codes[i]);
  }

  size(): StateSize {
    const { list } = this.#windows;
    const open = list.find(w => w.open);
    return {
      keys: this.#keys.size,
      windows: list.length,
      entries: list.reduce((sum, window) => sum + this.#windows.cells.used(window), 0),
      hold: open === undefined ? null : open.end - 1,
    };
  }

  snapshot(): Snapshot {
    return { before: this.#before, windows: this.#windows.snapshot() };
  }

  restore(snapshot: Snapshot): void {
    const from = snapshot as { before: number; windows: SlicesSnapshot };
    this.#before = from.before;
    this.#windows.restore(from.windows);
  }
}

/** The first watermark after `watermark` at which a window ends or expires. NaN after the end of time: nothing is left. */
export function nextTick(grid: Grid, watermark: number, allowedLateness: number): number {
  if (watermark === Infinity) return NaN;
  if (watermark === -Infinity) return -Number.MAX_VALUE;
  const end = grid.endOf(watermark);
  return allowedLateness === Infinity ? end : Math.min(end, grid.endOf(watermark - allowedLateness) + allowedLateness);
}
