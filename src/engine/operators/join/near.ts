/**
 * One side of an interval join: its rows by key, found by their time, and what the join knows of each of them.
 *
 * Rows of a stream that only adds are held in order of time, together with others that read them so (`times.ts`). Rows that can be
 * taken back are held in an arrangement of the join's own, in which a row may also go before it comes.
 */
import type { RowExpression } from "../../../expressions/tree.ts";
import { Due } from "../../due.ts";
import type { Flow } from "../../flow.ts";
import { type Claim, Holding, holdBy } from "../../holdings.ts";
import { grown } from "../../journal.ts";
import type { OperatorContext } from "../../operator.ts";
import type { RowStore } from "../../row-store.ts";
import type { Step } from "../../step.ts";
import { Times, TimesReader } from "../../times.ts";
import { keptUnder } from "./incremental.ts";
import type { SlotList } from "./sides.ts";

/** What becomes of the rows of a side. */
export interface NearWish {
  readonly input: number;
  readonly keys: readonly RowExpression[];
  readonly mayGo: boolean;
}

/** Plans what an interval join holds of both sides. */
export function holdNear(wishes: readonly NearWish[], context: OperatorContext): Claim<Times | Holding> {
  const all = wishes.map(wish => ({ ...wish, retention: "in time" as const, alone: wish.mayGo }));
  return holdBy(all, context, (wish, ...of) =>
    wish.mayGo === true ? new Holding(wish, ...of) : new Times(wish, ...of),
  );
}

export abstract class NearSide {
  /** By slot: how many rows of the other side match, and whether it is settled that a row without one has none. */
  mark = new Int32Array(0);
  settled = new Uint8Array(0);
  /** Its ticket among those that wait to be settled. */
  ticket = new Float64Array(0);

  abstract get store(): RowStore;
  abstract begin(step: Step, flow: Flow): Int32Array;
  /** Takes a row in, or one unit of its weight, and returns its slot; a row of weight −1 takes an equal one out. */
  abstract change(flow: Flow, row: number, unit: number, key: number, weight: number): number;
  /** Whether the latest change brought a row that was not there. */
  abstract get isNew(): boolean;
  /** Passes over a row that is not taken in. */
  abstract refuse(flow: Flow, row: number, key: number): void;
  /** Returns a slot from which a row of the step can be read until the next one begins. */
  abstract show(flow: Flow, row: number): number;
  abstract weight(slot: number): number;
  /**
   * Lists the rows of a key that lie around a time, from `lower` after it to `upper` after it, in order of arrival. The time is `times[slot]`
   * of the other side: numbers that are made for a call are put into boxes.
   */
  abstract near(key: number, times: Float64Array, slot: number, lower: number, upper: number, into: SlotList): void;
  /** Ends a step: lets go of rows that are done with. */
  abstract done(watermark: number): void;
  abstract snapshot(): unknown;
  abstract restore(snapshot: unknown): void;

  protected fit(capacity: number): void {
    if (this.mark.length >= capacity) return;
    this.mark = grown(this.mark, capacity);
    const settled = new Uint8Array(capacity);
    settled.set(this.settled);
    this.settled = settled;
    this.ticket = longer(this.ticket, capacity);
  }

  protected saved(): object {
    return { mark: this.mark.slice(), settled: this.settled.slice(), ticket: this.ticket.slice() };
  }

  protected load(saved: unknown): void {
    const { mark, settled, ticket } = saved as Pick<NearSide, "mark" | "settled" | "ticket">;
    this.mark = mark.slice();
    this.settled = settled.slice();
    this.ticket = ticket.slice();
  }
}

/**
 * Makes a side of what is held of it. A row has to be there until nothing that is accepted can match it, `reach` after its own time
 * and the allowed lateness; and until it cannot be taken back any more.
 */
export function nearSide(held: Times | Holding, reach: number, lateness: number): NearSide {
  return held instanceof Times
    ? new AddedSide(held, reach + lateness)
    : new ChangedSide(held, Math.max(0, reach) + lateness);
}

/** Rows that are never taken back. */
class AddedSide extends NearSide {
  readonly #held: TimesReader;
  readonly #reach: number;
  /** By slot: which row of the join it is, in order of arrival; −1 for one that others took in and this join did not. */
  #born = new Float64Array(0);
  #births = 0;
  readonly isNew = true;

  constructor(held: Times, reach: number) {
    super();
    this.#held = new TimesReader(held);
    this.#reach = reach;
  }

  get store(): RowStore {
    return this.#held.store;
  }

  begin(step: Step, flow: Flow): Int32Array {
    return this.#held.begin(step, flow);
  }

  change(flow: Flow, row: number, unit: number, key: number): number {
    const slot = this.#held.take(flow, row, unit, key);
    this.fit(this.store.capacity);
    this.#born[slot] = this.#births++;
    return slot;
  }

