/** `reconcile`: snapshots of each key in order of event time, over a tree of its flows. */
import { type Column, type Field, valueAt } from "../../columns/column.ts";
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
  /** Findings of the emitted rows of the step, beside the emission. */
  let findings: { balance: number; finding: Finding }[] = [];
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
  const find = ({ tree, snapshots }: Account, k: number): Finding => {
    if (k === 0) return { change: null, flows: null, residual: null, cumulative: 0 };
    const [first] = snapshots;
    const until = tree.sumUntil(snapshots[k].time);
    const since = (sum: number): number => unit.amount(until - sum);
    const change = difference(snapshots[k].balance, snapshots[k - 1].balance);
    const flows = since(tree.sumUntil(snapshots[k - 1].time));
    const all = difference(snapshots[k].balance, first.balance);
    return {
      change,
      flows,
      residual: difference(change, flows),
      cumulative: difference(all, since(tree.sumUntil(first.time))),
    };
  };
  const say = (snapshot: Snapshot, finding: Finding, weight: number): void => {
    emission.emit(position, clock, snapshot.time, weight, snapshot.slot);
    findings.push({ balance: snapshot.balance, finding });
  };
  /** Says anew what changed from the k-th snapshot on, as far as it has come out. */
  const restate = (of: Account, k: number): void => {
    for (let i = k; i < of.snapshots.length; i++) {
      const snapshot = of.snapshots[i];
      if (snapshot.said === null) continue;
      const finding = find(of, i);
      if (same(snapshot.said, finding)) continue;
      say(snapshot, snapshot.said, -1);
      say(snapshot, finding, 1);
      snapshot.said = finding;
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
        const said = findings;
        const column = (value: (i: number) => number | null): Column => {
          const own = Float64Array.from({ length: count }, (_, i) => value(i) ?? NaN);
          const valid = Uint8Array.from({ length: count }, (_, i) => (value(i) === null ? 0 : 1));
          return { type: "number", values: own, valid: valid.includes(0) ? valid : null };
        };
        return [
          ...gatherAll(store, e.left, count),
          timestamps(e.time, count),
          column(i => said[i].balance),
          column(i => said[i].finding.change),
          column(i => said[i].finding.flows),
          column(i => said[i].finding.residual),
          column(i => said[i].finding.cumulative),
        ];
      });
      findings = [];
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
