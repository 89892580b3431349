/** `join`: relational without a window, window by window with one. See the verb for what comes out when. */
import { type JoinNode, joinColumns } from "../../pipeline/verbs/join.ts";
import { Links } from "../arrangement.ts";
import { Emission } from "../emission.ts";
import type { Flow } from "../flow.ts";
import type { Operator, OperatorContext, OperatorFactory } from "../operator.ts";
import { denseAll, minimumWatermark, walk } from "../walk.ts";
import { type Emit, IncrementalJoin } from "./join/incremental.ts";
import { gatherJoined, Residual, SideKeys, sideStores } from "./join/sides.ts";
import { windowedJoin } from "./join/windowed.ts";

export const join: OperatorFactory<JoinNode> = (node, context): Operator =>
  node.strategy === null ? relationalJoin(node, context) : windowedJoin(node, node.strategy, context);

function relationalJoin(node: JoinNode, context: OperatorContext): Operator {
  const schema = context.schema("main");
  const columns = joinColumns(node, context.inputs);
  const keys = new SideKeys(node.keys, context);
  const stores = sideStores(context);
  const state = new IncrementalJoin(
    node.kind,
    stores,
    [new Links(), new Links()],
    node.keys.residual === null ? null : new Residual(node.keys.residual, context),
  );
  const emission = new Emission();
  let position = 0;
  let clock = NaN;
  const emit: Emit = (left, right, weight, time) => emission.emit(position, clock, time, weight, left, right);
  return {
    step(step, inputs) {
      const flows = denseAll(inputs);
      const ids = keys.of(flows);
      const watermark = minimumWatermark(inputs);
      walk(step, flows, watermark, Infinity, {
        row(side, row, at, own) {
          position = at;
          clock = own;
          const flow = flows[side];
          const weight = flow.weight === null ? 1 : flow.weight[row];
          const sign = weight < 0 ? -1 : 1;
          for (let unit = 0; unit !== weight; unit += sign)
            state.change(side as 0 | 1, ids[side][row], flow.batch, row, flow.time[row], sign, emit);
        },
      });
      const main: Flow = emission.take(step, schema, watermark, (e, count) =>
        gatherJoined(columns, stores, e.left, e.right, count),
      );
      for (const store of stores) store.release();
      return { main };
    },
    snapshot: () => ({ keys: keys.snapshot(), stores: stores.map(s => s.snapshot()), state: state.snapshot() }),
    restore(snapshot) {
      const from = snapshot as { keys: unknown; stores: unknown[]; state: unknown };
      keys.restore(from.keys);
      stores.forEach((store, i) => store.restore(from.stores[i]));
      state.restore(from.state);
    },
    size: () => ({
      keys: Math.max(...state.sides.map(s => s.keys)),
      windows: 0,
      entries: state.sides[0].rows + state.sides[1].rows,
      hold: null,
    }),
  };
}
