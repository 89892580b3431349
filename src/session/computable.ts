/**
 * Which views of a plan can be computed, and why the others cannot. A chart is planned here, because it chooses its bins from
 * the logs; a view over a live source of which no row has come is neither: it waits.
 */
import { identity } from "../pipeline/identity.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { EnginePlan, PlanResult, ViewPlan } from "./engine-messages.ts";
import { WaitingForRows } from "./live-sources.ts";
import { columnsOf, type Logs, logsBelow } from "./logs-below.ts";
import { type PlannedView, planView, viewNodes } from "./views.ts";

/** Plans a view as a cell shows it, over the logs that are there. Throws where a stream does not fit the chart. */
export function plannedView(view: ViewPlan, logs: Logs): PlannedView {
  return planView(view, nodes => logsBelow(nodes, logs));
}

/** Splits a plan into what can be computed and what cannot, with the reasons. `sources`: all that are below its views. */
export function computable(
  plan: EnginePlan,
  sources: readonly SourceNode[],
  logs: Logs,
): { readonly views: readonly PlannedView[]; readonly result: PlanResult } {
  const views: PlannedView[] = [];
  const schemas: Record<string, readonly { name: string; type: string }[]> = {};
  const errors: Record<string, string> = {};
  for (const view of plan.views) {
    try {
      const planned = plannedView(view, logs);
      const shown = viewNodes(planned).map(node => columnsOf(node, logs));
      if (planned.chart === null) schemas[view.view] = shown[0].map(({ name, type }) => ({ name, type }));
      views.push(planned);
    } catch (error) {
      if (error instanceof WaitingForRows) continue;
      errors[view.view] = error instanceof Error ? error.message : String(error);
    }
  }
  const readable = sources.flatMap(node => {
    try {
      return [[identity(node), columnsOf(node, logs)] as const];
    } catch {
      // The views over this source have already said what is wrong with it.
      return [];
    }
  });
  return { views, result: { version: plan.version, schemas, sources: Object.fromEntries(readable), errors } };
}

/** What is said of a plan after all when none of its views can be computed, for one reason. */
export function nothingOf({ views }: EnginePlan, result: PlanResult, reason: string): PlanResult {
  return { ...result, errors: Object.fromEntries(views.map(v => [v.view, reason])) };
}
