/**
 * Two replays side by side: a plan that was pinned goes on beside the present one, under the same clock.
 *
 * The engine is one graph of nodes by identity, so the pinned plan is simply planned as well: what is equal is there once and
 * computed once, and where nothing differs nothing is added. What differs gets two more views, the pinned one and the rows in which
 * they differ.
 *
 * ```
 * view 5.daily           as it is now
 * view pinned:5.daily    as it was pinned
 * view difference:5.daily, summary:5.daily
 * ```
 */
import type { Schema, Value } from "../columns/column.ts";
import { canonical, identity } from "../pipeline/identity.ts";
import { type Node, topological } from "../pipeline/node.ts";
import { type ComparedStreams, comparedStreams, rowsIdentity } from "../pipeline/two-replays.ts";
import type { ComparedRows } from "../protocol/comparison.ts";
import type { ComparedViews, EnginePlan, ViewPlan } from "./engine-messages.ts";
import { type LiveView, namedNodes, type PlannedView, viewNodes } from "./views.ts";

/** Rows of logs up to which single rows are compared one by one; keys of rollups are compared however many rows they sum up. */
const MOST_SINGLE_ROWS = 250_000;

/** What a variant needs of the engine's host to be planned. */
export interface VariantContext {
  /** Plans a view as a cell shows it, undisturbed. */
  plan(view: ViewPlan): PlannedView;
  /** Rewrites the streams of a view. */
  disturbed(view: PlannedView, disturb: (node: Node) => Node): PlannedView;
  schema(node: Node): Schema;
  /** Rows of all logs below a node. */
  rows(node: Node): number;
}

interface Pinned {
  readonly plan: EnginePlan;
  readonly disturb: (node: Node) => Node;
}

/** A view of both replays. */
type Pair =
  | { readonly state: "same" | "new" }
  | {
      readonly state: "differs";
      readonly pinned: PlannedView;
      /** Options of the pinned chart as its cell wrote them. */
      readonly options: Readonly<Record<string, unknown>>;
      readonly compared: (ComparedStreams & { readonly view: string; readonly summaryView: string }) | null;
      readonly reason: string | null;
    };

export class Variants {
  #pinned: Pinned | null = null;
  #pairs = new Map<string, Pair>();
  #names = new Map<string, string>();

  /** Keeps a plan as it is, with the faults that are injected now. */
  pin(plan: EnginePlan, disturb: (node: Node) => Node): void {
    this.#pinned = { plan, disturb };
    this.#names = new Map();
    for (const node of topological(this.named())) {
      const [name] = plan.names[identity(node)] ?? [];
      if (name !== undefined) this.#names.set(identity(disturb(node)), `${name} (pinned)`);
    }
  }

  unpin(): void {
    this.#pinned = null;
    this.#pairs.clear();
    this.#names.clear();
  }