  refuse(flow: Flow, row: number, key: number): void {
    if (!this.#held.shared) return;
    const units = flow.weight === null ? 1 : flow.weight[row];
    for (let unit = 0; unit < units; unit++) {
      const slot = this.#held.take(flow, row, unit, key);
      this.fit(this.store.capacity);
      this.#born[slot] = -1;
    }
  }

  show(flow: Flow, row: number): number {
    return this.#held.show(flow, row);
  }

  weight(): number {
    return 1;
  }

  near(key: number, times: Float64Array, around: number, lower: number, upper: number, into: SlotList): void {
    const rows = this.#held;
    const end = rows.until(key, times[around] + upper);
    const born = this.#born;
    const first = into.count;
    let latest = -1;
    let sorted = true;
    for (let place = rows.from(key, times[around] + lower); place < end; place++) {
      const slot = rows.at(place);
      if (slot < 0 || born[slot] < 0) continue;
      if (born[slot] < latest) sorted = false;
      latest = born[slot];
      into.push(slot);
    }
    if (!sorted) inOrderOf(born, into.slots, first, into.count);
  }

  done(watermark: number): void {
    // A millisecond more, lest rounding should forget a row that could still match.
    this.#held.done(this.#reach === Infinity ? -Infinity : watermark - this.#reach - 1, false);
  }

  protected override fit(capacity: number): void {
    super.fit(capacity);
    if (this.#born.length < capacity) this.#born = longer(this.#born, capacity);
  }

  snapshot(): unknown {
    return { ...this.saved(), born: this.#born.slice(), births: this.#births };
  }

  restore(snapshot: unknown): void {
    const { born, births } = snapshot as { born: Float64Array; births: number };
    this.load(snapshot);
    this.#born = born.slice();
    this.#births = births;
  }
}

/** Rows that can be taken back. */
class ChangedSide extends NearSide {
  readonly #held: Holding;
  readonly #reach: number;
  /** Rows to forget, by their slots, and by slot the ticket of the row that is there. */
  readonly #forgetting = new Due();
  #kept = new Float64Array(0);
  isNew = false;

  constructor(held: Holding, reach: number) {
    super();
    this.#held = held;
    this.#reach = reach;
  }

  get store(): RowStore {
    return this.#held.store;
  }

  begin(step: Step, flow: Flow): Int32Array {
    return this.#held.begin(step, flow);
  }

  change({ batch, time }: Flow, row: number, _unit: number, key: number, weight: number): number {
    const { rows } = this.#held;
    const before = rows.rows;
    const slot = rows.add(keptUnder(key), batch, row, time[row], weight);
    this.fit(this.store.capacity);
    this.isNew = rows.rows > before;
    if (this.isNew) this.#kept[slot] = this.#forgetting.push(time[row] + this.#reach, slot);
    else if (rows.rows < before) this.#kept[slot] = this.ticket[slot] = -1;
    return slot;
  }

  refuse(): void {}

  show({ batch, time }: Flow, row: number): number {
    const slot = this.store.put(batch, row, time[row]);
    this.store.free(slot);
    return slot;
  }

  weight(slot: number): number {
    return this.#held.rows.weight(slot);
  }

  near(key: number, times: Float64Array, around: number, lower: number, upper: number, into: SlotList): void {
    const from = times[around] + lower;
    const to = times[around] + upper;
    const { rows } = this.#held;
    const { time } = this.store;
    for (let c = rows.first(keptUnder(key)); c >= 0; c = rows.next(c))
      if (time[c] >= from && time[c] <= to) into.push(c);
  }

  done(watermark: number): void {
    const forgetting = this.#forgetting;
    while (forgetting.isBefore(watermark)) {
      const slot = forgetting.pop();
      if (this.#kept[slot] === forgetting.ticket) this.#held.rows.remove(slot);
    }
  }

  protected override fit(capacity: number): void {
    super.fit(capacity);
    if (this.#kept.length < capacity) this.#kept = longer(this.#kept, capacity);
  }

  snapshot(): unknown {
    return { ...this.saved(), forgetting: this.#forgetting.snapshot(), kept: this.#kept.slice() };
  }

  restore(snapshot: unknown): void {
    const { forgetting, kept } = snapshot as { forgetting: unknown; kept: Float64Array };
    this.load(snapshot);
    this.#forgetting.restore(forgetting);
    this.#kept = kept.slice();
  }
}

/** Slots that are put in order one by one, which makes no objects as sorting does; of more, that would take too long. */
const FEW = 32;

/** Sorts `slots[first … end)` by a number that each has, no two the same. */
function inOrderOf(numbers: Float64Array, slots: Int32Array, first: number, end: number): void {
  if (end - first > FEW) {
    slots.subarray(first, end).sort((a, b) => numbers[a] - numbers[b]);
    return;
  }
  for (let i = first + 1; i < end; i++) {
    const slot = slots[i];
    let at = i;
    for (; at > first && numbers[slots[at - 1]] > numbers[slot]; at--) slots[at] = slots[at - 1];
    slots[at] = slot;
  }
}

function longer(from: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(capacity);
  to.set(from);
  return to;
}
