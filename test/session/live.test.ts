/** Live sources in a session: what was seen live is what the recording replays, and the clock can be left and caught up with. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LiveFeed } from "../../src/browser/live-feed.ts";
import { recordings } from "../../src/cli/recordings.ts";
import type { LiveSink, OpenLive } from "../../src/connectors/live/driver.ts";
import { recordedLine } from "../../src/connectors/live/envelope.ts";
import { simulatedPayments } from "../../src/connectors/simulated/payments.ts";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { Run, type Tap } from "../../src/engine/run.ts";
import { identity } from "../../src/pipeline/identity.ts";
import { topological } from "../../src/pipeline/node.ts";
import { source } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import type { LiveRequest } from "../../src/protocol/live.ts";
import { readNotebook } from "../../src/notebook/read.ts";
import { openStream, runOf } from "../../src/session/headless.ts";
import { linesDescriptor, liveReplay } from "../../src/session/live-recording.ts";
import { LiveSources } from "../../src/session/live-sources.ts";
import { Session } from "../../src/session/session.ts";
import { code, Harness } from "./harness.ts";

const BEGAN = Date.UTC(2026, 2, 28, 12);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-live-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A driver that hands over what the test gives it. */
class Hand {
  sink: LiveSink | null = null;
  #offset = 0;
  readonly open: OpenLive = (_input, sink) => {
    this.sink = sink;
    sink.state({ status: "connected" });
    return { close() {}, retry() {}, resume() {} };
  };
  give(...texts: string[]): void {
    this.sink?.take(texts.map(text => ({ text, offset: ++this.#offset })));
  }
}

/** What stands before and after the source in the notebooks of these tests. */
const settings = `eventTime: "paid_at", partition: "branch", watermark: bounded("2 s", {idle: "5 s"})`;
const pipelines: Readonly<Record<string, string>> = {
  windows: `.groupby("branch").window(fixed("10 s")).allowedLateness("20 s").accumulation("retracting")
    .trigger(afterWatermark({early: afterProcessingTime("3 s"), late: afterCount(1)}))
    .rollup({total: d => op.sum(d.amount), n: op.count()})`,
  sessions: `.groupby("branch").window(sessions("4 s")).rollup({n: op.count(), least: d => op.min(d.amount)})`,
  "aligned timers": `.window(fixed("1 min")).trigger(repeatedly(afterProcessingTime("2 s", {aligned: true})))
    .accumulation("accumulating").rollup({n: op.count()})`,
  balances: `.groupby("branch").integrate(d => d.amount)`,
};

function notebook(source: string, rest: string): string {
  const cell = `const payments = ${source};\nconst result = payments${rest};`;
  return `<!doctype html>\n<notebook>\n  <title>t</title>\n  <script id="1" type="text/x-typescript">\n${cell.replaceAll(/^/gm, "    ")}\n  </script>\n</notebook>\n`;
}

const options = {
  file: "t.html",
  now: () => 0,
  defer: (work: () => void) => void setImmediate(work),
};

/** A stream of a notebook, and what is asked of a host for it. */
async function streamOf(text: string) {
  const session = new Session({ post: () => {}, engine: () => {}, now: () => 0, defer: options.defer });
  const { cells } = readNotebook(text, { file: "t.html" });
  session.receive({ type: "cells", cells: cells.map(({ id, type, source }) => ({ id, type, source })), run: "all" });
  await session.settled();
  const stream = (await session.value("result")) as Stream;
  session.dispose();
  const requests: LiveRequest[] = [];
  const live = new LiveSources(
    asked => void requests.push(asked),
    () => {},
  );
  const [source] = topological([stream.node]).filter(n => n.verb === "source");
  live.want(source, "payments");
  return { live, stream, source, request: requests[0] };
}

function hashing(node: Parameters<typeof identity>[0]): { tap: Tap; hash: OutputHash } {
  const hash = new OutputHash();
  return { hash, tap: { node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} } };
}

const moments = fc.array(
  fc.record({
    wait: fc.constantFrom(0, 1, 40, 700, 2_500, 7_000),
    rows: fc.integer({ min: 0, max: 6 }),
    look: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);

describe.each(Object.entries(pipelines))("%s", (name, rest) => {
  test("a live run equals the replay of its recording, by hash, in both forms", async () => {
    await fc.assert(
      fc.asyncProperty(moments, fc.integer(), fc.boolean(), async (list, seed, malformed) => {
        const { live, stream, source, request } = await streamOf(
          notebook(`source({simulate: "payments", ${settings}})`, rest),
        );
        let now = BEGAN;
        const hand = new Hand();
        const own = join(folder, `${name.replaceAll(" ", "-")}-${Math.abs(seed)}-${Math.random()}`);
        const place = { now: () => now, path: async (file: string) => file };
        const feed = new LiveFeed(request, { place, folder: own, writer: recordings, open: hand.open });
        const next = simulatedPayments(seed);
        const { tap, hash } = hashing(stream.node);
        const runs: Run[] = [];
        const look = (): void => {
          if (live.take(feed.next()) === "columns") {
            runs.push(new Run([stream.node], { logs: node => live.log(node) }));
            runs[0].tap(tap);
          } else if (runs.length > 0) runs[0].extend(identity(source), live.log(source));
          runs[0]?.finish();
          runs[0]?.tick(Infinity);
        };
        for (const moment of list) {
          now += moment.wait;
          hand.give(...Array.from({ length: moment.rows }, () => JSON.stringify(next(now))));
          if (malformed && moment.rows === 3) hand.give("no json", '{"paid_at": "never"}');
          if (moment.look) look();
        }
        now += 600;
        await feed.stop();
        look();
        if (runs.length === 0) return;
        expect(runs[0].progress.finished).toBe(true);
        const { replay, rows } = feed.state().recording;
        if (replay === null) throw new Error(`no recording: ${feed.state().recording.problem}`);
        expect(rows).toBe(feed.state().rows);
        expect(replay.file).toMatch(malformed && list.some(m => m.rows === 3) ? /\.jsonl$/ : /\.parquet$/);
        // The lines replay the same as what was made of them.
        for (const file of new Set([replay.file, replay.file.replace(/parquet$/, "jsonl")])) {
          const format = file.split(".").pop();
          const given = JSON.stringify({ ...replay.options, format }).slice(1, -1);
          const from = `source(${JSON.stringify(file)}, {watermark: bounded("2 s", {idle: "5 s"}), ${given}}).select(${replay.columns.map(c => JSON.stringify(c)).join(", ")})`;
          const read = (each: string): Promise<Uint8Array> => readFile(join(own, each));
          const recorded = await openStream(notebook(from, rest), "result", { ...options, read });
          const again = new OutputHash();
          const { run: second } = runOf(recorded, { onChanges: (flow, step) => again.apply(flow, step) });
          second.finish();
          expect(again.rows).toBe(hash.rows);
          expect(again.digest()).toBe(hash.digest());
        }
        await rm(own, { recursive: true, force: true });
      }),
      { numRuns: 12 },
    );
  });
});

test.each(["s", "ms"] as const)("event times in %s are read by the replay as they were live", async unit => {
  const rest = `.window(fixed("2 s")).rollup({n: op.count()})`;
  const { live, stream, source, request } = await streamOf(
    notebook(`source("app.jsonl", {follow: true, eventTime: {column: "t", unit: "${unit}"}})`, rest),
  );
  let now = BEGAN;
  const hand = new Hand();
  const own = join(folder, `unit-${unit}`);
  const place = { now: () => now, path: async (file: string) => file };
  const feed = new LiveFeed(request, { place, folder: own, writer: recordings, open: hand.open });
  const scale = unit === "s" ? 1e-3 : 1;
  for (let i = 0; i < 20; i++, now += 300)
    hand.give(`{"t": ${(now - (i % 3) * 500) * scale}, "note": ${i % 4 === 0 ? null : `"${i}"`}}`);
  await feed.stop();
  expect(live.take(feed.next())).toBe("columns");
  const { tap, hash } = hashing(stream.node);
  const run = new Run([stream.node], { logs: node => live.log(node) });
  run.tap(tap);
  run.finish();
  expect(live.log(source).time[0]).toBe(BEGAN);
  const { replay } = feed.state().recording;
  // The lines alone hold times as they were written; their descriptor says how to read them.
  const facts = { request, types: feed.next().types ?? {}, stem: "x", rows: 20, bytes: 1, first: null, last: null };
  const lines = liveReplay(linesDescriptor({ ...facts, ended: live.log(source).ended ?? null }, 0));
  expect(lines.options["eventTime"]).toEqual({ column: "t", unit });
  for (const [file, { options: given, columns }] of [
    [replay?.file ?? "", replay ?? lines],
    [feed.state().recording.file ?? "", lines],
  ] as const) {
    const from = `source("${file}", ${JSON.stringify(given)}).select(${columns.map(c => JSON.stringify(c)).join(", ")})`;
    const read = (each: string): Promise<Uint8Array> => readFile(join(own, each));
    const recorded = await openStream(notebook(from, rest), "result", { ...options, read });
    const again = new OutputHash();
    runOf(recorded, { onChanges: (flow, step) => again.apply(flow, step) }).run.finish();
    expect(again.digest()).toBe(hash.digest());
  }
});

/** A session with a live source that the test feeds. */
class LiveHarness extends Harness {
  readonly hand = new Hand();
  feed: LiveFeed | null = null;

  protected override connect(request: LiveRequest): void {
    this.feed = new LiveFeed(request, {
      place: { now: () => BEGAN + Math.floor(this.clock), path: async name => name },
      folder: join(folder, `harness-${Math.random()}`),
      writer: recordings,
      open: this.hand.open,
    });
  }

  /** Lets time pass, with a heartbeat every hundred milliseconds. */
  async beat(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      await this.pass(100);
      if (this.feed !== null) this.session.receive({ type: "live", updates: [this.feed.next()] });
    }
    await this.pass(60);
  }

  row(v: number, behind = 0): void {
    this.hand.give(JSON.stringify({ t: BEGAN + Math.floor(this.clock) - behind, v }));
  }

  total(view: string): number {
    const { page } = this.table(view);
    const values = (page.columns.find(c => c.name === "n")?.values ?? []) as number[];
    return values.reduce((sum, n) => sum + n, 0);
  }
}

const cells = [
  code(1, `const events = source({simulate: "payments", eventTime: "t", watermark: bounded("1 s", {idle: "3 s"})})`),
  code(2, `const counts = events.window(fixed("2 s")).rollup({n: op.count()})`),
];

describe("the transport", () => {
  test("follows, stands still, catches up, goes back, and ends", async () => {
    const h = new LiveHarness();
    h.show(cells);
    h.watch("1.events", "2.counts");
    await h.beat(300);
    // Nothing has come: no error, nothing to show, and somebody is asked to connect.
    expect([h.cells.get(1)?.error, h.cells.get(2)?.error]).toEqual([null, null]);
    expect(h.cells.get(1)?.live).toEqual([h.feed?.request.key]);
    expect(h.cells.get(2)?.live).toEqual([]);
    expect(h.feed?.request.name).toBe("events");
    h.row(1);
    await h.beat(800);
    expect(h.table("1.events").total).toBe(1);
    expect(h.transport?.live).toMatchObject({ following: true, full: [] });
    expect(h.transport).toMatchObject({ playing: true, finished: false });
    expect(h.transport?.live?.behind).toBeLessThan(300);
    h.row(2);
    await h.beat(200);
    expect(h.table("1.events").total).toBe(2);

    h.session.receive({ type: "transport", action: { kind: "pause" } });
    await h.beat(100);
    const stood = h.transport?.now;
    for (let i = 0; i < 5; i++) h.row(3);
    await h.beat(2_000);
    expect(h.table("1.events").total).toBe(2);
    expect(h.transport).toMatchObject({ now: stood, playing: false, totalRows: 7 });
    expect(h.transport?.live).toMatchObject({ following: false });
    expect(h.transport?.live?.behind).toBeGreaterThan(1_800);
    expect(h.feed?.state().recording.rows).toBe(7);

    h.session.receive({ type: "transport", action: { kind: "live" } });
    await h.beat(300);
    expect(h.table("1.events").total).toBe(7);
    expect(h.transport?.live).toMatchObject({ following: true });
    expect(h.transport?.live?.behind).toBeLessThan(300);

    // Silence alone closes windows: the idle timeout passes by the heartbeat.
    h.row(4);
    await h.beat(2_500);
    const before = h.total("2.counts");
    h.session.receive({ type: "transport", action: { kind: "seek", to: (stood as number) + 1 } });
    await h.beat(100);
    expect(h.table("1.events").total).toBe(2);
    expect(h.transport?.live?.following).toBe(false);

    await h.feed?.stop();
    h.session.receive({ type: "transport", action: { kind: "live" } });
    await h.beat(300);
    expect(h.transport).toMatchObject({ finished: true, playing: false });
    expect(h.transport?.live ?? null).toBeNull();
    expect(h.total("2.counts")).toBe(8);
    expect(before).toBeLessThan(8);
  });

  test("an edit keeps the connection and what came through it; another way to read is another one", async () => {
    const h = new LiveHarness();
    h.show(cells);
    h.watch("1.events", "2.counts");
    await h.beat(200);
    h.row(1);
    await h.beat(800);
    const first = h.feed;
    h.show([
      cells[0],
      code(2, `const counts = events.window(fixed("1 s")).rollup({n: op.count(), v: d => op.sum(d.v)})`),
    ]);
    await h.beat(300);
    expect(h.feed).toBe(first);
    h.show([code(1, cells[0].source.replace('"1 s"', '"500 ms"')), cells[1]]);
    await h.beat(300);
    expect(h.feed).toBe(first);
    expect(h.table("1.events").total).toBe(1);
    expect(h.transport?.live?.following).toBe(true);
    h.show([code(1, cells[0].source.replace('"payments",', '"payments", seed: 2,')), cells[1]]);
    await h.beat(300);
    expect(h.feed).not.toBe(first);
    // The one that nobody reads is closed, but not at once: an edit may bring it back.
    expect(h.messages.some(m => m.type === "live-close")).toBe(false);
    await h.beat(10_500);
    expect(h.messages.filter(m => m.type === "live-close")).toEqual([{ type: "live-close", key: first?.request.key }]);
  });

  test("a breakpoint stops a live run, also at what a timer puts out while nothing comes", async () => {
    for (const [trigger, stream] of [
      ["", "counts"],
      [".trigger(repeatedly(afterProcessingTime(700)))", "counts"],
    ]) {
      const h = new LiveHarness();
      h.show([cells[0], code(2, `const counts = events.window(fixed("2 s"))${trigger}.rollup({n: op.count()})`)]);
      h.watch("1.events", "2.counts");
      await h.beat(200);
      h.row(1);
      await h.beat(700);
      h.session.receive({ type: "transport", action: { kind: "breakpoint", stream, predicate: "d => d.n > 1" } });
      await h.beat(100);
      h.row(2);
      h.row(3);
      if (trigger === "") for (let i = 0; i < 40; i++) await h.beat(100).then(() => h.row(4));
      else await h.beat(4_000);
      expect(h.transport?.paused).toMatchObject({ stream: "counts" });
      expect(h.transport?.playing).toBe(false);
      expect(h.transport?.live?.following).toBe(false);
    }
  });

  test("what is over can be connected to again, from the beginning", async () => {
    const h = new LiveHarness();
    h.show(cells);
    h.watch("1.events", "2.counts");
    await h.beat(200);
    h.row(1);
    h.row(2);
    await h.beat(800);
    const first = h.feed;
    await first?.stop();
    await h.beat(200);
    expect(h.transport).toMatchObject({ finished: true, rows: 2 });
    h.session.receive({ type: "live-again", key: first?.request.key ?? "" });
    // The transport can be used meanwhile, though there is no log.
    for (const kind of ["restart", "play", "end", "live"] as const)
      h.session.receive({ type: "transport", action: { kind } });
    await h.beat(300);
    h.session.receive({ type: "transport", action: { kind: "restart" } });
    h.session.receive({ type: "transport", action: { kind: "live" } });
    expect(h.feed).not.toBe(first);
    expect(h.messages.filter(m => m.type === "live-close" || m.type === "live-open").map(m => m.type)).toEqual([
      "live-open",
      "live-close",
      "live-open",
    ]);
    h.row(3);
    await h.beat(900);
    expect(h.table("1.events").total).toBe(1);
    expect(h.transport).toMatchObject({ finished: false, rows: 1 });
    expect(h.transport?.live?.following).toBe(true);
  });

  test("a source holds so many rows and no more; time stands still for it there, and says so", () => {
    const requests: LiveRequest[] = [];
    const live = new LiveSources(
      request => void requests.push(request),
      () => {},
      3,
    );
    const { node } = source({ simulate: "payments" }, { eventTime: "t" });
    live.want(node as SourceNode, "a");
    const [{ key }] = requests;
    const line = (v: number): string =>
      `${recordedLine(`{"t":${BEGAN},"v":${v}}`, { arrival: BEGAN + v, offset: v, partition: null })}\n`;
    const types = { t: "timestamp", v: "number" };
    const give = (lines: string, known: number, ended: number | null = null) =>
      live.take({ key, types, lines, known: BEGAN + known, ended });
    expect(give(line(1) + line(2), 5)).toBe("columns");
    expect(live.full).toEqual([]);
    give(line(10) + line(11), 15);
    expect([live.full, live.log(node as SourceNode).arrival.length]).toEqual([[key], 4]);
    give(line(20), 25);
    const log = live.log(node as SourceNode);
    expect([log.arrival.length, log.known]).toEqual([4, BEGAN + 15]);
    give("", 30, BEGAN + 30);
    expect(live.log(node as SourceNode)).toMatchObject({ ended: BEGAN + 15 });
    expect(live.open).toBe(false);
  });

  test("what cannot work is said in the cell", async () => {
    const h = new LiveHarness();
    h.show([
      code(1, `const a = source({simulate: "payments", eventTime: "t", watermark: perfect()})`),
      code(2, `const b = source({simulate: "weather", eventTime: "t"})`),
      code(3, `const c = source("x.jsonl", {follow: true, eventTime: "t", arrivalTime: "at"})`),
    ]);
    await h.beat(300);
    expect(h.cells.get(1)?.error?.message).toMatch(/perfect\(\) looks back from a log's end/);
    expect(h.cells.get(2)?.error?.message).toMatch(/There is: payments/);
    expect(h.cells.get(3)?.error?.message).toMatch(/Leave arrivalTime out/);
  });
});