  /** The streams that pinned cells named, undisturbed: their sources have to be loaded. */
  named(): readonly Node[] {
    return (this.#pinned?.plan.views ?? []).filter(isOnPage).flatMap(namedNodes);
  }

  /** The same streams as they run. */
  own(): readonly Node[] {
    const pinned = this.#pinned;
    return pinned === null ? [] : this.named().map(pinned.disturb);
  }

  /** Pairs each view with the pinned one, and returns the views that have to be planned besides. */
  plan(now: readonly PlannedView[], context: VariantContext): readonly PlannedView[] {
    this.#pairs = new Map();
    const pinned = this.#pinned;
    if (pinned === null) return [];
    const known = new Map(pinned.plan.views.map(view => [view.view, view]));
    const added: PlannedView[] = [];
    for (const view of now.filter(isOnPage)) {
      const pair = paired(view, known.get(view.view), pinned.disturb, context);
      this.#pairs.set(view.view, pair);
      if (pair.state !== "differs") continue;
      added.push(pair.pinned);
      if (pair.compared === null) continue;
      const { view: rowsView, rows, summaryView, summary } = pair.compared;
      added.push(context.plan({ view: rowsView, kind: "table", node: rows.node }));
      added.push(context.plan({ view: summaryView, kind: "table", node: summary.node }));
    }
    return added;
  }

  /** The variable that held a node of the pinned replay; null when none did. */
  nameOf(node: Node): string | null {
    return this.#names.get(identity(node)) ?? null;
  }

  /**
   * What the two come to at this moment; null when nothing is pinned. `dropped` counts the rows dropped below some nodes, `own` are
   * those of the present replay.
   */
  compared(
    live: ReadonlyMap<string, LiveView>,
    dropped: (nodes: readonly Node[]) => number,
    own: readonly Node[],
  ): ComparedViews | null {
    if (this.#pinned === null) return null;
    const outputs: Record<string, ComparedViews["outputs"][string]> = {};
    for (const [view, pair] of this.#pairs) {
      if (pair.state !== "differs") {
        outputs[view] = { state: pair.state };
        continue;
      }
      const { pinned, options, compared, reason } = pair;
      const rows =
        compared === null ? null : comparedRows(compared, compared.view, summaryOf(live.get(compared.summaryView)));
      outputs[view] = {
        state: "differs",
        pinned: { view: pinned.view, chart: pinned.chart, options },
        rows,
        reason,
      };
    }
    const counts = { pinned: dropped(this.own()), now: dropped(own) };
    return { outputs, dropped: counts };
  }
}

function summaryOf(view: LiveView | undefined): Readonly<Record<string, Value>> {
  return view?.tables["main"].rows()[0] ?? {};
}

/** Whether a view is an output of a cell; others are read by cells themselves. */
function isOnPage({ view }: { readonly view: string }): boolean {
  return /^\d+[#.]/.test(view);
}

function paired(
  now: PlannedView,
  was: ViewPlan | undefined,
  disturb: (node: Node) => Node,
  context: VariantContext,
): Pair {
  if (was === undefined) return { state: "new" };
  let planned: PlannedView;
  try {
    planned = context.plan(was);
    for (const node of viewNodes(planned)) context.schema(node);
  } catch {
    // What was in error when it was pinned has nothing to be compared with.
    return { state: "new" };
  }
  const pinned = { ...context.disturbed(planned, disturb), view: `pinned:${now.view}` };
  if (looksTheSame(now, pinned)) return { state: "same" };
  const options = was.kind === "chart" ? was.spec.options : {};
  const both = { state: "differs", pinned, options } as const;
  if (now.chart !== null || pinned.chart !== null) return { ...both, compared: null, reason: null };
  try {
    return { ...both, compared: rowsCompared(now, pinned, context), reason: null };
  } catch (error) {
    return { ...both, compared: null, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether what is on the screen must be the same: equal rows, drawn in the same way. */
function looksTheSame(a: PlannedView, b: PlannedView): boolean {
  const names = Object.keys(a.streams);
  return (
    a.chart === b.chart &&
    names.length === Object.keys(b.streams).length &&
    canonical(a.options) === canonical(b.options) &&
    names.every(name => {
      const [x, y] = [a.streams[name], b.streams[name]];
      return y !== undefined && (identity(x) === identity(y) || rowsIdentity(x) === rowsIdentity(y));
    })
  );
}

function rowsCompared(now: PlannedView, pinned: PlannedView, context: VariantContext) {
  const side = ({ streams: { main } }: PlannedView) => ({ node: main, schema: context.schema(main) });
  const compared = comparedStreams(side(now), side(pinned));
  const most = Math.max(context.rows(now.streams["main"]), context.rows(pinned.streams["main"]));
  if (compared.by === "row" && most > MOST_SINGLE_ROWS)
    throw new Error(
      `Single rows are compared up to ${MOST_SINGLE_ROWS.toLocaleString("en")} rows of a log; this one has ${most.toLocaleString("en")}. A cell such as difference(a, b, {on: "id", columns: ["amount"]}) compares two streams of any length.`,
    );
  for (const stream of [compared.rows, compared.summary]) context.schema(stream.node);
  return { ...compared, view: `difference:${now.view}`, summaryView: `summary:${now.view}` };
}

/** Reads the one row that sums up a comparison; `view` is where the rows that differ stand. */
export function comparedRows(
  { by, on, left, summed }: ComparedStreams,
  view: string,
  row: Readonly<Record<string, Value>>,
): ComparedRows {
  const count = (name: string): number => Number(row[name] ?? 0);
  const sums = (by === "key" ? summed : ["rows"]).map(column => ({
    column,
    pinned: count(`${column} pinned`),
    now: count(`${column} now`),
  }));
  return {
    view,
    by,
    on,
    left,
    sums,
    total: count("rows"),
    changed: count("changed"),
    onlyNow: count("only_now"),
    onlyPinned: count("only_pinned"),
  };
}
