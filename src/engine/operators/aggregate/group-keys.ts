/**
 * The groups of an aggregate: each distinct key gets a slot, in the order in which keys first appear in the stream. That
 * order breaks ties wherever several groups have something to say at the same moment.
 */
import type { Batch } from "../../../columns/batch.ts";
import type { Column, Schema } from "../../../columns/column.ts";
import { type Claim, type ClaimContext, type Held, type Keys, readKeys } from "../../holdings.ts";
import { KeyIndex } from "../../key-index.ts";
import { RowStore } from "../../row-store.ts";

/** Claims the keys of an operator's first input, which others may read as well; null where there are none. */
export function claimKeys(
  keys: readonly { readonly expression: Keys["keys"][number] }[],
  context: ClaimContext,
): Claim<Held> | null {
  return keys.length === 0 ? null : readKeys([{ input: 0, keys: keys.map(k => k.expression) }], context);
}

export class GroupKeys {
  readonly #schema: Schema;
  readonly #index: KeyIndex;
  /** The numbers of keys that others read as well; null: those of the index. */
  readonly #numbers: Claim<Held> | null;
  /** Slot + 1 by the index's own number; 0: not seen. */
  #slotOf: Int32Array = new Int32Array(64);
  /** The key of each slot. */
  readonly #keys: RowStore;
  #count = 0;
  /** Rows at which groups were met for the first time in the last call of `slots`, in order of their slots. */
  readonly fresh: number[] = [];

  #slots = new Int32Array(0);

  /** Makes the groups of keys with these columns; without columns all rows are one group. `numbers` claims the keys of batches. */
  constructor(schema: Schema, numbers: Claim<Held> | null = null) {
    this.#schema = schema;
    this.#index = new KeyIndex(schema.length);
    this.#numbers = numbers;
    this.#keys = new RowStore(schema);
  }

  /** Number of groups seen so far. */
  get count(): number {
    return this.#count;
  }

  /** Makes the key columns of rows whose groups are `slots[0 … count)`. */
  columns(slots: Int32Array, count: number): Column[] {
    return this.#schema.map((_, c) => this.#keys.gather(c, slots, count));
  }

  /** Returns the slot of each row of a batch whose keys are claimed, in an array that the next call uses again. */
  of(batch: Batch): Int32Array {
    const { length } = batch;
    if (this.#numbers === null) return this.slots([], length);
    const [reader] = this.#numbers.keys;
    const ids = reader.ids(batch);
    this.fresh.length = 0;
    if (this.#slots.length < length) this.#slots = new Int32Array(Math.max(length, 2 * this.#slots.length));
    const slots = this.#slots;
    let slotOf = this.#slotOf;
    for (let row = 0; row < length; row++) {
      const id = ids[row];
      // Beyond the array's end nothing is found either.
      const slot = slotOf[id];
      if (slot > 0) slots[row] = slot - 1;
      else {
        if (id >= slotOf.length) slotOf = this.#grow(id + 1);
        this.#keys.put({ schema: this.#schema, length, columns: reader.columns(batch) }, row, 0);
        slots[row] = this.#count;
        slotOf[id] = ++this.#count;
        this.fresh.push(row);
      }
    }
    return slots;
  }

  /** Returns the slot of each of `count` rows, in an array that the next call uses again. */
  slots(columns: readonly Column[], count: number): Int32Array {
    const ids = this.#index.ids(columns, count, true);
    this.fresh.length = 0;
    if (this.#schema.length > 1) {
      // Combinations of several columns are numbered as they first appear.
      for (let row = 0; row < count; row++)
        if (ids[row] === this.#count) {
          this.#keys.put({ schema: this.#schema, length: count, columns }, row, 0);
          this.#count++;
          this.fresh.push(row);
        }
      return ids;
    }
    let slotOf = this.#slotOf;
    for (let row = 0; row < count; row++) {
      const id = ids[row];
      // Beyond the array's end nothing is found either.
      const slot = slotOf[id];
      if (slot > 0) ids[row] = slot - 1;
      else {
        if (id >= slotOf.length) slotOf = this.#grow(id + 1);
        this.#keys.put({ schema: this.#schema, length: count, columns }, row, 0);
        ids[row] = this.#count;
        slotOf[id] = ++this.#count;
        this.fresh.push(row);
      }
    }
    return ids;
  }

  #grow(size: number): Int32Array {
    const grown = new Int32Array(Math.max(size, 2 * this.#slotOf.length));
    grown.set(this.#slotOf);
    this.#slotOf = grown;
    return grown;
  }

  snapshot(): unknown {
    return {
      index: this.#numbers === null ? this.#index.snapshot() : this.#numbers.snapshot(),
      slotOf: this.#slotOf.slice(),
      keys: this.#keys.snapshot(),
      count: this.#count,
    };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { index: unknown; slotOf: Int32Array; keys: unknown; count: number };
    if (this.#numbers === null) this.#index.restore(from.index);
    else this.#numbers.restore(from.index);
    this.#slotOf = from.slotOf.slice();
    this.#keys.restore(from.keys);
    this.#count = from.count;
  }
}
