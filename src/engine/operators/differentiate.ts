/** `differentiate`: each balance less the one before it, in event time, key by key. */
import { type Column, type Field, valueAt } from "../../columns/column.ts";
import { compileColumn } from "../../expressions/compile.ts";
import { typeOf } from "../../expressions/types.ts";
import type { DifferentiateNode } from "../../pipeline/verbs/differentiate.ts";
import { difference, Unit } from "../decimal.ts";
import { Emission, gatherAll, timestamps } from "../emission.ts";
import { dense } from "../flow.ts";
import { KeyIndex, keyColumns } from "../key-index.ts";
import type { Operator, OperatorContext, OperatorFactory } from "../operator.ts";
import { RowStore } from "../row-store.ts";
import { SumForest } from "../sum-forest.ts";
import { SumTree } from "../sum-tree.ts";
import { clockAt, walk } from "../walk.ts";

export const differentiate: OperatorFactory<DifferentiateNode> = (node, context): Operator =>
  node.late === "later" ? differentiateRunning(node, context) : differentiateSnapshots(node, context);

function reader(node: DifferentiateNode, context: OperatorContext) {
  const [input] = context.inputs;
  return {
    fields: node.keys.map((k): Field => ({ name: k.name, ...typeOf(k.expression, [input]) })),
    keys: keyColumns(
      node.keys.map(k => k.expression),
      input,
      context.codegen,
    ),
    value: compileColumn(node.value, [input], { codegen: context.codegen }),
  };
}

/** A late row moves all later balances with it: what a row's flow is depends on the flows before it alone. */
function differentiateRunning(node: DifferentiateNode, context: OperatorContext): Operator {
  const { keys: keysOf, value: valueOf } = reader(node, context);
  const schema = context.schema("main");
  const index = new KeyIndex(node.keys.length);
  const unit = new Unit();
  const forest = new SumForest();
  const trees: (SumTree | undefined)[] = [];
  let bound = 0;
  const rescale = (factor: number): void => {
    bound *= factor;
    forest.scale(factor);
  };
  const units = (balance: number): number => unit.count(balance, bound, rescale);
  const insert = (tree: SumTree, time: number, amount: number, arrival: number): void => {
    bound += Math.abs(amount);
    tree.insert(time, amount, arrival);
  };
  return {
    step(step, [input]) {
      const flow = dense(input);
      const { count, batch } = flow;
      const keys = keysOf(batch);
      const value = valueOf(batch);
      const ids = index.ids(keys, count, true);
      const flows = new Float64Array(count);
      const valid = new Uint8Array(count).fill(1);
      for (let row = 0; row < count; row++) {
        const balance = valueAt(value, row);
        let tree = trees[ids[row]];
        const known = tree !== undefined;
        if (tree === undefined) {
          tree = new SumTree(forest);
          while (trees.length <= ids[row]) trees.push(undefined);
          trees[ids[row]] = tree;
        }
        if (typeof balance !== "number" || Number.isNaN(balance) || (!known && node.opening === null)) {
          valid[row] = 0;
          flows[row] = NaN;
          // An unknown opening is found out from the first balance.
          if (typeof balance === "number") insert(tree, -Infinity, units(balance), -Infinity);
          continue;
        }
        if (!known) insert(tree, -Infinity, units(node.opening as number), -Infinity);
        // Counted first, because a finer unit changes the sums.
        const after = units(balance);
        const before = tree.sumUntil(flow.time[row]);
        const amount = after - before;
        flows[row] = unit.exact ? unit.amount(amount) : difference(balance, before);
        insert(tree, flow.time[row], amount, clockAt(flow, step, row));
      }
      const columns: Column[] = [
        ...keys,
        { type: "timestamp", values: flow.time, valid: null },
        value,
        { type: "number", values: flows, valid: valid.includes(0) ? valid : null },
      ];
      return { main: { ...flow, batch: { schema, length: count, columns }, pane: null } };
    },
    snapshot: () => ({
      index: index.snapshot(),
      unit: unit.snapshot(),
      bound,
      trees: trees.map(tree => tree?.snapshot() ?? null),
    }),
    restore(snapshot) {
      const from = snapshot as { index: unknown; unit: unknown; bound: number; trees: unknown[] };
      index.restore(from.index);
      unit.restore(from.unit);
      bound = from.bound;
      for (const saved of from.trees) trees.push(saved === null ? undefined : new SumTree(forest, saved));
    },
    size: () => ({
      keys: trees.length,
      windows: 0,
      entries: trees.reduce((sum, tree) => sum + (tree?.size ?? 0), 0),
      hold: null,
    }),
  };
}

