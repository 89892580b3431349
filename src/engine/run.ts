/**
 * A run: a graph fed from its sources' logs, step after step, by a virtual clock.
 *
 * The run remembers what its sources and its stateful nodes put out, step by step, so that an edit costs no more than
 * what it changes: nodes that the edit leaves alone keep their state, and only the new ones work through the steps that
 * have passed, reading what was remembered. Stateless nodes in between are worked again instead of remembered.
 *
 * ```
 * steps        0   1   2   3   now
 * source       ■   ■   ■   ■        remembered (views of the log)
 * filter       ·   ·   ·   ·        worked again if something new reads it
 * daily        ■   ■   ■   ■        remembered, its state kept
 * new chart    →   →   →   →        catches up from what is remembered
 * ```
 *
 * Until what is new has caught up the run is *behind*: `catchUp` works on that and the clock stands still, because rows that
 * come later may not reach a stream before those that came earlier, and figures of different moments must not stand side
 * by side. What did not change stays as it is and can be read meanwhile.
 */
import type { Profile } from "../model/profiles.ts";
import { PROFILES } from "../model/profiles.ts";
import { type Columns, columnsRead } from "../pipeline/columns-read.ts";
import { identity } from "../pipeline/identity.ts";
import { type Node, topological } from "../pipeline/node.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { CatchUp, memorable, Pass, type Remembered } from "./catch-up.ts";
import { SourceFeed } from "./feed.ts";
import type { Flow } from "./flow.ts";
import { Graph, type GraphNode, type GraphOptions, read } from "./graph.ts";
import type { Outputs } from "./operator.ts";
import { always, atOnce, type Enough, MANY_OBJECTS, never, type Slices } from "./slices.ts";
import { mergeLastSteps } from "./merge-steps.ts";
import type { Step } from "./step.ts";
import { Supplies, type Supply } from "./supplies.ts";
import { Timeline, type TimedStep } from "./timeline.ts";
import { punctuation } from "./watermarks/punctuation.ts";

/** Receives every flow of one output of one node, in order: tables, files, counters. */
export interface Tap {
  readonly node: Node;
  apply(flow: Flow, step: Step, node: GraphNode): void;
  /** Forgets everything: the run begins again. */
  reset(): void;
  /** Takes its state out and puts it back, on this very tap. A tap that cannot catches up from what the run remembers. */
  snapshot?(): unknown;
  restore?(snapshot: unknown): void;
}

export interface RunOptions {
  readonly logs: (source: SourceNode) => SourceLog;
  readonly profile?: Profile;
  readonly codegen?: boolean;
  readonly specialize?: boolean;
  /** Most positions in a step. Default 8,192: long enough for tight loops, short enough to stop between two frames. */
  readonly stepLength?: number;
  /** Rows are seen in batches of this many milliseconds of processing time; null: as they arrive. */
  readonly microBatch?: number | null;
  /**
   * Whether to remember steps, so that the pipeline can be edited in mid-run. Default true. Over logs that are read in parts
   * nothing is remembered: it would keep every part in memory.
   */
  readonly remember?: boolean;
  /** Reads on, from row `from`, in a log that is read in parts; other columns than `columns` are not looked at (null: all are). */
  readonly supply?: (source: SourceNode, from: number, columns: Columns) => Supply;
  /** What makes it a part of another run. */
  readonly part?: RunPart;
}

/** What makes a run a part of another one: one of its shards, or the run that brings their results together (see `shards/`). */
export interface RunPart {
  /** Identities of nodes whose outputs are handed in; what only they read is not computed. */
  readonly given?: ReadonlySet<string>;
  /** Whether operators say whose turn it is where several keys speak at one position. */
  readonly turns?: boolean;
  /** Returns what the graph works a step with: what the sources put out, or a part of it, and what given nodes do. */
  flows(timed: TimedStep): ReadonlyMap<string, Outputs>;
}

