/**
 * Sliding and cumulating windows from slices: each row is added once, to the stretch of time between two window bounds,
 * and a window's panes are merged from its slices when it fires.
 *
 * ```
 * slices      |  a  |  b  |  c  |  d  |
 * windows     [───── a b c ─────)
 *                   [───── b c d ─────)
 * ```
 *
 * A late row changes its slice, and with it every window over it that has fired and not expired; each of them says so with
 * a pane of its own. Sums of fractions are added slice by slice, so their last digit may differ from row-by-row sums.
 */
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { type Flow, positionOf } from "../../flow.ts";
import type { Operator, OperatorContext, Outputs, Snapshot, StateSize } from "../../operator.ts";
import type { Step } from "../../step.ts";
import { cut, type Cutting } from "./cuts.ts";
import { type BlockHolder, Cells, type SavedBlock } from "./dense-cells.ts";
import { type DenseSettings, nextTick } from "./dense-fixed.ts";
import type { KeyCodes } from "./dense-keys.ts";
import { EXPIRED, FINISHED, LateRows } from "./dense-late.ts";
import { Panes } from "./dense-panes.ts";
import type { DensePlan } from "./dense-plan.ts";
import { type Slice, Slices, type SlicesSnapshot } from "./dense-slices.ts";
import { fixedGrid, type Grid } from "./grid.ts";

/** Windows that are runs of slices. One ends at each slice's end. */
export interface Cover {
  readonly slice: number;
  readonly offset: number;
  /** The start of the window that ends at `end`. */
  startOf(end: number): number;
  /** The end of the last window that holds the slice beginning at `start`. */
  lastEnd(start: number): number;
}

/** A window that has fired, with the number of panes of each key. */
interface Fired extends BlockHolder {
  readonly end: number;
}

const NEAR = 64;

export class DenseSliding implements Operator, Cutting {
  readonly lasting: boolean;
  readonly #settings: DenseSettings;
  readonly #cover: Cover;
  /** Whether rows are counted and nothing else. */
  readonly #counting: boolean;
  readonly #grid: Grid;
  readonly #keys: KeyCodes;
  readonly #slices: Slices;
  /** Pane counts of fired windows; it has no values. */
  readonly #counts = new Cells([]);
  #fired: Fired[] = [];
  readonly #holders = (): Fired[] => this.#fired;
  readonly #byEnd = new Map<number, Fired>();
  readonly #near: (Fired | undefined)[] = Array.from({ length: NEAR }, () => undefined);
  /** The end of the last window that fired, or could have. */
  #lastFired = -Infinity;
  /** One block each: where slices are merged, and where the cell of a late row is kept as it was before the row. */
  readonly #merged: Cells;
  readonly #earlier: Cells;
  readonly #panes: Panes;
  readonly #late: LateRows;
  readonly #careful = (row: number): void => this.#takeOne(row);
  #before = -Infinity;
  #flow: Flow | null = null;

