/**
 * The engine's side of a session: holds the run, moves its clock as the transport says, and tells what changed.
 *
 * It works in slices of a few milliseconds and speaks at most once per frame, so that whoever it runs beside stays
 * responsive and every long replay can be stopped between two slices. The host gives it a clock and a way to be called
 * again; in tests both are plain values, so a replay is the same every time.
 */
import { planChart } from "../charts/plans.ts";
import type { ChartSpec } from "../charts/chart.ts";
import { profileNamed } from "../model/profiles.ts";
import { disturbing } from "../pipeline/faults.ts";
import { identity } from "../pipeline/identity.ts";
import { inputsOf, type Node, schemaOf, topological, verbOf } from "../pipeline/node.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { Checkpoints } from "../engine/checkpoints.ts";
import type { Flow } from "../engine/flow.ts";
import type { GraphNode } from "../engine/graph.ts";
import { Run, type Tap } from "../engine/run.ts";
import { Table } from "../engine/table.ts";
import type { Value } from "../columns/column.ts";
import type { NodeFigures, TransportAction, TransportState, ViewUpdate } from "../protocol/session.ts";
import { Breakpoints, type Hit } from "./breakpoints.ts";
import { arrivalDensity } from "./density.ts";
import type { EnginePlan, FromEngine, PlanResult, ToEngine, ViewPlan, Watched } from "./engine-messages.ts";
import { type Explanation, explainRow, explainWindow } from "./explain.ts";
import { positionsBefore } from "./step-back.ts";
import { SourceFiles } from "./source-files.ts";
import { wirePage } from "./wire.ts";

/** What the host gives. */
export interface EngineHostOptions {
  post(message: FromEngine, transfer?: ArrayBuffer[]): void;
  /** Milliseconds of wall-clock time, for speed and slices; monotone. */
  now(): number;
  /** Calls back soon: at once when `delay` is 0, else after so many milliseconds. */
  defer(work: () => void, delay: number): void;
  readonly codegen?: boolean;
}

/** Milliseconds of work between two chances to hear a message. */
const SLICE = 10;
/** Milliseconds between two updates of what is on screen. */
const FRAME = 16;
const GRAPH_EVERY = 250;
const DENSITY_BINS = 240;

/** Counts what comes out of a stream without keeping it. */
class Counter implements Tap {
  readonly node: Node;
  count = 0;
  constructor(node: Node) {
    this.node = node;
  }
  apply(flow: Flow): void {
    this.count += flow.count;
  }
  reset(): void {
    this.count = 0;
  }
  snapshot(): number {
    return this.count;
  }
  restore(count: number): void {
    this.count = count;
  }
}

/** A view with its charts planned: the streams to keep tables of. */
interface PlannedView {
  readonly view: string;
  /** Name of the chart; null for a table, whose one stream is `main`. */
  readonly chart: string | null;
  readonly streams: Readonly<Record<string, Node>>;
  /** Tables that are sent empty once they are longer than this. */
  readonly limits: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, unknown>>;
}

interface LiveView {
  readonly plan: PlannedView;
  /** One table for a table; one per stream of a chart. */
  readonly tables: Readonly<Record<string, Table>>;
  /** Versions of the tables, page and order last sent, and when that was. */
  sent: string;
  sentAt: number;
}

