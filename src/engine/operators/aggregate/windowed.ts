/**
 * The windowed aggregate, in the general form that knows every window function, trigger, accumulation and profile.
 *
 * At each position of a step: processing-time timers fire that were due before its clock; its rows are put into their
 * windows; triggers are evaluated, after each row or where the bundle ends; then the watermark moves on, and windows that
 * it completes or expires speak. Where triggers wait for the bundle, so do its rows: their windows are merged first, then
 * the rows are added, then each window is asked once, all before the watermark moves, as Beam does it.
 *
 * Rows come out in the order of positions, at one position in the order of their clocks, at one moment in the order of
 * window ends, window starts, and first appearance of their keys. What a pane replaces comes immediately before it.
 */
import type { Batch } from "../../../columns/batch.ts";
import { BatchBuilder } from "../../../columns/builder.ts";
import { Ints } from "../../../columns/growing.ts";
import { type Column, type Schema, type Value, valueAt } from "../../../columns/column.ts";
import type { WindowingStrategy } from "../../../model/strategy.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { CAUSES, dense, type Flow } from "../../flow.ts";
import type { Operator, OperatorContext, Outputs, Snapshot, StateSize } from "../../operator.ts";
import { atOnce, type Slices } from "../../slices.ts";
import type { Step } from "../../step.ts";
import { runTrigger } from "../../triggers/registry.ts";
import { assigned, type Assigner, assigner, sinceEpoch } from "../../windowing/assign.ts";
import { type WindowRules, windowRules } from "../../windowing/rules.ts";
import type { Accumulators } from "./accumulators.ts";
import { Cell } from "./cell.ts";
import { claimKeys, GroupKeys } from "./group-keys.ts";
import { Holds } from "./holds.ts";
import type { Assignment } from "./merging.ts";
import { type Now, startOfTime } from "./now.ts";
import { PaneOutput } from "./pane-output.ts";
import { type AggregatePlan, planAggregate } from "./plan.ts";
import { DROPPED, LATE, ON_TIME, SideOutput } from "./side-output.ts";
import { list, type Refusal, type SavedCell, Windows } from "./windows.ts";

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

/** A row on its way into its windows. */
interface Arrival {
  readonly rows: Rows;
  readonly row: number;
  readonly clock: number;
}

/** A row that waits for the end of its bundle, as plain data. */
interface SavedRow {
  readonly values: readonly Value[];
  readonly time: number;
  readonly weight: number;
  readonly clock: number;
}

class WindowedAggregate implements Operator {
  readonly #input: Schema;
  readonly #rules: WindowRules;
  readonly #plan: AggregatePlan;
  readonly #assign: Assigner;
  readonly #assigned = assigned();
  readonly #accumulators: Accumulators;
  readonly #panes: PaneOutput;
  readonly #side: SideOutput;
  readonly #holds: Holds;
  readonly #windows: Windows;
  /** Groups, in order of first appearance. */
  readonly #keys: GroupKeys;
  readonly #now = startOfTime();
  /** Whether each row falls into one window at most, and no windows merge. */
  readonly #oneWindow: boolean;
  /** The rows that the accumulators read. */
  #bound: Rows | null = null;
  /** By row of a bundle: the windows that took it. */
  readonly #taken = new Ints();
  /** The earliest deadline of processing time, and whether one of this very moment is due at once. */
  readonly #deadline: Float64Array;
  readonly #atOnce: boolean;
  /** Rows read since the start. */
  #order = 0;
  /** Rows of the bundle that has not ended: those of this step, and between steps copies of them. */
  #bundle: Arrival[] = [];
  #saved: readonly SavedRow[] = [];

