/** Live sources on a host, against real servers and files: what comes, what is written down, and what is said when it breaks. */
import { appendFile, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AddressStore } from "../../src/browser/address-store.ts";
import { LiveFeed } from "../../src/browser/live-feed.ts";
import { LiveHost } from "../../src/browser/live-host.ts";
import { NotebookFiles } from "../../src/browser/notebook-files.ts";
import { TrustStore } from "../../src/browser/trust-store.ts";
import { recordings } from "../../src/cli/recordings.ts";
import { source } from "../../src/pipeline/sources.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import type { LiveRequest, LiveState } from "../../src/protocol/live.ts";
import { liveKey } from "../../src/session/live-sources.ts";
import { LiveServer } from "./live-server.ts";

let folder = "";
let server: LiveServer;
let port = 0;
let files: NotebookFiles;
let host: LiveHost;
let handle = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-live-host-"));
  server = new LiveServer();
  port = await server.start();
  files = new NotebookFiles(new TrustStore(join(folder, "home"), []), folder);
  await writeFile(join(folder, "n.html"), "<!doctype html>\n<notebook>\n</notebook>\n");
  await files.startWith(join(folder, "n.html"));
  handle = (await files.initial())?.handle ?? "";
  host = new LiveHost(files, new AddressStore(join(folder, "home")), recordings);
});
afterEach(async () => {
  await host.close();
  await server.close();
  await rm(folder, { recursive: true });
});

function requestOf(from: Parameters<typeof source>[0], more: object = {}): LiveRequest {
  const node = source(from, { eventTime: "t", ...more }).node as SourceNode;
  const { input, eventTime, partition, types } = node;
  return { key: liveKey(node), name: "events", input, eventTime, partition, types } as LiveRequest;
}

/** Reads as a page does, until `enough` is true of all lines and the last state. */
class Page {
  lines: string[] = [];
  state: LiveState | null = null;
  types: Readonly<Record<string, string>> | null = null;
  known = -Infinity;
  ended: number | null = null;

  async until(enough: (page: Page) => boolean, patience = 8_000): Promise<void> {
    const began = Date.now();
    while (!enough(this)) {
      if (Date.now() - began > patience)
        throw new Error(`never: ${JSON.stringify([this.state, this.lines.slice(-3)])}`);
      for (const update of await host.next(handle, "s")) {
        this.lines.push(...update.lines.split("\n").slice(0, -1));
        expect(update.known).toBeGreaterThanOrEqual(this.known);
        this.known = update.known;
        this.types = update.types;
        this.ended = update.ended;
        this.state = update.state;
      }
    }
  }

  get values(): unknown[] {
    return this.lines.map(line => (JSON.parse(line) as { v?: unknown }).v);
  }
}

async function connect(request: LiveRequest): Promise<Page> {
  const answer = await host.open(handle, "s", request);
  if (answer.status === "ask") {
    await host.allow(handle, answer.address);
    expect(await host.open(handle, "s", request)).toEqual({ status: "open" });
  }
  return new Page();
}

const row = (v: number): string => JSON.stringify({ t: 1_700_000_000_000 + v, v });

describe("permission", () => {
  test("each address is asked about once for each notebook, and remembered", async () => {
    const request = requestOf({ url: `http://127.0.0.1:${port}/lines` });
    expect(await host.open(handle, "s", request)).toEqual({
      status: "ask",
      address: `http://127.0.0.1:${port}/lines`,
      host: `127.0.0.1:${port}`,
    });
    expect(server.asked).toEqual([]);
    await host.allow(handle, `http://127.0.0.1:${port}/lines`);
    expect(await host.open(handle, "s", request)).toEqual({ status: "open" });
    // Another start of the program remembers; another address, and another notebook, are asked about.
    const again = new LiveHost(files, new AddressStore(join(folder, "home")), recordings);
    expect(await again.open(handle, "s", request)).toEqual({ status: "open" });
    expect((await again.open(handle, "s", requestOf({ url: `http://127.0.0.1:${port}/lines?all` }))).status).toBe(
      "ask",
    );
    await writeFile(join(folder, "m.html"), "<!doctype html>\n<notebook>\n</notebook>\n\n");
    const other = files.grant(join(folder, "m.html"));
    await files.open(other);
    await expect(again.open(other, "s", request)).rejects.toThrow("not trusted, so it may not connect");
    await files.trust(other, await readFile(join(folder, "m.html"), "utf8"));
    expect((await again.open(other, "s", request)).status).toBe("ask");
    await again.close();
  });

  test("files are those of the notebook, by name", async () => {
    await expect(files.livePath(handle, "app.jsonl")).resolves.toBe(join(folder, "app.jsonl"));
    for (const name of ["../secret.jsonl", "/etc/passwd", "a/b.jsonl", "notes.html", "x\\y.jsonl"])
      await expect(files.livePath(handle, name)).rejects.toThrow("can't be followed");
  });
});

