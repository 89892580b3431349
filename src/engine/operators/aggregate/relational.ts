/**
 * The relational aggregate: one row per group over everything so far. A group that changed in a step is emitted once, as
 * the old row with weight −1 and the new one with weight +1; a group whose rows have all been taken back disappears.
 *
 * Changes come out in the order of the groups' last change in the step, and of their first appearance where that is
 * equal. A row's time is the greatest event time among the rows of its group; a retraction has the time of its row.
 */
import { columnBuilder, type ColumnBuilder } from "../../../columns/builder.ts";
import type { Value } from "../../../columns/column.ts";
import { Floats, Ints } from "../../../columns/growing.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { identityOf } from "../../aggregates/arguments.ts";
import { dense, type Flow } from "../../flow.ts";
import type { Operator, OperatorContext, Outputs, Snapshot, StateSize } from "../../operator.ts";
import { atOnce, MANY_OBJECTS, type Slices } from "../../slices.ts";
import type { Step } from "../../step.ts";
import type { Accumulators } from "./accumulators.ts";
import { claimKeys, GroupKeys } from "./group-keys.ts";
import { type AggregatePlan, planAggregate } from "./plan.ts";

/** A group as plain data. Groups are numbered as they first appear. */
interface SavedGroup {
  readonly weight: number;
  readonly time: number;
  readonly shown: { readonly values: readonly Value[]; readonly time: number } | null;
  readonly state: unknown;
}

export function relationalAggregate(node: AggregateNode, context: OperatorContext): Operator {
  const plan = planAggregate(node, context);
  return new RelationalAggregate(plan, new GroupKeys(plan.group.slice(0, plan.keys), claimKeys(node.keys, context)));
}

class RelationalAggregate implements Operator {
  readonly #plan: AggregatePlan;
  readonly #keys: GroupKeys;
  /** A group's slot is its number, as no slot is ever given back. */
  readonly #accumulators: Accumulators;
  /** Groups there is state for. */
  #count = 0;
  /** By group: net number of rows, and their greatest event time, ms. */
  #weight: Int32Array = new Int32Array(64);
  #time: Float64Array = new Float64Array(64);
  /** By group: whether a row of it was emitted and is still valid, and that row's time and, by aggregate, values. */
  #isShown: Uint8Array = new Uint8Array(64);
  #shownTime: Float64Array = new Float64Array(64);
  readonly #shown: Value[][];
  /** By group: the step in which it was last found to have changed. */
  #changedIn: Int32Array = new Int32Array(64);
  #steps = 0;
  /** Groups that changed in this step, and the position of their last change. */
  #changed: Int32Array = new Int32Array(64);
  #changedAt: Int32Array = new Int32Array(64);
  /** The groups' present results. */
  readonly #next: Value[];
  readonly #key = new Ints();
  readonly #at = new Ints();
  readonly #rowTime = new Floats();
  readonly #rowWeight = new Ints();
  readonly #results: readonly ColumnBuilder[];
  #retractions = 0;
  /** What comes out of a step in which nothing has changed. */
  #nothing: Flow | null = null;
  /** Rows read since the start. */
  #order = 0;

  constructor(plan: AggregatePlan, keys: GroupKeys) {
    this.#plan = plan;
    this.#keys = keys;
    this.#accumulators = plan.accumulators();
    this.#results = plan.group.slice(plan.keys).map(field => columnBuilder(field));
    this.#shown = this.#results.map(() => []);
    this.#next = this.#results.map(() => null);
  }

