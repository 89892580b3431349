/**
 * The engine's side of a session: plans what the cells define, lets the playback move its clock, and tells what changed.
 *
 * It speaks at most once per frame, and works in slices between which every message is heard. The host gives it a clock
 * and a way to be called again; in tests both are plain values, so a replay is the same every time.
 *
 * Here stands whose turn it is. What a plan comes to stands in `worked-plan.ts`, which run works it in `current-run.ts`, and
 * what is said of it in `saying.ts`, `transport-report.ts` and `storyteller.ts`.
 */
import { identity } from "../pipeline/identity.ts";
import { topological } from "../pipeline/node.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { LiveRows } from "../protocol/live.ts";
import type { TransportAction } from "../protocol/session.ts";
import { nothingOf } from "./computable.ts";
import { CurrentRun } from "./current-run.ts";
import { DensityStrip } from "./density-strip.ts";
import type { EnginePlan, FromEngine, PlanResult, ToEngine, Watched } from "./engine-messages.ts";
import { droppedBelow, graphFigures, sourceFigures } from "./figures.ts";
import { InjectedFaults } from "./injected-faults.ts";
import { LiveSources, withRoom } from "./live-sources.ts";
import { arrivalsOf } from "./logs-below.ts";
import { NeededFiles } from "./needed-files.ts";
import { ordering, Painting } from "./painting.ts";
import { Playback } from "./playback.ts";
import { saying } from "./saying.ts";
import { SourceFiles } from "./source-files.ts";
import { Storyteller } from "./storyteller.ts";
import { TransportReport } from "./transport-report.ts";
import { Variants } from "./variants.ts";
import { namedNodes } from "./views.ts";
import { NOTHING_WORKED, toRun, variableOf, type WorkedPlan } from "./worked-plan.ts";

/** What the host gives. */
export interface EngineHostOptions {
  post(message: FromEngine, transfer?: ArrayBuffer[]): void;
  /** Milliseconds of wall-clock time, for speed and slices; monotone. */
  now(): number;
  /** Calls back soon: at once when `delay` is 0, else after so many milliseconds. */
  defer(work: () => void, delay: number): void;
  readonly codegen?: boolean;
}

/** Milliseconds between two updates of the graph's figures while a replay runs. */
const GRAPH_EVERY = 250;
/** Milliseconds between two slices while a replay keeps to a speed. */
const TICK = 4;
/** Milliseconds between two words on how far reading is, and of reading between two chances to hear a message. */
const LOADING_EVERY = 60;
const READING = 10;

