/** `lookup`: the newest row of each key on the right, at hand for each row on the left. */
import { joinColumns } from "../../pipeline/verbs/join.ts";
import type { LookupNode } from "../../pipeline/verbs/lookup.ts";
import { Arrangement } from "../arrangement.ts";
import { Emission } from "../emission.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { retracts } from "../retracts.ts";
import { denseAll, walk } from "../walk.ts";
import { gatherJoined, SideKeys, sideStores } from "./join/sides.ts";

export const lookup: OperatorFactory<LookupNode> = (node, context): Operator => {
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const keys = new SideKeys(node.keys, context);
  const stores = sideStores(context);
  const [lefts, rights] = stores;
  /** The table: all rows of each key, of which the newest counts, so that it can be taken back. */
  const table = new Arrangement(rights);
  /** Rows given out, each marked with the table row it found, plus 1; only where they can be taken back. */
  const given = retracts(node.left, context.profile) ? new Arrangement(lefts) : null;
  const replaces = !retracts(node.right, context.profile);
  const emission = new Emission();

  const newest = (key: number): number => {
    if (key < 0) return -1;
    let slot = table.last(key);
    while (slot >= 0 && table.weight(slot) <= 0) slot = table.previous(slot);
    return slot;
  };

  return {
    step(step, inputs) {
      const flows = denseAll(inputs);
      const ids = keys.of(flows);
      walk(step, flows, inputs[0].watermark, Infinity, {
        row(side, row, position, clock) {
          const flow = flows[side];
          const key = ids[side][row];
          const time = flow.time[row];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const sign = weight < 0 ? -1 : 1;
          for (let unit = 0; unit !== weight; unit += sign) {
            if (side === 1) {
              if (key < 0) return;
              // Rows that nobody can take back, and that no remembered answer points at, are done with when replaced.
              if (replaces && given === null && table.last(key) >= 0) table.remove(table.last(key));
              // Of a table whose rows are taken back all are kept, lest an older one should count again.
              table.add(key, flow.batch, row, time, sign);
            } else if (given === null) {
              const slot = lefts.put(flow.batch, row, time);
              lefts.free(slot);
              const found = newest(key);
              if (found >= 0 || node.kind === "left") emission.emit(position, clock, time, sign, slot, found);
            } else {
              const found = newest(key);
              const slot = given.add(key < 0 ? 0 : key + 1, flow.batch, row, time, sign);
              if (sign > 0) given.mark[slot] = found + 1;
              const answer = given.mark[slot] - 1;
              if (answer >= 0 || node.kind === "left")
                emission.emit(position, clock, lefts.time[slot], sign, slot, answer);
            }
          }
        },
      });
      const main = emission.take(step, schema, inputs[0].watermark, (e, count) =>
        gatherJoined(columns, stores, e.left, e.right, count),
      );
      lefts.release();
      // Slots of table rows that an answer may still point at are never used again.
      if (given === null) rights.release();
      return { main };
    },
    snapshot: () => ({
      keys: keys.snapshot(),
      stores: stores.map(s => s.snapshot()),
      table: table.snapshot(),
      given: given?.snapshot() ?? null,
    }),
    restore(snapshot) {
      const from = snapshot as { keys: unknown; stores: unknown[]; table: unknown; given: unknown };
      keys.restore(from.keys);
      stores.forEach((store, i) => store.restore(from.stores[i]));
      table.restore(from.table);
      given?.restore(from.given);
    },
    size: () => ({ keys: table.keys, windows: 0, entries: table.rows + (given?.rows ?? 0), hold: null }),
  };
};
