/**
 * The windowed aggregate, in the general form that knows every window function, trigger, accumulation and profile.
 *
 * At each position of a step: processing-time timers fire that were due before its clock; its rows are put into their
 * windows; triggers are evaluated, after each row or when the bundle ends; then the watermark moves on and windows that
 * it completes or expires speak. How a window's state lives and dies follows Apache Beam's `ReduceFnRunner`,
 * `WatermarkHold` and `PaneInfoTracker`; where other engines answer differently, `WindowRules` says so.
 *
 * Rows come out in the order of positions, at one position in the order of their clocks, at one moment in the order of
 * window ends, window starts, and first appearance of their keys. What a pane replaces comes immediately before it.
 */
import type { Batch } from "../../../columns/batch.ts";
import { BatchBuilder } from "../../../columns/builder.ts";
import { type Column, type Value, valueAt } from "../../../columns/column.ts";
import { EARLY, LATE, ON_TIME, TIMINGS } from "../../../model/panes.ts";
import type { WindowingStrategy } from "../../../model/strategy.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { clockOf, dense, type Flow, positionOf } from "../../flow.ts";
import type { Operator, OperatorContext, Outputs, Snapshot, StateSize } from "../../operator.ts";
import type { Step } from "../../step.ts";
import type { TriggerContext } from "../../triggers/machine.ts";
import { type RunningTrigger, runTrigger } from "../../triggers/registry.ts";
import { assigned, assigner } from "../../windowing/assign.ts";
import { isExpired, type WindowRules, windowRules } from "../../windowing/rules.ts";
import { TimeHeap } from "../../windowing/time-heap.ts";
import type { Accumulators } from "./accumulators.ts";
import { byWindow, Cell, Cells, type EmittedPane } from "./cell.ts";
import { GroupKeys } from "./group-keys.ts";
import { Holds, holdOf } from "./holds.ts";
import { type PaneOf, PaneOutput } from "./pane-output.ts";
import { type AggregatePlan, planAggregate } from "./plan.ts";
import { SideOutput } from "./side-output.ts";

/** Makes the general operator of a windowed aggregate. */
export function windowedAggregate(
  node: AggregateNode,
  strategy: WindowingStrategy,
  context: OperatorContext,
): Operator {
  return new WindowedAggregate(node, strategy, context);
}

/** Rows that came together, with all that is computed of them column by column. */
interface Rows {
  readonly batch: Batch;
  readonly key: Int32Array;
  readonly args: Column[][];
  readonly time: Float64Array;
  readonly weight: Int32Array | null;
  readonly order: number;
}

/** A row that waits for the end of its bundle. */
interface Waiting {
  readonly rows: Rows;
  readonly row: number;
  readonly clock: number;
}

/** A waiting row as plain data, for the step after or for a snapshot. */
interface SavedRow {
  readonly values: readonly Value[];
  readonly time: number;
  readonly weight: number;
  readonly clock: number;
}

/** A row on its way into one window. */
interface Arrival extends Waiting {
  readonly at: number;
}

interface SavedCell {
  readonly cell: Omit<Cell, "slot" | "sibling" | "listed" | "gone">;
  readonly state: unknown;
}

class WindowedAggregate implements Operator {
  readonly #input: OperatorContext["inputs"][number];
  readonly #rules: WindowRules;
  readonly #plan: AggregatePlan;
  readonly #trigger: RunningTrigger;
  readonly #assign: ReturnType<typeof assigner>;
  readonly #windows = assigned();
  readonly #accumulators: Accumulators;
  readonly #panes: PaneOutput;
  readonly #side: SideOutput;

