/**
 * Groups of rows in a given order, of which the first n are shown: what `topN` keeps, once for all time or once for each
 * window. Rows that compare equal keep the order in which they arrived.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column } from "../columns/column.ts";
import type { RowStore } from "./row-store.ts";

/** Keeps the values by which rows are ordered, by slot of the store that holds the rows. */
export class OrderValues {
  readonly #descending: readonly boolean[];
  /** Per criterion: numbers, or texts. Null and NaN are `null`, and come last in either direction. */
  #values: (number | string | null)[][];
  /** Order of arrival, by slot. */
  #arrival: number[] = [];
  #arrived = 0;

  constructor(descending: readonly boolean[]) {
    this.#descending = descending;
    this.#values = descending.map(() => []);
  }

  /** Remembers what a slot is ordered by. */
  put(slot: number, columns: readonly Column[], row: number): void {
    for (let i = 0; i < columns.length; i++) this.#values[i][slot] = orderValue(columns[i], row);
    this.#arrival[slot] = this.#arrived++;
  }

  /** Compares two slots; never 0 for different ones. */
  compare(a: number, b: number): number {
    return this.byValues(a, b) || this.#arrival[a] - this.#arrival[b];
  }

  /** Compares two slots by their values alone: 0 where these are equal. */
  byValues(a: number, b: number): number {
    for (let i = 0; i < this.#values.length; i++) {
      const x = this.#values[i][a];
      const y = this.#values[i][b];
      if (x === y) continue;
      if (x === null) return 1;
      if (y === null) return -1;
      return x < y === this.#descending[i] ? 1 : -1;
    }
    return 0;
  }

  snapshot(): unknown {
    return { values: this.#values.map(v => [...v]), arrival: [...this.#arrival], arrived: this.#arrived };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { values: (number | string | null)[][]; arrival: number[]; arrived: number };
    this.#values = from.values.map(v => [...v]);
    this.#arrival = [...from.arrival];
    this.#arrived = from.arrived;
  }
}

/** Reads what a row is ordered by: numbers, text, booleans as 0 and 1; null for null and NaN. */
function orderValue(column: Column, row: number): number | string | null {
  switch (column.type) {
    case "number":
    case "timestamp": {
      const value = column.values[row];
      return (column.valid !== null && column.valid[row] === 0) || Number.isNaN(value) ? null : value + 0;
    }
    case "boolean":
      return column.valid !== null && column.valid[row] === 0 ? null : column.values[row];
    case "string":
      return column.codes[row] < 0 ? null : column.dictionary.value(column.codes[row]);
    case "json":
      return null;
  }
}

/** Receives a change of what is shown. */
export type Show = (slot: number, weight: number) => void;

export class Ranking {
  readonly #n: number;
  readonly #store: RowStore;
  readonly #order: OrderValues;
  /** Whether rows beyond the first n are kept, because those before may be taken back. */
  readonly #all: boolean;
  /** Slots of each group, in order. */
  readonly #groups = new Map<number, number[]>();
  /** Rows taken back before they came, by group; they cancel with the next equal row. */
  readonly #owed = new Map<number, number[]>();

  constructor(n: number, store: RowStore, order: OrderValues, all: boolean) {
    this.#n = n;
    this.#store = store;
    this.#order = order;
    this.#all = all;
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** Adds a row of weight 1 and shows what changes; `show` is null as long as nothing is to be shown. */
  add(group: number, batch: Batch, row: number, time: number, order: readonly Column[], show: Show | null): void {
    if (this.#owed.size > 0 && this.#settle(group, batch, row)) return;
    const slot = this.#store.put(batch, row, time);
    this.#order.put(slot, order, row);
    let slots = this.#groups.get(group);
    if (slots === undefined) this.#groups.set(group, (slots = []));
    const place = this.#placeOf(slots, slot);
    if (place >= this.#n && !this.#all) {
      this.#store.free(slot);
      return;
    }
    slots.splice(place, 0, slot);
    if (place < this.#n && slots.length > this.#n) show?.(slots[this.#n], -1);
    if (place < this.#n) show?.(slot, 1);
    if (!this.#all && slots.length > this.#n) this.#store.free(slots.pop() as number);
  }

  /** Takes a row back and shows what changes. */
  remove(group: number, batch: Batch, row: number, time: number, order: readonly Column[], show: Show | null): void {
    const slots = this.#groups.get(group) ?? [];
    // An equal row is ordered by equal values: it stands among those just before where the row itself would stand now.
    const sought = this.#store.put(batch, row, time);
    this.#order.put(sought, order, row);
    let place = -1;
    for (let i = this.#placeOf(slots, sought) - 1; i >= 0 && this.#order.byValues(slots[i], sought) === 0; i--) {
      if (!this.#store.equals(slots[i], batch, row)) continue;
      if (place < 0 || this.#store.time[slots[i]] === time) place = i;
      if (this.#store.time[slots[i]] === time) break;
    }
    if (place < 0) {
      const owed = this.#owed.get(group) ?? [];
      owed.push(sought);
      this.#owed.set(group, owed);
      return;
    }
    this.#store.free(sought);
    const [slot] = slots.splice(place, 1);
    if (place < this.#n) show?.(slot, -1);
    if (place < this.#n && slots.length >= this.#n) show?.(slots[this.#n - 1], 1);
    this.#store.free(slot);
    if (slots.length === 0) this.#groups.delete(group);
  }

  /** Shows the first n of every group, groups in order of first arrival. */
  all(show: Show): void {
    for (const slots of this.#groups.values()) for (let i = 0; i < slots.length && i < this.#n; i++) show(slots[i], 1);
  }

  /** Frees all rows; the ranking is not to be used afterwards. */
  clear(): void {
    for (const slots of [...this.#groups.values(), ...this.#owed.values()])
      for (const slot of slots) this.#store.free(slot);
  }

  snapshot(): unknown {
    const copy = (of: Map<number, number[]>): [number, number[]][] =>
      [...of].map(([group, slots]) => [group, [...slots]]);
    return { groups: copy(this.#groups), owed: copy(this.#owed) };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { groups: [number, number[]][]; owed: [number, number[]][] };
    for (const [group, slots] of from.groups) this.#groups.set(group, [...slots]);
    for (const [group, slots] of from.owed) this.#owed.set(group, [...slots]);
  }

  #settle(group: number, batch: Batch, row: number): boolean {
    const owed = this.#owed.get(group);
    const i = owed?.findIndex(slot => this.#store.equals(slot, batch, row)) ?? -1;
    if (owed === undefined || i < 0) return false;
    this.#store.free(owed.splice(i, 1)[0]);
    if (owed.length === 0) this.#owed.delete(group);
    return true;
  }

  #placeOf(slots: readonly number[], slot: number): number {
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order.compare(slots[middle], slot) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
