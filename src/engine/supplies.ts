/**
 * Reads on in logs that are too large to be in memory at once. A run asks here when it has worked what is known, and goes on
 * when there is more; nothing is read that it has not asked for, but for what a supply reads ahead.
 *
 * Feeds that read the same log, as charts do which ask what another watermark would make of it, share its supply: a row is let
 * go when all of them have taken it.
 */
import type { Columns } from "../pipeline/columns-read.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { SourceFeed } from "./feed.ts";

/** Reads on in a log that is read in parts. */
export interface Supply {
  /** Resolves to the log with more rows, of which those before row `from` may be let go. Rejects when they cannot be read. */
  more(from: number): Promise<SourceLog>;
  /** Ends reading. */
  close(): void;
}

interface Entry {
  readonly node: SourceNode;
  feeds: SourceFeed[];
  /** Null until something is asked for. */
  supply: Supply | null;
  /** The columns that it reads. */
  columns: Columns;
}

type Open = (source: SourceNode, from: number, columns: Columns) => Supply;

export class Supplies {
  readonly #open: Open | undefined;
  readonly #columns: (sources: readonly SourceNode[]) => Columns;
  /** By the log with which a run begins, which is the same for all who read it. */
  #entries = new Map<SourceLog, Entry>();
  #feeds: readonly SourceFeed[] = [];
  #waiting: Promise<void> | null = null;

  /** `columns` says what is looked at of some sources. */
  constructor(open: Open | undefined, columns: (sources: readonly SourceNode[]) => Columns) {
    this.#open = open;
    this.#columns = columns;
  }

  /** Whether anything has been asked for. */
  get begun(): boolean {
    return [...this.#entries.values()].some(entry => entry.supply !== null);
  }

  /** Throws when something is looked at by now that is not being read. */
  checkColumns(): void {
    for (const { supply, columns, feeds } of this.#entries.values()) {
      if (supply === null || columns === null) continue;
      const wanted = this.#columns(feeds.map(f => f.node));
      if (wanted === null || [...wanted].some(name => !columns.has(name)))
        throw new Error("A log is being read without columns that a new tap wants. Add taps before the run begins.");
    }
  }

  get waiting(): Promise<void> | null {
    return this.#waiting;
  }

  /** Takes the run's feeds, each with the log that it began with. Throws for one that nobody can read on. */
  set(sources: readonly { readonly feed: SourceFeed; readonly log: SourceLog }[]): void {
    const before = this.#entries;
    this.#entries = new Map();
    this.#feeds = sources.map(s => s.feed);
    for (const { feed, log } of sources) {
      if (log.whole === undefined) continue;
      if (this.#open === undefined)
        throw new Error("A log of this run is read in parts, and the run has no supply that would read on.");
      const entry = this.#entries.get(log);
      if (entry === undefined)
        this.#entries.set(log, {
          node: feed.node,
          feeds: [feed],
          supply: before.get(log)?.supply ?? null,
          columns: before.get(log)?.columns ?? null,
        });
      else entry.feeds.push(feed);
    }
    for (const [log, { supply }] of before) if (!this.#entries.has(log)) supply?.close();
  }

  /** The log that a feed began with, where it is read in parts. */
  begunWith(feed: SourceFeed): SourceLog | null {
    for (const [log, { feeds }] of this.#entries) if (feeds.includes(feed)) return log;
    return null;
  }

  /** The earliest time at which rows may arrive that are not here yet; Infinity where all are. */
  get next(): number {
    let next = Infinity;
    for (const [{ whole }, { feeds }] of this.#entries)
      for (const feed of feeds)
        if (!feed.ended && feed.open) next = Math.min(next, Math.max(feed.known, whole?.start ?? -Infinity));
    return next;
  }

  /** Asks for rows where nothing is known up to `until`, of those logs alone that hold the run up. */
  ask(until: number): void {
    if (this.#waiting !== null) return;
    const open = this.#feeds.filter(feed => !feed.ended && feed.open);
    const known = open.reduce((least, feed) => Math.min(least, feed.known), Infinity);
    if (!(known < until)) return;
    const asked = [...this.#entries.values()].filter(({ feeds }) => feeds.some(f => !f.ended && f.known === known));
    if (asked.length === 0) return;
    const waiting: Promise<void> = Promise.all(asked.map(entry => this.#more(entry))).then(() => this.#done(waiting));
    this.#waiting = waiting;
    // Whoever waits hears of a failure; nobody has to wait, and asking again tries again.
    waiting.catch(() => this.#done(waiting));
  }

  #done(waiting: Promise<void>): void {
    if (this.#waiting === waiting) this.#waiting = null;
  }

  async #more(entry: Entry): Promise<void> {
    const from = entry.feeds.reduce((least, feed) => Math.min(least, feed.rows), Infinity);
    if (entry.supply === null) {
      entry.columns = this.#columns(entry.feeds.map(f => f.node));
      entry.supply = (this.#open as Open)(entry.node, from, entry.columns);
    }
    const { supply } = entry;
    const log = await supply.more(from);
    // The run may have gone elsewhere while it was read.
    if (entry.supply === supply) for (const feed of entry.feeds) feed.extend(log);
  }

  /** Begins reading anew at the rows that the feeds stand at now. */
  readAgain(): void {
    for (const entry of this.#entries.values()) {
      entry.supply?.close();
      entry.supply = null;
    }
    this.#waiting = null;
  }

  /** Ends all reading. */
  clear(): void {
    this.readAgain();
    this.#entries.clear();
    this.#feeds = [];
  }
}
