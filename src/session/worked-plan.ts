/**
 * What a plan comes to when it is worked: which nodes the run has to compute and who reads them, under which names they go, and
 * which of them are the cells' own.
 */
import type { Tap } from "../engine/run.ts";
import { Table } from "../engine/table.ts";
import { identity } from "../pipeline/identity.ts";
import { type Node, topological } from "../pipeline/node.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { Breakpoints } from "./breakpoints.ts";
import { computable, plannedView } from "./computable.ts";
import type { EnginePlan, PlanResult } from "./engine-messages.ts";
import { Counter } from "./figures.ts";
import { type Disturb, disturbedNames, disturbedView } from "./injected-faults.ts";
import { columnsOf, isReadInParts, type Logs, rowsBelow } from "./logs-below.ts";
import type { Variants } from "./variants.ts";
import { type LiveView, liveView, namedNodes, type PlannedView, viewNodes } from "./views.ts";

/** Rows that are kept to be shown of a log that is itself too large for memory: as many as SQL cells take. */
const LOG_ROWS = 2_000_000;

/** How the nodes of a plan are called. */
export interface Naming {
  /** Names of variables by identity, of the pipelines as they run. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** Identities of the nodes that show the present replay, its charts' own among them. */
  readonly present: ReadonlySet<string>;
  /** The nodes that cells name, and all below them; charts' own twins are not among them. */
  readonly own: readonly Node[];
  /** The sources among them. */
  readonly sources: readonly SourceNode[];
}

export interface WorkedPlan extends Naming {
  readonly views: ReadonlyMap<string, LiveView>;
  /** Dropped rows of each windowed aggregate among the cells' own, and of the pinned replay's, by identity. */
  readonly dropped: ReadonlyMap<string, Counter>;
}

/** What is worked before there is a plan. */
export const NOTHING_WORKED: WorkedPlan = {
  names: {},
  present: new Set(),
  own: [],
  sources: [],
  views: new Map(),
  dropped: new Map(),
};

/** What a plan is worked with. */
export interface WorkedWith {
  readonly logs: Logs;
  readonly disturb: Disturb;
  readonly variants: Variants;
  readonly breakpoints: Breakpoints;
}

/** A plan that is ready to be run. */
export interface ToRun {
  readonly worked: WorkedPlan;
  readonly result: PlanResult;
  /** The nodes to compute, and what reads them. */
  readonly roots: readonly Node[];
  readonly taps: readonly Tap[];
}

/** Says what is to be run for a plan. Tables and counters of `before` go on where their streams stay. `sources`: all below its views. */
export function toRun(
  plan: EnginePlan,
  sources: readonly SourceNode[],
  before: WorkedPlan,
  { logs, disturb, variants, breakpoints }: WorkedWith,
): ToRun {
  const { views: planned, result } = computable(plan, sources, logs);
  const present = planned.map(view => disturbedView(view, disturb));
  const compared = variants.plan(present, {
    plan: view => plannedView(view, logs),
    disturbed: disturbedView,
    schema: node => columnsOf(node, logs),
    rows: node => rowsBelow(node, logs),
  });
  const views = [...present, ...compared];
  const kept = new Set(planned.map(v => v.view));
  const named = plan.views.filter(v => kept.has(v.view)).flatMap(namedNodes);
  const own = topological(named.map(disturb));
  const naming: Naming = {
    names: disturbedNames(plan.names, planned.flatMap(viewNodes), disturb),
    present: new Set(topological(present.flatMap(viewNodes)).map(identity)),
    own,
    sources: own.filter(n => n.verb === "source"),
  };
  const stops = breakpoints.plan(
    stream => streamNamed(stream, present, naming),
    node => void columnsOf(node, logs),
  );
  const dropped = counters([...own, ...variants.own()], before.dropped);
  const table = (node: Node, limit = Infinity): Table =>
    new Table(node, columnsOf(node, logs), undefined, isReadInParts(node, logs) ? Math.min(limit, LOG_ROWS) : limit);
  const live = new Map(views.map(view => [view.view, liveView(view, before.views.get(view.view), table)]));
  const counted = [...dropped.values()];
  const tables = [...live.values()].flatMap(v => Object.values(v.tables));
  return {
    worked: { ...naming, views: live, dropped },
    result,
    roots: [...views.flatMap(viewNodes), ...stops.map(b => b.node), ...counted.map(c => c.node)],
    taps: [...stops, ...counted, ...tables],
  };
}

/** The variable that holds a node as it runs, of the pinned replay's where it is in that alone; null when none does. */
export function variableOf(node: Node, { names, present }: Naming, variants: Variants): string | null {
  const id = identity(node);
  return (present.has(id) ? null : variants.nameOf(node)) ?? names[id]?.[0] ?? null;
}

/** The stream that is meant by the name of its variable or by its view; null when there is none. */
function streamNamed(stream: string, views: readonly PlannedView[], { names }: Naming): Node | null {
  return (
    views.find(v => v.view === stream && v.chart === null)?.streams["main"] ??
    // The last one: of a disturbed source and its disturbance, what comes out of the latter.
    topological(views.flatMap(viewNodes)).findLast(n => names[identity(n)]?.includes(stream)) ??
    null
  );
}

/** A counter of dropped rows for each windowed aggregate below some nodes; those that stay go on counting. */
function counters(nodes: readonly Node[], before: WorkedPlan["dropped"]): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  for (const node of topological(nodes)) {
    if (node.verb !== "aggregate" || node.strategy === null) continue;
    const id = identity(node);
    counters.set(id, before.get(id) ?? new Counter({ verb: "port", input: node, port: "late" }));
  }
  return counters;
}
