/**
 * `intervalJoin`: both sides by key, each row until nothing that is still accepted could match it. Rows of kinds that come out
 * without a match wait until the watermark has settled that they have none.
 */
import { droppedColumns, joinColumns } from "../../pipeline/verbs/join.ts";
import type { IntervalJoinNode } from "../../pipeline/verbs/intervalJoin.ts";
import { Arrangement } from "../arrangement.ts";
import { Dropped } from "../dropped.ts";
import { Due } from "../due.ts";
import { Emission } from "../emission.ts";
import type { Flow } from "../flow.ts";
import type { Operator, OperatorFactory, Outputs } from "../operator.ts";
import { denseAll, minimumWatermark, walk } from "../walk.ts";
import { gatherJoined, Residual, SideKeys, sideStores, SlotList } from "./join/sides.ts";

type Side = 0 | 1;

export const intervalJoin: OperatorFactory<IntervalJoinNode> = (node, context): Operator => {
  const { kind, lower, upper, allowedLateness } = node;
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const dropColumns = droppedColumns(node, context.inputs);
  const keys = new SideKeys(node.keys, context);
  const stores = sideStores(context);
  const residual = node.keys.residual === null ? null : new Residual(node.keys.residual, context);
  const rows = [new Arrangement(stores[0]), new Arrangement(stores[1])] as const;
  const pairs = kind !== "semi" && kind !== "anti";
  const alone = [kind !== "inner" && kind !== "right", kind === "right" || kind === "full"] as const;
  const matched = kind === "semi";
  /** How long after its own time a row of each side may still find a match. */
  const reach = [upper, -lower] as const;
  // Rows that wait come out after their time; the promise to readers is put off by as much.
  const delay = Math.max(0, alone[0] ? upper : 0, alone[1] ? -lower : 0);
  /** By side and slot: whether it is settled that a row without a match is one, and which row the slot holds. */
  const settled: [number[], number[]] = [[], []];
  const born: [number[], number[]] = [[], []];
  let births = 0;
  /** Rows to settle and rows to forget, as births; where they are is known by `places`. */
  const settling = new Due();
  const forgetting = new Due();
  const places = new Map<number, { side: Side; slot: number }>();
  const emission = new Emission();
  const dropped = new Dropped(allowedLateness);
  const saysLate = context.reads("late");
  const candidates = new SlotList();
  let watermark = -Infinity;
  let position = 0;
  let clock = NaN;

  const emitPair = (side: Side, slot: number, other: number, weight: number): void => {
    const left = side === 0 ? slot : other;
    const right = side === 0 ? other : slot;
    emission.emit(position, clock, Math.max(stores[0].time[left], stores[1].time[right]), weight, left, right);
  };
  const emitAlone = (side: Side, slot: number, weight: number): void =>
    emission.emit(position, clock, stores[side].time[slot], weight, side === 0 ? slot : -1, side === 0 ? -1 : slot);

  /** Lists the rows of the other side that match, and returns how many there are. */
  const findMatches = (side: Side, slot: number, key: number): number => {
    const other = rows[1 - side];
    const times = stores[1 - side].time;
    const time = stores[side].time[slot];
    const from = side === 0 ? time + lower : time - upper;
    const to = side === 0 ? time + upper : time - lower;
    candidates.count = 0;
    for (let c = other.first(key); c >= 0; c = other.next(c))
      if (times[c] >= from && times[c] <= to) candidates.push(c);
    if (residual === null || candidates.count === 0) return candidates.count;
    return residual.keep(stores, side, slot, candidates.slots, candidates.count);
  };

  const change = (side: Side, flow: Flow, row: number, key: number, weight: number): void => {
    if (key < 0 && (!alone[side] || matched)) return;
    const time = flow.time[row];
    const own = rows[side];
    const theirs = (1 - side) as Side;
    const other = rows[theirs];
    const kept = key < 0 ? side : key + 2;
    const before = own.rows;
    const slot = own.add(kept, flow.batch, row, time, weight);
    if (own.rows > before) {
      born[side][slot] = births;
      places.set(births, { side, slot });
      settled[side][slot] = time + reach[side] < watermark ? 1 : 0;
      if (settled[side][slot] === 0 && alone[side] && !matched) settling.push(time + reach[side], births);
      forgetting.push(time + reach[side] + allowedLateness, births);
      births++;
    } else if (own.rows < before) places.delete(born[side][slot]);
    const count = findMatches(side, slot, kept);
    const found = candidates.slots;
    let matches = 0;
    /** A row of the other side that found its first match, or lost its last. */
    const turn = (c: number, gained: boolean): void => {
      if (matched) emitAlone(theirs, c, (gained ? 1 : -1) * other.weight(c));
      else if (settled[theirs][c] === 1) emitAlone(theirs, c, (gained ? -1 : 1) * other.weight(c));
    };
    for (let i = 0; i < count; i++) {
      const c = found[i];
      matches += other.weight(c);
      other.mark[c] += weight;
      if (alone[theirs] && weight > 0 && other.mark[c] === 1) turn(c, true);
    }
    own.mark[slot] = matches;
    if (pairs) for (let i = 0; i < count; i++) emitPair(side, slot, found[i], weight * other.weight(found[i]));
    if (alone[theirs] && weight < 0)
      for (let i = 0; i < count; i++) if (other.mark[found[i]] === 0) turn(found[i], false);
    if (!alone[side]) return;
    if (matched) {
      if (matches > 0) emitAlone(side, slot, weight);
    } else if (matches <= 0 && settled[side][slot] === 1) emitAlone(side, slot, weight);
  };

  const settle = (moved: number): void => {
    while (settling.first < moved) {
      const place = places.get(settling.pop());
      if (place === undefined) continue;
      const { side, slot } = place;
      settled[side][slot] = 1;
      if (rows[side].mark[slot] <= 0) emitAlone(side, slot, rows[side].weight(slot));
    }
  };
  const forget = (): void => {
    while (forgetting.first < watermark) {
      const birth = forgetting.pop();
      const place = places.get(birth);
      if (place === undefined) continue;
      places.delete(birth);
      rows[place.side].remove(place.slot);
    }
  };

  return {
    step(step, inputs): Outputs {
      const flows = denseAll(inputs);
      const ids = keys.of(flows);
      const least = minimumWatermark(inputs);
      const output = delay === 0 ? least : least.map(w => w - delay);
      watermark = walk(step, flows, least, watermark, {
        row(input, row, at, own) {
          const side = input as Side;
          const flow = flows[side];
          const time = flow.time[row];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          position = at;
          clock = own;
          if (time + allowedLateness < watermark) {
            if (!saysLate) return;
            const slot = stores[side].put(flow.batch, row, time);
            stores[side].free(slot);
            const [left, right] = side === 0 ? [slot, -1] : [-1, slot];
            // A row stands for the millisecond that begins with it, so that the settings that keep it come out right.
            dropped.add(position, clock, time, weight, left, right, time, time + 1, watermark);
            return;
          }
          const sign = weight < 0 ? -1 : 1;
          for (let unit = 0; unit !== weight; unit += sign) change(side, flow, row, ids[side][row], sign);
        },
        advance(at, moved) {
          watermark = moved;
          position = at;
          clock = NaN;
          settle(moved);
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
      // Forgetting changes nothing that comes out, so once a step is enough.
      forget();
      for (const store of stores) store.release();
      return outputs;
    },
    snapshot: () => ({
      watermark,
      births,
      keys: keys.snapshot(),
      stores: stores.map(s => s.snapshot()),
      rows: rows.map(r => r.snapshot()),
      settled: settled.map(s => [...s]),
      born: born.map(b => [...b]),
      settling: settling.snapshot(),
      forgetting: forgetting.snapshot(),
      places: [...places],
    }),
    restore(snapshot) {
      const from = snapshot as {
        watermark: number;
        births: number;
        keys: unknown;
        stores: unknown[];
        rows: unknown[];
        settled: number[][];
        born: number[][];
        settling: unknown;
        forgetting: unknown;
        places: [number, { side: Side; slot: number }][];
      };
      ({ watermark, births } = from);
      keys.restore(from.keys);
      settling.restore(from.settling);
      forgetting.restore(from.forgetting);
      for (const side of [0, 1] as const) {
        stores[side].restore(from.stores[side]);
        rows[side].restore(from.rows[side]);
        settled[side].push(...from.settled[side]);
        born[side].push(...from.born[side]);
      }
      for (const [birth, place] of from.places) places.set(birth, place);
    },
    size: () => ({
      keys: Math.max(rows[0].keys, rows[1].keys),
      windows: 0,
      entries: rows[0].rows + rows[1].rows,
      hold: delay === 0 ? null : watermark - delay,
    }),
  };
};
