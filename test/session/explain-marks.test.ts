/** What marks of charts ask about, told from runs over small logs, and held against plain loops over the same rows. */
import { expect, test } from "vitest";
import { eagerFates, sourcesBelow } from "../../src/charts/twins.ts";
import { Run } from "../../src/engine/run.ts";
import { atOnce } from "../../src/engine/slices.ts";
import { bounded, type WatermarkOptions } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import { type Node, topological } from "../../src/pipeline/node.ts";
import { rows } from "../../src/pipeline/sources.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import { explainMark } from "../../src/session/explain.ts";
import type { Explanation } from "../../src/session/explain.ts";
import { SourceFiles } from "../../src/session/source-files.ts";
import { randomLog } from "../charts/naive.ts";

const log = randomLog(8, 900, { partitions: ["a", "b", "c"], length: 30 * 60_000 });
const START = log[0].arrival;

function sourceWith(options: WatermarkOptions = {}): Stream {
  return rows(
    log.map(r => ({ event: r.event, arrival: r.arrival, value: r.value, partition: r.partition ?? "" })),
    {
      eventTime: { column: "event", unit: "ms" },
      arrivalTime: { column: "arrival", unit: "ms" },
      partition: "partition",
      watermark: bounded("10 s", options),
    },
  );
}

const minutes = (stream: Stream, lateness = 0): Stream =>
  stream.window(fixed("1 min")).allowedLateness(lateness).rollup({ total: "d => op.sum(d.value)" });

/** Runs a stream, to its end or up to a moment, and asks. */
async function ask(
  stream: Stream,
  values: Readonly<Record<string, unknown>>,
  { until = Infinity, remember = true, more = [] as readonly Stream[] } = {},
): Promise<Explanation> {
  const files = new SourceFiles(() => Promise.reject(new Error("no file is read")));
  // Partitions are told of by the chart that keeps the course of their watermarks.
  const courses = sourcesBelow(stream.node).map(source => new Stream(source).progress());
  const roots: Node[] = [stream, ...courses, ...more].map(s => s.node);
  for (const node of topological(roots)) if (node.verb === "source") await files.load(node);
  const run = new Run(roots, { logs: source => files.log(source), remember });
  if (until === Infinity) run.finish();
  else while (run.advance({ until }));
  return atOnce(explainMark({ nodes: roots, roles: { stream: stream.node } }, values as never, run));
}

test("a partition's holding, its share and its rows behind a filter", async () => {
  const filtered = minutes(sourceWith().filter('d => d.partition != "b"'));
  const { sentences, facts } = await ask(filtered, { about: "partition", partition: "b", at: START, until: Infinity });
  expect(sentences[0]).toMatch(/^Partition b held the watermark from .+ to .+, for .+\.$/);
  const own = log.filter(r => r.partition === "b").length;
  expect(sentences.at(-1)).toContain(
    `Partition b is filtered empty: none of the ${own} rows that it has brought so far passes filter d => d.partition != "b", and yet its watermark counts.`,
  );
  // Who holds is the least of the greatest times; ties go to the holder before.
  const greatest = new Map<string, number>();
  let held = 0;
  let holder = "";
  log.forEach((r, i) => {
    const p = r.partition ?? "";
    greatest.set(p, Math.max(greatest.get(p) ?? -Infinity, r.event));
    const least = Math.min(...greatest.values());
    if (greatest.get(holder) !== least) holder = [...greatest].find(([, time]) => time === least)![0];
    if (holder === "b" && i + 1 < log.length) held += log[i + 1].arrival - r.arrival;
  });
  expect(facts["held_for"]).toBe(held);
  const all = await ask(minutes(sourceWith()), { about: "partition", partition: "b", at: START, until: Infinity });
  expect(all.sentences.join(" ")).not.toContain("filtered empty");
});

test("a partition that has not been seen yet, and one that nobody knows", async () => {
  const first = new Map<string, number>();
  for (const r of log) if (!first.has(r.partition ?? "")) first.set(r.partition ?? "", r.arrival);
  const [[last, seen]] = [...first].sort((a, b) => b[1] - a[1]);
  const { sentences } = await ask(minutes(sourceWith()), { about: "partition", partition: last, at: seen - 1 });
  expect(sentences[0]).toContain(`Partition ${last} had not been seen yet: a partition counts from its first row on`);
  const unknown = await ask(minutes(sourceWith()), { about: "partition", partition: "z", at: seen });
  expect(unknown.sentences).toEqual(["Nothing more is known of this place."]);
});

