/**
 * `dedupe`: one row for each key. When the stream only adds rows, the kept row of each key is all there is to hold; when it
 * can take rows back, every row is held, so that another can take the place of one that goes.
 */
import type { DedupeNode } from "../../pipeline/verbs/dedupe.ts";
import type { Batch } from "../../columns/batch.ts";
import { Arrangement } from "../arrangement.ts";
import { Emission, gatherAll } from "../emission.ts";
import { dense } from "../flow.ts";
import { IntMap } from "../int-map.ts";
import { readKeys } from "../holdings.ts";
import { KeyIndex } from "../key-index.ts";
import type { Operator, OperatorContext, OperatorFactory } from "../operator.ts";
import { retracts } from "../retracts.ts";
import { grown } from "../journal.ts";
import { RowStore } from "../row-store.ts";
import { walk } from "../walk.ts";

export const dedupe: OperatorFactory<DedupeNode> = (node, context): Operator => {
  if (!retracts(node.input, context.profile)) return dedupeAdditions(node, context);
  if (node.within !== null)
    throw new Error(
      "dedupe within a time cannot follow a stream that takes rows back. Deduplicate before joining or aggregating, or leave out `within`.",
    );
  return dedupeChanges(node, context);
};

/** Numbers rows by what makes them the same. */
interface Sameness {
  of(batch: Batch): Int32Array;
  snapshot(): unknown;
  restore(snapshot: unknown): void;
}

/** By their keys, which others may read as well; without keys by all columns. */
function sameness({ keys }: DedupeNode, context: OperatorContext): Sameness {
  if (keys.length > 0) {
    const claim = readKeys([{ input: 0, keys: keys.map(k => k.expression) }], context);
    return {
      of: batch => claim.keys[0].ids(batch),
      snapshot: () => claim.snapshot(),
      restore: snapshot => claim.restore(snapshot),
    };
  }
  const index = new KeyIndex(context.inputs[0].length);
  return {
    of: batch => index.ids(batch.columns, batch.length, true),
    snapshot: () => index.snapshot(),
    restore: snapshot => index.restore(snapshot),
  };
}

function dedupeAdditions(node: DedupeNode, context: OperatorContext): Operator {
  const [input] = context.inputs;
  const same = sameness(node, context);
  const store = new RowStore(input);
  /** Key → slot of its kept row. */
  const kept = node.within === null ? new DenseSlots() : new IntMap();
  const emission = new Emission();
  const within = node.within ?? Infinity;
  const last = node.keep === "last";
  let watermark = -Infinity;
  /** When the oldest kept row may be forgotten; looked at once a step, since forgetting changes nothing that comes out. */
  let sweepAt = Infinity;
  const keys = new Map<number, number>();

  const sweep = (): void => {
    if (watermark < sweepAt) return;
    sweepAt = Infinity;
    for (const [slot, key] of keys) {
      const until = store.time[slot] + within;
      if (until <= watermark) {
        kept.delete(key);
        keys.delete(slot);
        store.free(slot);
      } else sweepAt = Math.min(sweepAt, until);
    }
    // Rows are forgotten in lots, so that looking through all of them is paid for by many.
    sweepAt = Math.max(sweepAt, watermark + within / 4);
  };

  return {
    step(step, [from]) {
      const flow = dense(from);
      const ids = same.of(flow.batch);
      const end = walk(step, [flow], from.watermark, watermark, {
        row(_input, row, position, clock) {
          const key = ids[row];
          const time = flow.time[row];
          const before = kept.get(key);
          if (before >= 0 && store.time[before] + within > watermark) {
            const same = time < store.time[before] + within;
            if (same && !last) return;
            if (same) emission.emit(position, clock, store.time[before], -1, before);
          }
          if (before >= 0) {
            keys.delete(before);
            store.free(before);
          }
          const slot = store.put(flow.batch, row, time);
          kept.set(key, slot);
          if (within !== Infinity) {
            keys.set(slot, key);
            sweepAt = Math.min(sweepAt, time + within);
          }
          emission.emit(position, clock, time, 1, slot);
        },
        advance(_position, moved) {
          watermark = moved;
        },
      });
      watermark = end;
      const main = emission.take(step, context.schema("main"), from.watermark, (e, count) =>
        gatherAll(store, e.left, count),
      );
      if (within !== Infinity) sweep();
      store.release();
      return { main };
    },
    snapshot: () => ({
      watermark,
      sweepAt,
      same: same.snapshot(),
      store: store.snapshot(),
      kept: kept.entries(),
      keys: [...keys],
    }),
    restore(snapshot) {
      const from = snapshot as {
        watermark: number;
        sweepAt: number;
        same: unknown;
        store: unknown;
        kept: [number, number][];
        keys: [number, number][];
      };
      watermark = from.watermark;
      sweepAt = from.sweepAt;
      same.restore(from.same);
      store.restore(from.store);
      for (const [key, slot] of from.kept) kept.set(key, slot);
      for (const [slot, key] of from.keys) keys.set(slot, key);
    },
    size: () => ({ keys: kept.size, windows: 0, entries: store.size, hold: null }),
  };
}

