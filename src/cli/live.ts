/**
 * Live sources on the command line: connects, hands what comes to a run, and stops at Ctrl-C, after a given time, or when all
 * sources are over. An address has to have been allowed, in the app or with `--allow`.
 */
import { resolve } from "node:path";
import { AddressStore } from "../browser/address-store.ts";
import { LiveFeed } from "../browser/live-feed.ts";
import { userDataFolder } from "../browser/trust-store.ts";
import { addressOf, checkLive } from "../connectors/live/connectors.ts";
import type { Run } from "../engine/run.ts";
import { duration } from "../model/time.ts";
import { inputName, type SourceNode } from "../pipeline/verbs/source.ts";
import type { LiveRequest, LiveState } from "../protocol/live.ts";
import { isLive, liveKey, LiveSources } from "../session/live-sources.ts";
import { livePath, UsageError } from "./arguments.ts";
import { recordings } from "./recordings.ts";

/** The options of commands that read live sources, and what their usage says of them. */
export const LIVE_OPTIONS = { allow: { type: "string", multiple: true }, for: { type: "string" } } as const;
export const LIVE_USAGE = `  --allow URL     lets the notebook connect to an address that it names; may be given several times
  --for D         stops reading live sources after a while, such as 10s or "2 min"; default at Ctrl-C, or when they are over
`;

export interface CliLiveOptions {
  /** Path of the notebook. */
  readonly notebook: string;
  readonly allow?: readonly string[];
  /** How long to read; undefined: until Ctrl-C. */
  readonly for?: string;
  /** Where recordings are written; undefined: nowhere. */
  readonly out?: string;
}

/** Milliseconds between two looks at what has come. */
const BEAT = 100;

export class CliLive {
  readonly #options: CliLiveOptions;
  readonly #addresses = new AddressStore(userDataFolder());
  readonly #feeds = new Map<string, LiveFeed>();
  readonly #asked: LiveRequest[] = [];
  /** When to stop, wall clock ms, and whether somebody said so. */
  readonly #until: number;
  #stopping = false;
  readonly sources = new LiveSources(
    request => void this.#asked.push(request),
    () => {},
  );

  constructor(options: CliLiveOptions) {
    this.#options = options;
    this.#until = options.for === undefined ? Infinity : Date.now() + lengthOf(options.for);
  }

  /** Whether anything live is read. */
  get live(): boolean {
    return this.#feeds.size > 0;
  }

