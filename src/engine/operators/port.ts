/** `port`: hands a side output on as it is, or shows weights and pane descriptions as columns. */
import type { Column } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import { TIMINGS } from "../../model/panes.ts";
import type { PortNode } from "../../pipeline/verbs/port.ts";
import { clockOf, dense, type Flow } from "../flow.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import type { Step } from "../step.ts";

const TIMING_NAMES = new Dictionary(TIMINGS);

export const port: OperatorFactory<PortNode> = (node, context): Operator => {
  const schema = context.schema("main");
  // Shown as a column, a weight is data: the row that says "−1" is itself a row that arrives, with weight +1.
  const show = (flow: Flow, columns: Column[]): Flow => ({
    ...flow,
    batch: { schema, length: flow.batch.length, columns: [...flow.batch.columns, ...columns] },
    weight: null,
    pane: null,
  });
  return {
    stateless: true,
    step(step, [input]) {
      if (node.port === "changes") {
        const flow = dense(input);
        return { main: show(flow, [weights(flow)]) };
      }
      if (node.port === "panes") {
        const flow = dense(input);
        return { main: show(flow, [emittedAt(flow, step), ...describe(flow), weights(flow)]) };
      }
      return { main: input };
    },
    snapshot: () => null,
    restore: () => {},
  };
};

function floats(count: number, value: (row: number) => number, type: "number" | "timestamp" = "number"): Column {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = value(i);
  return { type, values, valid: null };
}

function weights(flow: Flow): Column {
  const { weight } = flow;
  return floats(flow.count, weight === null ? () => 1 : i => weight[i]);
}

function emittedAt(flow: Flow, step: Step): Column {
  return floats(flow.count, i => clockOf(flow, step, i), "timestamp");
}

/** Rows that are no panes count as the first and only pane of themselves, on time. */
function describe(flow: Flow): Column[] {
  const { pane, count } = flow;
  const flags = (of: Uint8Array | undefined): Column => ({
    type: "boolean",
    values: of ?? new Uint8Array(count).fill(1),
    valid: null,
  });
  return [
    {
      type: "string",
      codes: pane === null ? new Int32Array(count).fill(1) : Int32Array.from(pane.timing),
      dictionary: TIMING_NAMES,
    },
    floats(count, i => pane?.index[i] ?? 0),
    floats(count, i => pane?.nonSpeculativeIndex[i] ?? 0),
    flags(pane?.first),
    flags(pane?.last),
  ];
}