/** Slots by key where none is ever forgotten: keys are numbered from 0 on, so that an array has less to look through than a map. */
class DenseSlots {
  /** The slot + 1, 0 for none. */
  #slots = new Int32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): number {
    return key < this.#slots.length ? this.#slots[key] - 1 : -1;
  }

  set(key: number, slot: number): void {
    if (key >= this.#slots.length) this.#slots = grown(this.#slots, Math.max(key + 1, 2 * this.#slots.length));
    if (this.#slots[key] === 0) this.#size++;
    this.#slots[key] = slot + 1;
  }

  delete(key: number): void {
    if (this.get(key) < 0) return;
    this.#slots[key] = 0;
    this.#size--;
  }

  entries(): [number, number][] {
    const out: [number, number][] = [];
    for (let key = 0; key < this.#slots.length; key++) if (this.#slots[key] > 0) out.push([key, this.#slots[key] - 1]);
    return out;
  }
}

function dedupeChanges(node: DedupeNode, context: OperatorContext): Operator {
  const [input] = context.inputs;
  const same = sameness(node, context);
  const store = new RowStore(input);
  const rows = new Arrangement(store);
  const emission = new Emission();
  /** The row of a key that is out: the oldest or newest that is there. Rows of negative weight wait unseen. */
  const shown = (key: number): number => {
    let slot = node.keep === "last" ? rows.last(key) : rows.first(key);
    while (slot >= 0 && rows.weight(slot) <= 0) slot = node.keep === "last" ? rows.previous(slot) : rows.next(slot);
    return slot;
  };
  return {
    step(step, [from]) {
      const flow = dense(from);
      const ids = same.of(flow.batch);
      walk(step, [flow], from.watermark, Infinity, {
        row(_input, row, position, clock) {
          const key = ids[row];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const sign = weight < 0 ? -1 : 1;
          for (let unit = 0; unit !== weight; unit += sign) {
            const before = shown(key);
            rows.add(key, flow.batch, row, flow.time[row], sign);
            const after = shown(key);
            if (before === after) continue;
            if (before >= 0) emission.emit(position, clock, store.time[before], -1, before);
            if (after >= 0) emission.emit(position, clock, store.time[after], 1, after);
          }
        },
      });
      const main = emission.take(step, context.schema("main"), from.watermark, (e, count) =>
        gatherAll(store, e.left, count),
      );
      store.release();
      return { main };
    },
    snapshot: () => ({ same: same.snapshot(), store: store.snapshot(), rows: rows.snapshot() }),
    restore(snapshot) {
      const from = snapshot as { same: unknown; store: unknown; rows: unknown };
      same.restore(from.same);
      store.restore(from.store);
      rows.restore(from.rows);
    },
    size: () => ({ keys: rows.keys, windows: 0, entries: rows.rows, hold: null }),
  };
}
