/**
 * `asofJoin`: both sides by key in order of time, held together with others that read them so (`times.ts`); of each left row the
 * answer that was given, and those whose answer is not final yet in a queue by time.
 */
import type { AsofJoinNode } from "../../pipeline/verbs/asofJoin.ts";
import { droppedColumns, joinColumns } from "../../pipeline/verbs/join.ts";
import { Dropped } from "../dropped.ts";
import { Due } from "../due.ts";
import { Emission } from "../emission.ts";
import type { Flow } from "../flow.ts";
import type { Operator, OperatorFactory, Outputs } from "../operator.ts";
import { retracts } from "../retracts.ts";
import { holdTimes, TimesReader } from "../times.ts";
import { denseAll, minimumWatermark, walk } from "../walk.ts";
import { gatherJoined } from "./join/sides.ts";
import { grown } from "../journal.ts";

type Side = 0 | 1;

const NONE = -1;
/** The answer of a left row that waits for one. */
const WAITS = -2;

export const asofJoin: OperatorFactory<AsofJoinNode> = (node, context): Operator => {
  const { allowedLateness, tolerance } = node;
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const dropColumns = droppedColumns(node, context.inputs);
  // Left rows without a key are kept under one that no right row has.
  const claim = holdTimes(
    [
      { input: 0, keys: node.keys.left, mayGo: retracts(node.left, context.profile) },
      { input: 1, keys: node.keys.right, mayGo: retracts(node.right, context.profile) },
    ],
    context,
  );
  const waiting = new Due();
  const asked = new Asked();
  const emission = new Emission();
  const dropped = new Dropped(allowedLateness);
  const saysLate = context.reads("late");
  let watermark = -Infinity;
  /** Answers to left rows from this time on may change. */
  let limit = -Infinity;
  let position = 0;
  let clock = NaN;
  let sides: readonly TimesReader[] = [];
  let lefts: TimesReader;
  let rights: TimesReader;

  const find = (): void => {
    sides = [lefts, rights] = claim.held.map(held => new TimesReader(held));
  };
  const move = (moved: number): void => {
    watermark = moved;
    limit = allowedLateness === Infinity ? -Infinity : moved - allowedLateness;
  };
  const answerFor = (key: number, time: number): number => {
    if (key < 0) return NONE;
    const found = rights.newest(key, time);
    return found >= 0 && time - rights.store.time[found] <= tolerance ? found : NONE;
  };
  const say = (slot: number, answer: number, weight: number): void => {
    if (answer !== NONE || node.kind === "left")
      emission.emit(position, clock, lefts.store.time[slot], weight, slot, answer);
  };
  /**
   * Gives anew the answers that a right row at a time has come into, or gone out of: those from its time on, up to the next
   * right row, as far as they are out and may still change.
   */
  const restate = (key: number, time: number): void => {
    const next = rights.after(key, time);
    const end = lefts.end(key);
    for (let place = lefts.from(key, Math.max(time, limit)); place < end; place++) {
      const slot = lefts.at(place);
      if (slot < 0) continue;
      const at = lefts.store.time[slot];
      if (at >= next) return;
      const before = asked.answer[slot];
      if (before === WAITS) continue;
      const found = answerFor(key, at);
      if (found === before) continue;
      say(slot, before, -1);
      asked.answer[slot] = found;
      say(slot, found, 1);
    }
  };

  const addLeft = (key: number, slot: number, time: number): void => {
    asked.fit(lefts.store.capacity);
    asked.key[slot] = key;
    if (time < watermark) say(slot, (asked.answer[slot] = answerFor(key, time)), 1);
    else {
      asked.answer[slot] = WAITS;
      asked.ticket[slot] = waiting.push(time, slot);
    }
  };
  const removeLeft = (slot: number): void => {
    if (slot < 0) return;
    if (asked.answer[slot] !== WAITS) say(slot, asked.answer[slot], -1);
    asked.ticket[slot] = NONE;
  };
  /** Whether a right row is older than one that every answer still to come would prefer. */
  const useless = (key: number, time: number): boolean => {
    if (time + allowedLateness >= watermark) return false;
    const base = rights.newest(key, limit);
    return base >= 0 && rights.store.time[base] > time;
  };
  const answer = (moved: number): void => {
    while (waiting.isBefore(moved)) {
      const slot = waiting.pop();
      // A row that was taken back meanwhile waits no more, even if another has its slot by now.
      if (asked.ticket[slot] !== waiting.ticket) continue;
      asked.answer[slot] = answerFor(asked.key[slot], lefts.store.time[slot]);
      say(slot, asked.answer[slot], 1);
    }
  };

  return {
    step(step, inputs): Outputs {
      const flows = denseAll(inputs);
      if (sides.length === 0) find();
      const ids = sides.map((side, i) => side.begin(step, flows[i]));
      const output = minimumWatermark(inputs);
      walk(step, flows, output, watermark, {
        row(input, row, at, own) {
          const side = input as Side;
          const flow = flows[side];
          const time = flow.time[row];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const key = ids[side][row];
          position = at;
          clock = own;
          if (side === 1 && key < 0) return;
          if (side === 0 ? time + allowedLateness < watermark : useless(key, time)) {
            if (!saysLate) return;
            const slot = sides[side].show(flow, row);
            const [left, right] = side === 0 ? [slot, NONE] : [NONE, slot];
            dropped.add(position, clock, time, weight, left, right, time, time + 1, watermark);
            return;
          }
          for (let unit = 0; unit < weight; unit++) {
            const slot = sides[side].take(flow, row, unit, key);
            if (side === 0) addLeft(key, slot, time);
            else if (time < watermark) restate(key, time);
          }
          for (let unit = 0; unit > weight; unit--)
            if (side === 0) removeLeft(lefts.remove(flow, row, key));
            else {
              // What is older than the row that answers at the limit is done with, so it does not answer in its place.
              rights.forgetBefore(key, limit);
              if (rights.remove(flow, row, key) >= 0) restate(key, time);
            }
        },
        advance(at, moved) {
          move(moved);
          position = at;
          clock = NaN;
          answer(moved);
        },
      });
      const stores = [lefts.store, rights.store];
      const main = emission.take(step, schema, output, (e, count) =>
        gatherJoined(columns, stores, e.left, e.right, count),
      );
      const outputs: Record<string, Flow> = { main };
      if (saysLate)
        outputs.late = dropped.take(step, context.schema("late"), output, (left, right, count) =>
          gatherJoined(dropColumns, stores, left, right, count),
        );
      // Of right rows, one at or before the limit is what the answers at the limit come to.
      lefts.done(limit, false);
      rights.done(limit, true);
      return outputs;
    },
    snapshot: () => ({ watermark, held: claim.snapshot(), waiting: waiting.snapshot(), asked: asked.snapshot() }),
    restore(snapshot) {
      const from = snapshot as { watermark: number; held: unknown; waiting: unknown; asked: unknown };
      move(from.watermark);
      claim.restore(from.held);
      waiting.restore(from.waiting);
      asked.restore(from.asked);
    },
    size: () => ({ keys: claim.size.keys, windows: 0, entries: claim.size.rows, hold: null }),
  };
};

/** What an as-of join knows of each left row, by its slot. */
class Asked {
  key = new Int32Array(0);
  /** Slot of the right row that was given, −1 for none, −2 for a row that waits. */
  answer = new Int32Array(0);
  /** Its ticket in the queue of those that wait. */
  ticket = new Float64Array(0);

  fit(capacity: number): void {
    if (this.key.length >= capacity) return;
    this.key = grown(this.key, capacity);
    this.answer = grown(this.answer, capacity);
    const ticket = new Float64Array(capacity);
    ticket.set(this.ticket);
    this.ticket = ticket;
  }

  snapshot(): unknown {
    return { key: this.key.slice(), answer: this.answer.slice(), ticket: this.ticket.slice() };
  }

  restore(snapshot: unknown): void {
    const { key, answer, ticket } = snapshot as { key: Int32Array; answer: Int32Array; ticket: Float64Array };
    this.key = key.slice();
    this.answer = answer.slice();
    this.ticket = ticket.slice();
  }
}