  constructor(
    node: AggregateNode,
    context: OperatorContext,
    plan: DensePlan,
    keys: KeyCodes,
    cover: Cover,
    settings: DenseSettings,
  ) {
    this.lasting = context.remembers === true;
    this.#settings = settings;
    this.#cover = cover;
    this.#counting = plan.arguments.length === 0;
    this.#grid = fixedGrid(cover.slice, cover.offset);
    this.#keys = keys;
    this.#slices = new Slices(context, plan, keys, this.#grid, settings.mostCells);
    this.#merged = new Cells(plan.arguments, 16, 1);
    this.#earlier = new Cells(plan.arguments, 16, 1);
    for (const own of [this.#merged, this.#earlier]) own.allocate();
    this.#panes = new Panes(node, context, plan, keys, this.#slices.order, settings.accumulation === "retracting");
    this.#late = new LateRows(context, settings.allowedLateness);
  }

  step(step: Step, [flow]: readonly Flow[]): Outputs {
    const { watermark } = flow;
    this.#panes.clear();
    this.#late.clear();
    this.#flow = flow;
    if (flow.count > 0) {
      this.#slices.read(flow, step.first);
      this.#widen();
    }
    cut(flow, this);
    if (watermark.length > 0) this.#before = watermark[watermark.length - 1];
    const main = this.#panes.flow(watermark);
    return this.#late.wanted ? { main, late: this.#late.flow(flow, step, watermark) } : { main };
  }

  add(from: number, to: number): void {
    this.#slices.add(from, to, this.#careful);
  }

  tick(): number {
    return nextTick(this.#grid, this.#slices.watermark, this.#settings.allowedLateness);
  }

  /** Takes a row whose slice is not open for certain: some of its windows may have fired or gone. */
  #takeOne(row: number): void {
    const flow = this.#flow as Flow;
    const slices = this.#slices;
    const { allowedLateness } = this.#settings;
    const length = this.#cover.slice;
    const start = this.#grid.startOf(flow.time[row]);
    const last = this.#cover.lastEnd(start);
    const { watermark } = slices;
    let slice: Slice | null = null;
    if (last + allowedLateness > watermark) {
      slice = slices.find(start) ?? slices.create(start, start + length);
      // A slice whose end is still to come belongs to no window that has fired.
      if (slice.open) {
        slices.addRow(slice, row);
        return;
      }
      if (!this.#counting) this.#remember(slice, slices.codes[row]);
      slices.addRow(slice, row);
    }
    const fired = Math.min(last, watermark);
    let end = start + length;
    for (; end <= fired && (slice === null || end + allowedLateness <= watermark); end += length)
      this.#late.append(flow, this.#before, row, this.#cover.startOf(end), end, EXPIRED);
    if (slice === null) return;
    if (this.#counting) this.#refineCounts(flow, row, end, fired);
    else {
      this.#refineAll(flow, row, slice, end, fired);
      this.#earlier.clear(0);
    }
  }

  /** Emits the panes of the windows with ends `[end, last]`, which have fired, for a row that its slice has taken just now. */
  #refineAll(flow: Flow, row: number, slice: Slice, end: number, last: number): void {
    const { accumulation, finishing } = this.#settings;
    const at = positionOf(flow, row);
    const slices = this.#slices;
    const merged = this.#merged;
    const code = slices.codes[row];
    const cell = merged.origin(0) + code;
    let first = slices.from(this.#cover.startOf(end));
    for (; end <= last; end += this.#cover.slice) {
      const start = this.#cover.startOf(end);
      while (slices.list[first].start < start) first++;
      const index = this.#nextPane(flow, row, end);
      if (index < 0) continue;
      if (index > 0 && accumulation === "retracting") {
        this.#mergeKey(first, end, code, slice);
        this.#panes.readBefore(merged, cell);
        merged.empty(cell);
      }
      if (accumulation === "discarding") slices.arguments.addTo(merged, cell, row);
      else this.#mergeKey(first, end, code, null);
      this.#panes.refine(merged, cell, code, start, end, at, index, finishing ? 1 : 0);
      merged.empty(cell);
    }
  }

  /** As `#refineAll` where rows are counted: from window to window only the slices at its ends come and go. */
  #refineCounts(flow: Flow, row: number, end: number, last: number): void {
    const { accumulation, finishing } = this.#settings;
    const at = positionOf(flow, row);
    const slices = this.#slices;
    const { list } = slices;
    const merged = this.#merged;
    const code = slices.codes[row];
    const cell = merged.origin(0) + code;
    let first = slices.from(this.#cover.startOf(end));
    let next = first;
    let count = 0;
    for (; end <= last; end += this.#cover.slice) {
      const start = this.#cover.startOf(end);
      while (next < list.length && list[next].end <= end) count += slices.rowsOf(list[next++], code);
      while (list[first].start < start) count -= slices.rowsOf(list[first++], code);
      const index = this.#nextPane(flow, row, end);
      if (index < 0) continue;
      if (index > 0 && accumulation === "retracting") {
        merged.rows[cell] = count - 1;
        this.#panes.readBefore(merged, cell);
      }
      merged.rows[cell] = accumulation === "discarding" ? 1 : count;
      this.#panes.refine(merged, cell, code, start, end, at, index, finishing ? 1 : 0);
    }
    merged.rows[cell] = 0;
  }

  /** Counts the next pane of a window that has fired; returns its index, or −1 if the window has finished. */
  #nextPane(flow: Flow, row: number, end: number): number {
    const { block } = this.#find(end) ?? this.#create(end);
    const code = this.#slices.codes[row];
    const counted = this.#counts.origin(block) + code;
    const index = this.#counts.panes[counted];
    if (index > 0 && this.#settings.finishing) {
      this.#late.append(flow, this.#before, row, this.#cover.startOf(end), end, FINISHED);
      return -1;
    }
    if (index === 0) this.#counts.touch(block, code);
    this.#counts.panes[counted] = index + 1;
    return index;
  }

  /** Keeps a copy of a slice's cell as it is before a row. */
  #remember({ block }: Slice, code: number): void {
    const { cells } = this.#slices;
    this.#earlier.touch(0, code);
    this.#earlier.merge(this.#earlier.origin(0) + code, cells, cells.origin(block) + code);
  }

  /**
   * Merges one key's cells of a window's slices, of which `first` is the first in the list, with that of `before` as it was
   * remembered.
   */
  #mergeKey(first: number, end: number, code: number, before: Slice | null): void {
    const { cells, list } = this.#slices;
    const into = this.#merged.origin(0) + code;
    for (let i = first; i < list.length && list[i].end <= end; i++) {
      const slice = list[i];
      this.#slices.thaw(slice);
      if (slice === before) this.#merged.merge(into, this.#earlier, this.#earlier.origin(0) + code);
      else this.#merged.merge(into, cells, cells.origin(slice.block) + code);
    }
  }

  /** Moves the watermark: complete windows fire in order of their ends, slices and windows past their lateness go. */
  advance(watermark: number, at: number): void {
    const slices = this.#slices;
    const { slice: length } = this.#cover;
    const { allowedLateness } = this.#settings;
    slices.watermark = watermark;
    for (const slice of slices.list) {
      if (slice.end > watermark) break;
      if (slice.open) slices.close(slice);
      const last = Math.min(this.#cover.lastEnd(slice.start), watermark);
      for (let end = Math.max(slice.end, this.#lastFired + length); end <= last; end += length) this.#fire(end, at);
    }
    this.#lastFired = Math.max(this.#lastFired, watermark === Infinity ? Infinity : this.#grid.startOf(watermark));
    slices.drop(leading(slices.list, s => this.#cover.lastEnd(s.start) + allowedLateness <= watermark));
    const gone = leading(this.#fired, w => w.end + allowedLateness <= watermark);
    for (const { end, block } of this.#fired.splice(0, gone)) {
      if (block >= 0) this.#counts.release(block);
      this.#byEnd.delete(end);
      this.#near[(end / this.#cover.slice) & (NEAR - 1)] = undefined;
    }
  }

  #fire(end: number, at: number): void {
    this.#lastFired = end;
    const start = this.#cover.startOf(end);
    const { cells } = this.#slices;
    const merged = this.#merged;
    const { list } = this.#slices;
    for (let s = this.#slices.from(start); s < list.length && list[s].end <= end; s++) {
      this.#slices.thaw(list[s]);
      merged.mergeBlock(0, cells, list[s].block);
    }
    const codes = this.#slices.order.inBlock(merged, 0);
    if (codes.length === 0) return;
    const { finishing, allowedLateness } = this.#settings;
    const last = finishing || end + allowedLateness <= this.#slices.watermark ? 1 : 0;
    this.#panes.appendOnTime(merged, codes, merged.origin(0), start, end, at, last);
    const { block } = this.#create(end);
    const counts = this.#counts.origin(block);
    for (let i = 0; i < codes.length; i++) {
      this.#counts.touch(block, codes[i]);
      this.#counts.panes[counts + codes[i]] = 1;
    }
    merged.clear(0);
  }

  /** Finds a window that has fired. Late rows come back to the same few. */
  #find(end: number): Fired | undefined {
    const place = (end / this.#cover.slice) & (NEAR - 1);
    const near = this.#near[place];
    const fired = near !== undefined && near.end === end ? near : this.#byEnd.get(end);
    if (fired === undefined) return undefined;
    this.#near[place] = fired;
    if (fired.block < 0) this.#counts.thaw(fired, this.#settings.mostCells, this.#holders);
    return fired;
  }

  /** Makes the pane counts of a window that has fired, or should have, had it had a row. */
  #create(end: number): Fired {
    this.#counts.makeRoom(this.#settings.mostCells, this.#holders);
    const window: Fired = { end, block: this.#counts.allocate(), frozen: null };
    this.#byEnd.set(end, window);
    let at = this.#fired.length;
    while (at > 0 && this.#fired[at - 1].end > end) at--;
    this.#fired.splice(at, 0, window);
    return window;
  }

  size(): StateSize {
    const { list } = this.#slices;
    const open = list.find(w => w.open);
    return {
      keys: this.#keys.size,
      windows: list.length + this.#fired.length,
      entries: list.reduce((sum, slice) => sum + this.#slices.cells.used(slice), 0),
      hold: open === undefined ? null : open.end - 1,
    };
  }

  snapshot(): Snapshot {
    return {
      before: this.#before,
      lastFired: this.#lastFired,
      slices: this.#slices.snapshot(),
      fired: this.#fired.map(f => ({ end: f.end, counts: this.#counts.saved(f) })),
    };
  }

  restore(snapshot: Snapshot): void {
    const from = snapshot as {
      before: number;
      lastFired: number;
      slices: SlicesSnapshot;
      fired: { end: number; counts: SavedBlock }[];
    };
    this.#before = from.before;
    this.#lastFired = from.lastFired;
    this.#slices.restore(from.slices);
    this.#widen();
    for (const { end, counts } of from.fired) this.#counts.load(this.#create(end).block, counts);
  }

  /** Makes room for the keys there are, and for null counts where slices have them. */
  #widen(): void {
    const { cells } = this.#slices;
    for (const own of [this.#counts, this.#merged, this.#earlier]) own.widen(this.#keys.size);
    cells.values.forEach(({ valid }, a) => {
      if (valid === null) return;
      this.#merged.countValues(a);
      this.#earlier.countValues(a);
    });
  }
}

/** How many items at the start of a list satisfy a condition. */
function leading<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let count = 0;
  while (count < items.length && holds(items[count])) count++;
  return count;
}
