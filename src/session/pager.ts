/**
 * Gives the order in which the page of a table is cut. A small table is put in order at once; a large one in slices, and while
 * that goes on the order before serves, so that neither a click on a column's head nor a table that grows keeps anybody
 * waiting.
 */
import type { Order, Table } from "../engine/table.ts";
import type { TableOrder } from "../engine/table-order.ts";

/** Rows that are put in order at once. */
const SMALL = 20_000;

export class Pager {
  readonly #table: Table;
  #order: Order | null = null;
  #shown: TableOrder | null = null;
  #working: TableOrder | null = null;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Slots of the rows in an order, null where that is the table's own; undefined while there is nothing to show yet. */
  slots(order: Order | null): Int32Array | null | undefined {
    const table = this.#table;
    if (order === null && !table.isOrdered) {
      this.#working = null;
      return null;
    }
    if (order?.column !== this.#order?.column || order?.descending !== this.#order?.descending) {
      this.#order = order;
      this.#shown = this.#working = null;
    }
    if (table.length <= SMALL) {
      this.#working = null;
      return table.slots(order);
    }
    // Rows that are gone have no place; that happens when a replay goes back.
    if (this.#shown !== null && this.#shown.slots.length > table.length) this.#shown = null;
    if (this.#shown?.version !== table.version) this.#working ??= table.ordering(order);
    return this.#shown?.slots;
  }

  /** Whether rows are still being put in order. */
  get busy(): boolean {
    return this.#working !== null;
  }

  /** Works until the order is there or `enough` says so. Says whether there is a new one to show. */
  work(enough: () => boolean): boolean {
    const working = this.#working;
    if (working === null || working.work(enough)) return false;
    this.#shown = working;
    this.#working = null;
    return true;
  }
}
