/**
 * Live views: the streams that a table or a chart keeps tables of, and what is sent of them when they have changed.
 */
import { planChart } from "../charts/plans.ts";
import { Table } from "../engine/table.ts";
import { identity } from "../pipeline/identity.ts";
import type { Node } from "../pipeline/node.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { ViewUpdate } from "../protocol/session.ts";
import type { ViewPlan, Watched } from "./engine-messages.ts";
import { Pager } from "./pager.ts";
import { withRoom } from "./live-sources.ts";
import { wirePage } from "./wire.ts";

/** A view with its charts planned: the streams to keep tables of. */
export interface PlannedView {
  readonly view: string;
  /** Name of the chart; null for a table, whose one stream is `main`. */
  readonly chart: string | null;
  readonly streams: Readonly<Record<string, Node>>;
  /** The streams that the cell itself names, by their role: `stream`, and `other` of a chart of two. */
  readonly roles: Readonly<Record<string, Node>>;
  /** Tables that are sent empty once they are longer than this. */
  readonly limits: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface LiveView {
  readonly plan: PlannedView;
  /** One table for a table; one per stream of a chart. */
  readonly tables: Readonly<Record<string, Table>>;
  /** Of a table, what puts its rows in order. */
  readonly pager: Pager | null;
  /** What a reader who keeps all rows of the table has: its request, and the version of the table; null while it has not got all. */
  kept: { readonly request: number; readonly version: number } | null;
  /** Versions of the tables, page and order last sent, and when that was. */
  sent: string;
  sentAt: number;
}

/** The streams that a cell itself names for a view: a table's, or those that its chart is a chart of. */
export function namedNodes(view: ViewPlan): readonly Node[] {
  return view.kind === "table" ? [view.node] : Object.values(view.spec.streams);
}

/** The streams that a planned view keeps tables of. */
export function viewNodes(view: PlannedView): Node[] {
  return Object.values(view.streams);
}

/** Plans a view; a chart chooses its bins from the span of the logs below it. Throws where a stream does not fit the chart. */
export function planView(view: ViewPlan, logsBelow: (nodes: readonly Node[]) => readonly SourceLog[]): PlannedView {
  if (view.kind === "table")
    return {
      view: view.view,
      chart: null,
      streams: { main: view.node },
      roles: { stream: view.node },
      limits: {},
      options: {},
    };
  const logs = logsBelow(namedNodes(view));
  const { tables, limits, options } = planChart(view.spec, withRoom(spanOf(logs), logs));
  const streams = Object.fromEntries(Object.entries(tables).map(([name, stream]) => [name, stream.node]));
  return { view: view.view, chart: view.spec.chart, streams, roles: view.spec.streams, limits, options };
}

/** Makes a view's tables. Those of `known` whose stream did not change keep their rows; identities, not names, decide. */
export function liveView(
  plan: PlannedView,
  known: LiveView | undefined,
  table: (node: Node, limit: number | undefined) => Table,
): LiveView {
  const tables: Record<string, Table> = {};
  for (const [name, node] of Object.entries(plan.streams)) {
    const kept = known?.tables[name];
    tables[name] = kept !== undefined && identity(kept.node) === identity(node) ? kept : table(node, plan.limits[name]);
  }
  const main = plan.chart === null ? tables["main"] : undefined;
  const pager = main === undefined ? null : main === known?.tables["main"] ? known.pager : new Pager(main);
  const kept = main !== undefined && main === known?.tables["main"] ? known.kept : null;
  return { plan, tables, pager, kept, sent: "", sentAt: known?.sentAt ?? -Infinity };
}

/** First and last arrival of several logs; null when they are all empty. */
export function spanOf(logs: readonly SourceLog[]): { start: number; end: number } | null {
  const spans = logs
    .flatMap(({ arrival, whole }) =>
      whole !== undefined
        ? [whole]
        : arrival.length > 0
          ? [{ start: arrival[0], end: arrival[arrival.length - 1] }]
          : [],
    )
    .filter(span => span.start <= span.end);
  if (spans.length === 0) return null;
  return { start: Math.min(...spans.map(s => s.start)), end: Math.max(...spans.map(s => s.end)) };
}

type TableFigures = Extract<ViewUpdate, { kind: "table" }>["figures"];

/**
 * What is sent of a table; `log` names it while it only grows, so that the page can keep what it has. Null while its rows are
 * being put in order for the first time.
 */
export function tableUpdate(
  view: LiveView,
  watched: Watched,
  figures: TableFigures,
  profile: string,
): ViewUpdate | null {
  const table = view.tables["main"];
  if (watched.changes !== undefined && table.kind.kind !== "append")
    return changesUpdate(view, watched, watched.changes, figures);
  // Who keeps the rows of a log adds those that follow, whatever order they are shown in.
  const rows =
    view.pager === null || watched.changes !== undefined
      ? null
      : view.pager.page(watched.sort, watched.from, watched.count);
  if (rows === undefined) return null;
  const { from, page } =
    rows === null
      ? wirePage(table, watched.from, watched.count, null)
      : { ...wirePage(table, 0, rows.slots.length, rows.slots), from: rows.from };
  const log = table.kind.kind === "append" ? `${profile} ${identity(table.node)}` : null;
  return { kind: "table", view: view.plan.view, total: table.length, from, page, figures, log };
}

/** What is sent of a table to a reader who keeps all of its rows: them, and from then on what has changed. */
function changesUpdate(view: LiveView, watched: Watched, request: number, figures: TableFigures): ViewUpdate {
  const table = view.tables["main"];
  const { version, length: total } = table;
  const update = { kind: "table", view: view.plan.view, total, figures, log: null } as const;
  const { kept } = view;
  const slots = table.changedSince(kept?.version ?? -1);
  if (kept !== null && kept.request === request && slots !== null) {
    view.kept = { request, version };
    const { page } = wirePage(table, 0, slots.length, slots);
    return { ...update, from: 0, page, state: { version, since: kept.version, slots } };
  }
  const { from, page } = wirePage(table, watched.from, watched.count, null);
  view.kept = from === 0 && page.length === total ? { request, version } : null;
  return { ...update, from, page, state: { version, since: null, slots: null } };
}

/** What is sent of a chart: its tables whole, and what it has to know of the replay. */
export function chartUpdate(view: LiveView, chart: string, replay: Readonly<Record<string, unknown>>): ViewUpdate {
  const { limits, options } = view.plan;
  const tables = Object.fromEntries(
    Object.entries(view.tables).map(([name, table]) => {
      // A chart that draws rows one by one has a coarser table for when there are too many of them.
      const length = table.length > (limits[name] ?? Infinity) ? 0 : table.length;
      return [name, wirePage(table, 0, length, table.slots(null)).page];
    }),
  );
  const { span, ...rest } = replay;
  return { kind: "chart", view: view.plan.view, chart, tables, options: { span, ...options, ...rest } };
}

/** Says with a view's update how much of what has passed it shows; null where that is all. */
export function withPartial(update: ViewUpdate | null, partial: number | null): ViewUpdate | null {
  return update === null || partial === null ? update : { ...update, partial };
}
