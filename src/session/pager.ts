/**
 * Gives the rows of a page of a table in an order. A small table is put in order at once, a large one in slices, so that a click on
 * a column's head keeps nobody waiting. Then the order follows the table, which costs what changes; where a great part of a large
 * table has changed it is put in order again, and the order before serves meanwhile.
 */
import type { ChangedSlots } from "../engine/changed-slots.ts";
import { FollowedOrder } from "../engine/followed-order.ts";
import type { Order, Table } from "../engine/table.ts";
import type { TableOrder } from "../engine/table-order.ts";

/** Rows that are put in order at once. */
const SMALL = 20_000;
/** A share of the rows: where more than these have changed, it is sooner done to put all in order again. */
const MANY = 16;

/** Rows of a page: where it begins, and their slots. */
export interface PageSlots {
  readonly from: number;
  readonly slots: Int32Array;
}

export class Pager {
  readonly #table: Table;
  #order: Order | null = null;
  #shown: FollowedOrder | null = null;
  #version = -1;
  /** What has changed since the order that is shown, or the one that is being made. */
  #changed: ChangedSlots | null = null;
  #working: TableOrder | null = null;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Rows `[from, from + count)` in an order, null where that is the table's own; undefined while there is nothing to show yet. */
  page(order: Order | null, from: number, count: number): PageSlots | null | undefined {
    const table = this.#table;
    if (order?.column !== this.#order?.column || order?.descending !== this.#order?.descending) this.#leave();
    this.#order = order;
    if (table.orderedBy(order).length === 0) {
      this.#leave();
      return null;
    }
    if (this.#version !== table.version && !this.#follow()) this.#begin();
    // Rows that are gone have no place; that happens when a replay goes back.
    if (this.#shown !== null && this.#shown.length > table.kept) this.#shown = null;
    if (this.#shown === null) return undefined;
    return { from: Math.max(0, Math.min(from, this.#shown.length)), slots: this.#shown.slots(from, count) };
  }

  /** Whether rows are still being put in order. */
  get busy(): boolean {
    return this.#working !== null;
  }

  /** Works until the order is there or `enough` says so. Says whether there is a new one to show. */
  work(enough: () => boolean): boolean {
    const working = this.#working;
    if (working === null || working.work(enough)) return false;
    this.#working = null;
    this.#shown = new FollowedOrder(this.#table.orderedBy(this.#order), working.slots);
    this.#follow();
    return true;
  }

  /** Lets the order that is shown follow the table; false where that is not known how, or too much has changed. */
  #follow(): boolean {
    const { kept, version } = this.#table;
    if (this.#shown === null || this.#changed === null || this.#working !== null) return false;
    const changed = this.#changed.take(kept);
    const fresh = kept - this.#shown.length;
    if (changed === null || changed.length + Math.abs(fresh) > Math.max(64, kept / MANY)) {
      this.#changed.addAll();
      return false;
    }
    this.#shown.change(changed, kept);
    this.#version = version;
    return true;
  }

  /** Begins to put the table in order, and ends at once where it is small. */
  #begin(): void {
    if (this.#working !== null) return;
    this.#changed ??= this.#table.follow();
    this.#changed.take(0);
    this.#working = this.#table.ordering(this.#order);
    if (this.#table.kept <= SMALL) this.work(() => false);
  }

  /** Forgets the order that was shown. */
  #leave(): void {
    if (this.#changed !== null) this.#table.unfollow(this.#changed);
    this.#changed = null;
    this.#shown = this.#working = null;
    this.#version = -1;
  }
}
