/**
 * The groups of an aggregate: each distinct key gets a slot, in the order in which keys first appear in the stream. That
 * order breaks ties wherever several groups have something to say at the same moment.
 */
import { type Column, type Value, valueAt } from "../../../columns/column.ts";
import { KeyIndex } from "../../key-index.ts";

export class GroupKeys {
  readonly #width: number;
  readonly #index: KeyIndex;
  /** Slot + 1 by the index's own number; 0: not seen. */
  #slotOf = new Int32Array(64);
  readonly #values: (readonly Value[])[] = [];

  /** Makes the groups of keys with `width` columns; without columns all rows are one group. */
  constructor(width: number) {
    this.#width = width;
    this.#index = new KeyIndex(width);
  }

  /** Number of groups seen so far. */
  get count(): number {
    return this.#values.length;
  }

  /** The key's values, one per key column. */
  valuesOf(slot: number): readonly Value[] {
    return this.#values[slot];
  }

  /** Returns the slot of each of `count` rows, in an array that the next call uses again. */
  slots(columns: readonly Column[], count: number): Int32Array {
    const ids = this.#index.ids(columns, count, true);
    for (let row = 0; row < count; row++) {
      const id = ids[row];
      if (id >= this.#slotOf.length) {
        const grown = new Int32Array(Math.max(id + 1, 2 * this.#slotOf.length));
        grown.set(this.#slotOf);
        this.#slotOf = grown;
      }
      if (this.#slotOf[id] === 0) {
        this.#values.push(columns.slice(0, this.#width).map(column => valueAt(column, row)));
        this.#slotOf[id] = this.#values.length;
      }
      ids[row] = this.#slotOf[id] - 1;
    }
    return ids;
  }

  snapshot(): unknown {
    return { index: this.#index.snapshot(), slotOf: this.#slotOf.slice(), values: this.#values.slice() };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { index: unknown; slotOf: Int32Array; values: (readonly Value[])[] };
    this.#index.restore(from.index);
    this.#slotOf = from.slotOf.slice();
    this.#values.length = 0;
    this.#values.push(...from.values);
  }
}
