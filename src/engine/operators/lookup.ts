/** `lookup`: the newest row of each key on the right, at hand for each row on the left. */
import { joinColumns } from "../../pipeline/verbs/join.ts";
import type { LookupNode } from "../../pipeline/verbs/lookup.ts";
import { Arrangement } from "../arrangement.ts";
import { Emission } from "../emission.ts";
import { hold } from "../holdings.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { retracts } from "../retracts.ts";
import { RowStore } from "../row-store.ts";
import { denseAll, walk } from "../walk.ts";
import { keptUnder } from "./join/incremental.ts";
import { gatherJoined } from "./join/sides.ts";

export const lookup: OperatorFactory<LookupNode> = (node, context): Operator => {
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const lefts = new RowStore(context.inputs[0]);
  /** Rows given out, each marked with the table row it found, plus 1; only where they can be taken back. */
  const given = retracts(node.left, context.profile) ? new Arrangement(lefts) : null;
  const replaces = !retracts(node.right, context.profile);
  // The table: all rows of each key, of which the newest counts, so that it can be taken back. Rows that nobody can take back,
  // and that no remembered answer points at, are done with when replaced.
  const retention = given !== null ? "for ever" : replaces ? "newest" : "keyed";
  const claim = hold([{ input: 1, keys: node.keys.right, retention }], context, [{ input: 0, keys: node.keys.left }]);
  const emission = new Emission();

  const newest = (table: Arrangement, key: number): number => {
    if (key < 0) return -1;
    let slot = table.last(keptUnder(key));
    while (slot >= 0 && table.weight(slot) <= 0) slot = table.previous(slot);
    return slot;
  };

  return {
    step(step, inputs) {
      const flows = denseAll(inputs);
      const { store: rights, rows: table } = claim.held[0];
      const told = claim.held[0].begin(step, flows[1]);
      const asked = claim.keys[0].matches(flows[0].batch);
      walk(step, flows, inputs[0].watermark, Infinity, {
        row(side, row, position, clock) {
          const flow = flows[side];
          const key = (side === 0 ? asked : told)[row];
          const time = flow.time[row];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const sign = weight < 0 ? -1 : 1;
          for (let unit = 0; unit !== weight; unit += sign) {
            if (side === 1) {
              if (key < 0) return;
              const kept = keptUnder(key);
              if (retention === "newest" && table.last(kept) >= 0) table.remove(table.last(kept));
              // Of a table whose rows are taken back all are kept, lest an older one should count again.
              table.add(kept, flow.batch, row, time, sign);
            } else if (given === null) {
              const slot = lefts.put(flow.batch, row, time);
              lefts.free(slot);
              const found = newest(table, key);
              if (found >= 0 || node.kind === "left") emission.emit(position, clock, time, sign, slot, found);
            } else {
              const found = newest(table, key);
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
        gatherJoined(columns, [lefts, rights], e.left, e.right, count),
      );
      lefts.release();
      return { main };
    },
    snapshot: () => ({ table: claim.snapshot(), lefts: lefts.snapshot(), given: given?.snapshot() ?? null }),
    restore(snapshot) {
      const from = snapshot as { table: unknown; lefts: unknown; given: unknown };
      claim.restore(from.table);
      lefts.restore(from.lefts);
      given?.restore(from.given);
    },
    size: () => ({ keys: claim.size.keys, windows: 0, entries: claim.size.rows + (given?.rows ?? 0), hold: null }),
  };
};