test("JSON lines: rows, heartbeat, the server's end; lines and Parquet are complete", async () => {
  const page = await connect(requestOf({ url: `http://127.0.0.1:${port}/lines` }));
  await page.until(p => p.state?.status === "connected");
  expect(page.types).toBeNull();
  // Lines are cut anywhere.
  server.send(`${row(1)}\n${row(2).slice(0, 9)}`);
  server.send(`${row(2).slice(9)}\n`);
  await page.until(p => p.lines.length === 2);
  expect(page.types).toEqual({ t: "timestamp", v: "number" });
  expect(page.values).toEqual([1, 2]);
  const { known } = page;
  await page.until(p => p.known > known + 300);
  expect(page.lines).toHaveLength(2);
  server.send(row(3));
  server.end();
  await page.until(p => p.state?.status === "ended" && p.state.recording.replay !== null);
  expect(page.values).toEqual([1, 2, 3]);
  expect(page.state).toMatchObject({ reason: "the server sent its last line", rows: 3, shed: 0 });
  expect(page.ended).toBeGreaterThanOrEqual(page.state?.lastArrival ?? 0);
  const { recording } = page.state as LiveState;
  expect(recording).toMatchObject({ on: false, rows: 3, problem: null });
  const written = await readFile(join(recording.folder, recording.file as string), "utf8");
  expect(written.split("\n").slice(0, -1)).toEqual(page.lines);
  const names = (await readdir(recording.folder)).map(name => name.replace(/^events-[\d-]+/, "*")).sort();
  expect(names).toEqual(["*.datapackage.json", "*.jsonl", "*.parquet"]);
  expect((await files.open(handle)).files.map(f => f.name)).toContain(recording.replay?.file);
});

describe("server-sent events", () => {
  test("go on after the last event's id when the connection breaks", async () => {
    const page = await connect(requestOf({ url: `http://127.0.0.1:${port}/events`, format: "sse" }));
    await page.until(p => p.state?.status === "connected");
    server.send(`id: 7\ndata: {"t": 1700000000001,\ndata: "v": 1}\n\n`);
    await page.until(p => p.lines.length === 1);
    expect(page.values).toEqual([1]);
    server.down = true;
    server.cut();
    await page.until(p => p.state?.status === "retrying" && p.state.reason.includes("503"));
    expect(page.state?.retryAt).toBeGreaterThan(Date.now() - 1_000);
    server.down = false;
    await host.act(handle, "s", page.state?.key as string, "retry");
    await page.until(p => p.state?.status === "connected");
    expect(server.asked.at(-1)).toEqual({ path: "/events", lastEventId: "7" });
    server.event(8, { t: 1_700_000_000_002, v: 2 });
    await page.until(p => p.lines.length === 2);
    await host.act(handle, "s", page.state?.key as string, "stop");
    await page.until(p => p.ended !== null);
    expect(page.state?.status).toBe("stopped");
    await expect.poll(() => server.listeners).toBe(0);
  });

  test.each([
    ["/elsewhere", { format: "sse" }, "failed", /leads on to http:\/\/other\.example\/secret/],
    ["/nothing", {}, "failed", /404/],
    ["/lines", { format: "sse" }, "failed", /application\/x-ndjson, not text\/event-stream/],
    ["/over", { format: "sse" }, "ended", /nothing follows/],
  ])("%s: %j", async (path, more, status, reason) => {
    const page = await connect(requestOf({ url: `http://127.0.0.1:${port}${path}`, ...more } as never));
    await page.until(p => p.state?.status === status);
    expect(page.state?.reason).toMatch(reason);
  });

  test("nobody there: says so, and tries later and later", async () => {
    const nobody = new LiveServer();
    const free = await nobody.start();
    await nobody.close();
    const page = await connect(requestOf({ url: `http://127.0.0.1:${free}/events`, format: "sse" }));
    await page.until(p => p.state?.status === "retrying");
    expect(page.state?.reason).toBe("nobody answers at this address");
    const back = new LiveServer();
    await back.start(free);
    await page.until(p => p.state?.status === "connected");
    await back.close();
  });
});

