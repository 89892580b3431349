/** How groups are read: no more than is asked for, none twice but to go back, in order or not at all. */
import { expect, test } from "vitest";
import { OutputHash } from "../../../src/engine/output-hash.ts";
import { Run } from "../../../src/engine/run.ts";
import { op } from "../../../src/expressions/op.ts";
import { bounded } from "../../../src/model/watermarks.ts";
import { fixed } from "../../../src/model/windows.ts";
import { orderOf } from "../../../src/connectors/groups/order.ts";
import type { GroupedFile } from "../../../src/connectors/groups/grouped-file.ts";
import { GroupedLog } from "../../../src/connectors/groups/grouped-log.ts";
import { Checkpoints } from "../../../src/engine/checkpoints.ts";
import { Table } from "../../../src/engine/table.ts";
import { schemaOf } from "../../../src/pipeline/node.ts";
import { source } from "../../../src/pipeline/sources.ts";
import type { SourceNode } from "../../../src/pipeline/verbs/source.ts";
import { arrowOf, bothWays, decodeOptions, groupsOf, OPTIONS, parquetOf, rangeFile, testRows } from "./files.ts";

/** A file that notes which groups have been read whole. */
async function noting(name: string, bytes: Uint8Array): Promise<{ file: GroupedFile; read: number[] }> {
  const inner = await groupsOf(rangeFile(name, bytes));
  const read: number[] = [];
  const file: GroupedFile = {
    groups: inner.groups,
    columns: inner.columns,
    nullable: inner.nullable,
    range: (column, group) => inner.range(column, group),
    read: (group, columns) => {
      if (columns === null) read.push(group);
      return inner.read(group, columns);
    },
  };
  return { file, read };
}

const stream = source("log.parquet", { ...OPTIONS, watermark: bounded("1 s") });
const node = stream.node as SourceNode;
const options = { decode: decodeOptions(node), most: 2 ** 29 };
const rollup = stream
  .window(fixed("10 s"))
  .groupby("key")
  .rollup({ n: op.count(), total: op.sum("amount") });

test("a slow reader is waited for: one group is read ahead, however long it takes", async () => {
  const { file, read } = await noting("log.parquet", parquetOf(testRows(2_000, 50), 100));
  const log = await GroupedLog.open(file, node, options);
  expect(read).toEqual([]);
  const run = new Run([rollup.node], { logs: () => log.log, supply: (_, from) => log.read(from) });
  expect(run.advance()).toBe(false);
  expect(run.waiting).not.toBeNull();
  let most = 0;
  for (;;) {
    // Nothing is read while nobody takes anything, whatever else happens meanwhile.
    await new Promise(resolve => setTimeout(resolve, 1));
    await run.waiting;
    const before = read.length;
    await new Promise(resolve => setTimeout(resolve, 1));
    expect(read.length).toBe(before);
    if (!run.advance({ positions: 25 }) && run.waiting === null) break;
    const taken = Math.floor(run.progress.rows / 100);
    most = Math.max(most, read.length - taken);
  }
  expect(read).toEqual(Array.from({ length: 20 }, (_, g) => g));
  // The group that is being taken, its neighbour that overlaps with it, and the one that is read ahead.
  expect(most).toBeLessThanOrEqual(3);
});

test("a run that plays at a speed reads no further than its clock", async () => {
  const rows = testRows(2_000, 50);
  const { file, read } = await noting("log.parquet", parquetOf(rows, 100));
  const log = await GroupedLog.open(file, node, options);
  const run = new Run([rollup.node], { logs: () => log.log, supply: (_, from) => log.read(from) });
  const until = rows[450].arrived;
  for (;;) {
    while (run.advance({ until }));
    if (run.waiting === null) break;
    await run.waiting;
  }
  expect(run.progress.rows).toBe(rows.filter(r => r.arrived <= until).length);
  expect(read.length).toBeLessThanOrEqual(7);
});

