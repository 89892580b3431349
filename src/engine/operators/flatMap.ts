/** `flatMap`: repeats what travels beside a row for each of the rows made of it. */
import { gatherBatch, rowAt } from "../../columns/batch.ts";
import { BatchBuilder } from "../../columns/builder.ts";
import { type Column, gatherFloats, type Value, valueAt } from "../../columns/column.ts";
import { compileFunction } from "../../expressions/compile.ts";
import type { FlatMapNode } from "../../pipeline/verbs/flatMap.ts";
import { dense, type Flow } from "../flow.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { madeValues } from "./made-rows.ts";

export const flatMap: OperatorFactory<FlatMapNode> = (node, context): Operator => {
  const schema = context.schema("main");
  const { by } = node;
  // The made columns keep their dictionaries for the operator's whole life.
  const builder = new BatchBuilder(
    by.kind === "function" ? by.fields : [{ name: by.as, type: by.type, nullable: true }],
  );
  const call =
    by.kind === "function" ? compileFunction(by.fn.source, by.fn.parameters as Readonly<Record<string, Value>>) : null;

  /** Appends the rows made of one row, and returns how many there are. */
  const make = (flow: Flow, row: number): number => {
    if (by.kind === "unnest") {
      const elements = asArray(valueAt(flow.batch.columns[column], row));
      for (const element of elements) builder.append(madeValues({ [by.as]: element }, builder.schema, "unnest"));
      return elements.length;
    }
    const made = call?.(rowAt(flow.batch, row)) ?? [];
    const rows = Array.isArray(made) ? made : [made];
    for (const one of rows) builder.append(madeValues(one, by.fields, "The function of flatMap"));
    return rows.length;
  };
  const column = by.kind === "unnest" ? context.inputs[0].findIndex(f => f.name === by.column) : -1;

  return {
    stateless: true,
    step(_step, [input]) {
      const flow = dense(input);
      const parents: number[] = [];
      for (let row = 0; row < flow.count; row++) for (let made = make(flow, row); made > 0; made--) parents.push(row);
      const of = Int32Array.from(parents);
      const count = of.length;
      const made = builder.take();
      const beside: readonly Column[] =
        by.kind === "unnest" ? gatherBatch(flow.batch, of, count).columns : made.columns;
      const columns = by.kind === "unnest" ? beside.map((c, i) => (i === column ? made.columns[0] : c)) : beside;
      const main: Flow = {
        batch: { schema, length: count, columns },
        selection: null,
        count,
        at: Int32Array.from(of, row => (flow.at === null ? row : flow.at[row])),
        time: gatherFloats(flow.time, of, count),
        clock: flow.clock === null ? null : gatherFloats(flow.clock, of, count),
        weight: flow.weight === null ? null : Int32Array.from(of, row => (flow.weight as Int32Array)[row]),
        pane: null,
        watermark: flow.watermark,
      };
      return { main };
    },
    snapshot: () => null,
    restore: () => {},
  };
};

function asArray(value: Value): readonly Value[] {
  if (value === null) return [];
  return Array.isArray(value) ? value : [value];
}