  /** How each source is. */
  get states(): LiveState[] {
    return [...this.#feeds.values()].map(feed => feed.state());
  }

  /** Connects to what was asked for, and waits until the columns of all sources are known. Rejects where that cannot be. */
  async connected(nodes: readonly SourceNode[]): Promise<void> {
    for (const request of this.#asked.splice(0)) await this.#connect(request);
    if (nodes.length === 0) return;
    process.once("SIGINT", () => (this.#stopping = true));
    let told = "";
    while (nodes.some(node => !this.#isThere(node))) {
      for (const { status, reason, from } of this.states) {
        if (status === "failed") throw new Error(`${from}: ${reason}`);
        const words = `${from}: ${status}${reason === "" ? "" : `, ${reason}`}`;
        if (words !== told) process.stderr.write(`${(told = words)}\n`);
      }
      if (this.#over) {
        await this.stop();
        this.take();
        const missing = nodes.filter(node => !this.#isThere(node)).map(node => inputName(node.input));
        if (missing.length > 0) throw new Error(`${missing.join(", ")}: no row came that could be read`);
        return;
      }
      await pause();
      this.take();
    }
  }

  #isThere(node: SourceNode): boolean {
    try {
      this.sources.log(node);
      return true;
    } catch (error) {
      if (this.#feeds.has(liveKey(node)) && node.watermark.basis.kind !== "perfect") return false;
      throw error;
    }
  }

  async #connect(request: LiveRequest): Promise<void> {
    const input = request.input as Parameters<typeof checkLive>[0];
    const { notebook, allow = [], out } = this.#options;
    const address = addressOf(input);
    if (address !== null && !(await this.#addresses.allows(resolve(notebook), address))) {
      const given = allow.map(each => (URL.canParse(each) ? new URL(each).href : each));
      if (!given.includes(address))
        throw new Error(
          `the notebook wants to connect to ${new URL(address).host}. If it may, say so: --allow ${JSON.stringify(address)}`,
        );
    }
    const feed = new LiveFeed(request, {
      place: { path: async name => livePath(notebook, name), stdin: process.stdin, now: () => Date.now() },
      folder: resolve(out ?? "."),
      writer: recordings,
      record: out !== undefined,
    });
    this.#feeds.set(request.key, feed);
  }

  /** Takes what has come. */
  take(): void {
    for (const feed of this.#feeds.values()) this.sources.take(feed.next());
  }

  /** Whether reading is to stop: somebody said so, time is up, or every source is over. */
  get #over(): boolean {
    return (
      this.#stopping ||
      Date.now() >= this.#until ||
      this.states.every(({ over, status }) => over || status === "failed")
    );
  }

  /** Stops reading, and completes what was written. */
  async stop(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map(feed => feed.stop()));
  }

  /** Works a run on what comes, until reading stops and everything has been worked. `beat` is called in between. */
  async drive(run: Run, beat: (states: readonly LiveState[]) => void = () => {}): Promise<void> {
    const extend = (): void => {
      this.take();
      for (const { id, node } of run.graph.nodes)
        if (node.verb === "source" && isLive(node) && run.feed(id)?.ended === false)
          run.extend(id, this.sources.log(node));
      while (run.advance());
      if (run.open) run.tick(Infinity);
    };
    while (!this.#over) {
      extend();
      beat(this.states);
      await pause();
    }
    await this.stop();
    extend();
    beat(this.states);
  }

  /** Waits until reading stops; what comes is taken and let go. */
  async wait(beat: (states: readonly LiveState[]) => void): Promise<void> {
    while (!this.#over) {
      for (const feed of this.#feeds.values()) feed.next();
      beat(this.states);
      await pause();
    }
    await this.stop();
    beat(this.states);
  }
}

function pause(): Promise<void> {
  return new Promise(done => setTimeout(done, BEAT));
}

/** Reads `10s`, `2 min` or `1h`. */
function lengthOf(text: string): number {
  try {
    return duration(text.replace(/^(\d+(?:\.\d+)?)\s*([a-z]+)$/i, "$1 $2"), "--for");
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** What a source is doing, in one line. */
export function writeState({ name, status, reason, rows, rate, shed, recording }: LiveState): string {
  const parts = [
    `${name}: ${status === "connected" ? "live" : status}${reason === "" ? "" : ` (${reason})`}`,
    `${rows.toLocaleString("en")} rows`,
    `${rate.toFixed(1)}/s`,
    ...(recording.file === null ? [] : [`${recording.bytes.toLocaleString("en")} bytes in ${recording.file}`]),
    ...(recording.problem === null ? [] : [`not recorded: ${recording.problem}`]),
    ...(shed === 0 ? [] : [`${shed.toLocaleString("en")} ROWS LET GO`]),
  ];
  return parts.join(" · ");
}

/** Shows how live sources are: on a terminal in a line that changes, elsewhere a line whenever a connection changes. */
export function liveLine(): { show(states: readonly LiveState[]): void; clear(): void } {
  const { stderr } = process;
  let told = "";
  return {
    show(states) {
      if (stderr.isTTY) {
        stderr.write(`\r\x1b[K${states.map(writeState).join("   ")}`);
        return;
      }
      const now = states.map(({ from, status, reason }) => `${from}: ${status}${reason === "" ? "" : `, ${reason}`}`);
      if (now.join("\n") === told) return;
      told = now.join("\n");
      stderr.write(`${told}\n`);
    },
    clear: () => void (stderr.isTTY && stderr.write("\r\x1b[K")),
  };
}