test("going back begins with the groups around the checkpoint, and gives the same again", async () => {
  for (const jitter of [50, 3_000])
    for (const timed of [true, false]) {
      const rows = testRows(3_000, jitter, 8);
      const other = source("log.parquet", {
        eventTime: "at",
        ...(timed ? { arrivalTime: { column: "arrived", unit: "ms" } } : {}),
        watermark: bounded("1 s"),
      });
      const own = other.node as SourceNode;
      const made = other
        .window(fixed("10 s"))
        .groupby("key")
        .rollup({ n: op.count(), total: op.sum("amount") });
      const { file, read } = await noting("log.parquet", parquetOf(rows, 100));
      const log = await GroupedLog.open(file, own, { ...options, decode: decodeOptions(own) });
      const run = new Run([made.node], { logs: () => log.log, supply: (_, from) => log.read(from), stepLength: 64 });
      const table = new Table(
        made.node,
        schemaOf(made.node, () => log.log.batch.schema),
      );
      run.tap(table);
      const checkpoints = new Checkpoints({ rows: 50 });
      const seen = new Map<number, string>();
      const state = (): string => JSON.stringify(table.rows());
      const work = async (to: number): Promise<void> => {
        for (;;) {
          while (run.progress.positions < to && run.advance({ positions: Math.min(64, to - run.progress.positions) }))
            checkpoints.take(run);
          if (run.progress.positions >= to || run.waiting === null) return;
          await run.waiting;
        }
      };
      for (let to = 100; to <= 3_000; to += 100) {
        await work(to);
        seen.set(to, state());
      }
      expect(read.length).toBe(30);
      expect(run.remembers).toBe(false);
      for (const to of [2_500, 2_600, 900, 3_000, 100]) {
        const before = read.length;
        const at = run.progress.positions;
        if (to < at) expect(checkpoints.rewind(run, p => p.positions > to)).toBe(true);
        await work(to);
        expect(state(), `${to} with ${jitter}`).toBe(seen.get(to));
        if (to === 2_500 && jitter === 50) expect(read.length - before).toBeLessThan(10);
      }
      run.restart();
      await work(700);
      expect(state()).toBe(seen.get(700));
    }
});

test("charts' twins share what is read", async () => {
  const twin = source("log.parquet", { ...OPTIONS, watermark: bounded("9 s") });
  const { file, read } = await noting("log.parquet", parquetOf(testRows(1_000, 50), 100));
  const log = await GroupedLog.open(file, node, options);
  const both = stream.window(fixed("10 s")).rollup({ n: op.count() });
  const other = twin.window(fixed("10 s")).rollup({ n: op.count() });
  const run = new Run([both.node, other.node], { logs: () => log.log, supply: (_, from) => log.read(from) });
  await run.complete();
  expect(read).toEqual(Array.from({ length: 10 }, (_, g) => g));
  expect(run.progress).toMatchObject({ rows: 1_000, finished: true });
  expect(run.totalRows).toBe(1_000);
});

test("rows in no order are refused where they do not fit, with the way out", async () => {
  const shuffled = testRows(1_000, 0).toSorted((a, b) => (a.arrived % 997) - (b.arrived % 997));
  const { whole, grouped } = await bothWays("log.parquet", parquetOf(shuffled, 50));
  // Where they fit they are sorted in memory.
  const last = await grouped.read().more(0);
  expect(last.arrival.length).toBeGreaterThanOrEqual(50);
  expect(whole.arrival.length).toBe(1_000);
  const file = await groupsOf(rangeFile("log.parquet", parquetOf(shuffled, 50)));
  await expect(orderOf(file, node, { ...options, most: 20_000 })).rejects.toThrow(
    /log\.parquet is too large .* not in order of "arrived": at times 20 of its 20 groups .*ORDER BY "arrived".*memory: "whole"/,
  );
  const sorted = await groupsOf(rangeFile("log.parquet", parquetOf(testRows(1_000, 0), 50)));
  expect((await orderOf(sorted, node, { ...options, most: 20_000 })).map(s => s.group)).toEqual(
    Array.from({ length: 20 }, (_, g) => g),
  );
});

test("statistics that lie are an error, not disorder", async () => {
  const inner = await groupsOf(rangeFile("log.parquet", parquetOf(testRows(300, 0), 100)));
  const lying: GroupedFile = {
    groups: inner.groups,
    columns: inner.columns,
    nullable: inner.nullable,
    read: (group, columns) => inner.read(group, columns),
    range: (column, group) => {
      const range = inner.range(column, group);
      return range !== null && column === "arrived" && group === 2 ? { ...range, least: range.least + 5_000 } : range;
    },
  };
  const log = await GroupedLog.open(lying, node, options);
  const run = new Run([rollup.node], { logs: () => log.log, supply: (_, from) => log.read(from) });
  await expect(run.complete()).rejects.toThrow(/statistics in the file are wrong/);
});

