/** Shards in real threads: the same output, errors that reach whoever runs, and runs that are ended. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommand, threadsFor } from "../../src/cli/run.ts";
import { AHEAD } from "../../src/cli/shard-messages.ts";
import { ShardThreads } from "../../src/cli/shard-threads.ts";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { Run } from "../../src/engine/run.ts";
import { divide } from "../../src/engine/shards/divide.ts";
import { ShardedRun } from "../../src/engine/shards/sharded-run.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import type { Node } from "../../src/pipeline/node.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { logOf, logSource } from "../engine/logs.ts";

const NOTEBOOK = resolve(import.meta.dirname, "../../notebooks/bank-day-totals.html");
const TWO = ["--workers", "2", "--divide", "always"];
const folder = mkdtempSync(join(tmpdir(), "tidemark-"));
const threads = new ShardThreads();
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await threads.close();
});

let out = "";
let err = "";
beforeEach(() => {
  out = "";
  err = "";
  vi.spyOn(process.stdout, "write").mockImplementation(text => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation(text => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

test("tidemark run prints the same with one worker and with two, and says on how many", async () => {
  expect(await runCommand([NOTEBOOK, "--hash", "--workers", "1"])).toBe(0);
  const [printed, said] = [out, err];
  out = err = "";
  expect(await runCommand([NOTEBOOK, "--hash", ...TWO])).toBe(0);
  expect(out).toBe(printed);
  expect(err).toMatch(/rows in .* on 2 workers, /);
  expect(err.match(/output hash \w+/)?.[0]).toBe(said.match(/output hash \w+/)?.[0]);
}, 30_000);

test("says why one worker has to do", async () => {
  const cell = ["--cell", "hourly", "--workers", "2"];
  const balances = resolve(NOTEBOOK, "../balance-and-flow.html");
  expect(await runCommand([balances, ...cell])).toBe(0);
  expect(err).toContain('hourly is worked on one thread. "rollup net per fixed window" has no key.');
  err = "";
  expect(await runCommand([NOTEBOOK, "--workers", "2"])).toBe(0);
  expect(err).toMatch(
    /is worked on one thread\. It has too few rows, or too little to do for each, for threads to pay: .* Say --divide always to divide it all the same\.\n/,
  );
  err = "";
  expect(await runCommand([NOTEBOOK, "--divide", "often", "--workers", "2"])).toBe(2);
  expect(err).toContain('--divide takes pays or always, not "often"');
  err = "";
  expect(await runCommand([NOTEBOOK, "--divide", "always"])).toBe(2);
  expect(err).toContain("--divide is about --workers, which is missing");
  err = "";
  expect(await runCommand([NOTEBOOK, "--workers", "0"])).toBe(2);
  expect(err).toContain('--workers takes a whole number from 1 to 64, not "0"');
});

test("there are no more threads than cores, unless that is asked for", () => {
  expect(threadsFor({ count: 8, always: false }, 2)).toBe(2);
  expect(threadsFor({ count: 2, always: false }, 16)).toBe(2);
  expect(threadsFor({ count: 8, always: true }, 2)).toBe(8);
});

test("an error in a shard ends the run with its message", async () => {
  const notebook = join(folder, "made.html");
  writeFileSync(
    notebook,
    `<!doctype html>
<notebook>
  <title>Made</title>
  <script id="1" type="text/x-typescript">
    const events = rows(Array.from({length: 40}, (_, i) => ({at: 1_000 * i, key: "k" + i % 7})), {eventTime: {column: "at", unit: "ms"}});
    const made = events.flatMap(d => d.key === "k3" ? [{other: 1}] : [{key: d.key}], {columns: {key: "string"}});
    const kept = events.groupby("key").stateful({
      initial: {n: 0},
      onRow: (state, row, ctx) => { ctx.emit(row.at > 30_000 ? {other: 1} : {n: 1}); return state; },
      columns: {n: "number"},
    });
  </script>
</notebook>
`,
  );
  expect(await runCommand([notebook, "--workers", "1"])).toBe(1);
  const said = err;
  expect(said).toContain('"other"');
  err = "";
  expect(await runCommand([notebook, ...TWO])).toBe(1);
  expect(err).toBe(said);
});

function totals(rows: number): { logs: () => ReturnType<typeof logOf>; stream: Stream } {
  const log = logOf(
    Array.from({ length: rows }, (_, i) => ({ t: i - ((i * 7919) % 50), at: i, key: `k${(i * i) % 97}`, v: i % 13 })),
  );
  const stream = logSource("log", bounded(30))
    .groupby("key")
    .window(fixed(100))
    .rollup({ n: "count()", v: "sum(d.v)" });
  return { logs: () => log, stream };
}

/** The hash of a run in shards, ended after so many parts where that is said. */
async function hashOf(nodes: readonly Node[], logs: () => ReturnType<typeof logOf>, parts = Infinity): Promise<string> {
  const options = { logs, shards: 2, stepLength: 256 };
  const division = divide(nodes, options);
  if ("reason" in division) throw new Error(division.reason);
  const sharded = new ShardedRun(nodes, division, { ...options, host: threads });
  const hash = new OutputHash();
  sharded.run.tap({ node: nodes[0], apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
  for (let part = 0; part < parts && (await sharded.advance()); part++);
  if (parts < Infinity) {
    sharded.close();
    await expect(sharded.advance()).rejects.toThrow("The run was ended.");
  }
  return hash.digest();
}

test("a run that is ended lets its threads go, and they serve the next", async () => {
  const { logs, stream } = totals(30_000);
  const single = new Run([stream.node], { logs, remember: false, stepLength: 256 });
  const expected = new OutputHash();
  single.tap({ node: stream.node, apply: (flow, step) => expected.apply(flow, step), reset: () => {} });
  single.finish();
  expect(await hashOf([stream.node], logs, 3)).not.toBe(expected.digest());
  expect(await hashOf([stream.node], logs)).toBe(expected.digest());
  // Two runs at once on the same threads wait for each other.
  const ended = hashOf([stream.node], logs, 1);
  expect(await Promise.all([ended, hashOf([stream.node], logs)])).toContain(expected.digest());
}, 30_000);

test("shards do not run ahead of whoever asks by more than a few parts", async () => {
  const { logs, stream } = totals(60_000);
  const options = { logs, shards: 2, stepLength: 64 };
  const division = divide([stream.node], options);
  if ("reason" in division) throw new Error(division.reason);
  let made = 0;
  const counting = {
    start: (task: Parameters<ShardThreads["start"]>[0]) => {
      const link = threads.start(task);
      return { next: () => link.next().finally(() => made++), close: () => link.close() };
    },
  };
  const sharded = new ShardedRun([stream.node], division, { ...options, host: counting });
  await sharded.advance();
  // Time enough to work all the rest, were it not that nobody asks.
  await new Promise(resolve => setTimeout(resolve, 300));
  expect(sharded.run.progress.rows).toBe(64);
  expect(threads.waiting).toBeLessThanOrEqual(AHEAD);
  expect(threads.waiting).toBeGreaterThan(0);
  await sharded.finish();
  // One of the shards is worked here.
  expect(made).toBeGreaterThan(60_000 / 64);
}, 30_000);