  /** Groups, in order of first appearance. */
  readonly #keys: GroupKeys;
  /** Windows by key, finished ones until they expire. */
  readonly #cells = new Cells();
  /** Ends of windows that the watermark has not reached, and times at which windows are forgotten. */
  readonly #ends = new TimeHeap<Cell>();
  readonly #expiries = new TimeHeap<Cell>();
  /** Deadlines in processing time. Those of windows that do not wait any more find their trigger not ready. */
  readonly #timers = new TimeHeap<Cell>();
  readonly #holds = new Holds();
  /** The input watermark, and what it was before it moved at this position. */
  #watermark = -Infinity;
  #settled = -Infinity;
  #outputWatermark = -Infinity;
  /** Rows read since the start. */
  #order = 0;
  /** Rows of a bundle that was not complete when its step ended. */
  #saved: readonly SavedRow[] = [];

  /** Where the operator is within the step. */
  #at = 0;
  #clock = -Infinity;
  #bundle: Waiting[] = [];
  #cell: Cell | null = null;
  readonly #context: TriggerContext;
  readonly #pane: PaneOf = { timing: 0, index: 0, nonSpeculative: 0, first: true, last: false };

  constructor(node: AggregateNode, strategy: WindowingStrategy, context: OperatorContext) {
    [this.#input] = context.inputs;
    this.#rules = windowRules(strategy, context.profile);
    this.#plan = planAggregate(node, context);
    this.#trigger = runTrigger(this.#rules.trigger);
    this.#assign = assigner(strategy.window);
    this.#accumulators = this.#plan.accumulators();
    this.#panes = new PaneOutput(this.#plan);
    this.#side = new SideOutput(this.#rules, context);
    this.#keys = new GroupKeys(this.#plan.keys);
    this.#context = {
      state: this.#trigger.fresh(),
      complete: false,
      now: -Infinity,
      dueAtNow: false,
      merging: this.#rules.merging,
      sources: [],
      wakeAt: deadline => this.#timers.push(deadline, this.#cell as Cell),
    };
  }

  step(step: Step, [input]: readonly Flow[]): Outputs {
    const flow = dense(input);
    this.#resume();
    const rows = this.#read(flow.batch, flow.time, flow.weight);
    const watermark = new Float64Array(step.length);
    const bundled = this.#rules.profile.evaluate === "bundle";
    let row = 0;
    for (let at = 0; at < step.length; at++) {
      this.#at = at;
      for (; row < flow.count && positionOf(flow, row) === at; row++) {
        this.#moveClock(clockOf(flow, step, row));
        if (bundled) this.#bundle.push({ rows, row, clock: this.#clock });
        else this.#addRow(rows, row);
      }
      this.#moveClock(step.clock[at]);
      if (bundled && (step.bundleEnd === null || step.bundleEnd[at] === 1)) this.#endBundle();
      this.#moveWatermark(flow.watermark[at]);
      this.#outputWatermark = Math.max(this.#outputWatermark, Math.min(this.#watermark, this.#holds.earliest()));
      watermark[at] = this.#outputWatermark;
    }
    if (step.last && step.length > 0) this.#endMoment();
    this.#suspend();
    return { main: this.#panes.take(step, watermark), ...this.#side.take(watermark) };
  }

  #read(batch: Batch, time: Float64Array, weight: Int32Array | null): Rows {
    const args = this.#plan.argumentColumns(batch);
    const key = this.#keys.slots(this.#plan.keyColumns(batch), batch.length);
    const order = this.#order;
    this.#order += batch.length;
    this.#accumulators.bind(args, time, order);
    return { batch, key, args, time, weight, order };
  }

