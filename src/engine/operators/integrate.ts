/**
 * `integrate`: a tree of sums for each key. Every flow comes out at its own position, so that everything but the balance is
 * handed on as it came; the loop does nothing for a row but insert it.
 */
import { batchOf } from "../../columns/builder.ts";
import { type Column, type Field, type Value, valueAt } from "../../columns/column.ts";
import { compileColumn } from "../../expressions/compile.ts";
import { typeOf } from "../../expressions/types.ts";
import type { IntegrateNode } from "../../pipeline/verbs/integrate.ts";
import { Unit } from "../decimal.ts";
import { dense, type Flow } from "../flow.ts";
import { KeyIndex, keyColumns } from "../key-index.ts";
import type { Operator, OperatorContext, OperatorFactory } from "../operator.ts";
import type { Step } from "../step.ts";
import { LeafPool, SumTree } from "../sum-tree.ts";
import { walk } from "../walk.ts";

/** What can be asked of a running `integrate` between two steps. A key is given as the values of its columns, in order. */
export interface Balances {
  /** Returns B(T; p): the balance at event time `time`, as known at processing time `knownAt` (default: now). */
  balanceAt(key: readonly Value[], time: number, knownAt?: number): number;
  /** Returns by how much the balance at event time `time` was restated between two processing times, `from` < p ≤ `to`. */
  restatement(key: readonly Value[], time: number, from: number, to: number): number;
  /** Lists the balance after each flow of a key in order of event time, as known at `knownAt` (default: now). */
  series(key: readonly Value[], knownAt?: number): { time: Float64Array; balance: Float64Array };
  /** The keys so far, in order of arrival. */
  keys(): (readonly Value[])[];
}

export interface IntegrateOperator extends Operator {
  readonly balances: Balances;
}

/** Finds what answers questions about balances, if the operator is one that keeps them. */
export function balancesOf(operator: Operator | null): Balances | null {
  return operator !== null && "balances" in operator ? (operator as IntegrateOperator).balances : null;
}

export const integrate: OperatorFactory<IntegrateNode> = (node, context): IntegrateOperator =>
  new Integrate(node, context);

interface Saved {
  readonly index: unknown;
  readonly unit: unknown;
  readonly bound: number;
  readonly bases: readonly number[];
  readonly names: readonly (readonly Value[] | null)[];
  readonly trees: readonly unknown[];
}

class Integrate implements IntegrateOperator {
  readonly #node: IntegrateNode;
  readonly #context: OperatorContext;
  readonly #keyFields: readonly Field[];
  readonly #keys: ReturnType<typeof keyColumns>;
  readonly #value: (batch: Flow["batch"]) => Column;
  readonly #openingKeys: ReturnType<typeof keyColumns> | null = null;
  readonly #openingValue: ((batch: Flow["batch"]) => Column) | null = null;
  readonly #index: KeyIndex;
  readonly #unit = new Unit();
  /** Sum of the absolute amounts so far, in units: what the sums cannot exceed. */
  #bound = 0;
  /** By key: its flows, its opening balance in units, and its values. */
  readonly #trees: (SumTree | undefined)[] = [];
  readonly #pool = new LeafPool();
  readonly #bases: number[] = [];
  readonly #names: (readonly Value[] | null)[] = [];
  /** Keys by the text of their values, for questions. */
  readonly #byName = new Map<string, number>();

