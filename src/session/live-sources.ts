/**
 * The live sources of a session: asks the host for each once, and makes of the lines that come back the logs that the engine
 * reads. A source is there once its columns are known; before that, whoever reads it waits.
 */
import type { ColumnType } from "../columns/column.ts";
import { checkLive } from "../connectors/live/connectors.ts";
import { GrowingLog } from "../connectors/live/growing-log.ts";
import type { LiveReading } from "../connectors/live/sample.ts";
import { canonical } from "../pipeline/identity.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import { inputName, type LiveInput, type SourceNode } from "../pipeline/verbs/source.ts";
import type { LiveRequest, LiveRows } from "../protocol/live.ts";

/** Rows that a source holds in memory at most. Those after them are in the recording alone. */
export const MOST_ROWS = 4_000_000;
/** Milliseconds for which a source that no cell reads is kept, so that an edit does not break its connection. */
const KEPT = 10_000;

/** Nothing has come yet of which columns could be told: no mistake of anybody's. */
export class WaitingForRows extends Error {}

type LiveNode = SourceNode & { readonly input: LiveInput };

export function isLive(node: SourceNode): node is LiveNode {
  return node.input.kind === "live";
}

/** What decides how a live source's rows are read; its watermark does not. */
export function liveKey(node: SourceNode): string {
  return canonical([node.input, node.eventTime, node.partition, node.types]);
}

/** What is asked of the host, and what it said so far. */
interface Entry {
  readonly request: LiveRequest;
  growing: GrowingLog | null;
  log: SourceLog | null;
  known: number;
  ended: number | null;
  full: boolean;
  /** Why it cannot be read at all. */
  error: Error | null;
  unusedSince: number | null;
}

/** What an update brought: columns, so that cells over the source can be planned; more rows or time; or nothing. */
export type Brought = "columns" | "more" | "nothing";

export class LiveSources {
  readonly #entries = new Map<string, Entry>();
  readonly #open: (request: LiveRequest) => void;
  readonly #close: (key: string) => void;
  readonly #most: number;

  /** `most`: rows that a source holds at most. */
  constructor(open: (request: LiveRequest) => void, close: (key: string) => void, most = MOST_ROWS) {
    this.#open = open;
    this.#close = close;
    this.#most = most;
  }

  /** The log of a source so far. Throws `WaitingForRows` before there is one, or why there cannot be any. */
  log(node: SourceNode): SourceLog {
    if (node.watermark.basis.kind === "perfect")
      throw new Error(
        `${inputName(node.input)}: perfect() looks back from a log's end, and a live source has none yet. Take bounded("10 s"), or replay the recording.`,
      );
    const entry = this.#entries.get(liveKey(node));
    if (entry?.error != null) throw entry.error;
    if (entry?.log == null) throw new WaitingForRows(`${inputName(node.input)}: no row has come yet.`);
    return entry.log;
  }

  /** Asks the host for a source, unless it was asked. `name`: the variable that holds it. */
  want(node: SourceNode, name: string): void {
    if (!isLive(node)) return;
    const key = liveKey(node);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.unusedSince = null;
      return;
    }
    const { input, eventTime, partition, types } = node;
    const request: LiveRequest = { key, name, input, eventTime, partition, types };
    const entry: Entry = {
      request,
      growing: null,
      log: null,
      known: -Infinity,
      ended: null,
      full: false,
      error: null,
      unusedSince: null,
    };
    this.#entries.set(key, entry);
    try {
      checkLive(input);
      this.#open(request);
    } catch (error) {
      entry.error = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Says which sources cells read now; the others are closed after a while. */
  keep(nodes: readonly SourceNode[], now: number): void {
    const used = new Set(nodes.filter(isLive).map(liveKey));
    for (const [key, entry] of this.#entries) {
      if (used.has(key)) entry.unusedSince = null;
      else if (entry.error !== null) this.#entries.delete(key);
      else entry.unusedSince ??= now;
    }
  }

  /** Closes what no cell has read for a while. */
  sweep(now: number): void {
    for (const [key, { unusedSince }] of this.#entries)
      if (unusedSince !== null && now - unusedSince >= KEPT) this.forget(key);
  }

  /** Closes a source and forgets what came of it. Who wants it again gets another connection. */
  forget(key: string): void {
    if (this.#entries.delete(key)) this.#close(key);
  }

  /** Takes what the host says. */
  take(update: LiveRows): Brought {
    const entry = this.#entries.get(update.key);
    if (entry === undefined || entry.ended !== null || update.types === null) return "nothing";
    const isNew = entry.growing === null;
    entry.growing ??= new GrowingLog(readingOf(entry.request), update.types as Record<string, ColumnType>);
    const { growing } = entry;
    if (update.lines !== "" && !entry.full) growing.push(update.lines);
    // Rows are let go whole updates at a time, and with them the time after them: a log has no holes.
    if (!entry.full) entry.known = update.known;
    entry.full ||= growing.rows >= this.#most;
    entry.ended = update.ended;
    const ended = entry.full && update.ended !== null ? entry.known : update.ended;
    entry.log = growing.log(ended === null ? entry.known : null, ended);
    return isNew ? "columns" : "more";
  }

  /** Whether any source may still bring rows. */
  get open(): boolean {
    for (const { log, ended } of this.#entries.values()) if (log !== null && ended === null) return true;
    return false;
  }

  /** Up to when every source is known, ms; null where none is there. */
  get known(): number | null {
    const all = [...this.#entries.values()].filter(e => e.log !== null);
    return all.length === 0 ? null : Math.max(...all.map(e => e.ended ?? e.known));
  }

  /** Keys of the sources that hold as many rows as they may. */
  get full(): string[] {
    return [...this.#entries].flatMap(([key, entry]) => (entry.full ? [key] : []));
  }
}

/** How the rows of a request are read. */
export function readingOf({ input, eventTime, partition, types }: LiveRequest): LiveReading {
  return {
    file: input.name,
    eventTime: eventTime as LiveReading["eventTime"],
    partition,
    types: types as LiveReading["types"],
  };
}

const SHORTEST = 60_000;

/** A span with room for a log that grows: a minute, then twice as long whenever it is full. Charts choose their bins by it. */
export function withRoom(
  span: { readonly start: number; readonly end: number } | null,
  logs: readonly SourceLog[],
): { start: number; end: number } | null {
  if (span === null || logs.every(log => log.known === undefined || log.whole !== undefined)) return span;
  let length = SHORTEST;
  while (length < span.end - span.start) length *= 2;
  return { start: span.start, end: span.start + length };
}
