/** Which columns of a source anybody looks at. */
import { expect, test } from "vitest";
import { op } from "../../src/expressions/op.ts";
import { bounded, punctuated } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import { columnsRead } from "../../src/pipeline/columns-read.ts";
import { source } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";

const log = source("log.parquet", { eventTime: "at", watermark: bounded("1 s") });
const read = (...streams: Stream[]): string => {
  const columns = columnsRead(
    streams.map(s => s.node),
    [log.node as SourceNode],
  );
  return columns === null ? "all" : [...columns].sort().join(" ");
};
const windowed = (stream: Stream): Stream => stream.groupby("key").window(fixed("1 min")).rollup({ n: op.count() });

test.each<[string, Stream[], string]>([
  ["the source itself", [log], "all"],
  ["a count per key", [windowed(log)], "at key"],
  [
    "a sum",
    [
      log
        .groupby("key")
        .window(fixed("1 min"))
        .rollup({ n: op.sum("amount") }),
    ],
    "amount at key",
  ],
  ["what a filter looks at too", [windowed(log.filter("d => d.note !== null && d.rank > 3"))], "at key note rank"],
  ["what a derived column is made of", [windowed(log.derive({ key: "d => d.bank + d.branch" }))], "at bank branch"],
  ["a selection", [windowed(log.select({ branch: "key", amount: "a" }))], "amount at branch"],
  ["new names alone", [windowed(log.rename({ branch: "key" }))], "all"],
  ["a selection that is shown", [log.select("key", "note")], "at key note"],
  ["a filter that is shown", [log.filter("d => d.rank > 3")], "all"],
  ["rows that were dropped", [windowed(log), windowed(log).late()], "all"],
  ["what was not understood", [windowed(log.filter("d => { let x = d.x; while (x > 9) x--; return x > 1; }"))], "all"],
  ["a join", [windowed(log.window(fixed("1 min")).join(log.window(fixed("1 min")), "key"))], "all"],
  ["two readers", [windowed(log), log.groupby("branch").rollup({ n: op.count() })], "at branch key"],
])("%s", (_, streams, expected) => {
  expect(read(...streams)).toBe(expected);
});

test("a source looks at what says its times, partitions and watermarks", () => {
  const own = (stream: Stream): ReadonlySet<string> | null =>
    columnsRead([windowed(stream).node], [stream.node as SourceNode]);
  const times = { eventTime: "at", arrivalTime: "seen", partition: "p" };
  expect(own(source("x", { ...times, watermark: bounded(0, { per: "key", key: "k" }) }))).toEqual(
    new Set(["at", "seen", "p", "k", "key"]),
  );
  expect(own(source("x", { ...times, watermark: punctuated({ source: "d => d.mark", parameters: {} }) }))).toBeNull();
});