  step(_step: Step, [input]: readonly Flow[]): Outputs {
    // Most steps bring nothing to most nodes, and are not to cost more for that.
    if (input.count === 0) {
      this.#nothing ??= this.#take(input.watermark);
      return { main: { ...this.#nothing, watermark: input.watermark } };
    }
    const flow = dense(input);
    const { batch, count, time, weight } = flow;
    const groups = this.#keys.of(batch);
    this.#open(this.#keys.count);
    this.#accumulators.bind(this.#plan.argumentColumns(batch), time, this.#order);
    this.#order += count;
    this.#accumulators.addAll(groups, weight, count);
    for (let row = 0; row < count; row++) {
      const group = groups[row];
      this.#weight[group] += weight === null ? 1 : weight[row];
      if (time[row] > this.#time[group]) this.#time[group] = time[row];
    }
    const first = this.#findChanged(flow, groups);
    for (let i = first; i < count; i++) this.#show(this.#changed[i], this.#changedAt[i]);
    return { main: this.#take(flow.watermark) };
  }

  /** Makes state for groups up to `count`. */
  #open(count: number): void {
    if (count > this.#weight.length) this.#grow(Math.max(count, 2 * this.#weight.length));
    for (; this.#count < count; this.#count++) {
      this.#accumulators.take();
      this.#time[this.#count] = -Infinity;
      for (const values of this.#shown) values.push(null);
    }
  }

  /** Lists the groups that rows of a step belong to, in the order in which they speak, at the end of `#changed`; says where. */
  #findChanged({ count, at }: Flow, groups: Int32Array): number {
    if (count > this.#changed.length) {
      this.#changed = new Int32Array(2 * count);
      this.#changedAt = new Int32Array(2 * count);
    }
    const changed = this.#changed;
    const changedAt = this.#changedAt;
    const changedIn = this.#changedIn;
    const step = ++this.#steps;
    let first = count;
    // From the back each group is met at its last row first.
    for (let row = count - 1; row >= 0; row--) {
      const group = groups[row];
      if (changedIn[group] === step) continue;
      changedIn[group] = step;
      changed[--first] = group;
      changedAt[first] = at === null ? row : at[row];
    }
    if (at !== null)
      for (let from = first; from < count; ) {
        let to = from + 1;
        while (to < count && changedAt[to] === changedAt[from]) to++;
        if (to - from > 1) changed.subarray(from, to).sort();
        from = to;
      }
    return first;
  }

  /** Emits what has changed of a group, if anything has. */
  #show(group: number, at: number): void {
    const next = this.#next;
    const gone = this.#weight[group] === 0;
    if (!gone) for (let i = 0; i < next.length; i++) next[i] = this.#accumulators.result(i, group);
    if (this.#isShown[group] === 1) {
      if (!gone && this.#isSame(group)) return;
      for (let i = 0; i < next.length; i++) this.#results[i].append(this.#shown[i][group]);
      this.#append(group, at, this.#shownTime[group], -1);
    }
    if (gone) {
      this.#accumulators.clear(group);
      this.#isShown[group] = 0;
      return;
    }
    for (let i = 0; i < next.length; i++) {
      this.#results[i].append(next[i]);
      this.#shown[i][group] = next[i];
    }
    this.#append(group, at, this.#time[group], 1);
    this.#isShown[group] = 1;
    this.#shownTime[group] = this.#time[group];
  }

  #isSame(group: number): boolean {
    const next = this.#next;
    for (let i = 0; i < next.length; i++) {
      const shown = this.#shown[i][group];
      if (!Object.is(next[i], shown) && !Object.is(identityOf(next[i]), identityOf(shown))) return false;
    }
    return true;
  }

  #append(group: number, at: number, time: number, weight: number): void {
    this.#key.push(group);
    this.#at.push(at);
    this.#rowTime.push(time);
    this.#rowWeight.push(weight);
    if (weight < 0) this.#retractions++;
  }

  #take(watermark: Float64Array): Flow {
    const { count } = this.#key;
    const columns = this.#keys.columns(this.#key.take(), count);
    for (const results of this.#results) columns.push(results.take(count));
    const weight = this.#rowWeight.take();
    const retracts = this.#retractions > 0;
    this.#retractions = 0;
    return {
      batch: this.#plan.outputs({ schema: this.#plan.group, length: count, columns }),
      selection: null,
      count,
      at: this.#at.take(),
      time: this.#rowTime.take(),
      clock: null,
      weight: retracts ? weight : null,
      pane: null,
      watermark,
    };
  }

  #grow(size: number): void {
    const floats = (from: Float64Array): Float64Array => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    const ints = (from: Int32Array): Int32Array => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.#weight = ints(this.#weight);
    this.#changedIn = ints(this.#changedIn);
    this.#time = floats(this.#time);
    this.#shownTime = floats(this.#shownTime);
    const isShown = new Uint8Array(size);
    isShown.set(this.#isShown);
    this.#isShown = isShown;
  }

  snapshot(): Snapshot {
    return atOnce(this.snapshotting());
  }

  *snapshotting(): Slices<Snapshot> {
    const groups: SavedGroup[] = [];
    for (let group = 0; group < this.#count; group++) {
      const shown =
        this.#isShown[group] === 0
          ? null
          : { values: this.#shown.map(values => values[group]), time: this.#shownTime[group] };
      const state = this.#accumulators.save(group);
      groups.push({ weight: this.#weight[group], time: this.#time[group], shown, state });
      if (groups.length % MANY_OBJECTS === 0) yield;
    }
    return { keys: this.#keys.snapshot(), order: this.#order, groups };
  }

  restore(snapshot: Snapshot): void {
    atOnce(this.restoring(snapshot));
  }

  *restoring(snapshot: Snapshot): Slices<void> {
    const from = snapshot as { keys: unknown; order: number; groups: readonly SavedGroup[] };
    this.#keys.restore(from.keys);
    this.#order = from.order;
    if (from.groups.length > this.#weight.length) this.#grow(from.groups.length);
    for (const { weight, time, shown, state } of from.groups) {
      const group = this.#count++;
      this.#accumulators.load(state);
      this.#weight[group] = weight;
      this.#time[group] = time;
      this.#isShown[group] = shown === null ? 0 : 1;
      this.#shownTime[group] = shown?.time ?? 0;
      this.#shown.forEach((values, i) => values.push(shown?.values[i] ?? null));
      if (this.#count % MANY_OBJECTS === 0) yield;
    }
  }

  size(): StateSize {
    return { keys: this.#keys.count, windows: 0, entries: this.#count, hold: null };
  }
}