test("a file that fails midway fails the run, which can be tried again", async () => {
  const { file } = await noting("log.parquet", parquetOf(testRows(500, 0), 100));
  let broken = true;
  const failing: GroupedFile = {
    ...file,
    read: (group, columns) =>
      group === 3 && broken ? Promise.reject(new Error("the disk is gone")) : file.read(group, columns),
  };
  const log = await GroupedLog.open(failing, node, options);
  const run = new Run([rollup.node], { logs: () => log.log, supply: (_, from) => log.read(from) });
  const hash = new OutputHash();
  run.tap({ node: rollup.node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
  await expect(run.complete()).rejects.toThrow("the disk is gone");
  broken = false;
  await run.complete();
  expect(run.progress).toMatchObject({ rows: 500, finished: true });
  expect(() => new Run([rollup.node], { logs: () => log.log })).toThrow(/no supply/);
  expect(() => new Run([rollup.node], { logs: () => log.log, supply: (_, f) => log.read(f) }).finish()).toThrow(
    /complete\(\)/,
  );
});

test("Arrow: only the buffers of times are read to find the order", async () => {
  const bytes = arrowOf(testRows(60_000, 50), 20_000);
  const file = rangeFile("log.arrow", bytes);
  await GroupedLog.open(await groupsOf(file), { ...node, input: { ...node.input } } as SourceNode, options);
  expect(file.bytesRead).toBeLessThan(bytes.length * 0.75);
});

test("rows that cannot be read are told with their lines, as when the log is read whole", async () => {
  const rows = testRows(600, 0).map((row, i) => (i % 97 === 5 ? { ...row, key: "bad" } : row));
  const texts = source("log.parquet", { eventTime: "key" }).node as SourceNode;
  const bad = { ...decodeOptions(texts), types: { key: "timestamp" as const } };
  const iso = rows.map((row, i) => ({ ...row, key: i % 97 === 5 ? "never" : new Date(row.at).toISOString() }));
  const bytes = parquetOf(iso, 50);
  const { whole } = await bothWays("log.parquet", bytes, { eventTime: "key" });
  const log = await GroupedLog.open(await groupsOf(rangeFile("log.parquet", bytes)), texts, {
    ...options,
    decode: bad,
  });
  const reader = log.read();
  let last = await reader.more(0);
  for (let from = 0; last.known !== undefined; ) {
    from = (last.first ?? 0) + last.arrival.filter(a => a <= (last.known ?? 0)).length;
    last = await reader.more(from);
  }
  expect(last.errors.length).toBe(whole.errors.length);
  expect(last.errors).toEqual(whole.errors);
});

test("columns that nobody looks at stay in the file", async () => {
  const rows = testRows(4_000, 50);
  for (const [name, bytes] of [
    ["log.parquet", parquetOf(rows, 500)],
    ["log.arrow", arrowOf(rows, 500)],
  ] as const) {
    const { stream: all, whole } = await bothWays(name, bytes, { ...OPTIONS, watermark: bounded("1 s") });
    const lean = all
      .filter("d => d.part > 0")
      .derive({ twice: "d => d.amount * 2" })
      .groupby("part")
      .window(fixed("10 s"))
      .rollup({ total: op.sum("twice") });
    const opaque = all
      .filter("d => { let x = d.part; while (x > 9) x--; return x > 0; }")
      .groupby("part")
      .window(fixed("10 s"))
      .rollup({ total: op.sum("amount") });
    const renamed = all
      .select({ part: "p", amount: "a" })
      .groupby("p")
      .window(fixed("10 s"))
      .rollup({ total: op.sum("a") });
    const read: number[] = [];
    for (const made of [lean, opaque, renamed]) {
      const seen: (readonly string[] | null)[] = [];
      const file = rangeFile(name, bytes);
      const log = await GroupedLog.open(await groupsOf(file), all.node as SourceNode, options);
      const opened = file.bytesRead;
      const hashes = await Promise.all(
        [false, true].map(async inGroups => {
          const hash = new OutputHash();
          const run = new Run([made.node], {
            remember: false,
            logs: () => (inGroups ? log.log : whole),
            supply: (_, from, columns) => {
              seen.push(columns === null ? null : [...columns].sort());
              return log.read(from, columns);
            },
          });
          run.tap({ node: made.node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
          await run.complete();
          return `${hash.rows} ${hash.digest()}`;
        }),
      );
      expect(hashes[1]).toBe(hashes[0]);
      expect(hashes[0]).not.toMatch(/^0 /);
      expect(seen).toEqual([made === opaque ? null : ["amount", "arrived", "at", "part"]]);
      read.push(file.bytesRead - opened);
    }
    expect(read[0]).toBe(read[2]);
    // An Arrow batch as small as here is read in one go: what is left out is not worth another read.
    if (name === "log.parquet") expect(read[0]).toBeLessThan(0.95 * read[1]);
  }
});

test("a tap that comes too late for its columns is refused", async () => {
  const log = await GroupedLog.open(
    await groupsOf(rangeFile("log.parquet", parquetOf(testRows(500, 0), 50))),
    node,
    options,
  );
  const lean = stream.window(fixed("10 s")).rollup({ n: op.count() });
  const run = new Run([lean.node], { logs: () => log.log, supply: (_, from, columns) => log.read(from, columns) });
  const tap = { node, apply: () => {}, reset: () => {} };
  run.advance();
  await run.waiting;
  expect(() => run.tap(tap)).toThrow(/Add taps before the run begins/);
});
