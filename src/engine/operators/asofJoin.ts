/**
 * `asofJoin`: right rows of each key in order of time, left rows of each key as long as their answer may change, and those whose
 * answer is not final yet in a queue by time.
 */
import type { AsofJoinNode } from "../../pipeline/verbs/asofJoin.ts";
import { droppedColumns, joinColumns } from "../../pipeline/verbs/join.ts";
import { Dropped } from "../dropped.ts";
import { Due } from "../due.ts";
import { Emission } from "../emission.ts";
import type { Flow } from "../flow.ts";
import type { Operator, OperatorFactory, Outputs } from "../operator.ts";
import { denseAll, minimumWatermark, walk } from "../walk.ts";
import { gatherJoined, SideKeys, sideStores } from "./join/sides.ts";

type Side = 0 | 1;

const NONE = -1;

/** A left row that has an answer, or waits for one. */
interface Asked {
  readonly slot: number;
  readonly time: number;
  readonly id: number;
  answered: boolean;
  /** Slot of the right row that was given, or −1. */
  answer: number;
}

/** What is kept of a key. */
interface Series {
  /** In order of time, then arrival. */
  readonly lefts: Asked[];
  readonly rights: number[];
}

export const asofJoin: OperatorFactory<AsofJoinNode> = (node, context): Operator => {
  const { allowedLateness, tolerance } = node;
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const dropColumns = droppedColumns(node, context.inputs);
  const keys = new SideKeys(node.keys, context);
  const stores = sideStores(context);
  const [lefts, rights] = stores;
  const series = new Map<number, Series>();
  const waiting = new Due();
  /** Left rows that wait, by their number. */
  const asked = new Map<number, { key: number; row: Asked }>();
  const emission = new Emission();
  const dropped = new Dropped(allowedLateness);
  const saysLate = context.reads("late");
  let ids = 0;
  let kept = 0;
  /** Rows kept after the last sweep: another one is worth it when there are twice as many. */
  let swept = 64;
  let watermark = -Infinity;
  let position = 0;
  let clock = NaN;

  const seriesOf = (key: number): Series => {
    let found = series.get(key);
    if (found === undefined) series.set(key, (found = { lefts: [], rights: [] }));
    return found;
  };
  /** How many of a list of slots lie at or before a time. */
  const until = (slots: readonly number[], time: number): number => {
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rights.time[slots[middle]] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const answerFor = (of: Series, time: number): number => {
    const found = until(of.rights, time) - 1;
    if (found < 0) return NONE;
    return time - rights.time[of.rights[found]] <= tolerance ? of.rights[found] : NONE;
  };
  const say = (row: Asked, weight: number): void => {
    if (row.answer !== NONE || node.kind === "left")
      emission.emit(position, clock, row.time, weight, row.slot, row.answer);
  };
  /**
   * Gives anew the answers that a right row at a time has come into, or gone out of: those from its time on, up to the next
   * right row, as far as they are out and may still change.
   */
  const restate = (of: Series, time: number): void => {
    const after = until(of.rights, time);
    const next = after < of.rights.length ? rights.time[of.rights[after]] : Infinity;
    const from = Math.max(time, watermark - allowedLateness);
    for (let i = firstAt(of.lefts, from); i < of.lefts.length && of.lefts[i].time < next; i++) {
      const row = of.lefts[i];
      if (!row.answered) continue;
      const answer = answerFor(of, row.time);
      if (answer === row.answer) continue;
      say(row, -1);
      row.answer = answer;
      say(row, 1);
    }
  };

  const addLeft = (key: number, slot: number, time: number): void => {
    const of = seriesOf(key);
    const row: Asked = { slot, time, id: ids++, answered: false, answer: NONE };
    let place = of.lefts.length;
    while (place > 0 && of.lefts[place - 1].time > time) place--;
    of.lefts.splice(place, 0, row);
    kept++;
    if (time < watermark) {
      row.answered = true;
      row.answer = answerFor(of, time);
      say(row, 1);
    } else {
      asked.set(row.id, { key, row });
      waiting.push(time, row.id);
    }
  };
  const removeLeft = (key: number, flow: Flow, row: number): void => {
    const of = seriesOf(key);
    const place = of.lefts.findLastIndex(l => l.time === flow.time[row] && lefts.equals(l.slot, flow.batch, row));
    if (place < 0) return;
    const [gone] = of.lefts.splice(place, 1);
    kept--;
    if (gone.answered) say(gone, -1);
    asked.delete(gone.id);
    lefts.free(gone.slot);
  };
  const addRight = (key: number, slot: number, time: number): void => {
    const of = seriesOf(key);
    of.rights.splice(until(of.rights, time), 0, slot);
    kept++;
    if (time < watermark) restate(of, time);
  };
  const removeRight = (key: number, flow: Flow, row: number): void => {
    const of = seriesOf(key);
    const place = of.rights.findLastIndex(s => rights.time[s] === flow.time[row] && rights.equals(s, flow.batch, row));
    if (place < 0) return;
    const [gone] = of.rights.splice(place, 1);
    kept--;
    restate(of, flow.time[row]);
    rights.free(gone);
  };
  /** Whether a right row is older than one that every answer still to come would prefer. */
  const useless = (key: number, time: number): boolean => {
    if (time + allowedLateness >= watermark) return false;
    const of = series.get(key);
    if (of === undefined) return false;
    const base = until(of.rights, watermark - allowedLateness) - 1;
    return base >= 0 && rights.time[of.rights[base]] > time;
  };
  const drop = (side: Side, flow: Flow, row: number, weight: number): void => {
    if (!saysLate) return;
    const time = flow.time[row];
    const slot = stores[side].put(flow.batch, row, time);
    stores[side].free(slot);
    const [left, right] = side === 0 ? [slot, NONE] : [NONE, slot];
    dropped.add(position, clock, time, weight, left, right, time, time + 1, watermark);
  };
  const answer = (moved: number): void => {
    while (waiting.first < moved) {
      const id = waiting.pop();
      const found = asked.get(id);
      if (found === undefined) continue;
      asked.delete(id);
      const { row, key } = found;
      row.answered = true;
      row.answer = answerFor(seriesOf(key), row.time);
      say(row, 1);
    }
  };
  /** Forgets what no answer needs: the time of asking decides that, not the time of forgetting. */
  const sweep = (): void => {
    if (kept < 2 * swept) return;
    const limit = watermark - allowedLateness;
    for (const [key, of] of series) {
      let old = 0;
      while (old < of.lefts.length && of.lefts[old].time < limit) lefts.free(of.lefts[old++].slot);
      of.lefts.splice(0, old);
      // One right row at or before the limit is what the answers at the limit come to.
      const base = Math.max(0, until(of.rights, limit) - 1);
      for (let i = 0; i < base; i++) rights.free(of.rights[i]);
      of.rights.splice(0, base);
      kept -= old + base;
      if (of.lefts.length === 0 && of.rights.length === 0) series.delete(key);
    }
    swept = Math.max(64, kept);
  };

  return {
    step(step, inputs): Outputs {
      const flows = denseAll(inputs);
      const keyed = keys.of(flows);
      const output = minimumWatermark(inputs);
      watermark = walk(step, flows, output, watermark, {
        row(input, row, at, own) {
          const side = input as Side;
          const flow = flows[side];
          const time = flow.time[row];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          // Left rows without a key are kept under one that no right row has.
          const key = keyed[side][row];
          position = at;
          clock = own;
          if (side === 1 && key < 0) return;
          if (side === 0 ? time + allowedLateness < watermark : useless(key, time)) {
            drop(side, flow, row, weight);
            return;
          }
          for (let unit = 0; unit < weight; unit++)
            if (side === 0) addLeft(key, lefts.put(flow.batch, row, time), time);
            else addRight(key, rights.put(flow.batch, row, time), time);
          for (let unit = 0; unit > weight; unit--)
            if (side === 0) removeLeft(key, flow, row);
            else removeRight(key, flow, row);
        },
        advance(at, moved) {
          watermark = moved;
          position = at;
          clock = NaN;
          answer(moved);
        },
      });
      const main = emission.take(step, schema, output, (e, count) =>
        gatherJoined(columns, stores, e.left, e.right, count),
      );
      const outputs: Record<string, Flow> = { main };
      if (saysLate)
        outputs.late = dropped.take(step, context.schema("late"), output, (left, right, count) =>
          gatherJoined(dropColumns, stores, left, right, count),
        );
      sweep();
      for (const store of stores) store.release();
      return outputs;
    },
    snapshot: () => ({
      watermark,
      ids,
      kept,
      swept,
      keys: keys.snapshot(),
      stores: stores.map(s => s.snapshot()),
      waiting: waiting.snapshot(),
      series: [...series].map(([key, of]) => ({ key, lefts: of.lefts.map(l => ({ ...l })), rights: [...of.rights] })),
    }),
    restore(snapshot) {
      const from = snapshot as {
        watermark: number;
        ids: number;
        kept: number;
        swept: number;
        keys: unknown;
        stores: unknown[];
        waiting: unknown;
        series: ({ key: number } & Series)[];
      };
      ({ watermark, ids, kept, swept } = from);
      keys.restore(from.keys);
      stores.forEach((store, i) => store.restore(from.stores[i]));
      waiting.restore(from.waiting);
      for (const { key, lefts: own, rights: others } of from.series) {
        series.set(key, { lefts: [...own], rights: [...others] });
        for (const row of own) if (!row.answered) asked.set(row.id, { key, row });
      }
    },
    size: () => ({ keys: series.size, windows: 0, entries: kept, hold: null }),
  };
};

/** The place of the first left row at or after a time. */
function firstAt(rows: readonly Asked[], time: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].time < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
