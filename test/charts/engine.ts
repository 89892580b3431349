/** Runs a chart's plan in the engine over real logs, as a session does, and hands its tables over as they go over the wire. */
import { readFile } from "node:fs/promises";
import type { ChartSpec, Span, Tables } from "../../src/charts/chart.ts";
import { planChart } from "../../src/charts/plans.ts";
import { Run } from "../../src/engine/run.ts";
import { Table } from "../../src/engine/table.ts";
import { schemaOf, topological } from "../../src/pipeline/node.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { SourceFiles } from "../../src/session/source-files.ts";
import { wirePage } from "../../src/session/wire.ts";

export interface RanChart {
  readonly tables: Tables;
  readonly options: Readonly<Record<string, unknown>>;
}

const files = new SourceFiles(async name => readFile(new URL(`../../samples/${name}`, import.meta.url)));

/** Replays the logs of a chart to processing time `until` (default: to their end) and reads its tables. */
export async function runChart(chart: ChartSpec, until: number | null = null): Promise<RanChart> {
  const isSource = (n: { verb: string }): n is SourceNode => n.verb === "source";
  const sources = topological(Object.values(chart.streams)).filter(isSource);
  for (const source of sources) await files.load(source);
  const arrivals = sources.map(s => files.log(s).arrival).filter(a => a.length > 0);
  const span: Span | null =
    arrivals.length === 0
      ? null
      : { start: Math.min(...arrivals.map(a => a[0])), end: Math.max(...arrivals.map(a => a[a.length - 1])) };
  const { tables: streams, limits, options } = planChart(chart, span);
  const roots = Object.values(streams).map(s => s.node);
  for (const source of topological(roots).filter(isSource)) await files.load(source);
  const run = new Run(roots, { logs: source => files.log(source), remember: false });
  const taps = Object.entries(streams).map(([name, { node }]) => {
    const table = new Table(
      node,
      schemaOf(node, source => files.log(source).batch.schema),
    );
    run.tap(table);
    return [name, table] as const;
  });
  if (until === null) run.finish();
  else while (run.advance({ until }));
  return {
    tables: Object.fromEntries(
      taps.map(([name, table]) => [
        name,
        wirePage(table, 0, table.length > (limits[name] ?? Infinity) ? 0 : table.length, table.slots(null)).page,
      ]),
    ),
    options: { span, ...options, now: until, finished: until === null },
  };
}
