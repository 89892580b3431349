/** A session over logs that are read a group at a time: what is on the page is what it is when they are read whole. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { Run } from "../../src/engine/run.ts";
import { runPipeline } from "../../src/index.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import { op } from "../../src/expressions/op.ts";
import { type Node, topological } from "../../src/pipeline/node.ts";
import { replacingSources } from "../../src/pipeline/rewrite.ts";
import { source } from "../../src/pipeline/sources.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { type PartReader, rangeFile } from "../../src/session/grouped-sources.ts";
import { openStream } from "../../src/session/headless.ts";
import { recordSource, replaying } from "../../src/session/record.ts";
import { SourceFiles } from "../../src/session/source-files.ts";
import { arrowOf, parquetOf, testRows } from "../connectors/groups/files.ts";
import { code, Harness } from "./harness.ts";

const ROWS = testRows(2_000, 300);
const log = (memory: string) =>
  code(
    1,
    `const log = source("log.parquet", {eventTime: "at", arrivalTime: {column: "arrived", unit: "ms"}, watermark: bounded("1 s"), memory: "${memory}"})`,
  );
const sums = code(
  2,
  `const sums = log.groupby("key").window(fixed("20 s")).rollup({total: d => op.sum(d.amount), n: d => op.count()})`,
);

async function harnessWith(memory: string, bytes = parquetOf(ROWS, 100)): Promise<Harness> {
  const harness = new Harness();
  harness.files.set("log.parquet", bytes);
  harness.show([log(memory), sums]);
  harness.watch("1.log", "2.sums");
  await harness.pass();
  return harness;
}

const transport = (harness: Harness, action: Parameters<Harness["session"]["receive"]>[0] & { type: "transport" }) =>
  harness.session.receive(action);

function shown(harness: Harness): unknown {
  const { now, rows, late, dropped, finished, start, end } = harness.transport ?? {};
  const table = (view: string): unknown => {
    const { page, total, figures } = harness.table(view);
    return { total, figures, page };
  };
  return { now, rows, late, dropped, finished, start, end, log: table("1.log"), sums: table("2.sums") };
}

test("playing, seeking and edits give the page that they give over the whole log", async () => {
  const whole = await harnessWith("whole");
  const groups = await harnessWith("groups");
  expect(groups.parts.length).toBeGreaterThan(0);
  expect(whole.parts).toEqual([]);
  expect(groups.transport?.totalRows).toBe(2_000);
  const steps: ((h: Harness) => Promise<void>)[] = [
    async h => {
      transport(h, { type: "transport", action: { kind: "end" } });
      await h.pass(800);
    },
    async h => {
      transport(h, { type: "transport", action: { kind: "seek", to: ROWS[700].arrived } });
      await h.pass(800);
    },
    async h => {
      transport(h, { type: "transport", action: { kind: "seek", to: ROWS[1_300].arrived } });
      await h.pass(800);
    },
    async h => {
      h.show([
        h === whole ? log("whole") : log("groups"),
        { ...sums, source: sums.source.replace("op.sum", "op.max") },
      ]);
      await h.pass(1_500);
    },
    async h => {
      transport(h, { type: "transport", action: { kind: "step", by: "row", back: true } });
      await h.pass(800);
    },
    async h => {
      transport(h, { type: "transport", action: { kind: "step", by: "row" } });
      await h.pass(800);
    },
  ];
  for (const [i, step] of steps.entries()) {
    await step(whole);
    await step(groups);
    expect(shown(groups), `step ${i}`).toEqual(shown(whole));
    expect(groups.table("2.sums").total).toBeGreaterThan(10);
  }
});

test("the strip shows when rows arrive before they are read, and stories say why they cannot be told", async () => {
  const harness = await harnessWith("groups");
  await harness.pass(300);
  const { density } = harness.transport ?? {};
  expect(Math.round(density?.arrivals.reduce((a, b) => a + b, 0) ?? 0)).toBe(2_000);
  expect(density?.arrivals.every(n => n > 0)).toBe(true);
  transport(harness, { type: "transport", action: { kind: "end" } });
  await harness.pass(800);
  for (const view of ["1.log", "2.sums"])
    harness.session.receive({ type: "explain", request: view === "1.log" ? 1 : 2, view, row: 0 });
  await harness.pass();
  const told = harness.messages.filter(m => m.type === "explained");
  expect(told.length).toBe(2);
  for (const story of told) expect(story.sentences.join(" ")).toMatch(/a group of rows at a time.*memory: "whole"/);
});

test("a file that changes or ends while it is read stops the replay and says so", async () => {
  const harness = await harnessWith("groups", parquetOf(ROWS, 50));
  transport(harness, { type: "transport", action: { kind: "seek", to: ROWS[500].arrived } });
  await harness.pass(500);
  harness.versions.set("log.parquet", "2");
  transport(harness, { type: "transport", action: { kind: "end" } });
  await harness.pass(800);
  expect(harness.cells.get(1)?.error?.message).toMatch(/log\.parquet has changed while it was read/);
  expect(harness.transport?.playing).toBe(false);
});

test("what cannot be read in groups says so at its cell", async () => {
  const harness = new Harness();
  harness.show([
    code(1, `const a = source("scores.jsonl", {eventTime: "event_time", memory: "groups"})`),
    code(2, `const b = source("scores.jsonl", {eventTime: "event_time", memory: "some"})`),
  ]);
  await harness.pass();
  expect(harness.cells.get(1)?.error?.message).toMatch(/only Parquet and Arrow files have groups/);
  expect(harness.cells.get(2)?.error?.message).toMatch(/memory is "some"\. It is "whole" or "groups"/);
});

test("a script's pipeline reads groups from a folder, with equal rows and hash", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-groups-"));
  try {
    writeFileSync(join(folder, "log.parquet"), parquetOf(ROWS, 90));
    writeFileSync(join(folder, "log.arrow"), arrowOf(ROWS, 90));
    for (const name of ["log.parquet", "log.arrow"]) {
      const answers = await Promise.all(
        ["groups", "whole"].map(memory =>
          runPipeline(
            source(name, {
              eventTime: "at",
              arrivalTime: { column: "arrived", unit: "ms" },
              watermark: bounded("1 s"),
              memory,
            })
              .groupby("key")
              .window(fixed("20 s"))
              .rollup({ total: op.sum("amount"), n: op.count() }),
            { folder },
          ),
        ),
      );
      expect(answers[0].rows).toEqual(answers[1].rows);
      expect(answers[0].hash).toBe(answers[1].hash);
      expect(answers[0].rows.length).toBeGreaterThan(50);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recording in groups replays a group at a time, hash for hash", async () => {
  const text = await readFile(resolve(import.meta.dirname, "../../notebooks/bank-day-totals.html"), "utf8");
  const headless = await openStream(text, "daily", {
    file: "bank-day-totals.html",
    read: async name => readFile(resolve(import.meta.dirname, "../../samples", name)),
    now: () => 0,
    defer: work => void setImmediate(work),
  });
  const [payments] = topological([headless.stream.node]).filter(n => n.verb === "source");
  const log = headless.sources.log(payments);
  const recorded = recordSource(log, payments, "payments", "parquet", undefined, 1_000);
  const bytes = recorded.files[0].bytes;
  const hashed = async (sources: SourceFiles, node: Node): Promise<{ digest: string; groups: number }> => {
    let groups = 0;
    const run = new Run([node], {
      logs: source => sources.log(source),
      supply: (source, from) => {
        groups = sources.log(source).whole?.parts.length ?? 0;
        return sources.supply(source, from);
      },
    });
    const hash = new OutputHash();
    run.tap({ node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
    await run.complete();
    return { digest: hash.digest(), groups };
  };
  const inGroups = new SourceFiles(
    () => Promise.reject(new Error("It is to be read in parts.")),
    undefined,
    undefined,
    async (_, from, to) => ({ bytes: bytes.slice(from, to), size: bytes.length, version: "1" }),
  );
  const rewritten = replaying(() => recorded.descriptor)(headless.stream.node);
  const forced = replacingSources(
    source => ({ ...source, input: { ...source.input, options: { memory: "groups" } } }) as SourceNode,
    source => source,
  )(rewritten);
  for (const node of topological([forced])) if (node.verb === "source") await inGroups.load(node);
  const expected = await hashed(headless.sources, headless.stream.node);
  expect(expected.groups).toBe(0);
  expect(await hashed(inGroups, forced)).toEqual({ digest: expected.digest, groups: 53 });
});

test("a large range is asked of the host in parts, and a file that ends early or changes is refused", async () => {
  const bytes = Uint8Array.from({ length: 95 }, (_, i) => i);
  const asked: number[] = [];
  let version = "1";
  let size = 95;
  const read: PartReader = async (_, from, to) => {
    asked.push(to - from);
    return { bytes: bytes.slice(from, Math.min(to, size)), size: 95, version };
  };
  const file = rangeFile("x.arrow", read, await read("x.arrow", 0, 0), 10);
  expect(await file.read(3, 38)).toEqual(bytes.slice(3, 38));
  expect(asked).toEqual([0, 10, 10, 10, 5]);
  expect(await file.read(80, 200)).toEqual(bytes.slice(80));
  size = 50;
  await expect(file.read(45, 55)).rejects.toThrow(/x\.arrow ends before byte 55/);
  version = "2";
  await expect(file.read(0, 5)).rejects.toThrow(/x\.arrow has changed while it was read/);
});
