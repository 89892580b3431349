/** `reconcile`: snapshots of each key in order of event time, over a tree of its flows. */
import { type Field, valueAt } from "../../columns/column.ts";
import { compileColumn } from "../../expressions/compile.ts";
import { typeOf } from "../../expressions/types.ts";
import type { ReconcileNode } from "../../pipeline/verbs/reconcile.ts";
import { difference, Unit } from "../decimal.ts";
import { Due } from "../due.ts";
import { Emission, gatherAll, timestamps } from "../emission.ts";
import { KeyIndex, keyColumns } from "../key-index.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { RowStore } from "../row-store.ts";
import { SumForest } from "../sum-forest.ts";
import { SumTree } from "../sum-tree.ts";
import { clockAt, denseAll, minimumWatermark, walk } from "../walk.ts";

/** What a snapshot's row says besides its key, time and balance. */
interface Finding {
  readonly change: number | null;
  readonly flows: number | null;
  readonly residual: number | null;
  readonly cumulative: number;
}

interface Snapshot {
  /** Slot of its key and time. */
  readonly slot: number;
  readonly time: number;
  readonly balance: number;
  readonly number: number;
  /** What came out for it; null until the watermark is past it. */
  said: Finding | null;
}

interface Account {
  readonly tree: SumTree;
  /** In order of event time, then arrival. */
  readonly snapshots: Snapshot[];
}

