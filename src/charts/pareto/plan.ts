/**
 * `pareto`, the engine's half. Every bounded delay is answered by one twin; each other strategy runs as a twin of its own,
 * with counts in place of the aggregates, so that completeness is rows on time over rows in all.
 */
import { adaptive, bounded, perfect, percentile, type WatermarkStrategy } from "../../model/watermarks.ts";
import { formatDuration } from "../../model/time.ts";
import { Stream } from "../../pipeline/stream.ts";
import { ratioBin } from "../bins.ts";
import type { ChartPlan } from "../chart.ts";
import { delayVsLateness } from "../delay-vs-lateness/plan.ts";
import { sourcesBelow, type WindowedNode, windowed, windowFacts, withStrategy, withWatermark } from "../twins.ts";

export interface ParetoOptions {
  /** Strategies to compare by name. Default: perfect, percentile, adaptive, and where there are partitions one watermark for all of them. */
  readonly strategies?: Readonly<Record<string, WatermarkStrategy>> | null;
}

/** Bins to a doubling of the wait for a first result. */
export const WAIT_BINS = 8;

export const pareto: ChartPlan<ParetoOptions> = {
  name: "pareto",
  title: "Latency against completeness",
  question: "How long to wait for how much? Strategies by the wait for a first result and by how complete it is.",
  plan(args) {
    const node = windowed(args.streams.stream, "pareto");
    const tables: Record<string, Stream> = { ...delayVsLateness.plan({ ...args, options: {} as never }) };
    Object.entries(strategiesOf(node, args.options)).forEach(([, strategy], i) => {
      const twin = new Stream(
        withWatermark(counted(node), source => ({
          ...strategy,
          idle: strategy.idle ?? source.watermark.idle,
          future: strategy.future ?? source.watermark.future,
        })),
      );
      const onTime = twin.panes().filter('d => d.timing == "on-time"');
      tables[`waits ${i}`] = onTime
        .derive({ wait: "d => op.greatest(0, d.emitted_at - d.window_end)" })
        .groupby({ bin: ratioBin("d.wait", WAIT_BINS) })
        .rollup({ rows: "d => op.count()", total: "d => op.sum(d.wait)" });
      tables[`on time ${i}`] = twin.panes().filter('d => d.timing != "late"').rollup({ rows: "d => op.sum(d.n)" });
    });
    return tables;
  },
  limits: { windows: 20_000 },
  facts(args) {
    const node = windowed(args.streams.stream, "pareto");
    return {
      ...windowFacts(args.streams.stream),
      ...delayVsLateness.facts?.({ ...args, options: {} as never }),
      names: Object.keys(strategiesOf(node, args.options)),
      meanings: Object.values(strategiesOf(node, args.options)).map(meaningOf),
      hindsight: Object.values(strategiesOf(node, args.options)).map(({ basis }) => basis.kind === "perfect"),
    };
  },
};

function strategiesOf(node: WindowedNode, options: ParetoOptions): Readonly<Record<string, WatermarkStrategy>> {
  if (options.strategies !== undefined && options.strategies !== null) return options.strategies;
  const source = sourcesBelow(node)[0];
  const delay = source.watermark.basis.kind === "bounded" ? source.watermark.basis.delay : 0;
  return {
    perfect: perfect(),
    "99th percentile": percentile(0.99),
    adaptive: adaptive(0.99),
    ...(source.partition === null ? {} : { "one for all partitions": bounded(delay, { per: "source" }) }),
  };
}

/** Says in a sentence what a strategy promises and on what grounds. */
function meaningOf({ basis, per }: WatermarkStrategy): string {
  switch (basis.kind) {
    case "perfect":
      return "It knows in hindsight which rows are still to come, and never passes one of them: no strategy that cannot look ahead does better.";
    case "bounded":
      return `It stays ${formatDuration(basis.delay)} behind the greatest time seen${per === "source" ? ", over all partitions together: the fastest of them moves it" : ""}.`;
    case "percentile":
      return `It stays as far behind the greatest time seen as ${basis.quantile * 100} % of the last ${basis.window.toLocaleString("en")} rows were out of order at the most.`;
    case "adaptive":
      return `Its delay follows the out-of-orderness that ${basis.quantile * 100} % of the rows stay within, and is learnt anew when that changes (ADWIN).`;
    case "punctuated":
      return "Rows of the log themselves say how far event time is complete.";
    case "manual":
      return "Its host says how far event time is complete.";
  }
}

/** The same windows with a count for every aggregate, each row in one pane only. */
function counted(node: WindowedNode): WindowedNode {
  return {
    ...withStrategy(node, { accumulation: "discarding" }),
    aggregates: [{ name: "$n.0", aggregate: "count", arguments: [] }],
    outputs: [
      { name: "n", expression: { expr: { kind: "column", name: "$n.0", side: 0 }, parameters: {}, source: "count()" } },
    ],
  } as WindowedNode;
}