/** A moment of a run that it can be taken to, backwards or forwards, as long as its sources stay the same. */
export interface Checkpoint {
  readonly progress: Progress;
  /** What `snapshot` gave: plain data. */
  readonly state: RunSnapshot;
  /**
   * Ports read of each node then, for which alone an operator keeps state, and whether it did another's work with its own. Nodes
   * and taps that were behind are not part of a checkpoint.
   */
  readonly reads: ReadonlyMap<string, ReadonlySet<string>>;
  readonly taps: ReadonlyMap<Tap, unknown>;
  /** What was remembered: the first `remembered` of a list that the run may have gone on with. */
  readonly memory: readonly Remembered[];
  readonly remembered: number;
  /** Edits before it. */
  readonly edits: number;
}

/** A run as plain, structured-cloneable data. */
export interface RunSnapshot {
  readonly graph: ReadonlyMap<string, unknown>;
  readonly feeds: ReadonlyMap<string, unknown>;
  readonly timeline: unknown;
}

export interface Progress {
  /** Positions so far. */
  readonly positions: number;
  readonly rows: number;
  /** Processing time reached; -Infinity before the first row. */
  readonly clock: number;
  readonly late: number;
  readonly finished: boolean;
}

export class Run {
  readonly #options: RunOptions;
  readonly #profile: Profile;
  readonly #stepLength: number;
  #remember: boolean;
  readonly #supplies: Supplies;
  #graph: Graph;
  #roots: readonly Node[];
  #feeds = new Map<string, SourceFeed>();
  #timeline: Timeline;
  #memory: Remembered[] = [];
  /** Steps of it that are not put together any more: a checkpoint lies behind them. */
  #fixed = 0;
  #taps: Tap[] = [];
  readonly #behind = new CatchUp();
  #edits = 0;
  /** The edit with which a node last left, or was made anew: what older checkpoints remember of it may have been dropped since. */
  readonly #left = new Map<string, number>();

  constructor(roots: readonly Node[], options: RunOptions) {
    this.#options = options;
    this.#profile = options.profile ?? PROFILES.tidemark;
    this.#stepLength = options.stepLength ?? 8_192;
    this.#supplies = new Supplies(options.supply, sources => this.#columnsOf(sources));
    this.#remember = this.#mayRemember(roots);
    this.#roots = roots;
    this.#timeline = new Timeline(this.#profile, options.microBatch ?? null, this.#remember);
    this.#graph = new Graph(roots, this.#graphOptions());
    this.#feed();
  }

  get graph(): Graph {
    return this.#graph;
  }

  get profile(): Profile {
    return this.#profile;
  }

  get progress(): Progress {
    const { positions, clock, ended } = this.#timeline;
    const feeds = this.#distinctFeeds();
    const sum = (of: (feed: SourceFeed) => number): number => feeds.reduce((total, feed) => total + of(feed), 0);
    return { positions, rows: sum(f => f.rows), clock, late: sum(f => f.late), finished: ended };
  }

