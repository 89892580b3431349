/** Logs that are read a group at a time are the logs that are read whole: the same rows, panes, order and hash, in less memory. */
import { describe, expect, test } from "vitest";
import { Random } from "../../../samples/random.ts";
import { rowsOf } from "../../../src/columns/batch.ts";
import { OutputHash } from "../../../src/engine/output-hash.ts";
import { Run, type RunOptions } from "../../../src/engine/run.ts";
import { op } from "../../../src/expressions/op.ts";
import { afterCount, afterProcessingTime, afterWatermark, repeatedly } from "../../../src/model/triggers.ts";
import { profileNamed, PROFILES, type ProfileName } from "../../../src/model/profiles.ts";
import { bounded, perfect } from "../../../src/model/watermarks.ts";
import { fixed, sessions } from "../../../src/model/windows.ts";
import type { SourceLog } from "../../../src/pipeline/source-log.ts";
import type { SourceOptions } from "../../../src/pipeline/sources.ts";
import type { Stream } from "../../../src/pipeline/stream.ts";
import type { GroupedLog } from "../../../src/connectors/groups/grouped-log.ts";
import { arrowOf, bothWays, OPTIONS, parquetOf, testRows } from "./files.ts";

const ROWS = testRows(1_000, 900);
const FORMATS = [
  ["log.parquet", (rows: typeof ROWS, size: number) => parquetOf(rows, size)],
  ["bare.parquet", (rows: typeof ROWS, size: number) => parquetOf(rows, size, false)],
  ["log.arrow", (rows: typeof ROWS, size: number) => arrowOf(rows, size)],
  ["stream.arrow", (rows: typeof ROWS, size: number) => arrowOf(rows, size, "stream")],
] as const;

interface Answer {
  readonly hash: string;
  readonly rows: number;
  readonly late: number;
}

