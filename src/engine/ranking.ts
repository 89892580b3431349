/**
 * Groups of rows in a given order, of which the first n are shown: what `topN` keeps, once for all time or once for each
 * window. Rows that compare equal keep the order in which they arrived.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, ColumnType } from "../columns/column.ts";
import type { RowStore } from "./row-store.ts";

/** One criterion of an order: its values by slot, as numbers with NaN for null, or as texts. */
interface Criterion {
  readonly descending: boolean;
  /** Null where rows are ordered by text. */
  numbers: Float64Array | null;
  texts: (string | null)[];
}

/** Keeps the values by which rows are ordered, by slot of the store that holds the rows. Null and NaN come last in either direction. */
export class OrderValues {
  readonly #criteria: readonly Criterion[];
  /** Order of arrival, by slot. */
  #arrival = new Float64Array(64);
  #arrived = 0;

  constructor(order: readonly { readonly descending: boolean; readonly type: ColumnType }[]) {
    this.#criteria = order.map(({ descending, type }) => ({
      descending,
      numbers: type === "string" ? null : new Float64Array(64),
      texts: [],
    }));
  }

  /** Remembers what a slot is ordered by. */
  put(slot: number, columns: readonly Column[], row: number): void {
    if (slot >= this.#arrival.length) this.#grow(slot + 1);
    for (let i = 0; i < columns.length; i++) {
      const { numbers, texts } = this.#criteria[i];
      if (numbers === null) texts[slot] = textOf(columns[i], row);
      else numbers[slot] = numberOf(columns[i], row);
    }
    this.#arrival[slot] = this.#arrived++;
  }

  /** Compares two slots; never 0 for different ones. */
  compare(a: number, b: number): number {
    return this.byValues(a, b) || (this.#arrival[a] < this.#arrival[b] ? -1 : 1);
  }

  /** Compares two slots by their values alone: 0 where these are equal. */
  byValues(a: number, b: number): number {
    const criteria = this.#criteria;
    for (let i = 0; i < criteria.length; i++) {
      const { numbers, texts, descending } = criteria[i];
      const found =
        numbers === null ? byText(texts[a], texts[b], descending) : byNumber(numbers[a], numbers[b], descending);
      if (found !== 0) return found;
    }
    return 0;
  }

  /** Whether a row that arrives now would stand behind a slot. */
  isBehind(slot: number, columns: readonly Column[], row: number): boolean {
    const criteria = this.#criteria;
    for (let i = 0; i < criteria.length; i++) {
      const { numbers, texts, descending } = criteria[i];
      const found =
        numbers === null
          ? byText(texts[slot], textOf(columns[i], row), descending)
          : byNumber(numbers[slot], numberOf(columns[i], row), descending);
      if (found !== 0) return found < 0;
    }
    return true;
  }

  snapshot(): unknown {
    const values = this.#criteria.map(({ numbers, texts }) => (numbers === null ? [...texts] : numbers.slice()));
    return { values, arrival: this.#arrival.slice(), arrived: this.#arrived };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { values: (Float64Array | (string | null)[])[]; arrival: Float64Array; arrived: number };
    from.values.forEach((values, i) => {
      if (values instanceof Float64Array) this.#criteria[i].numbers = values.slice();
      else this.#criteria[i].texts = [...values];
    });
    this.#arrival = from.arrival.slice();
    this.#arrived = from.arrived;
  }

  #grow(least: number): void {
    const capacity = Math.max(least, 2 * this.#arrival.length);
    const grown = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(capacity);
      to.set(from);
      return to;
    };
    this.#arrival = grown(this.#arrival);
    for (const criterion of this.#criteria)
      if (criterion.numbers !== null) criterion.numbers = grown(criterion.numbers);
  }
}

function byNumber(x: number, y: number, descending: boolean): number {
  if (x === y) return 0;
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
  if (Number.isNaN(y)) return -1;
  return x < y === descending ? 1 : -1;
}

function byText(x: string | null, y: string | null, descending: boolean): number {
  if (x === y) return 0;
  if (x === null) return 1;
  if (y === null) return -1;
  return x < y === descending ? 1 : -1;
}

/** What a row is ordered by as a number: booleans as 0 and 1; NaN for null, and for what has no order. */
function numberOf(column: Column, row: number): number {
  if (column.type === "string" || column.type === "json") return NaN;
  return column.valid !== null && column.valid[row] === 0 ? NaN : column.values[row];
}

function textOf(column: Column, row: number): string | null {
  if (column.type !== "string" || column.codes[row] < 0) return null;
  return column.dictionary.value(column.codes[row]);
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
    let slots = this.#groups.get(group);
    if (slots === undefined) this.#groups.set(group, (slots = []));
    // Most rows of a group that is full stand behind its last.
    if (!this.#all && slots.length >= this.#n && this.#order.isBehind(slots[this.#n - 1], order, row)) return;
    const slot = this.#store.put(batch, row, time);
    this.#order.put(slot, order, row);
    const place = this.#placeOf(slots, slot);
    insertAt(slots, place, slot);
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
    const slot = slots[place];
    removeAt(slots, place);
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

/** Slots that are moved one by one; more are moved by the array itself, which then makes another for what it took out. */
const FEW = 32;

/** Puts a slot at a place of a list. */
function insertAt(slots: number[], place: number, slot: number): void {
  if (slots.length - place > FEW) {
    slots.splice(place, 0, slot);
    return;
  }
  slots.push(slot);
  for (let i = slots.length - 1; i > place; i--) slots[i] = slots[i - 1];
  slots[place] = slot;
}

/** Takes the slot at a place out of a list. */
function removeAt(slots: number[], place: number): void {
  if (slots.length - place > FEW) {
    slots.splice(place, 1);
    return;
  }
  for (let i = place + 1; i < slots.length; i++) slots[i - 1] = slots[i];
  slots.pop();
}
