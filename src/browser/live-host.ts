/**
 * The live sources of a host: connects on behalf of notebooks that may, asks first about each address, and hands what comes
 * over to the page that asks for it. A page that no longer asks is gone: its sources are stopped and their recordings completed.
 */
import { addressOf, checkLive } from "../connectors/live/connectors.ts";
import type { OpenLive } from "../connectors/live/driver.ts";
import type { LiveAction, LiveAnswer, LiveRequest, LiveUpdate } from "../protocol/live.ts";
import type { AddressStore } from "./address-store.ts";
import { LiveFeed, type RecordingWriter } from "./live-feed.ts";
import { HostError, type NotebookFiles } from "./notebook-files.ts";

/** Milliseconds that a page waits at most for something new: the heartbeat of its clock. */
const HEARTBEAT = 200;
/** Milliseconds that rows may gather before they are handed over: whoever takes them works, and remembers, by the handful. */
const GATHER = 100;
/** Milliseconds of silence after which a page is taken for gone; one in the background may be slow. */
const GONE = 90_000;
/** Most sources of one page. */
const MOST = 32;

type Input = Parameters<OpenLive>[0];

/** The sources of one kernel of one notebook. */
interface Page {
  readonly handle: string;
  readonly session: string;
  readonly feeds: Map<string, LiveFeed>;
  wake: (() => void) | null;
  heard: number;
}

export class LiveHost {
  readonly #files: NotebookFiles;
  readonly #addresses: AddressStore;
  readonly #writer: RecordingWriter;
  readonly #pages = new Map<string, Page>();
  readonly #ending = new Set<Promise<unknown>>();
  #sweeper: ReturnType<typeof setInterval> | null = null;

  constructor(files: NotebookFiles, addresses: AddressStore, writer: RecordingWriter) {
    this.#files = files;
    this.#addresses = addresses;
    this.#writer = writer;
  }

  /** Connects to a source, or says that the user has to be asked about its address. `session` tells one kernel from the next. */
  async open(handle: string, session: string, request: LiveRequest): Promise<LiveAnswer> {
    this.#files.mayRun(handle);
    const input = request.input as Input;
    try {
      checkLive(input);
    } catch (error) {
      throw new HostError(error instanceof Error ? error.message : String(error));
    }
    const address = addressOf(input);
    if (address !== null && !(await this.#addresses.allows(this.#files.pathOf(handle), address))) {
      return { status: "ask", address, host: new URL(address).host };
    }
    const folder = await this.#files.recordingsOf(handle);
    const page = this.#page(handle, session);
    if (page.feeds.has(request.key)) return { status: "open" };
    if (page.feeds.size >= MOST) throw new HostError(`a notebook connects to at most ${MOST} sources at once`);
    const feed = new LiveFeed(request, {
      place: { path: name => this.#files.livePath(handle, name), now: () => Date.now() },
      folder,
      writer: this.#writer,
      changed: () => page.wake?.(),
    });
    page.feeds.set(request.key, feed);
    return { status: "open" };
  }

  /** Remembers that the user lets this notebook connect to an address. */
  async allow(handle: string, address: string): Promise<void> {
    await this.#addresses.allow(this.#files.pathOf(handle), address);
  }

  /** Gives what is new of a page's sources: when something is, or at the next heartbeat. */
  async next(handle: string, session: string): Promise<readonly LiveUpdate[]> {
    const page = this.#pages.get(pageKey(handle, session));
    if (page === undefined) {
      await pause(HEARTBEAT);
      return [];
    }
    page.heard = Date.now();
    await this.#news(page);
    return [...page.feeds.values()].map(feed => feed.next());
  }

  /** Waits for a heartbeat at most, and after news a little more, so that rows come in handfuls. */
  async #news(page: Page): Promise<void> {
    const began = Date.now();
    if (![...page.feeds.values()].some(feed => feed.news)) {
      await new Promise<void>(done => {
        const timer = setTimeout(done, HEARTBEAT);
        page.wake = () => {
          if (![...page.feeds.values()].some(feed => feed.news)) return;
          clearTimeout(timer);
          done();
        };
      });
      page.wake = null;
    }
    const left = Math.min(GATHER, HEARTBEAT - (Date.now() - began));
    if (left > 0) await pause(left);
  }

  async act(handle: string, session: string, key: string, action: LiveAction): Promise<void> {
    const page = this.#pages.get(pageKey(handle, session));
    const feed = page?.feeds.get(key);
    if (page === undefined || feed === undefined) return;
    switch (action) {
      case "stop":
        await feed.stop();
        return;
      case "close":
        page.feeds.delete(key);
        await this.#end(feed);
        return;
      case "retry":
        feed.retry();
        return;
      case "record":
        await feed.record(true);
        return;
      case "pause-recording":
        await feed.record(false);
    }
  }

  /** Stops everything; resolves when all recordings are complete. */
  async close(): Promise<void> {
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    for (const page of this.#pages.values()) this.#leave(page);
    await Promise.all(this.#ending);
  }

  #page(handle: string, session: string): Page {
    const key = pageKey(handle, session);
    let page = this.#pages.get(key);
    if (page === undefined) {
      // A notebook has one kernel: another session means that the one before has ended.
      for (const other of this.#pages.values()) if (other.handle === handle) this.#leave(other);
      page = { handle, session, feeds: new Map(), wake: null, heard: Date.now() };
      this.#pages.set(key, page);
      this.#sweeper ??= setInterval(() => this.#sweep(), 5_000).unref();
    }
    return page;
  }

  #sweep(): void {
    for (const page of this.#pages.values()) if (Date.now() - page.heard > GONE) this.#leave(page);
  }

  #leave(page: Page): void {
    this.#pages.delete(pageKey(page.handle, page.session));
    for (const feed of page.feeds.values()) void this.#end(feed);
    page.feeds.clear();
  }

  #end(feed: LiveFeed): Promise<void> {
    const ending: Promise<void> = feed.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    return ending;
  }
}

function pageKey(handle: string, session: string): string {
  return `${handle} ${session}`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(done => setTimeout(done, milliseconds));
}
