/** Any seek, backwards or forwards, gives the tables of a fresh run to that moment; also after edits in mid-run. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { Checkpoints } from "../../src/engine/checkpoints.ts";
import { Run } from "../../src/engine/run.ts";
import { Table } from "../../src/engine/table.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import type { Node } from "../../src/pipeline/node.ts";
import { schemaOf, topological } from "../../src/pipeline/node.ts";
import { identity } from "../../src/pipeline/identity.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { type HeadlessStream, openStream } from "../../src/session/headless.ts";
import { logOf, logSource } from "./logs.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The streams of a notebook: those called `names`, or all. */
async function notebook(file: string, names: readonly string[] | null) {
  const text = await readFile(resolve(ROOT, "notebooks", file), "utf8");
  const wanted = names ?? [...text.matchAll(/^\s*const (\w+) = /gm)].map(m => m[1]);
  const opened: HeadlessStream[] = [];
  for (const name of wanted) {
    const stream = await openStream(text, name, {
      file,
      read: async data => readFile(resolve(ROOT, "samples", data)),
      now: () => 0,
      defer: work => void setImmediate(work),
    }).catch((error: unknown) => {
      if (/is no stream/.test(String(error))) return null;
      throw error;
    });
    if (stream !== null) opened.push(stream);
  }
  const logs = (node: SourceNode) => {
    const owner = opened.find(o => topological([o.stream.node]).some(n => identity(n) === identity(node)));
    if (owner === undefined) throw new Error("No stream reads this source.");
    return owner.sources.log(node);
  };
  return { nodes: opened.map(o => o.stream.node), logs };
}

type Logs = (node: SourceNode) => ReturnType<Awaited<ReturnType<typeof notebook>>["logs"]>;

function started(nodes: readonly Node[], logs: Logs, remember = true) {
  const run = new Run(nodes, { logs, remember });
  const tables = nodes.map(
    node =>
      new Table(
        node,
        schemaOf(node, source => logs(source).batch.schema),
      ),
  );
  for (const table of tables) run.tap(table);
  return { run, tables };
}

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a table holds, whatever the order of its slots. */
const rowsOf = (table: Table): string[] =>
  table
    .rows()
    .map(row => JSON.stringify(row))
    .sort();

function to(run: Run, clock: number, checkpoints: Checkpoints | null): void {
  checkpoints?.rewind(run, at => at.clock > clock);
  while (run.advance({ until: clock })) checkpoints?.take(run);
}

/** Says what a seek to each of `clocks` would show, by one run that only goes forwards. */
function expected(nodes: readonly Node[], logs: Logs, clocks: readonly number[]) {
  const fresh = started(nodes, logs, false);
  const shown = new Map<number, { tables: string[][]; rows: number; late: number }>();
  for (const clock of clocks.toSorted((a, b) => a - b)) {
    to(fresh.run, clock, null);
    const { rows, late } = fresh.run.progress;
    shown.set(clock, { tables: fresh.tables.map(rowsOf), rows, late });
  }
  return shown;
}

const CASES = [
  { file: "bank-day-totals.html", names: ["payments", "daily", "dropped"], every: 500 },
  { file: "streaming-101.html", names: null, every: 1 },
  { file: "dataflow-paper.html", names: null, every: 1 },
  { file: "orders-payments-fraud.html", names: null, every: 50 },
];

function spanOf(run: Run): { start: number; end: number } {
  let start = Infinity;
  let end = -Infinity;
  for (const node of run.graph.nodes) {
    const arrival = run.feed(node.id)?.log.arrival;
    if (arrival === undefined) continue;
    start = Math.min(start, arrival[0]);
    end = Math.max(end, arrival[arrival.length - 1]);
  }
  return { start, end };
}

describe.each(CASES)("$file", ({ file, names, every }) => {
  test("random seeks give what a fresh run to the same moment gives", async () => {
    const { nodes, logs } = await notebook(file, names);
    const random = seeded(11);
    const { run, tables } = started(nodes, logs);
    const { start, end } = spanOf(run);
    const clocks = Array.from({ length: every > 100 ? 10 : 25 }, () => Math.round(start + random() * (end - start)));
    const shown = expected(nodes, logs, clocks);
    const checkpoints = new Checkpoints({ rows: every, count: 12 });
    for (const clock of clocks) {
      to(run, clock, checkpoints);
      const { rows, late } = run.progress;
      expect({ tables: tables.map(rowsOf), rows, late }).toEqual(shown.get(clock));
    }
    expect(checkpoints.length).toBeGreaterThan(2);
    expect(checkpoints.length).toBeLessThanOrEqual(12);
  });
});

