/** `join`: relational without a window, window by window with one. See the verb for what comes out when. */
import { type JoinNode, joinColumns } from "../../pipeline/verbs/join.ts";
import { Emission } from "../emission.ts";
import type { Flow } from "../flow.ts";
import type { Operator, OperatorContext, OperatorFactory } from "../operator.ts";
import { hold } from "../holdings.ts";
import { denseAll, minimumWatermark, walk } from "../walk.ts";
import { type Emit, IncrementalJoin, OwnMarks } from "./join/incremental.ts";
import { gatherJoined, Residual } from "./join/sides.ts";
import { windowedJoin } from "./join/windowed.ts";

export const join: OperatorFactory<JoinNode> = (node, context): Operator =>
  node.strategy === null ? relationalJoin(node, context) : windowedJoin(node, node.strategy, context);

function relationalJoin(node: JoinNode, context: OperatorContext): Operator {
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const { kind, keys } = node;
  const residual = keys.residual === null ? null : new Residual(keys.residual, context);
  // Rows without a key match nothing. They are kept where they may come out alone, so that they can be taken back.
  const alone = [kind === "left" || kind === "anti" || kind === "full", kind === "right" || kind === "full"];
  const claim = hold(
    [keys.left, keys.right].map((by, input) => ({
      input,
      keys: by,
      retention: alone[input] ? ("all" as const) : ("keyed" as const),
    })),
    context,
  );
  // What matches under a condition is the join's own affair, whoever else holds the rows.
  const marks = [new OwnMarks(), new OwnMarks()] as const;
  let state: IncrementalJoin | null = null;
  const joined = (): IncrementalJoin =>
    (state ??= new IncrementalJoin(kind, [claim.held[0].rows, claim.held[1].rows], residual, marks));
  const emission = new Emission();
  let position = 0;
  let clock = NaN;
  const emit: Emit = (left, right, weight, time) => emission.emit(position, clock, time, weight, left, right);
  return {
    step(step, inputs) {
      const flows = denseAll(inputs);
      const join = joined();
      const stores = claim.held.map(side => side.store);
      const ids = claim.held.map((side, i) => side.begin(step, flows[i]));
      const watermark = minimumWatermark(inputs);
      walk(step, flows, watermark, Infinity, {
        row(side, row, at, own) {
          position = at;
          clock = own;
          const flow = flows[side];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const sign = weight < 0 ? -1 : 1;
          for (let unit = 0; unit !== weight; unit += sign)
            join.change(side as 0 | 1, ids[side][row], flow.batch, row, flow.time[row], sign, emit);
        },
      });
      const main: Flow = emission.take(step, schema, watermark, (e, count) =>
        gatherJoined(columns, stores, e.left, e.right, count),
      );
      return { main };
    },
    snapshot: () => ({ held: claim.snapshot(), marks: marks.map(m => m.mark.slice()) }),
    restore(snapshot) {
      const from = snapshot as { held: unknown; marks: readonly Int32Array[] };
      claim.restore(from.held);
      marks.forEach((m, i) => {
        m.mark = from.marks[i].slice();
      });
    },
    size: () => ({ keys: claim.size.keys, windows: 0, entries: claim.size.rows, hold: null }),
  };
}
