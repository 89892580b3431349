/**
 * What can be known of Beam scripts without Beam: which pipelines are refused and why, that all obstacles are listed, and
 * that every script is Python. What they compute is compared with the real runner by `npm run test:engines`.
 */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { op as operations } from "../../src/expressions/op.ts";
import {
  afterAny,
  afterCount,
  afterProcessingTime,
  afterWatermark,
  never,
  repeatedly,
} from "../../src/model/triggers.ts";
import { manual, percentile } from "../../src/model/watermarks.ts";
import { sessions, sliding } from "../../src/model/windows.ts";
import { source } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { payments, SAID, windowed } from "./beam-pipelines.ts";
import { exported, opened, written } from "./scripts.ts";

// Imported names are renamed by the test runner, and row functions are read as text.
const op = operations;

const pythonVersion = (() => {
  try {
    return execFileSync("python3", ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
})();

describe("scripts for Beam", () => {
  test.each(Object.entries(SAID))("%s", async (name, stream) => {
    const result = exported(await opened(stream, name), "beam-python");
    expect(result.obstacles.filter(o => o.severity === "refuse")).toEqual([]);
    expect(result.files.map(f => f.name)).toEqual([`${name}_beam.py`]);
    expect(result.files[0].text).toContain(stream.id);
    expect(result.files[0].text).not.toContain("⟨");
    for (const { reason } of result.obstacles)
      expect(result.files[0].text.replaceAll(/\s+/g, " ")).toContain(reason.replaceAll('"""', "'''"));
  });

  test.skipIf(pythonVersion === null)(
    `are Python (${pythonVersion ?? "not checked: there is no python3 here"})`,
    async () => {
      const paths: string[] = [];
      for (const [name, stream] of Object.entries(SAID))
        paths.push(await written("beam-python", exported(await opened(stream, name), "beam-python")));
      const check = "import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path, encoding='utf-8').read(), path)";
      expect(execFileSync("python3", ["-c", check, ...paths], { encoding: "utf8" })).toBe("");
    },
  );
});

test("keys with watermarks of their own are partitions of the replay", async () => {
  const [{ text }] = exported(await opened(SAID["perKey"], "perKey"), "beam-python").files;
  expect(text).toContain('log.append((row["received_at"], row["kind"], row["booked_at"], row))');
  expect(text).toContain("watermark.row(partition, time, arrival)");
});

const other = source("ledger.jsonl", { eventTime: "time" });

const REFUSED: readonly [string, Stream, RegExp, "never" | "not-implemented"][] = [
  ["retracting panes", windowed.accumulation("retracting").count(), /cannot take panes back/, "never"],
  [
    "aligned processing time",
    windowed.trigger(afterWatermark({ early: afterProcessingTime("1 h", { aligned: true }) })).count(),
    /never at the multiples of a period.*aligned/,
    "never",
  ],
  [
    "parts of seconds",
    windowed.trigger(afterWatermark({ early: afterProcessingTime(1500) })).count(),
    /whole seconds/,
    "never",
  ],
  [
    "processing time inside of any",
    windowed.trigger(afterWatermark({ early: afterAny(afterCount(1), afterProcessingTime("1 s")) })).count(),
    /forgets processing-time deadlines inside of afterAny/,
    "never",
  ],
  [
    "processing time alone",
    windowed.trigger(repeatedly(afterProcessingTime("1 s"))).count(),
    /waits without end/,
    "never",
  ],
  ["never", windowed.trigger(never()).count(), /lose everything/, "never"],
  ["touching sessions", payments.window(sessions("1 h", { inclusive: true })).count(), /not those that touch/, "never"],
  ["windows with gaps", payments.window(sliding("1 min", "1 h")).count(), /rows between windows/, "never"],
  ["no empty panes", windowed.emptyPanes({ onTime: "ifNonEmpty" }).count(), /even if it is empty/, "never"],
  ["a closing pane", windowed.emptyPanes({ closing: "always" }).count(), /nothing when a window closes/, "never"],
  ["dropped rows", windowed.count().late(), /drops late rows without saying so/, "never"],
  ["changes", windowed.count().changes(), /no weights/, "never"],
  ["unreadable lines", payments.errors(), /counted by the script/, "never"],
  ["first by event time", windowed.rollup({ first: op.first("id") }), /depends on event time/, "not-implemented"],
  ["a join", payments.join(other, { account: "account" }), /verb join/, "not-implemented"],
  ["two sources", payments.select("id").union(other.select("id")), /several sources/, "not-implemented"],
  ["a second rollup", windowed.count().rollup({ n: "count()" }), /second rollup/, "not-implemented"],
  [
    "a function as it is",
    payments.derive({ x: d => [d.amount].map(x => x + 1)[0] }),
    /cannot be written in Python/,
    "not-implemented",
  ],
  [
    "a percentile",
    source("ledger.jsonl", { eventTime: "time", watermark: percentile(0.9) }),
    /percentile watermark/,
    "not-implemented",
  ],
  ["a watermark by hand", source("ledger.jsonl", { eventTime: "time", watermark: manual() }), /moved by hand/, "never"],
];

describe("what Beam cannot say is refused", () => {
  test.each(REFUSED)("%s", async (_what, stream, reason, kind) => {
    const { files, obstacles } = exported(await opened(stream), "beam-python");
    expect(files).toEqual([]);
    const found = obstacles.find(o => o.severity === "refuse" && reason.test(o.reason));
    expect(found).toMatchObject({ kind });
    expect(found?.where).not.toBe("");
  });

  test("all of it, not only the first", async () => {
    const stream = payments
      .derive({ x: d => [d.amount].map(x => x + 1)[0] })
      .window(sessions("1 h", { inclusive: true }))
      .trigger(afterWatermark({ early: afterProcessingTime("1 h", { aligned: true }) }))
      .accumulation("retracting")
      .rollup({ first: op.first("id") })
      .changes();
    const { obstacles } = exported(await opened(stream), "beam-python");
    expect(obstacles.filter(o => o.severity === "refuse")).toHaveLength(6);
    expect(new Set(obstacles.map(o => o.where)).size).toBe(3);
  });
});
