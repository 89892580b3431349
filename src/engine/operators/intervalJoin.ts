/**
 * `intervalJoin`: both sides by key, each row until nothing that is still accepted could match it. Rows of kinds that come out
 * without a match wait until the watermark has settled that they have none.
 */
import { droppedColumns, joinColumns } from "../../pipeline/verbs/join.ts";
import type { IntervalJoinNode } from "../../pipeline/verbs/intervalJoin.ts";
import { Dropped } from "../dropped.ts";
import { Due } from "../due.ts";
import { Emission } from "../emission.ts";
import type { Flow } from "../flow.ts";
import type { Operator, OperatorFactory, Outputs } from "../operator.ts";
import { retracts } from "../retracts.ts";
import { denseAll, minimumWatermark, walk } from "../walk.ts";
import { holdNear, type NearSide, nearSide } from "./join/near.ts";
import { gatherJoined, Residual, SlotList } from "./join/sides.ts";

type Side = 0 | 1;

export const intervalJoin: OperatorFactory<IntervalJoinNode> = (node, context): Operator => {
  const { kind, lower, upper, allowedLateness } = node;
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const dropColumns = droppedColumns(node, context.inputs);
  const residual = node.keys.residual === null ? null : new Residual(node.keys.residual, context);
  const pairs = kind !== "semi" && kind !== "anti";
  const alone = [kind !== "inner" && kind !== "right", kind === "right" || kind === "full"] as const;
  const matched = kind === "semi";
  /** Whether rows of a side wait to be settled, those without a key among them. */
  const waits = [alone[0] && !matched, alone[1]] as const;
  const claim = holdNear(
    [
      { input: 0, keys: node.keys.left, mayGo: retracts(node.left, context.profile) },
      { input: 1, keys: node.keys.right, mayGo: retracts(node.right, context.profile) },
    ],
    context,
  );
  /** How long after its own time a row of each side may still find a match. */
  const reach = [upper, -lower] as const;
  /** From when on, relative to its own time. */
  const from = [lower, -upper] as const;
  // Rows that wait come out after their time; the promise to readers is put off by as much.
  const delay = Math.max(0, alone[0] ? upper : 0, alone[1] ? -lower : 0);
  let sides: readonly NearSide[] = [];
  const find = (): void => {
    sides = claim.held.map((held, side) => nearSide(held, reach[side], allowedLateness));
  };
  /** Rows to settle: twice their slots, and their sides. */
  const settling = new Due();
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
    emission.emit(
      position,
      clock,
      Math.max(sides[0].store.time[left], sides[1].store.time[right]),
      weight,
      left,
      right,
    );
  };
  const emitAlone = (side: Side, slot: number, weight: number): void =>
    emission.emit(
      position,
      clock,
      sides[side].store.time[slot],
      weight,
      side === 0 ? slot : -1,
      side === 0 ? -1 : slot,
    );

  /** Lists the rows of the other side that match, and returns how many there are. */
  const findMatches = (side: Side, slot: number, key: number): number => {
    candidates.count = 0;
    if (key < 0) return 0;
    sides[1 - side].near(key, sides[side].store.time, slot, from[side], reach[side], candidates);
    if (residual === null || candidates.count === 0) return candidates.count;
    return residual.keep([sides[0].store, sides[1].store], side, slot, candidates.slots, candidates.count);
  };
  /** A row of a side found its first match, or lost its last. */
  const turn = (side: Side, slot: number, gained: boolean): void => {
    if (matched) emitAlone(side, slot, (gained ? 1 : -1) * sides[side].weight(slot));
    else if (sides[side].settled[slot] === 1) emitAlone(side, slot, (gained ? -1 : 1) * sides[side].weight(slot));
  };

  const change = (side: Side, flow: Flow, row: number, unit: number, key: number, weight: number): void => {
    const time = flow.time[row];
    const own = sides[side];
    const theirs = (1 - side) as Side;
    const other = sides[theirs];
    const slot = own.change(flow, row, unit, key, weight);
    if (own.isNew) {
      const settled = time + reach[side] < watermark;
      own.settled[slot] = settled ? 1 : 0;
      if (!settled && waits[side]) own.ticket[slot] = settling.push(time + reach[side], 2 * slot + side);
    }
    const count = findMatches(side, slot, key);
    const found = candidates.slots;
    let matches = 0;
    for (let i = 0; i < count; i++) {
      const c = found[i];
      matches += other.weight(c);
      other.mark[c] += weight;
      if (alone[theirs] && weight > 0 && other.mark[c] === 1) turn(theirs, c, true);
    }
    own.mark[slot] = matches;
    if (pairs) for (let i = 0; i < count; i++) emitPair(side, slot, found[i], weight * other.weight(found[i]));
    if (alone[theirs] && weight < 0)
      for (let i = 0; i < count; i++) if (other.mark[found[i]] === 0) turn(theirs, found[i], false);
    if (!alone[side]) return;
    if (matched) {
      if (matches > 0) emitAlone(side, slot, weight);
    } else if (matches <= 0 && own.settled[slot] === 1) emitAlone(side, slot, weight);
  };

  const settle = (moved: number): void => {
    while (settling.isBefore(moved)) {
      const item = settling.pop();
      const side = (item % 2) as Side;
      const slot = (item - side) / 2;
      const { ticket, settled, mark } = sides[side];
      // Another row may have the slot by now.
      if (ticket[slot] !== settling.ticket) continue;
      settled[slot] = 1;
      if (mark[slot] <= 0) emitAlone(side, slot, sides[side].weight(slot));
    }
  };

  return {
    step(step, inputs): Outputs {
      const flows = denseAll(inputs);
      if (sides.length === 0) find();
      const ids = sides.map((side, i) => side.begin(step, flows[i]));
      const stores = sides.map(side => side.store);
      const least = minimumWatermark(inputs);
      const output = delay === 0 ? least : putOff(least, delay);
      watermark = walk(step, flows, least, watermark, {
        row(input, row, at, own) {
          const side = input as Side;
          const flow = flows[side];
          const time = flow.time[row];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const key = ids[side][row];
          position = at;
          clock = own;
          if (time + allowedLateness < watermark) {
            sides[side].refuse(flow, row, key);
            if (!saysLate) return;
            const slot = sides[side].show(flow, row);
            const [left, right] = side === 0 ? [slot, -1] : [-1, slot];
            // A row stands for the millisecond that begins with it, so that the settings that keep it come out right.
            dropped.add(position, clock, time, weight, left, right, time, time + 1, watermark);
            return;
          }
          if (key < 0 && !waits[side]) return;
          const sign = weight < 0 ? -1 : 1;
          for (let unit = 0; unit !== weight; unit += sign) change(side, flow, row, unit, key, sign);
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
      for (const side of sides) side.done(watermark);
      return outputs;
    },
    snapshot: () => ({
      watermark,
      held: claim.snapshot(),
      sides: sides.map(side => side.snapshot()),
      settling: settling.snapshot(),
    }),
    restore(snapshot) {
      const from = snapshot as { watermark: number; held: unknown; sides: readonly unknown[]; settling: unknown };
      watermark = from.watermark;
      claim.restore(from.held);
      settling.restore(from.settling);
      if (from.sides.length === 0) return;
      find();
      sides.forEach((side, i) => side.restore(from.sides[i]));
    },
    size: () => ({
      keys: claim.size.keys,
      windows: 0,
      entries: claim.size.rows,
      hold: delay === 0 ? null : watermark - delay,
    }),
  };
};

function putOff(watermark: Float64Array, delay: number): Float64Array {
  const out = new Float64Array(watermark.length);
  for (let p = 0; p < out.length; p++) out[p] = watermark[p] - delay;
  return out;
}
