/**
 * Rows of an input by key in order of time, held for one as-of or interval join or for several.
 *
 * Each reader forgets by its own watermark and lateness. At the end of each of its steps it says up to when it has no more use for
 * rows (`done`); what all of them are past goes, in lots, when the next step begins. Who has gone says nothing, and so keeps nothing.
 * What stays for the sake of others is older than anything a reader asks for, so it finds what it would find alone. (That is
 * compaction by the meet of the readers' frontiers; McSherry et al., 2020, as cited in `holdings.ts`.)
 *
 * Rows that can be taken back are not held together: a reader that met a row too late goes on without it, and what it finds once a
 * newer row is taken back must not be a row that others have met in time.
 */
import type { Flow } from "./flow.ts";
import { Chronicle } from "./chronicle.ts";
import {
  type Claim,
  type ClaimContext,
  type Held,
  holdBy,
  type HoldingContext,
  type SavedHolding,
  type Wish,
} from "./holdings.ts";
import { grown } from "./journal.ts";
import type { KeyReader } from "./numbering.ts";
import { RowStore } from "./row-store.ts";
import type { Step } from "./step.ts";

/** Fewest rows that are looked through to forget some. */
const FEWEST = 8;

/** Plans to hold inputs in order of time: each together with others, unless its rows may go. */
export function holdTimes(wishes: readonly Omit<Wish, "retention">[], context: ClaimContext): Claim<Times> {
  const all = wishes.map(wish => ({ ...wish, retention: "in time" as const, alone: wish.mayGo }));
  return holdBy(all, context, (...of) => new Times(...of));
}

/** Rows in order of time as one operator, or one side of it, sees them: those that it has met. */
export class TimesReader {
  readonly #times: Times;
  readonly #rows: Chronicle;
  readonly store: RowStore;
  #now = 0;

  constructor(times: Times) {
    this.#times = times;
    this.#rows = times.rows;
    this.store = times.store;
  }

  /** Whether others read the same. */
  get shared(): boolean {
    return this.#times.shared;
  }

  /** Begins a step, as `Times.begin`. */
  begin(step: Step, flow: Flow): Int32Array {
    this.#now = 0;
    return this.#times.begin(step, flow);
  }

  /** Takes in a row of the step that was begun, or one unit of its weight, and returns its slot. */
  take(flow: Flow, row: number, unit: number, key: number): number {
    if (this.#times.shared) this.#now = this.#times.numberOf(row, unit) + 1;
    return this.#times.take(flow, row, unit, key);
  }

  /** Takes a row out again and returns the slot that it had, or −1 where it is not there. */
  remove({ batch, time }: Flow, row: number, key: number): number {
    return this.#rows.remove(key, batch, row, time[row]);
  }

  /** Returns a slot from which a row of the step can be read until the next one begins, though it is not taken in. */
  show(flow: Flow, row: number): number {
    return this.#times.show(flow, row);
  }

  /** Returns the slot of a key's last row at or before a time, or −1. */
  newest(key: number, time: number): number {
    return this.#rows.newest(key, time, this.#now);
  }

  /** Returns the time of a key's first row after a time, or Infinity. */
  after(key: number, time: number): number {
    return this.#rows.after(key, time, this.#now);
  }

  /** Returns the place of the first of a key's rows at or after a time. */
  from(key: number, time: number): number {
    return this.#rows.from(key, time);
  }

  /** Returns the place after the last of a key's rows at or before a time. */
  until(key: number, time: number): number {
    return this.#rows.until(key, time);
  }

  /** Returns the place after a key's last row. */
  end(key: number): number {
    return this.#rows.end(key);
  }

  /** Returns the slot at a place, or −1 where its row was not met. */
  at(place: number): number {
    return this.#rows.at(place, this.#now);
  }

  /** Forgets rows of a key that nobody else reads: those that are older than its last one at or before a time. */
  forgetBefore(key: number, time: number): void {
    this.#rows.forgetOf(key, Infinity, time, true);
  }

  /** Ends a step: there is no more use for rows before a time, or else only for each key's last row at or before it. */
  done(limit: number, lastStays: boolean): void {
    this.#times.done(limit, lastStays);
  }
}

export class Times implements Held {
  readonly name: number;
  readonly store: RowStore;
  readonly rows: Chronicle;
  /** Whether several readers hold it. */
  readonly shared: boolean;
  readonly #keys: KeyReader;
  readonly #mayGo: boolean;
  /** The step at work, or the latest, and the keys of its rows. */
  #step: Step | null = null;
  #ids: Int32Array = new Int32Array(0);
  /** Of a step that several readers go through: the slots of its rows, a row of greater weight several times, and where each row's begin. */
  #met = new Int32Array(0);
  #metCount = 0;
  #starts: Int32Array | null = null;
  /** What those who worked the step still need: rows from a time on; and from the last row at or before a time on. */
  #limit = Infinity;
  #base: number | null = null;
  /** How many have said so, and how many had in the step before. */
  #told = 0;
  #readers = 0;
  /** Rows there were after the latest sweep: another one is worth it when there are twice as many. */
  #swept = FEWEST;
  #saved: SavedHolding | null = null;

