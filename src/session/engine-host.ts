/**
 * The engine's side of a session: plans what the cells define, lets the playback move its clock, and tells what changed.
 *
 * It speaks at most once per frame, and works in slices between which every message is heard. The host gives it a clock
 * and a way to be called again; in tests both are plain values, so a replay is the same every time.
 */
import type { Value } from "../columns/column.ts";
import type { Graph } from "../engine/graph.ts";
import { Run, type RunOptions, type Tap } from "../engine/run.ts";
import { type Slices, some } from "../engine/slices.ts";
import { Table } from "../engine/table.ts";
import { profileNamed } from "../model/profiles.ts";
import { disturbing } from "../pipeline/faults.ts";
import { identity } from "../pipeline/identity.ts";
import { type Node, schemaOf, topological } from "../pipeline/node.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { LiveRows } from "../protocol/live.ts";
import type { NodeFigures, TransportAction, TransportState, ViewUpdate } from "../protocol/session.ts";
import { DensityCount } from "./density.ts";
import type { EnginePlan, FromEngine, PlanResult, ToEngine, Watched } from "./engine-messages.ts";
import { type Explanation, explainRow, explainMark } from "./explain.ts";
import { Counter, nodeFigures, sourceFigures, tableFigures } from "./figures.ts";
import { isLive, liveKey, LiveSources, WaitingForRows, withRoom } from "./live-sources.ts";
import { ordering, Painting } from "./painting.ts";
import { Playback } from "./playback.ts";
import type { FilePart } from "./grouped-sources.ts";
import { SourceFiles } from "./source-files.ts";
import { type VariantContext, Variants } from "./variants.ts";
import {
  chartUpdate,
  type LiveView,
  liveView,
  namedNodes,
  type PlannedView,
  planView,
  spanOf,
  tableUpdate,
  viewNodes,
  withPartial,
} from "./views.ts";

/** What the host gives. */
export interface EngineHostOptions {
  post(message: FromEngine, transfer?: ArrayBuffer[]): void;
  /** Milliseconds of wall-clock time, for speed and slices; monotone. */
  now(): number;
  /** Calls back soon: at once when `delay` is 0, else after so many milliseconds. */
  defer(work: () => void, delay: number): void;
  readonly codegen?: boolean;
}

type Question = Extract<ToEngine, { type: "explain" }>;

/** Milliseconds between two updates of the graph's figures while a replay runs. */
const GRAPH_EVERY = 250;
/** Milliseconds between two slices while a replay keeps to a speed. */
const TICK = 4;
const DENSITY_BINS = 240;
/** Rows that are kept to be shown of a log that is itself too large for memory: as many as SQL cells take. */
const LOG_ROWS = 2_000_000;
/** Milliseconds of work on the strip of arrivals between two chances to hear a message. */
const DENSITY_SLICE = 6;
/** Milliseconds of work on a story. */
const STORY_SLICE = 8;

