/**
 * Gives the rows of a page of a table in an order. A small table is put in order at once, a large one in slices, so that a click on
 * a column's head keeps nobody waiting. Once the table changes, the order follows it, which costs what changes; where a great part of
 * a large table has changed it is put in order again, and the order before serves meanwhile. What an order needs in order to follow is
 * made, in slices too, when the first change has come: most long tables are looked at when they are complete.
 */
import type { ChangedSlots } from "../engine/changed-slots.ts";
import { FollowedOrder } from "../engine/followed-order.ts";
import { always, atOnce, type Enough, never, type Slices, some } from "../engine/slices.ts";
import type { Order, Table } from "../engine/table.ts";
import type { TableOrder } from "../engine/table-order.ts";

/** Rows that are put in order at once. */
const SMALL = 20_000;
/** A share of the rows: where more than these have changed, it is sooner done to put all in order again. */
const MANY = 16;
/** Rows that are put into their places between two chances to stop; each takes a few microseconds. */
const PORTION = 1_024;
/** Rows of a large table that change places at once, which cannot be done in portions where rows are taken back. */
const AT_ONCE = 4_096;

const NONE = new Int32Array(0);

/** Rows of a page: where it begins, and their slots. */
export interface PageSlots {
  readonly from: number;
  readonly slots: Int32Array;
}

export class Pager {
  readonly #table: Table;
  #order: Order | null = null;
  /** The slots in order, as they were found last; then what follows the table from there, as soon as it has taken them over. */
  #sorted: Int32Array | null = null;
  #followed: FollowedOrder | null = null;
  #version = -1;
  /** What has changed since the order that is shown, or the one that is being made. */
  #changed: ChangedSlots | null = null;
  /** An order that is being made; one that takes over what was found; whether rows are left to be put into their places. */
  #working: TableOrder | null = null;
  #taking: { readonly order: FollowedOrder; readonly work: Slices<void> } | null = null;
  #late = false;

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
    // Rows that are gone have no place; that happens when a replay goes back.
    if (this.#rows > table.kept) this.#hide();
    if (this.#version !== table.version && !this.busy && !this.#follow(table.kept <= SMALL ? never : always))
      this.#begin();
    const start = Math.max(0, Math.min(from, this.#rows));
    if (this.#followed !== null) return { from: start, slots: this.#followed.slots(from, count) };
    return this.#sorted === null ? undefined : { from: start, slots: this.#sorted.slice(start, start + count) };
  }

  /** Whether rows are still being put in order. */
  get busy(): boolean {
    return this.#working !== null || this.#taking !== null || this.#late;
  }

  /** Works until the order is there or `enough` says so. Says whether there is a new one to show. */
  work(enough: Enough): boolean {
    const working = this.#working;
    if (working === null) return this.busy && this.#goOn(enough);
    if (working.work(enough)) return false;
    this.#hide();
    this.#working = null;
    this.#sorted = working.slots;
    this.#version = working.version;
    if (this.#version !== this.#table.version && this.#follow(enough) && this.busy) this.#goOn(enough);
    return true;
  }

  /** Rows in the order that is shown. */
  get #rows(): number {
    return this.#followed?.length ?? this.#sorted?.length ?? 0;
  }

  /** Goes on with an order that takes over what was found, and with rows that have no place yet. Says whether to ask for a page again. */
  #goOn(enough: Enough): boolean {
    const taking = this.#taking;
    if (taking !== null) {
      if (some(taking.work, enough) === null) return false;
      this.#taking = this.#sorted = null;
      this.#followed = taking.order;
    }
    this.#late = false;
    // Where it can follow no further, whoever asks for the page again begins another order.
    this.#follow(enough);
    return true;
  }

  /**
   * Lets the order that is shown follow the table, a part of the way where there is much to do; false where that is not known how, or
   * too much has changed.
   */
  #follow(enough: Enough): boolean {
    const { kept, version, kind } = this.#table;
    if (this.#changed === null || (this.#followed === null && this.#sorted === null)) return false;
    const fresh = kept - this.#rows;
    const moves = this.#changed.size + Math.abs(fresh);
    const most = Math.max(64, kept / MANY);
    if (moves > (kind.kind === "append" || kept <= SMALL ? most : Math.min(most, AT_ONCE))) {
      this.#changed.addAll();
      return false;
    }
    if (this.#followed === null) {
      this.#takeOver(this.#sorted as Int32Array);
      if (this.#followed === null) return true;
    }
    if (this.#changed.size === 0 && fresh > 0) {
      // Rows of a log never change, so the order is right with every part of those that are new.
      const followed: FollowedOrder = this.#followed;
      do followed.change(NONE, Math.min(kept, followed.length + PORTION));
      while (followed.length < kept && !enough());
      this.#late = followed.length < kept;
      if (!this.#late) this.#version = version;
      return true;
    }
    const changed = this.#changed.take(kept);
    if (changed === null) {
      this.#changed.addAll();
      return false;
    }
    this.#followed.change(changed, kept);
    this.#version = version;
    return true;
  }

  /** Has an order that follows the table take over what was found; at once where that is little. */
  #takeOver(slots: Int32Array): void {
    const order = new FollowedOrder(this.#table.orderedBy(this.#order));
    const work = order.take(slots);
    if (slots.length > SMALL) {
      this.#taking = { order, work };
      return;
    }
    atOnce(work);
    this.#sorted = null;
    this.#followed = order;
  }

  /** Begins to put the table in order, and ends at once where it is small. */
  #begin(): void {
    if (this.#working !== null) return;
    this.#changed ??= this.#table.follow();
    this.#changed.take(0);
    this.#working = this.#table.ordering(this.#order);
    if (this.#table.kept <= SMALL) this.work(() => false);
  }

  /** Shows no order until there is another. */
  #hide(): void {
    this.#sorted = this.#followed = this.#taking = null;
    this.#late = false;
  }

  /** Forgets the order that was asked for. */
  #leave(): void {
    if (this.#changed !== null) this.#table.unfollow(this.#changed);
    this.#changed = this.#working = null;
    this.#hide();
    this.#version = -1;
  }
}
