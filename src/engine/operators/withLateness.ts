/** `withLateness`: decides the fate of each row by its number and the seed, and holds back those that are to come later. */
import type { Column } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import { type DelayDistribution, FAULT_FIELDS, type WithLatenessNode } from "../../pipeline/verbs/withLateness.ts";
import { Due } from "../due.ts";
import { Emission, gatherAll } from "../emission.ts";
import { dense, type Flow } from "../flow.ts";
import type { Operator, OperatorFactory, Outputs } from "../operator.ts";
import { mix, RowStore } from "../row-store.ts";
import { clockAt, walk } from "../walk.ts";

const FAULTS = new Dictionary(["delayed", "duplicated", "dropped"]);
const DELAYED = 0;
const DUPLICATED = 1;
const DROPPED = 2;

/** Draws for one row; each its own, so that a setting changes nothing but what it is about. */
const DRAWS = { lost: 1, twice: 2, held: 3, delay: 4, second: 5 } as const;

export const withLateness: OperatorFactory<WithLatenessNode> = (node, context): Operator => {
  const [input] = context.inputs;
  const store = new RowStore(input);
  const due = new Due();
  /** Weight of each slot held. */
  const weights: number[] = [];
  const emission = new Emission();
  const faults = new Emission();
  const saysFaults = context.reads("faults");
  const shown = input.map((_, c) => c).filter(c => !FAULT_FIELDS.some(f => f.name === input[c].name));
  let seen = 0;
  /** The input's watermark before its end. */
  let promised = -Infinity;

  /** A number in [0, 1) for a draw of the row seen last. */
  const draw = (which: number): number => {
    const low = mix(mix(node.seed ^ Math.imul(which, 0x9e3779b1)) ^ mix(seen) ^ Math.floor(seen / 2 ** 32));
    return (low >>> 0) / 2 ** 32;
  };
  /** When the next row that is held is due, or Infinity: in an array, so that asking for every row makes no number. */
  const next = Float64Array.of(Infinity);
  const hold = (at: number, slot: number, weight: number): void => {
    weights[slot] = weight;
    due.push(at, slot);
    next[0] = due.first;
  };
  const release = (position: number, until: number, clock: number): void => {
    while (due.size > 0 && due.first <= until) {
      const at = due.first;
      const slot = due.pop();
      // Its processing time is the moment when it was due, as if it had just arrived then.
      emission.emit(position, at < clock ? at : NaN, store.time[slot], weights[slot], slot);
      store.free(slot);
    }
    next[0] = due.first;
  };
  /** Says what is done to a row. */
  const fault = (flow: Flow, row: number, position: number, own: number, what: number, delay: number): void => {
    const time = flow.time[row];
    const copy = store.put(flow.batch, row, time);
    store.free(copy);
    faults.emit(position, own, time, flow.weight === null ? 1 : flow.weight[row], copy, -1, what, delay);
  };

  return {
    step(step, [from]): Outputs {
      const flow = dense(from);
      let watermark = from.watermark;
      walk(step, [flow], from.watermark, Infinity, {
        row(_input, row, position, own) {
          const clock = clockAt(flow, step, row);
          if (next[0] <= clock) release(position, clock, step.clock[position]);
          const weight = flow.weight === null ? 1 : flow.weight[row];
          seen++;
          if (draw(DRAWS.lost) < node.drop) {
            if (saysFaults) fault(flow, row, position, own, DROPPED, 0);
            return;
          }
          const delay = draw(DRAWS.held) < node.share ? delayOf(node.delay, draw(DRAWS.delay)) : 0;
          const slot = store.put(flow.batch, row, flow.time[row]);
          if (delay > 0) {
            if (saysFaults) fault(flow, row, position, own, DELAYED, delay);
            hold(clock + delay, slot, weight);
          } else {
            emission.emit(position, own, flow.time[row], weight, slot);
            store.free(slot);
          }
          if (draw(DRAWS.twice) < node.duplicate) {
            const again = delayOf(node.delay, draw(DRAWS.second));
            if (saysFaults) fault(flow, row, position, own, DUPLICATED, again);
            hold(clock + again, store.put(flow.batch, row, flow.time[row]), weight);
          }
        },
        end(position, clock) {
          if (next[0] <= clock) release(position, clock, clock);
          if (step.last && position === step.length - 1) release(position, Infinity, -Infinity);
          if (from.watermark[position] < Infinity) promised = from.watermark[position];
          else if (due.size > 0) {
            // The input has ended, but its rows are still on their way: their end is not yet.
            if (watermark === from.watermark) watermark = from.watermark.slice();
            watermark[position] = promised;
          }
        },
      });
      const main = emission.take(step, context.schema("main"), watermark, (e, count) =>
        gatherAll(store, e.left, count),
      );
      const outputs: Record<string, typeof main> = { main };
      if (saysFaults)
        outputs.faults = faults.take(step, context.schema("faults"), watermark, (e, count): Column[] => [
          ...shown.map(c => store.gather(c, e.left, count)),
          { type: "string", codes: Int32Array.from(e.start.subarray(0, count)), dictionary: FAULTS },
          { type: "number", values: e.end.slice(0, count), valid: null },
        ]);
      store.release();
      return outputs;
    },
    snapshot: () => ({ seen, promised, store: store.snapshot(), due: due.snapshot(), weights: [...weights] }),
    restore(snapshot) {
      const from = snapshot as { seen: number; promised: number; store: unknown; due: unknown; weights: number[] };
      seen = from.seen;
      promised = from.promised;
      store.restore(from.store);
      due.restore(from.due);
      next[0] = due.first;
      weights.push(...from.weights);
    },
    size: () => ({ keys: 0, windows: 0, entries: due.size, hold: null }),
  };
};

/** The delay at a quantile u of [0, 1), ms. */
export function delayOf(distribution: DelayDistribution, u: number): number {
  switch (distribution.kind) {
    case "constant":
      return distribution.delay;
    case "uniform":
      return distribution.from + u * (distribution.to - distribution.from);
    case "exponential":
      return -distribution.mean * Math.log1p(-u);
    case "pareto":
      return distribution.scale * (1 - u) ** (-1 / distribution.shape);
  }
}
