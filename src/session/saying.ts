/** What a view would say now: its rows or its chart, with the figures of its head and how much of what has passed it shows. */
import type { ViewUpdate } from "../protocol/session.ts";
import type { CurrentRun } from "./current-run.ts";
import type { Watched } from "./engine-messages.ts";
import { clockOf, tableFigures } from "./figures.ts";
import { arrivalsOf, type Logs } from "./logs-below.ts";
import type { Saying } from "./painting.ts";
import { chartUpdate, type LiveView, tableUpdate, viewNodes, withPartial } from "./views.ts";
import type { WorkedPlan } from "./worked-plan.ts";

/** The replay that a view is of. */
export interface Replay {
  readonly current: CurrentRun;
  readonly worked: WorkedPlan;
  readonly profile: string;
  readonly logs: Logs;
}

/** Says what a view would say to a reader who watches a page of it. */
export function saying(view: LiveView, watched: Watched, { current, worked, profile, logs }: Replay): Saying {
  const { run } = current;
  const tables = Object.values(view.tables);
  const versions = tables.map(t => t.version);
  const figures = tableFigures(run, viewNodes(view.plan)[0], worked.dropped);
  const partial = current.behindOf(tables);
  const { chart } = view.plan;
  const make = (): ViewUpdate | null =>
    chart === null
      ? tableUpdate(view, watched, figures, profile)
      : chartUpdate(view, chart, {
          span: arrivalsOf(worked.sources, logs),
          now: clockOf(run),
          finished: partial === null && run?.progress.finished === true,
        });
  return {
    // How often its reader wants it changes nothing of what it says.
    state: JSON.stringify([versions, { ...watched, every: undefined }, figures, partial]),
    make: () => withPartial(make(), partial),
  };
}