  constructor(wish: Wish, context: HoldingContext, keys: KeyReader, name: number, shared: boolean) {
    this.name = name;
    this.store = new RowStore(context.inputs[wish.input]);
    this.rows = new Chronicle(this.store);
    this.#keys = keys;
    this.shared = shared;
    this.#mayGo = wish.mayGo === true;
  }

  /**
   * Begins a step for one of its readers, and returns the key of each row of the dense flow; −1 where it has a null. The reader then
   * takes in the rows in their order, as far as it has a use for them, and ends with `done`.
   */
  begin(step: Step, flow: Flow): Int32Array {
    this.#ids = this.#keys.matches(flow.batch);
    if (step === this.#step) return this.#ids;
    this.#step = step;
    this.#saved = null;
    this.#sweep();
    this.store.release();
    if (this.shared) this.#meet(flow);
    return this.#ids;
  }

  /** Takes in a row of the step that was begun, or one unit of its weight, and returns its slot. */
  take(flow: Flow, row: number, unit: number, key: number): number {
    if (!this.shared) return this.rows.add(key, flow, row);
    return this.#met[this.numberOf(row, unit)];
  }

  /** Returns how many rows of a step come before one that several readers meet, a row of greater weight counted several times. */
  numberOf(row: number, unit: number): number {
    return (this.#starts === null ? row : this.#starts[row]) + unit;
  }

  /** Returns a slot from which a row of the step can be read until the next one begins, though it is not taken in. */
  show({ batch, time }: Flow, row: number): number {
    if (this.shared) return this.#met[this.numberOf(row, 0)];
    const slot = this.store.put(batch, row, time[row]);
    this.store.free(slot);
    return slot;
  }

  /** Ends a step for a reader that has no more use for rows before a time, or else only for each key's last row at or before it. */
  done(limit: number, lastStays: boolean): void {
    this.#told++;
    if (lastStays) this.#base = this.#base === null || limit < this.#base ? limit : this.#base;
    else if (limit < this.#limit) this.#limit = limit;
  }

  /** Takes the state out, between steps. Gives the same object to all readers. */
  snapshot(): SavedHolding {
    if (this.#saved !== null) return this.#saved;
    const rows = { rows: this.rows.snapshot(), swept: this.#swept };
    const saved: SavedHolding = { name: this.name, shared: this.shared, store: this.store.snapshot(), rows };
    if (this.shared) this.#saved = saved;
    return saved;
  }

  restore({ store, rows }: SavedHolding): void {
    const from = rows as { rows: unknown; swept: number };
    this.store.restore(store);
    this.rows.restore(from.rows);
    this.#swept = from.swept;
  }

  /** Takes in all rows of a step. */
  #meet(flow: Flow): void {
    const { rows } = this;
    const { count, weight } = flow;
    rows.settle(this.#met, this.#metCount);
    this.#starts = weight === null ? null : new Int32Array(count);
    this.#metCount = 0;
    for (let row = 0; row < count; row++) {
      if (this.#starts !== null) this.#starts[row] = this.#metCount;
      const units = weight === null ? 1 : weight[row];
      const key = this.#ids[row];
      for (let unit = 0; unit < units; unit++) {
        if (this.#metCount === this.#met.length) this.#met = grown(this.#met, Math.max(count, 2 * this.#metCount));
        const slot = rows.add(key, flow, row);
        this.#met[this.#metCount++] = slot;
        rows.meet(slot, this.#metCount);
      }
    }
  }

  #sweep(): void {
    // Where a reader has gone there may be much that it alone could use.
    if (this.#told > 0 && (this.rows.rows >= 2 * this.#swept || this.#told < this.#readers)) {
      this.rows.forget(this.#limit, this.#base, this.#mayGo);
      this.#swept = Math.max(FEWEST, this.rows.rows);
    }
    this.#readers = this.#told;
    this.#told = 0;
    this.#limit = Infinity;
    this.#base = null;
  }
}