  /** One feed for each log: charts that ask what another watermark would do read the same rows once more. */
  #distinctFeeds(): SourceFeed[] {
    const byLog = new Map<SourceLog, SourceFeed>();
    for (const feed of this.#feeds.values()) {
      const log = this.#supplies.begunWith(feed) ?? feed.log;
      if (!byLog.has(log)) byLog.set(log, feed);
    }
    return [...byLog.values()];
  }

  /** The feed of a source node's identity. */
  feed(id: string): SourceFeed | undefined {
    return this.#feeds.get(id);
  }

  /** Gives a source a longer log that begins with the rows of its present one: more has arrived. */
  extend(id: string, log: SourceLog): void {
    const feed = this.#feeds.get(id);
    if (feed === undefined) throw new Error("The run has no such source.");
    feed.extend(log);
  }

  /** Whether a source may still bring rows that nobody knows yet; a log that is read in parts is known. */
  get open(): boolean {
    for (const { open, ended, log } of this.#feeds.values()) if (open && !ended && log.whole === undefined) return true;
    return false;
  }

  /** Processing time of the next position, or Infinity when nothing but the end is left. */
  get next(): number {
    const next = this.#timeline.next();
    return next === Infinity ? this.#supplies.next : next;
  }

  /** Rows in all logs. */
  get totalRows(): number {
    return this.#distinctFeeds().reduce((total, { log }) => total + (log.whole?.rows ?? log.arrival.length), 0);
  }

  /** Whether steps are remembered: not where a log is read in parts. */
  get remembers(): boolean {
    return this.#remember;
  }

  /**
   * What the run waits for, where a log is read in parts and `advance` found nothing to do in those that are here: resolves when
   * there is more, rejects when it cannot be read. Null when it waits for nothing.
   */
  get waiting(): Promise<void> | null {
    return this.#supplies.waiting;
  }

  /** The columns that the pipelines and whoever taps them look at. */
  #columnsOf(sources: readonly SourceNode[]): Columns {
    return columnsRead([...this.#roots, ...this.#taps.map(t => t.node)], sources);
  }

  /** Ends reading in logs that are read in parts. The run is of no use any more. */
  close(): void {
    this.#supplies.clear();
  }

  #mayRemember(roots: readonly Node[]): boolean {
    const { remember = true, logs } = this.#options;
    return remember && !topological(roots).some(n => n.verb === "source" && logs(n).whole !== undefined);
  }

  #graphOptions(): GraphOptions {
    const { logs, codegen, specialize, part } = this.#options;
    return {
      profile: this.#profile,
      remembers: this.#remember,
      sources: source => logs(source).batch.schema,
      codegen,
      specialize,
      given: part?.given,
      turns: part?.turns,
    };
  }

  #feed(): void {
    const feeds = new Map<string, SourceFeed>();
    const sources = [];
    for (const node of this.#graph.nodes) {
      if (node.node.verb !== "source") continue;
      const log = this.#options.logs(node.node);
      const feed = this.#feeds.get(node.id) ?? new SourceFeed(node.node, log, this.#profile, punctuation(node.node));
      feeds.set(node.id, feed);
      sources.push({ id: node.id, feed, reads: node.reads, log });
    }
    this.#feeds = feeds;
    this.#supplies.set(sources);
    this.#timeline.sources = sources;
  }

  /**
   * Works one step: at most `positions` of them, nothing later than `until` (processing time, ms). Says whether there
   * was anything to do. Sources end once their logs are exhausted, unless `until` is finite. A run that is behind first
   * catches up, whatever that takes; who has no time for it calls `catchUp` before.
   */
  advance(limits: { positions?: number; until?: number } = {}): boolean {
    this.catchUp();
    const positions = Math.min(limits.positions ?? this.#stepLength, this.#stepLength);
    const until = limits.until ?? Infinity;
    const timed = this.#timeline.step({ positions, until }, true);
    if (timed === null) {
      this.#supplies.ask(until);
      return false;
    }
    this.#work(timed);
    return true;
  }

  /**
   * Moves the clock on to `to`, or as far as the sources are known, though nothing arrives: timers that were due fire. Says
   * whether anything came out. For runs over logs that grow; work what has arrived first.
   */
  tick(to: number): boolean {
    this.catchUp();
    const timed = this.#timeline.tick(to);
    if (timed === null) return false;
    const { step, flows } = timed;
    this.#graph.step(step, flows);
    const silent = this.#graph.nodes.every(n => Object.values(n.outputs).every(flow => flow.count === 0));
    // What nobody heard of need not be remembered: hours of silence cost nothing.
    if (silent) return false;
    this.#deliver(timed);
    return true;
  }

  /** Works to the end of all sources. Throws where a log is read in parts: then it takes `complete`. */
  finish(): void {
    while (this.advance());
    if (this.waiting !== null)
      throw new Error("A log of this run is read in parts, which takes waiting: call complete() instead of finish().");
  }

  /** Works to the end of all sources, waiting for rows where a log is read in parts. Rejects when they cannot be read. */
  async complete(): Promise<void> {
    for (;;) {
      while (this.advance());
      if (this.waiting === null) return;
      await this.waiting;
    }
  }

  #work(timed: TimedStep): void {
    const { part } = this.#options;
    this.#graph.step(timed.step, part === undefined ? timed.flows : part.flows(timed));
    this.#deliver(timed);
  }

  /** Shows the taps a step that was worked, and remembers it. */
  #deliver({ step, flows }: TimedStep): void {
    for (const tap of this.#taps) deliver(tap, this.#graph, step);
    if (!this.#remember) return;
    this.#memory.push({ step, flows: memorable(this.#graph, flows) });
    if (this.#behind.done) mergeLastSteps(this.#memory, this.#fixed);
  }

  /** How far what is behind has caught up, from 0 to 1; null when nothing is behind. */
  get behind(): number | null {
    return this.#share(this.#behind.seen());
  }

  /** How far a tap has caught up, from 0 to 1; null when it has. */
  behindOf(tap: Tap): number | null {
    return this.#share(this.#behind.seen(tap));
  }

  #share(seen: number): number | null {
    if (seen === Infinity) return null;
    const first = this.#memory[0]?.step.first ?? 0;
    const at = this.#memory[seen]?.step.first ?? this.#timeline.positions;
    return (at - first) / Math.max(1, this.#timeline.positions - first);
  }

  /**
   * Works what is behind through the steps that have passed, until `enough` says so (default: to the end); it is asked
   * between any two nodes of a step. Says whether anything is still behind. Taps are shown steps in order and whole.
   */
  catchUp(enough: Enough = never): boolean {
    return !this.#behind.done && this.#behind.work(this.#graph, this.#memory, enough);
  }

  /** Adds a tap. It first receives what it has missed, and whatever else is behind catches up with it. */
  tap(tap: Tap): void {
    this.#taps.push(tap);
    this.#supplies.checkColumns();
    this.#behind.add([], [tap]);
    this.catchUp();
  }

  /**
   * Shows taps everything that has passed, and then no more: in each step to one after the other. Nodes that the run does not
   * compute are worked for the look alone; nothing is shown when the run does not remember. A run that is behind first
   * catches up.
   */
  look(taps: readonly Tap[]): void {
    this.lookBack(taps).work(never);
  }

  /** Looks in slices, one for each step, between which the run may go on but not be edited or taken elsewhere. */
  *looking(taps: readonly Tap[]): Slices<void> {
    const look = this.lookBack(taps);
    while (look.work(always)) yield;
  }

  /** Makes a look that is worked in slices. It is right while the run stands still. */
  lookBack(taps: readonly Tap[]): { work(enough: Enough): boolean } {
    this.catchUp();
    const missing = taps.map(t => t.node).filter(node => this.#graph.find(identity(node)) === undefined);
    const graph =
      missing.length === 0 ? this.#graph : new Graph([...this.#roots, ...missing], this.#graphOptions(), this.#graph);
    const fresh = missing.length === 0 ? [] : graph.fresh;
    const memory = this.#memory;
    const pass = new Pass(graph, fresh, taps, { from: 0, to: memory.length, keeps: false });
    return { work: enough => pass.work(memory, enough) };
  }

  untap(tap: Tap): void {
    this.#taps = this.#taps.filter(t => t !== tap);
    this.#behind.keep(this.#graph, this.#taps);
  }

  /**
   * Changes the pipeline in mid-run. Nodes that did not change keep their state; new ones and the taps that read them are
   * behind and have to catch up: `catchUp` works on that, as does `advance`. What was behind before and is still wanted goes on
   * from where it was. When a source changed, or nothing was remembered, the run begins again; the caller then works it
   * to where it was, in slices if it likes. Throws where the new pipeline cannot be run, and then changes nothing.
   */
  replan(roots: readonly Node[], taps: readonly Tap[]): "caught up" | "behind" | "restarted" {
    const before = this.#graph;
    // Where the new pipeline cannot be run this throws, and the run goes on with the old one.
    this.#graph = new Graph(roots, this.#graphOptions(), before);
    this.#roots = roots;
    const { fresh } = this.#graph;
    const newTaps = taps.filter(t => !this.#taps.includes(t) || fresh.includes(this.#graph.of(t.node)));
    this.#taps = [...taps];
    this.#edits++;
    for (const node of before.nodes) if (this.#graph.find(node.id) !== node) this.#left.set(node.id, this.#edits);
    const sourceChanged = fresh.some(n => n.operator === null);
    if (sourceChanged || (!this.#remember && (this.#timeline.positions > 0 || this.#supplies.begun))) {
      this.restart();
      return "restarted";
    }
    this.#feed();
    for (const tap of newTaps) tap.reset();
    this.#behind.keep(this.#graph, this.#taps);
    if (this.#memory.length > 0) this.#behind.add(fresh, newTaps);
    return this.#behind.done ? "caught up" : "behind";
  }

  #forget(): void {
    this.#memory = [];
    this.#fixed = 0;
  }

  /** Begins again: every state, table and clock as before the first row. */
  restart(): void {
    this.#remember = this.#mayRemember(this.#roots);
    this.#graph = new Graph(this.#roots, this.#graphOptions());
    this.#feeds.clear();
    this.#supplies.clear();
    this.#timeline = new Timeline(this.#profile, this.#options.microBatch ?? null, this.#remember);
    this.#feed();
    this.#forget();
    this.#behind.clear();
    for (const tap of this.#taps) tap.reset();
  }

  /** Takes the whole run out as plain data: operators, feeds, clock. Taps and memory are not part of it. First catches up. */
  snapshot(): RunSnapshot {
    this.catchUp();
    return this.#state(this.#graph.snapshot());
  }

  #state(graph: RunSnapshot["graph"]): RunSnapshot {
    return {
      graph,
      feeds: new Map([...this.#feeds].map(([id, feed]) => [id, feed.snapshot()])),
      timeline: this.#timeline.snapshot(),
    };
  }

  /** Puts back what `snapshot` gave, on a run of the same pipeline over the same logs. What was remembered is forgotten. */
  restore(snapshot: RunSnapshot): void {
    this.#graph.restore(snapshot.graph);
    for (const [id, feed] of this.#feeds) feed.restore(snapshot.feeds.get(id));
    this.#supplies.readAgain();
    this.#timeline.restore(snapshot.timeline);
    this.#forget();
    this.#behind.clear();
  }

  /**
   * Notes this moment, so that the run can be taken back to it with its taps and with what it remembers. What is behind is left
   * out, and will be behind again when the run is taken there.
   */
  checkpoint(): Checkpoint {
    return atOnce(this.checkpointing());
  }

  /** Makes a checkpoint in slices, which is right while the run stands still. */
  *checkpointing(): Slices<Checkpoint> {
    const nodes = this.#graph.nodes.filter(n => !this.#behind.has(n));
    const states = new Map<string, unknown>();
    for (const node of nodes) {
      states.set(node.id, yield* this.#graph.snapshotting(node));
      yield;
    }
    const taps = new Map<Tap, unknown>();
    for (const tap of this.#taps) {
      if (tap.snapshot === undefined || this.#behind.has(tap)) continue;
      taps.set(tap, tap.snapshot());
      yield;
    }
    const reads = new Map(nodes.map(n => [n.id, asked(n)]));
    this.#fixed = this.#memory.length;
    return {
      progress: this.progress,
      state: this.#state(states),
      reads,
      taps,
      memory: this.#memory,
      remembered: this.#memory.length,
      edits: this.#edits,
    };
  }

  /**
   * Takes the run to a checkpoint of its own. Nodes and taps that were not there then, because of an edit since, are behind and
   * catch up from what is remembered up to it. Says whether all were there.
   */
  rewind(to: Checkpoint): boolean {
    return atOnce(this.rewinding(to));
  }

  /** Goes back in slices. The run is as it was until the last of them, which is right if it was left alone in between. */
  *rewinding(to: Checkpoint): Slices<boolean> {
    const graph = new Graph(this.#roots, this.#graphOptions());
    const fresh: GraphNode[] = [];
    const anew = new Set<GraphNode>();
    for (const node of graph.nodes) {
      const then = to.reads.get(node.id);
      const stateless = node.operator?.stateless === true;
      // An operator's state follows from what was read of it, so it is only put back where the same is read. Sources have none.
      const same =
        then !== undefined &&
        (stateless ||
          ((this.#left.get(node.id) ?? 0) <= to.edits &&
            (node.operator === null || (then.size === asked(node).size && [...asked(node)].every(p => then.has(p))))));
      const settled = node.inputs.every(i => !anew.has(i.from));
      if (!same || !settled) fresh.push(node);
      // Readers of a node without state need nothing of it but its rows, which are the same again.
      if (!settled || (!same && !stateless)) anew.add(node);
    }
    const kept = graph.nodes.filter(n => !fresh.includes(n));
    // Copies: an operator may go on with the arrays it is given, and the checkpoint is to be used again.
    for (const node of kept) {
      yield* graph.restoring(node, yield* copying(to.state.graph.get(node.id)));
      yield;
    }
    const state = copyPlain({ feeds: to.state.feeds, timeline: to.state.timeline });
    this.#graph = graph;
    this.#timeline = new Timeline(this.#profile, this.#options.microBatch ?? null, this.#remember);
    this.#timeline.restore(state.timeline);
    this.#feeds = new Map();
    this.#feed();
    for (const [id, feed] of this.#feeds) feed.restore(state.feeds.get(id));
    this.#supplies.readAgain();
    // A list of its own: later checkpoints still need the rest of the old one.
    this.#memory = to.memory.slice(0, to.remembered);
    this.#fixed = to.remembered;
    const behind: Tap[] = [];
    for (const tap of this.#taps) {
      if (tap.restore !== undefined && to.taps.has(tap)) tap.restore(to.taps.get(tap));
      else {
        tap.reset();
        behind.push(tap);
      }
    }
    this.#behind.clear();
    if (this.#memory.length > 0) this.#behind.add(fresh, behind);
    return fresh.length === 0 && behind.length === 0;
  }
}

/** What an operator's state follows from besides its node: the ports read of it, and nodes that it absorbs. */
function asked({ reads, absorbs }: GraphNode): ReadonlySet<string> {
  return absorbs.length === 0 ? reads : new Set([...reads, ...absorbs.map(identity)]);
}

/** Copies plain data: what a structured clone would, which not every host of the core has. */
function copyPlain<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return (value as unknown as Float64Array).slice() as unknown as T;
  if (Array.isArray(value)) return value.map(copyPlain) as T;
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, copyPlain(v)])) as T;
  if (value instanceof Set) return new Set(value) as T;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copyPlain(v)])) as T;
}

/** Copies plain data in slices, as far as it is in long lists. */
function* copying<T>(value: T): Slices<T> {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Set)
    return copyPlain(value);
  if (Array.isArray(value) && value.length > MANY_OBJECTS) {
    const out: unknown[] = [];
    for (let from = 0; from < value.length; from += MANY_OBJECTS) {
      for (let i = from; i < Math.min(value.length, from + MANY_OBJECTS); i++) out.push(copyPlain(value[i]));
      yield;
    }
    return out as T;
  }
  if (Array.isArray(value)) {
    const out: unknown[] = [];
    for (const one of value) out.push(yield* copying<unknown>(one));
    return out as T;
  }
  const entries: [unknown, unknown][] = [];
  for (const [key, held] of value instanceof Map ? value : Object.entries(value)) {
    entries.push([key, yield* copying<unknown>(held)]);
    if (entries.length % MANY_OBJECTS === 0) yield;
  }
  return (value instanceof Map ? new Map(entries) : Object.fromEntries(entries as [string, unknown][])) as T;
}

function deliver(tap: Tap, graph: Graph, step: Step): void {
  const node = graph.of(tap.node);
  tap.apply(read(node, "main"), step, node);
}
