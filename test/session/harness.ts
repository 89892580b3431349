/** A session and its engine side by side in one thread, with a clock that the test moves. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { recordedLine } from "../../src/connectors/live/envelope.ts";
import { sampleTypes } from "../../src/connectors/live/sample.ts";
import { simulatedPayments } from "../../src/connectors/simulated/payments.ts";
import type { LiveRequest } from "../../src/protocol/live.ts";
import type { CellState, CellText, SessionMessage, TransportState, ViewUpdate } from "../../src/protocol/session.ts";
import { EngineHost } from "../../src/session/engine-host.ts";
import { Session } from "../../src/session/session.ts";
import { openSqlite } from "../../src/session/sql/sqlite-node.ts";

const SAMPLES = resolve(import.meta.dirname, "../../samples");

export class Harness {
  readonly session: Session;
  readonly engine: EngineHost;
  readonly cells = new Map<number, CellState>();
  readonly views = new Map<string, ViewUpdate>();
  transport: TransportState | null = null;
  messages: SessionMessage[] = [];
  /** Files that are not among the samples, and texts that say which version of them there is. */
  readonly files = new Map<string, Uint8Array>();
  readonly versions = new Map<string, string>();
  /** Parts of files that were asked for. */
  readonly parts: { readonly name: string; readonly bytes: number }[] = [];
  clock = 0;
  /** Milliseconds that pass whenever the engine looks at its clock: so work takes time, and is done in slices. */
  tick = 0;
  #queue: { work: () => void; at: number }[] = [];
  #pending = 0;

  constructor() {
    this.engine = new EngineHost({
      post: message => this.session.fromEngine(structuredClone(message)),
      now: () => (this.clock += this.tick),
      defer: (work, delay) => this.#queue.push({ work, at: this.clock + delay }),
    });
    this.session = new Session({
      post: message => this.#take(structuredClone(message)),
      engine: message => this.engine.receive(structuredClone(message)),
      now: () => this.clock,
      defer: work => this.#queue.push({ work, at: this.clock }),
      sqlite: openSqlite,
    });
  }

  #take(message: SessionMessage): void {
    this.messages.push(message);
    if (message.type === "cell") this.cells.set(message.state.id, message.state);
    if (message.type === "transport") this.transport = message.state;
    if (message.type === "views") for (const update of message.updates) this.views.set(update.view, update);
    if (message.type === "need-file") void this.#answer(message.request, message.name, message.part);
    if (message.type === "live-open") this.connect(message.request);
  }

  /** Connects to a live source: simulated rows of a minute come at once, and then it is over. */
  protected connect({ key, input, eventTime, partition, types }: LiveRequest): void {
    const began = Date.UTC(2026, 2, 28, 12);
    const next = simulatedPayments(1);
    const lines = Array.from({ length: 300 }, (_, i) => {
      const arrival = began + 200 * i;
      return recordedLine(JSON.stringify(next(arrival)), { arrival, offset: i + 1, partition });
    });
    const reading = { file: input.name, eventTime, partition, types } as Parameters<typeof sampleTypes>[1];
    const update = { key, types: sampleTypes(lines, reading, "json"), known: began + 60_000, ended: began + 60_000 };
    this.#queue.push({
      work: () => this.session.receive({ type: "live", updates: [{ ...update, lines: `${lines.join("\n")}\n` }] }),
      at: this.clock,
    });
  }

  async #answer(request: number, name: string, part?: { from: number; to: number }): Promise<void> {
    this.#pending++;
    try {
      const bytes = this.files.get(name) ?? new Uint8Array(await readFile(resolve(SAMPLES, name)));
      if (part === undefined) {
        const copy = new Uint8Array(bytes).buffer;
        this.session.receive({ type: "file", request, bytes: copy, error: null });
      } else {
        this.parts.push({ name, bytes: part.to - part.from });
        const copy = new Uint8Array(bytes.subarray(part.from, part.to)).buffer;
        const version = this.versions.get(name) ?? "1";
        this.session.receive({ type: "file", request, bytes: copy, error: null, size: bytes.length, version });
      }
    } catch (error) {
      this.session.receive({ type: "file", request, bytes: null, error: String(error) });
    } finally {
      this.#pending--;
    }
  }

  /** Lets everything happen that happens within `milliseconds` of wall-clock time; each piece of work takes `cost` of it. */
  async pass(milliseconds = 200, cost = 1): Promise<void> {
    const until = this.clock + milliseconds;
    while (this.clock < until) {
      await new Promise(resolve => setImmediate(resolve));
      if (this.#pending > 0) continue;
      const index = this.#queue.findIndex(w => w.at <= this.clock);
      if (index < 0) {
        this.clock += 1;
        continue;
      }
      const [{ work }] = this.#queue.splice(index, 1);
      work();
      this.clock += cost;
    }
  }

  show(cells: readonly CellText[]): void {
    this.session.receive({ type: "cells", cells, run: "changed" });
  }

  watch(...views: string[]): void {
    this.session.receive({ type: "watch", views: views.map(view => ({ view, from: 0, count: 100, sort: null })) });
  }

  table(view: string): Extract<ViewUpdate, { kind: "table" }> {
    const update = this.views.get(view);
    if (update?.kind !== "table")
      throw new Error(`No table ${view} yet. There are: ${[...this.views.keys()].join(", ")}.`);
    return update;
  }
}

/** A cell of TypeScript. */
export const code = (id: number, source: string): CellText => ({ id, type: "text/x-typescript", source });

/** A cell of SQL; `output` names its rows. */
export const sql = (id: number, source: string, output?: string): CellText => ({
  id,
  type: "application/sql",
  source,
  attributes: output === undefined ? [] : [{ name: "output", value: output }],
});
