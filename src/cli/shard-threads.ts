/**
 * Shards in threads of Node's. Threads are started when they are first needed and serve one run after the other; logs lie in
 * memory that all of them share, and each thread is told of a log once.
 */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { emptySlots, type PartExtras, PartReader, type ShardPart, type Slots } from "../engine/shards/part.ts";
import { cutSchemas, type ShardTask } from "../engine/shards/shard.ts";
import type { ShardHost, ShardLink } from "../engine/shards/sharded-run.ts";
import { dictionariesOf, type SharedLog, shareLog } from "../engine/shards/shared-log.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import {
  AHEAD,
  AT_ONCE,
  BESIDE,
  CLOSED,
  CONTROL_WORDS,
  type FromThread,
  MADE,
  READ,
  type ToThread,
  WAITING,
} from "./shard-messages.ts";

export class ShardThreads implements ShardHost {
  /** By the number of the shard. */
  readonly #threads = new Map<number, Thread>();
  /** Logs in shared memory, and numbers for what threads are told once. */
  readonly #shared = new WeakMap<SourceLog, SharedLog>();
  readonly #numbers = new WeakMap<object, number>();
  #next = 0;

  start(task: ShardTask): ShardLink {
    const { logs, groups, ...rest } = task;
    let thread = this.#threads.get(task.shard);
    if (thread === undefined) this.#threads.set(task.shard, (thread = new Thread()));
    const { tellOnce } = thread;
    const logNumbers = logs.map(log => {
      const id = this.#number(log);
      tellOnce(id, () => ({ type: "log", id, log: this.#share(log) }));
      return id;
    });
    const numbered = groups.map(({ cuts, owners }) => ({
      cuts,
      owners: owners.map(of => {
        if (of === null) return null;
        const id = this.#number(of);
        tellOnce(id, () => ({ type: "owners", id, owners: of }));
        return id;
      }),
    }));
    const reader = new PartReader(cutSchemas(task), logs.flatMap(dictionariesOf), thread.takeSlots());
    return thread.run(this.#next++, { ...rest, logs: logNumbers, groups: numbered }, reader);
  }

  /** Parts that have come and that nobody has asked for yet. */
  get waiting(): number {
    return [...this.#threads.values()].reduce((sum, thread) => sum + thread.waiting, 0);
  }

  /** Processor time of each thread since it was started, ms. */
  processorTimes(): Promise<number[]> {
    return Promise.all([...this.#threads.values()].map(thread => thread.processorTime()));
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#threads.values()].map(thread => thread.close()));
    this.#threads.clear();
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
  /** Slots of runs that are over, which the next may use: their memory has been laid out. */
  #free: Slots[] = [];

  constructor() {
    this.#worker = new Worker(entry());
    this.#worker.on("message", (message: FromThread) => this.#links.get(message.id)?.receive(message));
    this.#worker.on("error", error => this.#fail(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", () => this.#fail("The thread of a shard has ended."));
    // Only a run under way keeps the process alive.
    this.#worker.unref();
  }

  takeSlots(): Slots {
    return this.#free.pop() ?? emptySlots(AHEAD);
  }

  async processorTime(): Promise<number> {
    this.#worker.ref();
    const { user, system } = await this.#worker.cpuUsage();
    if (this.#links.size === 0) this.#worker.unref();
    return (user + system) / 1000;
  }

  readonly tellOnce = (id: number, message: () => ToThread): void => {
    if (this.#told.has(id)) return;
    this.#told.add(id);
    this.#worker.postMessage(message());
  };

  run(id: number, task: Extract<ToThread, { type: "run" }>["task"], reader: PartReader): ShardLink {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
    const over = (): void => {
      this.#links.delete(id);
      if (this.#links.size === 0) this.#worker.unref();
    };
    const link = new Link(control, reader, over, slots => this.#free.push(slots));
    this.#links.set(id, link);
    this.#worker.ref();
    this.#worker.postMessage({ type: "run", id, task, slots: reader.slots, control } satisfies ToThread);
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
  readonly #reader: PartReader;
  readonly #over: () => void;
  readonly #done: (slots: Slots) => void;
  /** What came beside parts that have not been read, by their numbers. */
  readonly #extras = new Map<number, PartExtras>();
  /** Parts that have been asked for. */
  #asked = 0;
  #ended = false;
  #finished = false;
  #error: Error | null = null;
  #waiting: { resolve(part: ShardPart | null): void; reject(error: Error): void } | null = null;

  /** `over` is called when the thread has nothing more to say, `done` when all parts have been read. */
  constructor(control: Int32Array, reader: PartReader, over: () => void, done: (slots: Slots) => void) {
    this.#control = control;
    this.#reader = reader;
    this.#over = over;
    this.#done = done;
  }

  get waiting(): number {
    return Atomics.load(this.#control, MADE) - this.#asked;
  }

  next(): Promise<ShardPart | null> {
    if (this.#error !== null) return Promise.reject(this.#error);
    // Whoever asks for a part has done with the one before.
    Atomics.store(this.#control, READ, this.#asked);
    if (this.#asked++ % AT_ONCE === 0) Atomics.notify(this.#control, READ);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#look();
    });
  }

  /** Hands over the part that was asked for, if it is there. */
  #look(): void {
    if (this.#waiting === null) return;
    const control = this.#control;
    const part = this.#asked - 1;
    if (Atomics.load(control, MADE) <= part) {
      if (this.#ended) this.#finish();
      // It may come between the two looks; a thread that does not see that somebody waits has made it before.
      else if (Atomics.exchange(control, WAITING, 1) === 0 && Atomics.load(control, MADE) > part) this.#look();
      return;
    }
    const extras = this.#extras.get(part) ?? null;
    // What belongs to it is on its way.
    if (extras === null && Atomics.load(control, BESIDE + (part % AHEAD)) === 1) return;
    this.#extras.delete(part);
    this.#give(this.#reader.read(part, extras));
  }

  #finish(): void {
    this.#give(null);
    // Somebody else may have them then, so they are given away once.
    if (!this.#finished) this.#done(this.#reader.slots);
    this.#finished = true;
  }

  #give(part: ShardPart | null): void {
    this.#waiting?.resolve(part);
    this.#waiting = null;
  }

  receive(message: FromThread): void {
    if (message.type === "error") {
      this.fail(message.message);
      return;
    }
    if (message.type === "extras") this.#extras.set(message.part, message.extras);
    else if (message.type === "end") {
      this.#ended = true;
      this.#over();
    }
    this.#look();
  }

  fail(message: string): void {
    if (this.#error !== null) return;
    this.#error = new Error(message);
    this.#waiting?.reject(this.#error);
    this.#waiting = null;
    this.#over();
  }

  close(): void {
    const control = this.#control;
    Atomics.store(control, CLOSED, 1);
    // A thread that sleeps, or is about to, wakes up when this changes, and looks at both.
    Atomics.add(control, READ, 1);
    Atomics.notify(control, READ);
    this.fail("The run was ended.");
  }
}