export const reconcile: OperatorFactory<ReconcileNode> = (node, context): Operator => {
  const [flowSchema, snapshotSchema] = context.inputs;
  const { codegen } = context;
  const schema = context.schema("main");
  const fields = node.snapshotKeys.map((k): Field => ({ name: k.name, ...typeOf(k.expression, [snapshotSchema]) }));
  const readers = [
    keyColumns(
      node.flowKeys.map(k => k.expression),
      flowSchema,
      codegen,
    ),
    keyColumns(
      node.snapshotKeys.map(k => k.expression),
      snapshotSchema,
      codegen,
    ),
  ];
  const amounts = [
    compileColumn(node.flow, [flowSchema], { codegen }),
    compileColumn(node.balance, [snapshotSchema], { codegen }),
  ];
  const index = new KeyIndex(node.flowKeys.length);
  const store = new RowStore(fields);
  const forest = new SumForest();
  const accounts = new Map<number, Account>();
  const unit = new Unit();
  const emission = new Emission();
  /** Balances and findings of the emitted rows of the step, beside the emission. */
  const said: { balance: number; finding: Finding }[] = [];
  let bound = 0;
  let watermark = -Infinity;
  let position = 0;
  let clock = NaN;
  /** Snapshots that have not come out, by number, and their numbers by time. */
  const pending = new Map<number, { key: number; snapshot: Snapshot }>();
  const waiting = new Due();
  let numbers = 0;

  const rescale = (factor: number): void => {
    bound *= factor;
    forest.scale(factor);
  };
  const account = (key: number): Account => {
    let found = accounts.get(key);
    if (found === undefined) accounts.set(key, (found = { tree: new SumTree(forest), snapshots: [] }));
    return found;
  };
  const sumUntil = ({ tree, snapshots }: Account, k: number): number => tree.sumUntil(snapshots[k].time);
  /** What is to be said of the k-th snapshot, given the sums of the flows until the first, the one before it, and itself. */
  const finding = ({ snapshots }: Account, k: number, first: number, before: number, until: number): Finding => {
    if (k === 0) return { change: null, flows: null, residual: null, cumulative: 0 };
    const change = difference(snapshots[k].balance, snapshots[k - 1].balance);
    const flows = unit.amount(until - before);
    const all = difference(snapshots[k].balance, snapshots[0].balance);
    return {
      change,
      flows,
      residual: difference(change, flows),
      cumulative: difference(all, unit.amount(until - first)),
    };
  };
  const find = (of: Account, k: number): Finding =>
    finding(of, k, sumUntil(of, 0), sumUntil(of, Math.max(0, k - 1)), sumUntil(of, k));
  const say = (snapshot: Snapshot, finding: Finding, weight: number): void => {
    emission.emit(position, clock, snapshot.time, weight, snapshot.slot);
    said.push({ balance: snapshot.balance, finding });
  };
  /** Says anew what changed from the k-th snapshot on, as far as it has come out. */
  const restate = (of: Account, k: number): void => {
    let last = -1;
    let first = 0;
    let until = 0;
    for (let i = k; i < of.snapshots.length; i++) {
      const snapshot = of.snapshots[i];
      if (snapshot.said === null) continue;
      // Mostly one follows the other, whose sum is known then.
      if (last < 0) first = sumUntil(of, 0);
      const before = i > 0 && last === i - 1 ? until : sumUntil(of, Math.max(0, i - 1));
      until = sumUntil(of, i);
      last = i;
      const found = finding(of, i, first, before, until);
      if (same(snapshot.said, found)) continue;
      say(snapshot, snapshot.said, -1);
      say(snapshot, found, 1);
      snapshot.said = found;
    }
  };
  const addFlow = (key: number, time: number, amount: number, arrival: number): void => {
    const of = account(key);
    const units = unit.count(amount, bound, rescale);
    bound += Math.abs(units);
    of.tree.insert(time, units, arrival);
    const { snapshots } = of;
    if (snapshots.length === 0 || snapshots[0].said === null || time > snapshots[snapshots.length - 1].time) return;
    restate(of, placeOf(snapshots, time, false));
  };
  const addSnapshot = (key: number, slot: number, time: number, balance: number): void => {
    const of = account(key);
    const k = placeOf(of.snapshots, time, true);
    const snapshot: Snapshot = { slot, time, balance, number: numbers++, said: null };
    of.snapshots.splice(k, 0, snapshot);
    // A late snapshot is complete at once.
    if (time < watermark) {
      snapshot.said = find(of, k);
      say(snapshot, snapshot.said, 1);
    } else {
      pending.set(snapshot.number, { key, snapshot });
      waiting.push(time, snapshot.number);
    }
    restate(of, k + 1);
  };
  const removeSnapshot = (key: number, time: number, balance: number): void => {
    const of = account(key);
    const k = of.snapshots.findLastIndex(s => s.time === time && s.balance === balance);
    if (k < 0)
      throw new Error(
        `A snapshot of ${balance} was taken back that never came. reconcile needs each one before its retraction.`,
      );
    const [snapshot] = of.snapshots.splice(k, 1);
    if (snapshot.said !== null) say(snapshot, snapshot.said, -1);
    pending.delete(snapshot.number);
    store.free(snapshot.slot);
    restate(of, k);
  };
  const advance = (at: number, moved: number): void => {
    watermark = moved;
    position = at;
    clock = NaN;
    while (waiting.first < moved) {
      const number = waiting.pop();
      const due = pending.get(number);
      if (due === undefined) continue;
      pending.delete(number);
      const of = account(due.key);
      due.snapshot.said = find(of, of.snapshots.indexOf(due.snapshot));
      say(due.snapshot, due.snapshot.said, 1);
    }
  };

  return {
    step(step, inputs) {
      const flows = denseAll(inputs);
      const keys = flows.map((flow, i) => readers[i](flow.batch));
      const ids = flows.map((flow, i) => index.ids(keys[i], flow.count, true).slice(0, flow.count));
      const values = flows.map((flow, i) => amounts[i](flow.batch));
      const named = { schema: fields, length: flows[1].count, columns: keys[1] };
      const output = minimumWatermark(inputs);
      watermark = walk(step, flows, output, watermark, {
        row(side, row, at, own) {
          position = at;
          clock = own;
          const value = valueAt(values[side], row);
          if (typeof value !== "number" || Number.isNaN(value)) return;
          const flow = flows[side];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const time = flow.time[row];
          if (side === 0) addFlow(ids[0][row], time, value * weight, clockAt(flow, step, row));
          else if (weight > 0) addSnapshot(ids[1][row], store.put(named, row, time), time, value);
          else removeSnapshot(ids[1][row], time, value);
        },
        advance,
      });
      const main = emission.take(step, schema, output, (e, count) => {
        const balance = new Float64Array(count);
        const change = new Float64Array(count);
        const flowed = new Float64Array(count);
        const residual = new Float64Array(count);
        const cumulative = new Float64Array(count);
        let compared: Uint8Array | null = null;
        for (let i = 0; i < count; i++) {
          const { finding: found } = said[i];
          balance[i] = said[i].balance;
          // A key's first snapshot has nothing to be compared with.
          if (found.change === null) (compared ??= new Uint8Array(count).fill(1))[i] = 0;
          change[i] = found.change ?? NaN;
          flowed[i] = found.flows ?? NaN;
          residual[i] = found.residual ?? NaN;
          cumulative[i] = found.cumulative;
        }
        return [
          ...gatherAll(store, e.left, count),
          timestamps(e.time, count),
          { type: "number", values: balance, valid: null },
          { type: "number", values: change, valid: compared },
          { type: "number", values: flowed, valid: compared },
          { type: "number", values: residual, valid: compared },
          { type: "number", values: cumulative, valid: null },
        ];
      });
      said.length = 0;
      store.release();
      return { main };
    },
    snapshot: () => ({
      watermark,
      numbers,
      bound,
      waiting: waiting.snapshot(),
      unit: unit.snapshot(),
      index: index.snapshot(),
      store: store.snapshot(),
      accounts: [...accounts].map(([key, { tree, snapshots }]) => ({
        key,
        tree: tree.snapshot(),
        snapshots: snapshots.map(s => ({ ...s })),
      })),
    }),
    restore(snapshot) {
      const from = snapshot as {
        watermark: number;
        numbers: number;
        bound: number;
        waiting: unknown;
        unit: unknown;
        index: unknown;
        store: unknown;
        accounts: { key: number; tree: unknown; snapshots: Snapshot[] }[];
      };
      ({ watermark, numbers, bound } = from);
      waiting.restore(from.waiting);
      unit.restore(from.unit);
      index.restore(from.index);
      store.restore(from.store);
      for (const { key, tree, snapshots } of from.accounts) {
        accounts.set(key, { tree: new SumTree(forest, tree), snapshots: [...snapshots] });
        for (const s of snapshots) if (s.said === null) pending.set(s.number, { key, snapshot: s });
      }
    },
    size: () => ({
      keys: accounts.size,
      windows: 0,
      entries: [...accounts.values()].reduce((sum, a) => sum + a.tree.size + a.snapshots.length, 0),
      hold: null,
    }),
  };
};

/** The first snapshot at or after a time; with `after`, the first one after it. */
function placeOf(snapshots: readonly Snapshot[], time: number, after: boolean): number {
  let low = 0;
  let high = snapshots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (snapshots[middle].time < time || (after && snapshots[middle].time === time)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function same(a: Finding, b: Finding): boolean {
  return a.change === b.change && a.flows === b.flows && a.residual === b.residual && a.cumulative === b.cumulative;
}
