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
import { SumForest } from "../sum-forest.ts";
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
  /** The flows of each key, in the tree of the key's number, with its opening balance in units as the base. */
  readonly #forest = new SumForest();
  /** By key: its values, or null as long as nothing has come of it. */
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

  /** Of a step: amounts in units, its rows by key, and what comes out. */
  #units = new Float64Array(0);
  #rows = new Int32Array(0);
  #balance = new Float64Array(0);
  #restated = new Float64Array(0);
  /** By key: its rows in the step while they are counted, then where they end among the rows by key. 0 between steps. */
  #ends = new Int32Array(0);
  #touched = new Int32Array(0);

  readonly #rescale = (factor: number): void => {
    this.#bound *= factor;
    this.#forest.scale(factor);
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
    if (this.#units.length < count) this.#widen(Math.max(count, 2 * this.#units.length));
    const balance = this.#balance.subarray(0, count);
    const restated = this.#restated.subarray(0, count);
    const alone = inputs.length === 1;
    const units = alone ? this.#countUnits(flow, value) : null;
    if (units !== null) this.#runByKey(step, flow, keys, units, ids, balance, restated);
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

  #widen(rows: number): void {
    this.#units = new Float64Array(rows);
    this.#rows = new Int32Array(rows);
    this.#balance = new Float64Array(rows);
    this.#restated = new Float64Array(rows);
    this.#touched = new Int32Array(rows);
  }

  /**
   * Counts the amounts of a step in units, refining the unit first where they need it. Gives null, and leaves the unit as it
   * is, when they cannot be counted exactly: then rows go one by one, so that the change comes at its row, not at its step.
   */
  #countUnits(flow: Flow, value: Column | null): Float64Array | null {
    if (!this.#unit.exact || value === null || value.type !== "number") return null;
    if (this.#unit.factor === 1 && value.valid === null && flow.weight === null) {
      const bound = boundOfWhole(value.values, flow.count, this.#bound);
      if (bound <= SAFE) {
        this.#bound = bound;
        return value.values;
      }
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
      if (counted / factor !== amount || bound > SAFE) {
        const before = this.#unit.factor;
        this.#unit.factor = factor;
        const finer = this.#unit.factorFor(amount, bound);
        this.#unit.factor = before;
        if (finer === 0) return null;
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
    return units;
  }

  /**
   * Inserts the rows of a step whose amounts are counted, key by key, each key's in order of arrival: keys do not concern each
   * other, and what is needed of a key is near then.
   */
  #runByKey(
    step: Step,
    flow: Flow,
    keys: readonly Column[],
    units: Float64Array,
    ids: Int32Array,
    balance: Float64Array,
    restated: Float64Array,
  ): void {
    const { count, time } = flow;
    const touched = this.#touched;
    const rows = this.#rows;
    let ends = this.#ends;
    let distinct = 0;
    for (let row = 0; row < count; row++) {
      const key = ids[row];
      if (key >= ends.length) this.#ends = ends = widened(ends, key);
      if (ends[key]++ > 0) continue;
      touched[distinct++] = key;
      if (!this.#knows(key)) this.#open(key, keys, row);
    }
    // A key's rows lie together: what was their number becomes where they begin, and moves on to where they end.
    let first = 0;
    for (let t = 0; t < distinct; t++) {
      const own = ends[touched[t]];
      ends[touched[t]] = first;
      first += own;
    }
    for (let row = 0; row < count; row++) rows[ends[ids[row]]++] = row;
    const arrival = arrivals(flow, step);
    const forest = this.#forest;
    let from = 0;
    for (let t = 0; t < distinct; t++) {
      const key = touched[t];
      const to = ends[key];
      forest.insert(key, rows, from, to, time, units, arrival, balance, restated);
      ends[key] = 0;
      from = to;
    }
    const { factor } = this.#unit;
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
    const unit = this.#unit;
    const forest = this.#forest;
    for (let row = from; row < to; row++) {
      const key = ids[row];
      if (!this.#knows(key)) this.#open(key, keys, row);
      let amount = values[row];
      if ((valid !== null && valid[row] === 0) || amount !== amount) amount = 0;
      if (weight !== null) amount *= weight[row];
      const units = this.#count(amount);
      const arrival = clock === null ? step.clock[at === null ? row : at[row]] : clock[row];
      restated[row] = forest.insertOne(key, time[row], units, arrival);
      balance[row] = forest.balance / unit.factor;
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
        if (!this.#knows(key)) this.#open(key, openingKeys, row);
        const amount = valueAt(amounts as Column, row);
        if (typeof amount !== "number" || Number.isNaN(amount)) return;
        const units = this.#count(amount * (openings.weight?.[row] ?? 1));
        this.#forest.addBase(key, units);
      },
    });
  }

  /** Makes the tree of a key. Keys are numbered from 0, but need not come in that order. */
  #open(key: number, keys: readonly Column[], row: number): void {
    while (this.#names.length <= key) {
      this.#forest.plant();
      this.#names.push(null);
    }
    const name = keys.map(column => valueAt(column, row));
    this.#names[key] = name;
    this.#byName.set(JSON.stringify(name), key);
    const { opening } = this.#node;
    if (opening.kind === "number") this.#forest.addBase(key, this.#count(opening.value));
    else if (opening.kind === "numbers" && Object.hasOwn(opening.values, String(name[0])))
      this.#forest.addBase(key, this.#count(opening.values[String(name[0])]));
  }

  #knows(key: number): boolean {
    return key < this.#names.length && this.#names[key] !== null;
  }

  /** Finds the number of a key; −1 for one of which nothing has come. */
  #find(key: readonly Value[]): number {
    if (key.length !== this.#keyFields.length)
      throw new Error(
        `The balances are kept by ${this.#keyFields.map(f => f.name).join(", ") || "nothing"}; the key ${JSON.stringify(key)} has ${key.length} values.`,
      );
    return this.#byName.get(JSON.stringify(key)) ?? -1;
  }

  readonly balances: Balances = {
    balanceAt: (key, time, knownAt = Infinity) => {
      const found = this.#find(key);
      if (found < 0) return this.#openingOf(key);
      const flows =
        knownAt === Infinity ? this.#forest.sumUntil(found, time) : this.#forest.sumKnown(found, time, knownAt);
      return this.#unit.amount(this.#forest.base(found) + flows);
    },
    restatement: (key, time, from, to) => {
      const found = this.#find(key);
      if (found < 0) return 0;
      return this.#unit.amount(this.#forest.sumKnown(found, time, to) - this.#forest.sumKnown(found, time, from));
    },
    series: (key, knownAt = Infinity) => {
      const found = this.#find(key);
      const times: number[] = [];
      const balances: number[] = [];
      let sum = found < 0 ? 0 : this.#forest.base(found);
      if (found >= 0)
        this.#forest.forEach(found, (time, amount, arrival) => {
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
      bases: this.#names.map((_, key) => this.#forest.base(key)),
      names: [...this.#names],
      trees: this.#names.map((_, key) => this.#forest.snapshot(key)),
    };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as Saved;
    this.#index.restore(from.index);
    this.#unit.restore(from.unit);
    this.#bound = from.bound;
    for (const name of from.names) this.#names.push(name);
    from.names.forEach((name, key) => {
      if (name !== null) this.#byName.set(JSON.stringify(name), key);
    });
    from.trees.forEach((saved, key) => this.#forest.addBase(this.#forest.restore(saved), from.bases[key]));
  }

  size(): { keys: number; windows: number; entries: number; hold: number | null } {
    let entries = 0;
    for (let key = 0; key < this.#names.length; key++) entries += this.#forest.size(key);
    return { keys: this.#names.filter(name => name !== null).length, windows: 0, entries, hold: null };
  }
}

/** Sums of absolute amounts up to which whole units are well within what is exact. */
const SAFE = 4e15;

/** Adds the absolute values of `count` whole numbers to a bound; Infinity when one of them is not whole. */
function boundOfWhole(values: Float64Array, count: number, bound: number): number {
  let sum = bound;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (Math.floor(value) !== value) return Infinity;
    sum += Math.abs(value);
  }
  return sum;
}

function widened(from: Int32Array, index: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(2 * Math.max(32, index));
  to.set(from);
  return to;
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
