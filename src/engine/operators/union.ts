/** `union`: merges the rows of its inputs by position, then clock, then the order in which the inputs are named. */
import { type Batch, columnIndex } from "../../columns/batch.ts";
import { type Column, type ColumnType, valueAt } from "../../columns/column.ts";
import type { UnionNode } from "../../pipeline/verbs/union.ts";
import type { Flow } from "../flow.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { Translation } from "../row-store.ts";
import { denseAll, minimumWatermark, walk } from "../walk.ts";

export const union: OperatorFactory<UnionNode> = (_node, context): Operator => {
  const schema = context.schema("main");
  // Where each output column lies in each input, whose columns may come in another order.
  const from = schema.map(field => context.inputs.map(input => columnIndex(input, field.name)));
  const merges = schema.map(field => columnMerger(field.type));
  let nothing: Flow | null = null;
  return {
    step(step, inputs) {
      const flows = denseAll(inputs);
      const total = flows.reduce((sum, flow) => sum + flow.count, 0);
      // Most steps bring nothing to most nodes, and are not to cost more for that.
      if (total === 0 && nothing !== null) return { main: { ...nothing, watermark: minimumWatermark(inputs) } };
      const input = new Uint8Array(total);
      const row = new Int32Array(total);
      const at = new Int32Array(total);
      const time = new Float64Array(total);
      const clock = flows.some(f => f.clock !== null) ? new Float64Array(total) : null;
      const weight = flows.some(f => f.weight !== null) ? new Int32Array(total) : null;
      let count = 0;
      const watermark = minimumWatermark(inputs);
      walk(step, flows, watermark, Infinity, {
        row(i, r, p, own) {
          input[count] = i;
          row[count] = r;
          at[count] = p;
          time[count] = flows[i].time[r];
          if (clock !== null) clock[count] = Number.isNaN(own) ? step.clock[p] : own;
          if (weight !== null) weight[count] = flows[i].weight?.[r] ?? 1;
          count++;
        },
      });
      const columns = schema.map((_, c) =>
        merges[c](
          flows.map((flow, i) => flow.batch.columns[from[c][i]]),
          input,
          row,
        ),
      );
      const batch: Batch = { schema, length: total, columns };
      const main: Flow = { batch, selection: null, count: total, at, time, clock, weight, pane: null, watermark };
      if (total === 0) nothing = main;
      return { main };
    },
    snapshot: () => null,
    restore: () => {},
  };
};

/** Merges columns of one type: value i is row `row[i]` of column `input[i]`. */
type Merger = (columns: readonly Column[], input: Uint8Array, row: Int32Array) => Column;

function columnMerger(type: ColumnType): Merger {
  switch (type) {
    case "number":
    case "timestamp":
      return (columns, input, row) => {
        const values = new Float64Array(row.length);
        const from = columns.map(c => c.type === type && c.values);
        for (let i = 0; i < row.length; i++) values[i] = (from[input[i]] as Float64Array)[row[i]];
        return { type, values, valid: validity(columns, input, row) };
      };
    case "boolean":
      return (columns, input, row) => {
        const values = new Uint8Array(row.length);
        const from = columns.map(c => c.type === "boolean" && c.values);
        for (let i = 0; i < row.length; i++) values[i] = (from[input[i]] as Uint8Array)[row[i]];
        return { type, values, valid: validity(columns, input, row) };
      };
    case "string": {
      // One dictionary for the whole life of the output, whatever those of the inputs.
      const translation = new Translation();
      return (columns, input, row) => {
        const codes = new Int32Array(row.length);
        const strings = columns as Extract<Column, { type: "string" }>[];
        const tables = strings.map(c => translation.table(c.dictionary));
        for (let i = 0; i < row.length; i++) {
          const code = strings[input[i]].codes[row[i]];
          codes[i] = code < 0 ? -1 : tables[input[i]][code];
        }
        return { type, codes, dictionary: translation.into };
      };
    }
    case "json":
      return (columns, input, row) => ({
        type,
        values: Array.from(row, (r, i) => valueAt(columns[input[i]], r)),
      });
  }
}

function validity(columns: readonly Column[], input: Uint8Array, row: Int32Array): Uint8Array | null {
  const masks = columns.map(c => ("valid" in c ? c.valid : null));
  if (masks.every(m => m === null)) return null;
  const valid = new Uint8Array(row.length);
  for (let i = 0; i < row.length; i++) valid[i] = masks[input[i]]?.[row[i]] ?? 1;
  return valid;
}