/** Runs a stream to its end in steps of random length, waiting where it has to. */
async function answer(stream: Stream, options: RunOptions, random: Random | null = null): Promise<Answer> {
  const run = new Run([stream.node], { remember: false, ...options });
  const hash = new OutputHash();
  run.tap({ node: stream.node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
  for (;;) {
    while (run.advance(random === null ? {} : { positions: random.integer(1, 90) }));
    if (run.waiting === null) break;
    await run.waiting;
  }
  const { rows, late, finished } = run.progress;
  expect(finished).toBe(true);
  return { hash: hash.digest(), rows, late };
}

const wholly = (log: SourceLog, more: Partial<RunOptions> = {}): RunOptions => ({ logs: () => log, ...more });
const inGroups = (log: GroupedLog, more: Partial<RunOptions> = {}): RunOptions => ({
  logs: () => log.log,
  supply: (_, from) => log.read(from),
  ...more,
});

const hourly = (stream: Stream): Stream =>
  stream
    .window(fixed("10 s"))
    .trigger(afterWatermark({ late: afterCount(1) }))
    .allowedLateness("20 s")
    .groupby("key")
    .rollup({ total: op.sum("amount"), n: op.count() });

describe.each(FORMATS)("%s", (name, write) => {
  test("a run over groups gives what a run over the whole log does", async () => {
    const random = new Random(3);
    for (const size of [7, 64, 333, 5_000]) {
      const { stream, whole, grouped } = await bothWays(name, write(ROWS, size), {
        ...OPTIONS,
        watermark: bounded("1 s"),
      });
      for (const made of [stream, hourly(stream)]) {
        const expected = await answer(made, wholly(whole));
        expect(await answer(made, inGroups(grouped))).toEqual(expected);
        expect(await answer(made, inGroups(grouped), random)).toEqual(expected);
        expect(expected.rows).toBe(ROWS.length);
      }
    }
  });

  test("the rows that come out are the log's, each once and in its order", async () => {
    const { whole, grouped } = await bothWays(name, write(ROWS, 40));
    const reader = grouped.read();
    const rows: unknown[] = [];
    const lines: number[] = [];
    for (let from = 0; ; ) {
      const log = await reader.more(from);
      const first = log.first ?? 0;
      expect(first).toBe(from);
      let known = 0;
      while (known < log.arrival.length && log.arrival[known] <= (log.known ?? Infinity)) known++;
      rows.push(...rowsOf(log.batch).slice(0, known));
      lines.push(...(log.line ?? []).slice(0, known));
      from += known;
      if (log.known === undefined) break;
    }
    expect(rows).toEqual(rowsOf(whole.batch));
    expect(lines).toEqual([...(whole.line ?? [])]);
  });

  test("a file that is cut off is an error that says so", async () => {
    const bytes = write(ROWS, 100);
    if (name === "stream.arrow") {
      await expect(bothWaysOf(name, bytes.slice(0, -200))).rejects.toThrow(/stream.arrow.*cut off; get it again/);
      return;
    }
    await expect(bothWaysOf(name, bytes.slice(0, -20))).rejects.toThrow(
      /cannot be read as (Parquet|Arrow IPC) .*cut off; get it again/,
    );
  });
});

async function bothWaysOf(name: string, bytes: Uint8Array): Promise<GroupedLog> {
  return (await bothWays(name, bytes)).grouped;
}

const VARIETY: readonly (readonly [string, SourceOptions, ProfileName])[] = [
  ["no time of arrival", { eventTime: "at", watermark: bounded("2 s") }, "tidemark"],
  ["hindsight", { ...OPTIONS, watermark: perfect() }, "tidemark"],
  ["hindsight without a time of arrival", { eventTime: "at", watermark: perfect() }, "tidemark"],
  [
    "partitions that are numbers",
    { ...OPTIONS, partition: "part", watermark: bounded("1 s", { idle: "3 s" }) },
    "tidemark",
  ],
  [
    "partitions that are texts",
    { ...OPTIONS, partition: "key", watermark: bounded("1 s", { idle: "1 s" }) },
    "tidemark",
  ],
  [
    "keys with watermarks of their own",
    { ...OPTIONS, watermark: bounded("1 s", { per: "key", key: "part" }) },
    "tidemark",
  ],
  ["periodic watermarks", { ...OPTIONS, watermark: bounded("1 s") }, "flink"],
  ["bundles", { ...OPTIONS, watermark: bounded("1 s") }, "beam"],
  ["micro-batches", { ...OPTIONS, watermark: bounded("1 s") }, "spark"],
  ["stream time", { ...OPTIONS, watermark: bounded("1 s") }, "kafka"],
  ["batch", { ...OPTIONS, watermark: bounded("1 s") }, "batch"],
];

test.each(VARIETY)("%s: equal by hash", async (_, options, profile) => {
  const random = new Random(11);
  for (const [name, write] of [FORMATS[0], FORMATS[2]]) {
    const { stream, whole, grouped } = await bothWays(name, write(ROWS, 60), options);
    const rules = { profile: profileNamed(profile), microBatch: profile === "spark" ? 2_000 : null };
    for (const made of [
      hourly(stream),
      stream
        .window(sessions("2 s"))
        .trigger(repeatedly(afterProcessingTime("3 s")))
        .groupby("part")
        .rollup({ n: op.count() }),
    ])
      expect(await answer(made, inGroups(grouped, rules), random)).toEqual(await answer(made, wholly(whole, rules)));
  }
  expect(PROFILES[profile]).toBeDefined();
});

test("two logs in groups and a small one side by side", async () => {
  const one = await bothWays("one.parquet", parquetOf(testRows(700, 500, 5), 50), {
    ...OPTIONS,
    watermark: bounded("1 s"),
  });
  const two = await bothWays("two.arrow", arrowOf(testRows(900, 50, 6), 80), { ...OPTIONS, watermark: bounded("2 s") });
  const small = await bothWays("small.parquet", parquetOf(testRows(40, 50, 7), 1_000), OPTIONS);
  const stream = hourly(one.stream.union(two.stream).union(small.stream));
  const joined = one.stream
    .window(fixed("5 s"))
    .join(two.stream.window(fixed("5 s")), "part")
    .window(fixed("10 s"))
    .groupby("part")
    .rollup({ n: op.count() });
  const logs: RunOptions["logs"] = node =>
    node === one.stream.node ? one.whole : node === two.stream.node ? two.whole : small.whole;
  const parts: RunOptions["logs"] = node =>
    node === one.stream.node ? one.grouped.log : node === two.stream.node ? two.grouped.log : small.whole;
  const supply: RunOptions["supply"] = (node, from) =>
    (node === one.stream.node ? one.grouped : two.grouped).read(from);
  const random = new Random(2);
  for (const made of [stream, joined])
    for (const profile of ["tidemark", "beam", "flink"] as const)
      expect(await answer(made, { logs: parts, supply, profile: profileNamed(profile) }, random), `${profile}`).toEqual(
        await answer(made, { logs, profile: profileNamed(profile) }),
      );
});
