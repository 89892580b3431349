/**
 * `balanceVsFlow`, the engine's half: flows summed by when they happened and when they became known, so that the balance at
 * any time as known at any time is a sum of cells; and the residual against snapshots, exactly.
 */
import type { RowExpression } from "../../expressions/tree.ts";
import type { Stream } from "../../pipeline/stream.ts";
import { niceStep } from "../bins.ts";
import type { ChartArguments, ChartPlan } from "../chart.ts";
import { reachedTable } from "../completeness.ts";
import { timedRows } from "../row-times.ts";
import { rowsInto, windowFacts } from "../twins.ts";

export interface BalanceVsFlowOptions {
  readonly amount: RowExpression;
  /** The balance in a snapshot. */
  readonly balance?: RowExpression | null;
  /** Balance before the first flow. Default 0. */
  readonly opening?: number;
  /** Width of a flow bar, ms. Default: at most 300 in the log's span. */
  readonly step?: number | null;
  /** Processing time to look back from, ms: the balance as known then stands beside the one known now. */
  readonly asOf?: number | null;
  /** What the balance ought to be: `{at, balance}`, ms. */
  readonly assertions?: readonly { readonly at: number; readonly balance: number }[];
}

const BARS = 300;

export const balanceVsFlow: ChartPlan<BalanceVsFlowOptions> = {
  name: "balanceVsFlow",
  title: "Balance against flow",
  question:
    "Do flows and balances agree? Flows in, out and net, the balance they add up to, snapshots, and what nobody explains.",
  limits: { snapshots: 5_000, residuals: 5_000 },
  plan(args) {
    const { streams, options } = args;
    const step = stepOf(args);
    // A bin is named by its end, which belongs to it: the balance at T includes the flows at T.
    const end = (column: string): string => `d => op.ceil(d.${column} / ${step}) * ${step}`;
    const tables: Record<string, Stream> = {
      flows: timedRows(streams.stream, "balanceVsFlow", options.amount)
        .groupby({ at: end("event_time"), known: end("arrived_at") })
        .rollup({
          inflow: "d => op.sum(d.amount > 0 ? d.amount : 0)",
          outflow: "d => op.sum(d.amount < 0 ? d.amount : 0)",
          rows: "d => op.count()",
        }),
      reached: reachedTable(streams.stream),
    };
    const { snapshots } = streams;
    if (snapshots !== undefined) {
      const balance = options.balance;
      if (balance === undefined || balance === null)
        throw new Error(
          "balanceVsFlow needs the balance of a snapshot: balanceVsFlow(payments, {amount, snapshots, balance: d => d.balance}).",
        );
      tables.snapshots = timedRows(snapshots, "balanceVsFlow", balance).select("event_time", "amount");
      tables.residuals = rowsInto(streams.stream)
        .ungroup()
        .reconcile(rowsInto(snapshots).ungroup(), { flow: options.amount, balance });
    }
    return tables;
  },
  facts: args => ({ ...windowFacts(args.streams.stream), step: stepOf(args) }),
};

function stepOf({ options, span }: ChartArguments<BalanceVsFlowOptions>): number {
  return options.step ?? (span !== null && span.end > span.start ? niceStep(span.end - span.start, BARS) : 3_600_000);
}