export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #files: SourceFiles;
  readonly #playback: Playback;
  readonly #awaited = new Map<number, { resolve(part: FilePart): void; reject(error: Error): void }>();
  /** What the run waits for in a log that is read in parts, as far as somebody listens. */
  #waited: Promise<void> | null = null;
  /** What became of the plan that is worked. */
  #planned: PlanResult | null = null;
  #request = 0;
  #plan: EnginePlan = { version: 0, views: [], names: {}, profile: "tidemark" };
  #run: Run | null = null;
  readonly #variants = new Variants();
  /** What was last told of the two replays. */
  #toldCompared = "null";
  #views = new Map<string, LiveView>();
  /** The nodes that cells name, and all below them; charts' own twins are not among them. */
  #own: readonly Node[] = [];
  /** Dropped rows of each windowed aggregate among them, and of the pinned replay's, by identity. */
  #dropped = new Map<string, Counter>();
  #watched = new Map<string, Watched>();
  /** Identities of the nodes that show the present replay, its charts' own among them. */
  #present: ReadonlySet<string> = new Set();
  /** Names of variables by identity, of the pipelines as they run. */
  #names: Readonly<Record<string, readonly string[]>> = {};
  #faults: TransportState["faults"] = null;
  #faultsError: string | null = null;
  /** Rewrites a pipeline as the faults that are injected ask for. */
  #disturb: (node: Node) => Node = node => node;
  #scheduled = false;
  readonly #painting: Painting;
  #turn = 0;
  /** The story at work, and the graph that it is told of. */
  #telling: { readonly graph: Graph | null; readonly steps: Slices<Explanation | null> } | null = null;
  /** Whether the playback has more to do. */
  #busy = false;
  #lastGraph = -Infinity;
  #dirty = false;
  #loading: TransportState["loading"] = null;
  #density: DensityCount | null = null;
  /** What was counted last. */
  #arrivals: TransportState["density"] = null;
  /** The newest plan, once its sources are there: taken up before the next slice, so that of several only the last is worked. */
  #ready: { readonly plan: EnginePlan; readonly sources: readonly SourceNode[] } | null = null;
  /** Asked while the run was behind, and answered when it has caught up. */
  #questions: Question[] = [];

  readonly #live: LiveSources;
  /** Whether the clock was set to follow live sources since there are any. */
  #followed = false;
  /** Length of time that charts were planned for, ms. */
  #horizon = 0;

  constructor(options: EngineHostOptions) {
    this.#options = options;
    this.#live = new LiveSources(
      request => options.post({ type: "live-open", request }),
      key => options.post({ type: "live-close", key }),
    );
    this.#painting = new Painting(() => options.now());
    this.#playback = new Playback(
      () => options.now(),
      () => this.#watermark(),
    );
    this.#files = new SourceFiles(
      async name => (await this.#ask(name)).bytes,
      (what, progress) => {
        this.#loading = { what, progress };
        this.#sendTransport();
      },
      this.#live,
      (name, from, to) => this.#ask(name, { from, to }),
    );
  }

  /** Takes a message from the control plane. */
  receive(message: ToEngine): void {
    switch (message.type) {
      case "plan":
        void this.#load(message.plan);
        return;
      case "transport":
        this.#transport(message.action);
        return;
      case "pin":
        if (message.pinned) this.#variants.pin(this.#plan, this.#disturb);
        else this.#variants.unpin();
        void this.#load(this.#plan);
        return;
      case "watch":
        this.#watched = new Map(message.views.map(v => [v.view, v]));
        this.#dirty = true;
        this.#schedule(0);
        return;
      case "file": {
        const awaited = this.#awaited.get(message.request);
        this.#awaited.delete(message.request);
        const { bytes, size = 0, version = "" } = message;
        if (bytes !== null) awaited?.resolve({ bytes: new Uint8Array(bytes), size, version });
        else awaited?.reject(new Error(message.error ?? "The file could not be read."));
        return;
      }
      case "live":
        this.#takeLive(message.updates);
        return;
      case "live-again":
        this.#live.forget(message.key);
        void this.#load(this.#plan);
        return;
      case "explain":
        this.#questions.push(message);
        // A story looks back over everything, so what was stopped goes on.
        if (this.#playback.behind?.held === true) this.#playback.act({ kind: "resume" });
        this.#schedule(0);
    }
  }

  /** Hands what has come of live sources to the run; once columns are known, plans what waited for them. */
  #takeLive(updates: readonly LiveRows[]): void {
    let plan = false;
    const extended = new Set<string>();
    for (const update of updates) {
      const brought = this.#live.take(update);
      if (brought === "columns") plan = true;
      else if (brought === "more") extended.add(update.key);
    }
    const run = this.#run;
    for (const { id, node } of run?.graph.nodes ?? []) {
      if (node.verb !== "source" || !isLive(node) || !extended.has(liveKey(node))) continue;
      if (run?.feed(id)?.ended === false) run.extend(id, this.#live.log(node));
    }
    this.#live.sweep(this.#options.now());
    // Charts have bins for as long as there was room; when it is full they are planned for twice as long.
    const span = this.#span();
    if (this.#live.open && span !== null && span.end - span.start > this.#horizon) plan = true;
    if (plan) void this.#load(this.#plan);
    this.#countAnew(false);
    this.#dirty = true;
    this.#schedule(0);
  }

  /** Counts the arrivals of the strip anew, where there are others than those counted; `atOnce` gives up a count that goes on. */
  #countAnew(atOnce: boolean): void {
    if (!atOnce && this.#density?.done === false) return;
    const counted = this.#ownSources().map(node => ({ log: this.#files.log(node), watermark: node.watermark }));
    if (this.#density?.counts(counted) !== true) this.#density = new DensityCount(counted, DENSITY_BINS);
  }

  /** Asks the host for a file, or for a part of it. */
  #ask(name: string, part?: { readonly from: number; readonly to: number }): Promise<FilePart> {
    const request = ++this.#request;
    return new Promise((resolve, reject) => {
      this.#awaited.set(request, { resolve, reject });
      this.#options.post({ type: "need-file", request, name, ...(part === undefined ? {} : { part }) });
    });
  }

  /** Goes on when the rows are here that the run waits for. Where they cannot be read, says why, and stops. */
  #waitForRows(): void {
    const run = this.#run;
    const waiting = run?.waiting ?? null;
    if (waiting === null || waiting === this.#waited) return;
    this.#waited = waiting;
    waiting.then(
      () => this.#schedule(0),
      (error: unknown) => {
        if (this.#run !== run || this.#waited !== waiting) return;
        const message = error instanceof Error ? error.message : String(error);
        const errors = Object.fromEntries(this.#plan.views.map(v => [v.view, message]));
        this.#playback.act({ kind: "pause" });
        if (this.#planned !== null) this.#options.post({ type: "planned", result: { ...this.#planned, errors } });
        this.#sendTransport();
      },
    );
  }

  async #load(plan: EnginePlan): Promise<void> {
    this.#plan = plan;
    // What can be known without data is answered once every source has been read; a newer plan overtakes this one.
    const all = [...plan.views.flatMap(namedNodes), ...this.#variants.named()];
    const sources = topological(all).filter(n => n.verb === "source");
    await Promise.all(sources.map(n => this.#files.load(n, plan.names[identity(n)]?.[0])));
    if (this.#plan !== plan) return;
    this.#live.keep(sources, this.#options.now());
    this.#loading = null;
    this.#ready = { plan, sources };
    this.#schedule(0);
  }

  /** Takes up the newest plan, if there is one that has not been. */
  #replan(): void {
    if (this.#ready === null) return;
    const { plan, sources } = this.#ready;
    this.#ready = null;
    const { views: planned, result } = this.#validate(plan, sources);
    const present = planned.map(view => this.#disturbed(view));
    const views = [...present, ...this.#variants.plan(present, this.#variantContext())];
    this.#names = this.#namesOf(planned.flatMap(viewNodes));
    this.#present = new Set(topological(present.flatMap(viewNodes)).map(identity));
    const kept = new Set(planned.map(v => v.view));
    const named = plan.views.filter(v => kept.has(v.view)).flatMap(namedNodes);
    this.#own = topological(named.map(node => this.#disturb(node)));
    const breakpoints = this.#planBreakpoints(present);
    const dropped = this.#counters();
    const live = new Map(views.map(view => [view.view, this.#liveView(view)]));
    const roots = [
      ...views.flatMap(viewNodes),
      ...breakpoints.map(b => b.node),
      ...[...dropped.values()].map(c => c.node),
    ];
    const tables = [...live.values()].flatMap(v => Object.values(v.tables));
    try {
      this.#takeOver(roots, [...breakpoints, ...dropped.values(), ...tables]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const errors = Object.fromEntries(plan.views.map(v => [v.view, message]));
      this.#options.post({ type: "planned", result: { ...result, errors } });
      return;
    }
    this.#views = live;
    this.#painting.hurry();
    this.#dropped = dropped;
    this.#countAnew(true);
    const room = withRoom(
      this.#span(),
      this.#ownSources().map(node => this.#files.log(node)),
    );
    this.#horizon = room === null ? 0 : room.end - room.start;
    if (this.#live.open && !this.#followed) this.#playback.act({ kind: "live" });
    this.#followed = this.#live.open;
    this.#planned = result;
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
      const supply: RunOptions["supply"] = (source, from, columns) => this.#files.supply(source, from, columns);
      const run = new Run(roots, { logs, supply, profile, codegen: this.#options.codegen });
      before?.close();
      for (const tap of taps) {
        tap.reset();
        run.tap(tap);
      }
      this.#run = run;
      this.#playback.takeOver(run);
      return;
    }
    // A run without sources has ended before it began; that is nowhere to return to.
    const was = before.totalRows === 0 ? { clock: -Infinity, finished: false } : before.progress;
    // Checkpoints outlive an edit: what it brought is worked up to them when they are used. Other sources are another replay.
    if (before.replan(roots, taps) === "restarted") this.#playback.restarted(was);
    else this.#playback.edited(new Set(taps));
  }

  /** Splits a plan into what can be computed and what cannot, with the reasons. */
  #validate(plan: EnginePlan, sources: readonly SourceNode[]): { views: PlannedView[]; result: PlanResult } {
    const views: PlannedView[] = [];
    const schemas: Record<string, readonly { name: string; type: string }[]> = {};
    const errors: Record<string, string> = {};
    for (const view of plan.views) {
      try {
        const planned = planView(view, nodes => this.#logsBelow(nodes));
        const shown = viewNodes(planned).map(node => this.#schemaOf(node));
        if (planned.chart === null) schemas[view.view] = shown[0].map(({ name, type }) => ({ name, type }));
        views.push(planned);
      } catch (error) {
        if (error instanceof WaitingForRows) continue;
        errors[view.view] = error instanceof Error ? error.message : String(error);
      }
    }
    const readable = sources.flatMap(node => {
      try {
        return [[identity(node), this.#schemaOf(node)] as const];
      } catch {
        // The views over this source have already said what is wrong with it.
        return [];
      }
    });
    return { views, result: { version: plan.version, schemas, sources: Object.fromEntries(readable), errors } };
  }

  #logsBelow(nodes: readonly Node[]) {
    return topological(nodes).flatMap(n => (n.verb === "source" ? [this.#files.log(n)] : []));
  }

  #variantContext(): VariantContext {
    return {
      plan: view => planView(view, nodes => this.#logsBelow(nodes)),
      disturbed: (view, disturb) => this.#disturbed(view, disturb),
      schema: node => this.#schemaOf(node),
      rows: node => this.#logsBelow([node]).reduce((sum, log) => sum + (log.whole?.rows ?? log.arrival.length), 0),
    };
  }

  #schemaOf(node: Node) {
    return schemaOf(node, source => this.#files.log(source).batch.schema);
  }

  #disturbed(view: PlannedView, disturb = this.#disturb): PlannedView {
    const streams = Object.fromEntries(Object.entries(view.streams).map(([name, n]) => [name, disturb(n)]));
    const roles = Object.fromEntries(Object.entries(view.roles).map(([role, n]) => [role, disturb(n)]));
    return { ...view, streams, roles };
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
    const find = (stream: string): Node | null =>
      views.find(v => v.view === stream && v.chart === null)?.streams["main"] ??
      // The last one: of a disturbed source and its disturbance, what comes out of the latter.
      nodes.findLast(n => this.#names[identity(n)]?.includes(stream)) ??
      null;
    return this.#playback.breakpoints.plan(find, node => void this.#schemaOf(node));
  }

  /** A counter of dropped rows for each windowed aggregate that cells name; those that stay go on counting. */
  #counters(): Map<string, Counter> {
    const counters = new Map<string, Counter>();
    for (const node of topological([...this.#own, ...this.#variants.own()])) {
      if (node.verb !== "aggregate" || node.strategy === null) continue;
      const id = identity(node);
      counters.set(id, this.#dropped.get(id) ?? new Counter({ verb: "port", input: node, port: "late" }));
    }
    return counters;
  }

  #liveView(plan: PlannedView): LiveView {
    return liveView(
      plan,
      this.#views.get(plan.view),
      (node, limit = Infinity) =>
        new Table(node, this.#schemaOf(node), undefined, this.#isInParts(node) ? Math.min(limit, LOG_ROWS) : limit),
    );
  }

  /** Whether a stream is made from a log that is read in parts. */
  #isInParts(node: Node): boolean {
    return topological([node]).some(n => n.verb === "source" && this.#files.log(n).whole !== undefined);
  }

  #ownSources(): SourceNode[] {
    return this.#own.filter(n => n.verb === "source");
  }

  #watermark(): number {
    return this.#run === null ? Infinity : sourceFigures(this.#run, this.#ownSources()).watermark;
  }

  #transport(action: TransportAction): void {
    if (action.kind === "breakpoint" || action.kind === "faults") {
      if (action.kind === "faults") this.#setFaults(action.options);
      else if (action.remove === true) this.#playback.breakpoints.remove(action.stream);
      else this.#playback.breakpoints.set(action.stream, action.predicate);
      void this.#load(this.#plan);
      return;
    }
    this.#replan();
    if (action.kind === "cancel") this.#leaveStories();
    this.#playback.act(action);
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

  #schedule(delay: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.defer(() => {
      this.#scheduled = false;
      this.#slice();
    }, delay);
  }

  /** Works, or sends what is to be seen, but never both at once: so no slice takes longer than either. */
  #slice(): void {
    this.#replan();
    const painting = this.#painting;
    const paints = painting.busy;
    if (!paints) {
      this.#work();
      if (this.#dirty ? painting.wait === 0 : painting.owes === 0) {
        this.#dirty = false;
        painting.begin(this.#views.keys());
        if (!painting.busy) this.#sendRest();
      }
    } else {
      this.#sendViews();
      if (!painting.busy) this.#sendRest();
    }
    // Whoever asked for a slice to work meets one that painted, so another follows.
    if (paints || painting.busy || this.#asked || ordering(this.#views.values())) this.#schedule(0);
    else if (this.#busy) this.#schedule(this.#playback.hurried ? 0 : TICK);
    else if (this.#density?.done === false) this.#schedule(0);
    else if (this.#dirty) this.#schedule(Math.max(1, painting.wait));
    else if (painting.owes < Infinity) this.#schedule(Math.max(1, painting.owes));
  }

  #work(): void {
    this.#turn++;
    // A story and the replay take turns.
    if (this.#asked && this.#turn % 2 === 0) {
      this.#tell();
      return;
    }
    const { moved, busy } = this.#playback.work();
    this.#busy = busy;
    this.#waitForRows();
    if (moved) this.#dirty = true;
    if (!busy || !this.#playback.hurried) this.#countDensity();
    // While the replay plays, putting rows in order has every fourth turn.
    if ((!busy || this.#turn % 4 === 1) && this.#painting.order(this.#views.values())) this.#dirty = true;
  }

  /** Sends what belongs to a round of views: the difference of two replays, the transport's figures, and now and then the graph's. */
  #sendRest(): void {
    this.#sendCompared();
    this.#sendTransport();
    const now = this.#options.now();
    if (now - this.#lastGraph < GRAPH_EVERY && this.#busy) return;
    this.#lastGraph = now;
    this.#options.post({ type: "graph", nodes: this.#figures() });
  }

  /** Counts the arrivals of the strip, when there is nothing better to do. */
  #countDensity(): void {
    const density = this.#density;
    if (density === null || density.done) return;
    const until = this.#options.now() + DENSITY_SLICE;
    density.work(() => this.#options.now() >= until);
    if (!density.done) return;
    this.#arrivals = density.result;
    this.#dirty = true;
  }

  /** Sends views of the present round. */
  #sendViews(): void {
    const updates = this.#painting.next(this.#views, this.#watched, (view, watched) => {
      const versions = Object.values(view.tables).map(t => t.version);
      const figures = tableFigures(this.#run, viewNodes(view.plan)[0], this.#dropped);
      const partial = this.#partialOf(view);
      const { chart } = view.plan;
      const make = (): ViewUpdate | null =>
        chart === null
          ? tableUpdate(view, watched, figures, this.#plan.profile)
          : chartUpdate(view, chart, {
              span: this.#span(),
              now: this.#now(),
              finished: partial === null && this.#run?.progress.finished === true,
            });
      return {
        state: JSON.stringify([versions, { ...watched, every: undefined }, figures, partial]),
        make: () => withPartial(make(), partial),
      };
    });
    if (updates.length > 0) this.#options.post({ type: "views", updates });
  }

  /** How much of what has passed a view shows, while it catches up; else null. */
  #partialOf(view: LiveView): number | null {
    const run = this.#run;
    if (run === null) return null;
    const shares = Object.values(view.tables).flatMap(table => run.behindOf(table) ?? []);
    return shares.length === 0 ? null : Math.min(...shares);
  }

  #now(): number | null {
    const clock = this.#run?.progress.clock ?? -Infinity;
    return clock === -Infinity ? null : clock;
  }

  /** First and last arrival of the logs that cells name. */
  #span(): { start: number; end: number } | null {
    return spanOf(this.#ownSources().map(node => this.#files.log(node)));
  }

  #sendTransport(): void {
    const run = this.#run;
    const progress = run?.progress ?? { rows: 0, finished: false };
    const { late, watermark } =
      run === null ? { late: 0, watermark: Infinity } : sourceFigures(run, this.#ownSources());
    const now = this.#now();
    const span = run === null ? null : this.#span();
    const { known } = this.#live;
    const live =
      known === null || (!this.#live.open && !this.#playback.following)
        ? null
        : {
            following: this.#playback.following,
            behind: Math.max(0, known - Math.max(now ?? known, span?.start ?? known)),
            full: this.#live.full,
          };
    const dropped = this.#droppedBy(this.#own);
    this.#options.post({
      type: "transport",
      state: {
        playing: this.#playback.playing,
        speed: this.#playback.speed,
        now,
        start: span?.start ?? null,
        // The strip of a live source reaches to the present, also while nothing comes.
        end: span === null ? null : Math.max(span.end, live === null ? -Infinity : (known ?? -Infinity)),
        finished: progress.finished,
        rows: progress.rows,
        totalRows: run?.totalRows ?? 0,
        watermark: Number.isFinite(watermark) ? watermark : null,
        lag: now !== null && Number.isFinite(watermark) ? now - watermark : null,
        late,
        dropped,
        paused: this.#playback.paused,
        breakpoints: this.#playback.breakpoints.states(),
        faults: this.#faults,
        faultsError: this.#faultsError,
        density: this.#arrivals,
        behind: this.#playback.behind,
        live,
        loading: this.#loading,
      },
    });
  }

  /** Rows dropped by some nodes and all below them. */
  #droppedBy(nodes: readonly Node[]): number {
    const ids = new Set(topological(nodes).map(identity));
    let sum = 0;
    for (const [id, counter] of this.#dropped) if (ids.has(id)) sum += counter.count;
    return sum;
  }

  #sendCompared(): void {
    const compared = this.#variants.compared(this.#views, nodes => this.#droppedBy(nodes), this.#own);
    const told = JSON.stringify(compared);
    if (told === this.#toldCompared) return;
    this.#toldCompared = told;
    this.#options.post({ type: "compared", compared });
  }

  #figures(): NodeFigures[] {
    const run = this.#run;
    if (run === null) return [];
    // The ports that only the counters of dropped rows read are no part of anybody's pipeline.
    return run.graph.nodes
      .filter(n => !(n.node.verb === "port" && n.node.port === "late" && !(n.id in this.#names)))
      .map(n => nodeFigures(run, n, this.#present.has(n.id) ? (this.#names[n.id] ?? []) : [], this.#dropped));
  }

  /** Whether there is a story to be told, and nothing that has to be done before. */
  get #asked(): boolean {
    return this.#questions.length > 0 && this.#playback.behind === null;
  }

  /** Works on the story that was asked for first. One that an edit or a seek has overtaken begins anew. */
  #tell(): void {
    const graph = this.#run?.graph ?? null;
    const [{ request, view, row, values, node }] = this.#questions;
    if (this.#telling === null || this.#telling.graph !== graph) {
      const steps = this.#story(view, row, values as Readonly<Record<string, Value>> | undefined, node);
      this.#telling = { graph, steps };
    }
    const until = this.#options.now() + STORY_SLICE;
    const told = some(this.#telling.steps, () => this.#options.now() >= until);
    if (told === null) return;
    this.#telling = null;
    this.#questions.shift();
    const [explanation] = told;
    if (explanation !== null) this.#options.post({ type: "explained", request, ...explanation });
  }

  /** Answers all that was asked with why it is not told. */
  #leaveStories(): void {
    this.#telling = null;
    for (const { request } of this.#questions.splice(0))
      this.#options.post({
        type: "explained",
        request,
        sentences: ["Stopped before it was told."],
        facts: {},
        lines: [],
      });
  }

  *#story(
    view: string,
    row: number,
    values: Readonly<Record<string, Value>> | undefined,
    node: Node | undefined,
  ): Slices<Explanation | null> {
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
    const nameOf = (of: Node): string | null =>
      (this.#present.has(identity(of)) ? null : this.#variants.nameOf(of)) ?? this.#names[identity(of)]?.[0] ?? null;
    if (values !== undefined)
      return yield* explainMark({ nodes: viewNodes(live.plan), roles: live.plan.roles }, values, run, nameOf);
    const table = live.tables["main"] ?? Object.values(live.tables)[0];
    // The row that somebody sees is meant in the order in which she sees it; a cell means the stream's own.
    const sort = id === null ? (this.#watched.get(view)?.sort ?? null) : null;
    return yield* explainRow(table, row, sort, run, nameOf);
  }
}
