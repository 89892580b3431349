/**
 * The row-wise part of an aggregate: kernels for its aggregates' arguments and its output columns. Both the
 * windowed and the relational operator are made around it.
 */
import type { Batch } from "../../../columns/batch.ts";
import type { Column, Schema } from "../../../columns/column.ts";
import { compileColumn } from "../../../expressions/compile.ts";
import type { RowExpression } from "../../../expressions/tree.ts";
import { typeOf } from "../../../expressions/types.ts";
import { type AggregateNode, groupSchema, hasWindowColumns } from "../../../pipeline/verbs/aggregate.ts";
import type { Aggregation } from "../../aggregates/aggregation.ts";
import { aggregation } from "../../aggregates/registry.ts";
import type { OperatorContext } from "../../operator.ts";
import { retracts } from "../../retracts.ts";
import { Accumulators } from "./accumulators.ts";

type Kernel = (batch: Batch) => Column;

export interface AggregatePlan {
  /** Columns of one row per group (and window): keys, window, aggregates. */
  readonly group: Schema;
  readonly keys: number;
  readonly windowColumns: boolean;
  /** For each aggregate the columns of its arguments. */
  readonly argumentColumns: (batch: Batch) => Column[][];
  /** Makes the node's output of a batch of groups. */
  readonly outputs: (groups: Batch) => Batch;
  /** Makes empty accumulators. */
  readonly accumulators: () => Accumulators;
}

export function planAggregate(node: AggregateNode, context: OperatorContext): AggregatePlan {
  const [input] = context.inputs;
  const schema = context.schema("main");
  const kernel = (expression: RowExpression, columns: Schema): Kernel => {
    // A plain column is handed on as it is.
    const { expr } = expression;
    const at = expr.kind === "column" ? columns.findIndex(field => field.name === expr.name) : -1;
    if (at >= 0) return batch => batch.columns[at];
    return compileColumn(expression, [columns], { codegen: context.codegen });
  };
  const group = groupSchema(node, input);
  const windowColumns = hasWindowColumns(node.strategy);
  const fixed = node.keys.length + (windowColumns ? 2 : 0);
  const argumentKernels = node.aggregates.map(call => call.arguments.map(argument => kernel(argument, input)));
  const outputKernels = node.outputs.map(output => kernel(output.expression, group));
  const mayRetract = retracts(node.input, context.profile);
  const makers = node.aggregates.map(call => {
    const types = call.arguments.map(argument => typeOf(argument, [input]));
    return (): Aggregation => aggregation(call.aggregate, { types, retracts: mayRetract });
  });
  return {
    group,
    keys: node.keys.length,
    windowColumns,
    argumentColumns: batch => argumentKernels.map(kernels => kernels.map(k => k(batch))),
    outputs: groups => ({
      schema,
      length: groups.length,
      columns: [...groups.columns.slice(0, fixed), ...outputKernels.map(k => k(groups))],
    }),
    accumulators: () => new Accumulators(makers.map(make => make())),
  };
}
