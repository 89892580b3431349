/** What the joins share in the engine: the keys of both sides, the condition beside them, and the columns of the result. */
import { type Batch, columnIndex } from "../../../columns/batch.ts";
import { columnBuilder } from "../../../columns/builder.ts";
import { type Column, type Field, type Schema, valueAt } from "../../../columns/column.ts";
import { compilePredicate } from "../../../expressions/compile.ts";
import { columnsOf, type Expr, mapParts, type RowExpression } from "../../../expressions/tree.ts";
import type { JoinedColumn, Matching } from "../../../pipeline/matching.ts";
import type { Flow } from "../../flow.ts";
import { KeyIndex, keyColumns } from "../../key-index.ts";
import type { OperatorContext } from "../../operator.ts";
import { RowStore } from "../../row-store.ts";

/** Numbers the keys of both sides alike. */
export class SideKeys {
  readonly #index: KeyIndex;
  readonly #columns: readonly ((batch: Batch) => Column[])[];
  readonly #ids = [new Int32Array(0), new Int32Array(0)];

  constructor(keys: Matching, context: OperatorContext) {
    this.#index = new KeyIndex(keys.left.length);
    this.#columns = [
      keyColumns(keys.left, context.inputs[0], context.codegen),
      keyColumns(keys.right, context.inputs[1], context.codegen),
    ];
  }

  /** Returns the key of each row of each flow; −1 where it has a null. The arrays are used again by the next call. */
  of(flows: readonly Flow[]): readonly Int32Array[] {
    flows.forEach((flow, side) => {
      const { count } = flow;
      if (count === 0) return;
      if (this.#ids[side].length < count) this.#ids[side] = new Int32Array(Math.max(count, 2 * this.#ids[side].length));
      this.#index.ids(this.#columns[side](flow.batch), count, false, this.#ids[side]);
    });
    return this.#ids;
  }

  snapshot(): unknown {
    return this.#index.snapshot();
  }

  restore(snapshot: unknown): void {
    this.#index.restore(snapshot);
  }
}

/** Tests a condition over a row of one side and several candidates of the other, by columns. */
export class Residual {
  readonly #predicate: (batch: Batch, selection: Int32Array) => number;
  readonly #schema: Schema;
  /** For each column of the pair: the side and the column it is read from. */
  readonly #from: readonly { side: 0 | 1; column: number }[];
  #selection = new Int32Array(16);

  constructor(condition: RowExpression, context: OperatorContext) {
    const from: { side: 0 | 1; column: number }[] = [];
    const schema: Field[] = [];
    for (const side of [0, 1] as const)
      for (const name of columnsOf(condition.expr, side)) {
        const column = columnIndex(context.inputs[side], name);
        from.push({ side, column });
        schema.push({ ...context.inputs[side][column], name: `${side}.${name}` });
      }
    // Both rows of a pair are laid side by side in one batch, so that the condition becomes one over a single row.
    const flat = (expr: Expr): Expr =>
      expr.kind === "column" ? { ...expr, name: `${expr.side}.${expr.name}`, side: 0 } : mapParts(expr, flat);
    this.#from = from;
    this.#schema = schema;
    this.#predicate = compilePredicate({ ...condition, expr: flat(condition.expr) }, [schema], {
      codegen: context.codegen,
    });
  }

  /** Keeps the candidates that go with `slot` of `side` in `candidates[0 … count)` and returns how many there are. */
  keep(stores: readonly RowStore[], side: 0 | 1, slot: number, candidates: Int32Array, count: number): number {
    const own = new Int32Array(count).fill(slot);
    const columns = this.#from.map(f => stores[f.side].gather(f.column, f.side === side ? own : candidates, count));
    if (this.#selection.length < count) this.#selection = new Int32Array(2 * count);
    const kept = this.#predicate({ schema: this.#schema, length: count, columns }, this.#selection);
    for (let i = 0; i < kept; i++) candidates[i] = candidates[this.#selection[i]];
    return kept;
  }
}

/** Makes the columns of a join's result from slots of both sides. */
export function gatherJoined(
  columns: readonly JoinedColumn[],
  stores: readonly RowStore[],
  left: Int32Array,
  right: Int32Array,
  count: number,
): Column[] {
  return columns.map(column => {
    if (column.left < 0) return stores[1].gather(column.right, right, count);
    const own = stores[0].gather(column.left, left, count);
    if (column.right < 0 || !left.subarray(0, count).includes(-1)) return own;
    const other = stores[1].gather(column.right, right, count);
    const merged = columnBuilder(column, own.type === "string" ? own.dictionary : undefined);
    for (let i = 0; i < count; i++) merged.append(valueAt(left[i] < 0 ? other : own, i));
    return merged.take(count);
  });
}

/** The stores of both sides. */
export function sideStores(context: OperatorContext): [RowStore, RowStore] {
  return [new RowStore(context.inputs[0]), new RowStore(context.inputs[1])];
}

/** A list of slots that grows. */
export class SlotList {
  slots = new Int32Array(16);
  count = 0;
  push(slot: number): void {
    if (this.count === this.slots.length) {
      const slots = new Int32Array(2 * this.count);
      slots.set(this.slots);
      this.slots = slots;
    }
    this.slots[this.count++] = slot;
  }

  /** Takes out a slot that is there. */
  remove(slot: number): void {
    const at = this.slots.indexOf(slot);
    this.slots.copyWithin(at, at + 1, this.count--);
  }
}
