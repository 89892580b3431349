/**
 * The relational aggregate: one row per group over everything so far. A group that changed in a step is emitted once, as
 * the old row with weight −1 and the new one with weight +1; a group whose rows have all been taken back disappears.
 *
 * Changes come out in the order of the groups' last change in the step, and of their first appearance where that is
 * equal. A row's time is the greatest event time among the rows of its group; a retraction has the time of its row.
 */
import { BatchBuilder } from "../../../columns/builder.ts";
import type { Value } from "../../../columns/column.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { dense, positionOf } from "../../flow.ts";
import type { Operator, OperatorContext } from "../../operator.ts";
import { identityOf } from "../../aggregates/arguments.ts";
import { GroupKeys } from "./group-keys.ts";
import { planAggregate } from "./plan.ts";

interface Group {
  readonly slot: number;
  /** Net number of rows. */
  weight: number;
  /** Greatest event time, ms. */
  time: number;
  /** What was emitted last and is still valid. */
  shown: { readonly values: readonly Value[]; readonly time: number } | null;
  /** Position of the last change in this step, or −1. */
  touched: number;
}

export function relationalAggregate(node: AggregateNode, context: OperatorContext): Operator {
  const plan = planAggregate(node, context);
  const keys = new GroupKeys(plan.keys);
  const accumulators = plan.accumulators();
  const groups: Group[] = [];
  const rows = new BatchBuilder(plan.group);
  let order = 0;

  const valuesOf = (key: number, group: Group): Value[] => {
    const values: Value[] = [...keys.valuesOf(key)];
    for (let i = 0; i < accumulators.width; i++) values.push(accumulators.result(i, group.slot));
    return values;
  };

  return {
    step(_step, [input]) {
      const flow = dense(input);
      const { count } = flow;
      const slots = keys.slots(plan.keyColumns(flow.batch), count);
      while (groups.length < keys.count)
        groups.push({ slot: accumulators.take(), weight: 0, time: -Infinity, shown: null, touched: -1 });
      accumulators.bind(plan.argumentColumns(flow.batch), flow.time, order);
      order += count;
      const touched: number[] = [];
      for (let row = 0; row < count; row++) {
        const key = slots[row];
        const group = groups[key];
        if (group.touched < 0) touched.push(key);
        const weight = flow.weight === null ? 1 : flow.weight[row];
        group.touched = positionOf(flow, row);
        group.weight += weight;
        group.time = Math.max(group.time, flow.time[row]);
        accumulators.add(group.slot, row, weight);
      }
      touched.sort((a, b) => groups[a].touched - groups[b].touched || a - b);

      const at: number[] = [];
      const time: number[] = [];
      const weight: number[] = [];
      for (const key of touched) {
        const group = groups[key];
        const position = group.touched;
        group.touched = -1;
        const next = group.weight === 0 ? null : { values: valuesOf(key, group), time: group.time };
        if (next !== null && group.shown !== null && sameValues(next.values, group.shown.values)) continue;
        if (group.shown !== null) {
          rows.append(group.shown.values);
          at.push(position);
          time.push(group.shown.time);
          weight.push(-1);
        }
        if (next !== null) {
          rows.append(next.values);
          at.push(position);
          time.push(next.time);
          weight.push(1);
        } else accumulators.clear(group.slot);
        group.shown = next;
      }
      const batch = plan.outputs(rows.take());
      return {
        main: {
          batch,
          selection: null,
          count: batch.length,
          at: Int32Array.from(at),
          time: Float64Array.from(time),
          clock: null,
          weight: weight.includes(-1) ? Int32Array.from(weight) : null,
          pane: null,
          watermark: flow.watermark,
        },
      };
    },

    snapshot: () => ({
      keys: keys.snapshot(),
      order,
      groups: groups.map(({ slot, weight, time, shown }) => ({ weight, time, shown, state: accumulators.save(slot) })),
    }),

    restore(snapshot) {
      const from = snapshot as {
        keys: unknown;
        order: number;
        groups: { weight: number; time: number; shown: Group["shown"]; state: unknown }[];
      };
      keys.restore(from.keys);
      order = from.order;
      for (const { weight, time, shown, state } of from.groups)
        groups.push({ slot: accumulators.load(state), weight, time, shown, touched: -1 });
    },

    size: () => ({ keys: keys.count, windows: 0, entries: groups.length, hold: null }),
  };
}

function sameValues(a: readonly Value[], b: readonly Value[]): boolean {
  return a.every((value, i) => Object.is(identityOf(value), identityOf(b[i])));
}