  constructor(node: AggregateNode, strategy: WindowingStrategy, context: OperatorContext) {
    [this.#input] = context.inputs;
    this.#rules = windowRules(strategy, context.profile);
    this.#plan = planAggregate(node, context);
    const assign = assigner(strategy.window);
    this.#assign = context.profile.fromEpoch && strategy.window.kind !== "global" ? sinceEpoch(assign) : assign;
    const { kind } = strategy.window;
    this.#oneWindow = kind === "fixed" || kind === "calendar" || kind === "global";
    this.#accumulators = this.#plan.accumulators();
    this.#keys = new GroupKeys(this.#plan.group.slice(0, this.#plan.keys), claimKeys(node.keys, context));
    this.#panes = new PaneOutput(this.#plan, this.#keys, context.turns === true);
    this.#side = new SideOutput(this.#rules, this.#keys, context);
    this.#holds = new Holds(this.#rules, this.#now);
    const trigger = runTrigger(this.#rules.trigger);
    this.#windows = new Windows(
      {
        rules: this.#rules,
        now: this.#now,
        accumulators: this.#accumulators,
        holds: this.#holds,
        panes: this.#panes,
        side: this.#side,
        timed: trigger.timed,
      },
      trigger,
    );
    this.#deadline = this.#windows.deadline;
    this.#atOnce = context.profile.processingTimer === "at-once";
  }

  step(step: Step, [input]: readonly Flow[]): Outputs {
    const flow = dense(input);
    const now = this.#now;
    this.#resume();
    const rows = this.#read(flow.batch, flow.time, flow.weight);
    for (const fresh of this.#keys.fresh)
      this.#panes.cameFirst(step.first + (flow.at === null ? fresh : flow.at[fresh]));
    const watermark = new Float64Array(step.length);
    const bundled = this.#rules.profile.evaluate === "bundle";
    const { count, at: positions, clock: clocks } = flow;
    // A bundle of one row that goes into one window is no different from that row.
    const mayBeAlone = bundled && clocks === null && this.#oneWindow;
    let row = 0;
    for (let at = 0; at < step.length; at++) {
      const next = row === count ? step.length : positions === null ? row : positions[row];
      if (next > at && this.#bundle.length === 0) {
        at = this.#passQuietly(step, flow.watermark, watermark, at, next);
        if (at === step.length) break;
      }
      now.at = at;
      now.cause = CAUSES.timer;
      for (; row < count && (positions === null ? row : positions[row]) === at; row++) {
        if (clocks === null) this.#reach(step.clock, at);
        else this.#reach(clocks, row);
        if (
          bundled &&
          !(
            mayBeAlone &&
            this.#bundle.length === 0 &&
            (row + 1 === count || (positions === null ? row + 1 : positions[row + 1]) > at) &&
            (step.bundleEnd === null || step.bundleEnd[at] === 1)
          )
        )
          this.#bundle.push({ rows, row, clock: now.clock });
        else {
          now.cause = CAUSES.row;
          this.#addRow(rows, row);
        }
        now.cause = CAUSES.after;
      }
      this.#reach(step.clock, at);
      if (bundled && (step.bundleEnd === null || step.bundleEnd[at] === 1)) this.#endBundle();
      now.cause = CAUSES.watermark;
      this.#windows.moveWatermark(flow.watermark, at);
      this.#holds.follow();
      watermark[at] = now.outputWatermark;
    }
    now.cause = CAUSES.end;
    if (step.last && step.length > 0) this.#endMoment();
    this.#accumulators.settle();
    this.#bound = null;
    this.#suspend();
    return { main: this.#panes.take(step, watermark), ...this.#side.take(watermark) };
  }

  /**
   * Passes positions `[from, to)`, which have no rows, as long as no timer is due and the watermark reaches nothing that waits for it.
   * Writes the output watermark after each of them, and returns the first that was not passed.
   */
  #passQuietly(step: Step, input: Float64Array, output: Float64Array, from: number, to: number): number {
    const now = this.#now;
    const windows = this.#windows;
    const { clock } = step;
    const { nextDeadline, nextWatermark } = windows;
    let { watermark, outputWatermark } = now;
    let hold = this.#holds.atLeast;
    let at = from;
    for (; at < to && !(clock[at] >= nextDeadline); at++) {
      const moved = input[at];
      if (moved > watermark) {
        if (moved >= nextWatermark) break;
        watermark = moved;
        if (moved > hold) hold = this.#holds.earliest();
        const limit = moved > hold ? hold : moved;
        if (limit > outputWatermark) outputWatermark = limit;
      }
      output[at] = outputWatermark;
    }
    if (at > from) {
      this.#reach(clock, at - 1);
      windows.moveWatermark(input, at - 1);
      now.outputWatermark = outputWatermark;
    }
    return at;
  }

  #read(batch: Batch, time: Float64Array, weight: Int32Array | null): Rows {
    const args = this.#plan.argumentColumns(batch);
    const key = this.#keys.of(batch);
    const order = this.#order;
    this.#order += batch.length;
    const rows = { batch, key, args, time, weight, order };
    this.#bind(rows);
    return rows;
  }

  /** Makes the accumulators read these rows. */
  #bind(rows: Rows): void {
    if (rows === this.#bound) return;
    this.#bound = rows;
    this.#accumulators.bind(rows.args, rows.time, rows.order);
  }

  // Processing time.

  /**
   * Moves the clock on to the time that stands at a place of an array: a number given to a function that is called for every row
   * would be put into a box each time.
   */
  #reach(times: Float64Array, at: number): void {
    const to = times[at];
    const now = this.#now;
    if (this.#deadline[0] <= to) this.#moveClock(to);
    else if (to > now.clock) {
      now.clock = to;
      this.#windows.tellClock(this.#atOnce);
    } else if (this.#atOnce) this.#windows.tellClock(true);
  }

  /** Moves the clock on and fires the timers that this makes due. */
  #moveClock(to: number): void {
    const { processingTimer } = this.#rules.profile;
    const windows = this.#windows;
    if (processingTimer === "after") {
      // All timers that have passed are seen together, at the new time.
      if (!(to > this.#now.clock)) return;
      windows.setClock(to, false);
      if (windows.nextDeadline < to) windows.fireTimers(deadline => deadline < to);
      return;
    }
    const atOnce = processingTimer === "at-once";
    while (windows.nextDeadline < to || (atOnce && windows.nextDeadline === to)) {
      const due = windows.nextDeadline;
      windows.setClock(Math.max(due, this.#now.clock), true);
      windows.fireTimers(deadline => deadline === due);
    }
    windows.setClock(Math.max(to, this.#now.clock), atOnce);
  }

  /** Fires what is due at this very moment, when none of its rows is to come any more. */
  #endMoment(): void {
    if (this.#rules.profile.processingTimer !== "at") return;
    const { clock } = this.#now;
    this.#windows.setClock(clock, true);
    while (this.#windows.nextDeadline <= clock) this.#windows.fireTimers(deadline => deadline <= clock);
    this.#windows.setClock(clock, false);
  }

  // Rows.

  /** Puts a row into its windows and evaluates their triggers. */
  #addRow(rows: Rows, row: number): void {
    // A bundle may have been taken up from the step before.
    if (rows !== this.#bound) this.#bind(rows);
    const windows = this.#windows;
    const { time: times } = rows;
    if (this.#rules.profile.streamTime) windows.moveWatermark(rows.time, row);
    const weight = rows.weight === null ? 1 : rows.weight[row];
    const key = rows.key[row];
    const found = windows.quickly(key, times, row);
    if (found !== null) {
      windows.putQuickly(found, row, times, weight);
      if (this.#side.wantsKept) this.#side.keep(rows.batch, row, found, times, weight, this.#now);
      if (this.#side.wantsFates) this.#tellFate(times, row, this.#now, 1);
      return;
    }
    const time = times[row];
    const { merging } = this.#rules;
    const assigned = this.#assigned;
    this.#assign(time, assigned);
    let taken = 0;
    for (let i = 0; i < assigned.count; i++) {
      const start = assigned.start[i];
      const end = assigned.end[i];
      const window = merging
        ? (windows.joinQuickly(key, start, end) ?? windows.mergeOne(key, start, end))
        : windows.open(key, start, end);
      if (!(window instanceof Cell)) {
        this.#drop({ rows, row, clock: this.#now.clock }, window);
        continue;
      }
      taken++;
      if (this.#side.wantsKept) this.#side.keep(rows.batch, row, window, times, weight, this.#now);
      if (window.quiet > 0) windows.putQuickly(window, row, times, weight);
      else {
        windows.put(window, row, times, weight);
        windows.fireAfterRow(window);
      }
    }
    if (this.#side.wantsFates) this.#tellFate(times, row, this.#now, taken);
  }

  /** Merges, adds and evaluates what came in a bundle. */
  #endBundle(): void {
    const bundle = this.#bundle;
    if (bundle.length === 0) return;
    this.#bundle = [];
    if (this.#rules.merging) this.#mergeBundle(bundle);
    else this.#putBundle(bundle);
  }

  /** Adds and evaluates what came in a bundle where windows never merge. */
  #putBundle(bundle: readonly Arrival[]): void {
    const windows = this.#windows;
    const assigned = this.#assigned;
    const touched: Cell[] = [];
    const finished: { readonly arrival: Arrival; readonly refusal: Refusal }[] = [];
    const counts = this.#taken;
    for (const arrival of bundle) {
      const { rows, row } = arrival;
      const key = rows.key[row];
      const time = rows.time[row];
      const weight = rows.weight === null ? 1 : rows.weight[row];
      this.#bind(rows);
      this.#assign(time, assigned);
      let taken = 0;
      for (let i = 0; i < assigned.count; i++) {
        const start = assigned.start[i];
        const end = assigned.end[i];
        const window = windows.open(key, start, end);
        if (!(window instanceof Cell)) {
          if (window.reason === "expired") this.#drop(arrival, window);
          else finished.push({ arrival, refusal: window });
          continue;
        }
        taken++;
        this.#keep(arrival, window);
        if (window.quiet > 0) windows.putQuickly(window, row, rows.time, weight);
        else {
          windows.put(window, row, rows.time, weight);
          list(touched, window);
        }
      }
      counts.push(taken);
    }
    for (const { arrival, refusal } of finished) this.#drop(arrival, refusal);
    if (this.#side.wantsFates)
      bundle.forEach(({ rows, row, clock }, i) =>
        this.#tellFate(rows.time, row, { ...this.#now, clock }, counts.values[i]),
      );
    counts.count = 0;
    windows.fireAll(touched);
  }

  /** Merges the windows of what came in a bundle, then adds it, then evaluates. */
  #mergeBundle(bundle: readonly Arrival[]): void {
    const taken = new Map<Arrival, number>();
    const assignments: (Assignment & { readonly arrival: Arrival })[] = [];
    for (const arrival of bundle) {
      const { rows, row } = arrival;
      taken.set(arrival, 0);
      this.#assign(rows.time[row], this.#assigned);
      for (let i = 0; i < this.#assigned.count; i++) {
        const start = this.#assigned.start[i];
        const end = this.#assigned.end[i];
        if (this.#windows.isExpired(end)) this.#drop(arrival, { start, end, reason: "expired" });
        else assignments.push({ arrival, key: rows.key[row], start, end });
      }
    }
    const merged = this.#windows.mergeAll(assignments);
    const touched: Cell[] = [];
    for (const assignment of assignments) {
      const { arrival, key } = assignment;
      const { rows, row } = arrival;
      const { start, end } = merged.get(assignment) ?? assignment;
      const window = this.#windows.open(key, start, end);
      if (!(window instanceof Cell)) {
        this.#drop(arrival, window);
        continue;
      }
      this.#bind(rows);
      taken.set(arrival, (taken.get(arrival) as number) + 1);
      this.#keep(arrival, window);
      this.#windows.put(window, row, rows.time, rows.weight === null ? 1 : rows.weight[row]);
      list(touched, window);
    }
    if (this.#side.wantsFates)
      for (const [{ rows, row, clock }, count] of taken) this.#tellFate(rows.time, row, { ...this.#now, clock }, count);
    this.#windows.fireAll(touched);
  }

  #drop({ rows, row, clock }: Arrival, { start, end, reason }: Refusal): void {
    const weight = rows.weight === null ? 1 : rows.weight[row];
    const dropped = { batch: rows.batch, row, at: this.#now.at, time: rows.time[row], clock, weight };
    this.#side.drop(dropped, start, end, this.#now.watermark, reason);
  }

  /** Reports a row of a bundle, which arrived before the bundle's end. */
  #keep({ rows, row, clock }: Arrival, window: Cell): void {
    const weight = rows.weight === null ? 1 : rows.weight[row];
    this.#side.keep(rows.batch, row, window, rows.time, weight, { ...this.#now, clock });
  }

  #tellFate(times: Float64Array, row: number, now: Now, taken: number): void {
    const fate = taken === 0 ? DROPPED : times[row] < now.watermark ? LATE : ON_TIME;
    this.#side.fate(times, row, now, fate);
  }

  /** Takes up the rows of a bundle that did not end with the step before. */
  #resume(): void {
    if (this.#saved.length === 0) return;
    const builder = new BatchBuilder(this.#input);
    for (const { values } of this.#saved) builder.append(values);
    const time = Float64Array.from(this.#saved, row => row.time);
    const read = this.#read(
      builder.take(),
      time,
      Int32Array.from(this.#saved, row => row.weight),
    );
    // The array of groups is used again when the step's own rows are read.
    const rows = { ...read, key: read.key.slice(0, this.#saved.length) };
    this.#bundle = this.#saved.map(({ clock }, row) => ({ rows, row, clock }));
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

  // State.

  snapshot(): Snapshot {
    return atOnce(this.snapshotting());
  }

  *snapshotting(): Slices<Snapshot> {
    const windows = yield* this.#windows.saving();
    return {
      now: { ...this.#now },
      dueAtNow: this.#windows.dueAtNow,
      keys: this.#keys.snapshot(),
      windows,
      order: this.#order,
      bundle: this.#saved,
    };
  }

  restore(snapshot: Snapshot): void {
    atOnce(this.restoring(snapshot));
  }

  *restoring(snapshot: Snapshot): Slices<void> {
    const from = snapshot as {
      now: ReturnType<typeof startOfTime>;
      dueAtNow: boolean;
      keys: unknown;
      windows: SavedCell[];
      order: number;
      bundle: SavedRow[];
    };
    Object.assign(this.#now, from.now);
    this.#windows.setClock(from.now.clock, from.dueAtNow);
    this.#keys.restore(from.keys);
    yield* this.#windows.loading(from.windows);
    this.#order = from.order;
    this.#saved = from.bundle;
  }

  size(): StateSize {
    const hold = this.#holds.earliest();
    return {
      keys: this.#keys.count,
      windows: this.#windows.count,
      entries: this.#accumulators.size,
      hold: hold === Infinity ? null : hold,
    };
  }
}
