/**
 * Whether an engine with a long log stays alive: how long it works without listening, and when the first figures after an
 * edit are painted, as JSON. Run by `run.mjs --alive` for each length, in a process of its own; `--text` prints a table.
 *
 * An engine as the app has it in its Worker, with four cells: the log's rows, sums of a windowed aggregate behind a filter with a
 * threshold, a map of event against processing time, and the lateness; of more than a million rows without the last two. A heart beats between any two pieces of its work; its
 * longest pause is the longest stretch in which no message was heard. Copying what is sent counts, as in the app.
 */
import {
  columnFromArray,
  dictionary,
  float64,
  int32,
  tableFromColumns,
  tableToIPC,
  timestamp,
  TimeUnit,
  utf8,
} from "@uwdata/flechette";
import { lateness, timeMap } from "../src/charts/plans.ts";
import { captured } from "../src/expressions/parse.ts";
import { bounded } from "../src/model/watermarks.ts";
import { fixed, type WindowFunction } from "../src/model/windows.ts";
import { source } from "../src/pipeline/sources.ts";
import type { Sort, TransportAction, TransportState, ViewUpdate } from "../src/protocol/session.ts";
import { EngineHost } from "../src/session/engine-host.ts";
import type { FromEngine, ToEngine, ViewPlan } from "../src/session/engine-messages.ts";
import { type Data, load } from "./baselines/data.mjs";
import { type Row, sumAndCount, windowed } from "./tidemark.ts";

/** Milliseconds between two positions of a slider that is dragged. */
const DRAG = 40;

const data: Data = load();
const log = source("log.arrow", { eventTime: "t", watermark: bounded("30 s") });

function file(): Uint8Array {
  const keys = Array.from(data.key, code => data.keyNames[code]);
  return tableToIPC(
    tableFromColumns([
      ["key", columnFromArray(keys, dictionary(utf8(), int32()))],
      ["t", columnFromArray(data.t, timestamp(TimeUnit.MILLISECOND, "UTC"))],
      ["v", columnFromArray(data.v, float64())],
    ]),
    { format: "stream" },
  ) as Uint8Array;
}

interface Phase {
  readonly name: string;
  /** Longest stretch of work, by the clock and in the processor's time, and until the first paint and the last, in ms. */
  longest: number;
  work: number;
  /** All work of the phase, in the processor's time. */
  spent: number;
  first: number;
  whole: number;
  paints: number;
}