test("a WebSocket: messages, what is sent first, lists, a break and a proper end", async () => {
  const page = await connect(requestOf({ url: `ws://127.0.0.1:${port}/feed` }, { send: { subscribe: "payments" } }));
  await page.until(p => p.state?.status === "connected");
  await expect.poll(() => server.sent).toEqual(['{"subscribe":"payments"}']);
  server.message(row(1));
  server.message(`[${row(2)}, ${row(3)}]`);
  await page.until(p => p.lines.length === 3);
  expect(page.values).toEqual([1, 2, 3]);
  server.cut();
  await page.until(p => p.state?.status === "retrying");
  await page.until(p => p.state?.status === "connected");
  server.message(row(4));
  await page.until(p => p.lines.length === 4);
  server.end();
  await page.until(p => p.state?.status === "ended");
  expect(page.state?.reason).toMatch(/the server closed the socket/);
});

describe("a file that grows", () => {
  test("is waited for, followed through partial lines, rotation and truncation", async () => {
    const path = join(folder, "app.jsonl");
    const page = await connect(requestOf("app.jsonl", { follow: true }));
    await page.until(p => p.state?.status === "waiting");
    expect(page.state?.reason).toBe("app.jsonl is not there yet");
    await writeFile(path, `${row(1)}\n${row(2)}\n{"t":17000`);
    await page.until(p => p.lines.length === 2);
    await appendFile(path, `00000003,"v":3}\n`);
    await page.until(p => p.lines.length === 3);
    expect(page.values).toEqual([1, 2, 3]);
    expect(JSON.parse(page.lines[2])).toMatchObject({ _offset: row(1).length + row(2).length + 2 });

    // The last line of the old file has no end; it is whole once another file stands in its place.
    await appendFile(path, row(4));
    await rename(path, join(folder, "app.1.jsonl"));
    await writeFile(path, `${row(5)}\n`);
    await page.until(p => p.lines.length === 5);
    expect(page.values).toEqual([1, 2, 3, 4, 5]);
    expect(page.state?.notes).toEqual(["app.jsonl was replaced by another file, which is read from its beginning"]);

    await truncate(path, 0);
    await page.until(p => p.state?.notes.length === 2);
    await appendFile(path, `${row(6)}\n`);
    await page.until(p => p.lines.length === 6);
    expect(page.state?.notes.at(-1)).toBe("app.jsonl was cut off and is read from its beginning");
    expect(page.values.at(-1)).toBe(6);
  });

  test("from its end, with a header: CSV", async () => {
    await writeFile(join(folder, "app.csv"), `t,v,name\n1700000000001,1,a\n1700000000002,2`);
    const page = await connect(requestOf("app.csv", { follow: true, from: "end" }));
    await page.until(p => p.state?.status === "connected");
    await appendFile(join(folder, "app.csv"), `,007\n1700000000003,2.50,"x, y"\n`);
    await page.until(p => p.lines.length === 2);
    expect(page.types).toEqual({ t: "timestamp", v: "number", name: "string" });
    expect(page.lines.map(line => JSON.parse(line) as unknown)).toMatchObject([
      { t: 1_700_000_000_002, v: 2, name: "007" },
      { t: 1_700_000_000_003, v: 2.5, name: "x, y" },
    ]);
  });
});