/** A row a second of one partition, and of another only the first and one a minute later. */
function silent(options: WatermarkOptions): Stream {
  const made = Array.from({ length: 90 }, (_, i) => ({ at: START + i * 1_000, of: "steady", value: 1 }));
  made.splice(1, 0, { at: START + 100, of: "silent", value: 1 });
  made.push({ at: START + 95_000, of: "silent", value: 1 });
  return minutes(
    rows(made, {
      eventTime: { column: "at", unit: "ms" },
      arrivalTime: { column: "at", unit: "ms" },
      partition: "of",
      watermark: bounded(0, options),
    }),
  );
}

test("what would release a partition's hold, and what did: a row, or the idle timeout", async () => {
  const about = { about: "partition", partition: "silent", at: START + 5_000, until: START + 90_000 };
  const clock = (ms: number): string => new Date(START + ms).toISOString().slice(11, 23).replace(".000", "");
  const waiting = await ask(silent({ idle: "10 s" }), about, { until: START + 8_000 });
  expect(waiting.sentences[0]).toContain("Partition silent has held the watermark since ");
  expect(waiting.sentences.join(" ")).toContain(
    `The next row of partition silent from ${clock(8_000)} on, or the idle timeout of 10 s at ${clock(10_100)}, would release it.`,
  );
  const released = (await ask(silent({ idle: "10 s" }), about)).sentences.join(" ");
  expect(released).toContain(`to ${clock(10_100)}, for 9.1 s.`);
  expect(released).toContain("The idle timeout of 10 s released it. Then partition steady held it.");
  const patient = (await ask(silent({}), about)).sentences.join(" ");
  expect(patient).toContain("It was silent for 1 min 35 s");
  expect(patient).toContain(`Line 92 (of ${clock(95_000)}, arrived at ${clock(95_000)}) released it.`);
});

test("keys with watermarks of their own hold it as partitions do", async () => {
  const { sentences } = await ask(minutes(sourceWith({ per: "key", key: "partition" })), {
    about: "partition",
    partition: "c",
    at: START,
    until: Infinity,
  });
  expect(sentences[0]).toMatch(/^Key c held the watermark/);
});

test("what was held at a moment, and what settings would drop", async () => {
  const stream = minutes(sourceWith(), 120_000);
  const late = stream.late();
  const at = START + 15 * 60_000;
  const held = await ask(stream, { about: "held", at }, { more: [stream.life(), late] });
  const opened = new Set<number>();
  // The watermark before the moment closes windows whose lateness is over.
  const greatest = new Map<string, number>();
  let watermark = -Infinity;
  const ends: number[] = [];
  for (const r of log.filter(r => r.arrival < at)) {
    const end = (Math.floor(r.event / 60_000) + 1) * 60_000;
    if (end + 120_000 > watermark) opened.add(end);
    const p = r.partition ?? "";
    greatest.set(p, Math.max(greatest.get(p) ?? -Infinity, r.event));
    watermark = Math.max(watermark, Math.min(...greatest.values()) - 10_000);
  }
  for (const end of opened) if (end + 120_000 > watermark) ends.push(end);
  expect(held.facts["held"]).toBe(ends.length);
  expect(held.facts["kept_for_late_rows"]).toBe(ends.filter(end => end <= watermark).length);

  const dropped = await ask(stream, { about: "dropped" }, { more: [late] });
  const more = [late, eagerFates(stream)];
  const setting = await ask(stream, { about: "setting", delay: 10_000, lateness: 120_000 }, { more });
  expect(setting.sentences[0]).toContain("These are the present settings");
  expect(setting.facts["dropped"]).toBe(dropped.facts["rows"]);
  const without = await ask(stream, { about: "setting", delay: 0, lateness: 0 }, { more });
  expect(Number(without.facts["dropped"])).toBeGreaterThan(Number(dropped.facts["rows"]));
  expect(without.sentences[2]).toContain(`drop ${Number(dropped.facts["rows"])}: `);
});

test("where nothing is remembered of what has passed, it says so", async () => {
  const { sentences } = await ask(minutes(sourceWith()), { about: "dropped" }, { remember: false });
  expect(sentences).toHaveLength(1);
  expect(sentences[0]).toMatch(/^The log is read a group of rows at a time, so what has passed is not kept/);
});