  /** Takes up the rows of a bundle that has not ended yet. */
  #resume(): void {
    if (this.#saved.length === 0) return;
    const builder = new BatchBuilder(this.#input);
    for (const { values } of this.#saved) builder.append(values);
    const rows = this.#read(
      builder.take(),
      Float64Array.from(this.#saved, r => r.time),
      Int32Array.from(this.#saved, r => r.weight),
    );
    // The array of groups is used again when the step's own rows are read.
    const kept = { ...rows, key: rows.key.slice(0, this.#saved.length) };
    this.#bundle = this.#saved.map(({ clock }, row) => ({ rows: kept, row, clock }));
    this.#saved = [];
  }

  /** Copies the rows of a bundle that has not ended, because the step's batches do not outlive it. */
  #suspend(): void {
    this.#saved = this.#bundle.map(({ rows, row, clock }) => ({
      values: rows.batch.columns.map(column => valueAt(column, row)),
      time: rows.time[row],
      weight: rows.weight === null ? 1 : rows.weight[row],
      clock,
    }));
    this.#bundle = [];
  }

  // Processing time.

  /** Moves the clock on and fires the timers that this makes due. */
  #moveClock(to: number): void {
    const { processingTimer } = this.#rules.profile;
    const timers = this.#timers;
    if (processingTimer === "after") {
      // All timers that have passed are seen at once, at the new time.
      if (!(to > this.#clock)) return;
      this.#setClock(to, false);
      if (timers.first < to) this.#fireTimers(deadline => deadline < to);
      return;
    }
    const atOnce = processingTimer === "at-once";
    while (timers.first < to || (atOnce && timers.first === to)) {
      const due = timers.first;
      this.#setClock(Math.max(due, this.#clock), true);
      this.#fireTimers(deadline => deadline === due);
    }
    if (to > this.#clock || Number.isNaN(this.#context.now)) this.#setClock(to, atOnce);
    else this.#setClock(this.#clock, atOnce);
  }

  /** Fires what is due at this very moment, when no row of it is to come any more. */
  #endMoment(): void {
    if (this.#rules.profile.processingTimer !== "at") return;
    while (this.#timers.first <= this.#clock) {
      this.#setClock(this.#clock, true);
      this.#fireTimers(deadline => deadline <= this.#clock);
    }
    this.#setClock(this.#clock, false);
  }

  #setClock(clock: number, dueAtNow: boolean): void {
    this.#clock = clock;
    this.#context.now = clock;
    this.#context.dueAtNow = dueAtNow;
  }

  #fireTimers(isDue: (deadline: number) => boolean): void {
    const due: Cell[] = [];
    while (isDue(this.#timers.first)) list(due, this.#timers.pop());
    for (const cell of inOrder(due))
      if (!cell.gone && !isExpired(this.#rules, cell.end, this.#watermark)) this.#fireIfReady(cell);
  }

  // Rows.

  /** Puts a row into its windows and evaluates their triggers. */
  #addRow(rows: Rows, row: number): void {
    const time = rows.time[row];
    if (this.#rules.profile.streamTime) this.#moveWatermark(time);
    const arrival: Arrival = { rows, row, clock: this.#clock, at: this.#at };
    const key = rows.key[row];
    const windows = this.#windows;
    this.#assign(time, windows);
    let taken = 0;
    for (let i = 0; i < windows.count; i++) {
      const cell = this.#rules.merging
        ? this.#mergeOne(arrival, key, windows.start[i], windows.end[i])
        : this.#open(arrival, key, windows.start[i], windows.end[i]);
      if (cell === null) continue;
      taken++;
      this.#put(cell, rows, row);
      this.#fireIfReady(cell);
    }
    this.#tellFate(arrival, taken);
  }

  #tellFate({ rows, row, clock }: Arrival, taken: number): void {
    if (!this.#side.wantsFates) return;
    const time = rows.time[row];
    const fate = taken === 0 ? "dropped" : time < this.#watermark ? "late" : "on-time";
    this.#side.fate(this.#at, time, clock, this.#watermark, fate);
  }

  /** Finds or opens a window for a row. Null when it takes no more rows, which is reported. */
  #open(arrival: Arrival, key: number, start: number, end: number): Cell | null {
    const cell = this.#cells.find(key, start, end);
    if (cell === null || !cell.finished) {
      if (isExpired(this.#rules, end, this.#watermark)) return this.#drop(arrival, start, end, "expired");
      return cell ?? this.#create(key, start, end);
    }
    const reason = isExpired(this.#rules, end, this.#watermark) ? "expired" : "finished";
    return this.#drop(arrival, start, end, reason);
  }

  #drop({ rows, row, clock, at }: Arrival, start: number, end: number, reason: "expired" | "finished"): null {
    const weight = rows.weight === null ? 1 : rows.weight[row];
    const dropped = { batch: rows.batch, row, at, time: rows.time[row], clock, weight };
    this.#side.drop(dropped, start, end, this.#watermark, reason);
    return null;
  }

  #create(key: number, start: number, end: number): Cell {
    const cell = new Cell(key, start, end, this.#accumulators.take(), this.#trigger.fresh());
    this.#cells.add(cell);
    this.#schedule(cell);
    this.#live(cell, "opened");
    return cell;
  }

  /** Sees to it that the watermark comes back to a window at its end, and then when it is to be forgotten. */
  #schedule(cell: Cell): void {
    if (cell.end > this.#watermark) this.#ends.push(cell.end, cell);
    else this.#expiries.push(this.#forgottenAt(cell), cell);
  }

  #forgottenAt(cell: Cell): number {
    return cell.end + this.#rules.linger + this.#rules.lateness;
  }

  #put(cell: Cell, rows: Rows, row: number): void {
    const weight = rows.weight === null ? 1 : rows.weight[row];
    cell.rows++;
    cell.weight += weight;
    this.#holdFor(cell, rows.time[row]);
    this.#accumulators.add(cell.slot, row, weight);
    this.#trigger.root.onElement(this.#about(cell));
  }

  // Bundles: windows are merged for all rows first, then rows are added, then each window is asked once.

  #endBundle(): void {
    const bundle = this.#bundle;
    if (bundle.length === 0) return;
    this.#bundle = [];
    const arrivals: { arrival: Arrival; key: number; start: number; end: number }[] = [];
    const taken = new Map<Arrival, number>();
    for (const waiting of bundle) {
      const arrival = { ...waiting, at: this.#at };
      taken.set(arrival, 0);
      this.#assign(waiting.rows.time[waiting.row], this.#windows);
      const { count, start, end } = this.#windows;
      for (let i = 0; i < count; i++)
        if (isExpired(this.#rules, end[i], this.#watermark)) this.#drop(arrival, start[i], end[i], "expired");
        else arrivals.push({ arrival, key: waiting.rows.key[waiting.row], start: start[i], end: end[i] });
    }
    const merged = this.#rules.merging ? this.#mergeAll(arrivals) : null;
    const touched: Cell[] = [];
    let bound: Rows | null = null;
    for (const window of arrivals) {
      const { arrival, key } = window;
      const { start, end } = merged?.get(window) ?? window;
      const cell = this.#open(arrival, key, start, end);
      if (cell === null) continue;
      const { rows, row } = arrival;
      if (rows !== bound) this.#accumulators.bind(rows.args, rows.time, rows.order);
      bound = rows;
      taken.set(arrival, (taken.get(arrival) as number) + 1);
      this.#put(cell, rows, row);
      list(touched, cell);
    }
    for (const [arrival, count] of taken) this.#tellFate(arrival, count);
    for (const cell of inOrder(touched)) this.#fireIfReady(cell);
  }

  /** Merges the windows of all rows of a bundle with each other and with the open ones. Returns what became of each. */
  #mergeAll<W extends { key: number; start: number; end: number }>(
    arrivals: readonly W[],
  ): Map<W, { start: number; end: number }> {
    const byKey = new Map<number, W[]>();
    for (const window of arrivals) {
      const windows = byKey.get(window.key);
      if (windows === undefined) byKey.set(window.key, [window]);
      else windows.push(window);
    }
    const results = new Map<W, { start: number; end: number }>();
    for (const [key, fresh] of byKey) {
      const open = [...this.#cells.open(key)];
      type Candidate = { start: number; end: number; cell: Cell | null; fresh: W[] };
      const candidates: Candidate[] = open.map(cell => ({ start: cell.start, end: cell.end, cell, fresh: [] }));
      for (const window of fresh) {
        let same = candidates.find(c => c.start === window.start && c.end === window.end);
        if (same === undefined)
          candidates.push((same = { start: window.start, end: window.end, cell: null, fresh: [] }));
        same.fresh.push(window);
      }
      candidates.sort((a, b) => a.start - b.start || a.end - b.end);
      for (let from = 0; from < candidates.length; ) {
        const { start } = candidates[from];
        let { end } = candidates[from];
        let to = from + 1;
        while (to < candidates.length && this.#meet(candidates[to].start, end))
          end = Math.max(end, candidates[to++].end);
        const group = candidates.slice(from, to);
        from = to;
        if (group.length === 1) continue;
        this.#merge(
          key,
          group.flatMap(c => (c.cell === null ? [] : [c.cell])),
          start,
          end,
        );
        for (const candidate of group) for (const window of candidate.fresh) results.set(window, { start, end });
      }
    }
    return results;
  }

  // Merging.

  /** Whether a window that begins at `start` merges with an earlier one that ends at `end`. */
  #meet(start: number, end: number): boolean {
    return this.#rules.touching ? start <= end : start < end;
  }

  /** Merges the window of a single row with the open ones it meets, and returns what it came to. */
  #mergeOne(arrival: Arrival, key: number, start: number, end: number): Cell | null {
    const late = this.#rules.profile.sessionLateness === "before-merge" && isExpired(this.#rules, end, this.#watermark);
    if (late) return this.#drop(arrival, start, end, "expired");
    const met: Cell[] = [];
    let from = start;
    let to = end;
    for (const cell of this.#cells.open(key))
      if (this.#meet(cell.start, end) && this.#meet(start, cell.end)) {
        met.push(cell);
        from = Math.min(from, cell.start);
        to = Math.max(to, cell.end);
      }
    if (isExpired(this.#rules, to, this.#watermark)) return this.#drop(arrival, from, to, "expired");
    if (met.length === 0) return this.#open(arrival, key, start, end);
    if (met.length === 1 && met[0].start === start && met[0].end === end) return met[0];
    met.sort(byWindow);
    const cell = this.#merge(key, met, from, to);
    // Kafka replaces a session even where its bounds stay the same.
    if (this.#rules.shownEnd > 0) replace(cell, []);
    return cell.finished ? this.#drop(arrival, from, to, "finished") : cell;
  }

  /**
   * Makes one window `[start, end)` of the open windows `met`, which may be none where only windows of new rows merge.
   * A window that keeps its bounds keeps its panes' numbers; any other result starts afresh.
   */
  #merge(key: number, met: readonly Cell[], start: number, end: number): Cell {
    const same = met.find(cell => cell.start === start && cell.end === end);
    const remains = same === undefined ? this.#cells.find(key, start, end) : null;
    const trigger = this.#trigger.fresh();
    if (same !== undefined) trigger.finished = same.trigger.finished;
    else if (remains !== null) {
      if (!this.#rules.profile.revives) trigger.finished = remains.trigger.finished;
      this.#forget(remains);
    }
    const sources = met.map(cell => cell.trigger);
    const others = met.filter(cell => cell !== same);
    const cell = same ?? others.shift() ?? this.#create(key, start, end);
    if (this.#rules.tombstones) replace(cell, others, same === undefined);
    for (const other of others) {
      this.#absorb(cell, other);
      this.#live(other, "merged");
      this.#forget(other);
    }
    if (cell.start !== start || cell.end !== end) {
      this.#cells.remove(cell);
      const ended = cell.end !== end;
      cell.start = start;
      cell.end = end;
      cell.index = 0;
      cell.nonSpeculative = 0;
      cell.timing = -1;
      this.#cells.add(cell);
      if (ended) this.#schedule(cell);
    }
    if (met.length > 0) this.#holdAfterMerge(cell);
    cell.trigger = trigger;
    const context = this.#about(cell);
    context.sources = sources;
    this.#trigger.root.onMerge(context);
    context.sources = [];
    if (this.#trigger.root.isFinished(trigger)) this.#finish(cell);
    return cell;
  }

  #absorb(cell: Cell, other: Cell): void {
    this.#accumulators.merge(cell.slot, other.slot);
    cell.rows += other.rows;
    cell.weight += other.weight;
    if (Number.isNaN(other.hold)) return;
    const latest = this.#rules.strategy.timestampCombiner === "latest";
    if (Number.isNaN(cell.hold)) cell.hold = other.hold;
    else cell.hold = latest ? Math.max(cell.hold, other.hold) : Math.min(cell.hold, other.hold);
  }

  #forget(cell: Cell): void {
    if (!cell.finished) this.#accumulators.release(cell.slot);
    this.#cells.remove(cell);
    cell.gone = true;
  }

  // Holds: how far the output watermark may go, and with it the timestamps of panes.

  /** The last moment of a window, which is the timestamp of panes that have no other. */
  #lastMoment(cell: Cell): number {
    return this.#rules.shownEnd > 0 ? cell.end - this.#rules.shownEnd : cell.end - 1;
  }

  /** Holds the output watermark for a row's pane; a row too late for that holds until the window expires. */
  #holdFor(cell: Cell, time: number): void {
    if (!this.#holdRow(cell, time)) this.#holdUntilExpiry(cell, false);
  }

  #holdRow(cell: Cell, time: number): boolean {
    const { timestampCombiner } = this.#rules.strategy;
    const hold = timestampCombiner === "endOfWindow" ? this.#lastMoment(cell) : time;
    const operator = this.#rules.profile.outputWatermark === "operator";
    if (hold < (operator ? this.#outputWatermark : this.#watermark) || cell.end <= this.#watermark) return false;
    const before = cell.hold;
    if (Number.isNaN(before) || timestampCombiner === "endOfWindow") cell.hold = hold;
    else cell.hold = timestampCombiner === "latest" ? Math.max(before, hold) : Math.min(before, hold);
    // A hold that only grew has an entry already, which moves on by itself.
    if (!(cell.hold >= before)) this.#holds.add(cell.hold, cell);
    return true;
  }

  #holdUntilExpiry(cell: Cell, paneIsEmpty: boolean): void {
    const hold = cell.end - 1 + this.#rules.lateness;
    if (hold < this.#watermark || hold === Infinity || (paneIsEmpty && this.#rules.closing !== "always")) return;
    cell.expiryHold = hold;
    this.#holds.add(hold, cell);
  }

  #holdAfterMerge(cell: Cell): void {
    if (this.#rules.strategy.timestampCombiner === "endOfWindow") {
      cell.hold = NaN;
      this.#holdRow(cell, this.#lastMoment(cell));
    } else if (!Number.isNaN(cell.hold)) this.#holds.add(cell.hold, cell);
    cell.expiryHold = NaN;
    this.#holdUntilExpiry(cell, false);
  }

  // The watermark.

  #moveWatermark(to: number): void {
    if (to > this.#watermark) {
      this.#watermark = to;
      const due: Cell[] = [];
      while (this.#ends.first <= to) {
        const end = this.#ends.first;
        const cell = this.#ends.pop();
        if (cell.gone || cell.end !== end) continue;
        this.#expiries.push(this.#forgottenAt(cell), cell);
        list(due, cell);
      }
      const atLimit = !this.#rules.openAtLimit;
      while (this.#expiries.first < to || (atLimit && this.#expiries.first === to)) {
        const expiry = this.#expiries.first;
        const cell = this.#expiries.pop();
        if (!cell.gone && this.#forgottenAt(cell) === expiry) list(due, cell);
      }
      for (const cell of inOrder(due))
        if (isExpired(this.#rules, cell.end + this.#rules.linger, to)) this.#expire(cell);
        else this.#fireIfReady(cell);
    }
    this.#settled = this.#watermark;
  }

  /** Emits what a window still holds, as its closing behaviour says, and forgets it. */
  #expire(cell: Cell): void {
    if (!cell.finished) {
      if (this.#rules.closing !== "never") this.#emit(cell, true);
      else this.#fireIfReady(cell);
    }
    if (!cell.finished) this.#live(cell, "closed");
    this.#forget(cell);
  }

  // Panes.

  #about(cell: Cell): TriggerContext {
    const context = this.#context;
    context.state = cell.trigger;
    context.complete = cell.end <= this.#watermark;
    this.#cell = cell;
    return context;
  }

  #fireIfReady(cell: Cell): void {
    if (cell.finished || cell.gone) return;
    const { root } = this.#trigger;
    const context = this.#about(cell);
    if (!root.shouldFire(context)) return;
    root.onFire(context);
    const finished = root.isFinished(cell.trigger);
    const expiring = this.#rules.profile.lastPane === "expiry" && isExpired(this.#rules, cell.end, this.#watermark);
    this.#emit(cell, finished || expiring);
    cell.rows = 0;
    if (finished) this.#finish(cell);
    else if (this.#rules.discarding) {
      this.#accumulators.clear(cell.slot);
      cell.weight = 0;
    }
  }

  /** Ends a window whose trigger has finished. What is left of it says so to later rows, until it expires. */
  #finish(cell: Cell): void {
    this.#trigger.root.clear(this.#about(cell));
    this.#accumulators.release(cell.slot);
    this.#live(cell, "closed");
    cell.slot = -1;
    cell.finished = true;
    cell.emitted = null;
    cell.replaced = null;
    cell.hold = NaN;
    cell.expiryHold = NaN;
  }

  /** Emits a pane of a window, unless it is empty and empty panes of its kind are not wanted. */
  #emit(cell: Cell, last: boolean): void {
    const rules = this.#rules;
    const lateForOutput = this.#isLateForOutput(cell);
    const time = this.#releaseHold(cell, last);
    // Rows that were all taken back before anybody saw them are as good as none.
    const empty = cell.rows === 0 || (cell.weight === 0 && cell.timing < 0 && !rules.discarding && !hasReplaced(cell));
    const timing =
      lateForOutput || (cell.timing !== -1 && cell.timing !== EARLY)
        ? LATE
        : cell.end <= this.#watermark
          ? ON_TIME
          : EARLY;
    const onTime = timing === ON_TIME && rules.onTime === "always" && this.#trigger.timed;
    const wanted = !empty || onTime || (last && rules.closing === "always");
    if (!wanted) return;
    const pane = this.#pane;
    pane.timing = timing;
    pane.index = cell.index;
    pane.nonSpeculative = timing === EARLY ? -1 : cell.nonSpeculative;
    pane.first = cell.timing === -1;
    pane.last = last;
    cell.index++;
    if (timing !== EARLY) cell.nonSpeculative++;
    cell.timing = timing;
    this.#retract(cell, pane);
    const values = this.#valuesOf(cell);
    // A group whose rows have all been taken back is gone: there is nothing to replace the retracted pane.
    if (rules.retracting && cell.weight === 0 && cell.rows > 0) cell.emitted = null;
    else {
      this.#panes.append(values, this.#at, this.#clock, time, 1, pane);
      if (rules.tombstones) cell.emitted = { values, time };
    }
    this.#live(cell, TIMINGS[timing]);
  }

  #retract(cell: Cell, pane: PaneOf): void {
    for (const old of cell.replaced ?? []) this.#panes.append(old.values, this.#at, this.#clock, old.time, -1, pane);
    cell.replaced = null;
    if (this.#rules.retracting && cell.emitted !== null)
      this.#panes.append(cell.emitted.values, this.#at, this.#clock, cell.emitted.time, -1, pane);
  }

  /** Whether whoever reads the pane has already been told that nothing more comes for this window. */
  #isLateForOutput(cell: Cell): boolean {
    if (this.#rules.profile.outputWatermark === "operator") return cell.end - 1 < this.#outputWatermark;
    return Number.isNaN(cell.hold) && cell.end <= this.#settled;
  }

  /** Lets the output watermark go for a pane and returns the pane's timestamp. */
  #releaseHold(cell: Cell, last: boolean): number {
    const { hold } = cell;
    cell.hold = NaN;
    cell.expiryHold = NaN;
    if (!last) this.#holdUntilExpiry(cell, true);
    return Number.isNaN(hold) || hold >= cell.end ? this.#lastMoment(cell) : hold;
  }

  #valuesOf(cell: Cell): Value[] {
    const values: Value[] = [...this.#keys.valuesOf(cell.key)];
    if (this.#plan.windowColumns) values.push(cell.start, cell.end - this.#rules.shownEnd);
    for (let i = 0; i < this.#accumulators.width; i++) values.push(this.#accumulators.result(i, cell.slot));
    return values;
  }

  #live(cell: Cell, what: string): void {
    this.#side.lived(cell, this.#keys.valuesOf(cell.key), what, this.#at, this.#clock);
  }

  // State.

  snapshot(): Snapshot {
    const cells: SavedCell[] = [];
    for (const cell of this.#cells.all()) {
      const { slot, sibling: _sibling, listed: _listed, gone: _gone, trigger, replaced, ...rest } = cell;
      cells.push({
        cell: {
          ...rest,
          trigger: { finished: trigger.finished, data: trigger.data.slice() },
          replaced: replaced?.slice() ?? null,
        },
        state: slot < 0 ? null : this.#accumulators.save(slot),
      });
    }
    return {
      cells,
      keys: this.#keys.snapshot(),
      watermark: this.#watermark,
      outputWatermark: this.#outputWatermark,
      clock: this.#clock,
      dueAtNow: this.#context.dueAtNow,
      order: this.#order,
      dropped: this.#side.dropped,
      rows: this.#saved,
    };
  }

  restore(snapshot: Snapshot): void {
    const from = snapshot as {
      cells: SavedCell[];
      keys: unknown;
      watermark: number;
      outputWatermark: number;
      clock: number;
      dueAtNow: boolean;
      order: number;
      dropped: number;
      rows: SavedRow[];
    };
    this.#keys.restore(from.keys);
    this.#watermark = from.watermark;
    this.#settled = from.watermark;
    this.#outputWatermark = from.outputWatermark;
    this.#setClock(from.clock, from.dueAtNow);
    this.#order = from.order;
    this.#side.dropped = from.dropped;
    this.#saved = from.rows;
    for (const { cell: saved, state } of from.cells) {
      const slot = state === null ? -1 : this.#accumulators.load(state);
      const trigger = { finished: saved.trigger.finished, data: saved.trigger.data.slice() };
      const cell = Object.assign(new Cell(saved.key, saved.start, saved.end, slot, trigger), saved, { trigger });
      cell.replaced = saved.replaced?.slice() ?? null;
      this.#cells.add(cell);
      this.#schedule(cell);
      if (holdOf(cell) < Infinity) this.#holds.add(holdOf(cell), cell);
      for (const deadline of this.#trigger.deadlines(trigger)) this.#timers.push(deadline, cell);
    }
  }

  size(): StateSize {
    const hold = this.#holds.earliest();
    return {
      keys: this.#keys.count,
      windows: this.#cells.count,
      entries: this.#accumulators.size,
      hold: hold === Infinity ? null : hold,
    };
  }
}

/** Puts a cell on a list unless it is there already. */
function list(cells: Cell[], cell: Cell): void {
  if (cell.listed) return;
  cell.listed = true;
  cells.push(cell);
}

/** Takes cells off their list, in the order in which they speak. */
function inOrder(cells: Cell[]): Cell[] {
  for (const cell of cells) cell.listed = false;
  return cells.length > 1 ? cells.sort(byWindow) : cells;
}

function hasReplaced(cell: Cell): boolean {
  return cell.emitted !== null || (cell.replaced !== null && cell.replaced.length > 0);
}

/** Hands the panes of merged windows, and a window's own where it is replaced too, to its next pane for taking back. */
function replace(cell: Cell, others: readonly Cell[], itself = true): void {
  const taken: EmittedPane[] = [...(cell.replaced ?? [])];
  if (itself && cell.emitted !== null) {
    taken.push(cell.emitted);
    cell.emitted = null;
  }
  for (const other of others) {
    taken.push(...(other.replaced ?? []));
    if (other.emitted !== null) taken.push(other.emitted);
  }
  cell.replaced = taken.length > 0 ? taken : null;
}