  constructor(node: IntegrateNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    const { codegen } = context;
    const [input, second] = context.inputs;
    this.#keyFields = node.keys.map(k => ({ name: k.name, ...typeOf(k.expression, [input]) }));
    this.#keys = keyColumns(
      node.keys.map(k => k.expression),
      input,
      codegen,
    );
    this.#value = compileColumn(node.value, [input], { codegen });
    this.#index = new KeyIndex(node.keys.length);
    // Openings that are known choose the unit before the first flow, so that a new key never changes it in mid-step.
    if (node.opening.kind === "number") this.#count(node.opening.value);
    if (node.opening.kind === "numbers") for (const value of Object.values(node.opening.values)) this.#count(value);
    if (node.opening.kind === "stream") {
      this.#openingKeys = keyColumns(
        node.opening.keys.map(k => k.expression),
        second,
        codegen,
      );
      this.#openingValue = compileColumn(node.opening.value, [second], { codegen });
    }
  }

  /** Scratch of a step: amounts in units, and the rows of each key as chains. */
  #units = new Float64Array(0);
  #next = new Int32Array(0);
  #head = new Int32Array(0);
  #touched = new Int32Array(0);

  readonly #rescale = (factor: number): void => {
    this.#bound *= factor;
    for (const tree of this.#trees) tree?.scale(factor);
    for (let i = 0; i < this.#bases.length; i++) this.#bases[i] *= factor;
  };

  #count(amount: number): number {
    const units = this.#unit.count(amount, this.#bound, this.#rescale);
    this.#bound += Math.abs(units);
    return units;
  }

  step(step: Step, inputs: readonly Flow[]): { main: Flow } {
    const flow = dense(inputs[0]);
    const { batch, count } = flow;
    const keys = count === 0 ? [] : this.#keys(batch);
    const value = count === 0 ? null : this.#value(batch);
    const ids = count === 0 ? new Int32Array(0) : this.#index.ids(keys, count, true);
    const balance = new Float64Array(count);
    const restated = new Float64Array(count);
    const alone = inputs.length === 1;
    if (alone && this.#countUnits(flow, value)) this.#runByKey(step, flow, keys, ids, balance, restated);
    else if (alone) this.#run(step, flow, keys, value, ids, 0, count, balance, restated);
    else this.#runWithOpenings(step, flow, dense(inputs[1]), keys, value, ids.slice(0, count), balance, restated);
    const schema = this.#context.schema("main");
    const columns: Column[] =
      value === null
        ? batchOf(schema, []).columns.slice()
        : [
            ...keys,
            { type: "timestamp", values: flow.time, valid: null },
            signed(value, flow.weight),
            { type: "number", values: balance, valid: null },
            { type: "number", values: restated, valid: null },
          ];
    // What leaves is a log of what became known, whose rows are not taken back: a flow that goes is a flow of its negative.
    return { main: { ...flow, batch: { schema, length: count, columns }, weight: null, pane: null } };
  }

  /**
   * Counts the amounts of a step in units, refining the unit first where they need it. Says no, and leaves the unit as it is,
   * when they cannot be counted exactly: then rows go one by one, so that the change comes at its row, not at its step.
   */
  #countUnits(flow: Flow, value: Column | null): boolean {
    if (!this.#unit.exact || value === null || value.type !== "number") return false;
    if (this.#units.length < flow.count) {
      this.#units = new Float64Array(Math.max(flow.count, 2 * this.#units.length));
      this.#next = new Int32Array(this.#units.length);
    }
    const { values, valid } = value;
    const { weight, count } = flow;
    const units = this.#units;
    let { factor } = this.#unit;
    let bound = this.#bound;
    for (let row = 0; row < count; row++) {
      let amount = values[row];
      if ((valid !== null && valid[row] === 0) || amount !== amount) amount = 0;
      if (weight !== null) amount *= weight[row];
      let counted = Math.round(amount * factor);
      // Whole units of the present size, well within what is exact, are the common case.
      if (counted / factor !== amount || bound > 4e15) {
        const before = this.#unit.factor;
        this.#unit.factor = factor;
        const finer = this.#unit.factorFor(amount, bound);
        this.#unit.factor = before;
        if (finer === 0) return false;
        for (let i = 0; i < row; i++) units[i] *= finer / factor;
        bound *= finer / factor;
        factor = finer;
        counted = Math.round(amount * factor);
      }
      units[row] = counted;
      bound += counted < 0 ? -counted : counted;
    }
    if (factor !== this.#unit.factor) {
      this.#rescale(factor / this.#unit.factor);
      this.#unit.factor = factor;
    }
    this.#bound = bound;
    return true;
  }

  /** Inserts the rows of a step key by key, each key's in order of arrival: keys do not concern each other. */
  #runByKey(
    step: Step,
    flow: Flow,
    keys: readonly Column[],
    ids: Int32Array,
    balance: Float64Array,
    restated: Float64Array,
  ): void {
    const { count, time } = flow;
    const trees = this.#trees;
    const next = this.#next;
    let touched = 0;
    for (let row = 0; row < count; row++) if (trees[ids[row]] === undefined) this.#open(ids[row], keys, row);
    while (this.#head.length < trees.length) {
      this.#head = new Int32Array(2 * trees.length).fill(-1);
      this.#touched = new Int32Array(2 * trees.length);
    }
    const head = this.#head;
    // From the last row to the first, so that each chain runs forward.
    for (let row = count - 1; row >= 0; row--) {
      const key = ids[row];
      const after = head[key];
      if (after < 0) this.#touched[touched++] = key;
      next[row] = after;
      head[key] = row;
    }
    const arrival = arrivals(flow, step);
    const { factor } = this.#unit;
    for (let t = 0; t < touched; t++) {
      const key = this.#touched[t];
      (trees[key] as SumTree).insertChain(head[key], next, time, this.#units, arrival, balance, restated);
      const base = this.#bases[key];
      if (base !== 0) for (let row = head[key]; row >= 0; row = next[row]) balance[row] += base;
      head[key] = -1;
    }
    if (factor !== 1) for (let row = 0; row < count; row++) balance[row] /= factor;
  }

  /** Inserts rows `[from, to)`. */
  #run(
    step: Step,
    flow: Flow,
    keys: readonly Column[],
    value: Column | null,
    ids: Int32Array,
    from: number,
    to: number,
    balance: Float64Array,
    restated: Float64Array,
  ): void {
    if (value === null || value.type !== "number") return;
    const { values, valid } = value;
    const { time, weight, at, clock } = flow;
    const trees = this.#trees;
    const unit = this.#unit;
    for (let row = from; row < to; row++) {
      const key = ids[row];
      const tree = trees[key] ?? this.#open(key, keys, row);
      let amount = values[row];
      if ((valid !== null && valid[row] === 0) || amount !== amount) amount = 0;
      if (weight !== null) amount *= weight[row];
      const units = this.#count(amount);
      const arrival = clock === null ? step.clock[at === null ? row : at[row]] : clock[row];
      restated[row] = tree.insert(time[row], units, arrival);
      balance[row] = (this.#bases[key] + tree.balance) / unit.factor;
    }
  }

  #runWithOpenings(
    step: Step,
    flow: Flow,
    openings: Flow,
    keys: readonly Column[],
    value: Column | null,
    ids: Int32Array,
    balance: Float64Array,
    restated: Float64Array,
  ): void {
    const openingKeys = openings.count === 0 ? [] : (this.#openingKeys?.(openings.batch) ?? []);
    const openingIds = openings.count === 0 ? ids : this.#index.ids(openingKeys, openings.count, true);
    const amounts = openings.count === 0 ? null : (this.#openingValue?.(openings.batch) ?? null);
    walk(step, [flow, openings], flow.watermark, Infinity, {
      row: (input, row) => {
        if (input === 0) {
          this.#run(step, flow, keys, value, ids, row, row + 1, balance, restated);
          return;
        }
        const key = openingIds[row];
        if (this.#trees[key] === undefined) this.#open(key, openingKeys, row);
        const amount = valueAt(amounts as Column, row);
        if (typeof amount !== "number" || Number.isNaN(amount)) return;
        const units = this.#count(amount * (openings.weight?.[row] ?? 1));
        this.#bases[key] += units;
      },
    });
  }

  /** Makes the tree of a key. Keys are numbered from 0, but need not come in that order. */
  #open(key: number, keys: readonly Column[], row: number): SumTree {
    while (this.#trees.length <= key) {
      this.#trees.push(undefined);
      this.#bases.push(0);
      this.#names.push(null);
    }
    const tree = new SumTree(this.#pool);
    this.#trees[key] = tree;
    const name = keys.map(column => valueAt(column, row));
    this.#names[key] = name;
    this.#byName.set(JSON.stringify(name), key);
    const { opening } = this.#node;
    if (opening.kind === "number") this.#bases[key] = this.#count(opening.value);
    else if (opening.kind === "numbers" && Object.hasOwn(opening.values, String(name[0])))
      this.#bases[key] = this.#count(opening.values[String(name[0])]);
    return tree;
  }

  #find(key: readonly Value[]): { tree: SumTree; base: number } | null {
    if (key.length !== this.#keyFields.length)
      throw new Error(
        `The balances are kept by ${this.#keyFields.map(f => f.name).join(", ") || "nothing"}; the key ${JSON.stringify(key)} has ${key.length} values.`,
      );
    const found = this.#byName.get(JSON.stringify(key)) ?? -1;
    return found < 0 ? null : { tree: this.#trees[found] as SumTree, base: this.#bases[found] };
  }

  readonly balances: Balances = {
    balanceAt: (key, time, knownAt = Infinity) => {
      const found = this.#find(key);
      if (found === null) return this.#openingOf(key);
      const flows = knownAt === Infinity ? found.tree.sumUntil(time) : found.tree.sumKnown(time, knownAt);
      return this.#unit.amount(found.base + flows);
    },
    restatement: (key, time, from, to) => {
      const tree = this.#find(key)?.tree;
      return tree === undefined ? 0 : this.#unit.amount(tree.sumKnown(time, to) - tree.sumKnown(time, from));
    },
    series: (key, knownAt = Infinity) => {
      const found = this.#find(key);
      const times: number[] = [];
      const balances: number[] = [];
      let sum = found?.base ?? 0;
      found?.tree.forEach((time, amount, arrival) => {
        if (arrival > knownAt) return;
        sum += amount;
        times.push(time);
        balances.push(this.#unit.amount(sum));
      });
      return { time: Float64Array.from(times), balance: Float64Array.from(balances) };
    },
    keys: () => this.#names.filter(name => name !== null),
  };

  /** The balance of a key that has no flows yet. */
  #openingOf(key: readonly Value[]): number {
    const { opening } = this.#node;
    if (opening.kind === "number") return opening.value;
    return opening.kind === "numbers" && Object.hasOwn(opening.values, String(key[0]))
      ? opening.values[String(key[0])]
      : 0;
  }

  snapshot(): Saved {
    return {
      index: this.#index.snapshot(),
      unit: this.#unit.snapshot(),
      bound: this.#bound,
      bases: [...this.#bases],
      names: [...this.#names],
      trees: this.#trees.map(tree => tree?.snapshot() ?? null),
    };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as Saved;
    this.#index.restore(from.index);
    this.#unit.restore(from.unit);
    this.#bound = from.bound;
    this.#bases.push(...from.bases);
    this.#names.push(...from.names);
    from.names.forEach((name, key) => {
      if (name !== null) this.#byName.set(JSON.stringify(name), key);
    });
    for (const saved of from.trees) {
      const tree = saved === null ? undefined : new SumTree(this.#pool);
      tree?.restore(saved);
      this.#trees.push(tree);
    }
  }

  size(): { keys: number; windows: number; entries: number; hold: number | null } {
    let entries = 0;
    for (const tree of this.#trees) entries += tree?.size ?? 0;
    return { keys: this.#names.filter(name => name !== null).length, windows: 0, entries, hold: null };
  }
}

/** The processing time of each row. */
function arrivals(flow: Flow, step: Step): Float64Array {
  const { at, clock, count } = flow;
  if (clock !== null) return clock;
  if (at === null) return step.clock;
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = step.clock[at[i]];
  return out;
}

/** The flows as they count: those that were taken back as their negatives, with one zero. */
function signed(value: Column, weight: Int32Array | null): Column {
  if (weight === null || value.type !== "number") return value;
  return { ...value, values: value.values.slice(0, weight.length).map((v, i) => v * weight[i] + 0) };
}
