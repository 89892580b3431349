/**
 * Shards in threads of Node's. Threads are started when they are first needed and serve one run after the other; logs lie in
 * memory that all of them share, and each thread is told of a log once.
 */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { ShardPart } from "../engine/shards/part.ts";
import type { ShardTask } from "../engine/shards/shard.ts";
import type { ShardHost, ShardLink } from "../engine/shards/sharded-run.ts";
import { type SharedLog, shareLog } from "../engine/shards/shared-log.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import { ASKED, CLOSED, type FromThread, type ToThread } from "./shard-messages.ts";

export class ShardThreads implements ShardHost {
  readonly #threads: Thread[] = [];
  /** Logs in shared memory, and numbers for what threads are told once. */
  readonly #shared = new WeakMap<SourceLog, SharedLog>();
  readonly #numbers = new WeakMap<object, number>();
  #next = 0;

  start(task: ShardTask): ShardLink {
    const { logs, groups, ...rest } = task;
    const thread = (this.#threads[task.shard] ??= new Thread());
    const logNumbers = logs.map(log => {
      const id = this.#number(log);
      thread.tellOnce(id, () => ({ type: "log", id, log: this.#share(log) }));
      return id;
    });
    const numbered = groups.map(({ cuts, owners }) => ({
      cuts,
      owners: owners.map(of => {
        if (of === null) return null;
        const id = this.#number(of);
        thread.tellOnce(id, () => ({ type: "owners", id, owners: of }));
        return id;
      }),
    }));
    return thread.run(this.#next++, { ...rest, logs: logNumbers, groups: numbered });
  }

  /** Parts that have come and that nobody has asked for yet. */
  get waiting(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.waiting, 0);
  }

  /** Processor time of each thread since it was started, ms. */
  processorTimes(): Promise<number[]> {
    return Promise.all(this.#threads.map(thread => thread.processorTime()));
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()));
    this.#threads.length = 0;
  }

  #number(of: object): number {
    let number = this.#numbers.get(of);
    if (number === undefined) this.#numbers.set(of, (number = this.#next++));
    return number;
  }

  #share(log: SourceLog): SharedLog {
    let shared = this.#shared.get(log);
    if (shared === undefined) this.#shared.set(log, (shared = shareLog(log)));
    return shared;
  }
}

/** The thread's file: beside this one in the sources, and beside the built command. */
function entry(): URL {
  const here = import.meta.url;
  const places = here.endsWith(".ts") ? ["./shard-thread.ts"] : ["./shard-thread.js", "../shard-thread.js"];
  const found = places.map(place => new URL(place, here)).find(url => existsSync(url));
  if (found === undefined) throw new Error(`There is no ${places[0]} beside ${here}. Build with npm run build.`);
  return found;
}

class Thread {
  readonly #worker: Worker;
  readonly #told = new Set<number>();
  readonly #links = new Map<number, Link>();

  constructor() {
    this.#worker = new Worker(entry());
    this.#worker.on("message", (message: FromThread) => this.#links.get(message.id)?.receive(message));
    this.#worker.on("error", error => this.#fail(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", () => this.#fail("The thread of a shard has ended."));
    // Only a run under way keeps the process alive.
    this.#worker.unref();
  }

  async processorTime(): Promise<number> {
    this.#worker.ref();
    const { user, system } = await this.#worker.cpuUsage();
    if (this.#links.size === 0) this.#worker.unref();
    return (user + system) / 1000;
  }

  tellOnce(id: number, message: () => ToThread): void {
    if (this.#told.has(id)) return;
    this.#told.add(id);
    this.#worker.postMessage(message());
  }

  run(id: number, task: Extract<ToThread, { type: "run" }>["task"]): ShardLink {
    const control = new Int32Array(new SharedArrayBuffer(8));
    const link = new Link(control, () => {
      this.#links.delete(id);
      if (this.#links.size === 0) this.#worker.unref();
    });
    this.#links.set(id, link);
    this.#worker.ref();
    this.#worker.postMessage({ type: "run", id, task, control } satisfies ToThread);
    return link;
  }

  get waiting(): number {
    let parts = 0;
    for (const link of this.#links.values()) parts += link.waiting;
    return parts;
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close();
    await this.#worker.terminate();
  }

  #fail(message: string): void {
    for (const link of this.#links.values()) link.fail(message);
  }
}

class Link implements ShardLink {
  readonly #control: Int32Array;
  readonly #over: () => void;
  /** Parts that have come and were not asked for; null: the shard has ended. */
  readonly #parts: (ShardPart | null)[] = [];
  #error: Error | null = null;
  #waiting: { resolve(part: ShardPart | null): void; reject(error: Error): void } | null = null;

  constructor(control: Int32Array, over: () => void) {
    this.#control = control;
    this.#over = over;
  }

  get waiting(): number {
    return this.#parts.length;
  }

  next(): Promise<ShardPart | null> {
    if (this.#error !== null) return Promise.reject(this.#error);
    Atomics.add(this.#control, ASKED, 1);
    Atomics.notify(this.#control, ASKED);
    const part = this.#parts.shift();
    if (part !== undefined) return Promise.resolve(part);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  receive(message: FromThread): void {
    if (message.type === "error") {
      this.fail(message.message);
      return;
    }
    const part = message.type === "part" ? message.part : null;
    if (part === null) this.#over();
    if (this.#waiting === null) this.#parts.push(part);
    else {
      this.#waiting.resolve(part);
      this.#waiting = null;
    }
  }

  fail(message: string): void {
    if (this.#error !== null) return;
    this.#error = new Error(message);
    this.#waiting?.reject(this.#error);
    this.#waiting = null;
    this.#over();
  }

  close(): void {
    Atomics.store(this.#control, CLOSED, 1);
    // A sleeping thread looks at both.
    Atomics.add(this.#control, ASKED, 1);
    Atomics.notify(this.#control, ASKED);
    this.fail("The run was ended.");
  }
}