test("an edit after a seek, and a seek to before an edit, give what a fresh run gives", async () => {
  const { nodes, logs } = await notebook("bank-day-totals.html", ["payments", "daily"]);
  const [payments, daily] = nodes;
  const big = new Stream(payments).filter("d.amount > 500");
  const counted = big.groupby("branch").rollup({ n: "op.count()" });
  const { run, tables } = started(nodes, logs);
  const { start, end } = spanOf(run);
  const at = (share: number): number => Math.round(start + share * (end - start));
  const shown = expected([payments, daily, counted.node], logs, [0.2, 0.5, 0.6, 0.9].map(at));
  const checkpoints = new Checkpoints({ rows: 500 });
  to(run, at(0.9), checkpoints);
  to(run, at(0.5), checkpoints);
  const schema = schemaOf(counted.node, source => logs(source).batch.schema);
  const more = [...tables, new Table(counted.node, schema)];
  expect(run.replan([payments, daily, counted.node], more)).toBe("behind");
  const compare = (share: number): void => {
    to(run, at(share), checkpoints);
    const { rows, late } = run.progress;
    expect({ tables: more.map(rowsOf), rows, late }).toEqual(shown.get(at(share)));
  };
  for (const share of [0.5, 0.2, 0.9, 0.6]) compare(share);
  // A table that was not there when the checkpoints were taken catches up as well.
  more[1] = new Table(daily, tables[1].schema);
  run.replan([payments, daily, counted.node], more);
  for (const share of [0.2, 0.9]) compare(share);
  // Nor does letting go of old taps change anything but the bytes.
  const before = checkpoints.bytes;
  checkpoints.keepTaps(new Set(more));
  expect(checkpoints.bytes).toBeLessThanOrEqual(before);
  for (const share of [0.5, 0.6]) compare(share);
});

test("checkpoints stay within their number and their bytes, and lie denser near the present", async () => {
  const { nodes, logs } = await notebook("bank-day-totals.html", ["payments", "daily"]);
  const { run } = started(nodes, logs);
  const checkpoints = new Checkpoints({ rows: 100, count: 8 });
  while (run.advance({ positions: 50 })) checkpoints.take(run);
  expect(checkpoints.length).toBe(8);
  const small = new Checkpoints({ rows: 100, count: 100, bytes: checkpoints.bytes / 4 });
  run.restart();
  while (run.advance({ positions: 50 })) small.take(run);
  expect(small.bytes).toBeLessThanOrEqual(checkpoints.bytes / 4);
  expect(small.length).toBeGreaterThan(0);
});

test("a state of many objects is taken out and put back in slices, and going back can be left halfway", () => {
  const rows = Array.from({ length: 8_000 }, (_, i) => ({ t: i, key: `k${(i * 7) % 3_000}`, v: i }));
  const log = logOf(rows);
  const source = logSource("rows", bounded(10));
  const sum = { s: "sum(d.v)", m: "median(d.v)" };
  const keyed = source.groupby("key");
  const nodes = [keyed.window(fixed(6_000)).rollup(sum).node, keyed.rollup(sum).node];
  const logs = (): typeof log => log;
  const run = new Run(nodes, { logs, specialize: false });
  const tables = nodes.map(
    node =>
      new Table(
        node,
        schemaOf(node, () => log.batch.schema),
      ),
  );
  for (const table of tables) run.tap(table);
  while (run.advance({ positions: Math.min(100, 5_000 - run.progress.positions) }));
  const then = tables.map(rowsOf);
  const taking = run.checkpointing();
  let slices = 0;
  let taken = taking.next();
  for (; taken.done !== true; taken = taking.next()) slices++;
  // Some thousands of windows and groups, a few hundred at a time.
  expect(slices).toBeGreaterThan(20);
  while (run.advance({ positions: 300 }));
  const end = tables.map(rowsOf);
  expect(end).not.toEqual(then);
  const left = run.rewinding(taken.value);
  for (let i = 0; i < 10; i++) expect(left.next().done).toBe(false);
  expect(run.progress.finished).toBe(true);
  const back = run.rewinding(taken.value);
  for (slices = 0; back.next().done !== true; slices++);
  expect(slices).toBeGreaterThan(40);
  expect(run.progress.positions).toBe(5_000);
  expect(tables.map(rowsOf)).toEqual(then);
  while (run.advance({ positions: 300 }));
  expect(tables.map(rowsOf)).toEqual(end);
});
