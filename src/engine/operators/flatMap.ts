/** `flatMap`: repeats what travels beside a row for each of the rows made of it. */
import { gatherBatch, rowAt } from "../../columns/batch.ts";
import { type Column, gatherFloats, type Value, valueAt } from "../../columns/column.ts";
import { Ints } from "../../columns/growing.ts";
import { compileFunction } from "../../expressions/compile.ts";
import type { FlatMapNode } from "../../pipeline/verbs/flatMap.ts";
import { dense, type Flow } from "../flow.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { MadeRows } from "./made-rows.ts";

export const flatMap: OperatorFactory<FlatMapNode> = (node, context): Operator => {
  const schema = context.schema("main");
  const { by } = node;
  const column = by.kind === "unnest" ? context.inputs[0].findIndex(f => f.name === by.column) : -1;
  const rows =
    by.kind === "function"
      ? new MadeRows(by.fields, "The function of flatMap")
      : new MadeRows([{ name: by.as, type: by.type, nullable: true }], "unnest");
  const call =
    by.kind === "function" ? compileFunction(by.fn.source, by.fn.parameters as Readonly<Record<string, Value>>) : null;
  /** The row that each made row was made of. */
  const parents = new Ints();

  const unnest = (elements: Column, count: number): void => {
    for (let row = 0; row < count; row++) {
      const value = valueAt(elements, row);
      if (value === null) continue;
      if (Array.isArray(value))
        for (let i = 0; i < value.length; i++) {
          rows.appendValue(value[i]);
          parents.push(row);
        }
      else {
        rows.appendValue(value);
        parents.push(row);
      }
    }
  };
  const make = ({ batch, count }: Flow): void => {
    for (let row = 0; row < count; row++) {
      const made = call?.(rowAt(batch, row)) ?? null;
      if (made === null) continue;
      if (Array.isArray(made))
        for (let i = 0; i < made.length; i++) {
          rows.append(made[i]);
          parents.push(row);
        }
      else {
        rows.append(made);
        parents.push(row);
      }
    }
  };

  return {
    stateless: true,
    step(_step, [input]) {
      const flow = dense(input);
      // A row that did not fit may have ended the step before.
      rows.take();
      parents.count = 0;
      if (column < 0) make(flow);
      else unnest(flow.batch.columns[column], flow.count);
      const of = parents.take();
      const count = of.length;
      const made = rows.take();
      const columns =
        column < 0
          ? made.columns
          : gatherBatch(flow.batch, of, count).columns.map((c, i) => (i === column ? made.columns[0] : c));
      const main: Flow = {
        batch: { schema, length: count, columns },
        selection: null,
        count,
        at: flow.at === null ? of : gatherInts(flow.at, of),
        time: gatherFloats(flow.time, of, count),
        clock: flow.clock === null ? null : gatherFloats(flow.clock, of, count),
        weight: flow.weight === null ? null : gatherInts(flow.weight, of),
        pane: null,
        watermark: flow.watermark,
      };
      return { main };
    },
    snapshot: () => null,
    restore: () => {},
  };
};

function gatherInts(from: Int32Array, rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length);
  for (let i = 0; i < out.length; i++) out[i] = from[rows[i]];
  return out;
}