export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #files: SourceFiles;
  readonly #awaited = new Map<number, { resolve(bytes: Uint8Array): void; reject(error: Error): void }>();
  #request = 0;
  #plan: EnginePlan = { version: 0, views: [], names: {}, profile: "tidemark" };
  #run: Run | null = null;
  readonly #checkpoints = new Checkpoints();
  #views = new Map<string, LiveView>();
  /** Dropped rows of each windowed aggregate, by identity. */
  #dropped = new Map<string, Counter>();
  #watched = new Map<string, Watched>();
  /** Names of variables by identity, of the pipelines as they run. */
  #names: Readonly<Record<string, readonly string[]>> = {};
  readonly #breakpoints = new Breakpoints();
  #paused: TransportState["paused"] = null;
  #faults: TransportState["faults"] = null;
  #faultsError: string | null = null;
  /** Rewrites a pipeline as the faults that are injected ask for. */
  #disturb: (node: Node) => Node = node => node;
  #playing = false;
  #speed = Infinity;
  /** Wall clock and virtual clock when playing began or the speed changed. */
  #anchor = { wall: 0, clock: 0 };
  /** Works to this processing time before anything else, as fast as possible; null: nothing to catch up. */
  #target: { readonly clock: number; readonly end: boolean } | null = null;
  #scheduled = false;
  #lastSent = -Infinity;
  /** When a view may be sent that was held back because its reader wants it less often; Infinity: none is. */
  #owed = Infinity;
  #lastGraph = -Infinity;
  #dirty = false;
  #loading: TransportState["loading"] = null;
  #density: TransportState["density"] = null;

  constructor(options: EngineHostOptions) {
    this.#options = options;
    this.#files = new SourceFiles(
      name => this.#ask(name),
      (what, progress) => {
        this.#loading = { what, progress };
        this.#sendTransport();
      },
    );
  }

  /** Takes a message from the control plane. */
  receive(message: ToEngine): void {
    switch (message.type) {
      case "plan":
        void this.#replan(message.plan);
        return;
      case "transport":
        this.#transport(message.action);
        return;
      case "watch":
        this.#watched = new Map(message.views.map(v => [v.view, v]));
        this.#dirty = true;
        this.#schedule(0);
        return;
      case "file": {
        const awaited = this.#awaited.get(message.request);
        this.#awaited.delete(message.request);
        if (message.bytes !== null) awaited?.resolve(new Uint8Array(message.bytes));
        else awaited?.reject(new Error(message.error ?? "The file could not be read."));
        return;
      }
      case "explain":
        this.#explain(message);
    }
  }

  #ask(name: string): Promise<Uint8Array> {
    const request = ++this.#request;
    return new Promise((resolve, reject) => {
      this.#awaited.set(request, { resolve, reject });
      this.#options.post({ type: "need-file", request, name });
    });
  }

  async #replan(plan: EnginePlan): Promise<void> {
    this.#plan = plan;
    // What can be known without data is answered once every source has been read; a newer plan overtakes this one.
    const named = plan.views.flatMap(v => (v.kind === "table" ? [v.node] : Object.values(v.spec.streams)));
    const sources = topological(named).filter(n => n.verb === "source");
    await Promise.all(sources.map(n => this.#files.load(n)));
    if (this.#plan !== plan) return;
    this.#loading = null;
    const { views: planned, result } = this.#validate(plan, sources);
    const views = planned.map(view => this.#disturbed(view));
    this.#names = this.#namesOf(planned.flatMap(viewNodes));
    const breakpoints = this.#planBreakpoints(views);
    const roots = [...views.flatMap(viewNodes), ...breakpoints.map(b => b.node)];
    const windowed = topological(roots).filter(n => n.verb === "aggregate" && n.strategy !== null);
    const dropped = new Map<string, Counter>();
    for (const node of windowed) {
      const id = identity(node);
      dropped.set(id, this.#dropped.get(id) ?? new Counter({ verb: "port", input: node, port: "late" }));
    }
    const live = new Map<string, LiveView>();
    for (const view of views) live.set(view.view, this.#liveView(view));
    const taps: Tap[] = [
      ...breakpoints,
      ...dropped.values(),
      ...[...live.values()].flatMap(v => Object.values(v.tables)),
    ];
    try {
      this.#takeOver([...roots, ...[...dropped.values()].map(c => c.node)], taps);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const errors = Object.fromEntries(plan.views.map(v => [v.view, message]));
      this.#options.post({ type: "planned", result: { ...result, errors } });
      return;
    }
    this.#views = live;
    this.#dropped = dropped;
    this.#density = arrivalDensity(this.#sourceLogs(), DENSITY_BINS);
    this.#options.post({ type: "planned", result });
    this.#lastGraph = -Infinity;
    this.#dirty = true;
    this.#schedule(0);
  }

  /** Gives the run the new pipeline. A run over the same sources goes on; any other begins again and works to the same moment. */
  #takeOver(roots: readonly Node[], taps: readonly Tap[]): void {
    const logs = (source: SourceNode) => this.#files.log(source);
    const profile = profileNamed(this.#plan.profile);
    const before = this.#run;
    if (before === null || before.profile !== profile) {
      const run = new Run(roots, { logs, profile, codegen: this.#options.codegen });
      for (const tap of taps) {
        tap.reset();
        run.tap(tap);
      }
      this.#run = run;
      this.#checkpoints.clear();
      if (before !== null) this.#catchUpTo(before);
      return;
    }
    const { clock, finished } = before.progress;
    // Checkpoints outlive an edit: what it brought is worked up to them when they are used. Other sources are another replay.
    if (before.replan(roots, taps) !== "restarted") {
      this.#checkpoints.keepTaps(new Set(taps));
      return;
    }
    this.#checkpoints.clear();
    if (clock > -Infinity || finished) this.#target ??= { clock, end: finished };
  }

  #catchUpTo(before: Run): void {
    const { clock, finished } = before.progress;
    if (clock > -Infinity) this.#target ??= { clock, end: finished };
  }

  /** Splits a plan into what can be computed and what cannot, with the reasons. */
  #validate(plan: EnginePlan, sources: readonly SourceNode[]): { views: PlannedView[]; result: PlanResult } {
    const views: PlannedView[] = [];
    const schemas: Record<string, readonly { name: string; type: string }[]> = {};
    const errors: Record<string, string> = {};
    const source = (node: SourceNode) => this.#files.log(node).batch.schema;
    for (const view of plan.views) {
      try {
        const planned = view.kind === "table" ? tableView(view) : this.#chartView(view.view, view.spec);
        const shown = viewNodes(planned).map(node => schemaOf(node, source));
        if (planned.chart === null) schemas[view.view] = shown[0].map(({ name, type }) => ({ name, type }));
        views.push(planned);
      } catch (error) {
        errors[view.view] = error instanceof Error ? error.message : String(error);
      }
    }
    const readable = sources.flatMap(node => {
      try {
        return [[identity(node), source(node)] as const];
      } catch {
        // The views over this source have already said what is wrong with it.
        return [];
      }
    });
    return { views, result: { version: plan.version, schemas, sources: Object.fromEntries(readable), errors } };
  }

  #disturbed(view: PlannedView): PlannedView {
    const streams = Object.fromEntries(Object.entries(view.streams).map(([name, n]) => [name, this.#disturb(n)]));
    return { ...view, streams };
  }

  /** The plan's names, by the identities that its nodes have once they are disturbed. */
  #namesOf(roots: readonly Node[]): Record<string, readonly string[]> {
    const names: Record<string, readonly string[]> = { ...this.#plan.names };
    for (const node of topological(roots)) {
      const own = this.#plan.names[identity(node)];
      if (own !== undefined) names[identity(this.#disturb(node))] = own;
    }
    return names;
  }

  #planBreakpoints(views: readonly PlannedView[]) {
    const nodes = topological(views.flatMap(viewNodes));
    const source = (node: SourceNode) => this.#files.log(node).batch.schema;
    const find = (stream: string): Node | null =>
      views.find(v => v.view === stream && v.chart === null)?.streams["main"] ??
      // The last one: of a disturbed source and its disturbance, what comes out of the latter.
      nodes.findLast(n => this.#names[identity(n)]?.includes(stream)) ??
      null;
    return this.#breakpoints.plan(find, node => void schemaOf(node, source));
  }

  #chartView(view: string, spec: ChartSpec): PlannedView {
    const below = topological(Object.values(spec.streams)).flatMap(n =>
      n.verb === "source" ? [this.#files.log(n)] : [],
    );
    const { tables, limits, options } = planChart(spec, spanOf(below));
    const streams = Object.fromEntries(Object.entries(tables).map(([name, stream]) => [name, stream.node]));
    return { view, chart: spec.chart, streams, limits, options };
  }

  #liveView(plan: PlannedView): LiveView {
    const source = (node: SourceNode) => this.#files.log(node).batch.schema;
    const known = this.#views.get(plan.view);
    const tables: Record<string, Table> = {};
    for (const [name, node] of Object.entries(plan.streams)) {
      const kept = known?.tables[name];
      // A table whose stream did not change keeps its rows; identities, not names, decide.
      tables[name] =
        kept !== undefined && identity(kept.node) === identity(node)
          ? kept
          : new Table(node, schemaOf(node, source), undefined, plan.limits[name]);
    }
    return { plan, tables, sent: "", sentAt: known?.sentAt ?? -Infinity };
  }

  #sourceLogs() {
    return [...(this.#run?.graph.nodes ?? [])].flatMap(n =>
      n.node.verb === "source" ? [{ log: this.#files.log(n.node), watermark: n.node.watermark }] : [],
    );
  }

  #transport(action: TransportAction): void {
    const run = this.#run;
    if (action.kind === "breakpoint" || action.kind === "faults") {
      if (action.kind === "faults") this.#setFaults(action.options);
      else if (action.remove === true) this.#breakpoints.remove(action.stream);
      else this.#breakpoints.set(action.stream, action.predicate);
      void this.#replan(this.#plan);
      return;
    }
    if (action.kind !== "speed") this.#paused = null;
    if (action.kind === "speed") {
      this.#speed = action.factor;
      this.#setAnchor();
    } else if (action.kind === "pause") {
      this.#playing = false;
      this.#target = null;
    } else if (run !== null) {
      switch (action.kind) {
        case "play":
          if (run.progress.finished) run.restart();
          this.#playing = true;
          this.#setAnchor();
          break;
        case "restart":
          this.#playing = false;
          this.#target = null;
          run.restart();
          break;
        case "end":
          this.#target = { clock: Infinity, end: true };
          break;
        case "step":
          this.#playing = false;
          this.#target = null;
          if (action.back === true) this.#workTo(run, positionsBefore(run, action.by));
          else this.#step(run, action.by);
          break;
        case "seek":
          this.#checkpoints.rewind(run, at => at.clock > action.to);
          this.#target = { clock: action.to, end: false };
          break;
      }
    }
    this.#dirty = true;
    this.#sendTransport();
    this.#schedule(0);
  }

  #setFaults(options: TransportState["faults"]): void {
    try {
      this.#disturb = options == null ? node => node : disturbing(options);
      this.#faults = options;
      this.#faultsError = null;
    } catch (error) {
      this.#faultsError = error instanceof Error ? error.message : String(error);
    }
  }

  #setAnchor(): void {
    const clock = this.#run?.progress.clock ?? -Infinity;
    const first = this.#run?.next ?? 0;
    this.#anchor = { wall: this.#options.now(), clock: clock > -Infinity ? clock : first };
  }

  /** Takes single positions until a row has come, a window has fired or the watermark has moved; a second at most. */
  #step(run: Run, by: "row" | "window" | "watermark"): void {
    const began = this.#options.now();
    const rows = run.progress.rows;
    const watermark = this.#watermark();
    const panes = (): number => {
      let sum = 0;
      for (const node of run.graph.nodes)
        if (node.node.verb === "aggregate" && node.node.strategy !== null) sum += node.rows;
      return sum;
    };
    const fired = panes();
    while (run.advance({ positions: 1 })) {
      if (by === "row" ? run.progress.rows > rows : by === "window" ? panes() > fired : this.#watermark() > watermark)
        break;
      if (this.#options.now() - began > 1_000) break;
    }
  }

  #watermark(): number {
    let least = Infinity;
    for (const node of this.#run?.graph.nodes ?? [])
      if (node.operator === null) least = Math.min(least, this.#run?.feed(node.id)?.watermark ?? Infinity);
    return least;
  }

  #schedule(delay: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.defer(() => {
      this.#scheduled = false;
      this.#slice();
    }, delay);
  }

  #slice(): void {
    const busy = this.#work();
    const now = this.#options.now();
    if (this.#dirty && now - this.#lastSent >= FRAME) {
      this.#lastSent = now;
      this.#dirty = false;
      this.#sendViews();
      this.#sendTransport();
      if (now - this.#lastGraph >= GRAPH_EVERY || !busy) {
        this.#lastGraph = now;
        this.#options.post({ type: "graph", nodes: this.#figures() });
      }
    }
    if (this.#owed <= now && now - this.#lastSent >= FRAME) this.#sendViews();
    if (busy) this.#schedule(this.#target !== null || this.#speed === Infinity ? 0 : 4);
    else if (this.#dirty) this.#schedule(FRAME);
    else if (this.#owed < Infinity) this.#schedule(Math.max(FRAME, this.#owed - now));
  }

  /** Works for one slice. Says whether there is more to do. */
  #work(): boolean {
    const run = this.#run;
    if (run === null) return false;
    const until = this.#options.now() + SLICE;
    while (this.#options.now() < until) {
      const goal = this.#goal();
      if (goal === null) return false;
      // A seek passes breakpoints; what is played does not.
      const stops = this.#breakpoints.size > 0 && (this.#target === null || this.#target.end);
      this.#breakpoints.take();
      const moved = run.advance(goal.end ? {} : { until: goal.clock });
      const hit = moved && stops ? this.#breakpoints.take() : null;
      if (hit !== null) {
        this.#stopAt(run, hit);
        return false;
      }
      if (moved) {
        this.#dirty = true;
        this.#checkpoints.take(run);
        continue;
      }
      // Nothing is left up to the goal.
      if (this.#target !== null) {
        this.#target = null;
        this.#setAnchor();
        this.#dirty = true;
        if (!this.#playing) return false;
        continue;
      }
      if (run.progress.finished) {
        this.#playing = false;
        this.#dirty = true;
        return false;
      }
      return true;
    }
    return true;
  }

  /** Takes the run to the position at which a breakpoint was met, and pauses it there. */
  #stopAt(run: Run, hit: Hit): void {
    this.#workTo(run, hit.position + 1);
    this.#playing = false;
    this.#target = null;
    this.#paused = { stream: hit.stream, at: run.progress.clock, row: hit.row };
    this.#dirty = true;
  }

  /** Takes the run, backwards or forwards, to where it has a number of positions behind it. */
  #workTo(run: Run, positions: number): void {
    this.#checkpoints.rewind(run, at => at.positions > positions);
    while (run.progress.positions < positions && run.advance({ positions: positions - run.progress.positions }));
  }

  #goal(): { readonly clock: number; readonly end: boolean } | null {
    if (this.#target !== null) return this.#target;
    if (!this.#playing) return null;
    if (this.#speed === Infinity) return { clock: Infinity, end: true };
    const clock = this.#anchor.clock + (this.#options.now() - this.#anchor.wall) * this.#speed;
    // When the last row has been played the sources end, whatever the clock says.
    return { clock, end: (this.#run?.next ?? Infinity) === Infinity };
  }

  #sendViews(): void {
    const updates: ViewUpdate[] = [];
    const sentAt = this.#options.now();
    this.#owed = Infinity;
    for (const [id, view] of this.#views) {
      const watched = this.#watched.get(id);
      if (watched === undefined) continue;
      const versions = Object.values(view.tables).map(t => t.version);
      const figures = this.#viewFigures(view);
      const state = JSON.stringify([versions, { ...watched, every: undefined }, figures]);
      if (state === view.sent) continue;
      const due = view.sentAt + (watched.every ?? 0);
      if (due > sentAt) {
        this.#owed = Math.min(this.#owed, due);
        continue;
      }
      view.sent = state;
      view.sentAt = sentAt;
      const { chart, limits, options } = view.plan;
      if (chart === null) {
        const table = view.tables["main"];
        const { from, page } = wirePage(table, watched.from, watched.count, watched.sort);
        const log = table.kind.kind === "append" ? `${this.#plan.profile} ${identity(table.node)}` : null;
        updates.push({ kind: "table", view: id, total: table.length, from, page, figures, log });
      } else {
        const tables = Object.fromEntries(
          Object.entries(view.tables).map(([name, table]) => {
            // A chart that draws rows one by one has a coarser table for when there are too many of them.
            const length = table.length > (limits[name] ?? Infinity) ? 0 : table.length;
            return [name, wirePage(table, 0, length, null).page];
          }),
        );
        const span = spanOf(this.#sourceLogs().map(s => s.log));
        const finished = this.#run?.progress.finished ?? false;
        updates.push({
          kind: "chart",
          view: id,
          chart,
          tables,
          options: { span, ...options, now: this.#now(), finished },
        });
      }
    }
    if (updates.length > 0) this.#options.post({ type: "views", updates });
  }

  #now(): number | null {
    const clock = this.#run?.progress.clock ?? -Infinity;
    return clock === -Infinity ? null : clock;
  }

  /** What the head of a table says: over everything that its stream is made from. */
  #viewFigures(view: LiveView) {
    const run = this.#run;
    const [node] = viewNodes(view.plan);
    let dropped = 0;
    let errors = 0;
    let late = 0;
    for (const below of topological([node])) {
      dropped += this.#dropped.get(identity(below))?.count ?? 0;
      if (below.verb !== "source") continue;
      errors += this.#files.log(below).errors.length;
      late += run?.feed(identity(below))?.late ?? 0;
    }
    const running = run?.graph.find(identity(node));
    const watermark = running === undefined || !Number.isFinite(running.watermark) ? null : running.watermark;
    return {
      rows: running?.rows ?? 0,
      late,
      dropped,
      errors,
      watermark,
      complete: run?.progress.finished ?? false,
    };
  }

  #sendTransport(): void {
    const run = this.#run;
    const progress = run?.progress ?? { rows: 0, clock: -Infinity, late: 0, finished: false };
    const logs = run === null ? [] : this.#sourceLogs();
    const spans = logs.filter(({ log }) => log.arrival.length > 0);
    const watermark = this.#watermark();
    const now = this.#now();
    let dropped = 0;
    for (const counter of this.#dropped.values()) dropped += counter.count;
    this.#options.post({
      type: "transport",
      state: {
        playing: this.#playing || this.#target !== null,
        speed: this.#speed,
        now,
        start: spans.length === 0 ? null : Math.min(...spans.map(({ log }) => log.arrival[0])),
        end: spans.length === 0 ? null : Math.max(...spans.map(({ log }) => log.arrival[log.arrival.length - 1])),
        finished: progress.finished,
        rows: progress.rows,
        totalRows: run?.totalRows ?? 0,
        watermark: Number.isFinite(watermark) ? watermark : null,
        lag: now !== null && Number.isFinite(watermark) ? now - watermark : null,
        late: progress.late,
        dropped,
        paused: this.#paused,
        breakpoints: this.#breakpoints.states(),
        faults: this.#faults,
        faultsError: this.#faultsError,
        density: this.#density,
        loading: this.#loading,
      },
    });
  }

  #figures(): NodeFigures[] {
    const run = this.#run;
    if (run === null) return [];
    return run.graph.nodes
      .filter(n => !(n.node.verb === "port" && n.node.port === "late" && !(n.id in this.#names)))
      .map(n => this.#nodeFigures(run, n));
  }

  #nodeFigures(run: Run, node: GraphNode): NodeFigures {
    const size = node.operator?.size?.();
    const feed = run.feed(node.id);
    const clock = run.progress.clock;
    return {
      id: node.id,
      verb: node.node.verb,
      label: verbOf(node.node).describe(node.node),
      names: this.#names[node.id] ?? [],
      inputs: inputsOf(node.node).map(identity),
      rows: node.rows,
      rate: feed === undefined ? 0 : recentRate(feed.log.arrival, feed.offset, clock),
      late: feed?.late ?? 0,
      dropped: this.#dropped.get(node.id)?.count ?? 0,
      errors: feed?.log.errors.length ?? 0,
      watermark: Number.isFinite(node.watermark) ? node.watermark : null,
      keys: size?.keys ?? 0,
      windows: size?.windows ?? 0,
      entries: size?.entries ?? 0,
      partitions: (feed?.partitions() ?? []).map(p => ({
        name: p.name,
        watermark: Number.isFinite(p.watermark) ? p.watermark : null,
        idle: p.idle,
        rows: p.rows,
        lastSeen: Number.isFinite(p.lastSeen) ? p.lastSeen : null,
      })),
    };
  }

  #explain(message: Extract<ToEngine, { type: "explain" }>): void {
    const { request, view, row, values, node } = message;
    const explanation = this.#story(view, row, values as Readonly<Record<string, Value>> | undefined, node);
    if (explanation !== null) this.#options.post({ type: "explained", request, ...explanation });
  }

  #story(
    view: string,
    row: number,
    values: Readonly<Record<string, Value>> | undefined,
    node: Node | undefined,
  ): Explanation | null {
    const run = this.#run;
    const id = node === undefined ? null : identity(this.#disturb(node));
    const live =
      id === null
        ? this.#views.get(view)
        : [...this.#views.values()].find(v => v.plan.chart === null && viewNodes(v.plan).some(n => identity(n) === id));
    if (live === undefined || run === null)
      return id === null
        ? null
        : { sentences: ["The stream is not on the page, so nothing is known of it."], facts: {}, lines: [] };
    if (values !== undefined) return explainWindow(viewNodes(live.plan), values, run);
    const table = live.tables["main"] ?? Object.values(live.tables)[0];
    // The row that somebody sees is meant in the order in which she sees it; a cell means the stream's own.
    const sort = id === null ? (this.#watched.get(view)?.sort ?? null) : null;
    const nameOf = (of: Node): string | null => this.#names[identity(of)]?.[0] ?? null;
    return explainRow(table, row, sort, run, nameOf);
  }
}

function viewNodes(view: PlannedView): Node[] {
  return Object.values(view.streams);
}

function tableView(view: Extract<ViewPlan, { kind: "table" }>): PlannedView {
  return { view: view.view, chart: null, streams: { main: view.node }, limits: {}, options: {} };
}

/** First and last arrival of several logs; null when they are all empty. */
function spanOf(logs: readonly SourceLog[]): { start: number; end: number } | null {
  const filled = logs.filter(log => log.arrival.length > 0);
  if (filled.length === 0) return null;
  return {
    start: Math.min(...filled.map(log => log.arrival[0])),
    end: Math.max(...filled.map(log => log.arrival[log.arrival.length - 1])),
  };
}

const MINUTE = 60_000;

/** Rows per second of processing time over the last minute of it. */
function recentRate(arrival: Float64Array, offset: number, clock: number): number {
  let from = offset;
  while (from > 0 && arrival[from - 1] > clock - MINUTE) from--;
  return (offset - from) / (MINUTE / 1_000);
}