/** Each balance stands for itself: a late one changes the flow of the one after it. */
function differentiateSnapshots(node: DifferentiateNode, context: OperatorContext): Operator {
  const { fields, keys: keysOf, value: valueOf } = reader(node, context);
  const schema = context.schema("main");
  const index = new KeyIndex(node.keys.length);
  /** Keys and times of the balances, and the balances by slot. */
  const store = new RowStore(fields);
  const balances: number[] = [];
  /** By key: the slots in order of event time, then arrival. */
  const series = new Map<number, number[]>();
  const emission = new Emission();

  return {
    step(step, [input]) {
      const flow = dense(input);
      const keys = keysOf(flow.batch);
      const value = valueOf(flow.batch);
      const rows = { schema: fields, length: flow.count, columns: keys };
      const ids = index.ids(keys, flow.count, true);
      let position = 0;
      let clock = NaN;
      // The numbers of a row travel where others have the bounds of their window: balance, then flow.
      const say = (slots: readonly number[], i: number, weight: number): void => {
        if (i >= slots.length) return;
        const before = i === 0 ? node.opening : balances[slots[i - 1]];
        const amount = before === null ? NaN : difference(balances[slots[i]], before);
        emission.emit(position, clock, store.time[slots[i]], weight, slots[i], -1, balances[slots[i]], amount);
      };
      const add = (slots: number[], row: number, balance: number): void => {
        const time = flow.time[row];
        let i = slots.length;
        while (i > 0 && store.time[slots[i - 1]] > time) i--;
        say(slots, i, -1);
        const slot = store.put(rows, row, time);
        balances[slot] = balance;
        slots.splice(i, 0, slot);
        say(slots, i, 1);
        say(slots, i + 1, 1);
      };
      const remove = (slots: number[], row: number, balance: number): void => {
        const i = slots.findLastIndex(slot => balances[slot] === balance && store.time[slot] === flow.time[row]);
        if (i < 0)
          throw new Error(
            `A balance of ${balance} was taken back that never came. differentiate needs each balance before its retraction.`,
          );
        say(slots, i, -1);
        say(slots, i + 1, -1);
        store.free(slots.splice(i, 1)[0]);
        say(slots, i, 1);
      };
      walk(step, [flow], input.watermark, Infinity, {
        row(_input, row, at, own) {
          position = at;
          clock = own;
          const balance = valueAt(value, row);
          if (typeof balance !== "number" || Number.isNaN(balance)) return;
          let slots = series.get(ids[row]);
          if (slots === undefined) series.set(ids[row], (slots = []));
          const weight = flow.weight === null ? 1 : flow.weight[row];
          for (let unit = 0; unit < weight; unit++) add(slots, row, balance);
          for (let unit = 0; unit > weight; unit--) remove(slots, row, balance);
        },
      });
      const main = emission.take(step, schema, input.watermark, (e, count) => [
        ...gatherAll(store, e.left, count),
        timestamps(e.time, count),
        { type: "number", values: e.start.slice(0, count), valid: null },
        numbersOrNull(e.end.slice(0, count)),
      ]);
      store.release();
      return { main };
    },
    snapshot: () => ({
      index: index.snapshot(),
      store: store.snapshot(),
      balances: [...balances],
      series: [...series].map(([key, slots]) => [key, [...slots]]),
    }),
    restore(snapshot) {
      const from = snapshot as { index: unknown; store: unknown; balances: number[]; series: [number, number[]][] };
      index.restore(from.index);
      store.restore(from.store);
      balances.push(...from.balances);
      for (const [key, slots] of from.series) series.set(key, slots);
    },
    size: () => ({ keys: series.size, windows: 0, entries: store.size, hold: null }),
  };
}

/** Makes a number column in which NaN is null. */
function numbersOrNull(values: Float64Array): Column {
  const valid = new Uint8Array(values.length);
  let nulls = 0;
  for (let i = 0; i < values.length; i++) {
    const there = values[i] === values[i] ? 1 : 0;
    valid[i] = there;
    nulls += 1 - there;
  }
  return { type: "number", values, valid: nulls > 0 ? valid : null };
}