export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #needed: NeededFiles;
  readonly #live: LiveSources;
  readonly #files: SourceFiles;
  readonly #playback: Playback;
  readonly #current: CurrentRun;
  readonly #variants = new Variants();
  readonly #faults = new InjectedFaults();
  readonly #strip: DensityStrip;
  readonly #report: TransportReport;
  readonly #storyteller: Storyteller;
  readonly #painting: Painting;
  /** The newest plan. */
  #plan: EnginePlan = { version: 0, views: [], names: {}, profile: "tidemark" };
  /** The same, once its sources are there: taken up before the next slice, so that of several only the last is worked. */
  #ready: { readonly plan: EnginePlan; readonly sources: readonly SourceNode[] } | null = null;
  /** What the last plan that was taken up came to, and what became of it. */
  #worked: WorkedPlan = NOTHING_WORKED;
  #planned: PlanResult | null = null;
  #watched = new Map<string, Watched>();
  /** Whether the clock was set to follow live sources since there are any. */
  #followed = false;
  /** Length of time that charts were planned for, ms. */
  #horizon = 0;
  #scheduled = false;
  #turn = 0;
  /** Whether the playback has more to do. */
  #busy = false;
  /** Whether there may be something new to see. */
  #dirty = false;
  #lastGraph = -Infinity;
  /** When it was last told how far reading is, and when messages were last heard meanwhile. */
  #toldLoading = -Infinity;
  #breath = -Infinity;
  /** What was last told of the two replays. */
  #toldCompared = "null";

  constructor(options: EngineHostOptions) {
    const now = (): number => options.now();
    const post = (message: FromEngine): void => options.post(message);
    this.#options = options;
    this.#needed = new NeededFiles(post);
    this.#live = new LiveSources(
      request => post({ type: "live-open", request }),
      key => post({ type: "live-close", key }),
    );
    this.#files = new SourceFiles(
      async name => (await this.#needed.ask(name)).bytes,
      (what, progress) => this.#loads(what, progress),
      this.#live,
      (name, from, to) => this.#needed.ask(name, { from, to }),
    );
    this.#playback = new Playback(now, () => this.#watermark());
    this.#current = new CurrentRun(this.#files, this.#playback, options.codegen);
    this.#strip = new DensityStrip(now, this.#files);
    this.#report = new TransportReport({
      logs: this.#files,
      live: this.#live,
      playback: this.#playback,
      faults: this.#faults,
      strip: this.#strip,
    });
    this.#storyteller = new Storyteller(now, post);
    this.#painting = new Painting(now);
  }

  /** Takes a message from the control plane. */
  receive(message: ToEngine): void {
    switch (message.type) {
      case "plan":
        void this.#load(message.plan);
        return;
      case "sources":
        void this.#readEarly(message.nodes);
        return;
      case "transport":
        this.#transport(message.action);
        return;
      case "pin":
        if (message.pinned) this.#variants.pin(this.#plan, this.#faults.disturb);
        else this.#variants.unpin();
        void this.#load(this.#plan);
        return;
      case "watch":
        this.#watched = new Map(message.views.map(v => [v.view, v]));
        this.#dirty = true;
        this.#schedule(0);
        return;
      case "file":
        this.#needed.take(message);
        return;
      case "live":
        this.#takeLive(message.updates);
        return;
      case "live-again":
        this.#live.forget(message.key);
        // What reads it waits for rows from now on, and nothing is to look for the log that is gone.
        this.#ready = { plan: this.#plan, sources: this.#sourcesOf(this.#plan) };
        this.#replan();
        void this.#load(this.#plan);
        return;
      case "explain":
        this.#storyteller.ask(message);
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
    this.#current.extend(extended);
    this.#live.sweep(this.#options.now());
    // Charts have bins for as long as there was room; when it is full they are planned for twice as long.
    const span = arrivalsOf(this.#worked.sources, this.#files);
    if (this.#live.open && span !== null && span.end - span.start > this.#horizon) plan = true;
    if (plan) void this.#load(this.#plan);
    this.#strip.count(this.#worked.sources, { atOnce: false });
    this.#dirty = true;
    this.#schedule(0);
  }

  /** All sources below a plan and what is pinned. */
  #sourcesOf(plan: EnginePlan): SourceNode[] {
    const all = [...plan.views.flatMap(namedNodes), ...this.#variants.named()];
    return topological(all).filter(n => n.verb === "source");
  }

  /** Reads files before a plan needs them. A live source waits for the plan: nobody is connected to for what may not be shown. */
  async #readEarly(nodes: readonly SourceNode[]): Promise<void> {
    await Promise.all(nodes.filter(node => node.input.kind === "file").map(node => this.#files.load(node)));
    if (this.#files.loading) return;
    this.#report.loaded();
    this.#dirty = true;
    this.#schedule(0);
  }

  async #load(plan: EnginePlan): Promise<void> {
    this.#plan = plan;
    // What can be known without data is answered once every source has been read; a newer plan overtakes this one.
    const sources = this.#sourcesOf(plan);
    await Promise.all(sources.map(n => this.#files.load(n, plan.names[identity(n)]?.[0])));
    if (this.#plan !== plan) return;
    this.#live.keep(sources, this.#options.now());
    this.#report.loaded();
    this.#ready = { plan, sources };
    this.#schedule(0);
  }

  /** Tells how far reading is, now and then, and lets messages be heard when it has gone on for as long as a slice. */
  #loads(what: string, progress: number): Promise<void> | undefined {
    this.#report.loads(what, progress);
    const now = this.#options.now();
    if (now - this.#toldLoading >= LOADING_EVERY) {
      this.#toldLoading = now;
      this.#sendTransport();
    }
    if (now - this.#breath < READING) return undefined;
    return new Promise(resolve => {
      this.#options.defer(() => {
        this.#breath = this.#options.now();
        resolve();
      }, 0);
    });
  }

  /** Takes up the newest plan whose sources are there, if that has not been done. */
  #replan(): void {
    if (this.#ready === null) return;
    // Where a newer plan still loads its sources, its names are good already.
    const { names, profile } = this.#plan;
    const plan = { ...this.#ready.plan, names, profile };
    const { sources } = this.#ready;
    this.#ready = null;
    const { worked, result, roots, taps } = toRun(plan, sources, this.#worked, {
      logs: this.#files,
      disturb: this.#faults.disturb,
      variants: this.#variants,
      breakpoints: this.#playback.breakpoints,
    });
    // The names are new even where the run has to stay as it is; what shows it is not.
    const { views, dropped } = this.#worked;
    this.#worked = { ...worked, views, dropped };
    try {
      this.#current.takeOver(roots, taps, profile);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#post({ type: "planned", result: nothingOf(plan, result, reason) });
      return;
    }
    this.#worked = worked;
    this.#painting.hurry();
    this.#strip.count(worked.sources, { atOnce: true });
    const room = withRoom(
      arrivalsOf(worked.sources, this.#files),
      worked.sources.map(node => this.#files.log(node)),
    );
    this.#horizon = room === null ? 0 : room.end - room.start;
    if (this.#live.open && !this.#followed) this.#playback.act({ kind: "live" });
    this.#followed = this.#live.open;
    this.#planned = result;
    this.#post({ type: "planned", result });
    this.#lastGraph = -Infinity;
    this.#dirty = true;
    this.#schedule(0);
  }

  /** The least watermark of the sources that cells name. */
  #watermark(): number {
    const { run } = this.#current;
    return run === null ? Infinity : sourceFigures(run, this.#worked.sources).watermark;
  }

  #transport(action: TransportAction): void {
    if (action.kind === "breakpoint" || action.kind === "faults") {
      if (action.kind === "faults") this.#faults.set(action.options);
      else if (action.remove === true) this.#playback.breakpoints.remove(action.stream);
      else this.#playback.breakpoints.set(action.stream, action.predicate);
      void this.#load(this.#plan);
      return;
    }
    this.#replan();
    if (action.kind === "cancel") this.#storyteller.leave();
    this.#playback.act(action);
    this.#dirty = true;
    this.#sendTransport();
    this.#schedule(0);
  }

  #schedule(delay: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.defer(() => {
      this.#scheduled = false;
      this.#slice();
    }, delay);
  }

  /** Takes up a plan, or works, or sends what is to be seen, but never two of them at once: so no slice takes longer than any. */
  #slice(): void {
    if (this.#ready !== null) {
      this.#replan();
      this.#schedule(0);
      return;
    }
    const painting = this.#painting;
    const paints = painting.busy;
    if (!paints) {
      this.#work();
      if (this.#dirty ? painting.wait === 0 : painting.owes === 0) {
        this.#dirty = false;
        painting.begin(this.#worked.views.keys());
        if (!painting.busy) this.#sendRest();
      }
    } else {
      this.#sendViews();
      if (!painting.busy) this.#sendRest();
    }
    // Whoever asked for a slice to work meets one that painted, so another follows.
    if (paints || painting.busy || this.#asked || ordering(this.#worked.views.values())) this.#schedule(0);
    else if (this.#busy) this.#schedule(this.#playback.hurried ? 0 : TICK);
    else if (this.#strip.busy) this.#schedule(0);
    else if (this.#dirty) this.#schedule(Math.max(1, painting.wait));
    else if (painting.owes < Infinity) this.#schedule(Math.max(1, painting.owes));
  }

  /** Whether there is a story to be told, and nothing that has to be done before. */
  get #asked(): boolean {
    return this.#storyteller.asked && this.#playback.behind === null;
  }

  #work(): void {
    this.#turn++;
    // A story and the replay take turns.
    if (this.#asked && this.#turn % 2 === 0) {
      this.#tell();
      return;
    }
    // While the replay plays, putting rows in order has every fourth turn.
    if (this.#busy && this.#turn % 4 === 1 && ordering(this.#worked.views.values())) {
      if (this.#painting.order(this.#worked.views.values())) this.#dirty = true;
      return;
    }
    const { moved, busy } = this.#playback.work();
    this.#busy = busy;
    this.#waitForRows();
    if (moved) this.#dirty = true;
    if ((!busy || !this.#playback.hurried) && this.#strip.work()) this.#dirty = true;
    if (!busy && this.#painting.order(this.#worked.views.values())) this.#dirty = true;
  }

  #tell(): void {
    this.#storyteller.tell({
      run: this.#current.run,
      views: this.#worked.views,
      watched: this.#watched,
      disturb: this.#faults.disturb,
      nameOf: node => variableOf(node, this.#worked, this.#variants),
    });
  }

  /** Goes on when the rows are here that the run waits for. Where they cannot be read, says why, and stops. */
  #waitForRows(): void {
    this.#current.awaitRows(
      () => this.#schedule(0),
      reason => {
        this.#playback.act({ kind: "pause" });
        if (this.#planned !== null)
          this.#post({ type: "planned", result: nothingOf(this.#plan, this.#planned, reason) });
        this.#sendTransport();
      },
    );
  }

  /** Sends views of the present round. */
  #sendViews(): void {
    const replay = { current: this.#current, worked: this.#worked, profile: this.#plan.profile, logs: this.#files };
    const updates = this.#painting.next(this.#worked.views, this.#watched, (view, by) => saying(view, by, replay));
    if (updates.length > 0) this.#post({ type: "views", updates });
  }

  /** Sends what belongs to a round of views: the difference of two replays, the transport's figures, and now and then the graph's. */
  #sendRest(): void {
    this.#sendCompared();
    this.#sendTransport();
    const now = this.#options.now();
    if (now - this.#lastGraph < GRAPH_EVERY && this.#busy) return;
    this.#lastGraph = now;
    const { run } = this.#current;
    this.#post({ type: "graph", nodes: run === null ? [] : graphFigures(run, this.#worked) });
  }

  #sendCompared(): void {
    const { views, own, dropped } = this.#worked;
    const compared = this.#variants.compared(views, nodes => droppedBelow(nodes, dropped), own);
    const told = JSON.stringify(compared);
    if (told === this.#toldCompared) return;
    this.#toldCompared = told;
    this.#post({ type: "compared", compared });
  }

  #sendTransport(): void {
    this.#post({ type: "transport", state: this.#report.state(this.#current.run, this.#worked) });
  }

  #post(message: FromEngine): void {
    this.#options.post(message);
  }
}