/** Milliseconds of work of this thread so far: what a busy machine does not blur. */
function processor(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

class Desk {
  readonly engine: EngineHost;
  readonly phases: Phase[] = [];
  transport: TransportState | null = null;
  readonly views = new Map<string, ViewUpdate>();
  #version = 0;
  #beat = performance.now();
  #longest = 0;
  #spent = processor();
  #work = 0;
  #began = 0;
  /** When the views that a phase waits for were sent. */
  #painted: number[] = [];
  #waits: ReadonlySet<string> = new Set();
  #planned = -1;
  /** Whether the transport has spoken since the plan was taken up. */
  #heard = false;
  #explained = false;
  #stopped = false;

  constructor(bytes: Uint8Array) {
    this.engine = new EngineHost({
      post: message => this.#take(structuredClone(message), bytes),
      now: () => performance.now(),
      defer: (work, delay) => void (delay > 0 ? setTimeout(work, delay) : setImmediate(work)),
    });
    const beat = (): void => {
      const now = performance.now();
      this.#longest = Math.max(this.#longest, now - this.#beat);
      this.#beat = now;
      const spent = processor();
      this.#work = Math.max(this.#work, spent - this.#spent);
      this.#spent = spent;
      if (!this.#stopped) setImmediate(beat);
    };
    setImmediate(beat);
  }

  #take(message: FromEngine, bytes: Uint8Array): void {
    switch (message.type) {
      case "need-file":
        this.send({ type: "file", request: message.request, bytes: bytes.buffer as ArrayBuffer, error: null });
        return;
      case "planned":
        this.#planned = message.result.version;
        this.#heard = false;
        for (const error of Object.values(message.result.errors)) throw new Error(error);
        return;
      case "transport":
        this.transport = message.state;
        this.#heard = true;
        return;
      case "explained":
        this.#explained = true;
        return;
      case "views":
        for (const update of message.updates) {
          this.views.set(update.view, update);
          if (this.#waits.has(update.view)) this.#painted.push(performance.now());
        }
    }
  }

  send(message: ToEngine): void {
    this.engine.receive(message);
  }

  act(action: TransportAction): void {
    this.send({ type: "transport", action });
  }

  plan(threshold: number, window: WindowFunction = fixed("1 min")): void {
    const kept = log.filter(captured({ threshold }, (d: Row) => d.v > threshold));
    const sums = sumAndCount(windowed(kept, window));
    const views: ViewPlan[] = [
      { view: "rows", kind: "table", node: log.node },
      { view: "sums", kind: "table", node: sums.node },
    ];
    if (data.n <= 1_000_000) {
      views.push({ view: "map", kind: "chart", spec: timeMap(sums) });
      views.push({ view: "lateness", kind: "chart", spec: lateness(kept) });
    }
    const names = { [log.id]: ["log"], [sums.id]: ["sums"] };
    this.send({ type: "plan", plan: { version: ++this.#version, views, names, profile: "tidemark" } });
  }

  watch(sort: Sort = null): void {
    const views = ["rows", "sums", "map", "lateness"].map(view => ({
      view,
      from: 0,
      count: 100,
      sort: view === "rows" ? sort : null,
    }));
    this.send({ type: "watch", views });
  }

  explain(view: string): void {
    this.#explained = false;
    this.send({ type: "explain", request: 1, view, row: 5 });
  }

  /** Whether the engine has nothing to do any more. */
  get idle(): boolean {
    const state = this.transport;
    return (
      this.#planned === this.#version &&
      this.#heard &&
      state !== null &&
      !state.playing &&
      state.density !== null &&
      (state.behind ?? null) === null &&
      [...this.views.values()].every(update => update.partial == null)
    );
  }

  get explained(): boolean {
    return this.#explained;
  }

  /** Does something, and measures until it is done. `waits`: the views whose paints are looked at. */
  async phase(
    name: string,
    work: () => void | Promise<void>,
    { waits = ["sums"], done = () => this.idle }: { waits?: string[]; done?: () => boolean } = {},
  ): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 60));
    this.#waits = new Set(waits);
    this.#painted = [];
    this.#longest = this.#work = 0;
    this.#spent = processor();
    this.#beat = this.#began = performance.now();
    const spent = processor();
    await work();
    // What is asked is heard a moment later, as by a worker.
    await new Promise(resolve => setTimeout(resolve, 1));
    while (!done()) await new Promise(resolve => setTimeout(resolve, 2));
    const whole = performance.now() - this.#began;
    await new Promise(resolve => setTimeout(resolve, 60));
    const first = (this.#painted[0] ?? NaN) - this.#began;
    this.phases.push({
      name,
      longest: this.#longest,
      work: this.#work,
      spent: processor() - spent,
      first,
      whole,
      paints: this.#painted.length,
    });
  }

  stop(): void {
    this.#stopped = true;
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));
const total = (desk: Desk): number => {
  const update = desk.views.get("sums");
  return update?.kind === "table" ? update.total : -1;
};

const greatest = data.v.reduce((most, v) => Math.max(most, v), -Infinity);
const desk = new Desk(file());
await desk.phase("opening the log", () => {
  desk.plan(-10_000);
  desk.watch();
});
await desk.phase("replay at full speed", () => desk.act({ kind: "end" }));
const whole = total(desk);
const warm = async (): Promise<void> => {
  for (let i = 1; i < 4; i++) {
    desk.plan(i);
    await pause(DRAG);
  }
};
await desk.phase("threshold dragged (first time)", warm);
await desk.phase("threshold dragged", async () => {
  for (let i = 1; i <= 20; i++) {
    desk.plan(100 * i);
    await pause(DRAG);
  }
});
await desk.phase("threshold changed", () => desk.plan(3_000));
await desk.phase("window changed", () => desk.plan(3_000, fixed("5 min")));
await desk.phase(
  "edit cancelled",
  async () => {
    desk.plan(4_000);
    await pause(20);
    desk.act({ kind: "cancel" });
  },
  { done: () => desk.transport?.behind == null || desk.transport.behind.held },
);
await desk.phase("and edited again", () => desk.plan(-10_000));
if (total(desk) !== whole) throw new Error(`After the edits there are ${total(desk)} rows, not ${whole}.`);
const { start, end } = desk.transport as { start: number; end: number };
await desk.phase("seek to the middle", () => desk.act({ kind: "seek", to: (start + end) / 2 }));
await desk.phase("step on by a window", () => desk.act({ kind: "step", by: "window" }), { waits: ["rows"] });
await desk.phase("step back by a row", () => desk.act({ kind: "step", by: "row", back: true }), { waits: ["rows"] });
await desk.phase("step back by a window", () => desk.act({ kind: "step", by: "window", back: true }), {
  waits: ["rows"],
});
await desk.phase("seek to the end", () => desk.act({ kind: "end" }));
await desk.phase("rows sorted", () => desk.watch({ column: "v", descending: true }), {
  waits: ["rows"],
  done: () => {
    const rows = desk.views.get("rows");
    return rows?.kind === "table" && rows.page.columns.some(c => c.name === "v" && c.values[0] === greatest);
  },
});
await desk.phase("a window explained", () => desk.explain("sums"), { done: () => desk.explained });
await desk.phase("back to the start and to the end", async () => {
  desk.act({ kind: "restart" });
  desk.act({ kind: "end" });
});
if (total(desk) !== whole) throw new Error(`At the end there are ${total(desk)} rows, not ${whole}.`);
desk.stop();

if (process.argv.includes("--text"))
  console.table(
    desk.phases.map(({ name, longest, work, spent, first, whole, paints }) => ({
      name,
      longest: longest.toFixed(1),
      work: work.toFixed(1),
      spent: spent.toFixed(0),
      first: first.toFixed(1),
      whole: whole.toFixed(0),
      paints,
    })),
  );
else console.log(JSON.stringify({ rows: data.n, phases: desk.phases }));
process.exit(0);