describe("when nobody reads", () => {
  const place = { now: () => Date.now(), path: async (name: string) => name };
  const big = "x".repeat(60_000);

  test("an HTTP source is made to wait, and nothing is lost", async () => {
    const feed = new LiveFeed(requestOf({ url: `http://127.0.0.1:${port}/lines` }), {
      place,
      folder: join(folder, "r"),
      writer: recordings,
      record: false,
    });
    await expect.poll(() => server.listeners).toBe(1);
    const sent = 1_200;
    // Far more than queue and network hold: at some point the server has to wait.
    for (let i = 1; i <= sent; i++) server.send(`${JSON.stringify({ t: 1_700_000_000_000, v: i, big })}\n`);
    await expect.poll(() => feed.state().waiting, { timeout: 10_000 }).toBeGreaterThan(16 * 2 ** 20);
    await new Promise(done => setTimeout(done, 300));
    const { waiting, rows } = feed.state();
    expect(rows).toBeLessThan(sent);
    expect(waiting).toBeLessThan(20 * 2 ** 20);
    const values: number[] = [];
    await expect
      .poll(
        () => {
          for (const line of feed.next().lines.split("\n").slice(0, -1))
            values.push((JSON.parse(line) as { v: number }).v);
          return values.length;
        },
        { timeout: 20_000 },
      )
      .toBe(sent);
    expect(values).toEqual(Array.from({ length: sent }, (_, i) => i + 1));
    expect(feed.state().shed).toBe(0);
    await feed.stop();
  });

  test("what a WebSocket sends too fast is shed, counted, and not written down", async () => {
    const feed = new LiveFeed(requestOf({ url: `ws://127.0.0.1:${port}/feed` }), {
      place,
      folder: join(folder, "r"),
      writer: recordings,
    });
    await expect.poll(() => server.listeners).toBe(1);
    for (let i = 0; i < 500; i++) server.message(JSON.stringify({ t: 1_700_000_000_000, v: i, big }));
    await expect.poll(() => feed.state().shed + feed.state().rows).toBe(500);
    const { shed, rows, recording } = feed.state();
    expect(shed).toBeGreaterThan(100);
    expect(rows).toBeGreaterThan(200);
    expect(recording.rows).toBe(rows);
    await feed.stop();
  });
});

test("recording can be turned off and on: what was written until then is complete", async () => {
  const page = await connect(requestOf({ url: `http://127.0.0.1:${port}/lines` }));
  await page.until(p => p.state?.status === "connected");
  server.send(`${row(1)}\n`);
  await page.until(p => p.lines.length === 1);
  const key = page.state?.key as string;
  const first = page.state?.recording.file;
  await host.act(handle, "s", key, "pause-recording");
  server.send(`${row(2)}\n`);
  await page.until(p => p.lines.length === 2);
  expect(page.state?.recording.on).toBe(false);
  await host.act(handle, "s", key, "record");
  server.send(`${row(3)}\n`);
  await page.until(p => p.lines.length === 3);
  expect(page.state?.recording).toMatchObject({ on: true, rows: 1 });
  expect(page.state?.recording.file).not.toBe(first);
  await host.close();
  const recorded = await files.recordingsOf(handle);
  const all = await readdir(recorded);
  expect(await readFile(join(recorded, "..", ".gitignore"), "utf8")).toBe("*\n");
  expect(all.filter(name => name.endsWith(".parquet"))).toHaveLength(2);
  const texts = await Promise.all(
    all
      .filter(n => n.endsWith(".jsonl"))
      .sort()
      .map(n => readFile(join(recorded, n), "utf8")),
  );
  expect(
    texts.map(text =>
      text
        .trim()
        .split("\n")
        .map(line => (JSON.parse(line) as { v: number }).v),
    ),
  ).toEqual([[1], [3]]);
});

test("settings that cannot work stop the source, with the reason", async () => {
  await writeFile(join(folder, "app.jsonl"), `{"when":1}\n`);
  const page = await connect(requestOf("app.jsonl", { follow: true }));
  await page.until(p => p.state?.status === "failed");
  expect(page.state?.reason).toBe('app.jsonl: no row has the field "t", which eventTime names. They have: when.');
});

test("another kernel of the notebook ends what the one before read", async () => {
  const page = await connect(requestOf({ url: `http://127.0.0.1:${port}/lines` }));
  await page.until(p => p.state?.status === "connected");
  await host.open(handle, "s2", requestOf({ simulate: "payments" }));
  await expect.poll(() => server.listeners).toBe(0);
  expect(await host.next(handle, "s")).toEqual([]);
});
